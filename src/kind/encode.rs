//! From objects to bodies: references by the names that the endpoints take.

use serde_json::{Map, Value};

use super::representation::{Type, field_type};
use super::{CLIENT, GROUP, Kind, ROLE, Routes, Sent};
use crate::state::{Address, Hidden, Is, Node, Object, SecretRef};

/// Returns whether a name stands for a folder in a URL, so that no request carries it in a path.
pub fn is_folder(name: &str) -> bool {
    matches!(name, "." | "..")
}

/// Returns how a reference is written in a body: roles of clients as `client/role`, groups as paths.
pub fn wire_name(address: &Address) -> String {
    if address.kind() == GROUP {
        return address.steps().iter().map(|step| format!("/{}", step.name)).collect();
    }
    match address.parent() {
        Some(client) if address.kind() == ROLE && client.kind() == CLIENT => {
            format!("{}/{}", client.name(), address.name())
        }
        _ => address.name().to_owned(),
    }
}

/// Returns a value as JSON; `reveal` gives the text of a secret.
pub fn value(node: &Node, reveal: &dyn Fn(&SecretRef) -> String) -> Value {
    match &node.is {
        Is::Null | Is::Hidden(Hidden::Masked) => Value::Null,
        Is::Bool(it) => Value::Bool(*it),
        Is::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_string())),
        Is::Text(text) => Value::String(text.to_string()),
        Is::List(items) | Is::Sequence(items) => {
            Value::Array(items.iter().map(|it| value(it, reveal)).collect())
        }
        Is::Map(map) => Value::Object(
            map.iter()
                .filter(|(_, it)| !it.is_null())
                .map(|(key, it)| (key.to_string(), value(it, reveal)))
                .collect(),
        ),
        Is::Ref(address) => Value::String(wire_name(address)),
        Is::Secret(secret) => Value::String(reveal(secret)),
        Is::Hidden(Hidden::Value(text)) => Value::String(text.to_string()),
    }
}

/// Returns the body that creates an object: its key, which is its name alone, and every field that travels in a body.
pub fn body(
    kind: &Kind,
    name: &str,
    object: &Object,
    reveal: &dyn Fn(&SecretRef) -> String,
) -> Map<String, Value> {
    let mut body = Map::new();
    if let Some(key) = kind.own_key() {
        body.insert(key.to_owned(), Value::String(name.to_owned()));
    }
    for (name, node) in &object.fields {
        let rule = kind.field(name);
        // A shared object is named where otherwise one of its own stands.
        let is_name = rule.is_some_and(|it| matches!(it.sent, Sent::Child(_)));
        let travels = rule.is_none_or(|it| it.sent.is_created_with()) || is_name;
        let implied = rule.is_some_and(|it| node.scalar().as_deref() == Some(it.implied));
        if travels && !implied && !node.is_null() {
            body.insert(name.to_string(), in_field(kind, object.text("type"), name, value(node, reveal)));
        }
    }
    body
}

/// Returns an object of this name as its own path shows it.
pub fn of_body(kind: &Kind, name: &str, body: Value) -> Value {
    if kind.routes.bare.is_empty() {
        return body;
    }
    let key = (kind.key.to_owned(), Value::String(name.to_owned()));
    Value::Object([key, (kind.routes.bare.to_owned(), body)].into_iter().collect())
}

/// Returns a value as a field of an object of this type takes it: where the keys of a map hold lists, a text, which a
/// secret is, as a list of one.
pub fn in_field(kind: &Kind, of: &str, field: &str, value: Value) -> Value {
    match value {
        Value::Object(map) if holds_lists(kind, of, field) => {
            map.into_iter().map(|(key, it)| (key, listed(it))).collect()
        }
        value => value,
    }
}

/// Returns a value as a key of a field takes it.
pub fn in_key(kind: &Kind, of: &str, field: &str, value: Value) -> Value {
    if holds_lists(kind, of, field) { listed(value) } else { value }
}

fn holds_lists(kind: &Kind, of: &str, field: &str) -> bool {
    matches!(field_type((kind.representation)(of), field), Some(Type::Map(item)) if matches!(**item, Type::List(_)))
}

fn listed(value: Value) -> Value {
    if value.is_string() { Value::Array(vec![value]) } else { value }
}

impl Kind {
    /// Says in a row of a list what goes without saying, where that does not.
    pub fn say_implied(&self, row: &mut Map<String, Value>) {
        for rule in self.fields.iter().filter(|it| !it.implied.is_empty()) {
            row.entry(rule.name).or_insert_with(|| Value::from(rule.implied));
        }
    }
}

impl Routes {
    /// Returns the body of a request that sends all of an object.
    pub fn to_body(&self, mut object: Map<String, Value>) -> Value {
        if self.bare.is_empty() {
            return Value::Object(object);
        }
        object.remove(self.bare).unwrap_or_else(|| Value::Object(Map::new()))
    }

    /// Leaves in the body of a new object what the POST takes, and returns the rest of it, if there is any.
    pub fn made_of_parts(
        &self,
        address: &Address,
        body: &mut Map<String, Value>,
    ) -> Option<Map<String, Value>> {
        let is_at_top = !self.top.is_empty() && !address.is_nested();
        if self.post_takes.is_empty() || is_at_top {
            return None;
        }
        let (now, rest) =
            std::mem::take(body).into_iter().partition(|(name, _)| self.post_takes.contains(&&**name));
        *body = now;
        Some(rest).filter(|it: &Map<String, Value>| !it.is_empty())
    }
}

/// Returns a name as a segment of a URL path.
pub fn segment(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => {
                let hex = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(hex[usize::from(byte >> 4)]));
                out.push(char::from(hex[usize::from(byte & 15)]));
            }
        }
    }
    out
}
