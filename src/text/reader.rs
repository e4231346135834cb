//! Reading small documents of our own: maps with known keys, values of known types, and a note for all else.

use super::{Key, Note, Tree, TreeIs, nearest};
use crate::text::Code;

/// Collects the notes of one document.
pub struct Reader<'a> {
    pub notes: &'a mut Vec<Note>,
    /// Keys that are planned and refused until they do what they say.
    pub not_yet: &'static [&'static str],
}

impl Reader<'_> {
    /// Returns the entries with a known key; the others become notes.
    pub fn entries<'t>(&mut self, tree: &'t Tree, title: &str, known: &[&str]) -> Vec<(&'t Key, &'t Tree)> {
        if !matches!(tree.is, TreeIs::Map(_) | TreeIs::Null) {
            let title = format!("{title} is {}, not a map", tree.what());
            self.notes.push(Note::error(Code::WrongForm, title, tree.at, "expected a map"));
        }
        let mut kept = Vec::new();
        for (key, value) in tree.entries() {
            if known.contains(&&*key.name) {
                kept.push((key, value));
            } else if self.not_yet.contains(&&*key.name) {
                // An empty one asks for nothing.
                if value.scalar().is_some() || !value.items().is_empty() || !value.entries().is_empty() {
                    self.notes.push(
                        Note::error(
                            Code::NotInThisVersion,
                            format!("`{}` is not supported by this version", key.name),
                            key.at,
                            "would be ignored",
                        )
                        .help("take it out"),
                    );
                }
            } else {
                let title = format!("unknown field `{}` in {title}", key.name);
                self.notes.push(match nearest(&key.name, known.iter().copied()) {
                    Some(near) => {
                        Note::error(Code::UnknownField, title, key.at, format!("did you mean `{near}`?"))
                            .help(format!("write `{near}`"))
                    }
                    None => Note::error(Code::UnknownField, title, key.at, "not known here")
                        .help(format!("it takes {}", known.join(", "))),
                });
            }
        }
        kept
    }

    pub fn map<'t>(&mut self, key: &Key, value: &'t Tree) -> &'t [(Key, Tree)] {
        if !matches!(value.is, TreeIs::Map(_) | TreeIs::Null) {
            self.wrong(key, value, "a map");
        }
        value.entries()
    }

    pub fn text(&mut self, key: &Key, value: &Tree) -> Option<String> {
        let text = value.scalar();
        if text.is_none() {
            self.wrong(key, value, "text");
        }
        text.map(str::to_owned)
    }

    /// Returns the texts of a list.
    pub fn texts(&mut self, key: &Key, value: &Tree) -> Vec<String> {
        let TreeIs::List(items) = &value.is else {
            self.wrong(key, value, "a list");
            return Vec::new();
        };
        items.iter().filter_map(|it| self.text(key, it)).collect()
    }

    pub fn boolean(&mut self, key: &Key, value: &Tree) -> Option<bool> {
        if let TreeIs::Bool(it) = value.is {
            return Some(it);
        }
        self.wrong(key, value, "true or false");
        None
    }

    pub fn wrong(&mut self, key: &Key, value: &Tree, expected: &str) {
        self.notes.push(Note::error(
            Code::WrongForm,
            format!("`{}` is {}, not {expected}", key.name, value.what()),
            value.at,
            format!("expected {expected}"),
        ));
    }
}
