//! In which order the steps of a flow are written: whoever logs in meanwhile goes by what is there at that moment.
//!
//! What asks for more comes first and from the front: as long as a step is required, ways beside it do not count. What asks for
//! less comes last and from the back, and what goes comes behind all. So no step is ever asked for without those before it, and
//! there is always one.

use std::collections::{BTreeMap, BTreeSet};

use super::grouped;
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
    let is_ranked = |it: &Address| !kind::kind(it.kind()).ranked_by.is_empty();
    let of = |call: usize| &changes[calls[call].change].object;
    let mut lines: BTreeMap<Address, Vec<(Turn, usize)>> = BTreeMap::new();
    for index in (0..calls.len()).filter(|it| is_ranked(of(*it))) {
        let turn = turn(&calls[index], &changes[calls[index].change], live, planned);
        of(index).parent().into_iter().for_each(|it| lines.entry(it).or_default().push((turn, index)));
    }
    if lines.is_empty() {
        return;
    }
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
    for index in 0..calls.len() {
        // What stands under a step is there before that asks for anything, and a configuration before another step names it.
        let under = (0..calls.len()).filter(|it| calls[*it].creates.iter().any(|it| it.is_under(of(index))));
        if is_ranked(of(index)) && matches!(calls[index].body, Body::Overlay { .. }) {
            after[index].extend(under);
        }
        after[index]
            .extend(shared(&calls[index]).and_then(|it| calls.iter().position(|other| makes(other, &it))));
        let is_delete = changes[calls[index].change].action == Action::Delete;
        let is_less = is_ranked(of(index))
            && matches!(turn(&calls[index], &changes[calls[index].change], live, planned), (2.., _));
        if is_delete || is_less {
            continue;
        }
        let mut leads = leads(&calls[index]);
        if let Some(object) = planned.get(of(index)).filter(|_| is_ranked(of(index))) {
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

/// Returns what a call newly names.
fn leads(call: &Call) -> BTreeSet<Address> {
    let mut out = BTreeSet::new();
    let mut names = |node: &Node| {
        node.each_ref(&mut |it, _| {
            out.insert(it.clone());
        });
    };
    match &call.body {
        Body::Whole { fields, .. } => fields.iter().for_each(|(_, it)| names(it)),
        Body::Overlay { set, .. } => {
            set.iter().filter(|it| it.from != it.to).filter_map(|it| it.to.as_ref()).for_each(names);
        }
        Body::None | Body::Roles(_) | Body::Fields(_) => {}
    }
    out
}

fn turn(call: &Call, change: &Change, live: &State, planned: &State) -> Turn {
    let place = |state: &State| {
        let field = kind::kind(change.object.kind()).ranked_by;
        let number = state.get(&change.object).and_then(|it| it.get(field)).and_then(Node::scalar);
        number.and_then(|it| it.parse::<i64>().ok()).unwrap_or_default()
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
