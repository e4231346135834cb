//! A JSON answer as a tree, so that the server's words and ours take one way.

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
