//! In which order the steps of a flow are written: whoever logs in meanwhile goes by what is there at that moment.
//!
//! What asks for more comes first and from the front: as long as a step is required, ways beside it do not count. What asks for
//! less comes last and from the back, and what goes comes behind all. So no step is ever asked for without those before it, and
//! there is always one.

use std::collections::{BTreeMap, BTreeSet};

use super::{grouped, needs};
use crate::call::{Body, Call, Overlay};
use crate::change::{Action, Change};
use crate::kind::{self, Sent};
use crate::state::{Address, KindName, Node, State};

/// When a step is written among those of its flow: the phase, and the place in that.
type Turn = (u8, i64);

/// Makes the steps of one flow wait for each other, and what leads into a flow for all that is written in it.
pub(super) fn line_up(
    calls: &[Call],
    changes: &[Change],
    live: &State,
    planned: &State,
    after: &mut [BTreeSet<usize>],
) {
    let is_ranked = |it: &Address| kind::kind(it.kind()).is_ranked();
    let of = |call: usize| &changes[calls[call].change].object;
    let turns: BTreeMap<usize, Turn> = (0..calls.len())
        .filter(|it| is_ranked(of(*it)))
        .map(|it| (it, turn(&calls[it], &changes[calls[it].change], live, planned)))
        .collect();
    if turns.is_empty() {
        return;
    }
    let mut lines = grouped(turns.iter().filter_map(|(it, turn)| Some((of(*it).parent()?, (*turn, *it)))));
    for line in lines.values_mut() {
        line.sort_unstable();
        for pair in line.windows(2) {
            after[pair[1].1].insert(pair[0].1);
        }
    }
    // All that is written in a flow, configurations of its steps too.
    let inside = grouped((0..calls.len()).filter_map(|it| {
        let step = of(it).ancestors().find(is_ranked).or_else(|| Some(of(it).clone()).filter(is_ranked))?;
        Some((step.parent()?, it))
    }));
    let made_under = grouped((0..calls.len()).flat_map(|it| {
        let above = calls[it].creates.iter().flat_map(Address::ancestors).filter(is_ranked);
        above.map(move |step| (step, it)).collect::<Vec<_>>()
    }));
    for index in 0..calls.len() {
        let turn = turns.get(&index);
        // What stands under a step is there before that asks for anything, and a configuration before another step names it.
        if turn.is_some() && matches!(calls[index].body, Body::Overlay { .. }) {
            after[index].extend(made_under.get(of(index)).into_iter().flatten());
        }
        after[index]
            .extend(shared(&calls[index]).and_then(|it| calls.iter().position(|other| makes(other, &it))));
        let is_delete = changes[calls[index].change].action == Action::Delete;
        if is_delete || matches!(turn, Some((2.., _))) {
            continue;
        }
        let mut leads = needs::named(&calls[index].body);
        if let Some(object) = planned.get(of(index)).filter(|_| turn.is_some()) {
            object.each_ref(&mut |_, it, _| {
                leads.insert(it.clone());
            });
        }
        let before = leads.iter().filter_map(|it| inside.get(it)).flatten();
        after[index].extend(before.copied().filter(|it| *it != index));
    }
}

/// Returns the kind and the name of what a new object shares with another one.
fn shared(call: &Call) -> Option<(KindName, String)> {
    let Body::Whole { address, fields } = &call.body else { return None };
    let rule = |name: &str| kind::kind(address.kind()).field(name);
    fields.iter().find_map(|(name, it)| match rule(name)?.sent {
        Sent::Child(of) => Some((of, it.scalar()?)),
        _ => None,
    })
}

fn makes(call: &Call, (of, name): &(KindName, String)) -> bool {
    let Body::Whole { address, fields } = &call.body else { return false };
    let shared_by = kind::kind(address.kind()).shared_by;
    address.kind() == *of
        && fields.iter().any(|(field, it)| **field == *shared_by && it.scalar().as_ref() == Some(name))
}

fn turn(call: &Call, change: &Change, live: &State, planned: &State) -> Turn {
    let place = |state: &State| {
        let object = state.get(&change.object);
        object.and_then(|it| kind::rank_of(&change.object, it)).unwrap_or_default()
    };
    let Body::Overlay { set, .. } = &call.body else {
        return if change.action == Action::Delete { (3, -place(live)) } else { (0, place(planned)) };
    };
    let grades = |it: &Overlay| kind::kind(change.object.kind()).field(&it.path.field).map(|it| it.grades);
    let asks = |of: fn(&Overlay) -> Option<&Node>| {
        let graded = set.iter().find_map(|it| Some((it, grades(it).filter(|it| !it.is_empty())?)));
        graded.and_then(|(it, grades)| {
            grades.iter().position(|grade| Some(*grade) == of(it).and_then(Node::as_text))
        })
    };
    let (was, is) = (asks(|it| it.from.as_ref()), asks(|it| it.to.as_ref()));
    match is.cmp(&was) {
        std::cmp::Ordering::Greater => (0, place(planned)),
        // Numbers grow from the back, so that nobody overtakes on the way.
        std::cmp::Ordering::Equal => (1, -place(planned)),
        std::cmp::Ordering::Less => (2, -place(live)),
    }
}
