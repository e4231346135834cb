//! What must never be permitted, to whom, but for whom.

use std::collections::BTreeSet;

use super::Never;
use super::document::placed;
use super::place::Place;
use crate::text::{Code, Key, Note, Reader, Tree, TreeIs, nearest};

pub(super) const KEYS: &[&str] = &["scopes", "resources", "personas", "except", "why"];

/// Reads the list of `never`.
pub(super) fn read(
    place: &Place<'_>,
    personas: &[&str],
    (key, value): (&Key, &Tree),
    reader: &mut Reader<'_>,
) -> Vec<Never> {
    let TreeIs::List(items) = &value.is else {
        reader.wrong(key, value, "a list");
        return Vec::new();
    };
    items.iter().map(|it| read_never(place, personas, it, reader)).collect()
}

fn read_never(place: &Place<'_>, personas: &[&str], item: &Tree, reader: &mut Reader<'_>) -> Never {
    let entries = reader.entries(item, "an entry of `never`", KEYS);
    let part = |name: &str| entries.iter().find(|(key, _)| &*key.name == name).copied();
    if part("scopes").is_none() && part("resources").is_none() {
        let note = Note::error(
            Code::ExpectsNothing,
            "this `never` says nothing of what",
            item.at,
            "neither `scopes` nor `resources`",
        );
        reader
            .notes
            .push(note.help("write `scopes: [SCOPE]`, or `resources: [NAME]`; `\"*\"` is every resource"));
    }
    let mut scopes = BTreeSet::new();
    if let Some((key, value)) = part("scopes") {
        let written = placed(key, value, reader);
        if value.items().is_empty() {
            let note =
                Note::error(Code::ExpectsNothing, "`scopes` names no scope", value.at, "forbids nothing");
            reader.notes.push(note.help("leave it out to mean every scope"));
        }
        let known = written.into_iter().filter(|(it, tree)| place.has_scope(it, tree.at, reader.notes));
        scopes.extend(known.map(|(it, _)| it));
    }
    let resources = part("resources").map(|(key, value)| {
        let written = placed(key, value, reader);
        written.into_iter().flat_map(|(it, tree)| place.find(&it, tree.at, reader.notes)).collect()
    });
    let mut named = |name: &str| part(name).map(|it| positions(personas, it, reader));
    let (of, except) = (named("personas"), named("except").unwrap_or_default());
    let why = part("why").and_then(|(key, value)| reader.text(key, value));
    Never { scopes, resources, personas: of, except, why, at: item.at }
}

fn positions(personas: &[&str], (key, value): (&Key, &Tree), reader: &mut Reader<'_>) -> BTreeSet<usize> {
    let mut out = BTreeSet::new();
    for (name, tree) in placed(key, value, reader) {
        if let Some(at) = personas.iter().position(|it| **it == name) {
            out.insert(at);
            continue;
        }
        let title = format!("there is no persona `{name}`");
        let note =
            Note::error(Code::UnknownPersona, title, tree.at, "not among the personas of this document");
        reader.notes.push(match nearest(&name, personas.iter().copied()) {
            Some(near) => note.help(format!("did you mean `{near}`?")),
            None => note.help(format!("declare it under `personas`: `{name}: {{ user: {name} }}`")),
        });
    }
    out
}
