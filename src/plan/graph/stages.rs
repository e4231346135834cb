//! Calls that do both and meet: one after the other, and what the realm permits after each.
//!
//! Where at most one such call meets any decision, it goes from less than before to less than afterwards, and nobody
//! has to look. Otherwise the calls are put in a chain and each state on the way is decided. Chains that do not meet
//! are looked at side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::line::After;
use super::turns::{Rank, Turns};
use crate::access::{Bounds, Realm};
use crate::change::Change;
use crate::diff::Diff;
use crate::kind::Version;
use crate::plan::simulate::simulate;
use crate::state::{Address, State};

/// Beyond this much work nobody looks: everything that is touched stays closed meanwhile. One decision is 1; a second
/// is enough for some 50 millions of them.
const MOST_WORK: usize = 200_000_000;

/// What it takes to compile one object.
const WORK_OF_OBJECT: usize = 200;

/// What it takes to make the token of one person and to look at it with every policy.
const WORK_OF_TOKEN: usize = 1_000;

/// Calls in the order in which they take effect; those of one stage do not meet.
#[derive(Debug, Default)]
pub(super) struct Stages {
    steps: Vec<Vec<usize>>,
    /// Calls of a chain wait for each other, and those of one layer for the layers before.
    layers: Vec<Vec<Vec<usize>>>,
    /// Calls that change who holds what and do both.
    holdings: BTreeSet<usize>,
}

impl Stages {
    pub(super) fn of(turns: &Turns) -> Self {
        let by_place = |mut calls: Vec<usize>| {
            calls.sort_by_key(|it| turns.line.place[*it]);
            calls.dedup();
            calls
        };
        let both = |of: &[super::turns::Holding]| {
            by_place(of.iter().filter(|it| it.decides == Rank::Both).map(|it| it.call).collect())
        };
        let everybody = both(&turns.everybody);
        let people: Vec<Vec<usize>> =
            turns.people.values().map(|it| both(it)).filter(|it| !it.is_empty()).collect();
        let groups: Vec<Vec<usize>> = meeting(turns).into_iter().map(by_place).collect();
        let sources = [!everybody.is_empty(), !people.is_empty(), !groups.is_empty()];
        let is_alone = sources.iter().filter(|it| **it).count() <= 1
            && everybody.len() <= 1
            && people.iter().chain(&groups).all(|it| it.len() <= 1);
        if is_alone || turns.spots.is_empty() {
            return Self::default();
        }
        let holdings: BTreeSet<usize> = everybody.iter().chain(people.iter().flatten()).copied().collect();
        let last = holdings.iter().map(|it| turns.line.place[*it]).max();
        let first = groups.iter().flatten().map(|it| turns.line.place[*it]).min();
        let last_of_all = everybody.iter().map(|it| turns.line.place[*it]).max();
        let first_of_people = people.iter().flatten().map(|it| turns.line.place[*it]).min();
        let apart = |before: Option<usize>, then: Option<usize>| before.zip(then).is_none_or(|(a, b)| a < b);
        // What concerns everybody comes first; where that cannot be, all of it is one chain.
        let layers = if apart(last, first) && apart(last_of_all, first_of_people) {
            vec![vec![everybody], people, groups]
        } else {
            let all = holdings.iter().copied().chain(groups.into_iter().flatten()).collect();
            vec![vec![by_place(all)]]
        };
        let mut out = Self { holdings, ..Self::default() };
        for layer in layers {
            for step in 0..layer.iter().map(Vec::len).max().unwrap_or(0) {
                out.steps.push(layer.iter().filter_map(|it| it.get(step).copied()).collect());
            }
            out.layers.push(layer.into_iter().filter(|it| !it.is_empty()).collect());
        }
        out
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns whether a call changes who holds what in a way that has to be looked at.
    pub(super) fn holds(&self, call: usize) -> bool {
        self.holdings.contains(&call)
    }

    /// Makes the calls of each chain wait for each other, and what decides for who holds what.
    pub(super) fn chain(&self, after: &mut After) {
        for (at, layer) in self.layers.iter().enumerate() {
            for chain in layer {
                for two in chain.windows(2) {
                    after[two[1]].insert(two[0]);
                }
                let before = self.layers[..at].iter().flatten().filter_map(|it| it.last().copied());
                after[chain[0]].extend(before);
            }
        }
    }

    /// Returns the resources to which somebody is let in on the way whom neither end lets in; nothing where there is too
    /// much to look at.
    pub(super) fn opened(
        &self,
        turns: &Turns,
        live: &State,
        diff: &Diff,
        changes: &[Change],
        bounds: &Bounds<'_>,
        version: Version,
    ) -> Option<BTreeSet<Address>> {
        let of_state =
            WORK_OF_OBJECT * live.objects.len() + WORK_OF_TOKEN * bounds.askers() + bounds.decisions();
        if self.steps.len() * of_state > MOST_WORK {
            return None;
        }
        let mut opened = BTreeSet::new();
        let mut state = live.clone();
        let mut by_stage: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (call, stage) in self.taking_effect(turns) {
            by_stage.entry(stage).or_default().push(call);
        }
        for stage in 0..=self.steps.len() {
            for call in by_stage.get(&stage).into_iter().flatten() {
                simulate(&mut state, &diff.desired, changes, &turns.calls[*call], version);
            }
            let realm = Realm::compile(&state, version);
            opened.extend(bounds.opened(&realm).into_iter().map(|it| it.resource));
        }
        Some(opened)
    }

    /// Calls in line and the stage at which each is done: what only opens comes after all of them.
    fn taking_effect(&self, turns: &Turns) -> Vec<(usize, usize)> {
        let mut stage_of = vec![0; turns.calls.len()];
        let mut opens: BTreeMap<usize, bool> = BTreeMap::new();
        let ranks = turns.spots.iter().flatten().copied();
        for (call, rank) in ranks.chain(turns.holdings().map(|it| (it.call, it.decides))) {
            *opens.entry(call).or_insert(true) &= rank >= Rank::Opens;
        }
        for (call, opens) in opens {
            stage_of[call] = if opens { usize::MAX } else { 0 };
        }
        for (stage, calls) in self.steps.iter().enumerate() {
            for call in calls {
                stage_of[*call] = stage + 1;
            }
        }
        let mut after = turns.after();
        self.chain(&mut after);
        let mut out = Vec::with_capacity(turns.calls.len());
        for call in &turns.line.order {
            let latest = after[*call].iter().map(|it| stage_of[*it]).max().unwrap_or(0);
            stage_of[*call] = stage_of[*call].max(latest);
            out.push((*call, stage_of[*call]));
        }
        out
    }

    /// Returns the resources that calls of a stage touch.
    pub(super) fn touched(&self, turns: &Turns) -> BTreeSet<Address> {
        let staged: BTreeSet<usize> = self.steps.iter().flatten().copied().collect();
        let on = |spot: &[(usize, Rank)]| {
            !self.holdings.is_empty() || spot.iter().any(|it| staged.contains(&it.0))
        };
        let spots = turns.spots.iter().zip(&turns.resources).filter(|(spot, _)| on(spot));
        spots.map(|(_, resource)| resource.clone()).collect()
    }
}

/// Calls that do both, in groups that share no spot.
fn meeting(turns: &Turns) -> Vec<Vec<usize>> {
    let mut parent: BTreeMap<usize, usize> = BTreeMap::new();
    for spot in &turns.spots {
        let mut both = spot.iter().filter(|it| it.1 == Rank::Both).map(|it| it.0);
        let Some(first) = both.next() else { continue };
        parent.entry(first).or_insert(first);
        for other in both {
            parent.entry(other).or_insert(other);
            let (a, b) = (root(&parent, first), root(&parent, other));
            parent.insert(b, a);
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for call in parent.keys() {
        groups.entry(root(&parent, *call)).or_default().push(*call);
    }
    groups.into_values().collect()
}

fn root(parent: &BTreeMap<usize, usize>, mut call: usize) -> usize {
    while parent[&call] != call {
        call = parent[&call];
    }
    call
}
