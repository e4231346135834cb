//! From objects back to the representation of a realm, as exports and manifests spell it: the reverse of lifting.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::lift::FORMERLY;
use super::{
    CLIENT, Compare, Kind, REALM, ROLE, Sent, kind, own_name, realm_address, scope_mapping, value, wire_name,
};
use crate::state::{Address, Hidden, Is, Node, Object, SecretRef, SecretSource, State, encoded};
use crate::text::tree_of_json;

/// Returns the representation of a realm of this name with everything in it, without ids. Secrets are written as where they
/// come from, and what is hidden of them stays masked.
pub fn lower_realm(name: &str, state: &State) -> Value {
    let mut below: BTreeMap<Option<Address>, Vec<&Address>> = BTreeMap::new();
    for address in state.objects.keys().filter(|it| it.kind() != REALM) {
        below.entry(address.parent()).or_default().push(address);
    }
    let lowering = Lowering { state, below };
    let nothing = Object::new(crate::text::At::SERVER);
    let address = realm_address();
    let mut out = lowering.object(kind(REALM), &address, state.get(&address).unwrap_or(&nothing));
    out.insert("realm".to_owned(), json!(name));
    if let Some(role) = &state.default_role {
        out.insert("defaultRole".to_owned(), json!({ "name": role.name() }));
    }
    Value::Object(out)
}

struct Lowering<'a> {
    state: &'a State,
    /// What stands directly under each object, or under the realm.
    below: BTreeMap<Option<Address>, Vec<&'a Address>>,
}

impl Lowering<'_> {
    fn object(&self, kind: &Kind, address: &Address, object: &Object) -> Map<String, Value> {
        let mut out = Map::new();
        if !kind.key.is_empty() {
            out.insert(kind.key.to_owned(), json!(own_name(address, object)));
        }
        if let Some(client) = &object.made_by {
            out.insert("serviceAccountClientId".to_owned(), json!(client.name()));
        }
        if let Some(earlier) = &object.formerly {
            out.insert(FORMERLY.to_owned(), json!(earlier.name()));
        }
        for (name, node) in &object.fields {
            // Both are written at the realm, by who has them and as a map.
            if !scope_mapping::is_one(name) && &**name != "defaultRole" {
                let compare = kind.field(name).map_or(Compare::Typed, |it| it.compare);
                out.insert(name.to_string(), field(compare, node));
            }
        }
        // Children of what exists once per parent stand beside it, not under it.
        let under = if kind.key.is_empty() { address.parent() } else { Some(address.clone()) };
        let mut placed: BTreeSet<&Address> = BTreeSet::new();
        for rule in kind.fields {
            let part = match rule.sent {
                Sent::Children(of) => {
                    let all = self.below.get(&under).into_iter().flatten();
                    let mut items = Vec::new();
                    for child in all.filter(|it| ***it != *address) {
                        let item = self.child(child);
                        if of(&tree_of_json(&item)) == child.kind() && placed.insert(child) {
                            items.push(item);
                        }
                    }
                    (!items.is_empty()).then_some(Value::Array(items))
                }
                Sent::Child(of) => {
                    let child = address.child(of, "");
                    self.state.contains(&child).then(|| self.child(&child))
                }
                Sent::Roles => Some(self.roles()),
                Sent::ScopeMappings => Some(self.scope_mappings(rule.name)),
                Sent::Body
                | Sent::Always
                | Sent::CreateOnly
                | Sent::Fixed
                | Sent::FixedOf(_)
                | Sent::Links(_)
                | Sent::NotYet => None,
            };
            out.extend(part.map(|it| (rule.name.to_owned(), it)));
        }
        out
    }

    fn child(&self, address: &Address) -> Value {
        let object = self.state.get(address).map(|it| self.object(kind(address.kind()), address, it));
        Value::Object(object.unwrap_or_default())
    }

    /// `{realm: [..], client: {name: [..]}}`
    fn roles(&self) -> Value {
        let (mut of_realm, mut of_clients) = (Vec::new(), BTreeMap::<String, Vec<Value>>::new());
        for role in self.state.objects.keys().filter(|it| it.kind() == ROLE) {
            match role.parent() {
                None => of_realm.push(self.child(role)),
                Some(client) => {
                    of_clients.entry(client.name().to_owned()).or_default().push(self.child(role));
                }
            }
        }
        json!({ "realm": of_realm, "client": of_clients })
    }

    /// Those of the realm's roles by who has them, or those of clients' by the client whose roles they are.
    fn scope_mappings(&self, field: &str) -> Value {
        let (mut of_realm, mut of_clients) = (Vec::new(), BTreeMap::<String, Vec<Value>>::new());
        for (address, object) in &self.state.objects {
            let Some(roles) = object.get(field) else { continue };
            let holder = if address.kind() == CLIENT { "client" } else { "clientScope" };
            if field == scope_mapping::OF_REALM.name {
                let names: Vec<&str> = refs(roles).map(Address::name).collect();
                of_realm.push(json!({ holder: address.name(), "roles": names }));
            } else {
                for (client, names) in by_client(roles) {
                    let row = json!({ holder: address.name(), "roles": names });
                    of_clients.entry(client).or_default().push(row);
                }
            }
        }
        if field == scope_mapping::OF_REALM.name { json!(of_realm) } else { json!(of_clients) }
    }
}

fn field(compare: Compare, node: &Node) -> Value {
    match (compare, &node.is) {
        (_, Is::Null) => Value::Null,
        (Compare::ClientRoles, _) => json!(by_client(node)),
        (Compare::RoleTree, _) => {
            let of_realm: Vec<String> = refs(node).filter(|it| it.parent().is_none()).map(spelled).collect();
            json!({ "realm": of_realm, "client": by_client(node) })
        }
        (
            Compare::Typed
            | Compare::Folded
            | Compare::Refs(_)
            | Compare::Owner
            | Compare::RefItems { .. }
            | Compare::Secret
            | Compare::ServerOwned,
            _,
        ) => plain(node),
    }
}

fn plain(node: &Node) -> Value {
    match &node.is {
        Is::List(items) => items.iter().map(plain).collect(),
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
