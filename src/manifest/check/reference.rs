//! References: each must name something that is declared, built in, or declared elsewhere on purpose.

use super::known::Known;
use crate::kind::{self, CLIENT, GROUP, POLICY, ROLE, USER, wire_name};
use crate::state::{Address, Object};
use crate::text::{At, Code, Note};

pub(super) fn check(known: &Known<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    if let Some(parent) = address.parent().filter(|it| !known.has(it)) {
        let title = format!(
            "{} stands under {}, which is declared nowhere",
            kind::title(address),
            kind::title(&parent)
        );
        notes.push(unknown(known, title, address, &parent, object.at));
    }
    object.each_ref(&mut |field, target, at| {
        if target.kind() == ROLE && address.kind() == POLICY {
            ambiguous(known, target, at, notes);
        }
        if target.kind() == GROUP {
            two_groups(known, target, at, notes);
        }
        // An export of a realm holds no users: a plan looks them up.
        let may_be_there = target.kind() == USER && known.desired.exported.contains(address);
        if !may_be_there && !known.has(target) {
            let title = format!(
                "{} names {} in `{field}`, which is declared nowhere",
                kind::title(address),
                kind::title(target)
            );
            notes.push(unknown(known, title, address, target, at));
        }
    });
}

fn unknown(known: &Known<'_>, title: String, from: &Address, target: &Address, at: At) -> Note {
    let elsewhere = format!("if it is managed elsewhere, add `{target}` to `external` in the project file");
    if from.kind() != POLICY
        && let Some(role) = client_role(known, target)
        && let Some(client) = role.parent()
    {
        let (role, client) = (role.name(), client.name());
        return Note::error(
            Code::UnknownReference,
            title,
            at,
            format!("`{role}` is a role of client `{client}`"),
        )
        .help(format!("name it among client roles: `{client}: [{role}]`; {elsewhere}"));
    }
    if let Some(near) = known.near(target, from) {
        let near = if from.kind() != POLICY && near.parent() == target.parent() && near.kind() == ROLE {
            near.name().to_owned()
        } else {
            wire_name(&near)
        };
        return Note::error(Code::UnknownReference, title, at, format!("did you mean `{near}`?"))
            .help(format!("write `{near}`, or declare it; {elsewhere}"));
    }
    let label = match target.parent().filter(|it| !known.has(it)) {
        Some(parent) => format!("there is no {}", kind::title(&parent)),
        None => format!("there is no such {}", words(target)),
    };
    Note::error(Code::UnknownReference, title, at, label).help(format!("declare it; {elsewhere}"))
}

/// Where only realm roles may stand: the client role that was meant, `client/name` or a bare name.
fn client_role(known: &Known<'_>, target: &Address) -> Option<Address> {
    if target.kind() != ROLE || target.parent().is_some() {
        return None;
    }
    if let Some((client, name)) = target.name().split_once('/') {
        return Some(Address::top(CLIENT, client).child(ROLE, name)).filter(|it| known.has(it));
    }
    known.named(ROLE, target.name()).iter().find(|it| it.parent().is_some()).map(|it| (*it).clone())
}

fn words(address: &Address) -> &'static str {
    if address.kind() == ROLE && address.steps().len() > 1 {
        "client role"
    } else {
        kind::kind(address.kind()).title
    }
}

/// `/eng/Admins` is a group in another one, unless a group has that very name.
fn two_groups(known: &Known<'_>, target: &Address, at: At, notes: &mut Vec<Note>) {
    let path = wire_name(target);
    for other in known.at_path(&path).iter().filter(|it| **it != target) {
        let Some(object) = known.desired.state.get(other) else { continue };
        notes.push(
            Note::error(
                Code::Ambiguous,
                format!("`{path}` could be two groups"),
                at,
                "read as a group in another one",
            )
            .and(object.at, format!("but {} has the same path", kind::title(other)))
            .help("rename one of them: no reference can tell them apart"),
        );
    }
}

/// `client/name` in a policy is a client role, unless a realm role has that very name.
fn ambiguous(known: &Known<'_>, target: &Address, at: At, notes: &mut Vec<Note>) {
    let Some(client) = target.parent().filter(|it| it.kind() == CLIENT) else { return };
    let whole = format!("{}/{}", client.name(), target.name());
    if let Some(role) = known.desired.state.get(&Address::top(ROLE, whole.as_str())) {
        let escaped = whole.replace('/', "%2F");
        notes.push(
            Note::error(
                Code::Ambiguous,
                format!("`{whole}` could be two roles"),
                at,
                "read as a client role",
            )
            .and(role.at, "but a realm role has this name")
            .help(format!("write `{escaped}` for the realm role; rename it to mean the client role")),
        );
    }
}
