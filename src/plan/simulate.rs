//! What a realm holds once some of a plan's calls were answered.

use crate::call::{Body, Call, Verb};
use crate::change::{Action, Change, FieldChange};
use crate::diff;
use crate::kind::{self, Version};
use crate::state::State;

/// Does one call to a state as the server would, with everything that it takes along.
pub fn simulate(state: &mut State, desired: &State, changes: &[Change], call: &Call, version: Version) {
    let part = part(changes, call);
    let whole = desired.get(&part.object).filter(|_| part.action == Action::Create);
    if let Some(whole) = whole {
        // What a later call of the same change adds is not there yet.
        let mut made = whole.clone();
        let comes_later = |name: &str| {
            let sets = |fields: &[FieldChange]| fields.iter().any(|it| &*it.path.field == name);
            sets(&changes[call.change].fields)
                && !sets(&part.fields)
                && kind::kind(part.object.kind()).link(name).is_none()
        };
        made.fields.retain(|name, _| !comes_later(name));
        let mut of_it = State::default();
        of_it.objects.insert(part.object.clone(), made);
        diff::step(state, &of_it, &part, version);
        return;
    }
    diff::step(state, desired, &part, version);
}

/// Returns the part of its change that a call does.
pub(super) fn part(changes: &[Change], call: &Call) -> Change {
    let change = &changes[call.change];
    let action = match call.body {
        Body::Whole { .. } => Action::Create,
        Body::None if change.action == Action::Delete && call.method == Verb::Delete => Action::Delete,
        _ => Action::Update,
    };
    Change { action, fields: call.fields.clone(), ..change.clone() }
}
