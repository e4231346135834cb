//! What the realm will hold after a plan. Checked against the real server after every live step.

use std::collections::BTreeMap;

use super::cascade;
use crate::change::{Action, Change, FieldChange, To};
use crate::kind::{self, Version};
use crate::state::{Address, Is, Node, Object, State};
use crate::text::At;

/// Returns live after these changes, with what the server makes and removes by itself.
pub fn planned(live: &State, desired: &State, changes: &[Change], version: Version) -> State {
    let mut state = live.clone();
    let gives_defaults = |it: &&Change| kind::kind(it.object.kind()).gives_defaults();
    let mut creates: Vec<&Change> = changes.iter().filter(|it| it.action == Action::Create).collect();
    creates.sort_by_key(|it| (it.object.steps().len(), kind::kind(it.object.kind()).are_made_along));
    // What is new gets the defaults that are said by then.
    let updates = || changes.iter().filter(|it| it.action == Action::Update);
    let others = updates().filter(|it| !gives_defaults(it));
    let order = updates().filter(gives_defaults).chain(creates).chain(others);
    for change in order {
        done(&mut state, desired.get(&change.object), change, version);
    }
    let mut deletes: Vec<&Change> = changes.iter().filter(|it| it.action == Action::Delete).collect();
    deletes.sort_by_key(|it| kind::kind(it.object.kind()).turn_to_go);
    cascade::delete_all(&mut state, deletes.iter().map(|it| &it.object));
    state
}

/// Does a change, or a part of one, to a state as the server would.
pub fn step(state: &mut State, desired: &State, change: &Change, version: Version) {
    match change.action {
        Action::Create | Action::Update => done(state, desired.get(&change.object), change, version),
        Action::Delete => {
            cascade::delete(state, &change.object);
        }
        Action::Adopt | Action::Forget => {}
    }
}

/// Does one create or update to a state.
pub(super) fn done(state: &mut State, desired: Option<&Object>, change: &Change, version: Version) {
    if change.action == Action::Create {
        let nothing = Object::new(change.at);
        let made = kind::created(&change.object, desired.unwrap_or(&nothing), state, version);
        // An object that another one of this plan spawned is updated, not made anew.
        state.objects.get_or_insert_with(change.object.clone(), || made);
        come_last(state, change);
    }
    let lost = lost(state, change);
    let before = state.objects.shared(&change.object).filter(|_| switches(change));
    overlay(state, change);
    refill(state, change, version);
    if let Some(before) = before
        && let Some(mut after) = state.objects.remove(&change.object)
    {
        kind::switched(&change.object, &before, &mut after, state, version);
        state.objects.insert(change.object.clone(), after);
    }
    cascade::lose(state, &change.object, &lost);
    for gone in switched_off(state, change) {
        cascade::delete(state, &gone);
    }
    spawn(state, &change.object, version);
}

/// Of a map that an update unsets, the server keeps what it puts into every new one.
fn refill(state: &mut State, change: &Change, version: Version) {
    let unset = |it: &&FieldChange| it.path.key.is_none() && it.to == To::Unset;
    let mut unset = change.fields.iter().filter(unset).filter(|_| change.action == Action::Update).peekable();
    if unset.peek().is_none() {
        return;
    }
    let Some(object) = state.get(&change.object) else { return };
    let made = kind::created(&change.object, object, state, version);
    let maps = unset.filter_map(|it| {
        let default = made.get(&it.path.field).filter(|it| it.as_map().is_some_and(|it| !it.is_empty()))?;
        Some((it.path.field.clone(), default.clone()))
    });
    let maps: Vec<_> = maps.collect();
    if let Some(object) = state.objects.get_mut(&change.object) {
        object.fields.extend(maps);
    }
}

/// Puts a new object behind its siblings where they stand in an order.
fn come_last(state: &mut State, change: &Change) {
    let Some((owner, field)) = kind::ordered_by(&change.object) else { return };
    let Some(owner) = state.objects.get_mut(&owner) else { return };
    let nobody = || Node::new(change.at, Is::Sequence(Vec::new()));
    let order = owner.fields.entry(field.into()).or_insert_with(nobody);
    let new = Node::new(change.at, Is::Ref(change.object.clone()));
    if let Is::Sequence(items) = &mut order.is
        && !items.contains(&new)
    {
        items.push(new);
    }
}

/// Returns whether a change turns a switch that reaches more than the object.
fn switches(change: &Change) -> bool {
    let kind = kind::kind(change.object.kind());
    change.action == Action::Update && change.fields.iter().any(|it| kind.is_switch(&it.path.field))
}

/// What an object that was just updated no longer has.
pub(super) fn switched_off(state: &State, change: &Change) -> Vec<Address> {
    let object = state.get(&change.object).filter(|_| switches(change));
    object.map(|it| kind::switched_off(&change.object, it, state)).unwrap_or_default()
}

/// Returns what updates take along: the object, and the one whose switch takes it.
pub(super) fn taken(live: &State, changes: &[Change]) -> BTreeMap<Address, Address> {
    let mut taken = BTreeMap::new();
    for change in changes.iter().filter(|it| switches(it)) {
        // The object alone is enough to see its switches.
        let mut after = State::default();
        after.objects.extend(live.get(&change.object).map(|it| (change.object.clone(), it.clone())));
        overlay(&mut after, change);
        if let Some(object) = after.get(&change.object) {
            let gone = kind::switched_off(&change.object, object, live);
            taken.extend(gone.into_iter().map(|it| (it, change.object.clone())));
        }
    }
    taken
}

/// What an object has and will not have in fields whose losses others follow: the field, and what it loses.
pub(super) fn lost(live: &State, change: &Change) -> Vec<(&'static str, Address)> {
    let Some(object) = live.get(&change.object) else { return Vec::new() };
    let of_field = |name: &'static str| {
        let field = change.fields.iter().find(|it| &*it.path.field == name)?;
        let kept = if let To::Value(node) = &field.to { node.items() } else { &[] };
        let had = object.get(name).map(Node::items).unwrap_or_default();
        Some(
            had.iter()
                .filter(|it| !kept.contains(it))
                .filter_map(move |it| Some((name, it.as_ref()?.clone()))),
        )
    };
    kind::kind(change.object.kind()).followed().filter_map(of_field).flatten().collect()
}

fn spawn(state: &mut State, address: &Address, version: Version) {
    if let Some(object) = state.objects.shared(address) {
        let spawned = kind::spawned(address, &object, state, version);
        state.objects.extend(spawned);
    }
}

fn overlay(state: &mut State, change: &Change) {
    let Some(object) = state.objects.get_mut(&change.object) else { return };
    for field in &change.fields {
        match (&field.path.key, &field.to) {
            (None, To::Value(node)) => {
                let mut node = node.clone();
                // Beside the keys that a new object is given stand the server's own.
                if let (Action::Create, Is::Map(map), Some(Is::Map(made))) =
                    (change.action, &mut node.is, object.get(&field.path.field).map(|it| &it.is))
                {
                    for (key, node) in made {
                        map.entry(key.clone()).or_insert_with(|| node.clone());
                    }
                }
                object.fields.insert(field.path.field.clone(), node);
            }
            (None, To::Unset) => {
                object.fields.remove(&field.path.field);
            }
            (Some(key), to) => {
                let map = object
                    .fields
                    .entry(field.path.field.clone())
                    .or_insert_with(|| Node::new(field.at, Is::Map(BTreeMap::default())));
                if let Is::Map(map) = &mut map.is {
                    match to {
                        To::Value(node) => map.insert(key.clone(), node.clone()),
                        To::Unset | To::Links { .. } => map.remove(key),
                    };
                }
            }
            (None, To::Links { add, remove }) => {
                let list = object
                    .fields
                    .entry(field.path.field.clone())
                    .or_insert_with(|| Node::new(field.at, Is::List(Vec::new())));
                if let Is::List(items) = &mut list.is {
                    items.retain(|it| it.as_ref().is_none_or(|it| !remove.contains(it)));
                    for target in add {
                        if !items.iter().any(|it| it.as_ref() == Some(target)) {
                            items.push(Node::new(field.at, Is::Ref(target.clone())));
                        }
                    }
                }
            }
        }
    }
    turn_off(kind::kind(change.object.kind()), object);
}

/// Switches that the server turns off while others are on.
fn turn_off(kind: &kind::Kind, object: &mut Object) {
    for rule in kind.fields.iter().filter(|it| !it.turns_off.is_empty()) {
        if object.is_true(rule.name) {
            let off = rule.turns_off.iter().map(|it| ((*it).into(), Node::bool(At::SERVER, false)));
            object.fields.extend(off);
        }
    }
}
