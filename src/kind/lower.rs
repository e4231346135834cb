//! From objects back to the representation of a realm, as exports and manifests spell it: the reverse of lifting.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::lift::FORMERLY;
use super::named::{qualifying, unnumbered};
use super::{
    CLIENT, Compare, REALM, ROLE, SaysParent, Sent, kind, own_name, realm_address, scope_mapping, value,
    wire_name,
};
use crate::state::{Address, Hidden, Is, Node, Object, SecretRef, SecretSource, State, encoded};
use crate::text::{At, Tree, TreeIs};

/// Returns the representation of a realm of this name with everything in it, without ids. Secrets are written as where they
/// come from, and what is hidden of them stays masked.
pub fn lower_realm(name: &str, state: &State) -> Value {
    let objects = state.objects.iter().map(|(address, object)| (address.clone(), fields_of(address, object)));
    let mut out = arrange(name, objects.collect());
    if let (Some(role), Some(realm)) = (&state.default_role, out.as_object_mut()) {
        realm.insert("defaultRole".to_owned(), json!({ "name": role.name() }));
    }
    out
}

/// Returns an object as it is written by itself: without its name and what stands under it.
fn fields_of(address: &Address, object: &Object) -> Map<String, Value> {
    let kind = kind(address.kind());
    let mut out = Map::new();
    if let Some(key) = kind.own_key() {
        out.insert(key.to_owned(), json!(own_name(address, object)));
    }
    if let Some(client) = &object.made_by {
        out.insert("serviceAccountClientId".to_owned(), json!(client.name()));
    }
    if let Some(earlier) = &object.formerly {
        out.insert(FORMERLY.to_owned(), json!(earlier.name()));
    }
    for (name, node) in object.fields.iter().filter(|it| &**it.0 != "defaultRole") {
        let compare = kind.field(name).map_or(Compare::Typed, |it| it.compare);
        // Scope mappings say names as they are.
        let is_raw = **name == *scope_mapping::OF_REALM.name;
        let value = if is_raw { refs(node).map(Address::name).collect() } else { field(compare, node) };
        out.insert(name.to_string(), value);
    }
    out
}

/// Puts objects, each written by itself, where the representation of a realm of this name has them.
pub fn arrange(name: &str, objects: BTreeMap<Address, Map<String, Value>>) -> Value {
    let mut below: BTreeMap<Option<Address>, Vec<Address>> = BTreeMap::new();
    for address in objects.keys().filter(|it| it.kind() != REALM) {
        below.entry(address.parent()).or_default().push(address.clone());
    }
    let mut out = Arranged { objects, below }.object(&realm_address());
    out.insert("realm".to_owned(), json!(name));
    Value::Object(out)
}

struct Arranged {
    objects: BTreeMap<Address, Map<String, Value>>,
    /// What stands directly under each object, or under the realm.
    below: BTreeMap<Option<Address>, Vec<Address>>,
}

impl Arranged {
    fn object(&self, address: &Address) -> Map<String, Value> {
        let kind = kind(address.kind());
        let mut out = self.objects.get(address).cloned().unwrap_or_default();
        // Both are written at the realm, by who has them.
        out.retain(|field, _| !scope_mapping::is_one(field));
        let key = kind.naming_key();
        if !kind.is_ranked() && !key.is_empty() {
            out.entry(key).or_insert_with(|| json!(address.last_name()));
        }
        for (field, part) in qualifying(kind, address.name()) {
            out.entry(field).or_insert_with(|| json!(part));
        }
        // What nothing is said of is called like what it is of all the same.
        if kind.is_ranked() && !out.contains_key(kind.key) && !out.contains_key(kind.else_named_by) {
            let name = unnumbered(address.last_name());
            let names = |of: Compare| matches!(of, Compare::Ref(of) if self.objects.contains_key(&Address::top(of, name)));
            let is_named = kind.field(kind.key).is_some_and(|it| names(it.compare));
            out.insert(if is_named { kind.key } else { kind.else_named_by }.to_owned(), json!(name));
        }
        if let (SaysParent::ByName(field), Some(parent)) = (kind.says_parent, address.parent()) {
            out.insert(field.to_owned(), json!(parent.name()));
        }
        // Children of what exists once per parent stand beside it, not under it.
        let under = if kind.key.is_empty() { address.parent() } else { Some(address.clone()) };
        let here = || self.below.get(&under).into_iter().flatten().filter(|it| *it != address);
        for rule in kind.fields {
            let part = match rule.sent {
                Sent::Children(of) => {
                    let of = of(&Tree::new(At::SERVER, TreeIs::Null));
                    let mut children: Vec<&Address> = here().filter(|it| it.kind() == of).collect();
                    if let Some(Value::Array(order)) = out.get(rule.name) {
                        let place = |it: &Address| order.iter().position(|name| *name == *it.last_name());
                        children.sort_by_key(|it| place(it).unwrap_or(usize::MAX));
                    }
                    let ranked_by = super::kind(of).ranked_by;
                    let number = |it: &Address| self.objects.get(it)?.get(ranked_by)?.as_i64();
                    children.sort_by_key(|it| number(it).unwrap_or(i64::MAX));
                    some_list(children.into_iter().map(|it| Value::Object(self.object(it))).collect())
                }
                Sent::ChildrenBy(of, field) => {
                    let mut by: BTreeMap<String, Vec<Value>> = BTreeMap::new();
                    for child in here().filter(|it| it.kind() == of) {
                        let mut item = self.object(child);
                        let key = item.remove(field).and_then(|it| it.as_str().map(str::to_owned));
                        by.entry(key.unwrap_or_default()).or_default().push(Value::Object(item));
                    }
                    (!by.is_empty()).then(|| json!(by))
                }
                Sent::ChildrenByName(of, field) => {
                    let all = here().filter(|it| it.kind() == of).map(|it| {
                        let said = self.object(it).remove(field);
                        (it.last_name().to_owned(), said.unwrap_or_else(|| json!({})))
                    });
                    let all: Map<String, Value> = all.collect();
                    (!all.is_empty()).then_some(Value::Object(all))
                }
                Sent::ChildrenOf(of) => {
                    let all = self.objects.keys().filter(|it| it.kind() == of);
                    some_list(all.map(|it| Value::Object(self.object(it))).collect())
                }
                Sent::Child(of) => {
                    let up = under.as_ref();
                    let child = up.map_or_else(|| Address::top(of, ""), |it| it.child(of, ""));
                    // What stands beside it in its section may be there without it.
                    let item = self.object(&child);
                    (self.objects.contains_key(&child) || !item.is_empty()).then_some(Value::Object(item))
                }
                Sent::Roles => self.roles(),
                Sent::ScopeMappings => self.scope_mappings(rule.name),
                Sent::Body
                | Sent::Always
                | Sent::CreateOnly
                | Sent::Fixed
                | Sent::FixedOf(_)
                | Sent::Links(_)
                | Sent::Relic => None,
            };
            out.extend(part.map(|it| (rule.name.to_owned(), it)));
        }
        out
    }

    /// `{realm: [..], client: {name: [..]}}`, as far as there are any.
    fn roles(&self) -> Option<Value> {
        let (mut of_realm, mut of_clients) = (Vec::new(), BTreeMap::<String, Vec<Value>>::new());
        for role in self.objects.keys().filter(|it| it.kind() == ROLE) {
            let item = Value::Object(self.object(role));
            match role.parent() {
                None => of_realm.push(item),
                Some(client) => of_clients.entry(client.name().to_owned()).or_default().push(item),
            }
        }
        let mut out = Map::new();
        out.extend(some_list(of_realm).map(|it| ("realm".to_owned(), it)));
        out.extend((!of_clients.is_empty()).then(|| ("client".to_owned(), json!(of_clients))));
        (!out.is_empty()).then_some(Value::Object(out))
    }

    /// Those of the realm's roles by who has them, or those of clients' by the client whose roles they are.
    fn scope_mappings(&self, field: &str) -> Option<Value> {
        let (mut of_realm, mut of_clients) = (Vec::new(), BTreeMap::<String, Vec<Value>>::new());
        for (address, fields) in &self.objects {
            let holder = if address.kind() == CLIENT { "client" } else { "clientScope" };
            match fields.get(field) {
                Some(Value::Object(by_client)) => {
                    for (client, names) in by_client {
                        let row = json!({ holder: address.name(), "roles": names });
                        of_clients.entry(client.clone()).or_default().push(row);
                    }
                }
                Some(names) => of_realm.push(json!({ holder: address.name(), "roles": names })),
                None => {}
            }
        }
        if field == scope_mapping::OF_REALM.name {
            return some_list(of_realm);
        }
        (!of_clients.is_empty()).then(|| json!(of_clients))
    }
}

fn some_list(items: Vec<Value>) -> Option<Value> {
    (!items.is_empty()).then_some(Value::Array(items))
}

fn field(compare: Compare, node: &Node) -> Value {
    match (compare, &node.is) {
        (_, Is::Null) => Value::Null,
        (Compare::ClientRoles, _) => json!(by_client(node)),
        (Compare::RoleTree, _) => {
            let of_realm: Vec<String> = refs(node).filter(|it| it.parent().is_none()).map(spelled).collect();
            json!({ "realm": of_realm, "client": by_client(node) })
        }
        (Compare::RefItems { id, option, .. }, _) => {
            node.items().iter().map(|it| item(it, id, option)).collect()
        }
        (
            Compare::Typed
            | Compare::InOrder
            | Compare::Keyed(_)
            | Compare::Folded
            | Compare::Refs(_)
            | Compare::Ref(_)
            | Compare::RefMap(_)
            | Compare::Owner
            | Compare::Secret
            | Compare::ServerOwned,
            _,
        ) => plain(node),
    }
}

/// Returns a reference with a switch, by its name alone where that is off.
fn item(node: &Node, id: &str, option: &str) -> Value {
    match node.get(id) {
        Some(target) if node.get(option).is_none_or(|it| it.as_bool() != Some(true)) => plain(target),
        _ => plain(node),
    }
}

fn plain(node: &Node) -> Value {
    match &node.is {
        Is::List(items) | Is::Sequence(items) => items.iter().map(plain).collect(),
        Is::Map(map) => map.iter().map(|(key, it)| (key.to_string(), plain(it))).collect(),
        Is::Ref(target) => Value::String(spelled(target)),
        Is::Secret(secret) => written(secret),
        Is::Hidden(Hidden::Masked | Hidden::Value(_)) => json!("**********"),
        Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) => value(node, &|_| String::new()),
    }
}

fn written(secret: &SecretRef) -> Value {
    let mut out = match &secret.source {
        SecretSource::Literal(text) => return json!(&**text),
        SecretSource::Env(name) => json!({ "fromEnv": &**name }),
        SecretSource::File(path) => json!({ "fromFile": &**path }),
    };
    if let (Some(version), Value::Object(map)) = (secret.version, &mut out) {
        map.insert("version".to_owned(), json!(version));
    }
    out
}

/// Returns how a reference is written so that it is read back: names of roles with a slash in them are encoded.
fn spelled(target: &Address) -> String {
    if target.kind() != ROLE {
        return wire_name(target);
    }
    let names: Vec<String> = target.steps().iter().map(|it| encoded(&it.name)).collect();
    names.join("/")
}

fn refs(node: &Node) -> impl Iterator<Item = &Address> {
    node.items().iter().filter_map(Node::as_ref)
}

/// Returns the names of the roles of clients, by client.
fn by_client(roles: &Node) -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for role in refs(roles) {
        if let Some(client) = role.parent() {
            out.entry(client.name().to_owned()).or_default().push(role.name().to_owned());
        }
    }
    out
}
