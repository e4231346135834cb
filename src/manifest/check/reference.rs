//! References: each must name something that is declared, built in, or declared elsewhere on purpose.

use super::known::Known;
use crate::kind::{self, CLIENT, POLICY, ROLE};
use crate::state::{Address, Object};
use crate::text::{At, Note};

pub(super) fn check(known: &Known<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    if let Some(parent) = address.parent().filter(|it| !known.has(it)) {
        let title = format!(
            "{} stands under {}, which is declared nowhere",
            kind::title(address),
            kind::title(&parent)
        );
        notes.push(unknown(known, title, &parent, object.at));
    }
    object.each_ref(&mut |field, target, at| {
        if target.kind() == ROLE && address.kind() == POLICY {
            ambiguous(known, target, at, notes);
        }
        if !known.has(target) {
            let title = format!(
                "{} names {} in `{field}`, which is declared nowhere",
                kind::title(address),
                kind::title(target)
            );
            notes.push(unknown(known, title, target, at));
        }
    });
}

fn unknown(known: &Known<'_>, title: String, target: &Address, at: At) -> Note {
    let label = match target.parent().filter(|it| !known.has(it)) {
        Some(parent) => format!("there is no {}", kind::title(&parent)),
        None => format!("there is no such {}", words(target)),
    };
    let elsewhere = format!("if it is managed elsewhere, add `{target}` to `external` in the project file");
    match known.near(target) {
        Some(near) => Note::error("RW0201", title, at, format!("did you mean `{near}`?"))
            .help(format!("write `{near}`, or declare it; {elsewhere}")),
        None => Note::error("RW0201", title, at, label).help(format!("declare it; {elsewhere}")),
    }
}

fn words(address: &Address) -> &'static str {
    if address.kind() == ROLE && address.steps().len() > 1 {
        "client role"
    } else {
        kind::kind(address.kind()).title
    }
}

/// `client/name` in a policy is a client role, unless a realm role has that very name.
fn ambiguous(known: &Known<'_>, target: &Address, at: At, notes: &mut Vec<Note>) {
    let Some(client) = target.parent().filter(|it| it.kind() == CLIENT) else { return };
    let whole = format!("{}/{}", client.name(), target.name());
    if let Some(role) = known.desired.state.get(&Address::top(ROLE, whole.as_str())) {
        let escaped = whole.replace('/', "%2F");
        notes.push(
            Note::error("RW0203", format!("`{whole}` could be two roles"), at, "read as a client role")
                .and(role.at, "but a realm role has this name")
                .help(format!("write `{escaped}` for the realm role; rename it to mean the client role")),
        );
    }
}
