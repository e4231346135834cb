//! The large realm with e-mail addresses, policies that ask for them, and clients that people come through.

use serde_json::{Value, json};

use super::large::{Size, realm};

/// Clients that people come through, beside the resource server.
const FRONTENDS: usize = 7;
/// Policies on the e-mail address in the token.
const OF_MAIL: usize = 7;

/// Returns the realm with users who have e-mail addresses, policies that ask for some, and frontends whose tokens carry
/// other roles each.
pub(crate) fn through_clients(name: &str, size: Size) -> Value {
    let mut realm = realm(name, size);
    for (at, user) in realm["users"].as_array_mut().expect("a list").iter_mut().enumerate() {
        user["email"] = json!(format!("u{at}@d{}.example.org", at % (OF_MAIL + 2)));
    }
    let mapper = json!({ "name": "email", "protocol": "openid-connect",
        "protocolMapper": "oidc-usermodel-attribute-mapper",
        "config": { "user.attribute": "email", "claim.name": "email", "access.token.claim": "true",
            "jsonType.label": "String" } });
    let scopes = realm["clientScopes"].as_array_mut().expect("a list");
    scopes.push(json!({ "name": "email", "protocol": "openid-connect", "protocolMappers": [mapper] }));
    let clients = realm["clients"].as_array_mut().expect("a list");
    clients[0]["standardFlowEnabled"] = json!(true);
    clients[0]["defaultClientScopes"] = json!(["roles", "email"]);
    let policies = clients[0]["authorizationSettings"]["policies"].as_array_mut().expect("a list");
    // Every tenth permission asks for an e-mail address, too.
    for (at, it) in policies.iter_mut().skip(size.resources).enumerate().step_by(10) {
        let all = [
            format!("p{at}"),
            format!("p{}", (at + 1) % size.resources),
            format!("mail{}", at / 10 % OF_MAIL),
        ];
        it["config"]["applyPolicies"] = json!(json!(all).to_string());
    }
    let of_mail = (0..OF_MAIL).map(|it| {
        json!({ "name": format!("mail{it}"), "type": "regex",
            "config": { "targetClaim": "email", "pattern": format!(".*@d{it}\\.example\\.org") } })
    });
    policies.splice(size.resources..size.resources, of_mail);
    clients.extend((0..FRONTENDS).map(|it| {
        json!({ "clientId": format!("app{it}"), "publicClient": true, "standardFlowEnabled": true,
            "fullScopeAllowed": false, "redirectUris": ["https://app.example.org/*"],
            "defaultClientScopes": ["roles", "email"] })
    }));
    let passed_on = (0..FRONTENDS).map(|it| {
        let roles: Vec<String> =
            (0..size.roles).filter(|role| role % (it + 2) != 0).map(|it| format!("r{it}")).collect();
        json!({ "client": format!("app{it}"), "roles": roles })
    });
    realm["scopeMappings"] = json!(passed_on.collect::<Vec<_>>());
    realm
}
