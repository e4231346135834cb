//! Compares links: which are missing, which go, and which stay although nobody mentions them.

use std::collections::BTreeSet;

use super::fields::Compared;
use super::ownership::is_built_in;
use super::{Diff, Entry, How, Question, digest};
use crate::change::{FieldChange, Path, Reason, Refusal, To, Why};
use crate::kind::{self, Compare, Stays};
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note};

/// Compares the links that the object mentions: exact from the second apply on and on objects that this owner
/// creates, additive before and without an owner.
pub(super) fn compare(
    question: &Question<'_>,
    address: &Address,
    desired: &Object,
    live: &Object,
    entry: Option<&Entry>,
) -> Compared {
    let kind = kind::kind(address.kind());
    let mut out = Compared::default();
    for rule in kind.fields.iter().filter(|it| kind.link(it.name).is_some()) {
        let field = rule.name;
        let there = targets(live.get(field));
        // What is named in the field that excludes this one leaves it, whether this one is mentioned or not.
        let rival = desired.get(rule.excludes);
        let leaves: BTreeSet<Address> = targets(rival).intersection(&there).cloned().collect();
        let Some(node) = desired.get(field).or(rival.filter(|_| !leaves.is_empty())) else { continue };
        if question.live.unread.iter().any(|(object, name)| object == address && **name == *field) {
            out.refusals.push(Refusal {
                id: Reason::Unknown,
                address: address.clone(),
                message: format!("`{field}` of {} cannot be seen with this credential", kind::title(address)),
                at: node.at,
                consent: None,
            });
            continue;
        }
        let of = |field: &str| entry.and_then(|it| it.links.get(field)).cloned().unwrap_or_default();
        let (ours, ours_there) = (of(field), of(rule.excludes));
        let is_mentioned = desired.get(field).is_some();
        let wanted = if is_mentioned { linked(question, rule, desired, live) } else { there.clone() };
        let created = entry.is_some_and(|it| it.how == How::Created);
        let first_contact = !created && entry.is_none_or(|it| !it.links.contains_key(field));
        let exact = question.terms.adopt_exact.iter().any(|it| it.covers(address));
        let mut tolerated = entry.and_then(|it| it.tolerated.get(field)).cloned().unwrap_or_default();
        let extra: BTreeSet<Address> = there
            .difference(&wanted)
            .filter(|it| ours.contains(it) || !stays(question, address, rule, it, created))
            .cloned()
            .collect();
        if first_contact {
            tolerated.extend(extra.iter().cloned());
        }
        let additive = question.ownership.owner.is_none() && !created;
        let mut removable: BTreeSet<Address> =
            extra.iter().filter(|it| !additive && (exact || !tolerated.contains(it))).cloned().collect();
        let (no_longer, others): (BTreeSet<_>, BTreeSet<_>) =
            removable.difference(&leaves).cloned().partition(|it| ours.contains(it));
        removable.extend(leaves.iter().cloned());
        let (moved_back, mut new_gone): (BTreeSet<_>, BTreeSet<_>) =
            leaves.into_iter().partition(|it| ours_there.contains(it));
        let mut outside = moved_back;
        // What the server put there at first was granted by nobody.
        if created && entry.is_none_or(|it| !it.links.contains_key(field)) {
            new_gone.extend(others);
        } else {
            outside.extend(others);
        }
        let missing: BTreeSet<Address> = wanted.difference(&there).cloned().collect();
        let (put_back, new): (BTreeSet<_>, BTreeSet<_>) =
            missing.into_iter().partition(|it| ours.contains(it));
        let sent = entry.and_then(|it| it.not_kept.get(&Path::field(field).pointer()));
        let not_kept = sent.is_some() && digest(node).as_ref() == sent && outside.is_empty();
        let back = if not_kept { Why::NotKept } else { Why::LiveChanged };
        for (why, add, remove) in [
            (Why::ManifestChanged, new, new_gone),
            (back, put_back, outside),
            (Why::NotInManifests, BTreeSet::new(), no_longer),
        ] {
            if !add.is_empty() || !remove.is_empty() {
                out.changes.push(FieldChange {
                    path: Path::field(field),
                    from: live.get(field).cloned(),
                    to: To::Links { add, remove },
                    why,
                    at: node.at,
                });
            }
        }
        tolerated.retain(|it| there.contains(it) && !wanted.contains(it) && !removable.contains(it));
        if !tolerated.is_empty() {
            out.tolerated.insert(field.into(), tolerated);
        }
    }
    out
}

/// Returns the targets that the server links: those of another protocol it leaves out without a word.
fn linked(question: &Question<'_>, rule: &kind::Field, desired: &Object, live: &Object) -> BTreeSet<Address> {
    let mut wanted = targets(desired.get(rule.name));
    if rule.same_protocol {
        let own = kind::protocol([Some(desired), Some(live)]);
        wanted.retain(|it| own == protocol_of(question, it));
    }
    wanted
}

pub(super) fn targets(node: Option<&Node>) -> BTreeSet<Address> {
    node.map(|it| it.items().iter().filter_map(|it| it.as_ref().cloned()).collect()).unwrap_or_default()
}

/// Returns whether a link stays although nobody mentions it; what was there before counts only on objects that this
/// owner did not make.
pub(super) fn stays(
    question: &Question<'_>,
    address: &Address,
    rule: &kind::Field,
    target: &Address,
    created: bool,
) -> bool {
    match rule.stays {
        Stays::Nothing => false,
        // Where nobody may see which role it is, it could be any.
        Stays::DefaultRole => question.live.state.default_role.as_ref().is_none_or(|it| it == target),
        Stays::BuiltIn => !created && is_built_in(question, target),
        Stays::OfBuiltIn => is_built_in(question, address),
        Stays::Scopes { always, adopted } => {
            always.contains(&target.name()) || (!created && adopted.contains(&target.name()))
        }
    }
}

/// The protocol that a client scope has, or will have.
fn protocol_of<'a>(question: &'a Question<'_>, scope: &Address) -> &'a str {
    kind::protocol([question.desired.get(scope), question.live.state.get(scope)])
}

/// Notes what the server leaves out, and what is missing from what this plan leaves.
pub(super) fn check(question: &Question<'_>, out: &mut Diff) {
    let mut notes = Vec::new();
    for (address, object) in out.desired.objects.iter().filter(|(it, _)| question.terms.covers(it)) {
        for rule in kind::kind(address.kind()).fields.iter().filter(|it| it.same_protocol) {
            other_protocol(question, rule, address, object, &mut notes);
        }
        let expecting = kind::kind(address.kind()).fields.iter().filter(|it| !it.expects.is_empty());
        notes.extend(expecting.filter_map(|it| lacks(out, it, address, object)));
    }
    out.notes.extend(notes);
}

fn other_protocol(
    question: &Question<'_>,
    rule: &kind::Field,
    address: &Address,
    object: &Object,
    notes: &mut Vec<Note>,
) {
    let own = kind::protocol([Some(object), question.live.state.get(address)]);
    for item in object.get(rule.name).map(Node::items).unwrap_or_default() {
        let Some(scope) = item.as_ref() else { continue };
        let other = protocol_of(question, scope);
        if other != own {
            let title = format!("{} cannot have {}", kind::title(address), kind::title(scope));
            let note =
                Note::warning(Code::OtherProtocol, title, item.at, format!("is for {other}, not {own}"));
            notes.push(note.help("take it out: Keycloak leaves it out without a word"));
        }
    }
}

/// What is missing from a list of targets that most applications need one of.
fn lacks(out: &Diff, rule: &kind::Field, address: &Address, object: &Object) -> Option<Note> {
    let node = object.get(rule.name)?;
    let becomes = out.planned.get(address)?;
    let Compare::Refs(of) = rule.compare else { return None };
    let expected = Address::top(of, rule.expects);
    let is_elsewhere =
        rule.same_protocol && kind::protocol([Some(object), Some(becomes)]) != kind::OPENID_CONNECT;
    if is_elsewhere || !out.planned.contains(&expected) || targets(becomes.get(rule.name)).contains(&expected)
    {
        return None;
    }
    let title = if kind::kind(address.kind()).gives_defaults() {
        format!("new clients get no scope `{}`", rule.expects)
    } else {
        format!("{} lacks the scope `{}`", kind::title(address), rule.expects)
    };
    let label = format!("does not name `{}`", rule.expects);
    let note = Note::warning(Code::NoSubject, title, node.at, label);
    Some(note.help(format!("add `{}`: without it access tokens have no `sub`", rule.expects)))
}
