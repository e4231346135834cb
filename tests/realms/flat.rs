//! Realms as flat maps of address to fields, which tests can change object by object, and as manifests.

use std::collections::BTreeMap;

use realmwright::kind::{
    CLIENT, CLIENT_SCOPE, GROUP, MAPPER, PERMISSION, POLICY, RESOURCE, ROLE, SCOPE, SETTINGS, USER, kind,
    parse_address, realm_address,
};
use realmwright::state::{Address, KindName};
use serde_json::{Map, Value, json};

pub(crate) type Flat = BTreeMap<Address, Map<String, Value>>;

/// Reads `{"role/a": {"description": "…"}, …}`.
pub(crate) fn flat(value: Value) -> Flat {
    let Value::Object(map) = value else { panic!("a flat realm is a map") };
    map.into_iter()
        .map(|(text, fields)| {
            let address = parse_address(&text).unwrap_or_else(|| panic!("no address: {text}"));
            let Value::Object(fields) = fields else { panic!("the fields of {text} are a map") };
            (address, fields)
        })
        .collect()
}

/// Returns the manifest that declares these objects.
pub(crate) fn manifest(realm: &str, flat: &Flat) -> Value {
    let mut out = flat.get(&realm_address()).cloned().unwrap_or_default();
    out.insert("realm".to_owned(), json!(realm));
    let mut roles = Map::new();
    let realm_roles = children(flat, None, ROLE);
    if !realm_roles.is_empty() {
        roles.insert("realm".to_owned(), Value::from(realm_roles));
    }
    let mut of_clients: Map<String, Value> = Map::new();
    for client in flat.keys().filter(|it| it.kind() == ROLE).filter_map(Address::parent) {
        of_clients.insert(client.name().to_owned(), Value::from(children(flat, Some(&client), ROLE)));
    }
    roles.insert("client".to_owned(), Value::Object(of_clients));
    out.insert("roles".to_owned(), Value::Object(roles));
    for (kind, section) in
        [(GROUP, "groups"), (CLIENT, "clients"), (CLIENT_SCOPE, "clientScopes"), (USER, "users")]
    {
        out.insert(section.to_owned(), Value::from(children(flat, None, kind)));
    }
    scope_mappings(flat, &mut out);
    Value::Object(out)
}

/// Scope mappings of clients and client scopes are written at the realm.
fn scope_mappings(flat: &Flat, out: &mut Map<String, Value>) {
    let mut of_realm = Vec::new();
    let mut of_clients: Map<String, Value> = Map::new();
    for (address, fields) in flat {
        let holder = if address.kind() == CLIENT { "client" } else { "clientScope" };
        if let Some(roles) = fields.get("scopeMappings") {
            of_realm.push(json!({ holder: address.name(), "roles": roles }));
        }
        for (client, roles) in
            fields.get("clientScopeMappings").and_then(Value::as_object).into_iter().flatten()
        {
            let rows = of_clients.entry(client.as_str()).or_insert_with(|| json!([]));
            rows.as_array_mut().expect("just made").push(json!({ holder: address.name(), "roles": roles }));
        }
    }
    out.insert("scopeMappings".to_owned(), Value::from(of_realm));
    out.insert("clientScopeMappings".to_owned(), Value::Object(of_clients));
}

fn children(flat: &Flat, parent: Option<&Address>, kind: KindName) -> Vec<Value> {
    let here = flat.keys().filter(|it| it.kind() == kind && it.parent().as_ref() == parent);
    here.map(|it| object(flat, it)).collect()
}

fn object(flat: &Flat, address: &Address) -> Value {
    let mut out = flat[address].clone();
    out.retain(|field, _| !matches!(field.as_str(), "scopeMappings" | "clientScopeMappings"));
    out.insert(kind(address.kind()).key.to_owned(), json!(address.name()));
    let mut section = |field: &str, kind: KindName| {
        let list = children(flat, Some(address), kind);
        if !list.is_empty() {
            out.insert(field.to_owned(), Value::from(list));
        }
    };
    match address.kind() {
        GROUP => section("subGroups", GROUP),
        CLIENT | CLIENT_SCOPE => section("protocolMappers", MAPPER),
        _ => {}
    }
    if address.kind() == CLIENT {
        let mut settings = flat.get(&address.child(SETTINGS, "")).cloned();
        for (field, kind) in
            [("scopes", SCOPE), ("resources", RESOURCE), ("policies", POLICY), ("permissions", PERMISSION)]
        {
            let list = children(flat, Some(address), kind);
            if !list.is_empty() {
                settings.get_or_insert_default().insert(field.to_owned(), Value::from(list));
            }
        }
        if let Some(settings) = settings {
            out.insert("authorizationSettings".to_owned(), Value::Object(settings));
        }
    }
    Value::Object(out)
}
