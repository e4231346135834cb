//! Who gains or loses what by a plan.

use super::Plan;
use crate::access::{self, Impact, Realm};
use crate::change::{Action, Change};
use crate::kind::Version;
use crate::state::{Address, State};

/// Compares who may do what before a plan and after it.
pub fn impact(plan: &Plan, live: &State, desired: &State, version: Version) -> Impact {
    // What comes or goes tells more than what is only updated.
    let (whole, updated): (Vec<&Change>, Vec<&Change>) =
        plan.changes().iter().partition(|it| matches!(it.action, Action::Create | Action::Delete));
    let changes: Vec<Address> = whole.iter().chain(&updated).map(|it| it.object.clone()).collect();
    let terms = access::Terms { changes: &changes, declared: &|it| desired.contains(it), at: None };
    let [before, after] = [live, &plan.diff.planned].map(|it| Realm::compile(it, version));
    access::impact(&before, &after, &terms)
}
