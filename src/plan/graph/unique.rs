//! Values that only one object may have at a time: who gives one up goes before who takes it.
//!
//! Keys need no rule of their own, as an object with another key is another object. An e-mail address is also taken
//! by a username, policies and permissions of a client share their names, and an identity provider or a domain is of one
//! organization.

use std::collections::BTreeMap;

use crate::call::{Body, Call, Overlay};
use crate::change::{Action, Change, FieldChange, Path, To};
use crate::kind::{Field, kind};
use crate::state::{Address, Node, State};

/// A value, and within what it is unique.
type Value = (Option<Address>, String);

/// Adds a first step to changes that pass values around in a circle: one of them lets go before the others take.
pub(super) fn let_go(calls: &mut Vec<Call>) {
    let emails: Vec<Option<(String, String)>> = calls.iter().map(moved).collect();
    let givers: BTreeMap<&str, usize> = emails
        .iter()
        .enumerate()
        .filter_map(|(at, it)| it.as_ref().map(|(from, _)| (from.as_str(), at)))
        .collect();
    let giver_of = |call: usize| emails[call].as_ref().and_then(|(_, to)| givers.get(to.as_str()).copied());
    let mut seen = vec![false; calls.len()];
    let mut first_steps = Vec::new();
    for start in 0..calls.len() {
        let mut way = Vec::new();
        let mut next = Some(start);
        while let Some(at) = next.filter(|it| !seen[*it]) {
            seen[at] = true;
            way.push(at);
            next = giver_of(at);
        }
        if let Some(again) = next.filter(|it| way.contains(it)) {
            first_steps.push(again);
        }
    }
    for call in first_steps {
        let Body::Overlay { address, set } = &calls[call].body else { continue };
        let address = address.clone();
        let names = |path: &Path| &*path.field == kind(address.kind()).also_named_by;
        let Some(overlay) = set.iter().find(|it| names(&it.path)).cloned() else { continue };
        let Some(field) = calls[call].fields.iter().find(|it| names(&it.path)).cloned() else { continue };
        let mut first = calls[call].clone();
        first.fields = vec![FieldChange { to: To::Unset, ..field }];
        if let Body::Overlay { set, .. } = &mut calls[call].body {
            set.iter_mut().filter(|it| names(&it.path)).for_each(|it| it.from = None);
        }
        calls[call].fields.iter_mut().filter(|it| names(&it.path)).for_each(|it| it.from = None);
        first.body = Body::Overlay { address, set: vec![Overlay { to: None, ..overlay }] };
        calls.push(first);
    }
}

/// The e-mail address, or what else names an object, that a call takes from it and the one that it gives.
fn moved(call: &Call) -> Option<(String, String)> {
    let Body::Overlay { address, set } = &call.body else { return None };
    let overlay = set.iter().find(|it| &*it.path.field == kind(address.kind()).also_named_by)?;
    let [from, to] = [&overlay.from, &overlay.to].map(|it| it.as_ref().and_then(|it| it.as_text()));
    let [from, to] = [from?, to?].map(str::to_lowercase);
    (from != to && !from.is_empty() && !to.is_empty()).then_some((from, to))
}

/// Returns pairs of calls of which the first gives up what the second takes.
pub(super) fn handed_on(parts: &[Change], live: &State) -> Vec<(usize, usize)> {
    let mut givers: BTreeMap<Value, Vec<usize>> = BTreeMap::new();
    for (at, part) in parts.iter().enumerate() {
        for value in given(part, live) {
            givers.entry(value).or_default().push(at);
        }
    }
    if givers.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        for value in taken(part) {
            let is_other = |it: &&usize| parts[**it].object != parts[at].object;
            let before = givers.get(&value).into_iter().flatten().filter(is_other);
            out.extend(before.map(|it| (*it, at)));
        }
    }
    out
}

fn login(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| (None, text.to_lowercase()))
}

fn named(address: &Address) -> Value {
    (address.parent(), address.name().to_owned())
}

/// Returns what a field of an object has that only one may have.
fn held(of: &Address, rule: &Field, node: Option<&Node>) -> Vec<Value> {
    let name = |it: &Node| {
        let name = rule.held(it)?;
        name.as_text().map(str::to_owned).or_else(|| name.as_ref().map(ToString::to_string))
    };
    let items = node.map(Node::items).unwrap_or_default();
    items.iter().filter_map(name).map(|it| one(of, rule, it)).collect()
}

fn one(of: &Address, rule: &Field, name: String) -> Value {
    (Some(Address::top(of.kind(), rule.name)), name)
}

/// Returns what a change takes from an object or gives it of what only one may have.
fn moved_on(part: &Change, is_given: bool) -> Vec<Value> {
    let object = &part.object;
    let rules = part.fields.iter().filter_map(|it| {
        let rule = kind(object.kind()).field(&it.path.field).filter(|it| it.has_one)?;
        Some((rule, it))
    });
    let each = rules.flat_map(|(rule, it)| {
        let to = match &it.to {
            To::Links { add, remove } => {
                let targets = if is_given { remove } else { add };
                return targets.iter().map(|it| one(object, rule, it.to_string())).collect();
            }
            To::Value(node) => Some(node),
            To::Unset => None,
        };
        let (here, there) = if is_given { (it.from.as_ref(), to) } else { (to, it.from.as_ref()) };
        let stays = held(object, rule, there);
        held(object, rule, here).into_iter().filter(|it| !stays.contains(it)).collect::<Vec<_>>()
    });
    each.collect()
}

fn given(part: &Change, live: &State) -> Vec<Value> {
    let kind = kind(part.object.kind());
    match part.action {
        Action::Delete => {
            let object = live.get(&part.object);
            let has_one = kind.fields.iter().filter(|it| it.has_one);
            let held =
                has_one.flat_map(|rule| held(&part.object, rule, object.and_then(|it| it.get(rule.name))));
            let name = kind.shares_names.then(|| named(&part.object));
            let also = (!kind.also_named_by.is_empty())
                .then(|| [Some(part.object.name()), object.map(|it| it.text(kind.also_named_by))]);
            let logins = also.into_iter().flatten().flatten().filter_map(login);
            held.chain(name).chain(logins).collect()
        }
        Action::Update => {
            let also = part.fields.iter().filter(|it| &*it.path.field == kind.also_named_by);
            let also = also.filter_map(|it| it.from.as_ref()?.as_text()).filter_map(login);
            also.chain(moved_on(part, true)).collect()
        }
        Action::Create | Action::Adopt | Action::Forget => Vec::new(),
    }
}

fn taken(part: &Change) -> Vec<Value> {
    let kind = kind(part.object.kind());
    let also = part.fields.iter().filter(|it| &*it.path.field == kind.also_named_by);
    let also = also.filter_map(|it| match &it.to {
        To::Value(node) => node.as_text().and_then(login),
        To::Unset | To::Links { .. } => None,
    });
    let names: Vec<Value> = match part.action {
        Action::Create if kind.shares_names => vec![named(&part.object)],
        Action::Create if !kind.also_named_by.is_empty() => also.chain(login(part.object.name())).collect(),
        Action::Update => also.collect(),
        Action::Create | Action::Delete | Action::Adopt | Action::Forget => Vec::new(),
    };
    names.into_iter().chain(moved_on(part, false)).collect()
}
