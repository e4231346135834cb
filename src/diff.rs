//! What must change so that live becomes desired. Pure and total: no I/O, no clock; planning twice gives the same.
//!
//! Comparing one object knows nothing of ownership (`fields`); whose an object is, and what may go, is decided
//! in `ownership`; what else goes with a delete, in `cascade`; what the realm will hold, in `planned`.

mod cascade;
mod check;
mod fields;
mod hint;
mod kept_with;
mod ledger;
mod links;
mod ownership;
mod planned;
mod rename;
mod reopen;
mod same;

use std::collections::{BTreeMap, BTreeSet};

pub use cascade::{Effect, Fate, delete};
pub use ledger::{Entry, How, Ledger, LedgerError, digest};
pub use ownership::next_ledger;
pub use planned::{planned, step};
pub use rename::rename;
pub use same::{same, same_field};

use crate::change::{Action, Change, ConsentKey, FieldChange, Path, Reason, Refusal, To, Why};
use crate::kind::{self, ServerInfo, Version};
use crate::manifest::{Prune, Secrets, check_dropped, check_turned_off};
use crate::state::{Address, Found, Live, Node, Object, Pattern, State, unseen};
use crate::text::{At, Code, Note};

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
    /// Aliases of the realm's flows and what they are flows of, likewise.
    pub flows: Option<&'a BTreeMap<String, String>>,
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
    /// Returns whether it ends only where the project file lets users go: what is known of people ends as they do.
    pub fn is_of_people(&self) -> bool {
        let kind = kind::kind(self.address.kind());
        kind.are_people && self.path.as_ref().is_none_or(|it| kind.link(&it.field).is_none())
    }
}

/// Compares what is desired with what is live.
pub fn diff(question: &Question<'_>) -> Diff {
    let mut out = Diff {
        desired: settled(question.desired, &question.live.state),
        memory: ownership::memory(question.ownership),
        ..Diff::default()
    };
    reopen::refuse_names(&mut out);
    // Live, plus what the server makes with the objects that this plan creates.
    let mut base = question.live.state.clone();
    let desired = std::mem::take(&mut out.desired);
    for address in in_order(&desired) {
        let object = &desired.objects[address];
        if question.terms.covers(address) {
            one(question, address, object, &mut base, &mut out);
        }
    }
    out.desired = desired;
    ownership::leftovers(question, &mut out);
    out.planned = planned(&question.live.state, &out.desired, &out.changes, question.version);
    check::check(question, &mut out);
    links::check(question, &mut out);
    switches(question, &mut out);
    hint::renames(question, &mut out);
    ownership::hands_off(question, &mut out);
    ownership::judge(question, &mut out);
    check::still_declared(&mut out);
    reopen::reopen(question, &mut out);
    let declared: BTreeSet<&Address> = out.desired.objects.keys().collect();
    out.unmanaged = question.live.state.objects.keys().filter(|it| !declared.contains(it)).count();
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
        flows: None,
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

/// What makes other objects comes before what is made: clients before their service accounts.
fn in_order(state: &State) -> Vec<&Address> {
    let rank = |it: &Address| kind::KINDS.iter().position(|kind| kind.name == it.kind());
    let is_last = |it: &Address| kind::kind(it.kind()).are_made_along;
    let mut addresses: Vec<&Address> = state.objects.keys().collect();
    addresses.sort_by_key(|it| (is_last(it), it.steps().len() > 1, rank(it), *it));
    addresses
}

fn sort(changes: &mut [Change]) {
    let rank = |it: &Address| {
        kind::KINDS.iter().position(|kind| Some(kind.name) == it.steps().first().map(|it| it.kind))
    };
    changes.sort_by(|a, b| (rank(&a.object), &a.object).cmp(&(rank(&b.object), &b.object)));
}

fn one(question: &Question<'_>, address: &Address, object: &Object, base: &mut State, out: &mut Diff) {
    let entry = question.ownership.ledger.as_ref().and_then(|it| it.entries.get(address));
    let made = base.objects.shared(address);
    let before = out.changes.len();
    if (kind::kind(address.kind()).is_fixed)(address, question.version) {
        fixed(question, address, object, made.as_deref(), out);
        return;
    }
    match (question.live.find(address), made) {
        (Found::Is(live), made) => {
            // A resource that loses scopes takes them from permissions on it.
            let follows = kind::kind(address.kind()).followers().next().is_some();
            let live = if follows { made.as_deref().unwrap_or(live) } else { live };
            if let Some(refusal) = ownership::anothers(question, address, object) {
                out.refusals.push(refusal);
                out.unwritable.extend(shown(question, address, object, live));
                return;
            }
            if ownership::is_one_of_several(address, object, live, out) {
                return;
            }
            // What an owner makes of a realm that does not exist is the owner's from the beginning.
            let (new, is_owned) = (Entry::default(), question.ownership.owner.is_some());
            let is_new = *address == kind::realm_address() && !question.live.exists && is_owned;
            let entry = if is_new { Some(&new) } else { entry };
            update(question, address, object, live, entry, Why::ManifestChanged, out);
            cascade::put_back(&question.live.state, &mut out.changes, before);
        }
        // The server will make it with another object of this plan.
        (_, Some(made)) => {
            let why = made.made_by.clone().map_or(Why::ManifestChanged, Why::MadeBy);
            update(question, address, object, &made, Some(&Entry::default()), why, out);
        }
        (Found::Absent, None) => {
            if let Some(maker) = object.made_by.clone().or_else(|| kind::reserved_for(address)) {
                if let Some(note) = check::left_out(question, &maker, object.at) {
                    out.notes.push(note);
                    return;
                }
                out.notes.push(
                    Note::error(
                        Code::NoServiceAccount,
                        format!("{} does not exist and cannot be created", kind::title(address)),
                        object.at,
                        "a client makes its service account",
                    )
                    .help(format!("declare {} with `serviceAccountsEnabled: true`", kind::title(&maker))),
                );
                return;
            }
            if kind::is_only_mapped(object) {
                out.notes.push(
                    Note::error(
                        Code::MappingsOfNothing,
                        format!("{} does not exist", kind::title(address)),
                        object.at,
                        "has scope mappings here and nothing else",
                    )
                    .help("declare it, or mend its name"),
                );
                return;
            }
            let only_made_along = kind::kind(address.kind()).routes.collection.is_empty();
            if let Some(client) = address.parent().filter(|_| only_made_along) {
                let client = kind::title(&client);
                out.notes.push(
                    Note::error(Code::NoAuthorization, format!("{client} has no authorization"), object.at, "these settings have nowhere to go")
                        .help("declare the client with `authorizationServicesEnabled: true` and `serviceAccountsEnabled: true`"),
                );
                return;
            }
            create(question, address, object, base, out);
        }
        (Found::Unknown { needs }, None) => out.refusals.push(Refusal {
            id: Reason::Unknown,
            address: address.clone(),
            message: format!("{} cannot be seen: {}", kind::title(address), unseen(needs)),
            at: object.at,
            consent: None,
        }),
    }
    let made = out.changes[before..].iter().filter(|it| it.object == *address);
    for change in made.filter(|it| matches!(it.action, Action::Create | Action::Update)) {
        planned::done(base, Some(object), change, question.version);
    }
}

/// What nobody may change stays as it is: said once for all that stands together.
fn fixed(question: &Question<'_>, address: &Address, object: &Object, live: Option<&Object>, out: &mut Diff) {
    if live.is_some_and(|it| fields::compare(question, address, object, it, None).changes.is_empty()) {
        out.unchanged += 1;
        return;
    }
    let top = address.steps().first().map(|it| Address::top(it.kind, it.name.clone()));
    let title = format!("{} cannot be changed", kind::title(top.as_ref().unwrap_or(address)));
    if out.notes.iter().all(|it| it.title != title) {
        let label = format!("Keycloak {} refuses every change here", question.version);
        out.notes.push(
            Note::warning(Code::CannotChange, title, object.at, label)
                .help("take it out of the manifests: it stays as it is"),
        );
    }
}

fn create(question: &Question<'_>, address: &Address, object: &Object, base: &State, out: &mut Diff) {
    let kind = kind::kind(address.kind());
    let mut fields = Vec::new();
    let default = kind::sent_unasked(address, base).filter(|(name, _)| object.get(name).is_none());
    if let Some((name, node)) = default {
        let to = To::Value(Node::new(object.at, node.is));
        fields.push(FieldChange {
            path: Path::field(name),
            from: None,
            to,
            why: Why::ManifestChanged,
            at: object.at,
        });
    }
    for (name, node) in &object.fields {
        if kind.link(name).is_none()
            && !node.is_null()
            && kind.field(name).is_none_or(|it| it.compare != kind::Compare::ServerOwned)
        {
            let to = To::Value(node.clone());
            fields.push(FieldChange {
                path: Path::field(name),
                from: None,
                to,
                why: Why::ManifestChanged,
                at: node.at,
            });
        }
    }
    let made = kind::created(address, object, base, question.version);
    let compared = links::compare(question, address, object, &made, Some(&Entry::default()));
    fields.extend(compared.changes);
    out.changes.push(Change {
        object: address.clone(),
        action: Action::Create,
        why: missing_why(question, address),
        fields,
        adopted: false,
        at: object.at,
    });
}

/// An object that the ledger knows was removed in Keycloak, or never kept by it; one that it does not know was never
/// applied.
fn missing_why(question: &Question<'_>, address: &Address) -> Why {
    match question.ownership.ledger.as_ref().and_then(|it| it.entries.get(address)) {
        Some(entry) if entry.not_kept.contains_key("") => Why::NotKept,
        Some(_) => Why::LiveChanged,
        None => Why::ManifestChanged,
    }
}

/// Returns how an object of somebody else differs, for readers alone.
fn shown(question: &Question<'_>, address: &Address, object: &Object, live: &Object) -> Option<Change> {
    let compared = fields::compare(question, address, object, live, None);
    let held_back = compared.held_back.into_iter().map(|it| it.1);
    let fields: Vec<FieldChange> =
        compared.changes.into_iter().chain(held_back).chain(compared.unwritable).collect();
    (!fields.is_empty()).then(|| Change {
        object: address.clone(),
        action: Action::Update,
        why: Why::ManifestChanged,
        fields,
        adopted: true,
        at: object.at,
    })
}

fn update(
    question: &Question<'_>,
    address: &Address,
    object: &Object,
    live: &Object,
    entry: Option<&Entry>,
    why: Why,
    out: &mut Diff,
) {
    let mut compared = fields::compare(question, address, object, live, entry);
    compared.changes.splice(0..0, rename::change(address, object, live, question));
    out.notes.extend(rename::refused(address, live, object.at, question));
    let owned = question.ownership.owner.is_some();
    let is_place = object.fields.is_empty();
    for (field, targets) in compared.tolerated {
        out.tolerated.insert((address.clone(), field), targets);
    }
    out.cannot_tell.extend(compared.cannot_tell.into_iter().map(|(path, at)| (address.clone(), path, at)));
    out.refusals.extend(compared.refusals);
    out.left_behind.extend(compared.left_behind.into_iter().map(|(path, stays)| LeftBehind {
        address: address.clone(),
        path: Some(path),
        adopted: false,
        stays,
    }));
    out.included.extend(compared.included.into_iter().map(|consent| (consent, address.clone())));
    let of_one = |field: FieldChange, adopted| Change {
        object: address.clone(),
        action: Action::Update,
        why: field.why.clone(),
        at: field.at,
        fields: vec![field],
        adopted,
    };
    let in_ledger = ownership::is_ours(question, address);
    let is_new_realm = *address == kind::realm_address() && !question.live.exists;
    let was_there = question.live.exists && question.live.state.contains(address);
    let adopts = owned && !is_place && !in_ledger && was_there;
    out.held_back.extend(compared.held_back.into_iter().map(|(consent, it)| (consent, of_one(it, adopts))));
    out.unwritable.extend(compared.unwritable.into_iter().map(|it| of_one(it, adopts)));
    if compared.changes.is_empty() && !is_new_realm {
        out.unchanged += 1;
        if adopts {
            out.changes.push(Change {
                object: address.clone(),
                action: Action::Adopt,
                why: Why::ManifestChanged,
                fields: Vec::new(),
                adopted: adopts,
                at: object.at,
            });
        }
        return;
    }
    let why = match why {
        Why::MadeBy(by) => Why::MadeBy(by),
        _ if compared.changes.iter().any(|it| it.why == Why::LiveChanged) => Why::LiveChanged,
        _ => compared.changes.first().map_or(Why::ManifestChanged, |it| it.why.clone()),
    };
    out.changes.push(Change {
        object: address.clone(),
        action: if is_new_realm { Action::Create } else { Action::Update },
        why,
        fields: compared.changes,
        adopted: adopts,
        at: object.at,
    });
}

/// Replaces what only stands for something by what it means in this realm: the symbolic default role, and the name of
/// a resource that only one user has.
fn settled(state: &State, live: &State) -> State {
    let mut state = state.clone();
    kind::Owned::of(&[&state, live]).settle(&mut state);
    let Some(default_role) = &live.default_role else { return state };
    state.redirect(|target| kind::stands_for_default_role(target).then(|| default_role.clone()));
    state
}
