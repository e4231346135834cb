//! What was written, before anybody asks what it means: YAML or JSON with places.

use super::At;

/// A written value with its place.
#[derive(Clone, Debug)]
pub struct Tree {
    pub at: At,
    pub is: TreeIs,
}

/// Scalars keep the text as it was written: `1.10` stays `1.10`.
#[derive(Clone, Debug)]
pub enum TreeIs {
    Null,
    /// `true` or `false`, unquoted.
    Bool(bool),
    /// An unquoted number, as written.
    Number(Box<str>),
    Text(Box<str>),
    List(Vec<Tree>),
    /// In the order written; a key stands once (a second one is a note of the parser).
    Map(Vec<(Key, Tree)>),
}

/// A map key with its place.
#[derive(Clone, Debug)]
pub struct Key {
    pub at: At,
    pub name: Box<str>,
}

impl Tree {
    pub fn new(at: At, is: TreeIs) -> Self {
        Self { at, is }
    }

    pub fn text(at: At, text: impl Into<Box<str>>) -> Self {
        Self::new(at, TreeIs::Text(text.into()))
    }

    /// Returns the value of a key of a map.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entries().iter().find(|(key, _)| &*key.name == name).map(|(_, value)| value)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        let TreeIs::Map(entries) = &mut self.is else { return None };
        entries.iter_mut().find(|(key, _)| &*key.name == name).map(|(_, value)| value)
    }

    /// Returns the entries of a map, none for anything else.
    pub fn entries(&self) -> &[(Key, Self)] {
        match &self.is {
            TreeIs::Map(entries) => entries,
            TreeIs::Null | TreeIs::Bool(_) | TreeIs::Number(_) | TreeIs::Text(_) | TreeIs::List(_) => &[],
        }
    }

    /// Returns the items of a list, none for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.is {
            TreeIs::List(items) => items,
            TreeIs::Null | TreeIs::Bool(_) | TreeIs::Number(_) | TreeIs::Text(_) | TreeIs::Map(_) => &[],
        }
    }

    pub fn items_mut(&mut self) -> &mut [Self] {
        if let TreeIs::List(items) = &mut self.is { items } else { &mut [] }
    }

    /// Returns a scalar as the text that was written; `None` for null, lists and maps.
    pub fn scalar(&self) -> Option<&str> {
        match &self.is {
            TreeIs::Text(text) | TreeIs::Number(text) => Some(text),
            TreeIs::Bool(true) => Some("true"),
            TreeIs::Bool(false) => Some("false"),
            TreeIs::Null | TreeIs::List(_) | TreeIs::Map(_) => None,
        }
    }

    /// Returns "text", "a list" and so on, for messages.
    pub fn what(&self) -> &'static str {
        match &self.is {
            TreeIs::Null => "null",
            TreeIs::Bool(_) => "true or false",
            TreeIs::Number(_) => "a number",
            TreeIs::Text(_) => "text",
            TreeIs::List(_) => "a list",
            TreeIs::Map(_) => "a map",
        }
    }
}
