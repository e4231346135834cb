//! What a realm holds once some of a plan's calls were answered.

use crate::call::{Body, Call, Method};
use crate::change::{Action, Change};
use crate::diff;
use crate::kind::Version;
use crate::state::State;

/// Does one call to a state as the server would, with everything that it takes along.
pub fn simulate(state: &mut State, desired: &State, changes: &[Change], call: &Call, version: Version) {
    diff::step(state, desired, &part(changes, call), version);
}

/// Returns the part of its change that a call does.
pub(super) fn part(changes: &[Change], call: &Call) -> Change {
    let change = &changes[call.change];
    let action = match call.body {
        Body::Whole { .. } => Action::Create,
        Body::None if change.action == Action::Delete && call.method == Method::Delete => Action::Delete,
        _ => Action::Update,
    };
    Change { action, fields: call.fields.clone(), ..change.clone() }
}
