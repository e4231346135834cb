//! A realm with a little of everything in one proportion, in the shape that a server imports.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Returns a realm of about 1,765 objects per unit of its scale; with an edit, every object says something else.
pub(crate) fn spread(scale: usize, edit: bool) -> Value {
    let (clients, roles, groups, users) = (100 * scale, 200 * scale, 100 * scale, 500 * scale);
    let (resources, policies) = (300 * scale, 60 * scale);
    let says = if edit { "edited" } else { "as it was" };
    let named = |word: &str, at: usize| format!("{word}-{at}");
    let of_realm: Vec<Value> =
        (0..roles).map(|it| json!({ "name": named("role", it), "description": says })).collect();
    let of_clients: Map<String, Value> = (0..clients)
        .map(|it| {
            let both = ["reader", "writer"].map(|it| json!({ "name": it, "description": says }));
            (named("client", it), json!(both))
        })
        .collect();
    let mut all_clients: Vec<Value> = (0..clients)
        .map(|it| {
            json!({
                "clientId": named("client", it), "description": says, "publicClient": false,
                "redirectUris": [format!("https://app-{it}.example.org/*")],
                "webOrigins": [format!("https://app-{it}.example.org")],
            })
        })
        .collect();
    let scopes = json!([{ "name": "view" }, { "name": "edit" }]);
    let protected: Vec<Value> = (0..resources)
        .map(|it| {
            json!({ "name": named("res", it), "displayName": says, "uris": [format!("/space/{it}/*")],
                "type": "urn:bench:space", "scopes": scopes })
        })
        .collect();
    let of_roles = (0..policies).map(|it| {
        json!({ "name": named("policy", it), "type": "role", "description": says,
            "config": { "roles": json!([{ "id": named("role", it) }]).to_string() } })
    });
    let permissions = (0..resources).map(|it| {
        json!({ "name": named("perm", it), "type": "resource", "description": says, "config": {
            "resources": json!([named("res", it)]).to_string(),
            "applyPolicies": json!([named("policy", it % policies)]).to_string() } })
    });
    all_clients.push(json!({
        "clientId": "authz", "publicClient": false, "serviceAccountsEnabled": true,
        "authorizationServicesEnabled": true, "authorizationSettings": {
            "policyEnforcementMode": "ENFORCING", "decisionStrategy": "UNANIMOUS", "resources": protected,
            "scopes": scopes, "policies": of_roles.chain(permissions).collect::<Vec<_>>() },
    }));
    let people: Vec<Value> = (0..users)
        .map(|it| {
            let own: BTreeSet<usize> = [it % roles, (it * 7 + 1) % roles].into();
            json!({
                "username": named("user", it), "enabled": true, "email": format!("user-{it}@example.org"),
                "firstName": named("First", it), "lastName": says,
                "realmRoles": own.iter().map(|it| named("role", *it)).collect::<Vec<_>>(),
                "groups": [format!("/{}", named("group", it % groups))],
            })
        })
        .collect();
    let all_groups: Vec<Value> = (0..groups)
        .map(|it| json!({ "name": named("group", it), "attributes": { "unit": [says] } }))
        .collect();
    json!({
        "realm": "bench", "enabled": true, "roles": { "realm": of_realm, "client": of_clients },
        "groups": all_groups, "clients": all_clients, "users": people,
    })
}
