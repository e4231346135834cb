//! The fields of a change as before and after.

use serde_json::{Map, Value, json};

use super::shape::{ActionName, LinkChange, Reason, Values};
use crate::change::{Action, Change, FieldChange, Path, To, Why};
use crate::report::value;
use crate::state::Node;

/// Returns what a change does to its object.
pub(super) fn of_change(change: &Change) -> Values {
    // Where and why it is stands beside the values.
    let Change { object: _, action: acts, why: _, fields, adopted, at: _ } = change;
    let mut values = of_fields(fields);
    values.actions = vec![action(*acts)];
    if *adopted && *acts == Action::Update {
        values.actions.push(ActionName::Adopt);
    }
    match acts {
        Action::Create => values.before = None,
        Action::Delete => values.after = None,
        Action::Update | Action::Adopt | Action::Forget => {}
    }
    values
}

pub(super) fn action(action: Action) -> ActionName {
    match action {
        Action::Create => ActionName::Create,
        Action::Update => ActionName::Update,
        Action::Delete => ActionName::Delete,
        Action::Adopt => ActionName::Adopt,
        Action::Forget => ActionName::Forget,
    }
}

pub(super) fn reason(why: &Why) -> Reason {
    match why {
        Why::ManifestChanged => Reason::ManifestChanged,
        Why::LiveChanged => Reason::LiveChanged,
        Why::NotInManifests => Reason::NotInManifests,
        Why::NotKept => Reason::NotKept,
        Why::Cascade(_) => Reason::Cascade,
        Why::MadeBy(_) => Reason::MadeBy,
        Why::KeptClosed => Reason::KeptClosed,
    }
}

/// Returns fields as they are and as they will be.
pub(super) fn of_fields(fields: &[FieldChange]) -> Values {
    let mut values = Values::default();
    let (mut before, mut after) = (Map::new(), Map::new());
    // The place of the change is enough: fields stand near it.
    for FieldChange { path, from, to, why, at: _ } in fields {
        let pointer = path.pointer();
        let reasons = values.reasons.entry(pointer.clone()).or_default();
        let why = reason(why);
        if !reasons.contains(&why) {
            reasons.push(why);
        }
        if !values.paths.contains(&pointer) {
            values.paths.push(pointer);
        }
        let from = from.as_ref();
        match to {
            To::Links { add, remove } => {
                let name = path.field.to_string();
                let links: &mut LinkChange = values.links.entry(name.clone()).or_default();
                links.add.extend(add.iter().map(ToString::to_string));
                links.remove.extend(remove.iter().map(ToString::to_string));
                let there = from.map_or_else(|| json!([]), |it| value::json(it, &name));
                before.insert(name.clone(), there.clone());
                // A field whose links change for several reasons comes several times.
                let then = after.entry(name).or_insert(there);
                if let Value::Array(items) = then {
                    items.retain(|it| !remove.iter().any(|gone| *it == gone.to_string()));
                    items.extend(add.iter().map(|it| json!(it.to_string())));
                }
            }
            to @ (To::Value(_) | To::Unset) => {
                let to = if let To::Value(node) = to { Some(node) } else { None };
                set(&mut before, path, from, value::json, Some(Value::Null));
                set(&mut after, path, to, value::json, Some(Value::Null));
                let sensitive = |node: &Node, name: &str| value::sensitive(node, name).unwrap_or(Value::Null);
                set(&mut values.before_sensitive, path, from, sensitive, None);
                set(&mut values.after_sensitive, path, to, sensitive, None);
            }
        }
    }
    values.before = Some(before);
    values.after = Some(after);
    values
}

/// Puts a value at a path; nothing where there is none and no `absent` stands for it.
fn set(
    map: &mut Map<String, Value>,
    path: &Path,
    node: Option<&Node>,
    shown: impl Fn(&Node, &str) -> Value,
    absent: Option<Value>,
) {
    let name = path.key.as_ref().unwrap_or(&path.field);
    let value = node.map(|it| shown(it, name)).filter(|it| !it.is_null()).or(absent);
    let Some(value) = value else { return };
    match &path.key {
        None => {
            map.insert(path.field.to_string(), value);
        }
        Some(key) => {
            let inner = map.entry(path.field.to_string()).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                inner.insert(key.to_string(), value);
            }
        }
    }
}
