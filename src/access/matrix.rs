//! Every decision of a client for many personas, each with its chain.
//!
//! Personas whom the same roles, groups and client lead to the same answers share their chains, so that the work
//! grows with how many different ways there are and not with how many personas.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Step, explained};
use super::decide::answer;
use super::persona::{Persona, Subject, Subjects};
use super::realm::Realm;
use super::table::{Table, table};
use crate::state::Address;

/// One decision of a matrix.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// Position among the personas.
    pub persona: usize,
    pub resource: &'a str,
    /// Nothing on resources without scopes.
    pub scope: Option<&'a str>,
    /// Whether it is granted, where that is known.
    pub grants: Option<bool>,
    /// The persona itself, which stands first in every chain.
    pub first: &'a Step,
    /// The chain from there on.
    pub path: &'a [Step],
}

/// Asks one question per resource, scope and persona, as a resource server asks it, in this order. Ends at the
/// first error of what takes the cells.
pub fn each_decision<E>(
    realm: &Realm,
    client: &Address,
    personas: &[Persona],
    mut take: impl FnMut(Cell<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let Some(server) = realm.server(client) else { return Ok(()) };
    let mut tokens = Subjects::default();
    let subjects: Vec<Subject> = personas.iter().map(|it| tokens.subject(realm, server, it)).collect();
    let table = table(realm, server, &subjects);
    let own = |it: &Subject| Step {
        address: it.user.map(|user| realm.users.addresses[user].clone()),
        text: it.name.clone(),
    };
    let heads: Vec<Step> = subjects.iter().map(own).collect();
    let (ways, firsts) = ways(&table, &subjects);
    for (at, address) in server.resources.addresses.iter().enumerate() {
        let all = &server.resource_entries[at].all;
        let scopes: Vec<Option<usize>> =
            if all.is_empty() { vec![None] } else { all.iter().copied().map(Some).collect() };
        for scope in scopes {
            let asked: BTreeSet<usize> = scope.into_iter().collect();
            let name = scope.map(|it| server.scopes.addresses[it].name());
            let decisions: Vec<(Option<bool>, Vec<Step>)> = firsts
                .iter()
                .map(|first| {
                    let subject = &subjects[*first];
                    if let Some(missing) = &subject.missing {
                        return (None, vec![Step { address: None, text: missing.clone() }]);
                    }
                    let outcomes = &table.classes[table.class_of[*first]].outcomes;
                    let answer = answer(server, subject, Some(at), &asked, outcomes);
                    let mut decision = explained(realm, server, subject, Some(at), &answer, outcomes);
                    decision.path.remove(0);
                    (decision.grants(name), decision.path)
                })
                .collect();
            for (persona, way) in ways.iter().enumerate() {
                let (grants, path) = &decisions[*way];
                let first = &heads[persona];
                take(Cell { persona, resource: address.name(), scope: name, grants: *grants, first, path })?;
            }
        }
    }
    Ok(())
}

/// What a chain hangs on beside what the policies say.
type Way<'a> = (usize, usize, &'a [String], &'a [usize], &'a [usize], Option<&'a str>);

/// Returns the way of each subject, and the first subject of each way.
fn ways(table: &Table<'_>, subjects: &[Subject]) -> (Vec<usize>, Vec<usize>) {
    let mut known: BTreeMap<Way<'_>, usize> = BTreeMap::new();
    let mut firsts = Vec::new();
    let of = |(at, it)| {
        let subject: &Subject = it;
        let way = (
            table.class_of[at],
            subject.client,
            subject.scopes.as_slice(),
            subject.direct_roles.as_slice(),
            subject.groups.as_slice(),
            subject.missing.as_deref(),
        );
        *known.entry(way).or_insert_with(|| {
            firsts.push(at);
            firsts.len() - 1
        })
    };
    let ways = subjects.iter().enumerate().map(of).collect();
    (ways, firsts)
}
