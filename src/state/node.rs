//! Values: JSON, plus the three leaves that JSON lacks: a reference, a secret, something hidden.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Address;
use crate::text::At;

/// A value and the place where it was written. Two nodes are equal when their values are.
#[derive(Clone)]
pub struct Node {
    pub at: At,
    pub is: Is,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Is {
    /// In a manifest: unset it.
    Null,
    Bool(bool),
    /// As written, so that no digit is lost.
    Number(Box<str>),
    Text(Box<str>),
    /// In no order: the server keeps such lists as sets.
    List(Vec<Node>),
    /// In an order that means something.
    Sequence(Vec<Node>),
    Map(BTreeMap<Box<str>, Node>),
    /// An id or name on the wire, an address for us.
    Ref(Address),
    /// Desired only: how to get the value, never the value.
    Secret(SecretRef),
    /// Live only.
    Hidden(Hidden),
}

/// How a secret is come by, and its version for values that Keycloak never shows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretRef {
    pub source: SecretSource,
    pub version: Option<u32>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    Env(Box<str>),
    /// A path relative to the current folder: loading makes it so from what was written, which is relative to
    /// the file it was written in.
    File(Box<str>),
    /// Written into the manifest; as hidden as the others in every output.
    Literal(Arc<str>),
}

/// What may not be shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hidden {
    /// The server masks it.
    Masked,
    /// A live value that may only be asked whether it is the same as another.
    Value(Arc<str>),
}

impl Node {
    pub fn new(at: At, is: Is) -> Self {
        Self { at, is }
    }

    pub fn text(at: At, text: impl Into<Box<str>>) -> Self {
        Self::new(at, Is::Text(text.into()))
    }

    pub fn bool(at: At, value: bool) -> Self {
        Self::new(at, Is::Bool(value))
    }

    pub fn is_null(&self) -> bool {
        self.is == Is::Null
    }

    /// Returns whether nothing stands here: null, or a text, list or map without anything in it.
    pub fn is_nothing(&self) -> bool {
        match &self.is {
            Is::Null => true,
            Is::Text(text) => text.is_empty(),
            Is::List(items) | Is::Sequence(items) => items.is_empty(),
            Is::Map(map) => map.is_empty(),
            Is::Bool(_) | Is::Number(_) | Is::Ref(_) | Is::Secret(_) | Is::Hidden(_) => false,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        if let Is::Text(text) = &self.is { Some(text) } else { None }
    }

    /// Returns a text, number or truth value as the text that Keycloak keeps of it.
    pub fn scalar(&self) -> Option<String> {
        match &self.is {
            Is::Text(text) | Is::Number(text) => Some(text.to_string()),
            Is::Bool(value) => Some(value.to_string()),
            Is::Null
            | Is::List(_)
            | Is::Sequence(_)
            | Is::Map(_)
            | Is::Ref(_)
            | Is::Secret(_)
            | Is::Hidden(_) => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        if let Is::Bool(value) = self.is { Some(value) } else { None }
    }

    pub fn as_ref(&self) -> Option<&Address> {
        if let Is::Ref(address) = &self.is { Some(address) } else { None }
    }

    /// Returns the items of a list of either sort, none for anything else.
    pub fn items(&self) -> &[Self] {
        if let Is::List(items) | Is::Sequence(items) = &self.is { items } else { &[] }
    }

    pub fn as_map(&self) -> Option<&BTreeMap<Box<str>, Self>> {
        if let Is::Map(map) = &self.is { Some(map) } else { None }
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// Calls `f` with every reference in this value.
    pub fn each_ref<'a>(&'a self, f: &mut impl FnMut(&'a Address, At)) {
        match &self.is {
            Is::Ref(address) => f(address, self.at),
            Is::List(items) | Is::Sequence(items) => items.iter().for_each(|it| it.each_ref(f)),
            Is::Map(map) => map.values().for_each(|it| it.each_ref(f)),
            Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) | Is::Secret(_) | Is::Hidden(_) => {}
        }
    }

    /// Calls `f` with every reference in this value, which it may change.
    pub fn each_ref_mut(&mut self, f: &mut impl FnMut(&mut Address)) {
        match &mut self.is {
            Is::Ref(address) => f(address),
            Is::List(items) | Is::Sequence(items) => items.iter_mut().for_each(|it| it.each_ref_mut(f)),
            Is::Map(map) => map.values_mut().for_each(|it| it.each_ref_mut(f)),
            Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) | Is::Secret(_) | Is::Hidden(_) => {}
        }
    }

    /// Calls `f` with every secret in this value.
    pub fn each_secret<'a>(&'a self, f: &mut impl FnMut(&'a SecretRef, At)) {
        match &self.is {
            Is::Secret(secret) => f(secret, self.at),
            Is::List(items) | Is::Sequence(items) => items.iter().for_each(|it| it.each_secret(f)),
            Is::Map(map) => map.values().for_each(|it| it.each_secret(f)),
            Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) | Is::Ref(_) | Is::Hidden(_) => {}
        }
    }

    /// Calls `f` with every secret in this value, which it may change.
    pub fn each_secret_mut(&mut self, f: &mut impl FnMut(&mut SecretRef, At)) {
        match &mut self.is {
            Is::Secret(secret) => f(secret, self.at),
            Is::List(items) | Is::Sequence(items) => items.iter_mut().for_each(|it| it.each_secret_mut(f)),
            Is::Map(map) => map.values_mut().for_each(|it| it.each_secret_mut(f)),
            Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) | Is::Ref(_) | Is::Hidden(_) => {}
        }
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.is == other.is
    }
}

impl Eq for Node {}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Node {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.is.cmp(&other.is)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.is {
            Is::Null => f.write_str("null"),
            Is::Bool(it) => write!(f, "{it}"),
            Is::Number(it) => f.write_str(it),
            Is::Text(it) => write!(f, "{it:?}"),
            Is::List(items) | Is::Sequence(items) => f.debug_list().entries(items).finish(),
            Is::Map(map) => f.debug_map().entries(map).finish(),
            Is::Ref(address) => write!(f, "@{address}"),
            Is::Secret(secret) => write!(f, "{secret:?}"),
            Is::Hidden(hidden) => write!(f, "{hidden:?}"),
        }
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            SecretSource::Env(name) => write!(f, "(secret from environment variable {name})"),
            SecretSource::File(path) => write!(f, "(secret from file {path})"),
            SecretSource::Literal(_) => f.write_str("(secret written in the manifest)"),
        }
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}
