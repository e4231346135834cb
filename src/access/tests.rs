//! Every measured fact of how the server decides, one row each.

mod fine_grained;
mod guard;
mod impact;
mod matrix;
mod permissions;
mod policies;
mod token_roles;

use serde_json::{Value, json};

use super::{AccessQuestion, Decision, Persona, Realm, Verdict, decide};
use crate::kind::{CLIENT, NEWEST, USER, lift_realm};
use crate::state::{Address, State};
use crate::text::tree_of_json;

/// A realm with a few of everything, and this authorization on client `rs`.
fn state(authorization: &Value) -> State {
    let mapper = |name: &str, provider: &str, config: Value| {
        let mut config = config;
        config["access.token.claim"] = json!("true");
        json!({ "name": name, "protocol": "openid-connect", "protocolMapper": provider, "config": config })
    };
    let roles = json!([
        mapper(
            "realm",
            "oidc-usermodel-realm-role-mapper",
            json!({ "claim.name": "realm_access.roles", "multivalued": "true" })
        ),
        mapper(
            "client",
            "oidc-usermodel-client-role-mapper",
            json!({ "claim.name": "resource_access.${client_id}.roles", "multivalued": "true" })
        ),
    ]);
    let realm = json!({
        "realm": "demo",
        "defaultRole": { "name": "default-roles-demo" },
        "roles": {
            "realm": [
                { "name": "default-roles-demo", "composites": { "realm": ["base"] } },
                { "name": "base" }, { "name": "r1" }, { "name": "r2" }, { "name": "r3" },
                { "name": "parent", "composites": { "realm": ["r3"], "client": { "rs": ["reader"] } } },
            ],
            "client": { "rs": [{ "name": "reader" }] },
        },
        "groups": [
            { "name": "A", "realmRoles": ["r1"], "subGroups": [{ "name": "B" }] },
            { "name": "AB" },
        ],
        "users": [
            { "username": "u1", "realmRoles": ["r1"], "attributes": { "dept": ["sales"], "tags": ["a", "b"] },
              "email": "u1@example.org" },
            { "username": "u2", "realmRoles": ["r2"] },
            { "username": "u12", "realmRoles": ["r1", "r2"] },
            { "username": "none" },
            { "username": "boss", "realmRoles": ["parent"] },
            { "username": "in-a", "groups": ["/A"] },
            { "username": "in-b", "groups": ["/A/B"] },
            { "username": "service-account-rs", "serviceAccountClientId": "rs", "realmRoles": ["r1"] },
        ],
        "clientScopes": [
            { "name": "roles", "protocol": "openid-connect", "protocolMappers": roles,
              "attributes": { "include.in.token.scope": "false" } },
            { "name": "extra", "protocol": "openid-connect" },
            { "name": "always", "protocol": "openid-connect" },
        ],
        "clients": [
            { "clientId": "rs", "fullScopeAllowed": true, "serviceAccountsEnabled": true,
              "authorizationServicesEnabled": true,
              "defaultClientScopes": ["roles", "always"], "optionalClientScopes": ["extra"],
              "protocolMappers": [
                mapper("dept", "oidc-usermodel-attribute-mapper",
                    json!({ "claim.name": "org.dept", "user.attribute": "dept" })),
                mapper("tags", "oidc-usermodel-attribute-mapper",
                    json!({ "claim.name": "tags", "user.attribute": "tags", "multivalued": "true" })),
                mapper("groups", "oidc-group-membership-mapper",
                    json!({ "claim.name": "groups", "full.path": "false" })),
                mapper("fixed", "oidc-hardcoded-claim-mapper",
                    json!({ "claim.name": "fixed", "claim.value": "on" })),
              ],
              "authorizationSettings": authorization },
            { "clientId": "narrow", "fullScopeAllowed": false, "defaultClientScopes": ["roles"] },
            { "clientId": "light", "fullScopeAllowed": true, "defaultClientScopes": ["roles"],
              "attributes": { "client.use.lightweight.access.token.enabled": "true" } },
            { "clientId": "bare", "fullScopeAllowed": true },
        ],
    });
    lift_realm(&tree_of_json(&realm)).into_live()
}

fn realm(authorization: &Value) -> Realm {
    Realm::compile(&state(authorization), NEWEST)
}

fn user(name: &str) -> Persona {
    Persona::user(Address::top(USER, name))
}

fn through(name: &str, client: &str) -> Persona {
    Persona { client: Some(Address::top(CLIENT, client)), ..user(name) }
}

fn ask(realm: &Realm, persona: &Persona, resource: &str, scopes: &[&str]) -> Decision {
    let client = Address::top(CLIENT, "rs");
    let scopes: Vec<String> = scopes.iter().map(|it| (*it).to_owned()).collect();
    decide(realm, &AccessQuestion { client: &client, resource: Some(resource), scopes: &scopes, persona })
}

/// `PERMIT a b`, `DENY` or `UNKNOWN`.
fn word(decision: &Decision) -> String {
    match &decision.verdict {
        Verdict::Permit { scopes } => {
            let names: Vec<&str> = scopes.iter().map(String::as_str).collect();
            format!("PERMIT {}", names.join(" ")).trim_end().to_owned()
        }
        Verdict::Deny => "DENY".to_owned(),
        Verdict::Unknown { .. } => "UNKNOWN".to_owned(),
    }
}

/// The chain as one line.
fn chain(decision: &Decision) -> String {
    let steps = decision.path.iter().map(|it| match &it.address {
        Some(address) => format!("{address} ({})", it.text),
        None => it.text.clone(),
    });
    steps.collect::<Vec<_>>().join(" > ")
}

fn role_policy(name: &str, role: &str) -> Value {
    json!({ "name": name, "type": "role", "roles": [{ "id": role, "required": false }] })
}
