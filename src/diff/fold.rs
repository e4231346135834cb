//! What the realm will hold after a plan, and what its changes do to others on the way. Checked against the real server
//! after every live step.
//!
//! One pass: every change is done to one state, in the order in which changes are found, so that comparing sees what the
//! server makes and takes along with the changes before. Effects are recorded as they happen; `judge` says what they mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cascade::{self, Effect};
use crate::change::{Action, Change, FieldChange, To};
use crate::kind::{self, Version};
use crate::state::{Address, Is, Node, Object, State};
use crate::text::At;

/// A realm with the changes of a plan done to it, one after the other.
pub(super) struct Fold<'a> {
    live: &'a State,
    version: Version,
    pub(super) state: State,
    /// What live objects lose with updates of others.
    pub(super) losses: Vec<Effect>,
    /// Live objects that go with a switch, and the object whose switch it is.
    pub(super) removed_by_update: BTreeMap<Address, Address>,
    /// What deletes do to others.
    pub(super) deleted: Vec<Effect>,
}

impl<'a> Fold<'a> {
    /// Begins with a realm as it is. Only copies what changes.
    pub(super) fn begin(live: &'a State, version: Version) -> Self {
        Self {
            live,
            version,
            state: live.clone(),
            losses: Vec::new(),
            removed_by_update: BTreeMap::new(),
            deleted: Vec::new(),
        }
    }

    /// Does changes that are known already, in any order.
    pub(super) fn of_changes(live: &'a State, desired: &State, changes: &[Change], version: Version) -> Self {
        let mut fold = Self::begin(live, version);
        let is_write = |it: &&Change| matches!(it.action, Action::Create | Action::Update);
        let mut writes: Vec<&Change> = changes.iter().filter(is_write).collect();
        writes.sort_by_cached_key(|it| turn(&it.object));
        for change in writes {
            fold.write(desired.get(&change.object), change);
        }
        fold.delete(changes);
        fold
    }

    /// Does a create or an update of an object that is declared so.
    pub(super) fn write(&mut self, desired: Option<&Object>, change: &Change) {
        let along = write(&mut self.state, desired, change, self.version);
        if change.action != Action::Update {
            return;
        }
        self.losses.extend(along.losses.into_iter().filter(|it| self.live.contains(&it.on)));
        let gone = along.removed_by_update.into_iter().filter(|it| self.live.contains(it));
        self.removed_by_update.extend(gone.map(|it| (it, change.object.clone())));
    }

    /// Does all deletes of a plan, which come after everything else.
    pub(super) fn delete(&mut self, changes: &[Change]) {
        let mut deletes: Vec<&Change> = changes.iter().filter(|it| it.action == Action::Delete).collect();
        deletes.sort_by_key(|it| kind::kind(it.object.kind()).turn_to_go);
        let effects = cascade::delete_all(&mut self.state, deletes.iter().map(|it| &it.object));
        self.deleted.extend(effects);
    }
}

/// Returns the turn of an object: what makes other objects comes before what is made, such as clients before their service
/// accounts, and what gives new objects their defaults before these.
pub(super) fn turn(address: &Address) -> impl Ord + use<> {
    let rank = kind::KINDS.iter().position(|kind| kind.name == address.kind());
    let is_last = kind::kind(address.kind()).are_made_along;
    (is_last, address.steps().len() > 1, rank, address.clone())
}

/// Returns live after these changes, with what the server makes and removes by itself.
pub fn planned(live: &State, desired: &State, changes: &[Change], version: Version) -> State {
    Fold::of_changes(live, desired, changes, version).state
}

/// Does a change, or a part of one, to a state as the server would.
pub fn step(state: &mut State, desired: &State, change: &Change, version: Version) {
    match change.action {
        Action::Create | Action::Update => {
            write(state, desired.get(&change.object), change, version);
        }
        Action::Delete => {
            cascade::delete(state, &change.object);
        }
        Action::Adopt | Action::Forget => {}
    }
}

/// What one create or update does to other objects.
struct Along {
    losses: Vec<Effect>,
    /// What goes with a switch of the object.
    removed_by_update: Vec<Address>,
}

/// Does one create or update to a state.
fn write(state: &mut State, desired: Option<&Object>, change: &Change, version: Version) -> Along {
    if change.action == Action::Create {
        let nothing = Object::new(change.at);
        let made = kind::created(&change.object, desired.unwrap_or(&nothing), state, version);
        // An object that another one of this plan makes along is updated, not made anew.
        state.objects.get_or_insert_with(change.object.clone(), || made);
        come_last(state, change);
    }
    let lost = lost(state, change);
    let before = state.objects.shared(&change.object).filter(|_| switches(change));
    overlay(state, change);
    refill(state, change, version);
    let mut made = Vec::new();
    if let Some(before) = before
        && let Some(mut after) = state.objects.remove(&change.object)
    {
        kind::changed_by_update(&change.object, &before, &mut after, state, version);
        let after = Arc::new(after);
        state.objects.insert(change.object.clone(), Arc::clone(&after));
        made = kind::changed_along(&change.object, &before, &after, state, version);
    }
    let losses = cascade::lose(state, &change.object, &lost);
    let removed_by_update = removed_by_update(state, change);
    for gone in &removed_by_update {
        cascade::delete(state, gone);
    }
    state.objects.extend(made);
    if change.action == Action::Create {
        spawn(state, &change.object, version);
    }
    Along { losses, removed_by_update }
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
fn removed_by_update(state: &State, change: &Change) -> Vec<Address> {
    let object = state.get(&change.object).filter(|_| switches(change));
    object.map(|it| kind::removed_by_update(&change.object, it, state)).unwrap_or_default()
}

/// What an object has and will not have in fields whose losses others follow: the field, and what it loses.
fn lost(state: &State, change: &Change) -> Vec<(&'static str, Address)> {
    let Some(object) = state.get(&change.object) else { return Vec::new() };
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
        let created_along = kind::created_along(address, &object, state, version);
        state.objects.extend(created_along);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{address, said};
    use super::*;
    use crate::change::{Path, Why};
    use crate::kind::{NEWEST, lift_realm};
    use crate::text::tree_of_json;

    fn change(object: &str, action: Action, fields: Vec<FieldChange>) -> Change {
        let why = Why::ManifestChanged;
        Change { object: address(object), action, why, fields, adopted: false, at: At::SERVER }
    }

    fn field(name: &str, to: To) -> FieldChange {
        FieldChange { path: Path::field(name), from: None, to, why: Why::ManifestChanged, at: At::SERVER }
    }

    #[test]
    fn what_changes_do_to_others_is_recorded_and_done() {
        let live = lift_realm(&tree_of_json(&json!({
            "realm": "r",
            "roles": { "realm": [{ "name": "a" }] },
            "users": [
                { "username": "eric", "realmRoles": ["a"] },
                { "username": "service-account-rs", "serviceAccountClientId": "rs" },
            ],
            "clients": [{
                "clientId": "rs", "serviceAccountsEnabled": true, "authorizationServicesEnabled": true,
                "authorizationSettings": {
                    "scopes": [{ "name": "view" }, { "name": "edit" }],
                    "resources": [{ "name": "R", "scopes": ["view", "edit"] }],
                    "permissions": [{ "name": "P", "type": "scope", "resources": ["R"], "scopes": ["edit"], "policies": [] }],
                },
            }],
        })))
        .into_live();
        let off = || To::Value(Node::bool(At::SERVER, false));
        let fewer = || {
            let view = Node::new(At::SERVER, Is::Ref(address("client/rs/authz/scope/view")));
            field("scopes", To::Value(Node::new(At::SERVER, Is::List(vec![view]))))
        };
        let switches =
            || vec![field("serviceAccountsEnabled", off()), field("authorizationServicesEnabled", off())];
        let new = said(&json!({ "realm": "r", "roles": { "realm": [{ "name": "new" }] } }));
        let all = "client/rs client/rs/authz/permission/P client/rs/authz/resource/R client/rs/authz/scope/edit \
                   client/rs/authz/scope/view client/rs/authz/settings realm role/a user/eric user/service-account-rs";
        let without = |gone: &[&str]| {
            all.split(' ').filter(|it| !gone.contains(it)).map(str::to_owned).collect::<Vec<_>>()
        };
        let authz = |it: &str| format!("client/rs/authz/{it}");
        let parts = ["permission/P", "resource/R", "scope/edit", "scope/view", "settings"].map(authz);
        let mut gone: Vec<&str> = parts.iter().map(String::as_str).collect();
        gone.push("user/service-account-rs");
        let mut created = without(&[]);
        created.insert(8, "role/new".into());
        for (change, objects, effects) in [
            (change("role/new", Action::Create, vec![]), created, vec![]),
            (
                change("client/rs/authz/resource/R", Action::Update, vec![fewer()]),
                without(&[]),
                vec!["client/rs/authz/permission/P Emptied { field: \"scopes\" }".to_owned()],
            ),
            (
                change("client/rs", Action::Update, switches()),
                without(&gone),
                gone.iter().map(|it| format!("{it} by client/rs")).collect(),
            ),
            (
                change("role/a", Action::Delete, vec![]),
                without(&["role/a"]),
                vec!["user/eric Loses { field: \"realmRoles\" }".to_owned()],
            ),
        ] {
            let mut fold = Fold::begin(&live, NEWEST);
            match change.action {
                Action::Delete => fold.delete(std::slice::from_ref(&change)),
                _ => fold.write(new.get(&change.object), &change),
            }
            let found: Vec<String> = fold.state.objects.keys().map(ToString::to_string).collect();
            assert_eq!(found, objects, "{change:?}");
            let fate = |it: &Effect| format!("{} {:?}", it.on, it.fate);
            let mut told: Vec<String> = fold.losses.iter().chain(&fold.deleted).map(fate).collect();
            told.extend(fold.removed_by_update.iter().map(|(on, of)| format!("{on} by {of}")));
            assert_eq!(told, effects, "{change:?}");
            assert_eq!(fold.state, planned(&live, &new, &[change], NEWEST));
        }
    }

    #[test]
    fn only_what_changes_is_copied() {
        let roles = json!({ "realm": [{ "name": "a", "composites": { "realm": ["b"] } }, { "name": "b" }, { "name": "c" }] });
        let live = lift_realm(&tree_of_json(&json!({ "realm": "r", "roles": roles }))).into_live();
        let mut fold = Fold::begin(&live, NEWEST);
        fold.delete(&[change("role/b", Action::Delete, vec![])]);
        for (role, is_shared) in [("role/a", false), ("role/c", true)] {
            let [before, after] = [&live, &fold.state].map(|it| it.objects.shared(&address(role)));
            let is = before.zip(after).is_some_and(|(a, b)| Arc::ptr_eq(&a, &b));
            assert_eq!(is, is_shared, "{role}");
        }
    }
}
