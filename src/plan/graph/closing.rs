//! Resources that are kept closed while their rules change, because no order of the changes keeps everybody out.
//!
//! A permission with a policy that never holds stands over them meanwhile: it comes before everything that touches
//! them and goes after it. Where one permission is enough (AFFIRMATIVE), or what no permission covers is open
//! (PERMISSIVE), the client decides strictly as long. A new resource gets its type and its scopes once that permission
//! stands over it. What an interrupted run left standing is used again, and goes at the end.

use std::collections::{BTreeMap, BTreeSet};

use super::requests;
use super::turns::Turns;
use crate::call::{Body, Call, Overlay, Verb};
use crate::change::{Action, Change, Path};
use crate::kind::{self, Version};
use crate::state::{Address, Live, Node, State};
use crate::text::At;

/// What is kept closed during a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    pub client: Address,
    pub resources: BTreeSet<Address>,
    /// The client decides by ENFORCING and UNANIMOUS meanwhile, whatever it says before and after.
    pub strict: bool,
    /// An interrupted run left something of it closed.
    pub taken_over: bool,
}

/// Returns what has to be kept closed, client by client: what would be opened, and what still is closed. Nothing of
/// fine-grained administration is: the server takes no permission there of a resource as a whole (400).
pub(super) fn closings(
    opened: &BTreeSet<Address>,
    live: &Live,
    planned: &State,
    changes: &[Change],
    version: Version,
) -> Vec<Closing> {
    let mut by_client: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    for resource in opened {
        let client = resource.parent().expect("a resource stands under its client");
        if kind::is_fine_grained(&client, version) {
            continue;
        }
        by_client.entry(client).or_default().insert(resource.clone());
    }
    let left = live.closed.keys().filter(|it| kind::keeps_closed(it));
    let ends: BTreeSet<&Address> = changes.iter().map(|it| &it.object).collect();
    for client in left.filter(|it| ends.contains(it)).filter_map(Address::parent) {
        by_client.entry(client).or_default();
    }
    by_client
        .into_iter()
        .map(|(client, mut resources)| {
            let closers = kind::closers(&client);
            let taken_over = closers.iter().any(|it| live.closed.contains_key(it));
            if let Some(permission) = live.closed.get(&closers[1]) {
                resources.extend(kind::covered(permission).into_iter().filter(|it| live.state.contains(it)));
            }
            let settings = kind::settings_of(&client);
            let sides = [live.closed.get(&settings), live.state.get(&settings), planned.get(&settings)];
            let is_loose = |it: &kind::Strict| sides[1..].iter().flatten().any(|side| it.is_loose(side));
            // Where nothing is closed any more, the client only is to decide as before.
            let is_closed = sides[0].is_some() || !resources.is_empty();
            let strict = is_closed && kind::STRICT.iter().any(is_loose);
            Closing { client, resources, strict, taken_over }
        })
        .collect()
}

impl Closing {
    /// Adds the changes and calls that keep closed, and returns which call comes before which.
    pub(super) fn wrap(
        &self,
        turns: &Turns,
        holds: &dyn Fn(usize) -> bool,
        changes: &mut Vec<Change>,
        calls: &mut Vec<Call>,
        live: &Live,
        planned: &State,
    ) -> Vec<(usize, usize)> {
        let mut steps = Steps { changes, calls, live, planned };
        let settings = self.settings(&mut steps);
        let [policy, permission] = kind::closers(&self.client);
        let [never, covers] = kind::close(&self.client, &self.resources, &settings.otherwise);
        let is_left = live.closed.contains_key(&permission);
        let has_permission = is_left || !self.resources.is_empty();
        let never = if self.resources.is_empty() { Vec::new() } else { steps.made_so(never) };
        let covers = if self.resources.is_empty() { Vec::new() } else { steps.made_so(covers) };
        let reopens = if has_permission { steps.gone(&permission) } else { Vec::new() };
        let forgets = steps.gone(&policy);
        let mut pairs = Vec::new();
        let mut line = |before: &[usize], then: &[usize]| {
            pairs.extend(before.iter().flat_map(|one| then.iter().map(move |other| (*one, *other))));
        };
        line(&never, &settings.strict);
        line(&never, &covers);
        line(&settings.strict, &covers);
        for closes in [&never, &settings.strict, &covers] {
            line(closes, &reopens);
        }
        line(&reopens, &settings.back);
        for all in [&never, &reopens, &settings.back] {
            line(all, &forgets);
        }
        let spots = turns.spots.iter().zip(&turns.resources).filter(|it| self.resources.contains(it.1));
        let on_them: BTreeSet<usize> = spots.flat_map(|it| it.0).map(|it| it.0).collect();
        let makes: BTreeSet<usize> = (0..turns.calls.len())
            .filter(|it| matches!(turns.calls[*it].body, Body::Whole { .. }))
            .filter(|it| self.resources.contains(&steps.changes[turns.calls[*it].change].object))
            .collect();
        for call in
            (0..turns.calls.len()).filter(|it| on_them.contains(it) || makes.contains(it) || holds(*it))
        {
            let change = turns.calls[call].change;
            // The client's own settings close before everything and open after it.
            if on_them.contains(&call) && kind::says_how_to_decide(&steps.changes[change].object) {
                continue;
            }
            if makes.contains(&call) {
                line(&settings.strict, &[call]);
                if let Some(reached) = steps.bare(call) {
                    line(&[call], &[reached]);
                    line(&covers, &[reached]);
                    line(&[reached], &reopens);
                }
            } else {
                for closes in [&never, &settings.strict, &covers] {
                    line(closes, &[call]);
                }
                line(&[call], if has_permission { &reopens } else { &settings.back });
            }
        }
        pairs
    }

    /// Adds what makes the client decide strictly for a while. What the plan itself sets is set when its turn comes.
    fn settings(&self, steps: &mut Steps<'_>) -> Decides {
        let mut out = Decides::default();
        let settings = kind::settings_of(&self.client);
        let live = steps.live;
        let sides = [live.state.get(&settings), steps.planned.get(&settings)];
        let [Some(before), Some(after)] = sides else { return out };
        let now = live.closed.get(&settings).unwrap_or(before);
        let (mut to, mut back) = (Vec::new(), Vec::new());
        for strict in kind::STRICT.iter().filter(|_| self.strict) {
            let field = strict.field;
            let own = steps.own(&settings, field);
            let is_loose = [now, before, after].map(|it| strict.is_loose(it));
            if is_loose[0] && self.resources.is_empty() {
                continue;
            }
            if is_loose[1] && is_loose[2] {
                out.otherwise.insert(field, before.text(field).to_owned());
            }
            match (is_loose, own) {
                ([true, _, false], Some(own)) => out.strict.push(own),
                ([true, ..], _) => to.push(kind::decide(field, now.text(field), strict.value)),
                _ => {}
            }
            match (is_loose[2], own) {
                (true, Some(own)) => {
                    steps.set_from(own, strict.value);
                    out.back.push(own);
                }
                (true, None) => back.push(kind::decide(field, strict.value, after.text(field))),
                (false, _) => {}
            }
        }
        for (fields, calls) in [(to, &mut out.strict), (back, &mut out.back)] {
            if !fields.is_empty() {
                calls.extend(steps.add(kind::decide_by(&self.client, fields)));
            }
        }
        out
    }
}

/// How a client comes to decide strictly, and back.
#[derive(Default)]
struct Decides {
    strict: Vec<usize>,
    back: Vec<usize>,
    /// What it decides by before and after.
    otherwise: BTreeMap<&'static str, String>,
}

/// The changes and calls of a plan, to which more are added.
struct Steps<'a> {
    changes: &'a mut Vec<Change>,
    calls: &'a mut Vec<Call>,
    live: &'a Live,
    planned: &'a State,
}

impl Steps<'_> {
    fn add(&mut self, change: Change) -> Vec<usize> {
        let from = self.calls.len();
        let index = self.changes.len();
        requests::of_change(index, &change, &self.live.state, self.planned, &BTreeMap::new(), self.calls);
        self.changes.push(change);
        (from..self.calls.len()).collect()
    }

    /// Makes an object, or makes so what is left of it.
    fn made_so(&mut self, create: Change) -> Vec<usize> {
        let change = match self.live.closed.get(&create.object) {
            Some(there) => kind::made_so(&create, there),
            None => Some(create),
        };
        change.map(|it| self.add(it)).unwrap_or_default()
    }

    /// The calls that delete what closes: those of the plan, or new ones.
    fn gone(&mut self, closer: &Address) -> Vec<usize> {
        let is_it = |it: &Change| it.object == *closer && it.action == Action::Delete;
        match self.changes.iter().position(is_it) {
            Some(at) => (0..self.calls.len()).filter(|it| self.calls[*it].change == at).collect(),
            None => self.add(kind::reopen(closer)),
        }
    }

    /// The call with which the plan itself sets a field.
    fn own(&self, object: &Address, field: &str) -> Option<usize> {
        let sets = |it: &Call| it.fields.iter().any(|it| &*it.path.field == field);
        self.calls.iter().position(|it| self.changes[it.change].object == *object && sets(it))
    }

    /// Says what a call will find that sets one field.
    fn set_from(&mut self, call: usize, from: &str) {
        let found = |at| Some(Node::text(at, from));
        let call = &mut self.calls[call];
        call.fields.iter_mut().for_each(|it| it.from = found(it.at));
        if let Body::Overlay { set, .. } = &mut call.body {
            for it in set {
                it.from = found(At::SERVER);
            }
        }
    }

    /// Takes from the create of a resource what permissions reach it by, and returns the call that adds it.
    fn bare(&mut self, create: usize) -> Option<usize> {
        let reached = |it: &str| kind::REACHED_BY.contains(&it);
        let create = &mut self.calls[create];
        let Body::Whole { address, fields } = &mut create.body else { return None };
        let set: Vec<Overlay> = fields
            .iter()
            .filter(|(name, node)| reached(name) && !node.is_nothing())
            .map(|(name, node)| Overlay { path: Path::field(name), from: None, to: Some(node.clone()) })
            .collect();
        if set.is_empty() {
            return None;
        }
        fields.retain(|it| !reached(&it.0));
        let (of_reach, rest) = create.fields.iter().cloned().partition(|it| reached(&it.path.field));
        create.fields = rest;
        let address = address.clone();
        let call = Call {
            change: create.change,
            method: Verb::Put,
            path: requests::path(kind::kind(address.kind()).routes.own, &address, ""),
            body: Body::Overlay { address, set },
            fields: of_reach,
            is_part: false,
            creates: Vec::new(),
            after: Vec::new(),
        };
        self.calls.push(call);
        Some(self.calls.len() - 1)
    }
}
