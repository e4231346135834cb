//! Policies and permissions that Keycloak stores and that cannot mean what was meant.

use super::{Said, time};
use crate::kind::{POLICY, main_field, policy_types, title};
use crate::state::{Address, Node, Object};
use crate::text::java_regex::{self, Verdict};
use crate::text::{At, Code, Note, Severity, nearest};

/// Notes what is always wrong with an object of this title and type, and returns what is wrong unless the server wrote it.
type OfType = fn(&str, &str, &Object, &mut Vec<Note>) -> Vec<Note>;

pub(in crate::kind) fn policy(said: Said<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    check(said, address, object, of_policy, notes);
}

pub(in crate::kind) fn permission(said: Said<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    check(said, address, object, of_permission, notes);
}

fn check(said: Said<'_>, address: &Address, object: &Object, of_type: OfType, notes: &mut Vec<Note>) {
    // One without fields is only mentioned.
    if object.fields.is_empty() {
        return;
    }
    let of = object.text("type");
    let title = title(address);
    let at = object.get("type").map_or(object.at, |it| it.at);
    if of.is_empty() {
        notes.push(
            Note::error(Code::Missing, format!("{title} has no `type`"), object.at, "needs `type`").help(
                format!(
                    "one of {}",
                    policy_types(address.kind()).filter(|it| *it != "uma").collect::<Vec<_>>().join(", ")
                ),
            ),
        );
        return;
    }
    if let Some(note) = wrong_type(address, of, at) {
        notes.push(note);
        return;
    }
    // Servers write such things themselves, so in an export's spelling they are findings, not errors.
    let severity = if said.exported.contains(address) { Severity::Warning } else { Severity::Error };
    let found = of_type(&title, of, object, notes);
    notes.extend(found.into_iter().map(|it| Note { severity, ..it }));
}

fn wrong_type(address: &Address, of: &str, at: At) -> Option<Note> {
    let title = title(address);
    let known: Vec<&str> = policy_types(address.kind()).collect();
    if of == "uma" {
        return Some(
            Note::error(
                Code::OwnersPermission,
                format!("{title} is a uma permission"),
                at,
                "owners of resources make those",
            )
            .help("use a resource or scope permission; what owners share is not managed"),
        );
    }
    if known.contains(&of) {
        return None;
    }
    let near = nearest(of, known.iter().copied());
    if address.kind() == POLICY {
        // Any other type is a provider of this server's own.
        return near.map(|near| {
            Note::error(
                Code::WrongType,
                format!("{title} is of unknown type `{of}`"),
                at,
                format!("did you mean `{near}`?"),
            )
            .help(format!("write `type: {near}`"))
        });
    }
    let note = Note::error(
        Code::WrongType,
        format!("{title} cannot be of type `{of}`"),
        at,
        match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "not a type of permission".to_owned(),
        },
    );
    Some(note.help(if main_field(of).is_some() {
        "a policy of this type stands under `policies`"
    } else {
        "a permission is of type resource or scope"
    }))
}

fn is_empty(object: &Object, field: &str) -> bool {
    object.get(field).is_none_or(|it| it.items().is_empty() && it.as_text().is_none())
}

/// Returns where a field is empty, or the object where it is missing.
fn place(object: &Object, field: &str) -> At {
    object.get(field).map_or(object.at, |it| it.at)
}

fn of_permission(title: &str, of: &str, object: &Object, notes: &mut Vec<Note>) -> Vec<Note> {
    let mut found = Vec::new();
    if is_empty(object, "policies") {
        found.push(
            Note::error(
                Code::NoPolicies,
                format!("{title} has no policies"),
                place(object, "policies"),
                "Keycloak skips it",
            )
            .help("name one: `policies: [NAME]`"),
        );
    }
    if of == "resource" && is_empty(object, "resources") && is_empty(object, "resourceType") {
        found.push(
            Note::error(
                Code::CoversNothing,
                format!("{title} has no resources"),
                place(object, "resources"),
                "protects nothing",
            )
            .help("name what it protects: `resources: [NAME]` or `resourceType: TYPE`"),
        );
    }
    if of == "scope" && is_empty(object, "scopes") {
        found.push(
            Note::error(
                Code::CoversNothing,
                format!("{title} has no scopes"),
                place(object, "scopes"),
                "protects nothing",
            )
            .help("name what it protects: `scopes: [NAME]`"),
        );
    }
    if let Some(logic) = object.get("logic").filter(|it| it.as_text() == Some("NEGATIVE")) {
        notes.push(
            Note::warning(
                Code::LogicIgnored,
                format!("the logic of {title} has no effect"),
                logic.at,
                "Keycloak ignores it on permissions",
            )
            .help("turn the logic of its policies instead"),
        );
    }
    found
}

fn of_policy(title: &str, of: &str, object: &Object, notes: &mut Vec<Note>) -> Vec<Note> {
    let missing = |field: &str, label: &str, help: &str| {
        Note::error(Code::EmptyPolicy, format!("{title} has no `{field}`"), place(object, field), label)
            .help(help)
    };
    let mut found = Vec::new();
    match of {
        "js" => notes.push(
            Note::remark(
                Code::JavaScript,
                format!("{title} is JavaScript"),
                object.at,
                "most servers cannot run it, and what it decides is unknown here",
            )
            .help("the server needs the feature `scripts`; `plan` asks it"),
        ),
        "time" => {
            let values =
                ["notBefore", "notOnOrAfter"].into_iter().chain(time::UNITS.iter().map(|it| it.name));
            // An end without a start is said by the check of times.
            let ends = time::UNITS.iter().map(|it| it.end);
            if values.clone().chain(ends).all(|it| is_empty(object, it)) {
                found.push(
                    Note::error(
                        Code::EmptyPolicy,
                        format!("{title} has no times"),
                        object.at,
                        "permits at any time",
                    )
                    .help(format!("give one of {}", values.collect::<Vec<_>>().join(", "))),
                );
            }
            time::check(title, object, &mut found);
            // The one mistake of a policy that the server refuses, whoever wrote it (26.0 and 26.7).
            notes.extend(time::ends_before_it_begins(title, object));
        }
        "regex" => {
            for field in ["pattern", "targetClaim"] {
                if is_empty(object, field) {
                    found.push(missing(
                        field,
                        "every evaluation fails",
                        "it needs `pattern` and `targetClaim`",
                    ));
                }
            }
            if let Some(pattern) = object.get("pattern")
                && let Some(text) = pattern.as_text()
                && let Verdict::Broken { why, at } = java_regex::compile(text)
            {
                notes.push(
                    Note::error(
                        Code::WrongPattern,
                        format!("the pattern of {title} is not a regular expression"),
                        pattern.at,
                        format!("{why}, at character {}", at + 1),
                    )
                    .help("Keycloak stores it, and every evaluation fails; it takes Java's syntax"),
                );
            }
        }
        _ => {
            if let Some(field) = main_field(of).filter(|it| !it.is_empty())
                && is_empty(object, field)
            {
                let negative = object.get("logic").and_then(Node::as_text) == Some("NEGATIVE");
                let label = if negative { "permits everybody" } else { "permits nobody" };
                found.push(missing(field, label, &format!("name one: `{field}: [NAME]`")));
            }
        }
    }
    found
}
