//! What must change so that live becomes desired. Pure and total: no I/O, no clock; planning twice gives the same.
//!
//! Three steps. `hands_off` and `wanted` decide what a run may do with each object, and what is wanted of it, from the ledgers
//! and the terms. `compare` holds two objects against each other by the rules of their kind (`fields`, `links`). `fold` does
//! every change to one state, which in the end is the planned realm, and records what changes do to others (`cascade`); only
//! then `check` and `judge` say what that means.

mod cascade;
mod check;
mod compare;
mod fields;
mod fold;
mod hands_off;
mod hint;
mod judge;
mod kept_with;
mod ledger;
mod links;
mod next_ledger;
mod numbered;
mod rename;
mod reopen;
mod same;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

pub use cascade::{Effect, Fate, delete};
pub use fold::{planned, step};
pub use ledger::{Entry, How, Ledger, LedgerError, digest};
pub use next_ledger::next_ledger;
pub use numbered::follow;
pub use rename::rename;
pub use same::{same, same_field};

use crate::change::{Action, Change, ConsentKey, Path, Refusal};
use crate::kind::{self, ServerInfo, Version};
use crate::manifest::{Prune, Secrets, check_dropped, check_turned_off};
use crate::state::{Address, Live, Object, Pattern, State};
use crate::text::{At, Note};
use fold::Fold;

/// Everything that a difference depends on.
pub struct Question<'a> {
    pub desired: &'a State,
    pub live: &'a Live,
    pub version: Version,
    /// The name of the realm.
    pub realm: &'a str,
    pub ownership: &'a Ownership,
    /// Those that could be read here.
    pub secrets: &'a Secrets,
    pub terms: &'a Terms,
    /// What the server has, where somebody asked and may see it.
    pub server: Option<&'a ServerInfo>,
}

impl Question<'_> {
    /// Returns a live object as it would be if nobody had ever set a field of it.
    fn untouched(&self, address: &Address, live: &Object) -> Object {
        kind::untouched(self.realm, address, live, &self.live.state, self.version)
    }
}

/// Whose manifests these are, and what was applied before.
#[derive(Clone, Debug, Default)]
pub struct Ownership {
    /// The owner's name; without one there is no ledger, no prune, and links are only added.
    pub owner: Option<String>,
    pub ledger: Option<Ledger>,
    /// The ledger is there but cannot be trusted; `--prune` is refused.
    pub damaged: Option<String>,
    /// The ledgers of other owners, by name.
    pub others: BTreeMap<String, Ledger>,
    /// Why some ledger of others cannot be read: what exists may be theirs.
    pub unreadable: Vec<String>,
}

/// What a run may touch and remove.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    pub only: Vec<Pattern>,
    pub exclude: Vec<Pattern>,
    pub protect: Vec<Pattern>,
    pub release: Vec<Pattern>,
    pub adopt_exact: Vec<Pattern>,
    pub send_secrets: Vec<Pattern>,
    pub prune: Prune,
    /// The consent that includes what is otherwise held back.
    pub reenables: bool,
    pub secrets: bool,
}

impl Terms {
    /// Returns whether a run touches an object at all.
    pub fn covers(&self, address: &Address) -> bool {
        self.left_out_by(address).is_none()
    }

    /// Returns the flag that keeps a run from an object, if one does.
    pub fn left_out_by(&self, address: &Address) -> Option<&'static str> {
        if self.exclude.iter().any(|it| it.covers(address)) {
            return Some("--exclude");
        }
        let is_in = self.only.is_empty() || self.only.iter().any(|it| it.covers(address));
        (!is_in).then_some("--only")
    }
}

/// The answer: changes, and everything a reader must know beside them.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    pub changes: Vec<Change>,
    /// Differences that a run leaves alone without consent, by the key of `--allow`.
    pub held_back: Vec<(ConsentKey, Change)>,
    /// Differences that are left alone without consent and were consented to, by the key of `--allow`.
    pub included: Vec<(ConsentKey, Address)>,
    /// Differences that no apply of these manifests writes: on objects of another owner, and in fields that keep
    /// what they were created with. Each has its refusal.
    pub unwritable: Vec<Change>,
    /// What is known of earlier applies of these manifests.
    pub memory: Memory,
    /// Owned once, declared no longer, and not deleted by this plan.
    pub left_behind: Vec<LeftBehind>,
    /// Why nothing may be applied.
    pub refusals: Vec<Refusal>,
    /// Links of an adopted object that the manifests lack and that stay.
    pub tolerated: BTreeMap<(Address, Box<str>), BTreeSet<Address>>,
    /// Secrets of which nobody can tell whether they are as declared.
    pub cannot_tell: Vec<(Address, Path, At)>,
    /// What deletes and updates do to others.
    pub effects: Vec<Effect>,
    /// Declared objects that are as declared.
    pub unchanged: usize,
    /// Live objects that nobody declared.
    pub unmanaged: usize,
    pub notes: Vec<Note>,
    /// The desired state with the default role resolved, which changes refer to.
    pub desired: State,
    pub planned: State,
}

/// Whether earlier applies are recorded: without that, nobody can tell who moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memory {
    /// Without an owner nothing is recorded.
    #[default]
    NoOwner,
    /// There is an owner, and no ledger of it that can be read.
    NoLedger,
    Ledger,
}

/// Something that we applied once and that nobody declares any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftBehind {
    pub address: Address,
    /// A field or key that is no longer managed; none: the whole object.
    pub path: Option<Path>,
    pub adopted: bool,
    /// Not even `--prune` ends it: Keycloak always has a value there, this credential may not see the object, or it is a
    /// user who was there before or a service account.
    pub stays: bool,
}

impl LeftBehind {
    /// Returns whether it ends only where the project file lets users go: what is known of people ends as they do, and what
    /// stands under one whom these manifests do not mention.
    pub fn is_of_people(&self, desired: &State) -> bool {
        let kind = kind::kind(self.address.kind());
        match &self.path {
            Some(path) => kind.are_people && kind.link(&path.field).is_none(),
            None => hands_off::undeclared_person(desired, &self.address).is_some(),
        }
    }
}

/// Compares what is desired with what is live.
pub fn diff(question: &Question<'_>) -> Diff {
    let live = &question.live.state;
    let mut out =
        Diff { desired: settled(question), memory: hands_off::memory(question.ownership), ..Diff::default() };
    reopen::refuse_names(&mut out);
    let desired = out.desired.clone();
    let declared = hands_off::declared(question, &desired);
    let nothing = Object::new(At::SERVER);
    let remnants = hands_off::remnants(question, &desired, &nothing);
    let leftovers = hands_off::leftovers(question, &desired);
    let mut fold = Fold::begin(live, question.version);
    for it in &declared {
        let compared = compare::compare(question, it, &fold.state);
        let Some(mut change) = compared.tell(it.address, &mut out) else { continue };
        cascade::put_back(live, &out.changes, &mut change);
        if matches!(change.action, Action::Create | Action::Update) {
            fold.write(Some(it.object), &change);
        }
        out.changes.push(change);
    }
    for it in &remnants {
        // What goes with an update of something else is shown as a delete.
        if !fold.state.contains(it.address) {
            continue;
        }
        let Some(change) = compare::compare(question, it, &fold.state).end(it.address, &mut out) else {
            continue;
        };
        if change.action == Action::Update {
            fold.write(Some(it.object), &change);
        }
        out.changes.push(change);
    }
    hands_off::end_leftovers(question, leftovers, &fold, &mut out);
    fold.delete(&out.changes);
    out.planned = fold.state.clone();
    kind::complete_administered(&mut out.planned);
    check::check(question, &mut out);
    links::check(question, &mut out);
    switches(question, &mut out);
    hint::renames(question, &mut out);
    if hands_off::withhold(question, &declared, &mut out) {
        // What is withheld does nothing to anybody.
        fold = Fold::of_changes(live, &desired, &out.changes, question.version);
    }
    judge::judge(question, fold, &mut out);
    check::still_declared(&mut out);
    reopen::reopen(question, &mut out);
    // Who may only view has not read the flows that nobody asks for, and counts the same.
    let has_flows = kind::asks_flows(&desired);
    let counts = |it: &&Address| !desired.contains(it) && (has_flows || !kind::is_of_flow(it));
    out.unmanaged = live.objects.keys().filter(counts).count();
    sort(&mut out.changes);
    out
}

/// Returns what a new realm would hold once a desired state was applied to it: what manifests mean by themselves.
pub fn on_a_new_realm(realm: &str, desired: &State, version: Version) -> State {
    let mut live = Live::default();
    live.state = kind::fresh_realm(realm, version);
    live.cover(kind::kinds_of_a_fresh_realm());
    diff(&Question {
        desired,
        live: &live,
        version,
        realm,
        ownership: &Ownership::default(),
        secrets: &Secrets::default(),
        terms: &Terms::default(),
        server: None,
    })
    .planned
}

/// Notes what the server will not keep beside what it will have then.
fn switches(question: &Question<'_>, out: &mut Diff) {
    let mut notes = Vec::new();
    for (address, object) in out.desired.objects.iter().filter(|(it, _)| question.terms.covers(it)) {
        if let Some(becomes) = out.planned.get(address) {
            check_turned_off(address, object, becomes, &mut notes);
            check_dropped(address, object, becomes, Some(question.version), &mut notes);
        }
    }
    out.notes.extend(notes);
}

fn sort(changes: &mut [Change]) {
    let rank = |it: &Address| {
        kind::KINDS.iter().position(|kind| Some(kind.name) == it.steps().first().map(|it| it.kind))
    };
    changes.sort_by(|a, b| (rank(&a.object), &a.object).cmp(&(rank(&b.object), &b.object)));
}

/// Replaces what only stands for something by what it means in this realm: the symbolic default role, the name of a
/// resource that only one user has, an id in a permission over administration, and a place in a list.
fn settled(question: &Question<'_>) -> State {
    let (mut state, live) = (question.desired.clone(), &question.live.state);
    kind::Owned::of(&[&state, live]).settle(&mut state);
    kind::name_administered(&mut state, Some(live));
    kind::identify(&mut state, live, &|it| hands_off::is_ours(question, it));
    kind::rank(&mut state, live);
    let Some(default_role) = &live.default_role else { return state };
    state.redirect(|target| kind::stands_for_default_role(target).then(|| default_role.clone()));
    state
}

#[cfg(test)]
mod tests;
