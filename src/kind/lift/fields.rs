//! The fields of one object, each as its rule and its type say.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{looks_secret, wrong};
use crate::kind::representation::{Type, field_type, fields_of};
use crate::kind::{Compare, Field, Kind, USER, Unset, reference, title};
use crate::state::{Address, Is, Node, SecretRef, SecretSource};
use crate::text::{Code, Key, Note, Tree, TreeIs, nearest};

/// Reads the fields of one object.
pub(super) struct Reader<'a> {
    pub(super) kind: &'static Kind,
    pub(super) rule: Option<&'static Field>,
    pub(super) address: &'a Address,
    pub(super) notes: &'a mut Vec<Note>,
}

impl Reader<'_> {
    pub(super) fn field(&mut self, key: &Key, value: &Tree, of: &Type) -> Option<Node> {
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
                let title = format!("`{}` of {} cannot be unset", key.name, title(self.address));
                self.notes.push(
                    Note::error(Code::CannotUnset, title, value.at, "Keycloak always keeps a value here")
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
            Compare::Keyed(name) => self.keyed(key, value, of, name),
            Compare::InOrder => {
                let node = self.typed(key, value, of)?;
                Some(match node.is {
                    Is::List(items) => Node::new(node.at, Is::Sequence(items)),
                    is => Node::new(node.at, is),
                })
            }
            Compare::Secret => self.secret(key, value),
            Compare::Refs(to) => self.refs(key, value, to),
            Compare::Ref(to) => match value.scalar() {
                Some("") => Some(Node::new(value.at, Is::Null)),
                Some(name) => Some(Node::new(value.at, Is::Ref(reference(to, name, Some(self.address))))),
                None => self.refuse(key, value, "a name"),
            },
            Compare::RefMap(to) => self.ref_map(key, value, to),
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

    /// A list of maps that one key tells apart; an item that is only text says that key.
    fn keyed(&mut self, key: &Key, value: &Tree, of: &Type, name: &str) -> Option<Node> {
        let item = |it: &Tree| match it.scalar() {
            Some(text) => {
                let entry = (Key { at: it.at, name: name.into() }, Tree::text(it.at, text));
                Tree::new(it.at, TreeIs::Map(vec![entry]))
            }
            None => it.clone(),
        };
        let whole = match &value.is {
            TreeIs::List(items) => Tree::new(value.at, TreeIs::List(items.iter().map(item).collect())),
            _ => value.clone(),
        };
        let mut node = self.typed(key, &whole, of)?;
        let Is::List(items) = &mut node.is else { return Some(node) };
        for item in items {
            let Is::Map(map) = &mut item.is else { continue };
            if let Some(Node { is: Is::Text(text), .. }) = map.get_mut(name) {
                *text = text.trim().to_lowercase().into();
            } else {
                let title = format!("an item of `{}` of {} has no `{name}`", key.name, title(self.address));
                self.notes.push(Note::error(Code::Missing, title, item.at, format!("needs `{name}`")));
            }
        }
        Some(node)
    }

    pub(super) fn typed(&mut self, key: &Key, value: &Tree, of: &Type) -> Option<Node> {
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
                let title = format!("`{}` of {} cannot be `{text}`", key.name, title(self.address));
                let note =
                    Note::error(Code::WrongForm, title, at, "not one of the values that Keycloak knows");
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
                        let title = format!("unknown field `{}` in {}", key.name, title(self.address));
                        let note = Note::error(
                            Code::UnknownField,
                            title,
                            key.at,
                            "Keycloak knows no such field here",
                        );
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
        let decided = self.rule.and_then(|it| it.server_keys.iter().find(|it| it.0 == &*key.name));
        if let Some((_, usual)) = decided {
            if !usual.is_empty() && value.scalar() != Some(usual) {
                let words = format!("Keycloak alone decides `{}` of {}", key.name, title(self.address));
                let note = Note::warning(Code::Dropped, words, value.at, "would not be kept");
                self.notes.push(note.help("take it out"));
            }
            return None;
        }
        let ruled = self.rule.is_some_and(|it| it.secret_keys.contains(&&*key.name));
        let hides = looks_secret(&key.name) && !self.rule.is_some_and(|it| it.is_public);
        // Where values stand in lists, a secret is the only one.
        let value = match (of, value.items()) {
            (Type::List(_), [only]) if ruled || hides => only,
            _ => value,
        };
        if ruled || (hides && value.scalar().is_some()) {
            return if matches!(value.is, TreeIs::Null) {
                Some(Node::new(value.at, Is::Null))
            } else {
                self.secret(key, value)
            };
        }
        let comes_from = |it: &str| value.get(it).is_some();
        if matches!(of, Type::Text) && (comes_from("fromEnv") || comes_from("fromFile")) {
            return self.secret(key, value);
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

    pub(super) fn refuse(&mut self, key: &Key, value: &Tree, expected: &str) -> Option<Node> {
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
                    Note::error(Code::SaidTwice, "a secret has one source", inner.at, "a second one")
                        .help("keep one of `fromEnv` and `fromFile`"),
                ),
                ("fromEnv", Some(name)) if name.is_empty() || name.contains(['=', '\0']) => self.notes.push(
                    Note::error(
                        Code::WrongForm,
                        "`fromEnv` names no environment variable",
                        tree.at,
                        "no variable is called that",
                    )
                    .help("write `{ fromEnv: NAME }`"),
                ),
                ("fromFile", Some("")) => self.notes.push(
                    Note::error(
                        Code::WrongForm,
                        "`fromFile` names no file",
                        tree.at,
                        "no file is called that",
                    )
                    .help("write `{ fromFile: PATH }`"),
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
                        Code::NotInThisVersion,
                        format!("`{}` is not supported by this version", inner.name),
                        inner.at,
                        "cannot be read yet",
                    )
                    .help("use `fromEnv` or `fromFile`"),
                ),
                (other, _) => {
                    let note = Note::error(
                        Code::UnknownField,
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
                    Code::WrongForm,
                    format!("`{}` does not say where its value comes from", key.name),
                    value.at,
                    "expected a secret",
                );
                self.notes.push(note.help("write `{ fromEnv: NAME }` or `{ fromFile: PATH }`"));
            }
            None
        }
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
