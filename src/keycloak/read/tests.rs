use serde_json::json;

use super::names::Names;
use super::*;
use crate::kind::{CLIENT, GROUP, PERMISSION, POLICY, RESOURCE, ROLE, USER};
use crate::state::{Found, Node};

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            panic!("a map")
        }
    }
}

fn refs(live: &Live, address: &Address, field: &str) -> Vec<String> {
    let items = live.state.get(address).and_then(|it| it.get(field)).map_or(&[][..], Node::items);
    items.iter().filter_map(Node::as_ref).map(ToString::to_string).collect()
}

#[test]
fn a_read_may_run_on_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    fn check(keycloak: &Keycloak) {
        is_send(&read(keycloak, "demo", &Want::default()));
    }
    let _ = check;
}

#[test]
fn names_with_slashes_and_percent_signs_are_read_as_they_are() {
    let live = lift(map(json!({
        "roles": {
            "realm": [{ "name": "top", "composites": { "realm": ["a/b", "100%", "a%2Fb"], "client": { "c": ["x/y"] } } }],
            "client": { "c": [{ "name": "z", "composites": { "realm": ["a/b"] } }] },
        },
        "groups": [{ "name": "g", "realmRoles": ["a/b"], "subGroups": [{ "name": "h", "realmRoles": ["a/b"] }] }],
        "users": [{ "username": "u", "realmRoles": ["a/b"], "clientRoles": { "c": ["x/y"] } }],
    })));
    let c = Address::top(CLIENT, "c");
    let group = Address::top(GROUP, "g");
    assert_eq!(
        refs(&live, &Address::top(ROLE, "top"), "composites"),
        ["client/c/role/x%2Fy", "role/100%25", "role/a%252Fb", "role/a%2Fb"]
    );
    assert_eq!(refs(&live, &c.child(ROLE, "z"), "composites"), ["role/a%2Fb"]);
    assert_eq!(refs(&live, &group, "realmRoles"), ["role/a%2Fb"]);
    assert_eq!(refs(&live, &group.child(GROUP, "h"), "realmRoles"), ["role/a%2Fb"]);
    assert_eq!(refs(&live, &Address::top(USER, "u"), "clientRoles"), ["client/c/role/x%2Fy"]);
}

/// Authorization of client `app` (id `c1`) as lists bring it, in a realm where `key` was not read.
fn settings_without(key: &str) -> (Option<Value>, Draft) {
    let mut realm = map(json!({
        "roles": { "realm": [{ "id": "r1", "name": "a/b" }], "client": { "app": [{ "id": "r2", "name": "x/y" }] } },
        "groups": [{ "id": "g1", "name": "g", "path": "/g" }],
        "clients": [{ "id": "c1", "clientId": "app" }],
        "clientScopes": [],
        "users": [{ "id": "u1", "username": "service-account-app" }],
    }));
    realm.remove(key);
    let mut names = Names::of_realm(&realm);
    if key != "users" {
        names.learn_users([]);
    }
    let rows = |value: Value| value.as_array().cloned().unwrap_or_default();
    let mut policies = rows(json!([
        { "id": "p1", "name": "roles", "type": "role", "config": {
            "fetchRoles": "true",
            "roles": "[{\"id\":\"r1\",\"required\":true},{\"id\":\"r2\",\"required\":false},{\"id\":\"dead\",\"required\":true}]",
        } },
        { "id": "p2", "name": "users", "type": "user", "config": { "users": "[\"u1\",\"dead\"]" } },
        { "id": "p3", "name": "groups", "type": "group", "config": { "groups": "[{\"id\":\"g1\",\"extendChildren\":true}]" } },
        { "id": "p4", "name": "both", "type": "aggregate", "logic": "NEGATIVE", "config": {} },
    ]));
    policies.iter_mut().for_each(authz::unpack);
    let server = authz::Server {
        client: "c1".to_owned(),
        settings: json!({ "policyEnforcementMode": "ENFORCING" }),
        scopes: rows(json!([{ "id": "s1", "name": "view" }])),
        resources: rows(json!([
            { "_id": "x1", "name": "twice", "owner": { "id": "u9", "name": "ann" }, "type": "of ann" },
            { "_id": "x2", "name": "twice", "owner": { "id": "c1", "name": "app" }, "type": "of the server" },
        ])),
        policies,
        permissions: rows(json!([
            { "id": "q1", "name": "open", "type": "scope", "resources": [], "scopes": ["s1"],
              "resourcesData": [], "scopesData": [{ "id": "s1", "name": "view" }] },
        ])),
        applied: BTreeMap::from([
            ("q1".to_owned(), BTreeSet::from(["p4".to_owned(), "of no policy".to_owned()])),
            ("p4".to_owned(), BTreeSet::from(["p2".to_owned(), "p1".to_owned()])),
        ]),
    };
    let mut draft = Draft::default();
    let lists = authz::Lists::Read(Box::new(server));
    let settings = authz::settings(lists, &Address::top(CLIENT, "app"), &names, &mut draft);
    (settings, draft)
}

fn live_of(settings: Option<&Value>) -> Live {
    lift(map(json!({ "clients": [{ "clientId": "app", "authorizationSettings": settings }] })))
}

#[test]
fn policies_name_what_their_ids_stand_for_and_drop_dead_ones() {
    let (settings, draft) = settings_without("nothing");
    assert!(draft.missing.is_empty());
    let live = live_of(settings.as_ref());
    let app = Address::top(CLIENT, "app");
    let policy = |name: &str| live.state.get(&app.child(POLICY, name)).expect("it was read");
    let mut roles = Vec::new();
    policy("roles").each_ref(&mut |_, to, _| roles.push(to.to_string()));
    assert_eq!(roles, ["client/app/role/x%2Fy", "role/a%2Fb"]);
    assert!(policy("roles").is_true("fetchRoles"));
    assert_eq!(refs(&live, &app.child(POLICY, "users"), "users"), ["user/service-account-app"]);
    assert_eq!(
        refs(&live, &app.child(POLICY, "both"), "policies"),
        ["client/app/authz/policy/roles", "client/app/authz/policy/users"]
    );
    let open = app.child(PERMISSION, "open");
    assert_eq!(refs(&live, &open, "policies"), ["client/app/authz/policy/both"]);
    assert_eq!(refs(&live, &open, "scopes"), ["client/app/authz/scope/view"]);
    let twice = live.state.get(&app.child(RESOURCE, "twice")).expect("it was read");
    assert_eq!(twice.text("type"), "of the server", "the server's own comes before a user's");
    assert_eq!(twice.get("owner"), None);
}

#[test]
fn a_policy_that_cannot_be_named_is_unknown_and_the_others_are_there() {
    for (key, policy, needed) in [
        ("groups", "groups", "view-users"),
        ("users", "users", "view-users"),
        ("roles", "roles", "view-realm"),
    ] {
        let (settings, draft) = settings_without(key);
        let mut live = live_of(settings.as_ref());
        learn(&mut live, draft.covers, draft.missing, None);
        let app = Address::top(CLIENT, "app");
        match live.find(&app.child(POLICY, policy)) {
            Found::Unknown { needs } => assert_eq!(needs, needed),
            found @ (Found::Is(_) | Found::Absent) => panic!("without {key}: {found:?}"),
        }
        assert!(matches!(live.find(&app.child(POLICY, "both")), Found::Is(_)), "without {key}");
    }
}

#[test]
fn service_accounts_that_a_client_denies_are_absent_and_the_rest_is_unknown() {
    let realm = json!({ "clients": [
        { "clientId": "Plain", "serviceAccountsEnabled": false },
        { "clientId": "unseen", "serviceAccountsEnabled": true },
    ] });
    let mut live = lift(map(realm));
    learn(&mut live, vec![CLIENT], Vec::new(), Some(&BTreeSet::from([Address::top(USER, "asked")])));
    for (name, is_absent) in [
        ("asked", true),
        ("service-account-plain", true),
        ("service-account-unseen", false),
        ("other", false),
    ] {
        let found = live.find(&Address::top(USER, name));
        assert_eq!(matches!(found, Found::Absent), is_absent, "{name}: {found:?}");
    }
}

#[test]
fn every_section_that_is_read_is_in_the_table() {
    for (name, kind, needs) in [
        ("roles", "role", "view-realm"),
        ("groups", "group", "view-users"),
        ("users", "user", "view-users"),
        ("clients", "client", "view-clients"),
        ("clientScopes", "client-scope", "view-clients"),
        ("authorizationSettings", "authz/settings", "view-authorization"),
        ("scopes", "authz/scope", "view-authorization"),
        ("resources", "authz/resource", "view-authorization"),
        ("policies", "authz/policy", "view-authorization"),
        ("permissions", "authz/permission", "view-authorization"),
    ] {
        assert_eq!((section(name).name.word, section(name).needs(None)), (kind, needs), "{name}");
    }
    // Those who see a client see its roles.
    assert_eq!(section("roles").needs(Some(&at("clients", "app"))), "view-clients");
}
