//! All pieces of a realm become one state.
//!
//! The same thing said twice is fine, two different things are an error that shows both places. Maps merge by
//! key, links are a union.

use std::collections::btree_map::Entry;

use crate::kind::{self, Kind};
use crate::state::{Address, Is, Node, Object, State};
use crate::text::Note;

pub(super) fn merge(pieces: Vec<(Address, Object)>, notes: &mut Vec<Note>) -> State {
    let mut state = State::default();
    for (address, piece) in pieces {
        match state.objects.entry(address) {
            Entry::Vacant(vacant) => {
                vacant.insert(piece);
            }
            Entry::Occupied(mut occupied) => {
                let title = kind::title(occupied.key());
                let kind = kind::kind(occupied.key().kind());
                join(kind, &title, occupied.get_mut(), piece, notes);
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
    for (field, node) in piece.fields {
        let links = kind.link(&field).is_some();
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
        (Is::List(list), Is::List(items)) if links => {
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
                    "RW0111",
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
