//! Fine-grained permissions over administration, as measured on 26.7.5 by real calls.

use serde_json::{Value, json};

use crate::access::{AccessQuestion, Persona, Realm, decide};
use crate::kind::{CLIENT, NEWEST, USER, Version, lift_realm};
use crate::state::Address;
use crate::text::tree_of_json;

type Names = &'static [&'static str];

/// A type, resources, scopes, and the roles of which each has to grant.
type Rule = (&'static str, Names, Names, Names);

/// `a` has the role `ra`, `c` has `ra` and `rb`, `boss` manages users; `t1` is in group `g1`, `t2` in `g1/sub`, `t3` in none.
fn realm(on: bool, version: Version, permissions: &[Rule]) -> Realm {
    let scopes = |names: &[&str]| names.iter().map(|it| json!({ "name": it })).collect::<Vec<Value>>();
    let of_users =
        scopes(&["view", "manage", "map-roles", "manage-group-membership", "impersonate", "reset-password"]);
    let of_groups = scopes(&["view", "view-members", "manage-members"]);
    let policy = |role: &str| json!({ "name": role, "type": "role", "roles": [{ "id": role }] });
    let keeper = json!({ "name": "keeper", "type": "scope", "resourceType": "Users", "resources": ["id-of-t1", "t2", "t3"], "scopes": ["view"], "policies": [] });
    let permission = |(at, it): (usize, &Rule)| json!({ "name": format!("p{at}"), "type": "scope", "resourceType": it.0, "resources": it.1, "scopes": it.2, "policies": it.3 });
    let policies: Vec<Value> = ["ra", "rb"]
        .into_iter()
        .map(policy)
        .chain(permissions.iter().enumerate().map(permission))
        .chain([keeper])
        .collect();
    let user = |name: &str, roles: &[&str], groups: &[&str]| json!({ "id": format!("id-of-{name}"), "username": name, "realmRoles": roles, "groups": groups });
    let realm = json!({
        "realm": "r",
        "adminPermissionsEnabled": on,
        "roles": {
            "realm": [{ "name": "ra" }, { "name": "rb" }],
            "client": { "realm-management": [{ "name": "manage-users" }, { "name": "view-users" }] },
        },
        "groups": [{ "id": "g1", "name": "g1", "subGroups": [{ "id": "sub", "name": "sub" }] }],
        "users": [
            user("a", &["ra"], &[]), user("c", &["ra", "rb"], &[]),
            { "username": "boss", "clientRoles": { "realm-management": ["manage-users"] } },
            user("t1", &[], &["/g1"]), user("t2", &[], &["/g1/sub"]), user("t3", &[], &[]),
        ],
        "clients": [
            { "clientId": "realm-management" },
            { "clientId": "admin-permissions", "authorizationServicesEnabled": true, "authorizationSettings": {
                "scopes": of_users.iter().chain(&of_groups[1..]).collect::<Vec<_>>(),
                "resources": [
                    { "name": "Users", "type": "Users", "scopes": of_users },
                    { "name": "Groups", "type": "Groups", "scopes": of_groups },
                    // As the server says them, and as this program calls them.
                    { "name": "id-of-t1", "scopes": of_users }, { "name": "user/t2", "scopes": of_users },
                ],
                "policies": policies,
            } },
        ],
    });
    Realm::compile(&lift_realm(&tree_of_json(&realm)).into_live(), version)
}

fn may(realm: &Realm, user: &str, resource: &str, scope: &str) -> Option<bool> {
    let client = Address::top(CLIENT, "admin-permissions");
    let persona = Persona::user(Address::top(USER, user));
    let scopes = [scope.to_owned()];
    let question =
        AccessQuestion { client: &client, resource: Some(resource), scopes: &scopes, persona: &persona };
    decide(realm, &question).grants(Some(scope))
}

#[test]
fn permissions_over_administration_add_up_as_the_server_adds_them_up() {
    let all: Names = &[];
    let (t3, g1, sub): (Names, Names, Names) = (&["t3"], &["/g1"], &["/g1/sub"]);
    let (ra, rb): (Names, Names) = (&["ra"], &["rb"]);
    let (view, members): (Names, Names) = (&["view"], &["view-members"]);
    let (manage, map): (Names, Names) = (&["manage"], &["map-roles"]);
    // Permissions; scope; what `a` may do to t1, t2 and t3.
    for (permissions, scope, expected) in [
        (&[("Users", all, view, ra)][..], "view", [true; 3]),
        (&[("Users", all, manage, ra)], "view", [false; 3]),
        (&[("Users", all, manage, ra)], "reset-password", [true; 3]),
        (&[("Users", &["Users"][..], manage, ra)], "manage", [true; 3]),
        // Two for all: each has to grant, whatever its scopes.
        (&[("Users", all, view, ra), ("Users", all, view, rb)], "view", [false; 3]),
        (&[("Users", all, manage, ra), ("Users", all, map, rb)], "manage", [false; 3]),
        (&[("Users", all, manage, ra), ("Users", all, &["reset-password"], rb)], "manage", [false; 3]),
        // One object overrides its type.
        (&[("Users", all, view, ra), ("Users", t3, view, rb)], "view", [true, true, false]),
        (&[("Users", all, view, rb), ("Users", t3, view, ra)], "view", [false, false, true]),
        (&[("Users", all, manage, ra), ("Users", t3, map, rb)], "manage", [true; 3]),
        (&[("Users", all, map, rb), ("Users", t3, manage, ra)], "manage", [false, false, true]),
        (&[("Users", t3, view, ra), ("Users", t3, view, rb)], "view", [false; 3]),
        // Members of groups.
        (&[("Groups", all, members, ra)], "view", [true, true, false]),
        (&[("Groups", g1, members, ra)], "view", [true, true, false]),
        (&[("Groups", g1, &["manage-members"], ra)], "reset-password", [true, true, false]),
        (&[("Groups", g1, members, ra), ("Users", all, view, rb)], "view", [false; 3]),
        (&[("Groups", g1, members, rb), ("Users", all, view, ra)], "view", [false, false, true]),
        (&[("Groups", g1, members, rb), ("Users", t3, view, ra)], "view", [false, false, true]),
        (&[("Groups", all, members, rb), ("Users", all, view, ra)], "view", [false, false, true]),
        (&[("Groups", sub, members, rb), ("Groups", g1, members, ra)], "view", [true, false, false]),
        (&[("Groups", sub, members, ra), ("Groups", g1, members, rb)], "view", [false; 3]),
        (&[("Groups", all, members, rb), ("Groups", g1, members, ra)], "view", [true, true, false]),
        // What is said of a group itself closes its members, and opens none.
        (&[("Groups", g1, view, ra)], "view", [false; 3]),
        (&[("Groups", g1, view, rb), ("Users", all, view, ra)], "view", [false, false, true]),
        (&[("Groups", g1, view, rb), ("Groups", g1, members, ra)], "view", [false; 3]),
        (&[("Groups", g1, view, rb), ("Users", all, manage, ra)], "manage", [true; 3]),
        (&[("Groups", all, view, rb), ("Users", all, view, ra)], "view", [true; 3]),
        // Without policies it has no say.
        (&[("Users", all, view, &[][..])], "view", [false; 3]),
        (&[("Users", all, view, &[][..]), ("Users", all, view, ra)], "view", [true; 3]),
    ] {
        let on = realm(true, NEWEST, permissions);
        for (target, expected) in ["user/t1", "user/t2", "user/t3"].into_iter().zip(expected) {
            assert_eq!(may(&on, "a", target, scope), Some(expected), "{scope} {target} {permissions:?}");
            // Who manages users needs no permission.
            assert_eq!(may(&on, "boss", target, scope), Some(true), "{scope} {target} {permissions:?}");
        }
    }
}

#[test]
fn what_hangs_on_the_order_of_the_server_is_unknown_and_what_is_switched_off_opens_nothing() {
    let members: Names = &["view-members"];
    let both: &[Rule] = &[("Groups", &[], members, &["ra"]), ("Groups", &[], members, &["rb"])];
    let on = realm(true, NEWEST, both);
    assert_eq!(may(&on, "a", "user/t1", "view"), None);
    assert_eq!(may(&on, "c", "user/t1", "view"), Some(true));
    let one: &[Rule] = &[("Users", &[], &["impersonate"], &["ra"])];
    assert_eq!(may(&realm(true, NEWEST, one), "a", "Users", "impersonate"), Some(true));
    assert_eq!(may(&realm(false, NEWEST, one), "a", "Users", "impersonate"), Some(false));
    // A role opens what it opens, and nothing else.
    assert_eq!(may(&realm(false, NEWEST, one), "boss", "Users", "manage"), Some(true));
    assert_eq!(may(&realm(true, NEWEST, one), "boss", "Users", "impersonate"), Some(false));
}
