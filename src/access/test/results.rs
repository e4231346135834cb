//! All documents of a run together.

use std::collections::BTreeMap;

use super::coverage::{reached, to_test};
use super::{Case, Count, Oracle, Tested};
use crate::access::realm::Realm;
use crate::state::Address;

/// What became of the cases of a run, and which permissions they reached.
#[derive(Clone, Debug, Default)]
pub struct Results {
    pub tested: Vec<Tested>,
    /// By realm and address, whether a case reached it.
    pub permissions: BTreeMap<(String, Address), bool>,
    /// How a server was asked, and which; nothing where none took part.
    pub oracle: Option<(Oracle, String)>,
}

impl Results {
    /// Counts the permissions of a client among those to test, whether or not a document is about them.
    pub fn count_in(&mut self, name: &str, realm: &Realm, client: &Address) {
        for address in to_test(realm, client) {
            self.permissions.entry((name.to_owned(), address)).or_default();
        }
    }

    /// Adds a document that ran on a realm.
    pub fn add(&mut self, realm: &Realm, tested: Tested) {
        for address in reached(realm, &tested) {
            if let Some(known) = self.permissions.get_mut(&(tested.realm.clone(), address)) {
                *known = true;
            }
        }
        self.tested.push(tested);
    }

    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.tested.iter().flat_map(|it| &it.cases)
    }

    pub fn count(&self) -> Count {
        Count::of(self.cases())
    }

    /// Returns the permissions that no case reached.
    pub fn never_tested(&self) -> impl Iterator<Item = &(String, Address)> {
        self.permissions.iter().filter(|(_, is_reached)| !**is_reached).map(|(it, _)| it)
    }

    /// Returns how many of a hundred permissions were reached, rounded down; all of none.
    pub fn coverage(&self) -> usize {
        let reached = self.permissions.values().filter(|it| **it).count();
        (reached * 100).checked_div(self.permissions.len()).unwrap_or(100)
    }
}
