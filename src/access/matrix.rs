//! Every decision of a client for many personas, each with its chain.
//!
//! Personas share a chain where it cannot differ: where the policies that have a say about the resource say the same
//! of them and the chain does not tell how one comes to a role or a group, or where they come to it the same way. So
//! the work grows with how many different chains there are, not with how many personas.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Doubt, Step, Why};
use super::decide::{answer, heard};
use super::persona::{Persona, Subject, Subjects};
use super::policy::{Holds, outcomes};
use super::realm::{Realm, Server};
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
    /// The chain from there on; the same slice for personas who share it.
    pub path: &'a [Step],
    /// Why it is not known; the same slice for personas who share the chain.
    pub doubts: &'a [Doubt],
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
    let said: Vec<Vec<Holds>> = subjects.iter().map(|it| outcomes(realm, server, it)).collect();
    let own = |it: &Subject| Step {
        address: it.user.map(|user| realm.users.addresses[user].clone()),
        text: it.name.clone(),
    };
    let heads: Vec<Step> = subjects.iter().map(own).collect();
    let (ways, firsts) = ways(&said, &subjects);
    for (at, address) in server.resources.addresses.iter().enumerate() {
        let all = &server.resource_entries[at].all;
        let scopes: Vec<Option<usize>> =
            if all.is_empty() { vec![None] } else { all.iter().copied().map(Some).collect() };
        let heard = heard(server, at);
        let (alike, count) = alike(&firsts, |first| {
            let (subject, outcomes) = (&subjects[first], &said[first]);
            Heard {
                outcomes: heard.iter().map(|it| outcomes[*it]).collect(),
                client: subject.client,
                scopes: &subject.scopes,
                anonymous: subject.anonymous,
                missing: subject.missing.as_deref(),
                spoiled: subject.spoiled.as_ref(),
            }
        });
        for scope in scopes {
            let asked: BTreeSet<usize> = scope.into_iter().collect();
            let name = scope.map(|it| server.scopes.addresses[it].name());
            let mut shared: Vec<Option<usize>> = vec![None; count];
            let mut decisions: Vec<Decided> = Vec::new();
            let mut of_way = Vec::with_capacity(firsts.len());
            for (first, alike) in firsts.iter().zip(&alike) {
                if let Some(known) = shared[*alike] {
                    of_way.push(known);
                    continue;
                }
                let (subject, outcomes) = (&subjects[*first], &said[*first]);
                let (decision, is_personal) = decided(realm, server, subject, at, &asked, name, outcomes);
                decisions.push(decision);
                if !is_personal {
                    shared[*alike] = Some(decisions.len() - 1);
                }
                of_way.push(decisions.len() - 1);
            }
            for (persona, way) in ways.iter().enumerate() {
                let Decided { grants, path, doubts } = &decisions[of_way[*way]];
                let (resource, scope, grants) = (address.name(), name, *grants);
                take(Cell { persona, resource, scope, grants, first: &heads[persona], path, doubts })?;
            }
        }
    }
    Ok(())
}

/// What is decided about one scope of one resource.
struct Decided {
    grants: Option<bool>,
    path: Vec<Step>,
    doubts: Vec<Doubt>,
}

/// Everything that a decision about one resource hangs on, and its chain too where it is not personal.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Heard<'a> {
    outcomes: Vec<Holds>,
    client: usize,
    scopes: &'a [String],
    anonymous: bool,
    missing: Option<&'a str>,
    spoiled: Option<&'a Address>,
}

/// Returns to each position the number of its key, and how many keys there are.
fn alike<K: Ord>(positions: &[usize], key: impl Fn(usize) -> K) -> (Vec<usize>, usize) {
    let mut known: BTreeMap<K, usize> = BTreeMap::new();
    let number = |it: &usize| {
        let next = known.len();
        *known.entry(key(*it)).or_insert(next)
    };
    let numbers = positions.iter().map(number).collect();
    (numbers, known.len())
}

fn decided(
    realm: &Realm,
    server: &Server,
    subject: &Subject,
    resource: usize,
    asked: &BTreeSet<usize>,
    scope: Option<&str>,
    outcomes: &[Holds],
) -> (Decided, bool) {
    if let Some(missing) = &subject.missing {
        let path = vec![Step { address: None, text: missing.clone() }];
        return (Decided { grants: None, path, doubts: vec![Doubt::NotThere(missing.clone())] }, false);
    }
    let answer = answer(server, subject, Some(resource), asked, outcomes);
    let why = Why::new(realm, server, subject, outcomes);
    let mut decision = why.explained(Some(resource), &answer);
    decision.path.remove(0);
    let grants = decision.grants(scope);
    let doubts = decision.doubts(scope).to_vec();
    (Decided { grants, path: decision.path, doubts }, why.is_personal())
}

/// All that a chain hangs on.
type Way<'a> = (
    &'a [Holds],
    (usize, bool, Option<&'a Address>),
    &'a [String],
    &'a [usize],
    &'a [usize],
    Option<&'a str>,
);

/// Returns the way of each subject, and the first subject of each way.
fn ways(said: &[Vec<Holds>], subjects: &[Subject]) -> (Vec<usize>, Vec<usize>) {
    let mut known: BTreeMap<Way<'_>, usize> = BTreeMap::new();
    let mut firsts = Vec::new();
    let mut ways = Vec::with_capacity(subjects.len());
    for (at, (outcomes, subject)) in said.iter().zip(subjects).enumerate() {
        let way = (
            outcomes.as_slice(),
            (subject.client, subject.anonymous, subject.spoiled.as_ref()),
            subject.scopes.as_slice(),
            subject.direct_roles.as_slice(),
            subject.groups.as_slice(),
            subject.missing.as_deref(),
        );
        ways.push(*known.entry(way).or_insert_with(|| {
            firsts.push(at);
            firsts.len() - 1
        }));
    }
    (ways, firsts)
}
