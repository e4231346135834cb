//! A small realm, its manifests before and now, and a plan between them that has something of everything.

use std::collections::BTreeMap;

use serde_json::json;

use crate::diff::{Diff, Ledger, Ownership, Question, Terms, diff, next_ledger};
use crate::kind::{CLIENT, NEWEST, ROLE, lift_realm};
use crate::manifest::{Loaded, Project, Prune, load_texts, resolve_from, secrets_of};
use crate::plan::{Plan, judge};
use crate::state::{Address, Live, Object, Pattern};
use crate::text::{At, tree_of_json};

/// Every literal secret of the fixture has this in it; no output may.
pub(super) const SECRET: &str = "s3cr3t";

const BEFORE: &str = r"
realm: shop
roles:
  realm:
    - { name: reader, description: Reads }
    - { name: legacy }
    - { name: gone }
    - { name: returns, description: Comes back }
groups:
  - { name: ops, realmRoles: [reader] }
users:
  - { username: eric, enabled: true, realmRoles: [reader] }
  - { username: leaver, enabled: true, realmRoles: [reader] }
clients:
  - clientId: web
    description: Shop
    attributes: { login_theme: shop, old.key: x }
  - clientId: old
";

const NOW: &str = r#"
realm: shop
displayName: The shop
smtpServer: { host: mail, password: { fromEnv: SMTP_PASSWORD, version: 1 } }
roles:
  realm:
    - { name: reader, description: Reads }
    - { name: writer, description: "Writes,\n::set-output name=x::y", composites: { realm: [reader] } }
    - { name: returns, description: Comes back }
groups:
  - { name: ops, description: Operators, realmRoles: [reader, writer] }
  - { name: guests, realmRoles: [reader] }
users:
  - username: eric
    enabled: true
    realmRoles: [reader, writer]
  - { username: anna, realmRoles: [reader], credentials: [{ type: password, value: s3cr3t-anna }] }
clients:
  - clientId: web
    secret: { fromEnv: WEB_SECRET }
    bearerOnly: true
    description: The shop at https://shop.example.org/a/very/long/path/that/goes/on/and/on/and/ends/here
    redirectUris: [https://shop.example.org/callback, https://shop.example.org/silent, https://new.example.org/*]
    attributes: { login_theme: night }
  - clientId: demo
    secret: s3cr3t-demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }]
      resources: [{ name: R, uris: [/protected/*], scopes: [view] }]
      policies:
        - { name: Readers, type: role, roles: [{ name: reader, required: true }] }
      permissions:
        - { name: R permission, type: resource, resources: [R], policies: [Readers] }
  - clientId: old
"#;

fn live() -> Live {
    let realm = json!({
        "realm": "shop",
        "defaultRole": {"name": "default-roles-shop"},
        "displayName": "Shop",
        "smtpServer": {"host": "mail", "from": "a@example.org", "auth": "true", "password": "**********"},
        "roles": {"realm": [
            {"name": "reader", "description": "Reads"}, {"name": "legacy"}, {"name": "other"},
            {"name": "default-roles-shop", "composites": {"realm": ["legacy"]}}]},
        "groups": [{"name": "ops", "realmRoles": ["reader"]}, {"name": "guests", "realmRoles": ["legacy", "other"]}],
        "users": [
            {"username": "eric", "enabled": false, "realmRoles": ["reader", "legacy", "other"]},
            {"username": "leaver", "enabled": true, "realmRoles": ["reader"]}],
        "clients": [
            {"clientId": "web", "description": "The shop at https://shop.example.org/a/very/long/path/that/goes/on/and/on/and/ends/there",
             "publicClient": false, "secret": format!("{SECRET}-web"),
             "redirectUris": ["https://shop.example.org/callback", "https://shop.example.org/silent", "https://old.example.org/*"],
             "attributes": {"login_theme": "day", "old.key": "x", "api.password": format!("{SECRET}-attribute")}},
            {"clientId": "old"}]
    });
    let lifted = lift_realm(&tree_of_json(&realm));
    assert_eq!(lifted.notes, []);
    let mut live = nothing();
    live.state = lifted.into_live();
    live.exists = true;
    live
}

pub(super) fn nothing() -> Live {
    let mut live = Live::default();
    live.cover(crate::kind::KINDS.iter().map(|it| it.name));
    live
}

/// Loads one manifest, which must be right.
pub(super) fn manifest(name: &str, text: &str) -> Loaded {
    let loaded = load_texts(&[(name, text)], &Project::default());
    let errors: Vec<_> = loaded.notes.iter().filter(|it| it.is_error()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    loaded
}

fn answer(loaded: &Loaded, live: &Live, ownership: &Ownership, terms: &Terms) -> (Diff, Ledger) {
    let desired = &loaded.realms[0].state;
    let (secrets, _) = resolve_from(&secrets_of(desired), &[], &|_| Some("another one".into()));
    let question = Question {
        desired,
        live,
        version: NEWEST,
        realm: "shop",
        ownership,
        secrets: &secrets,
        terms,
        server: None,
    };
    let diff = diff(&question);
    let ledger = next_ledger(&question, &diff, &|_| false);
    (diff, ledger)
}

/// Returns a judged plan of a manifest against a live realm.
pub(super) fn plan_of(loaded: &Loaded, live: &Live, ownership: &Ownership, terms: &Terms) -> Plan {
    let (diff, _) = answer(loaded, live, ownership, terms);
    let mut plan = Plan {
        realm: "shop".into(),
        server: "https://admin:pw@sso.example.org/".into(),
        keycloak: "26.7.5".into(),
        exists: live.exists,
        diff,
        ..Plan::default()
    };
    judge(
        &mut plan,
        &crate::plan::Conditions {
            version: NEWEST,
            is_tested: true,
            may_create: false,
            guards: &crate::manifest::Guards::default(),
            ledger: ownership.ledger.as_ref(),
        },
    );
    plan
}

/// A plan with everything in it, and the manifests it came from.
pub(super) fn everything() -> (Plan, Loaded) {
    let owner = Ownership { owner: Some("platform".into()), ..Ownership::default() };
    let before = manifest("realm.yaml", BEFORE);
    let (_, ledger) = answer(&before, &nothing(), &owner, &Terms::default());
    let ownership = Ownership { ledger: Some(ledger), ..owner };
    let terms =
        Terms { prune: Prune::AllButUsers, protect: vec![Pattern::new("group/ops")], ..Terms::default() };
    let now = manifest("realm.yaml", NOW);
    let plan = plan_of(&now, &live(), &ownership, &terms);
    (plan, now)
}

/// A plan in which objects go and come with others; without `prune` they are left behind.
pub(super) fn together(prune: bool) -> (Plan, Loaded) {
    let owner = Ownership { owner: Some("platform".into()), ..Ownership::default() };
    let before = manifest(
        "realm.yaml",
        "realm: shop\nroles: { realm: [{ name: legacy }], client: { old: [{ name: x }] } }\nclients: [{ clientId: old }]\n",
    );
    let (_, ledger) = answer(&before, &nothing(), &owner, &Terms::default());
    let now = manifest(
        "realm.yaml",
        "realm: shop
clients: [{ clientId: batch, serviceAccountsEnabled: true }]
users: [{ username: service-account-batch, realmRoles: [reader] }]
roles: { realm: [{ name: other, description: Also }] }
groups: [{ name: ops, realmRoles: [reader] }]
",
    );
    let mut live = live();
    let old = Address::top(CLIENT, "old");
    live.state.objects.insert(old.child(ROLE, "x"), Object::new(At::SERVER));
    let terms = Terms { prune: if prune { Prune::AllButUsers } else { Prune::Nothing }, ..Terms::default() };
    let plan = plan_of(&now, &live, &Ownership { ledger: Some(ledger), ..owner }, &terms);
    (plan, now)
}

/// A plan for a realm that does not exist, with as many clients as asked for that are alike, and one that is not.
pub(super) fn many(clients: usize) -> (Plan, Loaded) {
    let lines: Vec<String> =
        (0..clients).map(|it| format!("  - {{ clientId: app-{it}, description: App }}\n")).collect();
    let odd = "  - { clientId: app-40b, description: App, redirectUris: [\"*\"] }\n";
    let loaded = manifest("many.yaml", &format!("realm: shop\nclients:\n{}{odd}", lines.concat()));
    let plan = plan_of(&loaded, &nothing(), &Ownership::default(), &Terms::default());
    (plan, loaded)
}

/// A plan of which nothing is to be done.
pub(super) fn clean() -> (Plan, Loaded) {
    let loaded =
        manifest("realm.yaml", "realm: shop\nroles: { realm: [{ name: reader, description: Reads }] }\n");
    let plan = plan_of(&loaded, &live(), &Ownership::default(), &Terms::default());
    (Plan { allowed: BTreeMap::new(), ..plan }, loaded)
}

/// A plan whose names and values try to move cursors, command CI runners, and be wider than any screen.
pub(super) fn nasty() -> (Plan, Loaded) {
    let long = "long".repeat(80);
    let text = format!(
        r###"
realm: shop
roles:
  realm:
    - {{ name: "\e[31mred\e[0m", description: "::set-output name=a::b" }}
    - {{ name: "::error::role", description: "日本語の説明 \u202Enimda" }}
    - {{ name: {long}, description: "##[group]{long}" }}
    - {{ name: "日本語", description: " (hidden)" }}
    - {{ name: reader, description: "a -> b" }}
clients:
  - clientId: "##vso[task.x]y"
    attributes: {{ "\x9b2J": "::stop", api.password: s3cr3t-map, plain: "a\nb" }}
users:
  - username: "::warning::eric"
    attributes: {{ "api.secret": ["s3cr3t-list"], "a\n::notice::b": ["\t"] }}
"###
    );
    let loaded = manifest("nasty\n::error::.yaml", &text);
    let mut plan = plan_of(&loaded, &live(), &Ownership::default(), &Terms::default());
    plan.keycloak = "26.7.5\u{1b}[2J".into();
    (plan, loaded)
}
