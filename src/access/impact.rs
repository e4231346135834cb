//! What a change of a realm does to who may do what.

use std::collections::{BTreeMap, BTreeSet};

use side::{People, Rows, Side, scopes};

use super::administration::administration;
use super::chain::{Decision, Doubt, Step, Verdict};
use super::persona::members;
use super::realm::Realm;
use super::table::{Resource, Table};
use super::through::{Ways, asks_for_tokens};
use crate::kind::{MAPPER, PERMISSION, POLICY, is_admin_permissions};
use crate::state::Address;

mod administration;
mod open;
mod side;

pub use administration::AdministrationChange;

/// What a comparison is told beside the two realms.
pub struct ImpactQuestion<'a> {
    /// The name of the realm.
    pub realm: &'a str,
    /// Objects that the plan changes, the telling ones first: of those in a chain, the first is named as the cause.
    pub changes: &'a [Address],
    /// Whether a user is declared; the others are counted and not named.
    pub declared: &'a dyn Fn(&Address) -> bool,
    /// The wall clock of the server's zone; without it, what hinges on time is unknown.
    pub at: Option<jiff::civil::DateTime>,
}

/// All decisions that change, and how many were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    pub changes: Vec<AccessChange>,
    /// Who comes to administer the realm, or no longer does.
    pub administration: Vec<AdministrationChange>,
    /// Decisions that were made, on each side.
    pub decisions: usize,
    /// Decisions that are unknown afterwards, changed or not.
    pub undecided: usize,
    /// Personas that were looked at, users who are not declared among them.
    pub personas: usize,
    pub undeclared: usize,
    /// Clients through which people come, and clients whose resources they ask for.
    pub entrances: usize,
    pub servers: usize,
    /// What owners share with others, afterwards.
    pub shares: usize,
    /// Users of the realm who were not looked at, where somebody counted them.
    pub outside: Option<usize>,
    /// Of them, how many each group or role brings something that changes, where somebody counted them.
    pub members: BTreeMap<Address, usize>,
    /// What the reader should know of what was looked at.
    pub notes: Vec<String>,
}

impl Impact {
    /// Returns whether nobody gains or loses anything.
    pub fn is_nothing(&self) -> bool {
        self.changes.is_empty() && self.administration.is_empty()
    }

    /// Counts the decisions of one sort.
    pub fn count(&self, change: ChangeOfAccess) -> usize {
        self.changes.iter().filter(|it| it.change == change).map(|it| it.count).sum()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeOfAccess {
    Gained,
    MaybeGained,
    Lost,
    MaybeLost,
    /// Unknown on both sides, and what it hangs on changes.
    Unknown,
}

impl ChangeOfAccess {
    /// Returns whether more may come of it than was.
    pub fn is_gain(self) -> bool {
        matches!(self, Self::Gained | Self::MaybeGained)
    }
}

/// One side of a changed decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    Permit,
    Deny,
    Unknown,
    /// The client, the resource, the scope or the persona is not there.
    Absent,
}

/// Decisions that change in the same way for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessChange {
    pub client: Address,
    pub change: ChangeOfAccess,
    /// Nothing on resources without scopes.
    pub scope: Option<String>,
    pub before: Answer,
    pub after: Answer,
    /// Declared users and made-up personas, by name.
    pub personas: Vec<String>,
    /// How many users it concerns who are not declared.
    pub undeclared: usize,
    pub resources: Vec<String>,
    /// Through which clients they come to it, or came, where that makes a difference.
    pub through: Ways,
    /// The chain of the first persona on the first resource: of the permit, where there is one.
    pub via: Vec<Step>,
    /// The change that causes it, where it can be told.
    pub cause: Option<Address>,
    /// Personas times resources.
    pub count: usize,
}

/// Beyond this many explanations, personas of different classes share one.
const MOST_EXPLAINED: usize = 20_000;

/// Compares who may do what in two realms.
pub fn impact(before: &Realm, after: &Realm, terms: &ImpactQuestion<'_>) -> Impact {
    let mut out =
        Impact { administration: administration::changes([before, after], terms), ..Impact::default() };
    let own = administration();
    let believed = [before, after].into_iter().any(|it| asks_for_tokens(it, &own));
    let servers = before.servers().chain(after.servers());
    let clients: BTreeSet<&Address> = servers.chain(believed.then_some(&own)).collect();
    let changed: BTreeSet<&Address> = terms.changes.iter().collect();
    let mut seen = BTreeSet::new();
    let mut notes = BTreeSet::new();
    let mut through = BTreeSet::new();
    out.servers = clients.iter().filter(|it| **it != &own).count();
    let mut budget = MOST_EXPLAINED;
    let members = members([before, after]);
    for client in clients {
        let people = People::of([before, after], client, &members, terms);
        let sides = Side::both([before, after], client, &people, &changed);
        let mut comparison = Comparison {
            client,
            people: &people,
            changes: terms.changes.iter().enumerate().map(|(rank, it)| (it, rank)).collect(),
            found: BTreeMap::new(),
            all_may_change: terms
                .changes
                .iter()
                .any(|it| it.is_under(client) && ![PERMISSION, POLICY].contains(&it.kind())),
            is_changed: false,
            claims_change: BTreeMap::new(),
            budget,
        };
        comparison.compare(&sides, &mut out);
        budget = comparison.budget;
        let declared: Vec<bool> =
            (0..people.personas.len()).map(|it| people.is_declared(it, terms)).collect();
        out.changes.extend(grouped(comparison, &declared));
        seen.extend(people.personas.iter().map(|it| it.name.clone()).zip(declared));
        let for_people = people.entrances.iter().filter(|it| !it.is_for_accounts);
        through.extend(for_people.flat_map(|it| &it.ways).map(|it| it.client.clone()));
        out.shares += after.shares(client);
        notes.extend(sides[1].subjects.iter().flat_map(|it| it.notes.iter().cloned()));
    }
    out.entrances = through.len();
    out.personas = seen.len();
    out.undeclared = seen.iter().filter(|it| !it.1).count();
    out.notes = notes.into_iter().collect();
    out.changes.sort();
    let by_tokens: Vec<AccessChange> = out.changes.extract_if(.., |it| it.client == own).collect();
    out.administration.extend(administration::by_tokens(by_tokens, &out.administration, [before, after]));
    out
}

/// Askers who are alike on both sides.
struct Alike {
    /// The classes of those who stand for them, by side.
    classes: [Vec<usize>; 2],
    /// Where their own way is open.
    is_open: [bool; 2],
    members: Vec<usize>,
}

/// The chains of askers, by their positions; beyond the budget not of all.
type Chains = BTreeMap<usize, Vec<Step>>;

/// Askers to whom it comes about in the same way, and their chains.
type Led = (Vec<usize>, Chains);

/// A scope by its position, and how it is answered on both sides.
type Difference = (usize, Answer, Answer);

/// What two rows of one resource differ in, and how many scopes are unknown afterwards.
struct Compared {
    differences: Vec<Difference>,
    undecided: usize,
}

/// What is the same for all decisions of a group.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    change: ChangeOfAccess,
    scope: Option<String>,
    before: Answer,
    after: Answer,
    cause: Option<Address>,
    /// Without a cause, chains that differ stay apart.
    apart: Vec<Step>,
}

struct Comparison<'a> {
    client: &'a Address,
    people: &'a People,
    /// The changes and their rank.
    changes: BTreeMap<&'a Address, usize>,
    /// Per group and class of askers: the resources, and the chains to the first of them.
    found: BTreeMap<(Group, Vec<usize>), (Vec<String>, Chains)>,
    /// Whether any of them may be about every resource: it is neither a permission nor a policy.
    all_may_change: bool,
    /// Whether decisions about the resource at hand may hang on any of them.
    is_changed: bool,
    /// Of askers, whether what makes the claims of their token changes.
    claims_change: BTreeMap<usize, bool>,
    budget: usize,
}

impl Comparison<'_> {
    fn compare(&mut self, sides: &[Side<'_>; 2], out: &mut Impact) {
        let tables = [sides[0].table(), sides[1].table()];
        // Who is alike on both sides is compared once.
        let mut alike = BTreeMap::new();
        for asker in 0..self.people.askers.len() {
            let classes = [0, 1].map(|at: usize| {
                tables[at].as_ref().map(|it| sides[at].classes(it, asker)).unwrap_or_default()
            });
            alike.entry((classes, self.people.is_open(asker))).or_insert_with(Vec::new).push(asker);
        }
        let alike = alike.into_iter();
        let alike: Vec<Alike> =
            alike.map(|((classes, is_open), members)| Alike { classes, is_open, members }).collect();
        let names: BTreeSet<&str> = sides.iter().flat_map(Side::names).collect();
        for name in names {
            self.resource(sides, &tables, &alike, name, out);
        }
    }

    fn resource(
        &mut self,
        sides: &[Side<'_>; 2],
        tables: &[Option<Table<'_>>; 2],
        alike: &[Alike],
        name: &str,
        out: &mut Impact,
    ) {
        let resources =
            [0, 1].map(|at: usize| Some(Resource::of(tables[at].as_ref()?, sides[at].resource(name)?)));
        let scopes = scopes(sides, &resources);
        // What is unknown before and after may hang on what changes: on objects of this client, or on claims.
        self.is_changed = self.all_may_change
            || sides.iter().any(|it| it.hangs_on(name, &|it| self.changes.contains_key(it)));
        let hinges = self.is_changed || sides.iter().any(|it| it.reads_tokens);
        let mut rows = resources.each_ref().map(|it| Rows::of(it.as_ref()));
        // What two rows differ in is worked out once, however many classes have them.
        let mut known: BTreeMap<[usize; 2], Compared> = BTreeMap::new();
        for Alike { classes, is_open, members } in alike {
            let [old, new] = [0, 1].map(|at: usize| rows[at].number(&classes[at]));
            let compared = known.entry([old, new]).or_insert_with(|| {
                let answer = |at: usize, row: usize, scope: usize| match scopes[scope].1[at] {
                    Some(position) => rows[at].answer(row, position),
                    None => Answer::Absent,
                };
                let all = (0..scopes.len()).map(|it| (it, answer(0, old, it), answer(1, new, it)));
                let all: Vec<Difference> = all.collect();
                Compared {
                    undecided: all.iter().filter(|it| it.2 == Answer::Unknown).count(),
                    differences: all.into_iter().filter(|it| change(it.1, it.2).is_some()).collect(),
                }
            });
            out.decisions += members.len() * scopes.len();
            out.undecided += members.len() * compared.undecided;
            let is_alike = std::cell::LazyCell::new(|| open::is_said_alike(tables, &resources, classes));
            for (scope, before, after) in &compared.differences {
                let is_unknown = change(*before, *after) == Some(ChangeOfAccess::Unknown);
                let moves = is_unknown
                    && (self.is_changed || !*is_alike)
                    && open::moves(sides, tables, &resources, classes, scopes[*scope].1);
                if is_unknown && !moves && !hinges {
                    continue;
                }
                // A way that comes takes nothing from those who have another, and one that goes gives nothing.
                let told = match change(*before, *after) {
                    Some(ChangeOfAccess::Gained | ChangeOfAccess::MaybeGained) => is_open[1],
                    Some(ChangeOfAccess::Lost | ChangeOfAccess::MaybeLost) => is_open[0],
                    Some(ChangeOfAccess::Unknown) | None => true,
                };
                if told {
                    let scope = scopes[*scope].0.as_deref();
                    self.record(sides, name, scope, ([*before, *after], moves), members);
                }
            }
        }
    }

    fn record(
        &mut self,
        sides: &[Side<'_>; 2],
        resource: &str,
        scope: Option<&str>,
        ([before, after], moves): ([Answer; 2], bool),
        members: &[usize],
    ) {
        let Some(change) = change(before, after) else { return };
        let mut by_cause: BTreeMap<(Option<Address>, Vec<Step>), Led> = BTreeMap::new();
        for (at, person) in members.iter().enumerate() {
            // Members of a class may come to the same role on different ways.
            if self.budget == 0 && at > 0 {
                if let Some(first) = by_cause.values_mut().next() {
                    first.0.push(*person);
                }
                continue;
            }
            let is_unknown = change == ChangeOfAccess::Unknown && !moves;
            if is_unknown && !self.is_changed && !self.claims_change(sides, *person) {
                continue;
            }
            self.budget = self.budget.saturating_sub(1);
            let chains = [0, 1].map(|it: usize| sides[it].decision(*person, resource, scope));
            if is_unknown && !self.concerns(sides, *person, &chains) {
                continue;
            }
            let paths = chains.map(|it| it.map(|it| it.path).unwrap_or_default());
            if self.is_administration(&paths, [before, after]) {
                continue;
            }
            let cause = self.cause(sides, *person, &paths, after == Answer::Permit);
            let [old, new] = paths;
            let via = if before == Answer::Permit && !old.is_empty() || new.is_empty() { old } else { new };
            let apart = if cause.is_some() { Vec::new() } else { apart(&via) };
            let entry = by_cause.entry((cause, apart)).or_default();
            entry.0.push(*person);
            entry.1.insert(*person, via);
        }
        for ((cause, apart), (people, chains)) in by_cause {
            let scope = scope.map(str::to_owned);
            let group = Group { change, scope, before, after, cause, apart };
            let entry = self.found.entry((group, people)).or_insert_with(|| (Vec::new(), chains));
            entry.0.push(resource.to_owned());
        }
    }

    /// Returns whether a permit over administration is owed to a role of it alone, which is told as such.
    fn is_administration(&self, paths: &[Vec<Step>; 2], answers: [Answer; 2]) -> bool {
        let by_permission = |it: &Step| it.address.as_ref().is_some_and(|it| it.kind() == PERMISSION);
        let by_role = |it: usize| answers[it] == Answer::Permit && !paths[it].iter().any(by_permission);
        is_admin_permissions(self.client) && (0..2).any(by_role)
    }

    /// Returns whether what makes the claims of an asker's token changes.
    fn claims_change(&mut self, sides: &[Side<'_>; 2], asker: usize) -> bool {
        if let Some(known) = self.claims_change.get(&asker) {
            return *known;
        }
        let [before, after] = [0, 1].map(|it: usize| sides[it].claims_from(asker, self.client));
        let changes = before != after;
        self.claims_change.insert(asker, changes);
        changes
    }

    /// Returns whether what leaves decisions unknown is among what the plan changes.
    fn concerns(&mut self, sides: &[Side<'_>; 2], asker: usize, decisions: &[Option<Decision>; 2]) -> bool {
        let doubts = decisions.iter().flatten().filter_map(|it| match &it.verdict {
            Verdict::Unknown { doubts, .. } => Some(doubts),
            Verdict::Permit { .. } | Verdict::Deny => None,
        });
        let doubts: Vec<&Doubt> = doubts.flatten().collect();
        doubts.iter().filter_map(|it| it.address()).any(|it| self.changes.contains_key(it))
            || (doubts.iter().any(|it| matches!(it, Doubt::Token { .. } | Doubt::Spoiled { .. }))
                && self.claims_change(sides, asker))
    }

    /// The most telling change among the objects in the chains: the chain of the permit tells most.
    fn cause(
        &self,
        sides: &[Side<'_>; 2],
        asker: usize,
        paths: &[Vec<Step>; 2],
        permitted_after: bool,
    ) -> Option<Address> {
        let order: [usize; 2] = if permitted_after { [1, 0] } else { [0, 1] };
        let chains = order.map(|it| paths[it].iter().filter_map(|it| it.address.as_ref()).collect());
        let telling = |them: Vec<&Address>| {
            them.into_iter().filter_map(|it| Some((self.changes.get(it)?, it.clone()))).min()
        };
        // Beside the chain a decision hangs on the settings, and on what the token is made of.
        let settings = || sides.iter().filter_map(|it| it.server).map(|it| &it.settings).collect();
        let of_token =
            || self.changes.keys().copied().filter(|it| self.is_of_token(sides, asker, it)).collect();
        let found = chains.into_iter().find_map(telling);
        let found = found.or_else(|| telling(settings())).or_else(|| telling(of_token()));
        if let Some((_, found)) = found {
            return Some(found);
        }
        // Where a plan changes one thing, that is it.
        self.changes.keys().next().filter(|_| self.changes.len() == 1).map(|it| (*it).clone())
    }

    /// Returns whether an object has a say in what the token of an asker carries.
    fn is_of_token(&self, sides: &[Side<'_>; 2], asker: usize, object: &Address) -> bool {
        let persona = &self.people.askers[asker].persona;
        let Some(client) = persona.client.as_ref().or(persona.service_account.as_ref()) else { return false };
        let owner = if object.kind() == MAPPER { object.parent() } else { Some(object.clone()) };
        owner.is_some_and(|it| it == *client || sides.iter().any(|side| side.has_client_scope(client, &it)))
    }
}

/// The chain without its ends, which differ from persona to persona and resource to resource.
fn apart(via: &[Step]) -> Vec<Step> {
    let inner = via.get(1..via.len().saturating_sub(1)).unwrap_or_default();
    inner.to_vec()
}

/// Returns how a decision changes; what is not there is as good as denied.
fn change(before: Answer, after: Answer) -> Option<ChangeOfAccess> {
    match (before, after) {
        (Answer::Permit, Answer::Permit) => None,
        (Answer::Deny | Answer::Absent, Answer::Permit) => Some(ChangeOfAccess::Gained),
        (Answer::Unknown, Answer::Permit) => Some(ChangeOfAccess::MaybeGained),
        (Answer::Permit, Answer::Deny | Answer::Absent) => Some(ChangeOfAccess::Lost),
        (Answer::Permit, Answer::Unknown) => Some(ChangeOfAccess::MaybeLost),
        (Answer::Deny | Answer::Absent, Answer::Unknown) => Some(ChangeOfAccess::MaybeGained),
        (Answer::Unknown, Answer::Deny | Answer::Absent) => Some(ChangeOfAccess::MaybeLost),
        // Whether what it hangs on changes is looked at one by one.
        (Answer::Unknown, Answer::Unknown) => Some(ChangeOfAccess::Unknown),
        (Answer::Deny | Answer::Absent, Answer::Deny | Answer::Absent) => None,
    }
}

/// Joins what concerns the same resources and the same people for the same reason.
fn grouped(comparison: Comparison<'_>, declared: &[bool]) -> Vec<AccessChange> {
    let People { personas, entrances, askers } = comparison.people;
    let mut joined: BTreeMap<(Group, Vec<String>), Led> = BTreeMap::new();
    for ((group, members), (resources, chains)) in comparison.found {
        let entry = joined.entry((group, resources)).or_default();
        entry.0.extend(members);
        entry.1.extend(chains);
    }
    let mut out = Vec::new();
    for ((group, resources), (all, chains)) in joined {
        // The entrances of each persona, then the personas with the same ones.
        let mut at: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for member in all {
            at.entry(askers[member].of).or_default().extend(askers[member].entrance);
        }
        let mut alike: BTreeMap<Ways, BTreeSet<usize>> = BTreeMap::new();
        for (persona, at) in at {
            alike.entry(Ways::of(entrances, &at)).or_default().insert(persona);
        }
        for (through, members) in alike {
            let mut names: Vec<String> =
                members.iter().filter(|it| declared[**it]).map(|it| personas[*it].name.clone()).collect();
            names.sort();
            // One of the declared, whom the line names, before all others.
            let of = |wanted: &BTreeSet<usize>| {
                chains.iter().find(|it| wanted.contains(&askers[*it.0].of)).map(|it| it.1.clone())
            };
            let named = members.iter().copied().filter(|it| declared[*it]).collect();
            let via = of(&named).or_else(|| of(&members));
            out.push(AccessChange {
                client: comparison.client.clone(),
                change: group.change,
                scope: group.scope.clone(),
                before: group.before,
                after: group.after,
                undeclared: members.len() - names.len(),
                personas: names,
                count: members.len() * resources.len(),
                resources: resources.clone(),
                through,
                via: via.unwrap_or_default(),
                cause: group.cause.clone(),
            });
        }
    }
    out
}
