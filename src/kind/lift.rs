//! From what was written, or said by the server, to objects in canonical form.
//!
//! Both sides of every comparison pass through here, so that equality is equality. Manifests keep the notes;
//! the server's answers have none worth keeping.

mod fields;
mod references;
mod sections;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use fields::Reader;

use super::named::{numbered, qualified};
use super::owner::called;
use super::representation::{Type, field_type, fields_of};
use super::{CLIENT, Compare, Field, Kind, Owned, REALM, ROLE, Sent, USER, kind};
use crate::state::{Address, Hidden, Is, Node, Object, SecretRef, SecretSource, State};
use crate::text::{Code, Key, Note, Tree, TreeIs, near, nearest};

/// Objects in the order they were met (an address may come twice), and what is wrong with them.
#[derive(Debug, Default)]
pub struct Lifted {
    pub pieces: Vec<(Address, Object)>,
    /// What the realm's `defaultRole` names.
    pub default_role: Option<Address>,
    pub notes: Vec<Note>,
}

/// How the server begins what it does not show.
const MASK: &str = "*****";

/// The key under which an object says what it was called before; no class has such a field.
pub(super) const FORMERLY: &str = "formerly";

/// Lifts a realm representation and everything in it.
pub fn lift_realm(tree: &Tree) -> Lifted {
    let mut out = Lifted::default();
    object(kind(REALM), tree, None, 1, &mut out);
    out
}

/// Lifts one object that stands under `parent` (none: directly under the realm), with all under it.
pub fn lift_object(kind: &'static Kind, tree: &Tree, parent: Option<&Address>) -> Lifted {
    let mut out = Lifted::default();
    object(kind, tree, parent, 1, &mut out);
    out
}

impl Lifted {
    /// Returns the pieces as live state: absent for null, hidden for what must not be shown.
    pub fn into_live(self) -> State {
        let mut state = State { default_role: self.default_role, ..State::default() };
        for (address, mut object) in self.pieces {
            object.fields.retain(|_, node| {
                as_said(node);
                !node.is_null()
            });
            match state.objects.get_mut(&address) {
                None => state.objects.insert(address, object),
                // Scope mappings come apart from what they are of, in one piece per client whose roles they are.
                Some(there) if super::is_only_mapped(&object) => join(there, object),
                // Such as two mappers of one client for two protocols: nobody can tell which is meant.
                Some(there) => there.namesakes += 1,
            }
        }
        Owned::of(&[&state]).settle(&mut state);
        super::name_administered(&mut state, None);
        super::complete_administered(&mut state);
        state
    }
}

fn join(object: &mut Object, piece: Object) {
    for (field, node) in piece.fields {
        match (object.fields.entry(field), node.is) {
            (Entry::Occupied(mut occupied), Is::List(items)) => {
                if let Is::List(list) = &mut occupied.get_mut().is {
                    list.extend(items);
                    list.sort();
                }
            }
            (entry, is) => {
                entry.or_insert(Node::new(node.at, is));
            }
        }
    }
}

fn as_said(node: &mut Node) {
    match &mut node.is {
        Is::Secret(SecretRef { source: SecretSource::Literal(text), .. }) => {
            node.is =
                Is::Hidden(if text.starts_with(MASK) { Hidden::Masked } else { Hidden::Value(text.clone()) });
        }
        // The server masks what it does not know, too.
        Is::Text(text) if text.starts_with(MASK) => node.is = Is::Hidden(Hidden::Masked),
        Is::List(items) => {
            items.iter_mut().for_each(as_said);
            // Lists are sets, and come in another order from every source.
            items.sort();
        }
        Is::Sequence(items) => items.iter_mut().for_each(as_said),
        Is::Map(map) => map.retain(|_, node| {
            as_said(node);
            !node.is_null()
        }),
        Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) | Is::Ref(_) | Is::Secret(_) | Is::Hidden(_) => {
        }
    }
}

/// Returns whether a value under this key must never be printed, whatever kind it belongs to.
pub fn looks_secret(key: &str) -> bool {
    let key = key.to_lowercase().replace(['.', '_', '-'], "");
    ["secret", "password", "passphrase", "privatekey", "apikey"].iter().any(|it| key.ends_with(it))
}

/// Secrets that no field of a kind holds: of older files, and of what the server alone writes.
const OTHER_SECRETS: &[&str] =
    &["client.secret.rotated", "hashedSaltedValue", "registrationAccessToken", "salt"];

/// Returns whether a key of a file is the name of a secret, wherever it stands.
pub fn names_a_secret(key: &str) -> bool {
    let of_table = |it: &Field| {
        it.secret_keys.contains(&key) || (it.name == key && matches!(it.compare, Compare::Secret))
    };
    looks_secret(key)
        || OTHER_SECRETS.contains(&key)
        || super::KINDS.iter().any(|it| it.fields.iter().any(of_table))
}

/// Lifts one object, which is the `nth` of its name in its list.
fn object(kind: &'static Kind, tree: &Tree, parent: Option<&Address>, nth: usize, out: &mut Lifted) {
    let respelled = kind
        .normalize
        .filter(|_| matches!(tree.is, TreeIs::Map(_)))
        .map(|normalize| normalize(tree, &mut out.notes));
    let tree = respelled.as_ref().unwrap_or(tree);
    if !matches!(tree.is, TreeIs::Map(_)) {
        let title = format!("every {} is written as a map, but this is {}", kind.title, tree.what());
        let note = Note::error(Code::WrongForm, title, tree.at, "not a map");
        let name = tree.scalar().filter(|_| !kind.key.is_empty());
        let mend = name.map(|it| format!("write `{{ {}: {it} }}`", kind.naming_key()));
        out.notes.push(mend.into_iter().fold(note, Note::help));
        return;
    }
    let named = address_of(kind, tree, parent, nth, out);
    // Without a name it is nothing, and what is wrong inside is told all the same.
    let (is_nameless, before) = (named.is_none(), out.pieces.len());
    let address = named.unwrap_or_else(|| child(kind, "", parent));
    let mut object_ = Object::new(tree.at);
    let type_name = tree.get("type").and_then(Tree::scalar).unwrap_or("");
    let class = (kind.representation)(type_name);
    // Children of what exists once per parent stand beside it, not under it.
    let under = if kind.key.is_empty() { parent } else { Some(&address) };
    let (mut children, mut mappings) = (Vec::new(), Vec::new());
    for (key, value) in tree.entries() {
        if Some(&*key.name) == kind.own_key() {
            continue;
        }
        if &*key.name == FORMERLY {
            object_.formerly = formerly(kind, key, value, &address, out);
            continue;
        }
        let rule = kind.field(&key.name);
        match rule.map(|it| it.sent) {
            Some(Sent::Relic) => {
                if !says_nothing(value, rule.map_or(&[], |it| it.server_keys)) {
                    let instead = rule.map_or("", |it| it.instead);
                    out.notes.push(not_written(key, instead));
                }
            }
            Some(
                sent @ (Sent::Children(_)
                | Sent::ChildrenBy(..)
                | Sent::ChildrenByName(..)
                | Sent::ChildrenOf(_)
                | Sent::Child(_)
                | Sent::Roles),
            ) => children.extend(sections::children(sent, key, value, under, &mut out.notes)),
            Some(Sent::ScopeMappings) => {
                mappings.extend(super::scope_mapping::lift(key, value, &mut out.notes));
            }
            Some(
                Sent::Body
                | Sent::Always
                | Sent::CreateOnly
                | Sent::Fixed
                | Sent::FixedOf(_)
                | Sent::Links(_),
            )
            | None => {
                if rule.is_some_and(|it| it.compare == Compare::ServerOwned) {
                    if *key.name == *kind.routes.id {
                        object_.id = value.scalar().map(Into::into);
                    }
                    match &*key.name {
                        "serviceAccountClientId" => {
                            object_.made_by = value.scalar().map(|it| Address::top(CLIENT, it));
                        }
                        "defaultRole" => {
                            let name = value.get("name").and_then(Tree::scalar);
                            out.default_role = name.map(|it| Address::top(ROLE, it));
                            // Never compared; a realm is told when it is another one.
                            let name = name.map(|it| Node::text(key.at, it));
                            object_.fields.extend(name.map(|it| (key.name.clone(), it)));
                        }
                        _ if rule.is_some_and(|it| it.is_telling) => {
                            let text = |it: &Tree| it.scalar().map(|text| Node::text(key.at, text));
                            let told = text(value).unwrap_or_else(|| {
                                Node::new(key.at, Is::List(value.items().iter().filter_map(text).collect()))
                            });
                            object_.fields.insert(key.name.clone(), told);
                        }
                        _ => {}
                    }
                    continue;
                }
                let of = rule.and_then(links_type).or_else(|| field_type(class, &key.name));
                let Some(of) = of.filter(|_| (kind.has_field)(type_name, &key.name)) else {
                    unknown(kind, type_name, &address, key, out);
                    continue;
                };
                let mut reader = Reader { kind, rule, address: &address, notes: &mut out.notes };
                if let Some(node) = reader.field(key, value, of) {
                    object_.fields.insert(key.name.clone(), node);
                }
            }
        }
    }
    out.pieces.push((address.clone(), object_));
    let at = out.pieces.len();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (place, child) in children.into_iter().enumerate() {
        let is_ranked = child.kind.is_ranked();
        let name = if is_ranked { name_in(child.kind, &child.tree).and_then(Tree::scalar) } else { None };
        let nth = name.map_or(1, |it| {
            let count = counts.entry(it.to_owned()).or_default();
            *count += 1;
            *count
        });
        let before = out.pieces.len();
        object(child.kind, &child.tree, child.under.as_ref(), nth, out);
        if let Some((_, object)) = out.pieces.get_mut(before).filter(|_| is_ranked) {
            object.place = Some(place);
        }
    }
    for rule in kind.fields.iter().filter(|it| it.ordered) {
        let Some(list) = tree.get(rule.name).filter(|it| matches!(it.is, TreeIs::List(_))) else { continue };
        let here = out.pieces[at..].iter().filter(|(it, _)| rule.sent.holds() == Some(it.kind()));
        let items = here.map(|(it, object)| Node::new(object.at, Is::Ref(it.clone()))).collect();
        let order = Node::new(list.at, Is::Sequence(items));
        out.pieces[at - 1].1.fields.insert(rule.name.into(), order);
    }
    out.pieces.extend(mappings);
    if is_nameless {
        out.pieces.truncate(before);
    }
}

/// A field that is never ignored, and cannot be written.
fn not_written(key: &Key, instead: &str) -> Note {
    let label = "Keycloak keeps it elsewhere, or not at all";
    Note::error(Code::NotInThisVersion, format!("`{}` is not written", key.name), key.at, label).help(instead)
}

/// Reads what an object was called before.
fn formerly(
    kind: &'static Kind,
    key: &Key,
    value: &Tree,
    address: &Address,
    out: &mut Lifted,
) -> Option<Address> {
    if !kind.is_renamed {
        let title = format!("`{FORMERLY}` of {} is not managed by this version", super::title(address));
        let note = Note::error(Code::NotInThisVersion, title, key.at, "cannot be planned yet");
        let renamed = super::KINDS.iter().filter(|it| it.is_renamed).map(|it| format!("{}s", it.title));
        let renamed = renamed.collect::<Vec<_>>().join(", ");
        let help = format!("rename it in Keycloak and here, and take this out: it is only for {renamed}");
        out.notes.push(note.help(help));
        return None;
    }
    let name = value.scalar().filter(|it| !it.is_empty());
    if name.is_none() {
        out.notes.push(wrong(key, value, "a name"));
    }
    name.map(|it| {
        let name = if kind.name == USER { it.to_lowercase() } else { it.to_owned() };
        child(kind, &name, address.parent().as_ref())
    })
}

/// Fields whose type is ours, whatever class the object has (a group policy says `groups`, a role `composites`).
fn links_type(rule: &'static Field) -> Option<&'static Type> {
    static ANY: Type = Type::Any;
    match rule.compare {
        Compare::Refs(_)
        | Compare::Ref(_)
        | Compare::RefMap(_)
        | Compare::ClientRoles
        | Compare::RoleTree
        | Compare::RefItems { .. }
        | Compare::Owner => Some(&ANY),
        Compare::Typed
        | Compare::InOrder
        | Compare::Keyed(_)
        | Compare::Folded
        | Compare::Secret
        | Compare::ServerOwned => None,
    }
}

/// Returns what names an object.
fn name_in<'t>(kind: &Kind, tree: &'t Tree) -> Option<&'t Tree> {
    let said = tree.get(kind.key).filter(|it| !matches!(it.scalar(), Some("")));
    said.or_else(|| tree.get(kind.else_named_by).filter(|_| !kind.else_named_by.is_empty()))
}

fn address_of(
    kind: &'static Kind,
    tree: &Tree,
    parent: Option<&Address>,
    nth: usize,
    out: &mut Lifted,
) -> Option<Address> {
    if kind.key.is_empty() {
        return Some(child(kind, "", parent));
    }
    let name = name_in(kind, tree).or_else(|| tree.get(kind.key)).or_else(|| misspelt(kind, tree));
    match name.and_then(Tree::scalar) {
        Some(text) if !text.is_empty() => {
            let owner = kind.owner().and_then(|it| tree.get(it)).and_then(Tree::scalar);
            // The client itself owns a resource unless a user does.
            let owner = owner.filter(|it| parent.is_none_or(|up| up.name() != *it));
            let name = if kind.name == USER { text.to_lowercase() } else { called(text, owner) };
            let name = numbered(name, nth);
            Some(child(kind, &qualified(kind, &name, |it| tree.get(it).and_then(Tree::scalar)), parent))
        }
        _ => {
            let at = name.map_or(tree.at, |it| it.at);
            let keys = match kind.naming_key() {
                key if key == kind.key => format!("`{key}`"),
                other => format!("`{other}` or `{}`", kind.key),
            };
            let title = format!("{} without {keys}", kind.a_title());
            let note = Note::error(Code::Missing, title, at, format!("needs {keys}"));
            out.notes.push(note);
            None
        }
    }
}

/// Returns the value of a key that nothing knows and that is almost the one that names objects of a kind.
fn misspelt<'t>(kind: &'static Kind, tree: &'t Tree) -> Option<&'t Tree> {
    let class = (kind.representation)("");
    let is_unknown = |name: &str| kind.field(name).is_none() && field_type(class, name).is_none();
    let mut unknown = tree.entries().iter().filter(|(key, _)| is_unknown(&key.name));
    unknown.find(|(key, _)| nearest(&key.name, [kind.key]).is_some()).map(|(_, value)| value)
}

fn child(kind: &'static Kind, name: &str, parent: Option<&Address>) -> Address {
    parent.map_or_else(|| Address::top(kind.name, name), |it| it.child(kind.name, name))
}

fn unknown(kind: &Kind, type_name: &str, address: &Address, key: &Key, out: &mut Lifted) {
    let title = format!("unknown field `{}` in {}", key.name, super::title(address));
    let fields = kind.fields.iter().map(|it| it.name).chain(fields_of((kind.representation)(type_name)));
    let is_taken = |name: &str| {
        (kind.has_field)(type_name, name)
            && kind.field(name).is_none_or(|it| it.compare != Compare::ServerOwned)
    };
    let known = near(&key.name, fields).filter(|(_, it)| is_taken(it));
    let note = match known.chain(near(&key.name, [kind.key, FORMERLY])).min().map(|(_, it)| it) {
        Some(near) => Note::error(Code::UnknownField, title, key.at, format!("did you mean `{near}`?"))
            .help(format!("write `{near}`")),
        None => Note::error(Code::UnknownField, title, key.at, "Keycloak knows no such field here"),
    };
    out.notes.push(note);
}

fn wrong(key: &Key, value: &Tree, expected: &str) -> Note {
    let note = Note::error(
        Code::WrongForm,
        format!("`{}` is {}, not {expected}", key.name, value.what()),
        value.at,
        format!("expected {expected}"),
    );
    match value.scalar() {
        Some(text) if expected.starts_with("a list") => note.help(format!("write `{}: [{text}]`", key.name)),
        _ => note,
    }
}

/// Returns whether a value says nothing beside what the server decides: these keys, where a usual value is given with that.
fn says_nothing(tree: &Tree, server_keys: &[(&str, &str)]) -> bool {
    let is_servers = |key: &Key, value: &Tree| {
        let rule = server_keys.iter().find(|it| it.0 == &*key.name);
        rule.is_some_and(|(_, usual)| usual.is_empty() || value.scalar() == Some(usual))
    };
    match &tree.is {
        TreeIs::Null => true,
        TreeIs::List(items) => items.is_empty(),
        TreeIs::Map(entries) => {
            entries.iter().all(|(key, value)| is_servers(key, value) || says_nothing(value, &[]))
        }
        TreeIs::Bool(_) | TreeIs::Number(_) | TreeIs::Text(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tree_of_json;

    #[test]
    fn objects_of_one_name_are_counted() {
        let mapper = |protocol: &str| serde_json::json!({ "name": "x", "protocol": protocol });
        let realm = serde_json::json!({ "realm": "r", "clients": [{
            "clientId": "demo", "protocolMappers": [mapper("saml"), mapper("openid-connect")] }] });
        let state = lift_realm(&tree_of_json(&realm)).into_live();
        let mapper = &state.objects[&Address::top(CLIENT, "demo").child(super::super::MAPPER, "x")];
        assert_eq!(mapper.namesakes, 1);
        let realm = serde_json::json!({ "realm": "r", "defaultRole": { "name": "everybody" } });
        let state = lift_realm(&tree_of_json(&realm)).into_live();
        assert_eq!(state.default_role, Some(Address::top(ROLE, "everybody")));
    }
}
