//! References: each must name something that is declared, built in, or declared elsewhere on purpose.

use super::known::Known;
use crate::kind::{self, wire_name};
use crate::state::{Address, Object};
use crate::text::{At, Code, Note};

pub(super) fn check(known: &Known<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    if let Some(parent) = address.parent().filter(|it| !known.has(it)) {
        let title = format!(
            "{} stands under {}, which is declared nowhere",
            kind::title(address),
            kind::title(&parent)
        );
        notes.push(unknown(known, title, (address, false), &parent, object.at));
    }
    object.each_ref(&mut |field, target, at| {
        let in_one_list = kind::kind(address.kind()).field(field).is_some_and(kind::Field::names_all);
        if in_one_list {
            ambiguous(known, target, at, notes);
        }
        if kind::kind(target.kind()).nests() {
            two_groups(known, target, at, notes);
        }
        // An export of a realm holds no users: a plan looks them up.
        let may_be_there = kind::is_asked_by_name(target) && known.desired.exported.contains(address);
        // Which object has an id, only the server tells.
        let is_told = may_be_there || kind::may_be_an_id(address, field, target);
        if !is_told && !known.has(target) {
            let title = format!(
                "{} names {} in `{field}`, which is declared nowhere",
                kind::title(address),
                kind::title(target)
            );
            notes.push(unknown(known, title, (address, in_one_list), target, at));
        }
    });
}

/// `from` is what names the target, and whether it does in a list of all of a kind, with their clients.
fn unknown(known: &Known<'_>, title: String, from: (&Address, bool), target: &Address, at: At) -> Note {
    let (from, in_one_list) = from;
    let elsewhere = format!("if it is managed elsewhere, add `{target}` to `external` in the project file");
    if !in_one_list
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
        let is_beside = near.parent() == target.parent();
        let near = if !in_one_list && is_beside && kind::kind(near.kind()).is_of_realm_or_client() {
            near.name().to_owned()
        } else {
            wire_name(&near)
        };
        return Note::error(Code::UnknownReference, title, at, format!("did you mean `{near}`?"))
            .help(format!("write `{near}`, or declare it; {elsewhere}"));
    }
    let label = match target.parent().filter(|it| !known.has(it)) {
        Some(parent) => format!("there is no {}", kind::title(&parent)),
        None => format!("there is no such {}", kind::words(target)),
    };
    Note::error(Code::UnknownReference, title, at, label).help(format!("declare it; {elsewhere}"))
}

/// Where only realm roles may stand: the client role that was meant, `client/name` or a bare name.
fn client_role(known: &Known<'_>, target: &Address) -> Option<Address> {
    let kind = kind::kind(target.kind());
    if !kind.is_of_realm_or_client() || target.parent().is_some() {
        return None;
    }
    if let Some((client, name)) = target.name().split_once('/') {
        let mut read = kind.under.iter().map(|up| Address::top(*up, client).child(kind.name, name));
        return read.find(|it| known.has(it));
    }
    known.named(kind.name, target.name()).iter().find(|it| it.parent().is_some()).map(|it| (*it).clone())
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
    if target.parent().is_none_or(|it| it.kind() == target.kind()) {
        return;
    }
    let whole = wire_name(target);
    if let Some(role) = known.desired.state.get(&Address::top(target.kind(), whole.as_str())) {
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
