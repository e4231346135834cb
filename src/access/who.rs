//! Who may do one thing: personas whom the same chain leads there, together.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Doubt, Step};
use super::decide::{AccessQuestion, decide};
use super::persona::Persona;
use super::realm::Realm;
use super::through::{Ways, askers, clients_among, entrances};
use crate::kind::RESOURCE;
use crate::state::Address;

/// Who may, who may not, and of whom it cannot be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    pub permitted: Vec<Alike>,
    pub unknown: Vec<Alike>,
    /// By name.
    pub denied: Vec<String>,
    /// How many were asked about.
    pub personas: usize,
    /// Through how many clients; 0 where no token counts.
    pub clients: usize,
    /// The scopes of the resource, where it lacks the one that is asked for, so that nobody may.
    pub has_only: Option<Vec<String>>,
}

/// Personas for whom it comes about in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// By name.
    pub personas: Vec<String>,
    pub through: Ways,
    /// The chain of the first of them, without its ends.
    pub via: Vec<Step>,
    pub doubts: Vec<Doubt>,
    /// What does not change the answer but the reader should know.
    pub notes: Vec<String>,
}

/// What is the same for all of a group: whether it is unknown, the chain, the doubts and the notes.
type Same = (bool, Vec<Step>, Vec<Doubt>, Vec<String>);

/// Answers for every persona whether it may do this to a resource, through every client it may come through; without
/// a scope, for the resource as a whole.
pub fn who(
    realm: &Realm,
    client: &Address,
    resource: &str,
    scope: Option<&str>,
    personas: &[Persona],
) -> Who {
    let has_only = lacks(realm, client, resource, scope);
    let entrances = entrances([realm], client);
    let clients = clients_among(realm, client, personas, &entrances);
    let mut out = Who { has_only, personas: personas.len(), clients, ..Who::default() };
    let scopes: Vec<String> = scope.iter().map(|it| (*it).to_owned()).collect();
    // Per persona what is not denied, and where: the first chain first.
    let mut answers: Vec<Vec<(Same, BTreeSet<usize>)>> = vec![Vec::new(); personas.len()];
    for asker in askers(personas, &entrances) {
        let question =
            AccessQuestion { client, resource: Some(resource), scopes: &scopes, persona: &asker.persona };
        let decision = decide(realm, &question);
        let grants = decision.grants(scope);
        if grants == Some(false) {
            continue;
        }
        let doubts = decision.doubts(scope).to_vec();
        let mut via = decision.path;
        if via.len() > 1 {
            via.pop();
            via.remove(0);
        }
        let same = (grants.is_none(), via, doubts, decision.notes);
        let at: BTreeSet<usize> = asker.entrance.into_iter().collect();
        match answers[asker.of].iter_mut().find(|it| it.0 == same) {
            Some(known) => known.1.extend(at),
            None => answers[asker.of].push((same, at)),
        }
    }
    let mut groups: BTreeMap<(Same, Ways), Vec<usize>> = BTreeMap::new();
    for (at, answers) in answers.into_iter().enumerate() {
        if answers.is_empty() {
            out.denied.push(personas[at].name.clone());
        }
        // Whom every client leads there needs one chain, although some may lead there otherwise.
        let permits = || answers.iter().filter(|((is_unknown, ..), _)| !is_unknown);
        let all: BTreeSet<usize> = permits().flat_map(|it| it.1.iter().copied()).collect();
        let one = permits().next().filter(|_| Ways::of(&entrances, &all).ways.is_empty());
        let answers = match one {
            Some((same, _)) => vec![(same.clone(), all)],
            None => answers,
        };
        for (same, ways) in answers {
            groups.entry((same, Ways::of(&entrances, &ways))).or_default().push(at);
        }
    }
    // In the order in which the personas were given.
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|it| it.1[0]);
    for (((is_unknown, via, doubts, notes), through), members) in groups {
        let names = members.iter().map(|it| personas[*it].name.clone()).collect();
        let alike = Alike { personas: names, through, via, doubts, notes };
        if is_unknown { out.unknown.push(alike) } else { out.permitted.push(alike) }
    }
    out
}

/// Returns the scopes of a resource where this is none of them.
fn lacks(realm: &Realm, client: &Address, resource: &str, scope: Option<&str>) -> Option<Vec<String>> {
    let (scope, server) = (scope?, realm.server(client)?);
    let at = server.resources.get(&client.child(RESOURCE, resource))?;
    let name = |it: &usize| server.scopes.addresses[*it].name().to_owned();
    let has: Vec<String> = server.resource_entries[at].all.iter().map(name).collect();
    (!has.iter().any(|it| it == scope)).then_some(has)
}
