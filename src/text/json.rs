//! A JSON answer as a tree, so that the server's words and ours take one way.

pub(super) mod syntax;

use serde_json::Value;

use super::{At, Key, Tree, TreeIs};

/// Turns a JSON value into a tree whose places all say "the server".
pub fn tree_of_json(value: &Value) -> Tree {
    let is = match value {
        Value::Null => TreeIs::Null,
        Value::Bool(it) => TreeIs::Bool(*it),
        Value::Number(it) => TreeIs::Number(it.to_string().into()),
        Value::String(it) => TreeIs::Text(it.as_str().into()),
        Value::Array(items) => TreeIs::List(items.iter().map(tree_of_json).collect()),
        Value::Object(entries) => TreeIs::Map(
            entries
                .iter()
                .map(|(name, value)| {
                    (Key { at: At::SERVER, name: name.as_str().into() }, tree_of_json(value))
                })
                .collect(),
        ),
    };
    Tree::new(At::SERVER, is)
}

/// Turns a tree into the JSON value that it says.
pub fn json_of_tree(tree: &Tree) -> Value {
    match &tree.is {
        TreeIs::Null => Value::Null,
        TreeIs::Bool(it) => Value::Bool(*it),
        // Numbers that JSON cannot hold stay text.
        TreeIs::Number(it) => serde_json::from_str(it).unwrap_or_else(|_| Value::from(&**it)),
        TreeIs::Text(it) => Value::from(&**it),
        TreeIs::List(items) => items.iter().map(json_of_tree).collect(),
        TreeIs::Map(entries) => {
            entries.iter().map(|(key, value)| (key.name.to_string(), json_of_tree(value))).collect()
        }
    }
}
