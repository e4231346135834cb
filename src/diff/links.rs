//! Compares links: which are missing, and which are there and not wanted.

use std::collections::BTreeSet;

use super::fields::FieldsCompared;
use super::wanted::{WantedLinks, protocol_of, targets};
use super::{Diff, Entry, How, Question, digest};
use crate::change::{FieldChange, Path, To, Why};
use crate::kind::{self, Compare};
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note};

/// Compares wanted links with those of a live object. What was applied before tells the reasons, and nothing else.
pub(super) fn compare(
    wanted: &[WantedLinks<'_>],
    live: &Object,
    applied: Option<&Entry>,
    out: &mut FieldsCompared,
) {
    for links in wanted {
        out.changes.extend(changes(links, live, applied));
        if !links.tolerated.is_empty() {
            out.tolerated.insert(links.rule.name.into(), links.tolerated.clone());
        }
    }
}

/// Returns the changes of one field, one for each reason.
fn changes(links: &WantedLinks<'_>, live: &Object, applied: Option<&Entry>) -> Vec<FieldChange> {
    let (field, there) = (links.rule.name, &links.there);
    let was_linked = |field: &str, it: &Address| {
        applied.and_then(|it| it.links.get(field)).is_some_and(|links| links.contains(it))
    };
    let is_ours = |it: &Address| was_linked(field, it);
    let missing: BTreeSet<Address> = links.wanted.difference(there).cloned().collect();
    let gone: BTreeSet<Address> = there.difference(&links.wanted).cloned().collect();
    let (leaving, others): (BTreeSet<_>, BTreeSet<_>) =
        gone.into_iter().partition(|it| links.leaves.contains(it));
    let (no_longer, others): (BTreeSet<_>, BTreeSet<_>) = others.into_iter().partition(is_ours);
    let (mut outside, mut new_gone): (BTreeSet<_>, BTreeSet<_>) =
        leaving.into_iter().partition(|it| was_linked(links.rule.excludes, it));
    // What the server put there at first was granted by nobody.
    if applied.is_some_and(|it| it.how == How::Created && !it.links.contains_key(field)) {
        new_gone.extend(others);
    } else {
        outside.extend(others);
    }
    let (put_back, new): (BTreeSet<_>, BTreeSet<_>) = missing.into_iter().partition(is_ours);
    let sent = applied.and_then(|it| it.not_kept.get(&Path::field(field).pointer()));
    let not_kept = sent.is_some() && digest(links.node).as_ref() == sent && outside.is_empty();
    let back = if not_kept { Why::NotKept } else { Why::LiveChanged };
    let reasons = [
        (Why::ManifestChanged, new, new_gone),
        (back, put_back, outside),
        (Why::NotInManifests, BTreeSet::new(), no_longer),
    ];
    let changed = reasons.into_iter().filter(|(_, add, remove)| !add.is_empty() || !remove.is_empty());
    changed
        .map(|(why, add, remove)| FieldChange {
            path: Path::field(field),
            from: live.get(field).cloned(),
            to: To::Links { add, remove },
            why,
            at: links.node.at,
        })
        .collect()
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
