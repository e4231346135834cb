//! Whose turn it is: what closes goes before what does both, that before what opens, wherever two calls meet.
//!
//! Two calls meet on a spot (one scope of one resource) when both change what is decided there; calls that change who
//! holds what meet on one person, or everywhere. Where the order that calls need anyway is the other way round, both
//! count as doing both, and `stages` looks at what they do one after the other.

use std::collections::{BTreeMap, BTreeSet};

use super::line::{self, After, Line};
use super::settled::settled;
use super::unique::handed_on;
use super::{Cycle, cycle, grouped, needs, waits};
use crate::access::{Realm, Touches, Turn, touches};
use crate::call::{Call, Verb};
use crate::change::Change;
use crate::diff::Diff;
use crate::plan::simulate::part;
use crate::state::{Address, State};

/// When a call goes. A client becomes stricter before everything else under it, and looser after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    First,
    Closes,
    Both,
    Opens,
    Last,
}

impl From<Turn> for Rank {
    fn from(turn: Turn) -> Self {
        match turn {
            Turn::Closes => Self::Closes,
            Turn::Both => Self::Both,
            Turn::Opens => Self::Opens,
        }
    }
}

/// A call that changes who holds what.
#[derive(Clone, Debug)]
pub(super) struct Holding {
    pub(super) call: usize,
    /// What it does to who holds what.
    pub(super) rank: Rank,
    /// What it may do to decisions: who holds less may be permitted more where a policy is turned around.
    pub(super) decides: Rank,
}

/// All calls, in a line, and where they meet.
pub(super) struct Turns {
    pub(super) calls: Vec<Call>,
    pub(super) line: Line,
    pub(super) needed: After,
    /// The resource of each spot.
    pub(super) resources: Vec<Address>,
    /// The calls on each spot.
    pub(super) spots: Vec<Vec<(usize, Rank)>>,
    /// What may concern everybody.
    pub(super) everybody: Vec<Holding>,
    /// What concerns one person each.
    pub(super) people: BTreeMap<Address, Vec<Holding>>,
}

impl Turns {
    /// Puts calls in a line; `more` are pairs of which the first comes before the second.
    pub(super) fn of(
        mut calls: Vec<Call>,
        changes: &[Change],
        live: &State,
        diff: &Diff,
        realms: [&Realm; 2],
        more: &[(usize, usize)],
    ) -> Result<Self, Cycle> {
        needs::wait(&mut calls, changes, live, &diff.planned);
        let mut hard = waits(&calls);
        let parts: Vec<Change> = calls.iter().map(|it| part(changes, it)).collect();
        for (first, then) in handed_on(&parts, live) {
            hard[then].insert(first);
        }
        // What a resource itself needs cannot wait until the resource is kept closed.
        for (first, then) in more {
            if !needs::waits_for(&hard, *first, *then) {
                hard[*then].insert(*first);
            }
        }
        let settled = settled(&calls, &parts, live);
        // What cannot be settled in any order: two policies that change places, for instance.
        let mut loose: BTreeSet<Address> = BTreeSet::new();
        loop {
            let touches = touches([live, &diff.planned], realms, &parts, &loose);
            let mut needed = hard.clone();
            for it in settled.iter().filter(|it| !loose.contains(&it.of)) {
                needed[it.then].insert(it.first);
            }
            let stuck = match line::up(&needed, &|it| it) {
                Ok(any) => {
                    let line = pressing(&calls, &touches, &needed, &any);
                    return Ok(Self::met(calls, line, needed, touches));
                }
                Err(stuck) => stuck,
            };
            let before = loose.len();
            let is_stuck = |it: usize| stuck.binary_search(&it).is_ok();
            let among = settled.iter().filter(|it| is_stuck(it.first) && is_stuck(it.then));
            loose.extend(among.map(|it| it.of.clone()));
            if loose.len() == before {
                return Err(cycle(&stuck, &calls, changes));
            }
        }
    }

    fn met(calls: Vec<Call>, line: Line, needed: After, touches: Touches) -> Self {
        let mut out = Self {
            calls,
            line,
            needed,
            resources: touches.spots.iter().map(|it| it.0.clone()).collect(),
            spots: vec![Vec::new(); touches.spots.len()],
            everybody: Vec::new(),
            people: BTreeMap::new(),
        };
        let mut of_client: BTreeMap<Option<Address>, Vec<usize>> = BTreeMap::new();
        for (spot, (resource, _)) in touches.spots.iter().enumerate() {
            of_client.entry(resource.parent()).or_default().push(spot);
        }
        for (call, touch) in touches.parts.into_iter().enumerate() {
            for (spot, turn) in touch.spots {
                out.spots[spot].push((call, turn.into()));
            }
            if let Some((client, turn)) = touch.settings {
                let rank = settings(turn);
                let spots = of_client.get(&Some(client)).into_iter().flatten();
                spots.for_each(|it| out.spots[*it].push((call, rank)));
            }
            if let Some(turn) = touch.holds {
                let rank = turn.into();
                let decides = if touches.inverted { Rank::Both } else { rank };
                let holding = Holding { call, rank, decides };
                match touch.person {
                    Some(person) => out.people.entry(person).or_default().push(holding),
                    None => out.everybody.push(holding),
                }
            }
        }
        out.contradictions();
        out
    }

    /// Makes calls do both that stand the wrong way round.
    fn contradictions(&mut self) {
        let line = &self.line;
        loop {
            let mut changed = false;
            for spot in &mut self.spots {
                let wrong: BTreeSet<usize> = pairs(spot)
                    .filter(|((one, a), (other, b))| a < b && !line.is_before(*one, *other))
                    .flat_map(|((one, _), (other, _))| [one, other])
                    .collect();
                for (_, rank) in spot.iter_mut().filter(|it| wrong.contains(&it.0)) {
                    changed |= *rank != Rank::Both;
                    *rank = Rank::Both;
                }
            }
            if !changed {
                break;
            }
        }
        let mut wrong: BTreeSet<usize> = BTreeSet::new();
        let mut wrong_on: BTreeSet<usize> = BTreeSet::new();
        self.each_meeting(&mut |one, other| {
            let (a, b) = (one.decides.min(other.decides), one.decides.max(other.decides));
            let (first, then) = if one.decides == a { (one, other) } else { (other, one) };
            if a < b && !line.is_before(first.call, then.call) {
                wrong.extend([first.call, then.call]);
            }
        });
        let on_spots = self.ranks_on_spots();
        for holding in self.holdings() {
            for ((low, high), calls) in &on_spots {
                let (is_below, is_above) = (holding.decides < *high, holding.decides > *low);
                for call in calls.iter().filter(|_| is_below || is_above) {
                    let is_behind = is_below && !line.is_before(holding.call, *call);
                    let is_ahead = is_above && !line.is_before(*call, holding.call);
                    if is_behind || is_ahead {
                        wrong.insert(holding.call);
                        wrong_on.insert(*call);
                    }
                }
            }
        }
        for holding in self.everybody.iter_mut().chain(self.people.values_mut().flatten()) {
            if wrong.contains(&holding.call) {
                holding.decides = Rank::Both;
            }
        }
        for (call, rank) in self.spots.iter_mut().flatten() {
            if wrong_on.contains(call) {
                *rank = Rank::Both;
            }
        }
    }

    pub(super) fn holdings(&self) -> impl Iterator<Item = &Holding> {
        self.everybody.iter().chain(self.people.values().flatten())
    }

    /// The calls that touch a spot, by the lowest and highest rank of each.
    fn ranks_on_spots(&self) -> BTreeMap<(Rank, Rank), Vec<usize>> {
        let mut out: BTreeMap<usize, (Rank, Rank)> = BTreeMap::new();
        for (call, rank) in self.spots.iter().flatten() {
            let (low, high) = out.entry(*call).or_insert((*rank, *rank));
            *low = (*low).min(*rank);
            *high = (*high).max(*rank);
        }
        grouped(out.into_iter().map(|(call, ranks)| (ranks, call)))
    }

    /// Calls `f` with every two that change what one person holds, and do not do the same to it.
    fn each_meeting<'a>(&'a self, f: &mut dyn FnMut(&'a Holding, &'a Holding)) {
        let everybody = by_ranks(&self.everybody);
        let people = by_ranks(self.people.values().flatten());
        for (ranks, ones) in &everybody {
            let beside = everybody.iter().filter(|it| it.0 > ranks);
            let with = people.iter().filter(|it| it.0 != ranks);
            for other in beside.chain(with).flat_map(|it| it.1) {
                for it in ones {
                    f(it, other);
                }
            }
        }
        for own in self.people.values() {
            for (at, one) in own.iter().enumerate() {
                own[at + 1..].iter().for_each(|it| f(one, it));
            }
        }
    }

    /// Returns what each call waits for, so that what closes goes first wherever calls meet.
    pub(super) fn after(&self) -> After {
        let mut after = self.needed.clone();
        let mut order = |first: usize, then: usize| {
            if self.line.is_before(first, then) {
                after[then].insert(first);
            }
        };
        for spot in &self.spots {
            for ((one, a), (other, b)) in pairs(spot) {
                if a < b {
                    order(one, other);
                }
            }
        }
        self.each_meeting(&mut |one, other| {
            if one.rank < other.rank || one.decides < other.decides {
                order(one.call, other.call);
            }
            if other.rank < one.rank || other.decides < one.decides {
                order(other.call, one.call);
            }
        });
        let on_spots = self.ranks_on_spots();
        for holding in self.holdings() {
            for ((low, high), calls) in &on_spots {
                let (is_below, is_above) = (holding.decides < *high, holding.decides > *low);
                for call in calls.iter().filter(|_| is_below || is_above) {
                    if is_below {
                        order(holding.call, *call);
                    }
                    if is_above {
                        order(*call, holding.call);
                    }
                }
            }
        }
        after
    }
}

/// Holdings by what they do. In a large realm nearly all do the same.
fn by_ranks<'a>(holdings: impl IntoIterator<Item = &'a Holding>) -> BTreeMap<(Rank, Rank), Vec<&'a Holding>> {
    grouped(holdings.into_iter().map(|it| ((it.rank, it.decides), it)))
}

fn settings(turn: Turn) -> Rank {
    match turn {
        Turn::Closes => Rank::First,
        Turn::Both => Rank::Both,
        Turn::Opens => Rank::Last,
    }
}

/// Every two calls, in both orders.
fn pairs(calls: &[(usize, Rank)]) -> impl Iterator<Item = ((usize, Rank), (usize, Rank))> {
    calls
        .iter()
        .flat_map(|one| calls.iter().filter(move |other| other.0 != one.0).map(move |other| (*one, *other)))
}

/// Returns the calls in a line in which what closes comes as early as it can.
fn pressing(calls: &[Call], touches: &Touches, needed: &After, any: &Line) -> Line {
    let own: Vec<(Rank, u8)> = touches
        .parts
        .iter()
        .zip(calls)
        .map(|(touch, call)| {
            let holds = touch.holds.map(Rank::from);
            let of_settings = touch.settings.as_ref().map(|it| settings(it.1));
            let spots = touch.spots.iter().map(|it| Rank::from(it.1));
            let mut ranks: Vec<Rank> = holds.into_iter().chain(of_settings).chain(spots).collect();
            ranks.sort();
            ranks.dedup();
            let method = match call.method {
                Verb::Post => 1,
                Verb::Put => 2,
                Verb::Delete => 3,
            };
            match ranks.as_slice() {
                // It decides nothing by itself: as early as something needs it.
                [] => (Rank::Last, 0),
                [Rank::Both] if holds.is_some() => (Rank::Both, 0),
                [one] => (*one, method),
                _ => (Rank::Both, method),
            }
        })
        .collect();
    // What something pressing waits for is as pressing.
    let mut urgency: Vec<Rank> = own.iter().map(|it| it.0).collect();
    for call in any.order.iter().rev() {
        for before in &needed[*call] {
            urgency[*before] = urgency[*before].min(urgency[*call]);
        }
    }
    line::up(needed, &|it| (urgency[it], own[it], it)).expect("they were put in a line before")
}
