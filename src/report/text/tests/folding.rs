//! What is folded: lines at the width of the text, and lists of objects that are alike.

use std::collections::BTreeSet;

use snapbox::{assert_data_eq, str};

use super::super::{Style, columns, drift_text, plan_text};
use crate::diff::{Ownership, Terms};
use crate::plan::drift;
use crate::report::fixture::{self, everything, many, together};

#[test]
fn of_many_creates_those_that_are_alike_are_counted() {
    let (plan, loaded) = many(250);
    let shown = |style: Style| plan_text(&plan, &loaded.files, &style);
    assert_data_eq!(
        shown(Style::plain()),
        str![[r#"
realm shop at sso.example.org (Keycloak 26.7.5) does not exist yet and will be
    created

Changes   252 to create; 0 as declared
  + realm            many.yaml:1
      enabled true
  + client/app-0     many.yaml:3
      description App
  + client/app-1     many.yaml:4
      description App
  + client/app-2     many.yaml:5
      description App
  … and 247 more clients, client/app-3 to client/app-249, like these in all but
      their names: description App (--full lists them)
  + client/app-40b   many.yaml:253
      description App; redirectUris: *

Needs your consent   1 not given yet
  --allow realms=1   realm `shop` does not exist and would be created

Verdict   apply needs your consent: --allow realms=1
  252 to create; 0 as declared

"#]]
    );
    let is_whole = |text: &str| text.matches("  + client/").count() == 251;
    assert!(is_whole(&shown(Style::plain().full(true))));
    let (plan, loaded) = many(150);
    assert_eq!(plan_text(&plan, &loaded.files, &Style::plain()).matches("  + client/").count(), 151);
}

#[test]
fn nothing_that_grants_is_counted_among_others() {
    let users: String =
        (0..201)
            .map(|it| match it {
                150 => "  - { username: user-150, clientRoles: { realm-management: [realm-admin] } }\n"
                    .to_owned(),
                160 => "  - { username: user-160, credentials: [{ type: password, value: s3cr3t-1 }] }\n"
                    .to_owned(),
                170 => "  - { username: user-170, email: other@example.org }\n".to_owned(),
                _ => format!("  - {{ username: user-{it} }}\n"),
            })
            .collect();
    let loaded = fixture::manifest("a.yaml", &format!("realm: shop\nusers:\n{users}"));
    let plan = fixture::plan_of(&loaded, &fixture::nothing(), &Ownership::default(), &Terms::default());
    assert_data_eq!(
        plan_text(&plan, &loaded.files, &Style::plain()),
        str![[r#"
realm shop at sso.example.org (Keycloak 26.7.5) does not exist yet and will be
    created

Changes   202 to create; 0 as declared
  + realm           a.yaml:1
      enabled true
  + user/user-0     a.yaml:3
      enabled true
  + user/user-1     a.yaml:4
      enabled true
  + user/user-2     a.yaml:5
      enabled true
  … and 195 more users, user/user-3 to user/user-200, like these in all but
      their names: enabled true (--full lists them)
  + user/user-150   a.yaml:153
      enabled true; clientRoles: client/realm-management/role/realm-admin
  + user/user-160   a.yaml:163
      enabled true;
      credentials: {type: password, value: (secret written in the manifest)}
  + user/user-170   a.yaml:173
      enabled true; email other@example.org

Needs your consent   1 not given yet
  --allow realms=1   realm `shop` does not exist and would be created

Verdict   apply would write nothing: 1 error
  202 to create; 0 as declared

"#]]
    );
}

/// A list in one line has signs between its items.
fn plain(word: &str) -> &str {
    word.trim_end_matches([';', ':', ','])
}

/// Beyond the width goes only a line of one word, with the sign before it.
#[test]
fn no_word_is_broken_at_any_width() {
    for (plan, loaded) in [everything(), together(true), many(250)] {
        let texts = |width| {
            let style = Style::plain().wide(width);
            let texts = [
                plan_text(&plan, &loaded.files, &style),
                drift_text(&plan, &drift(&plan), &loaded.files, &style),
            ];
            texts.concat()
        };
        let wide = texts(10_000);
        let words: BTreeSet<&str> = wide.split_whitespace().map(plain).chain(["…", "-", "+", "->"]).collect();
        for width in [50, 80] {
            let text = texts(width);
            for line in text.lines() {
                let is_one_word = line.split_whitespace().filter(|it| columns::width(it) > 1).count() <= 1;
                assert!(columns::width(line) <= width || is_one_word, "{width}: {line}");
            }
            // Beside what is left out of a value without blanks, a part of it may stand.
            let whole = text.lines().filter(|it| !it.contains('…'));
            let unknown: Vec<&str> =
                whole.flat_map(str::split_whitespace).filter(|it| !words.contains(plain(it))).collect();
            assert_eq!(unknown, [""; 0], "{text}");
        }
    }
}

#[test]
fn a_plan_with_everything_in_it_on_a_narrow_terminal() {
    let (plan, loaded) = everything();
    assert_data_eq!(
        plan_text(&plan, &loaded.files, &Style::plain().wide(50)),
        str![[r#"
realm shop at sso.example.org (Keycloak 26.7.5)

Changes   8 to create, 5 to update, 1 to delete, 1
    to adopt, 1 to forget; 2 held back; 3 as
    declared; 4 not managed here
  ~ realm          realm.yaml:2
      displayName  Shop  ->  The shop
  - role/legacy    no longer declared
      1 group and 1 role lose it: group/guests,
          role/default-roles-shop
  + role/returns   realm.yaml:9, removed in
      Keycloak
      description Comes back
  + role/writer    realm.yaml:8
      composites: role/reader
      description
        + Writes,
        + ::set-output name=x::y
  ~ group/guests   realm.yaml:12, adopts it
      realmRoles  + role/reader
  ~ group/ops      realm.yaml:11
      realmRoles   + role/writer
      description  (unset)  ->  Operators
  + client/demo    realm.yaml:25
      authorizationServicesEnabled true;
      secret (secret written in the manifest);
      serviceAccountsEnabled true
  + client/demo/authz/permission/R permission
      realm.yaml:35
      type resource; policies: Readers;
      resources: R
  + client/demo/authz/policy/Readers
      realm.yaml:33
      type role; roles: role/reader (required)
  + client/demo/authz/resource/R   realm.yaml:31
      scopes: view; uris: /protected/*
  + client/demo/authz/scope/view   realm.yaml:30
  ~ client/web     realm.yaml:19
      attributes.login_theme  day      ->  night
      bearerOnly    (unset)  ->  true
      description
        - … goes/on/and/on/and/ends/there
        + … goes/on/and/on/and/ends/here
      redirectUris  + https://new.example.org/*
                    - https://old.example.org/*
                    (2 stay)
      attributes.old.key  (no longer declared)
        - x
        + (unset)
  + user/anna      realm.yaml:17
      enabled true; realmRoles: role/reader
      credentials
        + {type: password, value: (secret written
          in the manifest)}
  ~ user/eric      realm.yaml:14
      realmRoles  + role/writer
      realmRoles  - role/legacy (granted outside)
                  - role/other (granted outside)

Forgets   1 object that is gone or released;
    nothing is deleted
  . role/gone

Kept   2 links that existed before the first apply
    and are not in the manifests
  group/guests realmRoles: role/legacy, role/other
  remove them with --adopt-exact PATTERN

Held back   2 differences that need your consent
  ~ user/eric    realm.yaml:15, changed in
      Keycloak
      enabled  false  ->  true
  include it with --allow reenables=1
  ~ client/web   realm.yaml:20
      secret
        - (hidden)
        + (secret from environment variable
          WEB_SECRET)
  include it with --allow secrets=1

Left behind   no longer declared, and stays as it
    is
  user/leaver
  delete users with `prune: { users: true }` in
      the project file

Side effects   beyond the objects that change
  ! bearerOnly true ends all logins through client
      `web`   realm.yaml:21
  ! 2 other objects lose their link to role
      `legacy`

Cannot tell   whether 1 secret is as declared; it
    is not sent
  ? realm smtpServer.password   realm.yaml:4
  send with --send-secrets PATTERN

Needs your consent   2 not given yet
  --allow hazards=1   side effects on existing
      objects
  --allow cascade=1   objects that others own
      disappear or change
      deleting role `legacy` changes role
          `default-roles-shop`, which these
          manifests do not own [cascade]

Refused   apply would write nothing
  x group `ops` is protected by `group/ops` and
      would be changed [protect]   realm.yaml:11

Verdict   apply would write nothing: 1 refusal
  8 to create, 5 to update, 1 to delete, 1 to
      adopt, 1 to forget; 2 held back; 3 as
      declared; 4 not managed here

"#]]
    );
}

#[test]
fn names_stand_as_people_count() {
    let manifest = |names: &[&str]| {
        let roles: Vec<String> = names.iter().map(|it| format!("{{ name: {it} }}")).collect();
        let links = names.join(", ");
        let of = roles.join(", ");
        fixture::manifest(
            "a.yaml",
            &format!(
                "realm: shop\nroles: {{ realm: [{of}] }}\ngroups: [{{ name: g, realmRoles: [{links}] }}]\n"
            ),
        )
    };
    let loaded = manifest(&["role-10", "role-9", "role-2"]);
    let plan = fixture::plan_of(&loaded, &fixture::nothing(), &Ownership::default(), &Terms::default());
    let text = plan_text(&plan, &loaded.files, &Style::plain());
    let order = |names: [&str; 3]| names.map(|it| text.find(it)).is_sorted();
    assert!(order(["+ role/role-2", "+ role/role-9", "+ role/role-10"]), "{text}");
    assert!(text.contains("realmRoles: role/role-2, role/role-9, role/role-10"), "{text}");
}
