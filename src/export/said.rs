//! What manifests have to say of a realm so that a new one becomes it.

use std::collections::{BTreeMap, BTreeSet};

use super::Options;
use crate::diff::same_field;
use crate::kind::{self, Compare, Kind, Sent, Stays, Version, kind, realm_address};
use crate::state::{Address, Is, Node, Object, State};
use crate::text::At;

pub(super) struct Said {
    pub(super) state: State,
    /// What of a new realm is gone.
    pub(super) gone: Vec<Address>,
}

/// Returns what has to be said of the objects of a realm. Those that are as Keycloak makes them go without saying, and so
/// do fields that have their defaults.
pub(super) fn said(realm: &str, live: &State, version: Version) -> Said {
    let fresh = kind::fresh_realm(realm, version);
    let along: BTreeMap<Address, Object> = live
        .objects
        .iter()
        .filter(|it| !fresh.contains(it.0))
        .flat_map(|(address, object)| kind::created_along(address, object, &State::default(), version))
        .collect();
    let mut state = State { default_role: live.default_role.clone(), ..State::default() };
    for (address, object) in &live.objects {
        let kind = kind(address.kind());
        let given = fresh.get(address).or_else(|| along.get(address));
        let mut said = match given {
            Some(given) => differing(kind, object, given),
            None => of_new(address, object, live, version),
        };
        without_default_role(kind, live, &mut said);
        if !said.fields.is_empty() {
            let place =
                kind::sorted_by(address.kind()).and_then(|it| Some((it.into(), object.get(it)?.clone())));
            said.fields.extend(place);
        }
        if given.is_none() || !said.fields.is_empty() || *address == realm_address() {
            state.objects.insert(address.clone(), said);
        }
    }
    order(&mut state, live, &fresh);
    rank(&mut state, live);
    let is_gone = |it: &&Address| {
        !live.contains(it) && it.ancestors().all(|above| live.contains(&above) || !fresh.contains(&above))
    };
    let gone = fresh.objects.keys().filter(is_gone).cloned().collect();
    Said { state, gone }
}

/// Returns what has to be said of an object that somebody made: what it is made with, and what differs from what the server
/// makes of that.
fn of_new(address: &Address, object: &Object, live: &State, version: Version) -> Object {
    let kind = kind(address.kind());
    let bare = Object::new(At::SERVER);
    let unsaid = made(address, &bare, live, version);
    let mut needed = bare;
    for (name, node) in &object.fields {
        let is_fixed = kind.field(name).is_some_and(|it| it.sent.is_fixed(address, version));
        if kind.is_made_with(name) || (is_fixed && !same_field(kind, name, node, unsaid.get(name))) {
            needed.fields.insert(name.clone(), node.clone());
        }
    }
    let mut said = differing(kind, object, &made(address, &needed, live, version));
    said.fields.extend(needed.fields);
    // Some links follow from what else is said.
    let links: Vec<Box<str>> = said.fields.keys().filter(|it| kind.link(it).is_some()).cloned().collect();
    for name in links {
        let Some(node) = said.fields.remove(&name) else { continue };
        if !same_field(kind, &name, &node, made(address, &said, live, version).get(&name)) {
            said.fields.insert(name, node);
        }
    }
    // With mappings alone it would be one that is declared elsewhere.
    if kind::is_only_mapped(&said) {
        said.fields
            .extend(unsaid.fields.get_key_value("protocol").map(|(name, it)| (name.clone(), it.clone())));
    }
    said
}

/// Takes the role that everybody has out of the roles of an object: it stays, whatever is said.
fn without_default_role(kind: &Kind, live: &State, said: &mut Object) {
    let Some(default) = &live.default_role else { return };
    for rule in kind.fields.iter().filter(|it| matches!(it.stays, Stays::DefaultRole)) {
        let Some(Is::List(roles)) = said.fields.get_mut(rule.name).map(|it| &mut it.is) else { continue };
        let before = roles.len();
        roles.retain(|it| it.as_ref() != Some(default));
        if roles.is_empty() && before > 0 {
            said.fields.remove(rule.name);
        }
    }
}

/// Says the order of what stands in an object: by all of its parts where somebody moved those of a new realm, otherwise by
/// those that are said anyway.
fn order(state: &mut State, live: &State, fresh: &State) {
    for (address, object) in &live.objects {
        let kind = kind(address.kind());
        for rule in kind.fields.iter().filter(|it| it.ordered) {
            let parts = |of_state: &State| -> Vec<Address> {
                let names = of_state.get(address).and_then(|it| it.get(rule.name)).map(Node::items);
                names.unwrap_or_default().iter().filter_map(|it| it.as_ref().cloned()).collect()
            };
            let (now, before) = (parts(live), parts(fresh));
            let stays: Vec<&Address> = before.iter().filter(|it| now.contains(it)).collect();
            let is_as_made = now.iter().take(stays.len()).eq(stays.iter().copied());
            if !is_as_made {
                for part in &now {
                    place(state, part);
                }
            }
            let is_any_said = now.iter().any(|it| state.contains(it));
            if is_any_said {
                let order = object.get(rule.name).cloned();
                place(state, address).fields.extend(order.map(|it| (rule.name.into(), it)));
            } else if let Some(said) = state.objects.get_mut(address) {
                said.fields.remove(rule.name);
                if said.fields.is_empty() {
                    state.objects.discard(address);
                }
            }
        }
    }
}

fn made(address: &Address, said: &Object, live: &State, version: Version) -> Object {
    let mut made = kind::created(address, said, live, version);
    let unasked = kind::create_defaults(address, live).into_iter();
    made.fields.extend(unasked.map(|(name, node)| (name.into(), node)));
    made
}

/// Returns an object with the fields that are not as they would be without a word.
fn differing(kind: &Kind, object: &Object, base: &Object) -> Object {
    let mut out = object.clone();
    out.id = None;
    out.fields.retain(|name, node| is_said(kind, name) && !same_field(kind, name, node, base.get(name)));
    for (name, node) in &mut out.fields {
        if let (Is::Map(keys), Some(Is::Map(base))) = (&mut node.is, base.get(name).map(|it| &it.is)) {
            without(keys, base);
        }
    }
    // Others are false or nothing where a server leaves them out.
    let unset = base.fields.iter().filter(|it| is_said(kind, it.0) && !it.1.is_nothing());
    for (name, _) in unset.filter(|it| object.get(it.0).is_none() && it.1.as_bool() != Some(false)) {
        out.fields.insert(name.clone(), Node::new(At::SERVER, Is::Null));
    }
    out
}

/// Leaves of a map what is not so without a word.
fn without(keys: &mut BTreeMap<Box<str>, Node>, base: &BTreeMap<Box<str>, Node>) {
    for (key, node) in base {
        match keys.get(key) {
            Some(is) if is == node => drop(keys.remove(key)),
            Some(_) => {}
            None => drop(keys.insert(key.clone(), Node::new(At::SERVER, Is::Null))),
        }
    }
}

fn is_said(kind: &Kind, name: &str) -> bool {
    kind.field(name).is_none_or(|it| it.compare != Compare::ServerOwned && !matches!(it.sent, Sent::Relic))
}

/// Says the number of what stands in an order by numbers, also where it is named alone: without one, the place says it.
fn rank(state: &mut State, live: &State) {
    let said = state.objects.keys().flat_map(|it| [it.clone()].into_iter().chain(it.ancestors()));
    for address in said.collect::<BTreeSet<Address>>() {
        let field = kind(address.kind()).ranked_by;
        let Some(number) = live.get(&address).and_then(|it| it.get(field)).cloned() else { continue };
        place(state, &address).fields.insert(field.into(), number);
    }
}

/// Returns what is said of an object; it is named where nothing was.
fn place<'s>(state: &'s mut State, address: &Address) -> &'s mut Object {
    state.objects.get_or_insert_with(address.clone(), || Object::new(At::SERVER))
}

/// Takes people out of the lists of what is exported without them.
pub(super) fn without_people(state: &mut State) {
    let names_people = |kind: &Kind, name: &str, node: &Node| {
        kind.link(name).is_some() && node.items().iter().filter_map(Node::as_ref).any(kind::is_of_people)
    };
    let has_people = |(address, object): &(&Address, &Object)| {
        let kind = kind(address.kind());
        !kind::is_of_people(address) && object.fields.iter().any(|it| names_people(kind, it.0, it.1))
    };
    let with: Vec<Address> = state.objects.iter().filter(has_people).map(|it| it.0.clone()).collect();
    for address in with {
        let kind = kind(address.kind());
        if let Some(object) = state.objects.get_mut(&address) {
            object.fields.retain(|name, node| !names_people(kind, name, node));
        }
    }
}

/// Returns what is named and neither said nor in every realm.
pub(super) fn external(state: &State, options: &Options<'_>) -> Vec<Address> {
    let mut out = BTreeSet::new();
    for object in state.objects.values() {
        object.each_ref(&mut |_, target, _| {
            let is_known = state.contains(target)
                || state.default_role.as_ref() == Some(target)
                || kind::is_built_in(target, options.realm, options.version);
            if !is_known {
                out.insert(target.clone());
            }
        });
    }
    out.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::export::text::{Format, manifest};
    use crate::kind::{NEWEST, OLDEST, lift_realm, parse_address};
    use crate::text::tree_of_json;

    fn read(realm: &Value) -> State {
        lift_realm(&tree_of_json(realm)).into_live()
    }

    /// Returns what is said of a new realm that holds more.
    fn of_more(more: &Value) -> Value {
        let mut live = kind::fresh_realm("r", NEWEST);
        for (address, object) in read(more).objects {
            let mut whole =
                live.get(&address).cloned().unwrap_or_else(|| made(&address, &object, &live, NEWEST));
            whole.fields.extend(object.fields);
            whole.made_by = object.made_by;
            live.objects.insert(address, whole);
        }
        let text = manifest("r", &said("r", &live, NEWEST).state, Format::Json);
        serde_json::from_str(&text).expect("it is JSON")
    }

    #[test]
    fn a_new_realm_goes_without_saying() {
        for version in [OLDEST, NEWEST] {
            let said = said("r", &kind::fresh_realm("r", version), version);
            assert_eq!(said.state.objects.keys().collect::<Vec<_>>(), [&realm_address()], "{version}");
            assert!(said.state.objects[&realm_address()].fields.is_empty() && said.gone.is_empty());
        }
    }

    #[test]
    fn what_differs_from_what_keycloak_makes_is_said() {
        for more in [
            json!({ "realm": "r", "displayName": "R" }),
            json!({ "realm": "r", "roles": { "realm": [{ "name": "a" }, { "name": "offline_access", "description": "mine" }] } }),
            json!({ "realm": "r", "clients": [{ "clientId": "a" }, { "clientId": "b", "name": "B", "redirectUris": ["/x"] }] }),
            json!({ "realm": "r", "groups": [{ "name": "g", "subGroups": [{ "name": "s", "attributes": { "a": ["b"] } }] }] }),
            json!({ "realm": "r", "clientScopes": [{ "name": "s", "protocol": "saml" }] }),
            json!({ "realm": "r", "authenticationFlows": [{ "alias": "part", "topLevel": false }] }),
        ] {
            let said = of_more(&more);
            assert_eq!(read(&said), read(&more), "{said}");
        }
    }

    #[test]
    fn what_is_gone_is_known() {
        let mut live = kind::fresh_realm("r", NEWEST);
        let scope = parse_address("client-scope/phone").expect("an address");
        let under: Vec<Address> = live.under(&scope).map(|it| it.0.clone()).collect();
        for address in under.iter().chain([&scope]) {
            live.objects.discard(address);
        }
        assert_eq!(said("r", &live, NEWEST).gone, [scope]);
    }
}
