//! Levels of authentication: the names that a client gives them, and those that it asks for.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Judge, place, words_of_field};
use crate::kind::{MIDDLE, NEWEST, OLDEST, Version, realm_address};
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note};

/// Names to levels, as JSON.
const MAP: &str = "acr.loa.map";
/// Attributes that take such a name or a level, several apart by `##`, and since when they are checked.
const ASKED: &[(&str, Version)] = &[("default.acr.values", OLDEST), ("minimum.acr.value", MIDDLE)];

/// Checks what a client will hold.
pub(super) fn check(judge: &Judge<'_>, address: &Address, client: &Object, notes: &mut Vec<Note>) {
    let said = judge.desired(address);
    let own = text(client, MAP);
    if let (Some(severe), Some(own)) = (judge.since(NEWEST), own)
        && names(own).is_none()
    {
        let words = format!("{} is no map of names to levels", words_of_field("attributes", MAP, address));
        let at = place(said, "attributes", MAP);
        let note = judge.note(severe, Code::WrongForm, words, at, "Keycloak would refuse it");
        notes.push(note.help("write it as JSON: `'{\"gold\": \"2\"}'`"));
        return;
    }
    let of_realm = judge.state.get(&realm_address()).and_then(|it| text(it, MAP));
    let known = [own, of_realm].into_iter().flatten().filter_map(names).find(|it| !it.is_empty());
    let known = known.unwrap_or_default();
    for (key, since) in ASKED {
        let (Some(severe), Some(asked)) = (judge.since(*since), text(client, key)) else { continue };
        for name in asked.split("##").filter(|it| !it.is_empty()) {
            if known.contains(name) || has_level(judge, name) {
                continue;
            }
            let words = format!(
                "{} names `{name}`, which is no level there",
                words_of_field("attributes", key, address)
            );
            let at = place(said, "attributes", key);
            let note = judge.note(severe, Code::NotTogether, words, at, "Keycloak would refuse it");
            notes.push(if known.is_empty() {
                note.help(format!("give `{name}` a level in `{MAP}`"))
            } else {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                note.help(format!("write one of {}, or add it to `{MAP}`", known.join(", ")))
            });
        }
    }
}

fn text<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get("attributes")?.get(key).and_then(Node::as_text)
}

/// Returns the names of a map; nothing where the server cannot read it.
fn names(map: &str) -> Option<BTreeSet<String>> {
    let Ok(Value::Object(map)) = serde_json::from_str(map) else { return None };
    let is_level = |it: &Value| match it {
        Value::String(text) => text.trim().is_empty() || text.trim().parse::<i32>().is_ok(),
        Value::Number(_) | Value::Null => true,
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    };
    map.values().all(is_level).then(|| map.into_iter().map(|(name, _)| name).collect())
}

/// Whether the browser flow may have a level. The one that comes with a realm has two, and of others nobody knows.
fn has_level(judge: &Judge<'_>, level: &str) -> bool {
    let flow = judge.state.get(&realm_address()).map_or("", |it| it.text("browserFlow"));
    match level.parse::<i32>() {
        Ok(level) => matches!(level, 0 | 1) || !matches!(flow, "" | "browser"),
        Err(_) => false,
    }
}
