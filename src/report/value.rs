//! A value as people and machines are shown it. The one place where a value becomes output, so that what must
//! not be shown has one place to be hidden in.

use serde_json::{Map, Value, json};

use super::safe::one_line;
use crate::kind::looks_secret;
use crate::state::{Address, Is, Node, SecretRef, SecretSource};

pub(super) const HIDDEN: &str = "(hidden)";
pub(super) const UNSET: &str = "(unset)";

/// Returns a value in one line. `name` is the field or key it stands under, `of` the object that has it.
pub(super) fn text(node: &Node, name: &str, of: &Address) -> String {
    if is_hidden(node, name) {
        return HIDDEN.to_owned();
    }
    match &node.is {
        Is::Null => UNSET.to_owned(),
        Is::Bool(it) => it.to_string(),
        Is::Number(it) => one_line(it),
        Is::Text(it) => quoted_if_needed(it),
        Is::Ref(target) => reference(target, of),
        Is::Secret(secret) => secret_text(secret),
        Is::Hidden(_) => HIDDEN.to_owned(),
        Is::List(items) | Is::Sequence(items) if items.is_empty() => "(none)".to_owned(),
        Is::List(items) => items_text(items, name, of).join(", "),
        // In their order, whatever they are called.
        Is::Sequence(items) => items.iter().map(|it| text(it, name, of)).collect::<Vec<_>>().join(", "),
        Is::Map(map) => {
            // An item that is a reference with switches: `role/x (required)`.
            let target = map.values().find_map(Node::as_ref);
            let is_item = map.values().all(|it| it.as_ref().is_some() || it.as_bool().is_some());
            if let (Some(target), true) = (target, is_item) {
                let on: Vec<String> = map
                    .iter()
                    .filter(|(_, it)| it.as_bool() == Some(true))
                    .map(|(it, _)| one_line(it))
                    .collect();
                let name = reference(target, of);
                return if on.is_empty() { name } else { format!("{name} ({})", on.join(", ")) };
            }
            let entries = map
                .iter()
                .map(|(key, it)| format!("{}: {}", one_line(key), text(it, key, of)))
                .collect::<Vec<_>>();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// Returns a text as it is written, nothing for what must not be shown or is no text.
pub(super) fn plain_text<'a>(node: &'a Node, name: &str) -> Option<&'a str> {
    node.as_text().filter(|_| !is_hidden(node, name))
}

/// Returns the items of a list, each in one line.
pub(super) fn items_text(items: &[Node], name: &str, of: &Address) -> Vec<String> {
    items.iter().map(|it| text(it, name, of)).collect()
}

/// An object beside the one that refers to it is shown by its name, any other by its address.
pub(super) fn reference(target: &Address, of: &Address) -> String {
    if target.parent().is_some() && target.parent() == of.parent() {
        quoted_if_needed(target.name())
    } else {
        one_line(&target.to_string())
    }
}

fn secret_text(secret: &SecretRef) -> String {
    match &secret.source {
        SecretSource::Env(name) => format!("(secret from environment variable {})", one_line(name)),
        SecretSource::File(path) => format!("(secret from file {})", one_line(path)),
        SecretSource::Literal(_) => "(secret written in the manifest)".to_owned(),
    }
}

/// Quotes what would be read as something else: `""`, `" a"`, `"(unset)"`, `"a, b"`.
fn quoted_if_needed(text: &str) -> String {
    let line = one_line(text);
    let is_plain = !line.is_empty()
        && line.trim() == line
        && !line.starts_with(['(', '"', '{'])
        && !line.contains("->")
        && !line.contains("  ")
        && !line.contains([',', ';']);
    if is_plain { line } else { format!("\"{}\"", line.replace('"', "\\\"")) }
}

/// Returns a value as JSON: references as addresses, secrets as where they come from, never a secret.
pub(super) fn json(node: &Node, name: &str) -> Value {
    if is_hidden(node, name) {
        return json!(HIDDEN);
    }
    match &node.is {
        Is::Null => Value::Null,
        Is::Bool(it) => json!(it),
        Is::Number(it) => {
            serde_json::from_str::<serde_json::Number>(it).map_or_else(|_| json!(it), Value::Number)
        }
        Is::Text(it) => json!(it),
        Is::Ref(target) => json!(target.to_string()),
        Is::List(items) | Is::Sequence(items) => items.iter().map(|it| json(it, name)).collect(),
        Is::Map(map) => Value::Object(map.iter().map(|(key, it)| (key.to_string(), json(it, key))).collect()),
        Is::Hidden(_) => json!(HIDDEN),
        Is::Secret(secret) => {
            let mut from = Map::new();
            match &secret.source {
                SecretSource::Env(name) => from.insert("fromEnv".to_owned(), json!(name)),
                SecretSource::File(path) => from.insert("fromFile".to_owned(), json!(path)),
                SecretSource::Literal(_) => return json!("(secret written in the manifest)"),
            };
            if let Some(version) = secret.version {
                from.insert("version".to_owned(), json!(version));
            }
            Value::Object(from)
        }
    }
}

/// Returns `true` where a value is secret, a map or list of the same shape where parts are, otherwise nothing.
pub(super) fn sensitive(node: &Node, name: &str) -> Option<Value> {
    if is_hidden(node, name) {
        return Some(Value::Bool(true));
    }
    match &node.is {
        Is::Hidden(_) | Is::Secret(_) => Some(Value::Bool(true)),
        Is::List(items) | Is::Sequence(items) => {
            let items: Vec<Option<Value>> = items.iter().map(|it| sensitive(it, name)).collect();
            items
                .iter()
                .any(Option::is_some)
                .then(|| items.into_iter().map(|it| it.unwrap_or(Value::Bool(false))).collect())
        }
        Is::Map(map) => {
            let entries: Map<String, Value> =
                map.iter().filter_map(|(key, it)| Some((key.to_string(), sensitive(it, key)?))).collect();
            (!entries.is_empty()).then_some(Value::Object(entries))
        }
        Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) | Is::Ref(_) => None,
    }
}

/// Text under a name that looks like a secret's is hidden even where no rule made it one, in lists too.
fn is_hidden(node: &Node, name: &str) -> bool {
    matches!(node.is, Is::Text(_) | Is::Number(_)) && looks_secret(name)
}
