//! What permissions over administration are for: users, groups, clients, roles and organizations.
//!
//! Keycloak keeps a resource of `admin-permissions` for each object that a permission names, called by the id of the object, and one
//! for all of a type, called as the type. It makes and deletes the former along with the permissions (26.7.5). People
//! write names, so both sides name the objects themselves, and a resource is called by the address of its object.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::behaviour::{Behaviour, New};
use super::built_in::admin_permissions;
use super::created::refs;
use super::{
    CLIENT, GROUP, ORGANIZATION, PERMISSION, RESOURCE, ROLE, USER, is_admin_permissions, is_fine_grained,
    parse_address, reference, wire_name,
};
use crate::state::{Address, Is, KindName, Node, Object, State};
use crate::text::At;

/// The field in which a permission names what it is for.
pub const TARGETS: &str = "resources";
/// The field that says of which type that is.
const TYPE: &str = "resourceType";

/// The types of what is administered, and what is of each.
const TYPES: &[(&str, KindName)] = &[
    ("Users", USER),
    ("Groups", GROUP),
    ("Clients", CLIENT),
    ("Roles", ROLE),
    ("Organizations", ORGANIZATION),
];

/// Returns the kind of what is of a type; nothing where it is no type of administration.
pub fn administered(of_type: &str) -> Option<KindName> {
    TYPES.iter().find(|it| it.0 == of_type).map(|it| it.1)
}

/// Returns the type of which an object is.
pub fn type_of(target: &Address) -> Option<&'static str> {
    TYPES.iter().find(|it| it.1 == target.kind()).map(|it| it.0)
}

/// Returns the resource by which a permission of a client is for an object, or for all of a type.
pub fn resource_for(client: &Address, target: &Address) -> Address {
    if target.kind() == RESOURCE { target.clone() } else { client.child(RESOURCE, target.to_string()) }
}

/// Returns the object that a resource stands for; nothing where it stands for all of a type.
pub fn stands_for(resource: &Address) -> Option<Address> {
    let client = resource.parent().filter(|it| resource.kind() == RESOURCE && is_admin_permissions(it))?;
    let target = parse_address(resource.name()).filter(|it| type_of(it).is_some())?;
    (resource_for(&client, &target) == *resource).then_some(target)
}

/// Returns whether a name may be an id, which only the server tells.
pub fn looks_like_id(name: &str) -> bool {
    let is_hex = |(at, it): (usize, u8)| {
        if [8, 13, 18, 23].contains(&at) { it == b'-' } else { it.is_ascii_hexdigit() }
    };
    name.starts_with("f:") || (name.len() == 36 && name.bytes().enumerate().all(is_hex))
}

/// Returns whether an object that is named in a field of another one may be named by its id.
pub fn may_be_an_id(from: &Address, field: &str, target: &Address) -> bool {
    field == TARGETS && is_over_administration(from) && looks_like_id(target.name())
}

/// Returns whether an object is a permission over administration. Of two that are written at once, each may leave the
/// resource to the other that both name (26.7.5).
pub fn is_over_administration(permission: &Address) -> bool {
    permission.kind() == PERMISSION && permission.parent().is_some_and(|it| is_admin_permissions(&it))
}

/// Returns the permissions over administration of a state.
pub fn administering(state: &State) -> impl Iterator<Item = (&Address, &Object)> {
    static OWNER: LazyLock<Address> = LazyLock::new(admin_permissions);
    state.under(&OWNER).filter(|it| it.0.kind() == PERMISSION)
}

/// Makes permissions name objects, in the place of resources that are called by their ids or as references are written.
/// What there is says which is meant, in `live`, too.
pub fn name_administered(state: &mut State, live: Option<&State>) {
    let mut named: Vec<(Address, Address, KindName)> = Vec::new();
    for (address, object) in administering(state) {
        let of_live = live.and_then(|it| it.get(address)).map(|it| it.text(TYPE));
        let said = Some(object.text(TYPE)).filter(|it| !it.is_empty()).or(of_live).unwrap_or_default();
        let Some(kind) = administered(said) else { continue };
        let targets = object.refs(TARGETS).filter(|it| it.kind() != RESOURCE || it.name() != said);
        named.extend(targets.map(|it| (address.clone(), it.clone(), kind)));
    }
    let is_there = |it: &Address| state.contains(it) || live.is_some_and(|live| live.contains(it));
    let read = |target: &Address, kind: KindName| match target.kind() {
        RESOURCE if administered(target.name()).is_some() => target.clone(),
        RESOURCE if kind == USER => Address::top(USER, target.name().to_lowercase()),
        RESOURCE => reference(kind, target.name(), None),
        _ => target.clone(),
    };
    let mut unknown: BTreeSet<(KindName, String)> = BTreeSet::new();
    for (_, target, kind) in &named {
        let read = read(target, *kind);
        if read.kind() == *kind && !is_there(&read) {
            unknown.insert((*kind, written(target)));
        }
    }
    let mut by_id: BTreeMap<(KindName, String), Address> = BTreeMap::new();
    for side in live.into_iter().chain([&*state]).filter(|_| !unknown.is_empty()) {
        for (address, object) in side.objects.iter().filter(|it| type_of(it.0).is_some()) {
            let id = object.id.as_deref().map(|it| (address.kind(), it.to_owned()));
            by_id.extend(id.filter(|it| unknown.contains(it)).map(|it| (it, address.clone())));
        }
    }
    let client = admin_permissions();
    for (address, target, kind) in named {
        let id = (kind, written(&target));
        let meant = by_id.get(&id).cloned().unwrap_or_else(|| read(&target, kind));
        if meant == target {
            continue;
        }
        if let Some(node) = state.objects.get_mut(&address).and_then(|it| it.fields.get_mut(TARGETS)) {
            node.each_ref_mut(&mut |it| {
                if *it == target {
                    *it = meant.clone();
                }
            });
        }
        state.objects.rename(&client.child(RESOURCE, id.1), resource_for(&client, &meant));
    }
    for_all(state);
}

/// Adds what the server makes along with permissions, and takes away what goes with the last of them: a resource for each object
/// that one names.
pub fn complete_administered(state: &mut State) {
    let client = admin_permissions();
    let mut named: BTreeMap<Address, &'static str> = BTreeMap::new();
    for (_, object) in administering(state) {
        named.extend(object.refs(TARGETS).filter_map(|it| Some((resource_for(&client, it), type_of(it)?))));
    }
    let resources = state.under(&client).map(|it| it.0);
    let is_left = |it: &&Address| stands_for(it).is_some() && !named.contains_key(it);
    let left: Vec<Address> = resources.filter(is_left).cloned().collect();
    for resource in left {
        state.objects.discard(&resource);
    }
    named.retain(|it, _| !state.contains(it));
    for (resource, of_type) in named {
        make(state, resource, of_type);
    }
}

/// A new permission that names nothing is for all of its type. One that was made while they are off is for nothing (26.7.5).
pub(super) struct OfPermissions;

impl Behaviour for OfPermissions {
    fn derive(&self, made: &mut Object, new: New<'_>) {
        let of_type = new.object.text(TYPE);
        let client = new.address.parent().filter(|it| is_fine_grained(it, new.version));
        if let Some(client) = client.filter(|_| administered(of_type).is_some()) {
            made.fields.insert(TARGETS.into(), refs([client.child(RESOURCE, of_type)]));
        }
    }
}

/// Makes both states have the same resources for objects that both have, so that they can be compared.
pub fn align_administered(one: &mut State, other: &mut State) {
    let before = one.clone();
    align(one, other);
    align(other, &before);
}

fn align(state: &mut State, other: &State) {
    let client = admin_permissions();
    let missing = other.under(&client).filter(|it| it.0.kind() == RESOURCE && !state.contains(it.0));
    let missing = missing.filter_map(|it| Some((it.0.clone(), stands_for(it.0)?)));
    let missing: Vec<(Address, Address)> =
        missing.filter(|it| state.contains(&client) && state.contains(&it.1)).collect();
    for (resource, target) in missing {
        make(state, resource, type_of(&target).unwrap_or_default());
    }
}

/// Adds the resource that stands for an object, where a text is its address: no permission has to name what somebody asks about.
pub fn stand_for(state: &mut State, text: &str) {
    let client = admin_permissions();
    let resource = client.child(RESOURCE, text);
    let target = stands_for(&resource).filter(|it| state.contains(it) && state.contains(&client));
    if let Some(target) = target.filter(|_| !state.contains(&resource)) {
        make(state, resource, type_of(&target).unwrap_or_default());
    }
}

/// Adds a resource for one object: it has the scopes of the one for all of its type.
fn make(state: &mut State, resource: Address, of_type: &str) {
    let mut object = Object::new(At::SERVER);
    let all = state.get(&admin_permissions().child(RESOURCE, of_type)).and_then(|it| it.get("scopes"));
    object.fields.extend(all.map(|it| ("scopes".into(), it.clone())));
    state.objects.insert(resource, object);
}

/// Names the resource for all of a type where a permission says that it names nothing.
fn for_all(state: &mut State) {
    let says_nothing = |it: &Object| it.get(TARGETS).is_some_and(|it| it.items().is_empty());
    let all = administering(state).filter(|it| says_nothing(it.1));
    let all: Vec<(Address, String)> = all.map(|it| (it.0.clone(), it.1.text(TYPE).to_owned())).collect();
    let client = admin_permissions();
    for (address, of_type) in all.into_iter().filter(|it| administered(&it.1).is_some()) {
        let Some(node) = state.objects.get_mut(&address).and_then(|it| it.fields.get_mut(TARGETS)) else {
            continue;
        };
        let of_all = Node::new(node.at, Is::Ref(client.child(RESOURCE, of_type)));
        *node = Node::new(node.at, Is::List(vec![of_all]));
    }
}

/// Returns how something was written: by its name, or by its id.
fn written(target: &Address) -> String {
    wire_name(target).trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kind::lift_realm;
    use crate::text::tree_of_json;

    const ANN: &str = "0b3eae72-8e0b-411a-acb5-b77002b27404";
    const SUB: &str = "f876b4e4-8ce2-499f-a7a7-017a06c80fba";
    const READER: &str = "9b185f6d-baef-4cc4-bdb1-40929aa886ed";

    fn realm(permissions: &Value, resources: &Value) -> Value {
        json!({
            "realm": "r",
            "roles": {
                "realm": [{ "name": "a/b" }],
                "client": { "shop": [{ "id": READER, "name": "reader" }] },
            },
            "groups": [{ "name": "g", "subGroups": [{ "id": SUB, "name": "sub" }] }],
            "users": [{ "id": ANN, "username": "ann" }],
            "clients": [
                { "id": "abc", "clientId": "shop" },
                { "clientId": "admin-permissions", "authorizationSettings": {
                    "resources": resources, "permissions": permissions,
                } },
            ],
            "organizations": [{ "id": "o", "alias": "acme", "name": "Acme" }],
        })
    }

    fn permission(of_type: &str, targets: &Value) -> Value {
        json!([{ "name": "P", "type": "scope", "resourceType": of_type, "resources": targets }])
    }

    fn shown(state: &State) -> String {
        let (_, object) = administering(state).next().expect("a permission");
        let targets = object.get(TARGETS).map(Node::items).unwrap_or_default();
        let mut names: Vec<String> = targets.iter().filter_map(|it| Some(it.as_ref()?.to_string())).collect();
        names.sort();
        names.join(" ").replace("client/admin-permissions/authz/resource/", "all ")
    }

    #[test]
    fn names_and_ids_lead_to_the_same_objects() {
        for (of_type, targets, expected) in [
            ("Users", json!(["ann"]), "user/ann"),
            ("Users", json!(["Ann", { "name": "bob" }]), "user/ann user/bob"),
            ("Users", json!([ANN]), "user/ann"),
            ("Users", json!([]), "all Users"),
            ("Users", Value::Null, "all Users"),
            ("Users", json!(["Users"]), "all Users"),
            ("Users", json!(["Groups"]), "all Groups"),
            ("Groups", json!(["/g/sub", "g"]), "group/g group/g/sub"),
            ("Groups", json!([SUB]), "group/g/sub"),
            ("Clients", json!(["shop"]), "client/shop"),
            ("Clients", json!(["abc"]), "client/shop"),
            ("Roles", json!(["shop/reader", "a%2Fb"]), "client/shop/role/reader role/a%2Fb"),
            ("Roles", json!([READER]), "client/shop/role/reader"),
            ("Organizations", json!(["acme"]), "organization/acme"),
            ("Organizations", json!(["o"]), "organization/acme"),
            // What nobody has stays as it is written.
            ("Roles", json!([ANN]), &format!("role/{ANN}")),
            ("Things", json!(["ann"]), "all ann"),
        ] {
            let realm = realm(&permission(of_type, &targets), &json!([{ "name": ANN }, { "name": "Users" }]));
            let live = lift_realm(&tree_of_json(&realm)).into_live();
            assert_eq!(shown(&live), expected, "{of_type} {targets}");
            let client = admin_permissions();
            let resources = live.under(&client).filter(|it| it.0.kind() == RESOURCE);
            let stands: Vec<String> =
                resources.filter_map(|it| Some(stands_for(it.0)?.to_string())).collect();
            for it in expected.split(' ').filter(|it| it.contains('/')) {
                assert!(stands.iter().any(|stands| stands == it), "{it} of {stands:?}");
            }
        }
    }

    #[test]
    fn what_a_manifest_names_by_id_is_told_by_the_realm() {
        let live =
            lift_realm(&tree_of_json(&realm(&permission("Users", &json!([ANN])), &json!([])))).into_live();
        for (said, expected) in [
            (permission("Users", &json!([ANN])), "user/ann"),
            // The type is that of the live permission.
            (json!([{ "name": "P", "resources": ["ann"] }]), "user/ann"),
            (json!([{ "name": "P", "resources": [] }]), ""),
            (permission("Roles", &json!([READER])), "client/shop/role/reader"),
        ] {
            let manifest = json!({ "realm": "r", "clients": [
                { "clientId": "admin-permissions", "authorizationSettings": { "permissions": said } } ] });
            let mut desired = State::default();
            desired.objects.extend(lift_realm(&tree_of_json(&manifest)).pieces);
            name_administered(&mut desired, Some(&live));
            assert_eq!(shown(&desired), expected, "{said}");
        }
    }

    #[test]
    fn only_some_names_look_like_ids() {
        for (name, is) in
            [(ANN, true), ("f:1:ann", true), ("ann", false), ("0b3eae72_8e0b-411a-acb5-b77002b27404", false)]
        {
            assert_eq!(looks_like_id(name), is, "{name}");
        }
    }
}
