//! Texts of which every server takes only some: a few words, or numbers.

use super::refused::{each_text, words_of_field};
use super::{Field, kind};
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note};

/// What texts of a field, or of one key of it, may be, on every server.
pub struct Takes {
    /// Empty for the field itself; `begin.*` for all keys that begin so.
    pub key: &'static str,
    pub form: Form,
    pub others: Others,
}

#[derive(Clone, Copy)]
pub enum Form {
    Words(&'static [&'static str]),
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
}

/// The algorithms that sign tokens.
pub(super) const SIGNS: &[&str] = &[
    "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512", "PS256", "PS384", "PS512", "RS256",
    "RS384", "RS512",
];

/// What becomes of another text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Others {
    Refused,
    Unused,
    /// Stored, and every request for a token is answered by 500.
    BreakTokens,
    /// The server answers 500, or can never read the realm again.
    BreakRealm,
}

impl Others {
    /// Returns the words for it, and whether a manifest may not say it.
    fn label(self) -> (&'static str, bool) {
        match self {
            Self::Refused => ("Keycloak would refuse it", true),
            Self::Unused => ("Keycloak would keep it and cannot use it", false),
            Self::BreakTokens => ("Keycloak would keep it, and answer no request for a token", false),
            Self::BreakRealm => ("Keycloak could not save or read the realm", true),
        }
    }
}

impl Form {
    fn takes(self, text: &str) -> bool {
        match self {
            Self::Words(words) => words.contains(&text),
            Self::Integer => text.parse::<i32>().is_ok(),
            Self::Long => text.parse::<i64>().is_ok(),
        }
    }

    fn help(self) -> (Code, String) {
        match self {
            Self::Words(words) => (Code::WrongForm, format!("it takes {}", words.join(", "))),
            Self::Integer | Self::Long => (Code::WrongNumber, "write a whole number".to_owned()),
        }
    }
}

/// Finds texts that no server takes, or takes and cannot use.
pub(super) fn check(address: &Address, object: &Object, notes: &mut Vec<Note>) {
    for rule in kind(address.kind()).fields {
        for takes in rule.takes {
            for key in takes.keys(rule, object) {
                each_text(object, rule.name, key, &mut |text, at| {
                    if text.is_empty() || takes.form.takes(text) {
                        return;
                    }
                    let words = format!("{} cannot be `{text}`", words_of_field(rule.name, key, address));
                    let ((label, is_error), (code, help)) = (takes.others.label(), takes.form.help());
                    let note = if is_error {
                        Note::error(code, words, at, label)
                    } else {
                        Note::warning(code, words, at, label)
                    };
                    notes.push(note.help(help));
                });
            }
        }
    }
}

impl Takes {
    fn keys<'o>(&'o self, rule: &Field, object: &'o Object) -> Vec<&'o str> {
        let Some(begin) = self.key.strip_suffix('*') else { return vec![self.key] };
        let map = object.get(rule.name).and_then(Node::as_map);
        map.into_iter().flat_map(|it| it.keys()).map(|it| &**it).filter(|it| it.starts_with(begin)).collect()
    }
}
