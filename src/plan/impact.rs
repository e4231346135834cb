//! Who gains or loses what by a plan.

use super::Plan;
use crate::access::{self, Impact, Realm};
use crate::change::{Action, Change};
use crate::state::Address;

/// Compares who may do what before a plan and after it; `declared` says which users are named, `at` is the wall
/// clock of the server's zone.
pub fn impact(
    plan: &Plan,
    [before, after]: [&Realm; 2],
    declared: &dyn Fn(&Address) -> bool,
    at: Option<jiff::civil::DateTime>,
) -> Impact {
    // What comes or goes tells more than what is only updated.
    let (whole, updated): (Vec<&Change>, Vec<&Change>) =
        plan.changes().iter().partition(|it| matches!(it.action, Action::Create | Action::Delete));
    let changes: Vec<Address> = whole.iter().chain(&updated).map(|it| it.object.clone()).collect();
    access::impact(before, after, &access::Terms { changes: &changes, declared, at })
}
