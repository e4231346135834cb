//! What the server makes of a new object: its defaults, and what it makes with it.
//!
//! Recorded per minor version (`schemas/keycloak/<minor>/create-defaults.json`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::behaviour::New;
use super::recorded::{nearest, of_each, parsed};
use super::{Kind, Type, Unasked, Version, field_type, kind, lift_object};
use crate::state::{Address, Is, Node, Object, State};
use crate::text::{At, tree_of_json};

static DEFAULTS: LazyLock<Vec<(Version, BTreeMap<String, Value>)>> =
    LazyLock::new(|| of_each(|it| parsed(it.create_defaults)));

/// Returns what was recorded under a name, for a version the nearest lower one.
pub(super) fn recording(name: &str, version: Version) -> Option<&'static Value> {
    nearest(&DEFAULTS, version).get(name)
}

/// Returns the new object as the server will show it: defaults for what `object` does not say.
///
/// `state` is the realm it is created in: default client scopes, default groups and the default role count.
pub fn created(address: &Address, object: &Object, state: &State, version: Version) -> Object {
    let kind = kind(address.kind());
    let mut made = Object::new(At::SERVER);
    if let Some(reads) = recorded(kind, address, object, version) {
        let lifted = lift_object(kind, &tree_of_json(&reads), address.parent().as_ref()).into_live();
        // Without its owner it has another address.
        let name = super::own_name(address, object);
        let found = lifted.objects.into_iter().find(|(it, _)| it.kind() == kind.name && it.name() == name);
        made.fields = found.map(|it| it.1.fields).unwrap_or_default();
    }
    kind.behaviour.derive(&mut made, New { address, object, state, version });
    made
}

/// Returns a live object of a realm of this name as it would be if nobody had ever set a field of it: what comes with a realm
/// is as in a new one.
pub fn untouched(realm: &str, address: &Address, live: &Object, state: &State, version: Version) -> Object {
    let fresh = super::fresh_realm(realm, version);
    if let Some(object) = fresh.get(address) {
        return object.clone();
    }
    if kind(address.kind()).key.is_empty() && address.parent().is_none() {
        return Object::new(At::SERVER);
    }
    let mut bare = Object::new(At::SERVER);
    for name in ["type", "protocol", "resourceType"] {
        bare.fields.extend(live.get(name).map(|it| (name.into(), it.clone())));
    }
    let mut made = created(address, &bare, state, version);
    made.fields.extend(create_defaults(address, state).into_iter().map(|(name, node)| (name.into(), node)));
    made
}

fn recorded(kind: &Kind, address: &Address, object: &Object, version: Version) -> Option<Value> {
    let recording = recording(&(kind.new.recorded_as)(address, object), version)?;
    let mut reads = recording.get("reads")?.clone();
    let map = reads.as_object_mut()?;
    kind.say_implied(map);
    // What was said is no default.
    for (name, said) in recording.get("sent").and_then(Value::as_object).into_iter().flatten() {
        match (map.get_mut(name), said) {
            (Some(Value::Object(keys)), Value::Object(said)) => keys.retain(|key, _| !said.contains_key(key)),
            _ => drop(map.remove(name)),
        }
    }
    // The recording's own name and references are no defaults.
    for said in kind.new.said_there {
        map.remove(*said);
    }
    let key = kind.naming_key();
    map.remove(kind.key);
    if !key.is_empty() {
        map.insert(key.to_owned(), Value::String(super::own_name(address, object).to_owned()));
    }
    Some(reads)
}

impl Kind {
    /// Returns whether a create has to say a field.
    pub fn is_made_with(&self, field: &str) -> bool {
        self.new.needs.iter().any(|it| it.0 == field)
    }
}

/// Returns the objects that the server makes together with one that looks like this, where there are none of that name.
pub fn created_along(
    address: &Address,
    object: &Object,
    state: &State,
    version: Version,
) -> Vec<(Address, Object)> {
    let new = New { address, object, state, version };
    let mut along = kind(address.kind()).behaviour.makes_along(new);
    for (_, object) in &mut along {
        object.made_by = Some(address.clone());
    }
    along.retain(|(it, _)| !state.contains(it));
    along
}

/// Returns other objects as they are once an update of this one made or changed them, too.
pub fn changed_along(
    address: &Address,
    before: &Object,
    after: &Object,
    state: &State,
    version: Version,
) -> Vec<(Address, Object)> {
    let new = New { address, object: after, state, version };
    let mut along = kind(address.kind()).behaviour.changes_along(before, new);
    for (_, object) in along.iter_mut().filter(|(it, _)| !state.contains(it)) {
        object.made_by = Some(address.clone());
    }
    along
}

/// Returns other objects as they are once this one is gone.
pub fn changed_with_end(address: &Address, object: &Object, state: &State) -> Vec<(Address, Object)> {
    kind(address.kind()).behaviour.changes_with_end(object, state)
}

/// Returns what goes together with an object, whether a state shows it or not.
pub fn gone_with_end(address: &Address, object: &Object) -> Vec<Address> {
    kind(address.kind()).behaviour.goes_with_end(object)
}

/// Changes what an update brings with it, in the object as the update says it.
pub fn changed_by_update(
    address: &Address,
    before: &Object,
    after: &mut Object,
    state: &State,
    version: Version,
) {
    let kind = kind(address.kind());
    for field in kind.fields {
        if field.lost_with(version).any(|it| after.is_true(it)) {
            after.fields.remove(field.name);
        }
    }
    kind.behaviour.switches(before, after, state, version);
}

/// Returns the objects that go with a switch that is off: with a client's, its authorization and its service account.
pub fn removed_by_update(address: &Address, object: &Object, state: &State) -> Vec<Address> {
    kind(address.kind()).behaviour.drops_along(address, object, state)
}

/// Returns the fields that a create sends although nobody mentioned them.
pub fn create_defaults(address: &Address, state: &State) -> Vec<(&'static str, Node)> {
    let unasked = kind(address.kind()).new.unasked.iter();
    unasked
        .map(|it| match it {
            Unasked::Enabled => ("enabled", Node::bool(At::SERVER, true)),
            Unasked::AsNamed(field) => (*field, Node::text(At::SERVER, address.last_name())),
            Unasked::Says(field, word) => (*field, said(field, word, address)),
            Unasked::Protocol => {
                let parent = address.parent();
                let protocol = super::protocol([parent.as_ref().and_then(|it| state.get(it))]);
                ("protocol", Node::text(At::SERVER, protocol))
            }
        })
        .collect()
}

/// A word as the type of a field has it.
fn said(field: &str, word: &str, address: &Address) -> Node {
    match field_type((kind(address.kind()).representation)(""), field) {
        Some(Type::Boolean) => Node::bool(At::SERVER, word == "true"),
        _ => Node::text(At::SERVER, word),
    }
}

pub(super) fn refs(addresses: impl IntoIterator<Item = Address>) -> Node {
    let items = addresses.into_iter().map(|it| Node::new(At::SERVER, Is::Ref(it))).collect();
    Node::new(At::SERVER, Is::List(items))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{KINDS, MAPPER, NEWEST, OLDEST, policy_types};

    #[test]
    fn what_a_new_object_looks_like_is_recorded_for_every_kind() {
        // Of a part of a document all is said, and of what is nothing but a map.
        let has_more = |it: &&&Kind| !it.routes.collection.is_empty() && it.routes.bare.is_empty();
        for kind in KINDS.iter().filter(has_more) {
            let mut object = Object::new(At::SERVER);
            let of_type = policy_types(kind.name).next().map(|it| Node::text(At::SERVER, it));
            object.fields.extend(of_type.map(|it| ("type".into(), it)));
            let parents = kind.under.iter().map(|it| Some(Address::top(*it, "a")));
            let parents: Vec<_> = if kind.under.is_empty() { vec![None] } else { parents.collect() };
            for (parent, version) in parents.iter().flat_map(|it| [(it, NEWEST), (it, OLDEST)]) {
                let address = match parent {
                    Some(parent) => parent.child(kind.name, "b"),
                    None => Address::top(kind.name, "b"),
                };
                let is_there = recorded(kind, &address, &object, version).is_some();
                let words =
                    "no recorded create: name one in `new.recorded_as`, and record it by RecordServer.java";
                // What is made of a mapper is all said.
                let is_unknown = crate::kind::known_to_servers_since(kind).is_some_and(|it| it > version);
                assert!(is_there || is_unknown || kind.name == MAPPER, "{address} on {version}: {words}");
            }
        }
    }
}
