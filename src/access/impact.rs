//! What a change of a realm does to who may do what.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Decision, Doubt, Step, Verdict};
use super::class::everybody;
use super::decide::on;
use super::persona::{Persona, Subject, Subjects};
use super::policy::Holds;
use super::realm::{Realm, Server};
use super::table::{Resource, Table, table};
use crate::kind::USER;
use crate::state::Address;

/// What a comparison is told beside the two realms.
pub struct Terms<'a> {
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
    /// Decisions that were made, on each side.
    pub decisions: usize,
    /// Decisions that are unknown afterwards, changed or not.
    pub undecided: usize,
    /// Personas that were looked at, users who are not declared among them.
    pub personas: usize,
    pub undeclared: usize,
    /// Users of the realm who were not looked at, where somebody counted them.
    pub outside: Option<usize>,
    /// What the reader should know of what was looked at.
    pub notes: Vec<String>,
}

impl Impact {
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
pub fn impact(before: &Realm, after: &Realm, terms: &Terms<'_>) -> Impact {
    let mut out = Impact::default();
    let clients: BTreeSet<&Address> = before.servers().chain(after.servers()).collect();
    let changed: BTreeSet<&Address> = terms.changes.iter().collect();
    let mut seen = BTreeSet::new();
    let mut notes = BTreeSet::new();
    let mut budget = MOST_EXPLAINED;
    for client in clients {
        let people = people(before, after, client, terms);
        let mut sides = [before, after].map(|it| Side::new(it, client, &people, &changed));
        leave_out(&mut sides, &people, &changed);
        let mut comparison = Comparison {
            client,
            people: &people,
            changes: terms.changes.iter().enumerate().map(|(rank, it)| (it, rank)).collect(),
            found: BTreeMap::new(),
            budget,
        };
        comparison.compare(&sides, &mut out);
        budget = comparison.budget;
        out.changes.extend(grouped(comparison));
        seen.extend(people.iter().map(|it| (it.persona.name.clone(), it.declared)));
        notes.extend(sides[1].subjects.iter().flat_map(|it| it.notes.iter().cloned()));
    }
    out.personas = seen.len();
    out.undeclared = seen.iter().filter(|it| !it.1).count();
    out.notes = notes.into_iter().collect();
    out.changes.sort();
    out
}

struct Person {
    persona: Persona,
    declared: bool,
}

fn people(before: &Realm, after: &Realm, client: &Address, terms: &Terms<'_>) -> Vec<Person> {
    let mut found: BTreeMap<String, Persona> = BTreeMap::new();
    for realm in [after, before] {
        for persona in everybody(realm, client, terms.at) {
            found.entry(persona.name.clone()).or_insert(persona);
        }
    }
    let is_declared =
        |it: &Persona| it.user.as_ref().is_none_or(|it| it.kind() != USER || (terms.declared)(it));
    found.into_values().map(|it| Person { declared: is_declared(&it), persona: it }).collect()
}

/// One of the two realms, as one client sees it.
struct Side<'a> {
    realm: &'a Realm,
    server: Option<&'a Server>,
    subjects: Vec<Subject>,
    /// Who is not there yet, or not any more, by position: nothing was permitted to them.
    absent: BTreeSet<usize>,
}

/// Tells those who come or go with the changes from those of whom nothing is known.
fn leave_out(sides: &mut [Side<'_>; 2], people: &[Person], changes: &BTreeSet<&Address>) {
    for (at, Person { persona, .. }) in people.iter().enumerate() {
        let is_missing = |side: &Side<'_>| side.subjects.get(at).map(|it| it.missing.is_some());
        let side = match [0, 1].map(|it| is_missing(&sides[it])) {
            [Some(true), Some(false)] => 0,
            [Some(false), Some(true)] => 1,
            _ => continue,
        };
        let made_of = [&persona.user, &persona.service_account, &persona.client];
        if made_of.into_iter().flatten().any(|it| changes.contains(it)) {
            sides[side].absent.insert(at);
        }
    }
}

/// Takes roles and groups from a persona that only come with the changes: until then nobody has them.
fn of_this_side(realm: &Realm, persona: &Persona, changes: &BTreeSet<&Address>) -> Persona {
    let mut persona = persona.clone();
    persona.roles.retain(|it| realm.roles.get(it).is_some() || !changes.contains(it));
    persona.groups.retain(|it| realm.groups.get(it).is_some() || !changes.contains(it));
    persona
}

impl<'a> Side<'a> {
    fn new(realm: &'a Realm, client: &Address, people: &[Person], changes: &BTreeSet<&Address>) -> Self {
        let server = realm.server(client);
        let mut subjects = Subjects::default();
        let mut subject =
            |server, it: &Person| subjects.subject(realm, server, &of_this_side(realm, &it.persona, changes));
        let of = |server| people.iter().map(|it| subject(server, it)).collect();
        Self { realm, server, subjects: server.map(of).unwrap_or_default(), absent: BTreeSet::new() }
    }

    fn table(&self) -> Option<Table<'_>> {
        self.server.map(|it| table(self.realm, it, &self.subjects))
    }

    fn resource(&self, name: &str) -> Option<usize> {
        self.server?.resources.addresses.iter().position(|it| it.name() == name)
    }

    fn decision(&self, person: usize, resource: &str, scope: Option<&str>) -> Option<Decision> {
        let server = self.server.filter(|_| !self.absent.contains(&person))?;
        let resource = self.resource(resource)?;
        let scope = scope.map(|name| server.scopes.addresses.iter().position(|it| it.name() == name));
        let asked = match scope {
            Some(None) => return None,
            Some(Some(scope)) => BTreeSet::from([scope]),
            None => BTreeSet::new(),
        };
        Some(on(self.realm, server, &self.subjects[person], Some(resource), &asked))
    }
}

/// What a group has so far, and the chain of the first of it.
type First<T> = (Vec<T>, Vec<Step>);

/// A scope by its position, and how it is answered on both sides.
type Difference = (usize, Answer, Answer);

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
    people: &'a [Person],
    /// The changes and their rank.
    changes: BTreeMap<&'a Address, usize>,
    /// Per group and class of personas: the resources, and the first chain.
    found: BTreeMap<(Group, Vec<usize>), First<String>>,
    budget: usize,
}

impl Comparison<'_> {
    fn compare(&mut self, sides: &[Side<'_>; 2], out: &mut Impact) {
        let tables = [sides[0].table(), sides[1].table()];
        // People who are alike on both sides are compared once.
        let mut pairs: BTreeMap<[Option<usize>; 2], Vec<usize>> = BTreeMap::new();
        for person in 0..self.people.len() {
            let class = |at: usize| {
                let table = tables[at].as_ref().filter(|_| !sides[at].absent.contains(&person));
                table.map(|it: &Table<'_>| it.class_of[person])
            };
            pairs.entry([class(0), class(1)]).or_default().push(person);
        }
        let names: BTreeSet<&str> = sides
            .iter()
            .filter_map(|it| it.server)
            .flat_map(|it| it.resources.addresses.iter().map(Address::name))
            .collect();
        for name in names {
            self.resource(sides, &tables, &pairs, name, out);
        }
    }

    fn resource(
        &mut self,
        sides: &[Side<'_>; 2],
        tables: &[Option<Table<'_>>; 2],
        pairs: &BTreeMap<[Option<usize>; 2], Vec<usize>>,
        name: &str,
        out: &mut Impact,
    ) {
        let mut resources = [0, 1].map(|at: usize| {
            let server = sides[at].server?;
            Some(Resource::new(server, sides[at].resource(name)?))
        });
        let scopes = scopes(sides, &resources);
        // What is unknown before and after may hang on what changes: on policies of this client.
        let hinges = self.changes.keys().any(|it| it.is_under(self.client));
        // What two rows differ in is worked out once, however many classes have them.
        let mut differences: BTreeMap<[Option<usize>; 2], Vec<Difference>> = BTreeMap::new();
        let mut undecided: BTreeMap<Option<usize>, usize> = BTreeMap::new();
        for (classes, members) in pairs {
            let mut rows = [None, None];
            for at in 0..2 {
                if let (Some(resource), Some(table), Some(class)) =
                    (&mut resources[at], &tables[at], classes[at])
                {
                    rows[at] = Some(resource.row(table, class));
                }
            }
            let answer = |at: usize, scope: usize| -> Answer {
                let (Some(resource), Some(row), Some(position)) =
                    (&resources[at], rows[at], scopes[scope].1[at])
                else {
                    return Answer::Absent;
                };
                match resource.rows[row].answers[position] {
                    Holds::Yes => Answer::Permit,
                    Holds::No => Answer::Deny,
                    Holds::Unknown | Holds::Fails => Answer::Unknown,
                }
            };
            let found = differences.entry(rows).or_insert_with(|| {
                let all = (0..scopes.len()).map(|it| (it, answer(0, it), answer(1, it)));
                all.filter(|(_, before, after)| match change(*before, *after) {
                    Some(ChangeOfAccess::Unknown) => hinges,
                    change => change.is_some(),
                })
                .collect()
            });
            out.decisions += members.len() * scopes.len();
            out.undecided += members.len()
                * *undecided.entry(rows[1]).or_insert_with(|| {
                    (0..scopes.len()).filter(|it| answer(1, *it) == Answer::Unknown).count()
                });
            for (scope, before, after) in found.clone() {
                self.record(sides, name, scopes[scope].0.as_deref(), [before, after], members);
            }
        }
    }

    fn record(
        &mut self,
        sides: &[Side<'_>; 2],
        resource: &str,
        scope: Option<&str>,
        [before, after]: [Answer; 2],
        members: &[usize],
    ) {
        let Some(change) = change(before, after) else { return };
        let mut by_cause: BTreeMap<(Option<Address>, Vec<Step>), First<usize>> = BTreeMap::new();
        for (at, person) in members.iter().enumerate() {
            // Members of a class may come to the same role on different ways.
            if self.budget == 0 && at > 0 {
                if let Some(first) = by_cause.values_mut().next() {
                    first.0.push(*person);
                }
                continue;
            }
            self.budget = self.budget.saturating_sub(1);
            let chains = [0, 1].map(|it: usize| sides[it].decision(*person, resource, scope));
            if change == ChangeOfAccess::Unknown && !self.concerns(&chains) {
                continue;
            }
            let paths = chains.map(|it| it.map(|it| it.path).unwrap_or_default());
            let cause = self.cause(sides, &paths, after == Answer::Permit);
            let [old, new] = paths;
            let via = if before == Answer::Permit && !old.is_empty() || new.is_empty() { old } else { new };
            let apart = if cause.is_some() { Vec::new() } else { apart(&via) };
            by_cause.entry((cause, apart)).or_insert_with(|| (Vec::new(), via)).0.push(*person);
        }
        for ((cause, apart), (people, via)) in by_cause {
            let scope = scope.map(str::to_owned);
            let group = Group { change, scope, before, after, cause, apart };
            let entry = self.found.entry((group, people)).or_insert_with(|| (Vec::new(), via));
            entry.0.push(resource.to_owned());
        }
    }

    /// Returns whether what leaves decisions unknown is among what the plan changes.
    fn concerns(&self, decisions: &[Option<Decision>; 2]) -> bool {
        let doubts = decisions.iter().flatten().filter_map(|it| match &it.verdict {
            Verdict::Unknown { doubts, .. } => Some(doubts.iter().filter_map(Doubt::address)),
            Verdict::Permit { .. } | Verdict::Deny => None,
        });
        doubts.flatten().any(|it| self.changes.contains_key(it))
    }

    /// The most telling change among the objects in the chains: the chain of the permit tells most.
    fn cause(&self, sides: &[Side<'_>; 2], paths: &[Vec<Step>; 2], permitted_after: bool) -> Option<Address> {
        let order: [usize; 2] = if permitted_after { [1, 0] } else { [0, 1] };
        // Beside the chain a decision hangs on the settings, and on the client that asks.
        let settings: Vec<&Address> =
            sides.iter().filter_map(|it| it.server).map(|it| &it.settings).collect();
        let chains = order.map(|it| paths[it].iter().filter_map(|it| it.address.as_ref()).collect());
        let telling = |them: Vec<&Address>| {
            them.into_iter().filter_map(|it| Some((self.changes.get(it)?, it.clone()))).min()
        };
        if let Some((_, found)) = chains.into_iter().chain([settings]).find_map(telling) {
            return Some(found);
        }
        // Where a plan changes one thing, that is it.
        self.changes.keys().next().filter(|_| self.changes.len() == 1).map(|it| (*it).clone())
    }
}

/// The chain without its ends, which differ from persona to persona and resource to resource.
fn apart(via: &[Step]) -> Vec<Step> {
    let inner = via.get(1..via.len().saturating_sub(1)).unwrap_or_default();
    inner.to_vec()
}

/// Scopes of a resource on either side: the name, and its position on each side.
fn scopes(
    sides: &[Side<'_>; 2],
    resources: &[Option<Resource>; 2],
) -> Vec<(Option<String>, [Option<usize>; 2])> {
    let mut out: BTreeMap<Option<String>, [Option<usize>; 2]> = BTreeMap::new();
    for at in 0..2 {
        let (Some(server), Some(resource)) = (sides[at].server, &resources[at]) else { continue };
        for (position, scope) in resource.scopes.iter().enumerate() {
            let name = scope.map(|it| server.scopes.addresses[it].name().to_owned());
            out.entry(name).or_default()[at] = Some(position);
        }
    }
    out.into_iter().collect()
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

/// Joins what concerns the same resources for the same reason.
fn grouped(comparison: Comparison<'_>) -> Vec<AccessChange> {
    let people = comparison.people;
    let mut joined: BTreeMap<(Group, Vec<String>), First<usize>> = BTreeMap::new();
    for ((group, members), (resources, via)) in comparison.found {
        joined.entry((group, resources)).or_insert_with(|| (Vec::new(), via)).0.extend(members);
    }
    let mut out = Vec::new();
    for ((group, resources), (members, via)) in joined {
        let named = |it: &&usize| people[**it].declared;
        let mut personas: Vec<String> =
            members.iter().filter(named).map(|it| people[*it].persona.name.clone()).collect();
        personas.sort();
        out.push(AccessChange {
            client: comparison.client.clone(),
            change: group.change,
            scope: group.scope,
            before: group.before,
            after: group.after,
            undeclared: members.len() - personas.len(),
            personas,
            count: members.len() * resources.len(),
            resources,
            via,
            cause: group.cause,
        });
    }
    out
}
