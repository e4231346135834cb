//! References lead to what is settled: who drops one goes before what it leads to changes, who takes one up comes
//! after. So a policy that moves from one permission to another never decides for either in the wrong form.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::{Body, Call};
use crate::change::{Action, Change, To};
use crate::kind::kind;
use crate::state::{Address, State};

/// One call before another, because of what both are about.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub(super) first: usize,
    pub(super) then: usize,
    pub(super) of: Address,
}

/// Returns the pairs of calls of which one settles what the other refers to.
pub(super) fn settled(calls: &[Call], parts: &[Change], live: &State) -> Vec<Settled> {
    let mut changing: BTreeMap<Address, Vec<usize>> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        let own = Some(part.object.clone()).filter(|_| part.action == Action::Update);
        // A client scope changes with its mappers.
        for of in own.into_iter().chain(part.object.parent()).filter(|it| kind(it.kind()).acts_where_named) {
            changing.entry(of).or_default().push(index);
        }
    }
    let mut out = Vec::new();
    if changing.is_empty() {
        return out;
    }
    for (index, part) in parts.iter().enumerate() {
        let (dropped, taken) = references(&calls[index], part, live);
        let each = |of: &Address| changing.get(of).into_iter().flatten().copied().filter(|it| *it != index);
        for of in &dropped {
            out.extend(each(of).map(|then| Settled { first: index, then, of: of.clone() }));
        }
        for of in &taken {
            out.extend(each(of).map(|first| Settled { first, then: index, of: of.clone() }));
        }
    }
    out
}

/// Returns what a call no longer refers to, and what it newly refers to.
fn references(call: &Call, part: &Change, live: &State) -> (BTreeSet<Address>, BTreeSet<Address>) {
    let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
    if part.action == Action::Delete {
        live.get(&part.object).into_iter().for_each(|it| {
            it.each_ref(&mut |_, it, _| {
                before.insert(it.clone());
            });
        });
    }
    if matches!(call.body, Body::Fields(_)) {
        return (before, after);
    }
    for field in &part.fields {
        if let Some(from) = field.from.as_ref().filter(|_| !matches!(field.to, To::Links { .. })) {
            from.each_ref(&mut |it, _| {
                before.insert(it.clone());
            });
        }
        match &field.to {
            To::Value(node) => node.each_ref(&mut |it, _| {
                after.insert(it.clone());
            }),
            To::Links { add, remove } => {
                after.extend(add.iter().cloned());
                before.extend(remove.iter().cloned());
            }
            To::Unset => {}
        }
    }
    (before.difference(&after).cloned().collect(), after.difference(&before).cloned().collect())
}
