//! What a run keeps its hands off, decided before anything is compared: from what is desired, what is live, the ledgers
//! and the terms of the run.
//!
//! Comparing knows no owner. A declared object that belongs to another owner is refused here, and everything that nobody
//! declares any more gets its end here. Links and fields that nobody mentions stay or end as `wanted` says.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::fold::{Fold, turn};
use super::kept_with::refuse_along;
use super::{Diff, Entry, How, LeftBehind, Memory, Ownership, Question, Terms, digest, same};
use crate::change::{Action, Change, ConsentKey, Path, Reason, Refusal, Why};
use crate::kind;
use crate::manifest::Prune;
use crate::state::{Address, Found, Is, Known, Node, Object, State};
use crate::text::At;

/// What a run may do with one declared object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    /// It is compared, and written.
    Write,
    /// It is compared, and written by nobody: a ledger that cannot be read may list it.
    Withhold,
    /// It is compared for readers alone.
    Show(Refusal),
    /// It is not even compared.
    Leave(Refusal),
    /// On a server of this version nobody can change it.
    Fixed,
}

/// A declared object, and what a run may do with it.
pub(super) struct Declared<'a> {
    pub(super) address: &'a Address,
    pub(super) object: &'a Object,
    /// What was applied of it.
    pub(super) applied: Option<&'a Entry>,
    pub(super) touch: Touch,
}

/// Returns the declared objects that a run covers, in the order in which they have their turn.
pub(super) fn declared<'a>(question: &Question<'a>, desired: &'a State) -> Vec<Declared<'a>> {
    let covered = desired.objects.iter().filter(|it| question.terms.covers(it.0));
    let mut all: Vec<Declared<'a>> = covered
        .map(|(address, object)| {
            let applied = question.ownership.ledger.as_ref().and_then(|it| it.entries.get(address));
            Declared { address, object, applied, touch: touch(question, address, object) }
        })
        .collect();
    all.sort_by_cached_key(|it| turn(it.address));
    all
}

fn touch(question: &Question<'_>, address: &Address, object: &Object) -> Touch {
    if (kind::kind(address.kind()).is_fixed)(address, question.version) {
        return Touch::Fixed;
    }
    let Some(live) = question.live.state.get(address) else { return Touch::Write };
    // To name a place is no claim to it.
    let says_something = !object.fields.is_empty();
    let is_others = !kind::is_everybodys(address) && !is_ours(question, address);
    let others = question.ownership.others.iter();
    let mut owners = others.filter(|(_, it)| it.entries.contains_key(address)).map(|it| it.0);
    match owners.next() {
        Some(owner) if says_something && is_others => Touch::Show(anothers(address, owner, object.at)),
        // It could be another one that is meant.
        _ if says_something && live.namesakes > 0 => Touch::Leave(ambiguous(address, live, object.at)),
        _ if is_others && !question.ownership.unreadable.is_empty() => Touch::Withhold,
        _ => Touch::Write,
    }
}

fn anothers(address: &Address, owner: &str, at: At) -> Refusal {
    Refusal {
        id: Reason::Owner,
        address: address.clone(),
        message: format!(
            "{} is managed by owner `{owner}`; mention it without fields, or run with `--owner {owner}`",
            kind::title(address)
        ),
        at,
        consent: None,
    }
}

fn ambiguous(address: &Address, live: &Object, at: At) -> Refusal {
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

/// Returns what is known of earlier applies.
pub(super) fn memory(ownership: &Ownership) -> Memory {
    match (&ownership.owner, &ownership.ledger) {
        (None, _) => Memory::NoOwner,
        (Some(_), None) => Memory::NoLedger,
        (Some(_), Some(_)) => Memory::Ledger,
    }
}

/// Returns whether the ledger of this owner lists an object.
pub(super) fn is_ours(question: &Question<'_>, address: &Address) -> bool {
    question.ownership.ledger.as_ref().is_some_and(|it| it.entries.contains_key(address))
}

/// What came with the realm; what was put under a built-in client is as deletable as anything.
pub(super) fn is_built_in(question: &Question<'_>, address: &Address) -> bool {
    question.live.state.default_role.as_ref() == Some(address)
        || kind::is_built_in(address, question.realm, question.version)
}

/// Takes the changes of withheld objects out of a plan that was checked with them, with one refusal for all. Returns
/// whether there are any.
pub(super) fn withhold(question: &Question<'_>, declared: &[Declared<'_>], out: &mut Diff) -> bool {
    let Some(why) = question.ownership.unreadable.first() else { return false };
    let withheld = declared.iter().filter(|it| it.touch == Touch::Withhold);
    let withheld: BTreeSet<&Address> = withheld.map(|it| it.address).collect();
    let is_withheld =
        |it: &Change| matches!(it.action, Action::Update | Action::Adopt) && withheld.contains(&it.object);
    let (theirs, changes) = std::mem::take(&mut out.changes).into_iter().partition(is_withheld);
    out.changes = changes;
    let theirs: Vec<Change> = theirs;
    let Some(first) = theirs.first() else { return false };
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
    true
}

/// Returns what the ledger lists and the manifests lack, and what is not ours to end: what came with the realm, and what is
/// owned field by field. Nothing is said of them any more, so what we said ends as it does where an object is mentioned.
pub(super) fn remnants<'a>(
    question: &Question<'a>,
    desired: &State,
    nothing: &'a Object,
) -> Vec<Declared<'a>> {
    let entries = question.ownership.ledger.iter().flat_map(|it| &it.entries);
    let remnants =
        entries.filter(|it| is_remnant(question, desired, it.0)).map(|(address, applied)| Declared {
            address,
            object: nothing,
            applied: Some(applied),
            touch: touch(question, address, nothing),
        });
    let mut all: Vec<Declared<'a>> = remnants.collect();
    all.sort_by_cached_key(|it| turn(it.address));
    all
}

fn is_remnant(question: &Question<'_>, desired: &State, address: &Address) -> bool {
    let is_left = |it: &Address| !desired.contains(it) && is_ours(question, it);
    let stays = |it: &Address| kind::is_everybodys(it) || is_built_in(question, it);
    is_left(address)
        && question.terms.covers(address)
        && stays(address)
        && question.live.state.contains(address)
        && !is_released(question, address)
        // What goes with something else needs no end of its own.
        && address.ancestors().all(|it| !is_left(&it) || stays(&it))
}

/// Returns whether an object is another owner's by now, or nobody's who is listed here.
fn is_released(question: &Question<'_>, address: &Address) -> bool {
    let is_listed = question.ownership.others.values().any(|it| it.entries.contains_key(address));
    (is_listed && !kind::is_everybodys(address)) || question.terms.release.iter().any(|it| it.covers(address))
}

/// Something that the ledger lists and the manifests lack.
#[derive(Debug)]
pub(super) struct Leftover<'a> {
    address: &'a Address,
    applied: &'a Entry,
    end: End,
}

#[derive(Debug)]
enum End {
    /// Only the ledger lets go of it.
    Forget,
    /// It is left behind; whether for good.
    Stay {
        for_good: bool,
    },
    /// It would be deleted if it were told apart from others.
    Leave(Refusal),
    Delete(Vec<Refusal>),
}

/// Returns what the ledger lists and the manifests lack: deleted with `--prune`, otherwise left behind.
pub(super) fn leftovers<'a>(question: &Question<'a>, desired: &State) -> Vec<Leftover<'a>> {
    let entries = question.ownership.ledger.iter().flat_map(|it| &it.entries);
    let is_gone = |address: &Address| {
        !desired.contains(address)
            && question.terms.covers(address)
            && !kind::is_everybodys(address)
            && !is_remnant(question, desired, address)
    };
    entries
        .filter(|(address, _)| is_gone(address))
        .map(|(address, applied)| Leftover {
            address,
            applied,
            end: end(question, desired, address, applied),
        })
        .collect()
}

fn end(question: &Question<'_>, desired: &State, address: &Address, applied: &Entry) -> End {
    let live = match question.live.find(address) {
        Found::Is(live) => live,
        Found::Absent => return End::Forget,
        Found::Unknown { .. } => return End::Stay { for_good: true },
    };
    if is_released(question, address) || is_built_in(question, address) {
        return End::Forget;
    }
    let person = person(question, desired, address);
    if !may_be_deleted(question.terms, person, live) {
        let was_there = kind::kind(address.kind()).are_people && applied.how == How::Adopted;
        // Who was there before stays, and so does what a client has made.
        return End::Stay { for_good: live.made_by.is_some() || was_there };
    }
    if live.namesakes > 0 {
        return End::Leave(ambiguous(address, live, At::SERVER));
    }
    let refusal =
        |id, message, consent| Refusal { id, address: address.clone(), message, at: At::SERVER, consent };
    let mut refusals = Vec::new();
    if let Known::Not { needs } = question.live.known(address.kind(), address.parent().as_ref()) {
        let message = format!(
            "{} would be deleted, and this credential may not see what else that hits: it lacks {needs}",
            kind::title(address)
        );
        refusals.push(refusal(Reason::Unknown, message, None));
    }
    if moved(question, address, applied, live) {
        let message =
            format!("{} changed in Keycloak since we applied it, and would be deleted", kind::title(address));
        refusals.push(refusal(Reason::Changed, message, Some(ConsentKey::Changed)));
    }
    let deleting = format!("deleting {}", kind::title(address));
    let fields = kind::kind(address.kind()).fields.iter();
    refusals.extend(fields.filter_map(|it| refuse_along(address, it, live, applied, &deleting)));
    End::Delete(refusals)
}

/// Returns how we came by the person that an object is or stands under, and whom nobody declares any more: what they have
/// stays or goes with them.
fn person(question: &Question<'_>, desired: &State, address: &Address) -> Option<How> {
    let person = undeclared_person(desired, address)?;
    let applied = question.ownership.ledger.as_ref().and_then(|it| it.entries.get(&person));
    Some(applied.map_or(How::Adopted, |it| it.how))
}

/// Returns the person that an object is or stands under, and whom nobody declares.
pub(super) fn undeclared_person(desired: &State, address: &Address) -> Option<Address> {
    let mut places = std::iter::successors(Some(address.clone()), Address::parent);
    places.find(|it| kind::kind(it.kind()).are_people && !desired.contains(it))
}

fn may_be_deleted(terms: &Terms, person: Option<How>, live: &Object) -> bool {
    let goes = person.is_none_or(|it| terms.prune == Prune::UsersToo && it == How::Created);
    terms.prune != Prune::Nothing && goes && live.made_by.is_none()
}

/// Returns whether a field or key is not as it was applied.
fn moved(question: &Question<'_>, address: &Address, applied: &Entry, live: &Object) -> bool {
    let nothing = digest(&Node::new(At::SERVER, Is::Null));
    let untouched = LazyCell::new(|| question.untouched(address, live));
    applied.fields.iter().any(|(pointer, applied)| {
        let Some(path) = Path::of_pointer(pointer) else { return false };
        let Some(now) = path.of(live) else { return false };
        // What is unset is nothing, or what the server puts there by itself.
        let is_unset = || now.is_nothing() || path.of(&untouched).is_some_and(|it| same(it, Some(now)));
        let is_as_applied = |it: String| it == *applied || (nothing.as_ref() == Some(applied) && is_unset());
        digest(now).is_some_and(|it| !is_as_applied(it))
    })
}

/// Adds the ends of leftovers to a plan, after everything that is declared.
pub(super) fn end_leftovers(
    question: &Question<'_>,
    leftovers: Vec<Leftover<'_>>,
    fold: &Fold<'_>,
    out: &mut Diff,
) {
    let mut deletes: Vec<Change> = Vec::new();
    for Leftover { address, applied, end } in leftovers {
        // What goes with an update is shown as a delete, with what takes it along: a client that loses its authorization
        // loses all of it.
        if question.live.state.contains(address) && !fold.state.contains(address) {
            continue;
        }
        let adopted = applied.how == How::Adopted;
        let change = |action| Change::unasked(address, action, Why::NotInManifests);
        match end {
            End::Forget => out.changes.push(change(Action::Forget)),
            End::Stay { for_good: stays } => {
                out.left_behind.push(LeftBehind { address: address.clone(), path: None, adopted, stays });
            }
            End::Leave(refusal) => out.refusals.push(refusal),
            End::Delete(refusals) => {
                out.refusals.extend(refusals);
                deletes.push(Change { adopted, ..change(Action::Delete) });
            }
        }
    }
    // What stands under something that goes, goes with it.
    let gone: BTreeSet<Address> = deletes.iter().map(|it| it.object.clone()).collect();
    let parts: BTreeMap<Address, Address> = gone
        .iter()
        .filter_map(|it| Some((it, question.live.state.get(it)?)))
        .flat_map(|(whole, object)| kind::parts(whole, object).map(|it| (it.clone(), whole.clone())))
        .collect();
    for delete in &mut deletes {
        if let Some(client) = fold.removed_by_update.get(&delete.object) {
            delete.why = Why::Cascade(client.clone());
        }
        if let Some(whole) = parts.get(&delete.object) {
            delete.why = Why::Cascade(whole.clone());
        }
        if let Some(with) = delete.object.ancestors().filter(|it| gone.contains(it)).last() {
            delete.why = Why::Cascade(with);
        }
    }
    out.changes.extend(deletes);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{Sides, address, changes, entry};
    use super::*;
    use crate::diff::Ledger;
    use crate::state::Pattern;

    /// What is so before a run is asked what it may do.
    type Facts<'a> = &'a [&'a dyn Fn(&mut Sides)];

    fn listing(object: &str) -> Ledger {
        let entries = [(address(object), Entry::default())].into();
        Ledger { entries, ..Ledger::default() }
    }

    #[test]
    fn what_a_run_may_do_with_an_object_is_said_before_it_is_compared() {
        let realm = json!({ "realm": "r", "roles": { "realm": [{ "name": "a", "description": "A" }, { "name": "place" }] } });
        let others = |object: &str| {
            let ledger = listing(object);
            move |it: &mut Sides| drop(it.ownership.others.insert("them".into(), ledger.clone()))
        };
        let ours = |it: &mut Sides| it.applied("role/a", Entry::default());
        let unreadable = |it: &mut Sides| it.ownership.unreadable.push("nobody may".into());
        let twice = |it: &mut Sides| {
            it.live.state.objects.get_mut(&address("role/a")).expect("it is there").namesakes = 1;
        };
        let gone = |it: &mut Sides| it.live.state.objects.retain(|it, _| *it != address("role/a"));
        let (theirs, their_place) = (others("role/a"), others("role/place"));
        let cases: [(&str, &str, Facts<'_>); 10] = [
            ("role/a", "write", &[]),
            ("role/a", "write", &[&ours]),
            ("role/a", "show", &[&theirs]),
            ("role/a", "write", &[&theirs, &ours]),
            ("role/a", "write", &[&theirs, &gone]),
            ("role/place", "write", &[&their_place]),
            ("role/a", "leave", &[&twice]),
            ("role/a", "withhold", &[&unreadable]),
            ("role/a", "write", &[&unreadable, &ours]),
            ("role/a", "write", &[&unreadable, &gone]),
        ];
        for (at, (object, expected, facts)) in cases.iter().enumerate() {
            let mut sides = Sides::new(&realm, &realm);
            facts.iter().for_each(|it| it(&mut sides));
            let all = declared(&sides.question(), &sides.desired);
            let found = all.iter().find(|it| *it.address == address(object)).expect("it is declared");
            let touch = match &found.touch {
                Touch::Write => "write",
                Touch::Withhold => "withhold",
                Touch::Show(_) => "show",
                Touch::Leave(_) => "leave",
                Touch::Fixed => "fixed",
            };
            assert_eq!(touch, *expected, "case {at}: {object}");
        }
    }

    #[test]
    fn what_is_declared_no_longer_has_one_end() {
        let live = json!({ "realm": "r", "roles": { "realm": [{ "name": "a", "description": "A", "attributes": {} }] }, "users": [{ "username": "u" }] });
        let changed = || {
            let mut entry = entry(How::Created, "composites", &[]);
            entry.fields.insert("/description".into(), "of something else".into());
            entry
        };
        let unset = || {
            let mut entry = entry(How::Created, "composites", &[]);
            let nothing = digest(&Node::new(At::SERVER, Is::Null)).expect("no secret");
            entry.fields.insert("/attributes".into(), nothing);
            entry
        };
        let listed = |how| entry(how, "composites", &[]);
        let prunes = |prune| Terms { prune, ..Terms::default() };
        let releases = Terms { release: vec![Pattern::new("role/a")], ..prunes(Prune::AllButUsers) };
        let left = |stays| format!("left behind, stays: {stays}");
        let deleted = |it: &str| format!("Delete {it} not_in_manifests");
        let (role, user) = ("role/a", "user/u");
        for (object, entry, terms, expected, refused) in [
            (role, listed(How::Created), prunes(Prune::Nothing), left(false), 0),
            (role, listed(How::Created), prunes(Prune::AllButUsers), deleted(role), 0),
            (role, changed(), prunes(Prune::AllButUsers), deleted(role), 1),
            (role, unset(), prunes(Prune::AllButUsers), deleted(role), 0),
            (role, listed(How::Created), releases, "Forget role/a not_in_manifests".into(), 0),
            (
                "role/gone",
                listed(How::Created),
                prunes(Prune::Nothing),
                "Forget role/gone not_in_manifests".into(),
                0,
            ),
            (user, listed(How::Created), prunes(Prune::AllButUsers), left(false), 0),
            (user, listed(How::Created), prunes(Prune::UsersToo), deleted(user), 0),
            (user, listed(How::Adopted), prunes(Prune::UsersToo), left(true), 0),
        ] {
            let mut sides = Sides::new(&json!({ "realm": "r" }), &live);
            sides.applied(object, entry);
            sides.terms = terms;
            let question = sides.question();
            let fold = Fold::begin(&sides.live.state, question.version);
            let mut out = Diff::default();
            end_leftovers(&question, leftovers(&question, &sides.desired), &fold, &mut out);
            let mut said = changes(&out.changes);
            said.extend(out.left_behind.iter().map(|it| left(it.stays)));
            assert_eq!((said, out.refusals.len()), (vec![expected], refused), "{object}");
        }
    }
}
