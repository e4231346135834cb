//! From changes to calls, and which call must wait for which.
//!
//! Order between kinds is written nowhere: a call that needs an object comes after the one that makes it; a
//! delete comes after every call that drops a reference to what goes; and what lets somebody in comes after what
//! keeps somebody out.

mod closing;
mod line;
mod needs;
mod requests;
mod settled;
mod stages;
mod turns;
mod unique;

use std::collections::{BTreeMap, BTreeSet};

pub use closing::Closing;
pub use requests::path;

use crate::access::{Bounds, Realm};
use crate::call::Call;
use crate::change::Change;
use crate::diff::Diff;
use crate::kind::Version;
use crate::state::{Address, State};
use line::{After, Line};
use stages::Stages;
use turns::Turns;

/// Calls that wait for each other; a broken invariant of the plan, shown with its objects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these changes wait for each other: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
pub struct Cycle(pub Vec<Address>);

/// All calls of a plan.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// In an order in which they may be sent one by one.
    pub calls: Vec<Call>,
    /// The changes that calls are of: those of the plan, and behind them those that only keep something closed.
    pub changes: Vec<Change>,
    /// What is kept closed meanwhile.
    pub closings: Vec<Closing>,
}

/// Returns the calls that create a realm with its plain fields; nobody has access to it yet.
pub fn calls(live: &State, planned: &State, changes: &[Change]) -> Result<Vec<Call>, Cycle> {
    let mut calls = requests(live, planned, changes);
    needs::wait(&mut calls, changes, live, planned);
    let after = waits(&calls);
    let line = line::up(&after, &|it| it).map_err(|stuck| cycle(&stuck, &calls, changes))?;
    Ok(sorted(calls, &after, &line))
}

/// Returns the calls of a plan in an order in which nobody is let in on the way whom neither the realm as it is
/// nor the realm as it will be lets in, wherever the run ends.
pub fn order(live: &State, diff: &Diff, version: Version) -> Result<Order, Cycle> {
    if diff.changes.is_empty() {
        return Ok(Order::default());
    }
    let realms = [live, &diff.planned].map(|it| Realm::compile(it, version));
    let mut order = Order { changes: diff.changes.clone(), ..Order::default() };
    let mut calls = requests(live, &diff.planned, &order.changes);
    let mut turns = Turns::of(calls.clone(), &order.changes, live, diff, &realms, &[])?;
    let mut stages = Stages::of(&turns);
    if !stages.is_empty() {
        let bounds = Bounds::of(&realms[0], &realms[1]);
        let opened = stages.opened(&turns, live, diff, &order.changes, &bounds, version);
        order.closings = closing::closings(&opened, live, &diff.planned);
    }
    if !order.closings.is_empty() {
        let mut pairs = Vec::new();
        for closing in &order.closings {
            let holds = |it| stages.holds(it);
            pairs.extend(closing.wrap(&turns, &holds, &mut order.changes, &mut calls, live, &diff.planned));
        }
        turns = Turns::of(calls, &order.changes, live, diff, &realms, &pairs)?;
        stages = Stages::of(&turns);
    }
    let mut after = turns.after();
    stages.chain(&mut after);
    order.calls = sorted(turns.calls, &after, &turns.line);
    Ok(order)
}

/// The calls of these changes.
fn requests(live: &State, planned: &State, changes: &[Change]) -> Vec<Call> {
    let mut calls = Vec::new();
    let made = made_with(live, planned);
    for (index, change) in changes.iter().enumerate() {
        requests::of_change(index, change, live, planned, &made, &mut calls);
    }
    unique::let_go(&mut calls);
    calls
}

/// What the server makes with which object, and live lacks.
type Made = BTreeMap<Address, Vec<Address>>;

fn made_with(live: &State, planned: &State) -> Made {
    let mut made = Made::new();
    for (address, object) in planned.objects.iter().filter(|(it, _)| !live.contains(it)) {
        if let Some(by) = &object.made_by {
            made.entry(by.clone()).or_default().push(address.clone());
        }
    }
    made
}

fn waits(calls: &[Call]) -> After {
    calls.iter().map(|it| it.after.iter().copied().collect()).collect()
}

fn cycle(stuck: &[usize], calls: &[Call], changes: &[Change]) -> Cycle {
    let objects = stuck.iter().map(|it| changes[calls[*it].change].object.clone());
    Cycle(objects.collect::<BTreeSet<_>>().into_iter().collect())
}

/// Returns the calls as they stand in line, each with what it waits for.
fn sorted(calls: Vec<Call>, after: &After, line: &Line) -> Vec<Call> {
    let mut calls: Vec<Option<Call>> = calls.into_iter().map(Some).collect();
    let sorted = line.order.iter().filter_map(|it| Some((*it, calls[*it].take()?)));
    sorted
        .map(|(index, mut call)| {
            call.after = after[index].iter().map(|it| line.place[*it]).collect();
            call
        })
        .collect()
}
