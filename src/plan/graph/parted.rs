//! New steps of a flow that have a configuration: somebody may go through the flow at any moment, and a step without what
//! it is configured with is another step.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::path;
use crate::call::{Body, Call, Overlay, Verb};
use crate::change::{Change, FieldChange, Path};
use crate::kind::{flows_around, kind, rank_of};
use crate::state::{Address, Node, Object, State};

/// Lets new steps in a flow that is there ask for nothing until what stands under them is there, and lets a new step name the
/// configuration that another one has already.
pub(super) fn part(calls: &mut Vec<Call>, changes: &[Change], live: &State, planned: &State) {
    share(calls, changes, live, planned);
    let of = |call: &Call| changes[call.change].object.clone();
    let made: Vec<Address> = calls.iter().flat_map(|it| it.creates.iter().cloned()).collect();
    let mut later = Vec::new();
    for call in calls.iter_mut() {
        let address = of(call);
        let Body::Whole { fields, .. } = &mut call.body else { continue };
        let grades = |name: &str| kind(address.kind()).field(name).and_then(|it| it.grades.first());
        let graded = fields.iter_mut().find_map(|(name, node)| Some((grades(name)?, name, node)));
        let Some((least, name, node)) = graded.filter(|(least, _, node)| node.as_text() != Some(least))
        else {
            continue;
        };
        let is_there = address.parent().is_some_and(|it| live.contains(&it));
        if !is_there || !made.iter().any(|it| it.is_under(&address)) {
            continue;
        }
        let asks = std::mem::replace(node, Node::text(node.at, *least));
        let set = vec![Overlay { path: Path::field(name), from: Some(node.clone()), to: Some(asks) }];
        let is_it = |it: &FieldChange| it.path == set[0].path;
        let mut last = Call {
            method: Verb::Put,
            path: path(kind(address.kind()).routes.own, &address, ""),
            body: Body::Overlay { address: address.clone(), set: set.clone() },
            creates: Vec::new(),
            ..call.clone()
        };
        last.fields.retain(is_it);
        later.push(last);
    }
    calls.extend(later);
}

/// What objects that the server shares are called, by the kind and the field that tells.
fn shared_name(address: &Address, field: impl Fn(&str) -> Option<String>) -> Option<String> {
    Some(kind(address.kind()).shared_by).filter(|it| !it.is_empty()).and_then(field)
}

/// Makes of several objects that are one and the same only the first; what the others stand under names it as it is made.
fn share(calls: &mut Vec<Call>, changes: &[Change], live: &State, planned: &State) {
    let mut new: Vec<(Address, String)> = calls
        .iter()
        .filter_map(|call| {
            let Body::Whole { address, fields } = &call.body else { return None };
            let text = |field: &str| fields.iter().find(|it| *it.0 == *field)?.1.scalar();
            Some((address.clone(), shared_name(address, text)?))
        })
        .collect();
    if new.is_empty() {
        return;
    }
    let said = |object: &Object, field: &str| object.get(field).and_then(Node::scalar);
    let there = live.objects.iter();
    let mut first: BTreeMap<String, Address> = there
        .filter_map(|(it, object)| Some((shared_name(it, |field| said(object, field))?, it.clone())))
        .collect();
    let mut names: BTreeMap<Address, String> = BTreeMap::new();
    // What is deepest is made first, and what comes first among others.
    new.sort_by_cached_key(|(it, _)| {
        let rank = |it: &Address| planned.get(it).and_then(|object| rank_of(it, object)).unwrap_or_default();
        it.parent().map(|it| (Reverse(flows_around(&it, planned).len()), rank(&it)))
    });
    for (address, name) in new {
        if *first.entry(name.clone()).or_insert_with(|| address.clone()) != address {
            names.insert(address, name);
        }
    }
    for (address, name) in names {
        let Some(above) = address.parent() else { continue };
        let rules = kind(above.kind()).fields.iter();
        let rule = rules.clone().find(|it| it.sent.holds() == Some(address.kind()));
        let maker = calls.iter_mut().find(|it| it.creates.contains(&above));
        let Some((rule, maker)) = rule.zip(maker) else { continue };
        if let Body::Whole { fields, .. } = &mut maker.body {
            fields.push((rule.name.into(), Node::text(changes[maker.change].at, name)));
            maker.creates.push(address.clone());
            calls.retain(|it| changes[it.change].object != address);
        }
    }
}
