//! Realms as flat maps of address to fields, which tests can change object by object, and as manifests.

use std::collections::BTreeMap;

use realmwright::kind::{arrange, parse_address};
use realmwright::state::Address;
use serde_json::{Map, Value};

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
    arrange(realm, flat.clone())
}
