//! Expressions of workflows: names of events or conditions, some with what they are about in parentheses, joined by `and`, `or`
//! and `not`.
//!
//! The server leaves out signs that it does not know, and refuses names that it does not know: `!has-role(x)` asks for the
//! role. Events are named in any case, with `_` for `-`, too; conditions as they are. Measured on 26.7.5.

use std::collections::BTreeSet;

use crate::kind::refused::{Judge, Severe, words_of_field};
use crate::kind::{ServerInfo, title};
use crate::state::Address;
use crate::text::{At, Code, Note, nearest};

/// The fields that hold one, each with its key.
pub(super) const FIELDS: [(&str, &str); 4] = [
    ("on", ""),
    (OF_CONDITIONS, ""),
    ("concurrency", "cancel-in-progress"),
    ("concurrency", "restart-in-progress"),
];

/// What is asked of whoever an event is about.
const OF_CONDITIONS: &str = "if";

/// What an expression names, and the first sign of it that the server leaves out.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'t> {
    names: Vec<&'t str>,
    left_out: Option<char>,
}

fn parts(text: &str) -> Parts<'_> {
    let mut out = Parts { names: Vec::new(), left_out: None };
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        let begins = |it: char| it.is_alphabetic() || it == '_';
        if !begins(sign) {
            if !sign.is_whitespace() && !"()".contains(sign) {
                out.left_out.get_or_insert(sign);
            }
            rest = &rest[sign.len_utf8()..];
            continue;
        }
        let goes_on = |it: char| begins(it) || it.is_ascii_digit() || "/-".contains(it);
        let end = rest.find(|it| !goes_on(it)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        if ["and", "or", "not"].iter().any(|it| word.eq_ignore_ascii_case(it)) {
            continue;
        }
        out.names.push(word);
        if let Some(inside) = rest.trim_start().strip_prefix('(') {
            rest = after_parameter(inside);
        }
    }
    out
}

/// Returns what comes after the parenthesis that closes; a backslash takes the sign behind it for what it is.
fn after_parameter(text: &str) -> &str {
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' => drop(signs.next()),
            ')' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// Returns what is wrong with an expression in a field, or in one key of it.
pub(super) fn wrong(
    judge: &Judge<'_>,
    address: &Address,
    (field, key): (&str, &str),
    text: &str,
    at: At,
) -> Vec<Note> {
    let is_event = field != OF_CONDITIONS;
    // Says that every event counts.
    if is_event && text.eq_ignore_ascii_case("true") {
        return Vec::new();
    }
    let Parts { names, left_out } = parts(text);
    let (noun, known): (_, BTreeSet<&str>) = if is_event {
        ("event of workflows", ServerInfo::all(&judge.server.workflow_events))
    } else {
        ("condition of workflows", ServerInfo::all(&judge.server.workflow_conditions))
    };
    let spelled = |name: &str| if is_event { name.replace('_', "-").to_lowercase() } else { name.to_owned() };
    let is_unknown = |it: &&str| !known.is_empty() && !known.contains(&*spelled(it));
    let unknown = names.into_iter().filter(is_unknown).map(|name| {
        let has = if judge.is_sure { "this server has no" } else { "a plain server has no" };
        let words = format!("{has} {noun} `{name}`, which {} names", title(address));
        let note = judge.note(Severe::Error, Code::NotOnServer, words, at, "Keycloak would refuse it");
        note.help(match nearest(&spelled(name), known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", known.iter().copied().collect::<Vec<_>>().join(", ")),
        })
    });
    // What somebody else wrote is their own.
    let is_said = judge.desired(address).is_some_and(|it| it.get(field).is_some());
    let left_out = left_out.filter(|_| is_said).map(|sign| {
        let words = format!("Keycloak leaves `{sign}` out of {}", words_of_field(field, key, address));
        let note = judge.note(Severe::Error, Code::WrongForm, words, at, "would mean something else");
        note.help("join names by `and`, `or` and `not`: `not has-role(a) and has-role(b)`")
    });
    unknown.chain(left_out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_what_joins_them_and_from_what_they_are_about() {
        for (text, names, left_out) in [
            ("user-created", &["user-created"][..], None),
            (
                "NOT has-role(x) AND (is-member-of (/g/h) or has_role(\"a b\"))",
                &["has-role", "is-member-of", "has_role"],
                None,
            ),
            ("andy or notify", &["andy", "notify"], None),
            (r"has-role(a\)or b) and c", &["has-role", "c"], None),
            ("a(b", &["a"], None),
            ("!a", &["a"], Some('!')),
            ("a, b | c", &["a", "b", "c"], Some(',')),
            ("not(a)", &["a"], None),
            ("", &[], None),
        ] {
            assert_eq!(parts(text), Parts { names: names.to_vec(), left_out }, "{text}");
        }
    }
}
