//! From what was written, or said by the server, to objects in canonical form.
//!
//! Both sides of every comparison pass through here, so that equality is equality. Manifests keep the notes;
//! the server's answers have none worth keeping.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::representation::{Type, field_type, fields_of};
use super::{CLIENT, Compare, Field, Kind, REALM, ROLE, Sent, USER, Unset, kind, realm_address, reference};
use crate::state::{Address, Hidden, Is, KindName, Node, Object, SecretRef, SecretSource, State};
use crate::text::{At, Key, Note, Tree, TreeIs, nearest};

/// Objects in the order they were met (an address may come twice), and what is wrong with them.
#[derive(Debug, Default)]
pub struct Lifted {
    pub pieces: Vec<(Address, Object)>,
    pub notes: Vec<Note>,
}

/// Lifts a realm representation and everything in it.
pub fn lift_realm(tree: &Tree) -> Lifted {
    let mut out = Lifted::default();
    object(kind(REALM), tree, None, &mut out);
    out
}

/// Lifts one object that stands under `parent` (none: directly under the realm), with all under it.
pub fn lift_object(kind: &'static Kind, tree: &Tree, parent: Option<&Address>) -> Lifted {
    let mut out = Lifted::default();
    object(kind, tree, parent, &mut out);
    out
}

impl Lifted {
    /// Returns the pieces as live state: absent for null, hidden for what must not be shown.
    pub fn into_live(self) -> State {
        let mut state = State::default();
        for (address, mut object) in self.pieces {
            object.fields.retain(|_, node| {
                as_said(node);
                !node.is_null()
            });
            state.objects.entry(address).or_insert(object);
        }
        state
    }
}

fn as_said(node: &mut Node) {
    match &mut node.is {
        Is::Secret(SecretRef { source: SecretSource::Literal(text), .. }) => {
            node.is = Is::Hidden(if text.starts_with("*****") {
                Hidden::Masked
            } else {
                Hidden::Value(text.clone())
            });
        }
        Is::List(items) => {
            items.iter_mut().for_each(as_said);
            // Lists are sets, and come in another order from every source.
            items.sort();
        }
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

fn object(kind: &'static Kind, tree: &Tree, parent: Option<&Address>, out: &mut Lifted) {
    let respelled = kind
        .respell
        .filter(|_| matches!(tree.is, TreeIs::Map(_)))
        .map(|respell| respell(tree, &mut out.notes));
    let tree = respelled.as_ref().unwrap_or(tree);
    if !matches!(tree.is, TreeIs::Map(_)) {
        let title = format!("expected a {}, which is a map, but this is {}", kind.title, tree.what());
        out.notes.push(Note::error("RW0104", title, tree.at, "not a map"));
        return;
    }
    let Some(address) = address_of(kind, tree, parent, out) else { return };
    let mut object_ = Object::new(tree.at);
    let type_name = tree.get("type").and_then(Tree::scalar).unwrap_or("");
    let class = (kind.representation)(type_name);
    // Children of what exists once per parent stand beside it, not under it.
    let under = if kind.key.is_empty() { parent } else { Some(&address) };
    let mut children = Vec::new();
    for (key, value) in tree.entries() {
        if *key.name == *kind.key {
            continue;
        }
        let rule = kind.field(&key.name);
        match rule.map(|it| it.sent) {
            Some(Sent::NotYet) => {
                if !is_empty(value) {
                    out.notes.push(
                        Note::error(
                            "RW0109",
                            format!("`{}` is not managed by this version", key.name),
                            key.at,
                            "cannot be planned yet",
                        )
                        .help("take it out of the manifest; what is not mentioned is left alone"),
                    );
                }
            }
            Some(Sent::Children(child_kind)) => match &value.is {
                TreeIs::List(items) => {
                    children.extend(items.iter().map(|it| (super::kind(child_kind(it)), it)));
                }
                TreeIs::Null => {}
                TreeIs::Bool(_) | TreeIs::Number(_) | TreeIs::Text(_) | TreeIs::Map(_) => {
                    out.notes.push(wrong(key, value, "a list"));
                }
            },
            Some(Sent::Child(child)) => {
                if !matches!(value.is, TreeIs::Null) {
                    children.push((super::kind(child), value));
                }
            }
            Some(Sent::Roles) => roles(value, out),
            Some(Sent::Body | Sent::CreateOnly | Sent::Fixed | Sent::Links(_)) | None => {
                if rule.is_some_and(|it| it.compare == Compare::ServerOwned) {
                    if *key.name == *kind.routes.id {
                        object_.id = value.scalar().map(Into::into);
                    }
                    if &*key.name == "serviceAccountClientId" {
                        object_.made_by = value.scalar().map(|it| Address::top(CLIENT, it));
                    }
                    continue;
                }
                let of = rule.and_then(links_type).or_else(|| field_type(class, &key.name));
                let Some(of) = of.filter(|_| (kind.takes)(type_name, &key.name)) else {
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
    for (child, tree) in children {
        object(child, tree, under, out);
    }
}

/// Fields whose type is ours, whatever class the object has (a group policy says `groups`, a role `composites`).
fn links_type(rule: &'static Field) -> Option<&'static Type> {
    static ANY: Type = Type::Any;
    match rule.compare {
        Compare::Refs(_)
        | Compare::ClientRoles
        | Compare::RoleTree
        | Compare::RefItems { .. }
        | Compare::Owner => Some(&ANY),
        Compare::Typed | Compare::Folded | Compare::Secret | Compare::ServerOwned => None,
    }
}

fn address_of(
    kind: &'static Kind,
    tree: &Tree,
    parent: Option<&Address>,
    out: &mut Lifted,
) -> Option<Address> {
    if kind.key.is_empty() {
        return Some(parent.map_or_else(realm_address, |it| it.child(kind.name, "")));
    }
    let name = tree.get(kind.key);
    match name.and_then(Tree::scalar) {
        Some(text) if !text.is_empty() => {
            let text = if kind.name == USER { text.to_lowercase() } else { text.to_owned() };
            Some(parent.map_or_else(
                || Address::top(kind.name, text.as_str()),
                |it| it.child(kind.name, text.as_str()),
            ))
        }
        _ => {
            let at = name.map_or(tree.at, |it| it.at);
            let note = Note::error(
                "RW0105",
                format!("a {} without `{}`", kind.title, kind.key),
                at,
                format!("needs `{}`", kind.key),
            );
            out.notes.push(note);
            None
        }
    }
}

/// `{realm: [..], client: {name: [..]}}`: the roles of a realm representation.
fn roles(tree: &Tree, out: &mut Lifted) {
    for (key, value) in tree.entries() {
        match (&*key.name, &value.is) {
            (_, TreeIs::Null) => {}
            ("realm", TreeIs::List(items)) => items.iter().for_each(|it| object(kind(ROLE), it, None, out)),
            ("client", TreeIs::Map(clients)) => {
                for (client, items) in clients {
                    let parent = Address::top(CLIENT, client.name.clone());
                    if let TreeIs::List(_) | TreeIs::Null = items.is {
                        items.items().iter().for_each(|it| object(kind(ROLE), it, Some(&parent), out));
                    } else {
                        out.notes.push(wrong(client, items, "a list of roles"));
                    }
                }
            }
            ("realm", _) => out.notes.push(wrong(key, value, "a list of roles")),
            ("client", _) => out.notes.push(wrong(key, value, "a map of client to roles")),
            (other, _) => {
                let note = Note::error(
                    "RW0103",
                    format!("unknown field `{other}` in roles"),
                    key.at,
                    "roles are of the realm or of a client",
                );
                out.notes.push(match nearest(other, ["realm", "client"]) {
                    Some(near) => note.help(format!("did you mean `{near}`?")),
                    None => {
                        note.help("write `realm:` with a list, or `client:` with a map of client to list")
                    }
                });
            }
        }
    }
    if !matches!(tree.is, TreeIs::Map(_) | TreeIs::Null) {
        out.notes.push(
            Note::error(
                "RW0104",
                format!("`roles` is {}, not a map", tree.what()),
                tree.at,
                "expected `realm:` and `client:`",
            )
            .help("realm roles stand under `roles: { realm: [..] }`"),
        );
    }
}

fn unknown(kind: &Kind, type_name: &str, address: &Address, key: &Key, out: &mut Lifted) {
    let title = format!("unknown field `{}` in {}", key.name, super::title(address));
    let ours = kind.fields.iter().filter(|it| it.compare != Compare::ServerOwned).map(|it| it.name);
    let server_owned = |name: &str| kind.field(name).is_some_and(|it| it.compare == Compare::ServerOwned);
    let of_class = fields_of((kind.representation)(type_name)).filter(|it| !server_owned(it));
    let known = ours.chain(of_class).filter(|it| (kind.takes)(type_name, it)).chain([kind.key]);
    let note = match nearest(&key.name, known) {
        Some(near) => Note::error("RW0103", title, key.at, format!("did you mean `{near}`?"))
            .help(format!("write `{near}`")),
        None => Note::error("RW0103", title, key.at, "Keycloak knows no such field here"),
    };
    out.notes.push(note);
}

fn wrong(key: &Key, value: &Tree, expected: &str) -> Note {
    let note = Note::error(
        "RW0104",
        format!("`{}` is {}, not {expected}", key.name, value.what()),
        value.at,
        format!("expected {expected}"),
    );
    match value.scalar() {
        Some(text) if expected.starts_with("a list") => note.help(format!("write `{}: [{text}]`", key.name)),
        _ => note,
    }
}

fn is_empty(tree: &Tree) -> bool {
    match &tree.is {
        TreeIs::Null => true,
        TreeIs::List(items) => items.is_empty(),
        TreeIs::Map(entries) => entries.iter().all(|(_, value)| is_empty(value)),
        TreeIs::Bool(_) | TreeIs::Number(_) | TreeIs::Text(_) => false,
    }
}

/// Reads the fields of one object.
struct Reader<'a> {
    kind: &'static Kind,
    rule: Option<&'static Field>,
    address: &'a Address,
    notes: &'a mut Vec<Note>,
}

impl Reader<'_> {
    fn field(&mut self, key: &Key, value: &Tree, of: &Type) -> Option<Node> {
        let compare = self.rule.map_or(Compare::Typed, |it| it.compare);
        let is_nothing = match &value.is {
            TreeIs::Null => true,
            TreeIs::Text(text) => text.is_empty(),
            TreeIs::List(items) => items.is_empty(),
            TreeIs::Map(_) | TreeIs::Bool(_) | TreeIs::Number(_) => false,
        };
        let unset = self.rule.and_then(|it| it.unset);
        if matches!(value.is, TreeIs::Null) || (is_nothing && unset == Some(Unset::Never)) {
            let possible = match of {
                _ if unset.is_some() => unset != Some(Unset::Never),
                Type::Text | Type::List(_) | Type::Map(_) | Type::Any | Type::Class(_) => {
                    !matches!(compare, Compare::Secret)
                }
                Type::Enum(_) | Type::Boolean | Type::Integer | Type::Number => false,
            };
            if !possible {
                let title = format!("`{}` of {} cannot be unset", key.name, super::title(self.address));
                self.notes.push(
                    Note::error("RW0110", title, value.at, "Keycloak always keeps a value here")
                        .help("leave the field out to leave it alone"),
                );
                return None;
            }
            let is = if matches!(of, Type::List(_)) || Self::is_link_list(compare) {
                Is::List(Vec::new())
            } else {
                Is::Null
            };
            return Some(Node::new(value.at, is));
        }
        match compare {
            Compare::Typed => self.typed(key, value, of),
            Compare::Folded => {
                let node = self.typed(key, value, of)?;
                Some(match node.as_text() {
                    Some(text) => Node::text(node.at, text.to_lowercase()),
                    None => node,
                })
            }
            Compare::Secret => self.secret(key, value),
            Compare::Refs(to) => self.refs(key, value, to),
            Compare::ClientRoles => self.client_roles(key, value),
            Compare::RoleTree => self.role_tree(key, value),
            Compare::RefItems { kind, id, option } => self.ref_items(key, value, kind, id, option),
            Compare::Owner => {
                let Some(name) = value.scalar() else { return self.refuse(key, value, "a username") };
                // The client itself owns a resource unless a user does.
                let own = self.address.parent().is_some_and(|it| it.name() == name);
                (!own).then(|| Node::new(value.at, Is::Ref(Address::top(USER, name.to_lowercase()))))
            }
            Compare::ServerOwned => None,
        }
    }

    fn is_link_list(compare: Compare) -> bool {
        matches!(
            compare,
            Compare::Refs(_) | Compare::ClientRoles | Compare::RoleTree | Compare::RefItems { .. }
        )
    }

    fn typed(&mut self, key: &Key, value: &Tree, of: &Type) -> Option<Node> {
        let at = value.at;
        match (of, &value.is) {
            (_, TreeIs::Null) => Some(Node::new(at, Is::Null)),
            (Type::Text, TreeIs::Text(_) | TreeIs::Number(_) | TreeIs::Bool(_)) => {
                let text = value.scalar()?;
                Some(if text.is_empty() { Node::new(at, Is::Null) } else { Node::text(at, text) })
            }
            (Type::Boolean, _) => match value.scalar() {
                Some("true") => Some(Node::bool(at, true)),
                Some("false") => Some(Node::bool(at, false)),
                Some(text) => {
                    let note = wrong(key, value, "true or false");
                    self.notes.push(match text.to_lowercase().as_str() {
                        "yes" | "on" | "y" => note.help("write `true`; in YAML 1.2 this word is text"),
                        "no" | "off" | "n" => note.help("write `false`; in YAML 1.2 this word is text"),
                        _ => note,
                    });
                    None
                }
                None => self.refuse(key, value, "true or false"),
            },
            (Type::Integer, TreeIs::Number(text) | TreeIs::Text(text)) => match text.parse::<i64>() {
                Ok(number) => Some(Node::new(at, Is::Number(number.to_string().into()))),
                Err(_) => self.refuse(key, value, "a whole number"),
            },
            (Type::Number, TreeIs::Number(text)) => Some(Node::new(at, Is::Number(text.clone()))),
            (Type::Enum(words), TreeIs::Text(text)) => {
                if words.iter().any(|it| **it == **text) {
                    return Some(Node::text(at, text.clone()));
                }
                let title = format!("`{}` of {} cannot be `{text}`", key.name, super::title(self.address));
                let note = Note::error("RW0104", title, at, "not one of the values that Keycloak knows");
                self.notes.push(match nearest(text, words.iter().map(String::as_str)) {
                    Some(near) => note.help(format!("did you mean `{near}`?")),
                    None => note.help(format!("one of {}", words.join(", "))),
                });
                None
            }
            (Type::List(item), TreeIs::List(items)) => {
                let nodes = items
                    .iter()
                    .filter_map(|it| self.typed(key, it, item))
                    .filter(|it| !it.is_null() || **item != Type::Text);
                Some(Node::new(at, Is::List(nodes.collect())))
            }
            (Type::Map(item), TreeIs::Map(entries)) => {
                let mut map = BTreeMap::new();
                for (key, value) in entries {
                    if let Some(node) = self.entry(key, value, item) {
                        map.insert(key.name.clone(), node);
                    }
                }
                Some(Node::new(at, Is::Map(map)))
            }
            (Type::Class(class), TreeIs::Map(entries)) => {
                let mut map = BTreeMap::new();
                for (key, value) in entries {
                    if let Some(of) = field_type(class, &key.name) {
                        if let Some(node) = self.entry(key, value, of) {
                            map.insert(key.name.clone(), node);
                        }
                    } else {
                        let title = format!("unknown field `{}` in {}", key.name, super::title(self.address));
                        let note = Note::error("RW0103", title, key.at, "Keycloak knows no such field here");
                        self.notes.push(match nearest(&key.name, fields_of(class)) {
                            Some(near) => note.help(format!("did you mean `{near}`?")),
                            None => note,
                        });
                    }
                }
                Some(Node::new(at, Is::Map(map)))
            }
            (Type::Any, _) => Some(any(value)),
            (Type::Text | Type::Enum(_), _) => self.refuse(key, value, "text"),
            (Type::Integer | Type::Number, _) => self.refuse(key, value, "a number"),
            (Type::List(_), _) => self.refuse(key, value, "a list"),
            (Type::Map(_) | Type::Class(_), _) => self.refuse(key, value, "a map"),
        }
    }

    /// One entry of a map: secrets by their key, a list of one where a list is meant.
    fn entry(&mut self, key: &Key, value: &Tree, of: &Type) -> Option<Node> {
        let ruled = self.rule.is_some_and(|it| it.secret_keys.contains(&&*key.name));
        if ruled || (looks_secret(&key.name) && value.scalar().is_some()) {
            return if matches!(value.is, TreeIs::Null) {
                Some(Node::new(value.at, Is::Null))
            } else {
                self.secret(key, value)
            };
        }
        let vanishes = self.kind.unset.empty_keys_vanish;
        match (of, &value.is) {
            (Type::List(_), TreeIs::Text(_) | TreeIs::Number(_) | TreeIs::Bool(_)) => {
                self.entry(key, &Tree::new(value.at, TreeIs::List(vec![value.clone()])), of)
            }
            // An empty text in a list of attribute values is a value where the server keeps it.
            (Type::List(item), TreeIs::List(items)) if **item == Type::Text => {
                let texts = items.iter().filter_map(|it| {
                    if let Some(text) = it.scalar() {
                        Some(Node::text(it.at, text))
                    } else {
                        self.refuse(key, it, "text")
                    }
                });
                let hides = looks_secret(&key.name);
                let texts = texts.filter(|it| !vanishes || it.as_text() != Some(""));
                let texts: Vec<Node> = texts.map(|it| if hides { hidden(it) } else { it }).collect();
                Some(Node::new(value.at, if texts.is_empty() { Is::Null } else { Is::List(texts) }))
            }
            (Type::Text, TreeIs::Text(text)) if text.is_empty() && !vanishes => {
                Some(Node::text(value.at, ""))
            }
            _ => self.typed(key, value, of),
        }
    }

    fn refuse(&mut self, key: &Key, value: &Tree, expected: &str) -> Option<Node> {
        self.notes.push(wrong(key, value, expected));
        None
    }

    fn secret(&mut self, key: &Key, value: &Tree) -> Option<Node> {
        if let Some(text) = value.scalar() {
            let source = SecretSource::Literal(Arc::from(text));
            return Some(Node::new(value.at, Is::Secret(SecretRef { source, version: None })));
        }
        let mut source = None;
        let mut version = None;
        for (inner, tree) in value.entries() {
            match (&*inner.name, tree.scalar()) {
                ("fromEnv" | "fromFile", Some(_)) if source.is_some() => self.notes.push(
                    Note::error("RW0106", "a secret has one source", inner.at, "a second one")
                        .help("keep one of `fromEnv` and `fromFile`"),
                ),
                ("fromEnv", Some(name)) => source = Some(SecretSource::Env(name.into())),
                ("fromFile", Some(path)) => source = Some(SecretSource::File(path.into())),
                ("fromEnv" | "fromFile" | "version", None) => {
                    self.refuse(inner, tree, "text");
                }
                ("version", Some(text)) => match text.parse() {
                    Ok(number) => version = Some(number),
                    Err(_) => {
                        self.refuse(inner, tree, "a whole number");
                    }
                },
                ("fromSops" | "fromVault" | "key" | "field", _) => self.notes.push(
                    Note::error(
                        "RW0109",
                        format!("`{}` is not supported by this version", inner.name),
                        inner.at,
                        "cannot be read yet",
                    )
                    .help("use `fromEnv` or `fromFile`"),
                ),
                (other, _) => {
                    let note = Note::error(
                        "RW0103",
                        format!("unknown field `{other}` in a secret"),
                        inner.at,
                        "a secret says where it comes from",
                    );
                    self.notes.push(match nearest(other, ["fromEnv", "fromFile", "version"]) {
                        Some(near) => note.help(format!("did you mean `{near}`?")),
                        None => note.help("write `{ fromEnv: NAME }` or `{ fromFile: PATH }`"),
                    });
                }
            }
        }
        if let Some(source) = source {
            Some(Node::new(value.at, Is::Secret(SecretRef { source, version })))
        } else {
            if value.entries().iter().all(|(inner, _)| &*inner.name == "version") {
                let note = Note::error(
                    "RW0104",
                    format!("`{}` does not say where its value comes from", key.name),
                    value.at,
                    "expected a secret",
                );
                self.notes.push(note.help("write `{ fromEnv: NAME }` or `{ fromFile: PATH }`"));
            }
            None
        }
    }

    fn refs(&mut self, key: &Key, value: &Tree, to: KindName) -> Option<Node> {
        let TreeIs::List(items) = &value.is else { return self.refuse(key, value, "a list of names") };
        let mut nodes: Vec<Node> = Vec::new();
        for item in items {
            match item.scalar() {
                Some(name) if !name.is_empty() => {
                    let name = if to == USER { name.to_lowercase() } else { name.to_owned() };
                    // A realm role among realm roles may have a slash in its name.
                    let target = if to == ROLE {
                        Address::top(ROLE, crate::state::decoded(&name))
                    } else {
                        reference(to, &name, Some(self.address))
                    };
                    nodes.push(Node::new(item.at, Is::Ref(target)));
                }
                _ => {
                    self.refuse(key, item, "a name");
                }
            }
        }
        Some(set(value.at, nodes))
    }

    fn client_roles(&mut self, key: &Key, value: &Tree) -> Option<Node> {
        let TreeIs::Map(clients) = &value.is else {
            return self.refuse(key, value, "a map of client to role names");
        };
        let mut nodes = Vec::new();
        for (client, names) in clients {
            let TreeIs::List(names) = &names.is else {
                self.refuse(client, names, "a list of role names");
                continue;
            };
            for name in names {
                match name.scalar() {
                    Some(text) => nodes.push(Node::new(
                        name.at,
                        Is::Ref(Address::top(CLIENT, client.name.clone()).child(ROLE, text)),
                    )),
                    None => {
                        self.refuse(client, name, "a role name");
                    }
                }
            }
        }
        Some(set(value.at, nodes))
    }

    fn role_tree(&mut self, key: &Key, value: &Tree) -> Option<Node> {
        if !matches!(value.is, TreeIs::Map(_)) {
            return self.refuse(key, value, "a map with `realm` and `client`");
        }
        let mut nodes = Vec::new();
        for (inner, tree) in value.entries() {
            let list = match &*inner.name {
                _ if matches!(tree.is, TreeIs::Null) => None,
                "realm" => self.refs(inner, tree, ROLE),
                "client" | "application" => self.client_roles(inner, tree),
                other => {
                    let note = Note::error(
                        "RW0103",
                        format!("unknown field `{other}` in `{}`", key.name),
                        inner.at,
                        "composites are realm roles or client roles",
                    );
                    self.notes.push(
                        note.help("write `realm:` with a list, or `client:` with a map of client to list"),
                    );
                    None
                }
            };
            nodes.extend(list.iter().flat_map(|it| it.items().to_vec()));
        }
        Some(set(value.at, nodes))
    }

    fn ref_items(&mut self, key: &Key, value: &Tree, to: KindName, id: &str, option: &str) -> Option<Node> {
        let TreeIs::List(items) = &value.is else { return self.refuse(key, value, "a list") };
        let mut nodes = Vec::new();
        for item in items {
            let written = item.get(id).or_else(|| item.get("id")).or_else(|| item.get("name"));
            let Some(name) = written.and_then(Tree::scalar) else {
                self.refuse(key, item, "a name");
                continue;
            };
            let at = written.map_or(item.at, |it| it.at);
            let mut is_on = false;
            for (inner, tree) in item.entries() {
                if *inner.name == *option {
                    is_on =
                        self.typed(inner, tree, &Type::Boolean).and_then(|it| it.as_bool()).unwrap_or(false);
                } else if !matches!(&*inner.name, "id" | "name") && *inner.name != *id {
                    let note = Note::error(
                        "RW0103",
                        format!("unknown field `{}` in `{}`", inner.name, key.name),
                        inner.at,
                        "not known here",
                    );
                    self.notes.push(note.help(format!("it takes `{id}` and `{option}`")));
                }
            }
            let target = Node::new(at, Is::Ref(reference(to, name, Some(self.address))));
            let map = BTreeMap::from([(id.into(), target), (option.into(), Node::bool(item.at, is_on))]);
            nodes.push(Node::new(item.at, Is::Map(map)));
        }
        Some(set(value.at, nodes))
    }
}

/// A text as a secret that was written out.
fn hidden(node: Node) -> Node {
    match node.is {
        Is::Text(text) => Node::new(
            node.at,
            Is::Secret(SecretRef { source: SecretSource::Literal(Arc::from(text)), version: None }),
        ),
        _ => node,
    }
}

/// A list without the second of two equal items.
fn set(at: At, nodes: Vec<Node>) -> Node {
    let mut kept: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes {
        if !kept.contains(&node) {
            kept.push(node);
        }
    }
    Node::new(at, Is::List(kept))
}

fn any(tree: &Tree) -> Node {
    let is = match &tree.is {
        TreeIs::Null => Is::Null,
        TreeIs::Bool(it) => Is::Bool(*it),
        TreeIs::Number(it) => Is::Number(it.clone()),
        TreeIs::Text(it) => Is::Text(it.clone()),
        TreeIs::List(items) => Is::List(items.iter().map(any).collect()),
        TreeIs::Map(entries) => {
            Is::Map(entries.iter().map(|(key, value)| (key.name.clone(), any(value))).collect())
        }
    };
    Node::new(tree.at, is)
}
