//! All pieces of a realm become one state.
//!
//! The same thing said twice is fine, two different things are an error that shows both places. Maps merge by
//! key, links are a union.

use std::collections::btree_map::Entry;

use crate::kind::{self, Kind};
use crate::state::{Address, Is, Node, Object, State};
use crate::text::{Code, Note};

pub(super) fn merge(pieces: Vec<(Address, Object)>, notes: &mut Vec<Note>) -> State {
    let mut state = State::default();
    for (address, piece) in pieces {
        match state.objects.get_mut(&address) {
            None => state.objects.insert(address, piece),
            Some(object) => {
                join(kind::kind(address.kind()), &kind::title(&address), object, piece, notes);
            }
        }
    }
    state
}

fn join(kind: &Kind, title: &str, object: &mut Object, piece: Object, notes: &mut Vec<Note>) {
    // A place that only leads to its children is not where the object is declared.
    if object.fields.is_empty() && !piece.fields.is_empty() {
        object.at = piece.at;
    }
    object.id = object.id.take().or(piece.id);
    object.made_by = object.made_by.take().or(piece.made_by);
    object.formerly = object.formerly.take().or(piece.formerly);
    // One place that says the username is enough.
    object.named_by_email &= piece.named_by_email;
    for (field, node) in piece.fields {
        let links = kind.link(&field).is_some() || kind.field(&field).is_some_and(|it| it.ordered);
        match object.fields.entry(field) {
            Entry::Vacant(vacant) => {
                vacant.insert(node);
            }
            Entry::Occupied(mut occupied) => {
                let field = occupied.key().clone();
                join_values(&field, links, title, occupied.get_mut(), node, notes);
            }
        }
    }
}

fn join_values(path: &str, links: bool, title: &str, node: &mut Node, other: Node, notes: &mut Vec<Note>) {
    match (&mut node.is, other.is) {
        (Is::Map(map), Is::Map(entries)) => {
            for (key, value) in entries {
                match map.entry(key) {
                    Entry::Vacant(vacant) => {
                        vacant.insert(value);
                    }
                    Entry::Occupied(mut occupied) => {
                        let path = format!("{path}.{}", occupied.key());
                        join_values(&path, false, title, occupied.get_mut(), value, notes);
                    }
                }
            }
        }
        // What stands in several places has the order of each.
        (Is::List(list), Is::List(items)) | (Is::Sequence(list), Is::Sequence(items)) if links => {
            for item in items {
                if !list.contains(&item) {
                    list.push(item);
                }
            }
        }
        (is, other_is) => {
            if !is_same(is, &other_is) {
                let both = *is == Is::Null || other_is == Is::Null;
                let note = Note::error(
                    Code::Disagreement,
                    format!("two places disagree about `{path}` of {title}"),
                    other.at,
                    if other_is == Is::Null { "unset here" } else { "said here" },
                )
                .and(node.at, if node.is_null() { "but unset here" } else { "but another thing here" });
                notes.push(note.help(if both {
                    "a field is either unset or has a value: keep one of the two"
                } else {
                    "keep one of the two, or say the same in both"
                }));
            }
        }
    }
}

/// Returns whether two values mean the same: lists are sets.
fn is_same(one: &Is, other: &Is) -> bool {
    match (one, other) {
        (Is::List(one), Is::List(other)) => {
            one.iter().all(|it| other.iter().any(|other| is_same(&it.is, &other.is)))
                && other.iter().all(|it| one.iter().any(|one| is_same(&it.is, &one.is)))
        }
        (Is::Map(one), Is::Map(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, it)| other.get(key).is_some_and(|other| is_same(&it.is, &other.is)))
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Project, load_texts};
    use crate::kind::CLIENT;
    use crate::state::Address;

    const PIECES: [&str; 3] = [
        "realm: r\nclients: [{ clientId: demo, redirectUris: [b, a], attributes: { x: '1' }, defaultClientScopes: [email] }]",
        "realm: r\nclients: [{ clientId: demo, redirectUris: [a, b], attributes: { y: '2' }, defaultClientScopes: [profile, email] }]",
        "realm: r\nclients: [{ clientId: demo, name: Demo, attributes: { x: '1' } }, { clientId: other }]",
    ];

    /// The state as text; lists are sets, so they are sorted.
    fn merged(order: [usize; 3]) -> (String, Vec<&'static str>) {
        let loaded = load_texts(&order.map(|it| ("a.yaml", PIECES[it])), &Project::default());
        let demo = loaded.realms[0].state.get(&Address::top(CLIENT, "demo")).expect("declared");
        let mut text = String::new();
        for (field, node) in &demo.fields {
            let mut items: Vec<String> = node.items().iter().map(|it| format!("{it:?}")).collect();
            items.sort();
            let value = if items.is_empty() { format!("{node:?}") } else { items.join(" ") };
            text.extend([field, " ", &value, "\n"]);
        }
        (text, loaded.notes.iter().map(|it| it.code.name()).collect())
    }

    #[test]
    fn the_order_of_files_does_not_matter() {
        let first = merged([0, 1, 2]);
        assert_eq!(
            first.0,
            "attributes {\"x\": \"1\", \"y\": \"2\"}\n\
             defaultClientScopes @client-scope/email @client-scope/profile\n\
             name \"Demo\"\nredirectUris \"a\" \"b\"\n"
        );
        assert!(first.1.is_empty(), "{:?}", first.1);
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            assert_eq!(merged(order), first, "{order:?}");
        }
    }
}
