//! From changes to calls, and which call must wait for which.
//!
//! Order between kinds is written nowhere: a call that needs an object comes after the one that makes it; a
//! delete comes after every call that drops a reference to what goes; and what lets somebody in comes after what
//! keeps somebody out.

mod closing;
mod line;
mod needs;
mod parted;
mod ranked;
mod requests;
mod settled;
mod stages;
mod turns;
mod unique;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub use closing::Closing;
pub use requests::{names_others, path};

use crate::access::{Bounds, Realm};
use crate::call::{Body, Call, Segment};
use crate::change::Change;
use crate::diff::Diff;
use crate::kind::{self, Version};
use crate::state::{Address, Live, State};
use crate::text::{At, Code, Note};
use line::{After, Line};
use stages::Stages;
use turns::Turns;

/// How often what is still open is closed as well, before it is told.
const ROUNDS: usize = 4;

/// Calls that wait for each other; a broken invariant of the plan, shown with its objects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these changes wait for each other: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
pub struct Cycle(pub Vec<Address>);

impl Cycle {
    /// Returns the note that nothing of this can be sent first.
    pub fn note(&self, desired: &State) -> Note {
        let places = self.0.iter().filter_map(|it| Some((it, desired.get(it)?.at)));
        let mut places = places.filter(|(_, at)| *at != At::SERVER);
        let names: Vec<String> = self.0.iter().map(kind::title).collect();
        let title = format!("none of these changes can come first: {}", names.join(", "));
        let (at, label) = places.next().map_or((At::SERVER, String::new()), |(it, at)| (at, kind::title(it)));
        let note = Note::error(Code::WaitForEachOther, title, at, label);
        places
            .fold(note, |note, (it, at)| note.and(at, kind::title(it)))
            .help("apply them in two steps; where one of them is new only by its name, say `formerly: OLD NAME` there")
    }
}

/// All calls of a plan.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// In an order in which they may be sent one by one.
    pub calls: Vec<Call>,
    /// The changes that calls are of: those of the plan, and behind them those that only keep something closed.
    pub changes: Vec<Change>,
    /// What is kept closed meanwhile.
    pub closings: Vec<Closing>,
    /// Resources that no order and no closing keeps everybody out of.
    pub open: BTreeSet<Address>,
}

/// Returns the calls that create a realm with its plain fields; nobody has access to it yet.
pub fn calls(live: &State, planned: &State, changes: &[Change]) -> Result<Vec<Call>, Cycle> {
    let mut calls = requests(live, planned, changes);
    needs::wait(&mut calls, changes, live, planned);
    let after = waits(&calls);
    let line = line::up(&after, &|it| it).map_err(|stuck| cycle(&stuck, &calls, changes))?;
    Ok(sorted(calls, changes, &after, &line))
}

/// Returns the calls of a plan in an order in which nobody is let in on the way whom neither the realm as it is
/// nor the realm as it will be lets in, wherever the run ends. `sides`: these two realms.
pub fn order(live: &Live, diff: &Diff, sides: &[Realm; 2], version: Version) -> Result<Order, Cycle> {
    if diff.changes.is_empty() {
        return Ok(Order::default());
    }
    // As long as nothing stands over a resource yet, that its client still decides strictly is all that closes it.
    let state = live.with_closed(|it| !kind::keeps_closed(it));
    let closed = matches!(state, Cow::Owned(_)).then(|| Realm::compile(&state, version));
    let realms = [closed.as_ref().unwrap_or(&sides[0]), &sides[1]];
    let own = requests(&state, &diff.planned, &diff.changes);
    let plain = Turns::of(own.clone(), &diff.changes, &state, diff, realms, &[])?;
    let of_plain = Stages::of(&plain);
    let look = Look { diff, version, realms };
    let mut opened = look.opened(&of_plain, &plain, &diff.changes, &state, &BTreeSet::new());
    let mut order = Order::default();
    let mut wrapped = None;
    for _ in 0..ROUNDS {
        order.changes.clone_from(&diff.changes);
        order.closings = closing::closings(&opened, live, &diff.planned, &diff.changes, version);
        if order.closings.is_empty() {
            order.open.clone_from(&opened);
            break;
        }
        let mut calls = own.clone();
        let mut pairs = Vec::new();
        for closing in &order.closings {
            let holds = |it| of_plain.holds(it);
            pairs.extend(closing.wrap(&plain, &holds, &mut order.changes, &mut calls, live, &diff.planned));
        }
        let turns = Turns::of(calls, &order.changes, &state, diff, realms, &pairs)?;
        let stages = Stages::of(&turns);
        let closed = order.closings.iter().flat_map(|it| it.resources.iter().cloned()).collect();
        let still = look.opened(&stages, &turns, &order.changes, &live.as_it_is(), &closed);
        wrapped = Some((turns, stages));
        let is_new = still.iter().any(|it| !opened.contains(it));
        order.open.clone_from(&still);
        if !is_new {
            break;
        }
        opened.extend(still);
    }
    let (turns, stages) = wrapped.unwrap_or((plain, of_plain));
    let mut after = turns.after();
    stages.chain(&mut after);
    order.calls = sorted(turns.calls, &order.changes, &after, &turns.line);
    Ok(order)
}

/// Returns the note that nobody can keep a resource closed while a plan is applied.
pub fn open_meanwhile(resource: &Address) -> Note {
    let client = resource.parent().map(|it| kind::title(&it)).unwrap_or_default();
    let title = format!(
        "while this plan is applied, {} of {client} is open to somebody whom it is closed to before and after",
        kind::title(resource)
    );
    Note::warning(Code::OpenMeanwhile, title, At::SERVER, "no order of the changes keeps everybody out")
        .help("apply the change in two steps, or while nobody uses the resource")
}

/// What states on the way are looked at with.
struct Look<'a> {
    diff: &'a Diff,
    version: Version,
    realms: [&'a Realm; 2],
}

impl Look<'_> {
    /// Returns the resources to which somebody is let in on the way, beginning with a state. Where there is too much to
    /// look at, these are all that calls touch and that are not closed yet.
    fn opened(
        &self,
        stages: &Stages,
        turns: &Turns,
        changes: &[Change],
        from: &State,
        closed: &BTreeSet<Address>,
    ) -> BTreeSet<Address> {
        if stages.is_empty() {
            return BTreeSet::new();
        }
        let touched = stages.touched(turns);
        let bounds = Bounds::of(self.realms[0], self.realms[1], &touched);
        let opened = stages.opened(turns, from, self.diff, changes, &bounds, self.version);
        opened.unwrap_or_else(|| &touched - closed)
    }
}

/// The calls of these changes.
fn requests(live: &State, planned: &State, changes: &[Change]) -> Vec<Call> {
    let mut calls = Vec::new();
    let made = made_with(live, planned);
    for (index, change) in changes.iter().enumerate() {
        requests::of_change(index, change, live, planned, &made, &mut calls);
    }
    parted::part(&mut calls, changes, live, planned);
    unique::let_go(&mut calls);
    calls
}

/// What the server makes with which object, and live lacks.
type Made = BTreeMap<Address, Vec<Address>>;

fn made_with(live: &State, planned: &State) -> Made {
    let new = planned.objects.iter().filter(|(it, _)| !live.contains(it));
    grouped(new.filter_map(|(address, object)| Some((object.made_by.clone()?, address.clone()))))
}

/// Returns the values of each key, in their order.
fn grouped<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut out: BTreeMap<K, Vec<V>> = BTreeMap::new();
    for (key, value) in pairs {
        out.entry(key).or_default().push(value);
    }
    out
}

fn waits(calls: &[Call]) -> After {
    calls.iter().map(|it| it.after.iter().copied().collect()).collect()
}

fn cycle(stuck: &[usize], calls: &[Call], changes: &[Change]) -> Cycle {
    let objects = stuck.iter().map(|it| changes[calls[*it].change].object.clone());
    Cycle(objects.collect::<BTreeSet<_>>().into_iter().collect())
}

/// Returns the calls as they stand in line, each with what it waits for. A call that reads an object and writes it
/// back waits for the one before that does: side by side one of them would be lost. So does one of what the server keeps in
/// the realm, and one of a permission over administration.
fn sorted(calls: Vec<Call>, changes: &[Change], after: &After, line: &Line) -> Vec<Call> {
    let mut calls: Vec<Option<Call>> = calls.into_iter().map(Some).collect();
    let mut written: BTreeMap<Vec<Segment>, usize> = BTreeMap::new();
    let is_over_administration = |call: &Call| kind::is_over_administration(&changes[call.change].object);
    let kept_at = |call: &Call| {
        let object = &changes[call.change].object;
        let in_client = object.parent().filter(|_| is_over_administration(call));
        let in_realm = || kind::kind(object.kind()).routes.in_realm.then(kind::realm_address);
        let holder = in_client.or_else(in_realm);
        holder.map_or_else(|| call.path.clone(), |it| path(kind::kind(it.kind()).routes.own, &it, ""))
    };
    let sorted = line.order.iter().filter_map(|it| Some((*it, calls[*it].take()?)));
    sorted
        .enumerate()
        .map(|(place, (index, mut call))| {
            call.after = after[index].iter().map(|it| line.place[*it]).collect();
            if (matches!(call.body, Body::Overlay { .. }) || call.is_part || is_over_administration(&call))
                && let Some(before) = written.insert(kept_at(&call), place)
                && !call.after.contains(&before)
            {
                call.after.push(before);
            }
            call
        })
        .collect()
}
