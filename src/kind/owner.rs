//! Resources of one name: a user's is called after its owner too, `photo@alice`, beside the one of the server.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Compare, Kind, kind};
use crate::state::{Address, Node, Object, State};
use crate::text::Tree;

impl Kind {
    /// Returns the field whose value tells objects of one name apart, where a kind has one.
    pub(super) fn owner(&self) -> Option<&'static str> {
        self.fields.iter().find(|it| it.compare == Compare::Owner).map(|it| it.name)
    }
}

/// Returns what an object of this name is called that a user owns, whose name the server keeps in lower case.
fn owned_name(name: &str, owner: &str) -> String {
    format!("{name}@{}", owner.to_lowercase())
}

/// Returns what is called so, or by its name and owner if a user owns it.
pub(super) fn called(name: &str, owner: Option<&str>) -> String {
    owner.filter(|it| !it.is_empty()).map_or_else(|| name.to_owned(), |it| owned_name(name, it))
}

/// Returns whose something is: a name, or a map that says the name or the id.
pub(super) fn written_owner(owner: &Tree) -> &Tree {
    owner.get("name").or_else(|| owner.get("id")).unwrap_or(owner)
}

/// Returns the name of an object alone, without its owner's.
pub fn own_name<'a>(address: &'a Address, object: &Object) -> &'a str {
    let without = owner(address, object)
        .and_then(|it| address.name().strip_suffix(it.name()))
        .and_then(|it| it.strip_suffix('@'));
    without.unwrap_or_else(|| address.last_name())
}

/// Returns what a resource is called that is written as a map, with the name of whoever owns it.
pub(super) fn written_name(resource: &Tree) -> String {
    let name = resource.get("name").and_then(Tree::scalar).unwrap_or_default();
    called(name, resource.get("owner").map(written_owner).and_then(Tree::scalar))
}

/// Returns the name of what a list of a client shows, by the id of the client: with its owner, if a user owns it.
pub fn listed_name(row: &Value, client: &str) -> Option<String> {
    let name = row.get("name").and_then(Value::as_str)?;
    let is_users = |it: &&Value| it.get("id").and_then(Value::as_str) != Some(client);
    let owner = row.get("owner").filter(is_users).and_then(|it| it.get("name")).and_then(Value::as_str);
    Some(called(name, owner))
}

/// Returns the user whose it is, and with whom it goes.
pub fn owner<'o>(address: &Address, object: &'o Object) -> Option<&'o Address> {
    object.get(kind(address.kind()).owner()?).and_then(Node::as_ref)
}

/// Returns what an address may mean to the server: one of a shorter name and its owner, or the object of this name.
pub fn readings(address: &Address) -> Vec<(Address, Option<&str>)> {
    let mut out = Vec::new();
    if let (Some(_), Some(parent)) = (kind(address.kind()).owner(), address.parent()) {
        let name = address.name();
        let splits = name.match_indices('@').map(|(at, _)| (&name[..at], &name[at + 1..]));
        out.extend(splits.map(|(name, owner)| (parent.child(address.kind(), name), Some(owner))));
    }
    out.push((address.clone(), None));
    out
}

/// What is meant by the name of a resource alone, where only users have one of this name.
#[derive(Debug, Default)]
pub struct Owned(BTreeMap<Address, Vec<Address>>);

impl Owned {
    pub fn of(states: &[&State]) -> Self {
        let mut owned: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
        for (address, object) in states.iter().flat_map(|it| &it.objects) {
            let Some(parent) = owner(address, object).and_then(|_| address.parent()) else { continue };
            let all = owned.entry(parent.child(address.kind(), own_name(address, object))).or_default();
            if !all.contains(address) {
                all.push(address.clone());
            }
        }
        owned.retain(|name, _| !states.iter().any(|it| it.contains(name)));
        Self(owned)
    }

    /// Returns the resources that a name may mean: one, or those of several owners; none where the name says all.
    pub fn named(&self, name: &Address) -> &[Address] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the one that is meant by a name.
    pub fn meant(&self, name: &Address) -> Option<&Address> {
        if let [one] = self.named(name) { Some(one) } else { None }
    }

    /// Makes every reference of a state say which one it means.
    pub fn settle(&self, state: &mut State) {
        if self.0.is_empty() {
            return;
        }
        state.redirect(|target| self.meant(target).cloned());
    }
}

/// Gives objects other names, in every reference too. Returns all names: what stands under them, what is called like one of
/// them, and what a renamed user owns is called anew.
pub fn rename(state: &mut State, names: &BTreeMap<Address, Address>) -> BTreeMap<Address, Address> {
    let mut all = names.clone();
    if names.is_empty() {
        return all;
    }
    // What others stand under comes before them.
    for (address, object) in &state.objects {
        let called = names.get(address).cloned().or_else(|| called_anew(address, object, names));
        let parent = address.parent();
        let moved = parent.as_ref().and_then(|it| Some((it, all.get(it)?)));
        let new = called.unwrap_or_else(|| address.clone());
        let new = match moved {
            Some((from, to)) => new.moved(from, to),
            None => new,
        };
        if new != *address {
            all.insert(address.clone(), new);
        }
    }
    let objects: Vec<_> =
        all.iter().filter_map(|(old, new)| Some((new, state.objects.remove(old)?))).collect();
    for (new, object) in objects {
        state.objects.insert(new.clone(), object);
    }
    state.redirect(|target| all.get(target).cloned());
    all
}

/// Returns what an object is called now that has its name from another one: as its owner's resource, as the resource by which
/// permissions over administration are for one, or by what it names.
fn called_anew(address: &Address, object: &Object, names: &BTreeMap<Address, Address>) -> Option<Address> {
    let beside = |name: &str| {
        let parent = address.parent();
        parent.map_or_else(|| Address::top(address.kind(), name), |it| it.child(address.kind(), name))
    };
    if let Some(new) = owner(address, object).and_then(|it| names.get(it)) {
        return Some(beside(&owned_name(own_name(address, object), new.name())));
    }
    if let Some(new) = super::stands_for(address).and_then(|it| names.get(&it)) {
        return Some(super::resource_for(&address.parent()?, new));
    }
    let kind = kind(address.kind());
    let named = object.get(kind.key).and_then(Node::as_ref).filter(|_| kind.own_key().is_none())?;
    let rest = address.name().strip_prefix(named.name())?;
    Some(beside(&format!("{}{rest}", names.get(named)?.name())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::{CLIENT, PERMISSION, RESOURCE, USER, lift_realm};
    use crate::text::tree_of_json;

    fn state(resources: &Value) -> State {
        let permission = json!({ "name": "P", "type": "resource", "resources": ["photo"], "policies": [] });
        let settings = json!({ "resources": resources, "permissions": [permission] });
        let realm =
            json!({ "realm": "r", "clients": [{ "clientId": "rs", "authorizationSettings": settings }] });
        lift_realm(&tree_of_json(&realm)).into_live()
    }

    fn photo(owner: &str) -> Value {
        json!({ "name": "photo", "owner": owner })
    }

    #[test]
    fn a_name_alone_means_the_servers_own_or_the_only_one() {
        let own = json!({ "name": "photo" });
        let by_id = json!({ "name": "photo", "owner": { "id": "7", "name": "Alice" } });
        for (resources, objects, means) in [
            (json!([own]), vec!["photo"], "photo"),
            (json!([photo("rs")]), vec!["photo"], "photo"),
            (json!([photo("")]), vec!["photo"], "photo"),
            (json!([by_id]), vec!["photo@alice"], "photo@alice"),
            (json!([photo("b@e.org"), own]), vec!["photo", "photo@b@e.org"], "photo"),
            (json!([photo("alice"), photo("bob")]), vec!["photo@alice", "photo@bob"], "photo"),
        ] {
            let mut state = state(&resources);
            Owned::of(&[&state]).settle(&mut state);
            let all: Vec<&str> =
                state.objects.keys().filter(|it| it.kind() == RESOURCE).map(Address::name).collect();
            assert_eq!(all, objects);
            let permission = Address::top(CLIENT, "rs").child(PERMISSION, "P");
            let named = state.objects[&permission].fields["resources"].items()[0].as_ref().cloned();
            assert_eq!(named.as_ref().map(Address::name), Some(means), "{resources}");
        }
    }

    #[test]
    fn what_a_renamed_user_owns_is_called_anew() {
        let mut state = state(&json!([photo("alice"), { "name": "a@b", "owner": "alice" }]));
        Owned::of(&[&state]).settle(&mut state);
        let user = |it: &str| Address::top(USER, it);
        rename(&mut state, &BTreeMap::from([(user("alice"), user("al@e.org"))]));
        let resources = state.objects.iter().filter(|it| it.0.kind() == RESOURCE);
        let names: Vec<(&str, &str)> =
            resources.map(|(it, object)| (it.name(), own_name(it, object))).collect();
        assert_eq!(names, [("a@b@al@e.org", "a@b"), ("photo@al@e.org", "photo")]);
        let texts: Vec<String> = readings(&Address::top(CLIENT, "rs").child(RESOURCE, "a@b@c"))
            .into_iter()
            .map(|(it, owner)| format!("{} {owner:?}", it.name()))
            .collect();
        assert_eq!(texts, ["a Some(\"b@c\")", "a@b Some(\"c\")", "a@b@c None"]);
    }
}
