//! Resources that are kept closed while their rules change, because no order of the changes keeps everybody out.
//!
//! A permission with a policy that never holds stands over them meanwhile: it comes before everything that touches
//! them and goes after it. Where one permission is enough (AFFIRMATIVE), or what no permission covers is open
//! (PERMISSIVE), the client decides strictly as long.

use std::collections::{BTreeMap, BTreeSet};

use super::requests;
use super::turns::Turns;
use crate::call::{Body, Call};
use crate::change::Change;
use crate::kind::{self, CLIENT, RESOURCE, SETTINGS};
use crate::state::{Address, State};

/// What is kept closed during a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    pub client: Address,
    pub resources: BTreeSet<Address>,
    /// The client decides by ENFORCING and UNANIMOUS meanwhile, whatever it says before and after.
    pub strict: Option<[Change; 2]>,
}

/// Returns what has to be kept closed, client by client.
pub(super) fn closings(opened: &BTreeSet<Address>, live: &State, planned: &State) -> Vec<Closing> {
    let mut by_client: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    for resource in opened {
        let client = resource.parent().expect("a resource stands under its client");
        by_client.entry(client).or_default().insert(resource.clone());
    }
    by_client
        .into_iter()
        .map(|(client, resources)| {
            let settings = client.child(SETTINGS, "");
            let both = [live, planned].map(|it| it.get(&settings));
            let strict = match both {
                [Some(before), Some(after)] if before.fields == after.fields => {
                    kind::strict_for_a_while(&client, before)
                }
                _ => None,
            };
            Closing { client, resources, strict }
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
        live: &State,
        planned: &State,
    ) -> Vec<(usize, usize)> {
        let mut add = |change: Change| {
            changes.push(change);
            let index = changes.len() - 1;
            requests::of_change(index, &changes[index], live, planned, &BTreeMap::new(), calls);
            calls.len() - 1
        };
        let [policy, permission] = kind::close(&self.client, &self.resources).map(&mut add);
        let [reopens, forgets] = kind::reopen(&self.client).map(&mut add);
        let mut pairs = vec![(policy, permission), (permission, reopens), (reopens, forgets)];
        let strict = self.strict.clone().map(|it| it.map(&mut add));
        if let Some([strict, back]) = strict {
            pairs.extend([(policy, strict), (strict, permission), (reopens, back), (back, forgets)]);
        }
        let spots = turns.spots.iter().zip(&turns.resources).filter(|it| self.resources.contains(it.1));
        let on_them: BTreeSet<usize> = spots.flat_map(|it| it.0).map(|it| it.0).collect();
        for call in (0..turns.calls.len()).filter(|it| on_them.contains(it) || holds(*it)) {
            let of = &turns.calls[call];
            match (changes[of.change].object.kind(), &of.body) {
                // The client's own settings close before everything and open after it.
                (SETTINGS | CLIENT, _) if on_them.contains(&call) => {}
                // A resource has to be there before something can stand over it.
                (RESOURCE, Body::Whole { .. }) => pairs.extend(strict.map(|it| (it[0], call))),
                _ => pairs.extend([(permission, call), (call, reopens)]),
            }
        }
        pairs
    }
}
