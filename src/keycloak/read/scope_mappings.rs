//! Scope mappings, which lists of clients and client scopes leave out: one request for each of them.

use serde_json::{Map, Value, json};

use super::wire::Wire;
use super::{Draft, str_of};
use crate::keycloak::Error;

/// Asks a client or client scope for its mappings; nothing where it is gone or may not be seen.
pub(super) async fn read(wire: &Wire<'_>, of: &str, row: &Value) -> Result<Option<Value>, Error> {
    let id = str_of(row, "id").unwrap_or_default();
    wire.value(&format!("{of}/{id}/scope-mappings")).await
}

/// Puts what was read in the shape of an export: a list per realm and one per client whose roles they are.
pub(super) fn put(draft: &mut Draft, key: &str, name: Option<&str>, mappings: Option<Value>) {
    let (Some(name), Some(mappings)) = (name, mappings) else { return };
    let row = |roles: Option<&Value>| {
        let names: Vec<&str> = roles
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|it| str_of(it, "name"))
            .collect();
        (!names.is_empty()).then(|| json!({ key: name, "roles": names }))
    };
    if let Some(row) = row(mappings.get("realmMappings")) {
        push(draft.realm.entry("scopeMappings").or_insert_with(|| json!([])), row);
    }
    for (client, its) in mappings.get("clientMappings").and_then(Value::as_object).into_iter().flatten() {
        if let Some(row) = row(its.get("mappings"))
            && let Value::Object(map) =
                draft.realm.entry("clientScopeMappings").or_insert_with(|| Value::Object(Map::new()))
        {
            push(map.entry(client.as_str()).or_insert_with(|| json!([])), row);
        }
    }
}

fn push(list: &mut Value, row: Value) {
    if let Value::Array(rows) = list {
        rows.push(row);
    }
}
