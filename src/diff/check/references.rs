//! Every reference must lead somewhere in the planned realm: Keycloak itself stores a policy that names an
//! unknown role with an empty list and answers 201.

use std::collections::BTreeSet;

use super::{Diff, Question};
use crate::change::Action;
use crate::kind::{self, Sent};
use crate::state::{Address, Found, Node, Object, unseen};
use crate::text::{At, Code, Note, nearest};

pub(super) fn check(question: &Question<'_>, out: &mut Diff) {
    let mut notes = Vec::new();
    for (address, object) in &out.desired.objects {
        if !question.terms.covers(address) {
            continue;
        }
        // What stands there is told with the client that is not there.
        let is_told = |it: &Address| kind::is_fine_grained(it, question.version);
        if let Some(parent) = address.parent().filter(|it| !is_told(it)) {
            lead(question, out, (address, ""), &parent, object.at, &mut notes);
        }
        object.each_ref(&mut |field, target, at| {
            let rule = kind::kind(address.kind()).field(field);
            // Which scopes and types there are is told with the permission.
            let is_told = kind::is_judged_by_type(address, object, target, question.version);
            if rule.is_none_or(|it| !matches!(it.sent, Sent::Relic)) && !is_told {
                lead(question, out, (address, field), target, at, &mut notes);
            }
        });
    }
    for (address, object) in out.desired.objects.iter().filter(|it| question.terms.covers(it.0)) {
        among(question, out, address, object, &mut notes);
    }
    out.notes.extend(notes);
}

/// Finds what may be named only where something above names it, too, and that does not.
fn among(question: &Question<'_>, out: &Diff, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    for rule in kind::kind(address.kind()).fields {
        let Some((above, list)) = rule.among.and_then(|(of, list)| Some((address.ancestor(of)?, list)))
        else {
            continue;
        };
        let is_unread = question.live.unread.contains(&(above.clone(), list));
        let Some(whole) = out.planned.get(&above).filter(|_| !is_unread) else { continue };
        let named: BTreeSet<&Address> = whole.refs(list).collect();
        for item in object.get(rule.name).map(Node::items).unwrap_or_default() {
            let Some(target) = item.as_ref().filter(|it| !named.contains(it)) else { continue };
            if !out.planned.contains(target) {
                continue;
            }
            let title = format!("{} is not in `{list}` of {}", kind::title(target), kind::title(&above));
            let label = format!("so it cannot be in {}", kind::title(address));
            let help = format!("add it to `{list}` of the {}, or take it out here", kind::words(&above));
            notes.push(Note::error(Code::NotTogether, title, item.at, label).help(help));
        }
    }
}

fn lead(
    question: &Question<'_>,
    out: &Diff,
    (from, field): (&Address, &str),
    target: &Address,
    at: At,
    notes: &mut Vec<Note>,
) {
    if out.planned.contains(target) {
        return;
    }
    let title = if kind::stands_for_default_role(target) {
        "the default role".to_owned()
    } else {
        kind::title(target)
    };
    // What goes with something else is not there in the end, either.
    let removed = out.changes.iter().any(|it| it.action == Action::Delete && it.object == *target)
        || question.live.state.contains(target);
    let nowhere =
        |title| Note::error(Code::NotInRealm, title, at, "neither in the manifests nor in the realm");
    let note = if removed {
        Note::error(
            Code::RemovedHere,
            format!("{title} is removed by this very plan"),
            at,
            format!("{} still needs it", kind::title(from)),
        )
        .help("declare it again, or take this reference out too")
    } else if let Found::Unknown { needs } = question.live.find(target) {
        Note::error(Code::CannotBeSeen, format!("{title} cannot be seen"), at, unseen(needs))
    } else if let Some(note) = left_out(question, target, at) {
        note
    } else if let Some((title, help)) = kind::no_such_id(field, target) {
        // It may be an id of another server.
        nowhere(title).help(help)
    } else {
        let all = out.planned.objects.iter();
        let mut beside = all.filter(|it| it.0.kind() == target.kind() && it.0.parent() == target.parent());
        let note = nowhere(format!("unknown {title}"));
        let owned = beside.clone().find(|(it, object)| kind::own_name(it, object) == target.name());
        let near = || nearest(target.name(), beside.by_ref().map(|it| it.0.name()));
        match owned.map(|it| it.0.name()).or_else(near) {
            Some(near) => note.help(format!("did you mean `{near}`?")),
            None => note.help("declare it, or take the reference out"),
        }
    };
    notes.push(note);
}

/// Returns what to say of something that is declared, not there yet, and not made by this run, because a flag leaves
/// it out.
pub(in crate::diff) fn left_out(question: &Question<'_>, target: &Address, at: At) -> Option<Note> {
    let flag = question.terms.left_out_by(target)?;
    if !question.desired.contains(target) || question.live.state.contains(target) {
        return None;
    }
    let title = format!("{} is not in the realm, and {flag} leaves it out", kind::title(target));
    let note = Note::error(Code::NotInRealm, title, at, "declared, and not applied yet");
    Some(note.help(match flag {
        "--only" => format!("add `--only {target}`, or apply it first"),
        _ => format!("run without the `{flag}` that covers it, or apply it first"),
    }))
}
