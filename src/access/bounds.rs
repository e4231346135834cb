//! Who is let in by a state between two others, although neither of the two lets them in.

use std::collections::{BTreeMap, BTreeSet};

use super::class::everybody;
use super::persona::{Persona, Subject, Subjects, members};
use super::policy::Level;
use super::realm::Realm;
use super::table::{Resource, table};
use super::through::{askers, entrances};
use crate::state::Address;

/// Somebody who is permitted something in between.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    pub resource: Address,
    /// Nothing on resources without scopes.
    pub scope: Option<Address>,
    pub persona: String,
}

/// What the two states permit together, person by person.
pub struct Bounds<'a> {
    people: BTreeMap<Address, Vec<Persona>>,
    resources: &'a BTreeSet<Address>,
    allowed: Levels,
    askers: usize,
}

/// A resource and a scope of it.
pub(super) type ResourceScope = (Address, Option<Address>);
type Levels = BTreeMap<ResourceScope, Vec<Level>>;

impl<'a> Bounds<'a> {
    /// Returns what the states before and after permit of these resources to every persona and user of either.
    pub fn of(before: &Realm, after: &Realm, resources: &'a BTreeSet<Address>) -> Self {
        let mut people: BTreeMap<Address, Vec<Persona>> = BTreeMap::new();
        let clients: BTreeSet<&Address> = before.servers().chain(after.servers()).collect();
        let members = members([before, after]);
        for client in clients {
            let all = [after, before].into_iter().flat_map(|it| everybody(it, client, None));
            let all = all.chain(members.iter().cloned());
            let by_name: BTreeMap<String, Persona> = all.map(|it| (it.name.clone(), it)).collect();
            people.insert(client.clone(), by_name.into_values().collect());
        }
        people.retain(|client, _| resources.iter().any(|it| it.is_under(client)));
        let asked =
            people.iter().map(|(client, it)| it.len() * entrances([before, after], client).len().max(1));
        let askers = asked.sum();
        let mut allowed = levels(before, &people, resources);
        for (asked, levels) in levels(after, &people, resources) {
            let known = allowed.entry(asked).or_insert_with(|| vec![Level::Denied; levels.len()]);
            for (known, level) in known.iter_mut().zip(levels) {
                *known = level.max(*known);
            }
        }
        Self { people, resources, allowed, askers }
    }

    /// Returns how many decisions each state takes.
    pub fn decisions(&self) -> usize {
        self.allowed.values().map(Vec::len).sum()
    }

    /// Returns how many tokens each state takes: one for each person and way of asking.
    pub fn askers(&self) -> usize {
        self.askers
    }

    /// Returns everybody whom this state lets further in than both.
    pub fn opened(&self, realm: &Realm) -> Vec<Opening> {
        let mut out = Vec::new();
        for ((resource, scope), levels) in levels(realm, &self.people, self.resources) {
            let asked = (resource, scope);
            let allowed = self.allowed.get(&asked);
            let client = asked.0.parent();
            let people = client.and_then(|it| self.people.get(&it)).map(Vec::as_slice).unwrap_or_default();
            for (at, (level, persona)) in levels.iter().zip(people).enumerate() {
                if *level > allowed.map_or(Level::Denied, |it| it[at]) {
                    let (resource, scope) = asked.clone();
                    out.push(Opening { resource, scope, persona: persona.name.clone() });
                }
            }
        }
        out
    }
}

/// Returns how far everybody gets, by resource and scope.
fn levels(realm: &Realm, people: &BTreeMap<Address, Vec<Persona>>, resources: &BTreeSet<Address>) -> Levels {
    let mut out = Levels::new();
    for (client, people) in people {
        let Some(server) = realm.server(client) else { continue };
        let mut tokens = Subjects::default();
        // Everybody gets as far as the best of their ways leads.
        let askers = askers(people, &entrances([realm], client));
        let subjects: Vec<Subject> =
            askers.iter().map(|it| tokens.subject(realm, server, &here(realm, &it.persona))).collect();
        let table = table(realm, server, &subjects);
        let addresses = server.resources.addresses.iter().enumerate();
        for (at, address) in addresses.filter(|it| resources.contains(it.1)) {
            let resource = Resource::of(&table, at);
            for (position, scope) in resource.scopes.iter().enumerate() {
                let mut levels = vec![Level::Denied; people.len()];
                for (at, asker) in askers.iter().enumerate() {
                    // Who is not there yet, or not any more, or cannot log in, is permitted nothing.
                    if subjects[at].missing.is_some() || subjects[at].is_off {
                        continue;
                    }
                    let level =
                        Level::from(resource.rows[resource.row_of[table.class_of[at]]].answers[position]);
                    levels[asker.of] = level.max(levels[asker.of]);
                }
                let scope = scope.map(|it| server.scopes.addresses[it].clone());
                out.insert((address.clone(), scope), levels);
            }
        }
    }
    out
}

/// Returns a persona without roles and groups that the state lacks: nobody has them.
fn here(realm: &Realm, persona: &Persona) -> Persona {
    let mut persona = persona.clone();
    persona.roles.retain(|it| realm.roles.get(it).is_some());
    persona.groups.retain(|it| realm.groups.get(it).is_some());
    persona
}
