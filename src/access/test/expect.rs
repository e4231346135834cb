//! What single personas are expected to be permitted and denied.

use std::collections::BTreeMap;

use super::Expected;
use super::document::{ends_with, placed};
use super::place::Place;
use crate::access::administration::administration;
use crate::kind::parse_address;
use crate::text::{At, Code, Key, Note, Reader, Tree, TreeIs, nearest};

pub(super) const KEYS: &[&str] = &["permit", "deny", "via", "why"];

/// Cases by persona, resource and scope.
type Cases = BTreeMap<(usize, String, Option<String>), Expected>;

/// Reads the list of `expect`.
pub(super) fn read(
    place: &Place<'_>,
    personas: &[&str],
    (key, value): (&Key, &Tree),
    reader: &mut Reader<'_>,
) -> Vec<Expected> {
    let TreeIs::List(items) = &value.is else {
        reader.wrong(key, value, "a list");
        return Vec::new();
    };
    let known: Vec<&str> = ["resources"].into_iter().chain(personas.iter().copied()).collect();
    let mut cases = Cases::new();
    for item in items {
        let entries = reader.entries(item, "an entry of `expect`", &known);
        let resources = entries.iter().find(|(key, _)| &*key.name == "resources");
        let is_administration = *place.client == administration();
        let Some((key, resources)) = resources.filter(|_| !is_administration) else {
            if is_administration {
                let found = [(administration().name().to_owned(), true)];
                for (key, tree) in &entries {
                    let Some(persona) = personas.iter().position(|it| **it == *key.name) else { continue };
                    read_expectation(place, persona, &found, (key, tree), reader, &mut cases);
                }
                continue;
            }
            let note = Note::error(
                Code::ExpectsNothing,
                "this expectation is about no resource",
                item.at,
                "no `resources` here",
            );
            reader.notes.push(note.help("write `resources: [NAME]`: names, URIs, or patterns with `*`"));
            continue;
        };
        if resources.items().is_empty() && matches!(resources.is, TreeIs::List(_)) {
            let note = Note::error(
                Code::ExpectsNothing,
                "this expectation is about no resource",
                resources.at,
                "expects nothing",
            );
            reader.notes.push(note.help("name one, or write `\"*\"` for all"));
        }
        let mut found: Vec<(String, bool)> = Vec::new();
        for (text, tree) in placed(key, resources, reader) {
            let exact = !text.contains('*');
            found.extend(place.find(&text, tree.at, reader.notes).into_iter().map(|it| (it, exact)));
        }
        if item.entries().len() == 1 {
            let note = Note::error(
                Code::ExpectsNothing,
                "this expectation is about nobody",
                item.at,
                "no persona here",
            );
            reader.notes.push(note.help(format!("name one of the personas: {}", personas.join(", "))));
        }
        for (key, tree) in entries.iter().filter(|(key, _)| &*key.name != "resources") {
            let Some(persona) = personas.iter().position(|it| **it == *key.name) else { continue };
            read_expectation(place, persona, &found, (key, tree), reader, &mut cases);
        }
    }
    cases.into_values().collect()
}

/// Reads what one persona may do to some resources.
fn read_expectation(
    place: &Place<'_>,
    persona: usize,
    resources: &[(String, bool)],
    (name, tree): (&Key, &Tree),
    reader: &mut Reader<'_>,
    cases: &mut Cases,
) {
    let entries = reader.entries(tree, &format!("what `{}` may do", name.name), KEYS);
    let part = |name: &str| entries.iter().find(|(key, _)| &*key.name == name).copied();
    let why = part("why").and_then(|(key, value)| reader.text(key, value));
    let via = part("via").map(|(key, value)| via(place, part("permit").is_some(), key, value, reader));
    let is_known = tree.entries().len() == entries.len();
    if is_known && part("permit").is_none() && part("deny").is_none() {
        let title = format!("nothing is expected of `{}`", name.name);
        let note = Note::error(Code::ExpectsNothing, title, name.at, "neither `permit` nor `deny`");
        reader
            .notes
            .push(note.help("write `permit: [SCOPE]`, or `deny: true` for all that the resource has"));
    }
    for (part, permit) in [(part("permit"), true), (part("deny"), false)] {
        let Some((key, value)) = part else { continue };
        for (resource, scope, at) in asked(place, resources, key, value, reader) {
            let via = if permit { via.clone().unwrap_or_default() } else { Vec::new() };
            let it = Expected { persona, resource, scope, permit, via, why: why.clone(), at };
            add(it, &name.name, reader.notes, cases);
        }
    }
}

/// The questions that `permit` or `deny` means: scopes by name, or `true` for all that a resource has, which is
/// the resource itself where it has none.
fn asked(
    place: &Place<'_>,
    resources: &[(String, bool)],
    key: &Key,
    value: &Tree,
    reader: &mut Reader<'_>,
) -> Vec<(String, Option<String>, At)> {
    let mut out = Vec::new();
    if let TreeIs::Bool(true) = value.is {
        for (resource, _) in resources {
            let scopes = place.scopes_of(resource);
            if scopes.is_empty() {
                out.push((resource.clone(), None, key.at));
            }
            out.extend(scopes.into_iter().map(|it| (resource.clone(), Some(it), key.at)));
        }
        return out;
    }
    if !matches!(value.is, TreeIs::List(_)) {
        reader.wrong(key, value, "a list of scopes, or true for all that the resource has");
        return out;
    }
    let scopes = placed(key, value, reader);
    if value.items().is_empty() {
        let title = format!("`{}` names no scope", key.name);
        let note = Note::error(Code::ExpectsNothing, title, value.at, "expects nothing");
        reader
            .notes
            .push(note.help("write `true` for all that the resource has, or for the resource itself"));
    }
    for (scope, tree) in scopes {
        if !place.has_scope(&scope, tree.at, reader.notes) {
            continue;
        }
        let mut has = 0;
        for (resource, exact) in resources {
            let own = place.scopes_of(resource);
            if own.contains(&scope) || (own.is_empty() && place.is_external(&place.resource(resource))) {
                out.push((resource.clone(), Some(scope.clone()), tree.at));
                has += 1;
            } else if *exact {
                let title = format!("resource `{resource}` has no scope `{scope}`");
                let note = Note::error(Code::UnknownScope, title, tree.at, "could never be permitted");
                reader.notes.push(if own.is_empty() {
                    note.help("it has no scopes: write `true` for the resource itself")
                } else {
                    note.help(format!("it has {}", own.join(", ")))
                });
                has += 1;
            }
        }
        if has == 0 && !resources.is_empty() {
            let title = format!("none of these resources has scope `{scope}`");
            reader.notes.push(Note::error(Code::UnknownScope, title, tree.at, "asks nothing"));
        }
    }
    out
}

/// Reads what the chain of a permit must go through: addresses, or their ends.
fn via(place: &Place<'_>, permits: bool, key: &Key, value: &Tree, reader: &mut Reader<'_>) -> Vec<String> {
    let all = placed(key, value, reader);
    if !permits {
        let note = Note::error(
            Code::WrongVia,
            "`via` goes with `permit` alone",
            key.at,
            "a denial goes through nothing",
        );
        reader.notes.push(note.help("take it out"));
    }
    for (text, tree) in &all {
        let is_there = place.state.objects.keys().any(|it| ends_with(it, text));
        let is_external = || parse_address(text).is_some_and(|it| place.is_external(&it));
        if !is_there && !is_external() {
            let note = Note::error(Code::WrongVia, format!("there is no `{text}`"), tree.at, "leads nowhere");
            let addresses: Vec<String> = place.state.objects.keys().map(ToString::to_string).collect();
            // What people write is the end of an address, of as many steps.
            let steps = text.matches('/').count() + 1;
            let ends = addresses
                .iter()
                .map(|it| it.rmatch_indices('/').nth(steps - 1).map_or(it.as_str(), |(at, _)| &it[at + 1..]));
            reader.notes.push(match nearest(text, ends) {
                Some(near) => note.help(format!("did you mean `{near}`?")),
                None => note.help("write `permission/NAME`, `policy/NAME`, `role/NAME` or `group/NAME`"),
            });
        }
    }
    all.into_iter().map(|(text, _)| text).collect()
}

/// The same thing said twice is fine; the opposite is not.
fn add(it: Expected, name: &str, notes: &mut Vec<Note>, cases: &mut Cases) {
    let key = (it.persona, it.resource.clone(), it.scope.clone());
    match cases.get_mut(&key) {
        Some(other) if other.permit != it.permit => {
            let what = it.scope.as_deref().unwrap_or("access");
            let title =
                format!("`{name}` is expected to be permitted and denied {what} on `{}`", it.resource);
            let word = |permit| if permit { "permitted here" } else { "denied here" };
            notes.push(
                Note::error(Code::Contradiction, title, it.at, word(it.permit))
                    .and(other.at, word(other.permit)),
            );
        }
        Some(other) => {
            other.via.extend(it.via);
            other.why = other.why.take().or(it.why);
        }
        None => {
            cases.insert(key, it);
        }
    }
}
