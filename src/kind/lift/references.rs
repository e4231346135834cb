//! Fields that name other objects.

use std::collections::BTreeMap;

use super::fields::Reader;
use crate::kind::representation::Type;
use crate::kind::{CLIENT, ROLE, Spelling, USER, kind, reference};
use crate::state::{Address, Is, KindName, Node};
use crate::text::{At, Code, Key, Note, Tree, TreeIs};

impl Reader<'_> {
    pub(super) fn refs(&mut self, key: &Key, value: &Tree, to: KindName) -> Option<Node> {
        let TreeIs::List(items) = &value.is else { return self.refuse(key, value, "a list of names") };
        let mut nodes: Vec<Node> = Vec::new();
        let in_maps = self.kind.spellings.contains(&Spelling::NamesInMaps);
        for item in items {
            // Exports have more of it there, which is said where it stands itself.
            let named = item.get(kind(to).key).filter(|_| in_maps);
            match named.unwrap_or(item).scalar() {
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

    pub(super) fn ref_map(&mut self, key: &Key, value: &Tree, to: KindName) -> Option<Node> {
        let TreeIs::Map(entries) = &value.is else { return self.refuse(key, value, "a map of names") };
        let mut map = BTreeMap::new();
        for (inner, tree) in entries {
            let is = match tree.scalar() {
                Some("") => Is::Null,
                Some(name) => Is::Ref(reference(to, name, Some(self.address))),
                None if matches!(tree.is, TreeIs::Null) => Is::Null,
                None => {
                    self.refuse(inner, tree, "a name");
                    continue;
                }
            };
            map.insert(inner.name.clone(), Node::new(tree.at, is));
        }
        Some(Node::new(value.at, Is::Map(map)))
    }

    pub(super) fn client_roles(&mut self, key: &Key, value: &Tree) -> Option<Node> {
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

    pub(super) fn role_tree(&mut self, key: &Key, value: &Tree) -> Option<Node> {
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
                        Code::UnknownField,
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

    pub(super) fn ref_items(
        &mut self,
        key: &Key,
        value: &Tree,
        to: KindName,
        id: &str,
        option: &str,
    ) -> Option<Node> {
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
                        Code::UnknownField,
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
