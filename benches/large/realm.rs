//! A large realm where nearly every user is told apart by some policy, in the shape that a server imports.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// How much of everything the realm has.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) users: usize,
    pub(crate) resources: usize,
    pub(crate) roles: usize,
    pub(crate) groups: usize,
}

pub(crate) const WHOLE: Size = Size { users: 2_000, resources: 1_200, roles: 300, groups: 200 };

/// Each resource has them all.
pub(crate) const SCOPES: [&str; 3] = ["view", "edit", "delete"];

/// The client whose resources they are.
pub(crate) const CLIENT: &str = "rs";

/// Returns the realm: a permission for each resource, over two policies, each of a role, a user or a group.
pub(crate) fn realm(name: &str, size: Size) -> Value {
    let Size { users, resources, roles, groups } = size;
    let all_roles: Vec<Value> = (0..roles).map(|it| json!({ "name": format!("r{it}") })).collect();
    let all_groups: Vec<Value> = (0..groups)
        .map(|it| json!({ "name": format!("g{it}"), "realmRoles": [format!("r{}", it % roles)] }))
        .collect();
    let people: Vec<Value> = (0..users)
        .map(|it| {
            let own: BTreeSet<usize> = [it * 7 % roles, it * 13 % roles].into();
            json!({
                "username": format!("u{it}"),
                "enabled": true,
                "realmRoles": own.iter().map(|it| format!("r{it}")).collect::<Vec<_>>(),
                "groups": [format!("/g{}", it % groups)],
            })
        })
        .collect();
    let scopes: Vec<Value> = SCOPES.iter().map(|it| json!({ "name": it })).collect();
    let protected: Vec<Value> =
        (0..resources).map(|it| json!({ "name": format!("res{it}"), "scopes": scopes })).collect();
    let mut policies: Vec<Value> = (0..resources)
        .map(|it| match it % 4 {
            0 | 1 => policy(it, "role", "roles", &json!([{ "id": format!("r{}", it % roles) }])),
            2 => policy(it, "user", "users", &json!([format!("u{}", it % users)])),
            _ => policy(
                it,
                "group",
                "groups",
                &json!([{ "path": format!("/g{}", it % groups), "extendChildren": false }]),
            ),
        })
        .collect();
    policies.extend((0..resources).map(|it| permission(it, resources)));
    let mapper = json!({ "name": "roles", "protocol": "openid-connect",
        "protocolMapper": "oidc-usermodel-realm-role-mapper",
        "config": { "claim.name": "realm_access.roles", "access.token.claim": "true", "multivalued": "true",
            "jsonType.label": "String" } });
    json!({
        "realm": name,
        "enabled": true,
        "roles": { "realm": all_roles },
        "groups": all_groups,
        "users": people,
        "clientScopes": [{ "name": "roles", "protocol": "openid-connect", "protocolMappers": [mapper] }],
        "clients": [{ "clientId": CLIENT, "fullScopeAllowed": true, "serviceAccountsEnabled": true,
            "authorizationServicesEnabled": true, "defaultClientScopes": ["roles"],
            "authorizationSettings": { "scopes": scopes, "resources": protected, "policies": policies } }],
    })
}

fn policy(number: usize, of: &str, field: &str, them: &Value) -> Value {
    json!({ "name": format!("p{number}"), "type": of, "config": { field: them.to_string() } })
}

fn permission(number: usize, resources: usize) -> Value {
    let policies = json!([format!("p{number}"), format!("p{}", (number + 1) % resources)]);
    let of_scopes = number.is_multiple_of(2);
    let mut config = json!({
        "applyPolicies": policies.to_string(),
        "resources": json!([format!("res{number}")]).to_string(),
    });
    if of_scopes {
        config["scopes"] = json!(json!(["view", "edit"]).to_string());
    }
    json!({ "name": format!("perm{number}"), "type": if of_scopes { "scope" } else { "resource" },
        "decisionStrategy": "AFFIRMATIVE", "config": config })
}
