//! Placeholders of other tools, which reach Keycloak as they are written.

use std::collections::BTreeSet;

use crate::kind;
use crate::state::{Address, Is, Node, Object};
use crate::text::{At, Code, Note};

/// How placeholders begin and end.
const FORMS: &[(&str, &str)] = &[("${", "}"), ("$(", ")"), ("{{", "}}")];

/// What Keycloak itself replaces when it shows or uses a value: `${role_admin}`, `${vault.smtp}`.
const KEYCLOAKS_PREFIXES: &[&str] =
    &["role_", "client_", "vault.", "profile.", "validation.", "CLAIM.", "ATTRIBUTE."];
const KEYCLOAKS: &[&str] =
    &["ALIAS", "authAdminUrl", "authBaseUrl", "email", "firstName", "lastName", "username"];
const KEYCLOAKS_SUFFIXES: &[&str] = &["ScopeConsentText"];

/// Fields that hold programs, in which such signs mean something else.
const PROGRAMS: &[&str] = &["code", "pattern"];

pub(super) fn check(address: &Address, object: &Object, notes: &mut Vec<Note>) {
    if !kind::kind(address.kind()).key.is_empty() {
        note(kind::kind(address.kind()).key, address.name(), object.at, address, notes);
    }
    for (field, node) in object.fields.iter().filter(|(it, _)| !PROGRAMS.contains(&&***it)) {
        walk(field, node, address, &mut BTreeSet::new(), notes);
    }
}

/// One note for each form in a field.
fn walk<'a>(
    field: &str,
    node: &'a Node,
    address: &Address,
    said: &mut BTreeSet<&'a str>,
    notes: &mut Vec<Note>,
) {
    match &node.is {
        Is::Text(text) => {
            for found in placeholders(text) {
                if said.insert(&found[..2]) {
                    notes.push(literal(field, found, node.at, address));
                }
            }
        }
        Is::List(items) | Is::Sequence(items) => {
            for it in items {
                walk(field, it, address, said, notes);
            }
        }
        Is::Map(map) => map.iter().for_each(|(key, it)| {
            walk(&format!("{field}.{key}"), it, address, &mut BTreeSet::new(), notes);
        }),
        Is::Null | Is::Bool(_) | Is::Number(_) | Is::Ref(_) | Is::Secret(_) | Is::Hidden(_) => {}
    }
}

fn note(field: &str, text: &str, at: At, address: &Address, notes: &mut Vec<Note>) {
    notes.extend(placeholders(text).next().map(|it| literal(field, it, at, address)));
}

fn literal(field: &str, found: &str, at: At, address: &Address) -> Note {
    let title = format!("`{found}` in `{field}` of {} is taken literally", kind::title(address));
    Note::warning(Code::Placeholder, title, at, "variables are not in this version")
        .help("write the value itself; secrets take `{ fromEnv: NAME }`")
}

/// Returns what looks like a placeholder, and is none of Keycloak's.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    FORMS.iter().flat_map(move |(open, close)| {
        text.match_indices(open).filter_map(move |(start, _)| {
            let inner = &text[start + open.len()..];
            let end = inner.find(close)?;
            is_name(open, inner[..end].trim()).then(|| &text[start..start + open.len() + end + close.len()])
        })
    })
}

fn is_name(open: &str, name: &str) -> bool {
    let is_word = |it: &str| {
        !it.is_empty()
            && it.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '-' | '.' | ':' | '/'))
    };
    match open {
        "$(" => name.split_once(':').is_some_and(|(source, it)| is_word(source) && !it.is_empty()),
        "${" => {
            is_word(name)
                && !KEYCLOAKS.contains(&name)
                && !KEYCLOAKS_PREFIXES.iter().any(|it| name.starts_with(it))
                && !KEYCLOAKS_SUFFIXES.iter().any(|it| name.ends_with(it))
        }
        _ => is_word(name),
    }
}

#[cfg(test)]
mod tests {
    use super::placeholders;

    #[test]
    fn placeholders_of_other_tools_are_found_and_those_of_keycloak_are_not() {
        for (text, found) in [
            ("${APP_ID}", &["${APP_ID}"][..]),
            ("https://${HOST}:${PORT:8080}/*", &["${HOST}", "${PORT:8080}"]),
            ("$(env:X:-a b)", &["$(env:X:-a b)"]),
            ("$(file:/run/x)", &["$(file:/run/x)"]),
            ("{{ host }}", &["{{ host }}"]),
            ("a {{x}} b", &["{{x}}"]),
            ("${role_view-users}", &[]),
            ("${client_account}", &[]),
            ("${authBaseUrl}/x", &[]),
            ("${vault.smtp}", &[]),
            ("${profileScopeConsentText}", &[]),
            ("${profile.attributes.phone}", &[]),
            ("${CLAIM.sub}", &[]),
            ("$(document).ready", &[]),
            ("a{2}", &[]),
            ("{{", &[]),
            ("${}", &[]),
            ("$1", &[]),
        ] {
            assert_eq!(placeholders(text).collect::<Vec<_>>(), found, "{text}");
        }
    }
}
