//! Expressions of workflows: names of events or conditions, some with what they are about in parentheses, joined by `and`, `or`
//! and `not`.
//!
//! The server leaves out signs that it does not know, and refuses names that it does not know: `!has-role(x)` asks for the
//! role. What is in parentheses behind a name ends with the first that closes. Events are named in any case, with `_` for `-`,
//! too; conditions as they are. Nothing at all is no expression. Measured on 26.7.5.

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

/// What an expression names, the first sign of it that the server leaves out, and the first place where it is none.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'t> {
    names: Vec<&'t str>,
    left_out: Option<char>,
    broken: Option<Broken<'t>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken<'t> {
    /// A parenthesis that nothing closes.
    Open,
    /// One that closes nothing.
    Closed,
    /// Nothing stands before this word.
    Before(&'t str),
    /// Nothing joins this to what is before it.
    Joined(&'t str),
    /// A name has to follow at the end, or in parentheses.
    Behind,
}

impl Broken<'_> {
    fn words(self) -> String {
        match self {
            Self::Open => "`(` is not closed".to_owned(),
            Self::Closed => "`)` closes nothing".to_owned(),
            Self::Before(word) => format!("no name stands before `{word}`"),
            Self::Joined(word) => format!("nothing joins `{word}` to what is before it"),
            Self::Behind => "a name is missing".to_owned(),
        }
    }
}

fn parts(text: &str) -> Parts<'_> {
    let mut out = Parts { names: Vec::new(), left_out: None, broken: None };
    let mut rest = text;
    // Whether a name may come, and how many parentheses are open.
    let (mut is_awaited, mut depth) = (true, 0_usize);
    while let Some(sign) = rest.chars().next() {
        let mut wrong = None;
        let begins = |it: char| it.is_alphabetic() || it == '_';
        if !begins(sign) {
            match sign {
                '(' if is_awaited => depth += 1,
                '(' => wrong = Some(Broken::Joined("(")),
                ')' if is_awaited => wrong = Some(Broken::Behind),
                ')' if depth == 0 => wrong = Some(Broken::Closed),
                ')' => depth -= 1,
                _ if sign.is_whitespace() => {}
                _ => drop(out.left_out.get_or_insert(sign)),
            }
            out.broken = out.broken.or(wrong);
            rest = &rest[sign.len_utf8()..];
            continue;
        }
        let goes_on = |it: char| begins(it) || it.is_ascii_digit() || "/-".contains(it);
        let end = rest.find(|it| !goes_on(it)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        let is = |it: &&str| word.eq_ignore_ascii_case(it);
        if ["and", "or"].iter().any(is) {
            wrong = Some(Broken::Before(word)).filter(|_| is_awaited);
            is_awaited = true;
        } else {
            wrong = Some(Broken::Joined(word)).filter(|_| !is_awaited);
            if !is(&"not") {
                is_awaited = false;
                out.names.push(word);
                if let Some(inside) = rest.trim_start().strip_prefix('(') {
                    let after = after_parameter(inside);
                    wrong = wrong.or(Some(Broken::Open).filter(|_| after.is_none()));
                    rest = after.unwrap_or_default();
                }
            }
        }
        out.broken = out.broken.or(wrong);
    }
    let behind = Some(Broken::Behind).filter(|_| is_awaited && !text.trim().is_empty());
    out.broken = out.broken.or(behind).or(Some(Broken::Open).filter(|_| depth > 0));
    out
}

/// Returns what comes after the parenthesis that closes, if one does; a backslash takes the sign behind it for what it is.
fn after_parameter(text: &str) -> Option<&str> {
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' => drop(signs.next()),
            ')' => return Some(&text[at + 1..]),
            _ => {}
        }
    }
    None
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
    let Parts { names, left_out, broken } = parts(text);
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
    let of = words_of_field(field, key, address);
    let wrong = |words: String, label: &str| {
        let note = judge.note(Severe::Error, Code::WrongForm, words, at, label);
        note.help("join names by `and`, `or` and `not`: `not has-role(a) and has-role(b)`")
    };
    // What somebody else wrote is their own.
    let is_said = judge.desired(address).is_some_and(|it| it.get(field).is_some());
    match (left_out.filter(|_| is_said), broken.filter(|_| is_said)) {
        (Some(sign), _) => {
            let words = format!("Keycloak leaves `{sign}` out of {of}");
            unknown.chain([wrong(words, "would mean something else")]).collect()
        }
        // What its words are nobody knows.
        (None, Some(broken)) => {
            vec![wrong(format!("{of} is no expression: {}", broken.words()), "Keycloak would refuse it")]
        }
        (None, None) => unknown.collect(),
    }
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
            ("!a", &["a"], Some('!')),
            ("a, b | c", &["a", "b", "c"], Some(',')),
            ("not(a)", &["a"], None),
            ("", &[], None),
        ] {
            let found = parts(text);
            assert_eq!((found.names, found.left_out), (names.to_vec(), left_out), "{text}");
        }
    }

    /// As 26.7.5 takes them in a condition, and says what is wrong.
    #[test]
    fn expressions_are_what_keycloak_takes() {
        for text in [
            "a",
            "a()",
            "a(b c)",
            "a (b)",
            "((a(b)))",
            "not not a",
            "not(a(b))",
            "a(b)and c",
            "a AND b or c",
            " ",
            "",
            r"a(b\)c)",
            "a(\"b\")",
            "(a) and (b or not c)",
        ] {
            assert_eq!(parts(text).broken, None, "{text}");
        }
        for (text, broken) in [
            ("a(b", Broken::Open),
            ("(a(b)", Broken::Open),
            ("a and (b or c", Broken::Open),
            ("a(b))", Broken::Closed),
            ("a(b(c))", Broken::Closed),
            ("a(\"b)\")", Broken::Closed),
            ("a b", Broken::Joined("b")),
            ("a not b", Broken::Joined("not")),
            ("a(b)(c)", Broken::Joined("(")),
            ("(a) (b)", Broken::Joined("(")),
            ("and a", Broken::Before("and")),
            ("a or AND b", Broken::Before("AND")),
            ("a and", Broken::Behind),
            ("a and not", Broken::Behind),
            ("not", Broken::Behind),
            ("()", Broken::Behind),
        ] {
            assert_eq!(parts(text).broken, Some(broken), "{text}");
        }
    }
}
