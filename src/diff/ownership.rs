//! Whose an object is, what may go, and what must not be touched.

use std::collections::{BTreeMap, BTreeSet};

use super::cascade::{self, Effect, Fate};
use super::planned::{lost, taken};
use super::{Diff, Entry, How, Ledger, LeftBehind, Memory, Ownership, Question, digest};
use crate::change::{Action, Change, ConsentKey, Path, Reason, Refusal, Why};
use crate::kind;
use crate::manifest::Prune;
use crate::state::{Address, Found, Known, Node, Object, State};
use crate::text::At;

/// Returns what is known of earlier applies.
pub(super) fn memory(ownership: &Ownership) -> Memory {
    match (&ownership.owner, &ownership.ledger) {
        (None, _) => Memory::NoOwner,
        (Some(_), None) => Memory::NoLedger,
        (Some(_), Some(_)) => Memory::Ledger,
    }
}

/// Returns why the fields of an object may not be set: it belongs to another owner. Naming it as a place is allowed.
pub(super) fn anothers(question: &Question<'_>, address: &Address, object: &Object) -> Option<Refusal> {
    if object.fields.is_empty() || kind::is_everybodys(address) || is_ours(question, address) {
        return None;
    }
    let (owner, _) = question.ownership.others.iter().find(|(_, it)| it.entries.contains_key(address))?;
    Some(Refusal {
        id: Reason::Owner,
        address: address.clone(),
        message: format!(
            "{} is managed by owner `{owner}`; mention it without fields, or run with `--owner {owner}`",
            kind::title(address)
        ),
        at: object.at,
        consent: None,
    })
}

/// Returns whether the ledger of this owner lists an object.
pub(super) fn is_ours(question: &Question<'_>, address: &Address) -> bool {
    question.ownership.ledger.as_ref().is_some_and(|it| it.entries.contains_key(address))
}

/// Takes over nothing that exists while a ledger cannot be read that may list it.
pub(super) fn hands_off(question: &Question<'_>, out: &mut Diff) {
    let Some(why) = question.ownership.unreadable.first() else { return };
    let may_be_anothers = |change: &Change| {
        matches!(change.action, Action::Update | Action::Adopt)
            && !kind::is_everybodys(&change.object)
            && question.live.state.contains(&change.object)
            && !is_ours(question, &change.object)
    };
    let (theirs, changes) = std::mem::take(&mut out.changes).into_iter().partition(may_be_anothers);
    out.changes = changes;
    let theirs: Vec<Change> = theirs;
    let Some(first) = theirs.first() else { return };
    let more = match theirs.len() - 1 {
        0 => String::new(),
        1 => " and 1 other object".to_owned(),
        more => format!(" and {more} other objects"),
    };
    out.refusals.push(Refusal {
        id: Reason::Owner,
        address: first.object.clone(),
        message: format!(
            "{}{more} may be managed by somebody else, so nothing that exists is taken over: {why}",
            kind::title(&first.object)
        ),
        at: first.at,
        consent: None,
    });
    out.unwritable.extend(theirs.into_iter().filter(|it| it.action == Action::Update));
}

/// Refuses fields on one of several live objects of a name: it could be another one that is meant.
pub(super) fn is_one_of_several(address: &Address, object: &Object, live: &Object, out: &mut Diff) -> bool {
    let is = live.namesakes > 0 && !object.fields.is_empty();
    if is {
        out.refusals.push(several(address, live, object.at));
    }
    is
}

fn several(address: &Address, live: &Object, at: At) -> Refusal {
    let place = address.parent().map(|it| format!(" of {}", kind::title(&it))).unwrap_or_default();
    Refusal {
        id: Reason::Ambiguous,
        address: address.clone(),
        message: format!(
            "{}{place} is there {} times in Keycloak, and nothing tells which one is meant; rename or remove the \
             others in Keycloak",
            kind::title(address),
            live.namesakes + 1
        ),
        at,
        consent: None,
    }
}

/// What the ledger lists and the manifests lack: deleted with `--prune`, otherwise left behind.
pub(super) fn leftovers(question: &Question<'_>, out: &mut Diff) {
    let Some(ledger) = &question.ownership.ledger else { return };
    let terms = question.terms;
    let mut deletes: Vec<Change> = Vec::new();
    let is_gone = |address: &Address| {
        !out.desired.contains(address) && terms.covers(address) && !kind::is_everybodys(address)
    };
    if !ledger.entries.keys().any(is_gone) {
        return;
    }
    // What goes with an update is not left behind: a client that loses its authorization loses all of it.
    let after = super::planned(&question.live.state, &out.desired, &out.changes, question.version);
    for (address, entry) in ledger.entries.iter().filter(|(it, _)| is_gone(it)) {
        let change = |action, why| Change {
            object: address.clone(),
            action,
            why,
            fields: Vec::new(),
            adopted: false,
            at: At::SERVER,
        };
        let anothers = question.ownership.others.values().any(|it| it.entries.contains_key(address));
        let released = terms.release.iter().any(|it| it.covers(address)) || anothers;
        let live = match question.live.find(address) {
            Found::Is(live) if after.contains(address) => live,
            // Shown as a delete, with what takes it along.
            Found::Is(_) => continue,
            Found::Absent => {
                out.changes.push(change(Action::Forget, Why::NotInManifests));
                continue;
            }
            Found::Unknown { .. } => {
                out.left_behind.push(LeftBehind {
                    address: address.clone(),
                    path: None,
                    adopted: entry.how == How::Adopted,
                    stays: true,
                });
                continue;
            }
        };
        if released || is_built_in(question, address) {
            out.changes.push(change(Action::Forget, Why::NotInManifests));
            continue;
        }
        let are_people = kind::kind(address.kind()).are_people;
        let may_go = terms.prune != Prune::Nothing
            && (!are_people
                || (terms.prune == Prune::UsersToo && entry.how == How::Created && live.made_by.is_none()))
            && live.made_by.is_none();
        if !may_go {
            out.left_behind.push(LeftBehind {
                address: address.clone(),
                path: None,
                adopted: entry.how == How::Adopted,
                // Who was there before stays, and so does what a client has made.
                stays: live.made_by.is_some() || are_people && entry.how == How::Adopted,
            });
            continue;
        }
        if live.namesakes > 0 {
            out.refusals.push(several(address, live, At::SERVER));
            continue;
        }
        if let Known::Not { needs } = question.live.known(address.kind(), address.parent().as_ref()) {
            out.refusals.push(Refusal {
                id: Reason::Unknown,
                address: address.clone(),
                message: format!(
                    "{} would be deleted, and this credential may not see what else that hits: it lacks {needs}",
                    kind::title(address)
                ),
                at: At::SERVER,
                consent: None,
            });
        }
        if moved(entry, live) {
            out.refusals.push(Refusal {
                id: Reason::Changed,
                address: address.clone(),
                message: format!(
                    "{} changed in Keycloak since we applied it, and would be deleted",
                    kind::title(address)
                ),
                at: At::SERVER,
                consent: Some(ConsentKey::Changed),
            });
        }
        deletes.push(Change {
            adopted: entry.how == How::Adopted,
            ..change(Action::Delete, Why::NotInManifests)
        });
    }
    // What stands under something that goes, goes with it.
    let gone: BTreeSet<Address> = deletes.iter().map(|it| it.object.clone()).collect();
    let taken = taken(&question.live.state, &out.changes);
    for delete in &mut deletes {
        if let Some(client) = taken.get(&delete.object) {
            delete.why = Why::Cascade(client.clone());
        }
        if let Some(with) = delete.object.ancestors().filter(|it| gone.contains(it)).last() {
            delete.why = Why::Cascade(with);
        }
    }
    out.changes.extend(deletes);
}

/// What came with the realm; what was put under a built-in client is as deletable as anything.
pub(super) fn is_built_in(question: &Question<'_>, address: &Address) -> bool {
    question.live.state.default_role.as_ref() == Some(address)
        || kind::is_built_in(address, question.realm, question.version)
}

fn moved(entry: &Entry, live: &Object) -> bool {
    entry.fields.iter().any(|(pointer, applied)| {
        let mut parts = pointer.trim_start_matches('/').splitn(2, '/');
        let field = parts.next().unwrap_or("");
        let node = live.get(field).and_then(|it| {
            parts.next().map_or(Some(it), |key| it.get(&key.replace("~1", "/").replace("~0", "~")))
        });
        node.is_some_and(|it| digest(it).is_some_and(|it| it != *applied))
    })
}

/// Follows the cascades of all deletes and refuses what would hurt others; then protection.
pub(super) fn judge(question: &Question<'_>, out: &mut Diff) {
    let mut state = super::planned(
        &question.live.state,
        &out.desired,
        &out.changes.iter().filter(|it| it.action != Action::Delete).cloned().collect::<Vec<_>>(),
        question.version,
    );
    let mut deletes: Vec<Change> =
        out.changes.iter().filter(|it| it.action == Action::Delete).cloned().collect();
    deletes.sort_by_key(|it| kind::kind(it.object.kind()).turn_to_go);
    let going: BTreeSet<Address> = deletes.iter().map(|it| it.object.clone()).collect();
    let mut scratch = question.live.state.clone();
    let updates: Vec<Change> = out.changes.iter().filter(|it| it.action == Action::Update).cloned().collect();
    for change in &updates {
        let lost = lost(&scratch, change);
        for effect in cascade::lose(&mut scratch, &change.object, &lost) {
            judge_effect(question, &going, "taking scopes from", effect, out);
        }
    }
    for (on, of) in taken(&question.live.state, &updates) {
        let doing = format!("switching off {} of", kind::part_of_client(&on));
        judge_effect(question, &going, &doing, Effect { of, on, fate: Fate::Disappears }, out);
    }
    for effect in cascade::delete_all(&mut state, deletes.iter().map(|it| &it.object)) {
        judge_effect(question, &going, "deleting", effect, out);
    }
    protect(question, out);
    if question.terms.prune != Prune::Nothing
        && let Some(why) = &question.ownership.damaged
    {
        out.refusals.push(Refusal {
            id: Reason::Ledger,
            address: kind::realm_address(),
            message: format!(
                "{why}: pruning is refused; `apply --adopt` without --prune makes this run the measure"
            ),
            at: At::SERVER,
            consent: None,
        });
    }
}

/// Refuses an effect on what these manifests do not own, and what would empty a policy or permission.
fn judge_effect(
    question: &Question<'_>,
    going: &BTreeSet<Address>,
    doing: &str,
    effect: Effect,
    out: &mut Diff,
) {
    let (of, on) = (&effect.of, &effect.on);
    if going.contains(on) {
        return;
    }
    let ours = is_ours(question, on);
    let made_by = question.live.state.get(on).and_then(|it| it.made_by.as_ref());
    let belongs = effect.fate == Fate::Disappears
        && (is_made_with(question, going, on)
            || made_by.is_some_and(|it| it == of)
            || is_built_in(question, on));
    let declared = out.desired.contains(on);
    let mut refuse = |id, message, consent| {
        out.refusals.push(Refusal { id, address: on.clone(), message, at: At::SERVER, consent });
    };
    let holds = |field: &str| kind::kind(on.kind()).field(field).is_some_and(|it| it.holds);
    if matches!(&effect.fate, Fate::Loses { field } | Fate::Emptied { field } if holds(field)) {
        let message = format!(
            "{} cannot be deleted: Keycloak keeps a scope that a resource has, and {} has it",
            kind::title(of),
            kind::title(on)
        );
        refuse(Reason::InUse, message, None);
    } else if matches!(effect.fate, Fate::Emptied { .. }) && !declared {
        let message = format!(
            "{doing} {} would leave {} empty, which then denies everybody or, when negative, permits everybody",
            kind::title(of),
            kind::title(on)
        );
        refuse(Reason::Emptied, message, None);
    } else if cascade::matters(&effect) && !belongs && !ours {
        let does = if effect.fate == Fate::Disappears { "takes" } else { "changes" };
        let message = format!(
            "{doing} {} {does} {}, which these manifests do not own",
            kind::title(of),
            kind::title(on)
        );
        refuse(Reason::Cascade, message, Some(ConsentKey::Cascade));
    }
    if effect.fate == Fate::Disappears {
        out.changes.push(Change {
            object: on.clone(),
            action: Action::Delete,
            why: Why::Cascade(of.clone()),
            fields: Vec::new(),
            adopted: false,
            at: At::SERVER,
        });
    }
    out.effects.push(effect);
}

/// What the server made with an object belongs to it: a service account, `uma_protection`, default mappers.
fn is_made_with(question: &Question<'_>, going: &BTreeSet<Address>, on: &Address) -> bool {
    let live = &question.live.state;
    let made = |by: &Address| {
        let spawned = live.get(by).map(|it| kind::spawned(by, it, &State::default(), question.version));
        spawned.is_some_and(|it| it.iter().any(|(made, _)| made == on))
    };
    live.get(on).and_then(|it| it.made_by.as_ref()).is_some_and(|it| going.contains(it))
        || on.ancestors().any(|it| going.contains(&it) && made(&it))
}

fn protect(question: &Question<'_>, out: &mut Diff) {
    for change in &out.changes {
        let writes = matches!(change.action, Action::Update | Action::Delete);
        let protected = question.terms.protect.iter().find(|it| it.covers(&change.object));
        if let (true, Some(pattern)) = (writes, protected) {
            let does = if change.action == Action::Delete { "deleted" } else { "changed" };
            out.refusals.push(Refusal {
                id: Reason::Protect,
                address: change.object.clone(),
                message: format!(
                    "{} is protected by `{}` and would be {does}",
                    kind::title(&change.object),
                    pattern.written()
                ),
                at: change.at,
                consent: None,
            });
        }
    }
}

/// Returns the ledger after this plan: entries of what was done, old ones where `failed` says it was not.
pub fn next_ledger(question: &Question<'_>, diff: &Diff, failed: &dyn Fn(&Address) -> bool) -> Ledger {
    let mut ledger = question.ownership.ledger.clone().unwrap_or_default();
    ledger.owner = question.ownership.owner.clone().unwrap_or_default();
    // What is half made only the run itself knows.
    ledger.pending.clear();
    for change in diff.changes.iter().filter(|it| matches!(it.action, Action::Delete | Action::Forget)) {
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
        if let Some(entry) = ledger.entries.get_mut(address) {
            entry.secrets.remove(&path.pointer());
        }
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
    for (name, node) in &object.fields {
        if kind.link(name).is_some() {
            let targets = node.items().iter().filter_map(|it| it.as_ref().cloned()).collect();
            entry.links.insert(name.to_string(), targets);
        } else if kind.is_compared(name) {
            match node.as_map() {
                Some(map) => entry.fields.extend(
                    map.iter()
                        .filter_map(|(key, node)| Some((Path::key(name, key).pointer(), digest(node)?))),
                ),
                None => entry.fields.extend(digest(node).map(|it| (Path::field(name).pointer(), it))),
            }
        }
        versions(name, node, &mut entry.secrets);
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

/// The versions of the secrets in a field, under the pointer by which the comparison asks for them.
fn versions(name: &str, node: &Node, out: &mut BTreeMap<String, u32>) {
    let mut note = |pointer: String, node: &Node| {
        node.each_secret(&mut |secret, _| {
            if let Some(version) = secret.version {
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
