//! What goes with a delete: Keycloak's cascades as measured, over owned and foreign objects alike.

use std::collections::{BTreeMap, BTreeSet};

use super::same;
use crate::change::{Action, Change, FieldChange, To, Why};
use crate::kind::{self, Losing};
use crate::state::{Address, Is, Node, Object, State};

/// What a delete does to one other object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Effect {
    pub of: Address,
    pub on: Address,
    pub fate: Fate,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It goes too.
    Disappears,
    /// A field loses the target.
    Loses { field: Box<str> },
    /// A policy or permission is left with nothing to decide by: an empty negative policy permits everyone.
    Emptied { field: Box<str> },
}

/// Deletes an object from a state as the server would, and returns what happened to others.
pub fn delete(state: &mut State, address: &Address) -> Vec<Effect> {
    delete_following(state, address, &|state, gone| {
        let names = |(on, object): &(&Address, &Object)| touched(on, object).any(|it| it == gone);
        state.objects.iter().filter(names).map(|(it, _)| it.clone()).collect()
    })
}

/// Deletes objects one after another, and returns what happened to others. Looking for those once for all is what
/// keeps thousands of deletes from taking minutes.
pub(super) fn delete_all<'a>(
    state: &mut State,
    addresses: impl IntoIterator<Item = &'a Address>,
) -> Vec<Effect> {
    let mut touching: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    for (on, object) in &state.objects {
        for of in touched(on, object) {
            touching.entry(of.clone()).or_default().insert(on.clone());
        }
    }
    let touching = |_: &State, gone: &Address| touching.get(gone).cloned().unwrap_or_default();
    addresses.into_iter().flat_map(|it| delete_following(state, it, &touching)).collect()
}

/// Returns what an object names in a way that a delete of that changes it.
fn touched<'a>(address: &Address, object: &'a Object) -> impl Iterator<Item = &'a Address> {
    let fields = object.fields.values();
    let items = fields.clone().flat_map(Node::items).flat_map(named);
    items.chain(fields.flat_map(named)).chain(&object.made_by).chain(kind::owner(address, object))
}

/// Deletes one object and follows what that does, where `touching` finds those that name another one, or once did.
fn delete_following(
    state: &mut State,
    address: &Address,
    touching: &dyn Fn(&State, &Address) -> BTreeSet<Address>,
) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut waiting = vec![(address.clone(), address.clone())];
    while let Some((gone, cause)) = waiting.pop() {
        let Some(object) = state.get(&gone) else { continue };
        let parts = kind::parts(&gone, object).cloned();
        let parts: Vec<Address> = parts.chain(same_as(&gone, state)).collect();
        let changed = kind::changed_with_end(&gone, object, state);
        let along = kind::gone_with_end(&gone, object);
        state.objects.discard(&gone);
        state.objects.extend(changed);
        let (seen, unseen): (Vec<Address>, Vec<Address>) =
            along.into_iter().partition(|it| state.contains(it));
        waiting.extend(seen.into_iter().map(|it| (it, gone.clone())));
        let unseen = unseen.into_iter().map(|on| Effect { of: gone.clone(), on, fate: Fate::Disappears });
        effects.extend(unseen);
        if gone != *address {
            effects.push(Effect { of: cause.clone(), on: gone.clone(), fate: Fate::Disappears });
        }
        let touching = touching(state, &gone);
        let falls = |(on, it): (&Address, &Object)| {
            it.made_by.as_ref() == Some(&gone) || kind::owner(on, it) == Some(&gone)
        };
        let mut with: BTreeSet<Address> = state.under(&gone).map(|(it, _)| it.clone()).collect();
        with.extend(touching.iter().filter(|on| state.get(on).is_some_and(|it| falls((on, it)))).cloned());
        waiting.extend(with.into_iter().chain(parts).map(|it| (it, gone.clone())));
        for on in touching {
            let Some(object) = state.objects.get_mut(&on) else { continue };
            let kind = kind::kind(on.kind());
            for (field, node) in &mut object.fields {
                if !drop_ref(node, &gone) {
                    continue;
                }
                let is_empty = node.items().is_empty();
                if is_empty && kind.field(field).is_some_and(|it| it.deleted_with_last_target) {
                    waiting.push((on.clone(), gone.clone()));
                    continue;
                }
                let field = field.clone();
                let has_no_sense = is_empty && kind.losing == Losing::AccessAndSense;
                let fate = if has_no_sense { Fate::Emptied { field } } else { Fate::Loses { field } };
                effects.push(Effect { of: gone.clone(), on: on.clone(), fate });
            }
        }
    }
    // What disappears in the end has no other fate.
    let disappeared: BTreeSet<Address> =
        effects.iter().filter(|it| it.fate == Fate::Disappears).map(|it| it.on.clone()).collect();
    effects.retain(|it| it.fate == Fate::Disappears || !disappeared.contains(&it.on));
    effects.sort();
    effects.dedup();
    effects
}

/// Returns the others that are one and the same on the server.
fn same_as(address: &Address, state: &State) -> Vec<Address> {
    let is_shared = !kind::kind(address.kind()).shared_by.is_empty();
    let Some(id) = state.get(address).filter(|_| is_shared).and_then(|it| it.id.as_ref()) else {
        return Vec::new();
    };
    let same = state
        .objects
        .iter()
        .filter(|(it, object)| it.kind() == address.kind() && object.id.as_ref() == Some(id));
    same.map(|(it, _)| it.clone()).filter(|it| it != address).collect()
}

/// Takes what an object lost from the fields that follow it, as the server does, and returns what happened: a permission
/// on a resource has no scope that the resource lost.
pub(super) fn lose(state: &mut State, of: &Address, lost: &[(&str, Address)]) -> Vec<Effect> {
    let mut effects = Vec::new();
    if lost.is_empty() {
        return effects;
    }
    let covers = |it: &Node| it.items().iter().any(|it| it.as_ref() == Some(of));
    let follows = |(on, object): &(&Address, &Object)| {
        kind::kind(on.kind()).followers().any(|it| object.get(it.follows).is_some_and(covers))
    };
    let all: Vec<Address> = state.objects.iter().filter(follows).map(|it| it.0.clone()).collect();
    for on in &all {
        let Some(object) = state.objects.get_mut(on) else { continue };
        for rule in kind::kind(on.kind()).followers() {
            if !object.get(rule.follows).is_some_and(covers) {
                continue;
            }
            let Some(node) = object.fields.get_mut(rule.name) else { continue };
            let mut any = false;
            for (_, target) in lost.iter().filter(|it| it.0 == rule.name) {
                any |= drop_ref(node, target);
            }
            if any {
                let field = rule.name.into();
                let is_empty = node.items().is_empty();
                let fate = if is_empty { Fate::Emptied { field } } else { Fate::Loses { field } };
                effects.push(Effect { of: of.clone(), on: on.clone(), fate });
            }
        }
    }
    effects
}

/// Marks what an object only gets back: targets that it has in Keycloak and that it loses with another object in this
/// very plan, as a permission loses scopes with its resource.
pub(super) fn put_back(live: &State, earlier: &[Change], change: &mut Change) {
    for rule in kind::kind(change.object.kind()).followers() {
        put_back_in(rule, live, earlier, change);
    }
}

fn put_back_in(rule: &kind::Field, live: &State, earlier: &[Change], change: &mut Change) {
    let Some(was) = live.get(&change.object) else { return };
    let is_back = |it: &FieldChange| {
        *it.path.field == *rule.name && matches!(&it.to, To::Value(node) if same(node, was.get(rule.name)))
    };
    if !change.fields.iter().any(is_back) {
        return;
    }
    let of: Vec<&Address> =
        was.get(rule.follows).map(Node::items).unwrap_or_default().iter().filter_map(Node::as_ref).collect();
    let loses = |it: &&Change| {
        it.action == Action::Update
            && of.contains(&&it.object)
            && it.fields.iter().any(|it| &*it.path.field == rule.name)
    };
    let Some(loser) = earlier.iter().find(loses).map(|it| it.object.clone()) else { return };
    for field in change.fields.iter_mut().filter(|it| is_back(it)) {
        field.why = Why::Cascade(loser.clone());
    }
    let others = || change.fields.iter().map(|it| &it.why).filter(|it| !matches!(it, Why::Cascade(_)));
    let moved = others().find(|it| **it == Why::LiveChanged).or_else(|| others().next());
    change.why = moved.cloned().unwrap_or(Why::Cascade(loser));
}

/// Returns what an item of a list names: a role of a policy stands beside whether it is required.
fn named(item: &Node) -> impl Iterator<Item = &Address> {
    let values = item.as_map().into_iter().flat_map(BTreeMap::values);
    item.as_ref().into_iter().chain(values.filter_map(Node::as_ref))
}

/// Drops every reference to an address from a field; `true` when one was there. Leaving an order is no loss.
fn drop_ref(node: &mut Node, gone: &Address) -> bool {
    if node.as_ref() == Some(gone) {
        node.is = Is::Null;
        return true;
    }
    if let Is::Map(map) = &mut node.is {
        let before = map.len();
        map.retain(|_, it| it.as_ref() != Some(gone));
        return map.len() < before;
    }
    let (Is::List(items) | Is::Sequence(items)) = &mut node.is else { return false };
    let before = items.len();
    items.retain(|item| named(item).all(|it| it != gone));
    items.len() < before && matches!(node.is, Is::List(_))
}

/// Returns whether losing a reference changes who may do what, rather than being a link that vanishes.
pub(super) fn matters(effect: &Effect) -> bool {
    match &effect.fate {
        Fate::Disappears | Fate::Emptied { .. } => true,
        Fate::Loses { .. } => kind::kind(effect.on.kind()).losing != Losing::ALink,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{CLIENT, PERMISSION, POLICY, kind, lift_realm, parse_address};
    use crate::text::tree_of_json;

    fn realm() -> State {
        let json = serde_json::json!({
            "realm": "r",
            "roles": {"realm": [{"name": "a"}, {"name": "b", "composites": {"realm": ["a"]}}]},
            "users": [{"username": "eric", "realmRoles": ["a", "b"]}],
            "clients": [{"clientId": "demo", "serviceAccountsEnabled": true, "authorizationSettings": {
                "scopes": [{"name": "view"}],
                "resources": [{"name": "R", "scopes": ["view"]}],
                "policies": [
                    {"name": "A", "type": "role", "roles": ["a"]},
                    {"name": "AB", "type": "role", "roles": ["a", "b"]},
                    {"name": "Both", "type": "aggregate", "policies": ["A", "AB"]}],
                "permissions": [
                    {"name": "One", "type": "resource", "resources": ["R"], "policies": ["A"]},
                    {"name": "Two", "type": "resource", "resources": ["R"], "policies": ["A", "AB"]}]}}]
        });
        let lifted = lift_realm(&tree_of_json(&json));
        assert_eq!(lifted.notes, []);
        lifted.into_live()
    }

    fn fates(state: &mut State, address: &str) -> Vec<String> {
        let address = parse_address(address).expect("an address");
        delete(state, &address).iter().map(|it| format!("{} {:?}", it.on, it.fate)).collect()
    }

    #[test]
    fn the_only_policy_of_a_permission_takes_it_along_and_one_of_two_does_not() {
        let mut state = realm();
        assert_eq!(
            fates(&mut state, "client/demo/authz/policy/A"),
            [
                r"client/demo/authz/permission/One Disappears",
                r#"client/demo/authz/permission/Two Loses { field: "policies" }"#,
                r#"client/demo/authz/policy/Both Loses { field: "policies" }"#,
            ]
        );
    }

    #[test]
    fn a_role_leaves_policies_loosened_or_emptied_and_links_vanish() {
        let mut state = realm();
        assert_eq!(
            fates(&mut state, "role/a"),
            [
                r#"client/demo/authz/policy/A Emptied { field: "roles" }"#,
                r#"client/demo/authz/policy/AB Loses { field: "roles" }"#,
                r#"role/b Loses { field: "composites" }"#,
                r#"user/eric Loses { field: "realmRoles" }"#,
            ]
        );
    }

    #[test]
    fn a_client_takes_everything_under_it() {
        let mut state = realm();
        delete(&mut state, &Address::top(CLIENT, "demo"));
        assert!(state.objects.keys().all(|it| kind(it.kind()).name != PERMISSION && it.kind() != POLICY));
    }
}
