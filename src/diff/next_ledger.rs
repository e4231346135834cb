//! The ledger that a plan leaves behind.

use std::collections::{BTreeMap, BTreeSet};

use super::{Diff, Entry, How, Ledger, Question, digest};
use crate::change::{Action, Change, Path, Why};
use crate::kind::{self, Compare};
use crate::state::{Address, Node, Object};

/// Returns the ledger after this plan: entries of what was done, old ones where `failed` says it was not.
pub fn next_ledger(question: &Question<'_>, diff: &Diff, failed: &dyn Fn(&Address) -> bool) -> Ledger {
    let mut ledger = question.ownership.ledger.clone().unwrap_or_default();
    ledger.owner = question.ownership.owner.clone().unwrap_or_default();
    // What is half made only the run itself knows.
    ledger.pending.clear();
    // What came with the realm is forgotten once it is as it came.
    let is_ended = |it: &Change| {
        let is_remnant = it.action == Action::Update && !diff.desired.contains(&it.object);
        is_remnant && diff.left_behind.iter().all(|left| left.address != it.object)
    };
    let is_end = |it: &&Change| matches!(it.action, Action::Delete | Action::Forget) || is_ended(it);
    for change in diff.changes.iter().filter(is_end) {
        if !failed(&change.object) {
            ledger.entries.remove(&change.object);
        }
    }
    let created: BTreeSet<&Address> =
        diff.changes.iter().filter(|it| it.action == Action::Create).map(|it| &it.object).collect();
    for (address, object) in &diff.desired.objects {
        let is_place = object.fields.is_empty() && !created.contains(address);
        let anothers = question.ownership.others.values().any(|it| it.entries.contains_key(address));
        let known = ledger.entries.contains_key(address);
        if !question.terms.covers(address)
            || failed(address)
            || (!known && (is_place || (anothers && !kind::is_everybodys(address))))
        {
            continue;
        }
        let old = ledger.entries.get(address);
        let entry = entry(question, diff, address, object, old, created.contains(address));
        ledger.entries.insert(address.clone(), entry);
    }
    // What is left behind stays known, so that every plan says so until it is gone.
    for left in &diff.left_behind {
        let old = question.ownership.ledger.as_ref().and_then(|it| it.entries.get(&left.address));
        let entry = ledger.entries.get_mut(&left.address);
        let (Some(path), Some(old), Some(entry)) = (&left.path, old, entry) else { continue };
        if let Some(digest) = old.fields.get(&path.pointer()) {
            entry.fields.insert(path.pointer(), digest.clone());
        } else if let Some(links) = old.links.get(&*path.field) {
            entry.links.insert(path.field.to_string(), links.clone());
        }
    }
    for (address, path, _) in diff.cannot_tell.iter().filter(|(it, _, _)| !created.contains(it)) {
        let old = question.ownership.ledger.as_ref().and_then(|it| it.entries.get(address));
        let is_known = old.is_some_and(|it| it.secrets.contains_key(&path.pointer()));
        if let Some(entry) = ledger.entries.get_mut(address).filter(|_| !is_known) {
            entry.secrets.remove(&path.pointer());
        }
    }
    // What is called by its place is called otherwise from now on.
    let names = kind::listed_names(&diff.planned);
    if !names.is_empty() && !diff.changes.iter().any(|it| failed(&it.object)) {
        let listed = |it: Address| {
            let moved = [it.clone()].into_iter().chain(it.ancestors()).find_map(|from| {
                let to = names.get(&from)?;
                Some(it.moved(&from, to))
            });
            moved.unwrap_or(it)
        };
        ledger.entries = ledger.entries.into_iter().map(|(it, entry)| (listed(it), entry)).collect();
    }
    ledger
}

fn entry(
    question: &Question<'_>,
    diff: &Diff,
    address: &Address,
    object: &Object,
    old: Option<&Entry>,
    is_new: bool,
) -> Entry {
    let kind = kind::kind(address.kind());
    let how = match old {
        Some(old) => old.how,
        None if is_new || question.live.find(address).object().is_none() => How::Created,
        None => How::Adopted,
    };
    let mut entry = Entry { how, ..Entry::default() };
    if kind.is_ranked() && !is_new {
        let live = question.live.find(address).object().and_then(|it| it.id.as_deref().map(str::to_owned));
        entry.id = live.or_else(|| old.and_then(|it| it.id.clone()));
    }
    let is_sent = |pointer: &str| {
        let changes = diff.changes.iter().filter(|it| it.object == *address);
        is_new || changes.flat_map(|it| &it.fields).any(|it| it.path.pointer() == pointer)
    };
    let unsaid = |pointer: &str| {
        let known = old.and_then(|it| it.secrets.get(pointer)).copied();
        known.or_else(|| is_sent(pointer).then_some(0))
    };
    for (name, node) in &object.fields {
        if kind.link(name).is_some() {
            let targets = node.items().iter().filter_map(|it| it.as_ref().cloned()).collect();
            entry.links.insert(name.to_string(), targets);
        } else if kind.is_compared(name) {
            // What an item does not say stays as it is there, and was applied with it.
            let is_part = kind.field(name).is_some_and(|it| matches!(it.compare, Compare::Keyed(_)));
            let whole = diff.planned.get(address).and_then(|it| it.get(name)).filter(|_| is_part);
            let node = whole.unwrap_or(node);
            match node.as_map() {
                Some(map) => entry.fields.extend(
                    map.iter()
                        .filter_map(|(key, node)| Some((Path::key(name, key).pointer(), digest(node)?))),
                ),
                None => entry.fields.extend(digest(node).map(|it| (Path::field(name).pointer(), it))),
            }
        }
        versions(name, node, &unsaid, &mut entry.secrets);
    }
    // Remembered for as long as the same is sent again.
    let sent_again = |pointer: &str| {
        let changes = diff.changes.iter().filter(|it| it.object == *address);
        let mut fields = changes.clone().flat_map(|it| &it.fields);
        if pointer.is_empty() {
            changes.clone().any(|it| it.action == Action::Create)
        } else {
            fields.any(|it| it.path.pointer() == pointer && it.why == Why::NotKept)
        }
    };
    entry.not_kept = old.map(|it| it.not_kept.clone()).unwrap_or_default();
    entry.not_kept.retain(|pointer, _| sent_again(pointer));
    let tolerated = diff.tolerated.range((address.clone(), "".into())..);
    for ((_, field), targets) in tolerated.take_while(|((it, _), _)| it == address) {
        entry.tolerated.insert(field.to_string(), targets.clone());
    }
    entry
}

/// The versions of the secrets in a field, under the pointer by which the comparison asks for them. What says no version has
/// that which is known of it; what was sent without one is older than any that will be said.
fn versions(name: &str, node: &Node, unsaid: &dyn Fn(&str) -> Option<u32>, out: &mut BTreeMap<String, u32>) {
    let mut note = |pointer: String, node: &Node| {
        node.each_secret(&mut |secret, _| {
            if let Some(version) = secret.version.or_else(|| unsaid(&pointer)) {
                let newest = out.entry(pointer.clone()).or_insert(version);
                *newest = version.max(*newest);
            }
        });
    };
    match node.as_map() {
        Some(map) => map.iter().for_each(|(key, node)| note(Path::key(name, key).pointer(), node)),
        None => note(Path::field(name).pointer(), node),
    }
}
