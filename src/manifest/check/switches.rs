//! Fields that the server turns off or drops because of what others say.

use crate::kind::{self, Field, Version};
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note};

/// Notes which fields of an object the server turns off beside what it becomes.
pub fn check_turned_off(address: &Address, object: &Object, becomes: &Object, notes: &mut Vec<Note>) {
    for rule in kind::kind(address.kind()).fields {
        turned_off(rule, address, object, becomes, notes);
    }
}

/// Notes which keys of an object the server would not keep beside what it becomes. Without a version nobody knows what
/// it becomes but by the manifests: then what only newer servers drop is a warning.
pub fn check_dropped(
    address: &Address,
    object: &Object,
    becomes: &Object,
    version: Option<Version>,
    notes: &mut Vec<Note>,
) {
    for rule in kind::kind(address.kind()).fields {
        if let (Some(map), Some(all)) = (object.get(rule.name), becomes.get(rule.name)) {
            for needs in rule.needs.iter().filter(|it| version.is_none_or(|version| version >= it.since)) {
                dropped(rule, needs, address, (map, all), version, notes);
            }
        }
    }
}

fn turned_off(rule: &Field, address: &Address, object: &Object, becomes: &Object, notes: &mut Vec<Note>) {
    let switch =
        [object, becomes].into_iter().find_map(|it| it.get(rule.name).filter(|_| it.is_true(rule.name)));
    let Some(switch) = switch else { return };
    for field in rule.turns_off {
        if let Some(node) = object.get(field).filter(|it| it.as_bool() == Some(true)) {
            let title =
                format!("`{field}` of {} cannot be true beside `{}`", kind::title(address), rule.name);
            let note = Note::error(Code::TurnedOff, title, node.at, "Keycloak turns this off")
                .help(format!("set `{field}: false`, or `{}: false`", rule.name));
            let is_declared = object.is_true(rule.name);
            notes.push(if is_declared { note.and(switch.at, "because this is on") } else { note });
        }
    }
}

fn dropped(
    rule: &Field,
    needs: &kind::Needs,
    address: &Address,
    (map, all): (&Node, &Node),
    version: Option<Version>,
    notes: &mut Vec<Note>,
) {
    if all.get(needs.key).and_then(Node::as_text) == Some(needs.value) {
        return;
    }
    let said = needs.keys.iter().filter_map(|key| Some((*key, map.get(key).filter(|it| !it.is_null())?)));
    let said: Vec<(&str, &Node)> = said.collect();
    let Some((_, first)) = said.first() else { return };
    let names: Vec<String> = said.iter().map(|(key, _)| format!("`{key}`")).collect();
    let title = format!(
        "Keycloak drops {} in `{}` of {} without `{}: \"{}\"`",
        names.join(", "),
        rule.name,
        kind::title(address),
        needs.key,
        needs.value
    );
    let note = match version {
        Some(_) => Note::error(Code::Dropped, title, first.at, "would not be kept"),
        None => Note::warning(Code::Dropped, title, first.at, format!("not kept since {}", needs.since)),
    };
    notes.push(note.help(format!("add `{}: \"{}\"`, or take them out", needs.key, needs.value)));
}
