//! The roles that a token carries, as measured on 26.0.8 and 26.7.5.

use serde_json::{Value, json};

use super::through;
use crate::access::{AccessQuestion, Realm, decide};
use crate::kind::{CLIENT, NEWEST, lift_realm};
use crate::state::Address;
use crate::text::tree_of_json;

const REALM: &str = "realm";
const CLIENTS: &str = "client";

/// Returns of `x`, `y`, `z` and the client role `r` which a token carries: `u` has `y`, and each mapper is written as
/// `x` (adds it), `y>z` (gives it another name), or writes the roles of the realm or of clients.
fn carried(mappers: &[&str], lightweight: bool) -> Vec<&'static str> {
    let mapper = |name: &&str| {
        let role = |it: &str| match it {
            "r" => "rs.r".to_owned(),
            // The role `e` of `rs.d`, and no role `d.e` of `rs`; and none of the realm.
            "d" => "rs.d.e".to_owned(),
            "f" => "no.f".to_owned(),
            it => it.to_owned(),
        };
        let claim = |of: &str, claim: &str| {
            (
                format!("oidc-usermodel-{of}-role-mapper"),
                json!({ "claim.name": claim, "access.token.claim": "true", "multivalued": "true" }),
            )
        };
        let (provider, config) = match (*name, name.split_once('>')) {
            (REALM, _) => claim(REALM, "realm_access.roles"),
            (CLIENTS, _) => claim(CLIENTS, "resource_access.${client_id}.roles"),
            (_, Some((from, to))) => {
                ("oidc-role-name-mapper".to_owned(), json!({ "role": role(from), "new.role.name": role(to) }))
            }
            (it, None) => ("oidc-hardcoded-role-mapper".to_owned(), json!({ "role": role(it) })),
        };
        json!({ "name": name, "protocol": "openid-connect", "protocolMapper": provider, "config": config })
    };
    let names = ["x", "y", "z", "r", "d", "f", "g"];
    let role = |it: &str| {
        match it {
            "r" => "rs/r",
            "d" => "rs.d/e",
            "f" => "no.f",
            "g" => "rs/d.e",
            it => it,
        }
        .to_owned()
    };
    let permission = |it: &&str| json!({ "name": format!("of {it}"), "type": "resource", "resources": [it], "policies": [it] });
    let policy = |it: &&str| json!({ "name": it, "type": "role", "roles": [{ "id": role(it) }] });
    let realm = json!({
        "realm": "r",
        "roles": { "realm": [{ "name": "x" }, { "name": "y" }, { "name": "z" }, { "name": "no.f" }],
            "client": { "rs": [{ "name": "r" }, { "name": "d.e" }], "rs.d": [{ "name": "e" }] } },
        "users": [{ "username": "u", "realmRoles": ["y"] }],
        "clients": [
            { "clientId": "app", "fullScopeAllowed": true, "protocolMappers": mappers.iter().map(mapper).collect::<Vec<Value>>(),
              "attributes": { "client.use.lightweight.access.token.enabled": lightweight.to_string() } },
            { "clientId": "rs.d" },
            { "clientId": "rs", "authorizationServicesEnabled": true, "authorizationSettings": {
                "resources": names.iter().map(|it| json!({ "name": it })).collect::<Vec<Value>>(),
                "policies": names.iter().map(policy).collect::<Vec<Value>>(),
                "permissions": names.iter().map(permission).collect::<Vec<Value>>(),
            } },
        ],
    });
    let realm = Realm::compile(&lift_realm(&tree_of_json(&realm)).into_live(), NEWEST);
    let (client, persona) = (Address::top(CLIENT, "rs"), through("u", "app"));
    let may = |it: &&&str| {
        let question = AccessQuestion { client: &client, resource: Some(it), scopes: &[], persona: &persona };
        decide(&realm, &question).grants(None).unwrap_or_else(|| panic!("{mappers:?}: {it} is unknown"))
    };
    names.iter().filter(may).copied().collect()
}

#[test]
fn mappers_change_roles_before_others_write_them() {
    let tables: &[(&[&str], &[&str])] = &[
        (&[REALM, "x"], &["x", "y"]),
        (&[REALM, "y>z"], &["z"]),
        // A role that is added keeps its name, whatever the mappers are called.
        (&[REALM, "x", "x>z"], &["x", "y"]),
        (&[REALM, "y", "y>z"], &["y", "z"]),
        // Nothing writes such roles.
        (&["x", "y>z"], &[]),
        (&[REALM, "r"], &["y"]),
        (&[REALM, "y>r"], &[]),
        (&[CLIENTS, "y>r"], &["r"]),
        (&[REALM, CLIENTS, "y>r"], &["r"]),
        (&[CLIENTS, "r"], &["r"]),
        (&[CLIENTS, "x"], &[]),
        (&[CLIENTS, "d"], &["d"]),
        (&[REALM, CLIENTS, "f"], &["y"]),
        (&[REALM, CLIENTS, "y>d"], &["d"]),
        (&[REALM, CLIENTS, "f>x"], &["y"]),
        (&[REALM, CLIENTS, "y>f"], &[]),
    ];
    for (mappers, expected) in tables {
        assert_eq!(carried(mappers, false), *expected, "{mappers:?}");
        assert_eq!(carried(mappers, true), [""; 0], "{mappers:?} lightweight");
    }
}
