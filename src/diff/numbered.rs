//! Several objects of one name, which stand in an order: which of them ledgers mean, told by their ids.
//!
//! Where they stand is all that names them, `name~2` for the second. Whoever puts another one before ours by hand gives ours
//! another address: what ledgers say of it moves along.

use std::collections::{BTreeMap, BTreeSet};

use super::{Entry, Ledger, Ownership};
use crate::kind;
use crate::state::{Address, State};

/// Gives what ledgers say of numbered objects the addresses that these have in Keycloak now.
pub fn follow(live: &State, ownership: &mut Ownership) {
    let ids = by_id(live);
    if ids.is_empty() {
        return;
    }
    let known: BTreeSet<Address> = ids.keys().map(|(parent, _)| parent.clone()).collect();
    for ledger in ownership.ledger.iter_mut().chain(ownership.others.values_mut()) {
        let mut moves: Vec<(Address, Option<Address>)> = Vec::new();
        for (address, entry) in &ledger.entries {
            let Some((parent, id)) = address.parent().zip(entry.id.as_ref()) else { continue };
            let is = ids.get(&(parent.clone(), id.clone()));
            if known.contains(&parent) && is != Some(address) {
                moves.push((address.clone(), is.cloned()));
            }
        }
        let mut moved: Vec<(Address, Entry)> = Vec::new();
        for (old, new) in &moves {
            let is_of = |it: &&Address| *it == old || it.is_under(old);
            let all: Vec<Address> = ledger.entries.keys().filter(is_of).cloned().collect();
            for address in all {
                let entry = ledger.entries.remove(&address);
                // One that is gone is not another one that has its place now.
                moved.extend(new.as_ref().zip(entry).map(|(new, it)| (address.moved(old, new), it)));
            }
        }
        ledger.entries.extend(moved);
    }
}

/// The addresses of numbered objects by what they stand under and their ids, where these were read.
fn by_id(live: &State) -> BTreeMap<(Address, String), Address> {
    let numbered = live.objects.iter().filter(|it| is_ranked(it.0));
    let pairs = numbered.filter_map(|(it, object)| {
        let id = object.id.as_deref()?.to_owned();
        Some(((it.parent()?, id), it.clone()))
    });
    pairs.collect()
}

fn is_ranked(address: &Address) -> bool {
    kind::kind(address.kind()).is_ranked()
}

impl Ledger {
    /// Returns under what numbered objects stand that the ledger lists, and whether an id of one is missing.
    pub fn numbered(&self) -> BTreeMap<Address, bool> {
        let mut out = BTreeMap::new();
        for (address, entry) in self.entries.iter().filter(|it| is_ranked(it.0)) {
            if let Some(parent) = address.parent() {
                *out.entry(parent).or_default() |= entry.id.is_none();
            }
        }
        out
    }

    /// Remembers the ids of numbered objects as they were read; returns whether there are any new ones.
    pub fn remember_ids(&mut self, live: &State) -> bool {
        let mut found = false;
        for (address, entry) in self.entries.iter_mut().filter(|it| is_ranked(it.0) && it.1.id.is_none()) {
            entry.id = live.get(address).and_then(|it| it.id.as_deref().map(str::to_owned));
            found |= entry.id.is_some();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{Sides, address, changes};
    use super::*;
    use crate::change::Action;
    use crate::diff::diff;
    use crate::manifest::Prune;

    const OTP: &str = "auth-otp-form";

    fn flow(steps: &[(&str, i64)]) -> serde_json::Value {
        let step = |(requirement, priority): &(&str, i64)| json!({ "authenticator": OTP, "requirement": requirement, "priority": priority });
        let steps: Vec<_> = steps.iter().map(step).collect();
        json!({ "realm": "r", "authenticationFlows": [{ "alias": "f", "topLevel": true, "providerId": "basic-flow",
            "builtIn": false, "authenticationExecutions": steps }] })
    }

    fn entry(id: &str) -> Entry {
        Entry { id: Some(id.to_owned()), ..Entry::default() }
    }

    /// One by hand stands before ours, and each has an id.
    fn sides(desired: &[(&str, i64)]) -> Sides {
        let mut sides = Sides::new(&flow(desired), &flow(&[("DISABLED", 5), ("REQUIRED", 10)]));
        for (name, id) in [("auth-otp-form", "theirs"), ("auth-otp-form~2", "ours")] {
            let object = sides.live.state.objects.get_mut(&address(&format!("flow/f/execution/{name}")));
            object.expect("it is there").id = Some(id.into());
        }
        sides.applied("flow/f", Entry::default());
        sides.applied("flow/f/execution/auth-otp-form", entry("ours"));
        follow(&sides.live.state, &mut sides.ownership);
        sides
    }

    #[test]
    fn one_that_was_added_before_ours_is_not_ours() {
        let second = address("flow/f/execution/auth-otp-form~2");
        let entries = sides(&[]).ownership.ledger.expect("it is there").entries;
        assert_eq!(entries.get(&second), Some(&entry("ours")));
        assert_eq!(entries.len(), 2, "{entries:?}");
        for (desired, expected) in [
            (&[("REQUIRED", 10)][..], vec![]),
            (&[("ALTERNATIVE", 10)], vec!["Update flow/f/execution/auth-otp-form~2 manifest_changed"]),
        ] {
            let sides = sides(desired);
            let found = changes(&diff(&sides.question()).changes);
            assert_eq!(found, expected.iter().map(ToString::to_string).collect::<Vec<_>>());
        }
        let mut gone = sides(&[]);
        gone.terms.prune = Prune::AllButUsers;
        let found = diff(&gone.question()).changes;
        let deleted: Vec<&Address> =
            found.iter().filter(|it| it.action == Action::Delete).map(|it| &it.object).collect();
        assert_eq!(deleted, [&second]);
    }

    #[test]
    fn one_that_is_gone_is_not_the_one_in_its_place() {
        let mut sides = sides(&[("REQUIRED", 10)]);
        let ledger = sides.ownership.ledger.as_mut().expect("it is there");
        ledger.entries.retain(|it, _| *it == address("flow/f"));
        ledger.entries.insert(address("flow/f/execution/auth-otp-form~2"), entry("gone"));
        follow(&sides.live.state, &mut sides.ownership);
        let ledger = sides.ownership.ledger.as_mut().expect("it is there");
        assert_eq!(ledger.entries.len(), 1);
        ledger.entries.insert(address("flow/f/execution/auth-otp-form"), Entry::default());
        assert_eq!(ledger.numbered(), BTreeMap::from([(address("flow/f"), true)]));
        assert!(ledger.remember_ids(&sides.live.state) && !ledger.remember_ids(&sides.live.state));
        assert_eq!(ledger.numbered(), BTreeMap::from([(address("flow/f"), false)]));
    }
}
