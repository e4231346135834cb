//! Regular expressions in the password policy of a realm: the server compiles them before it stores anything.

use super::Said;
use crate::kind::policies;
use crate::state::{Address, Object};
use crate::text::java_regex::{self, Verdict};
use crate::text::{Code, Note};

pub(in crate::kind) fn password_policy(_: Said<'_>, _: &Address, object: &Object, notes: &mut Vec<Note>) {
    let Some(node) = object.get("passwordPolicy") else { return };
    let patterns = policies(node.as_text().unwrap_or_default()).filter(|(name, _)| *name == "regexPattern");
    for (_, pattern) in patterns {
        let why = match java_regex::compile(pattern) {
            _ if pattern.trim().is_empty() => "it has none".to_owned(),
            Verdict::Broken { why, at } => format!("{why}, at character {} of it", at + 1),
            _ => continue,
        };
        let title = "password policy `regexPattern` takes a regular expression";
        let note = Note::error(Code::WrongPattern, title, node.at, why);
        notes.push(note.help("Keycloak would refuse it; it takes Java's syntax"));
    }
}
