//! Who gains or loses what by a plan.

use std::collections::BTreeSet;

use jiff::civil::DateTime;

use super::Plan;
use crate::access::{self, Impact, Realm};
use crate::change::{Action, Change};
use crate::kind::{self, Version};
use crate::state::{Address, State};

/// The realm before a plan and after it. What permissions over administration are for on one side is asked for on both.
pub fn sides(live: &State, planned: &State, version: Version) -> [Realm; 2] {
    let mut sides = [live.clone(), planned.clone()];
    let [before, after] = &mut sides;
    kind::align_administered(before, after);
    sides.map(|it| Realm::compile(&it, version))
}

/// Compares who may do what before a plan and after it. Users who are not declared are counted and not named, unless the
/// plan changes or deletes them, which names them as well.
pub fn impact(
    plan: &Plan,
    sides: &[Realm; 2],
    declared: &dyn Fn(&Address) -> bool,
    at: Option<DateTime>,
) -> Impact {
    // What comes or goes tells more than what is only updated.
    let (whole, updated): (Vec<&Change>, Vec<&Change>) =
        plan.changes().iter().partition(|it| matches!(it.action, Action::Create | Action::Delete));
    let changes: Vec<Address> = whole.iter().chain(&updated).map(|it| it.object.clone()).collect();
    let changed: BTreeSet<&Address> = changes.iter().collect();
    let declared = |it: &Address| declared(it) || changed.contains(it);
    access::impact(
        &sides[0],
        &sides[1],
        &access::ImpactQuestion { realm: &plan.realm, changes: &changes, declared: &declared, at },
    )
}
