use super::super::{Project, load_texts};
use super::check;
use crate::report::{Color, notes};

/// Everything that loading and checking say of one manifest.
fn said(text: &str) -> String {
    let project = Project::default();
    let mut loaded = load_texts(&[("a.yaml", text)], &project);
    for desired in &loaded.realms {
        loaded.notes.extend(check(desired, &project));
    }
    notes(&loaded.files, &loaded.notes, Color::Never)
}

#[test]
fn the_example_has_nothing_to_complain_about() {
    let folder = std::path::Path::new("examples/realm-config");
    let project = Project::open(&folder.join("realmwright.yaml"));
    let loaded = super::super::load(&[], &project);
    let mut found = loaded.notes.clone();
    for desired in &loaded.realms {
        found.extend(check(desired, &project));
    }
    assert_eq!(notes(&loaded.files, &found, Color::Never), "");
    assert_eq!(loaded.realms.len(), 1);
    assert_eq!(loaded.realms[0].realm, "eoepca");
}

/// Title of the case, manifest.
const CASES: &[(&str, &str)] = &[
    (
        "a duplicate key",
        r##"realm: r
realm: s
"##,
    ),
    (
        "broken YAML",
        r##"realm: r
clients: [
"##,
    ),
    (
        "an unknown key near a known one",
        r##"realm: r
clients:
  - clientId: demo
    redirectUri: https://app.example.org/*
"##,
    ),
    (
        "a wrong type",
        r##"realm: r
clients:
  - clientId: demo
    redirectUris: https://app.example.org/*
    enabled: yes
"##,
    ),
    (
        "no realm",
        r##"clients: []
"##,
    ),
    (
        "an unknown kind of document",
        r##"kind: AccesTest
"##,
    ),
    ("an empty file", r##""##),
    (
        "unknown realm role of a user",
        r##"realm: r
roles: { realm: [{ name: reader }] }
users:
  - username: eric
    realmRoles: [raeder]
"##,
    ),
    (
        "a client role where a realm role is meant",
        r##"realm: r
clients: [{ clientId: demo }]
roles: { client: { demo: [{ name: writer }] } }
users:
  - username: eric
    realmRoles: [writer]
"##,
    ),
    (
        "a client role among realm roles",
        r##"realm: r
clients: [{ clientId: demo }]
roles: { client: { demo: [{ name: writer }] } }
groups: [{ name: g, realmRoles: [demo/writer] }]
"##,
    ),
    (
        "unknown client role of a user",
        r##"realm: r
users:
  - username: eric
    clientRoles: { realm-management: [view-user] }
"##,
    ),
    (
        "client roles of a client that is nowhere",
        r##"realm: r
roles:
  client:
    demo: [{ name: writer }]
"##,
    ),
    (
        "unknown role in composites",
        r##"realm: r
roles:
  realm:
    - name: admin
      composites: { realm: [user], client: { account: [view-profil] } }
"##,
    ),
    (
        "unknown group of a user",
        r##"realm: r
groups: [{ name: eo, subGroups: [{ name: readers }] }]
users:
  - username: eric
    groups: [/readers]
"##,
    ),
    (
        "unknown group by default",
        r##"realm: r
defaultGroups: [/all]
"##,
    ),
    (
        "unknown client scopes of a client",
        r##"realm: r
clients:
  - clientId: demo
    defaultClientScopes: [profil]
    optionalClientScopes: [nothing-like-it]
"##,
    ),
    (
        "unknown role in a policy",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: P, type: role, roles: [user-premum, demo/writer] }
roles: { realm: [{ name: user-premium }] }
"##,
    ),
    (
        "unknown user in a policy",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: P, type: user, users: [erik] }
users: [{ username: eric }]
"##,
    ),
    (
        "unknown group in a policy",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: P, type: group, groups: [/demo] }
"##,
    ),
    (
        "unknown client in a policy",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: P, type: client, clients: [dmeo] }
"##,
    ),
    (
        "unknown client scope in a policy",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: P, type: client-scope, clientScopes: [emial] }
"##,
    ),
    (
        "unknown policy in an aggregate",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: P, type: aggregate, policies: [Q] }
"##,
    ),
    (
        "unknown scope of a resource",
        r##"realm: r
clients:
  - clientId: demo
    authorizationSettings:
      scopes: [{ name: view }]
      resources:
        - { name: R, scopes: [veiw] }
"##,
    ),
    (
        "unknown owner of a resource",
        r##"realm: r
clients:
  - clientId: demo
    authorizationSettings:
      resources:
        - { name: R, owner: eric }
"##,
    ),
    (
        "unknown resource, scope and policy in permissions",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      permissions:
        - { name: P, type: resource, resources: [RR], policies: [Q] }
        - { name: S, type: scope, scopes: [views], policies: [Q] }
"##,
    ),
    (
        "unknown user in the shorthand",
        r##"realm: r
clients:
  - clientId: demo
    authorizationSettings:
      resources:
        - name: R
          permissions: { user: [eric] }
"##,
    ),
    (
        "a role that could be two",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: P, type: role, roles: [demo/writer] }
roles:
  realm: [{ name: demo/writer }]
  client: { demo: [{ name: writer }] }
"##,
    ),
    (
        "an aggregate in itself",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: A, type: aggregate, policies: [B] }
        - { name: B, type: aggregate, policies: [C] }
        - { name: C, type: aggregate, policies: [A] }
"##,
    ),
    (
        "an aggregate reached twice",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: Top, type: aggregate, policies: [A, B] }
        - { name: A, type: aggregate, policies: [X] }
        - { name: B, type: aggregate, policies: [X] }
        - { name: X, type: aggregate, policies: [U] }
        - { name: U, type: user, users: [service-account-demo] }
"##,
    ),
    (
        "two manifests that disagree",
        r##"realm: r
clients: [{ clientId: demo, name: One }]
---
realm: r
clients:
  - clientId: demo
    name: Two
"##,
    ),
    (
        "a value beside null",
        r##"realm: r
clients: [{ clientId: demo, attributes: { a: x } }]
---
realm: r
clients: [{ clientId: demo, attributes: { a: null, b: y } }]
"##,
    ),
    (
        "the shorthand against a policy of its name",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, permissions: { user: [eric] } }]
      policies:
        - { name: R User Policy, type: user, users: [alice] }
users: [{ username: eric }, { username: alice }]
"##,
    ),
    (
        "a permission without policies",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      permissions:
        - { name: P, type: resource, resources: [R] }
        - { name: Q, type: scope, scopes: [view], policies: [] }
"##,
    ),
    (
        "a permission without resources or scopes",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies: [{ name: Q, type: client, clients: [demo] }]
      permissions:
        - { name: P, type: resource, policies: [Q] }
        - { name: S, type: scope, resources: [R], policies: [Q] }
"##,
    ),
    (
        "policies without what they decide by",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: A, type: role }
        - { name: B, type: user, users: [], logic: NEGATIVE }
        - { name: C, type: regex, pattern: x }
        - { name: D, type: time }
"##,
    ),
    (
        "the same as an export writes it",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: A, type: role, config: { roles: '[]' } }
        - { name: P, type: resource, config: { resources: '["R"]' } }
"##,
    ),
    (
        "permissions of other types",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      permissions:
        - { name: U, type: uma, resources: [R] }
        - { name: T, type: role, policies: [] }
        - { name: N, policies: [] }
"##,
    ),
    (
        "a type of policy that is nearly one",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: A, type: aggregated, policies: [] }
        - { name: J, type: js, code: x }
        - { name: O, type: our-own-provider }
"##,
    ),
    (
        "negative permissions and no strategy",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies: [{ name: Q, type: client, clients: [demo] }]
      permissions:
        - { name: P, type: resource, resources: [R], policies: [Q], logic: NEGATIVE }
        - { name: S, type: scope, scopes: [view], policies: [Q], decisionStrategy: null }
"##,
    ),
    (
        "authorization on a public client",
        r##"realm: r
clients:
  - clientId: demo
    publicClient: true
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
"##,
    ),
    (
        "authorization without service accounts",
        r##"realm: r
clients:
  - { clientId: one, serviceAccountsEnabled: false, authorizationServicesEnabled: true }
  - { clientId: two, authorizationServicesEnabled: true }
"##,
    ),
    (
        "authorization that is off",
        r##"realm: r
clients:
  - clientId: demo
    authorizationServicesEnabled: false
    authorizationSettings: { scopes: [{ name: view }] }
"##,
    ),
    (
        "CONSENSUS for a server",
        r##"realm: r
clients:
  - clientId: demo
    authorizationSettings: { decisionStrategy: CONSENSUS }
"##,
    ),
    (
        "times out of range",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: A, type: time, hour: 24, minute: x, month: 0 }
        - { name: B, type: time, hour: 22, hourEnd: 6 }
        - { name: C, type: time, yearEnd: 2030 }
        - { name: D, type: time, notBefore: 2026-01-01T08:00:00Z, notOnOrAfter: 2026-01-31 }
        - { name: E, type: time, notBefore: 2026-02-30 00:00:00 }
        - { name: F, type: time, notBefore: 2027-01-01 00:00:00, notOnOrAfter: 2026-01-01 00:00:00 }
"##,
    ),
    (
        "patterns that Java would not compile",
        r##"realm: r
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, scopes: [view] }]
      policies:
        - { name: A, type: regex, targetClaim: sub, pattern: '(eric|alice' }
        - { name: B, type: regex, targetClaim: sub, pattern: '*@example.org' }
        - { name: C, type: regex, targetClaim: sub, pattern: '(?<n>\p{Ll}++)\k<n>' }
"##,
    ),
    (
        "usernames and users who cannot log in",
        r##"realm: r
users:
  - { username: ab, email: a@example.org }
  - username: eric
    enabled: true
    email: eric@example.org
    credentials: [{ type: password, value: { fromEnv: P } }]
"##,
    ),
    (
        "secrets in manifests",
        r##"realm: r
clients:
  - { clientId: demo, secret: hush }
  - { clientId: other, secret: '**********' }
"##,
    ),
];

#[test]
fn each_bad_input_has_a_message_with_its_place_and_a_way_out() {
    let text: String =
        CASES.iter().map(|(title, manifest)| format!("## {title}\n{}\n", said(manifest))).collect();
    snapbox::assert_data_eq!(text, snapbox::file!["messages.txt"].raw());
}
