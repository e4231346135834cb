//! Secret values in memory, and the redactor that keeps them out of every message.
//!
//! A secret has no way to be printed by accident: it is read with `expose`, and only where it goes on the wire.
//! Keycloak's error texts may repeat what was sent, so each passes the redactor, which knows every secret of
//! the run and also hides whatever looks like a token.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use crate::kind;
use crate::report::safe::is_unsafe;

/// Longest server text that a message repeats, in characters.
const LONGEST_TEXT: usize = 400;

/// Secrets shorter than this are replaced as whole words only.
const SHORT: usize = 8;

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Takes a value that must not be shown.
    pub fn new(value: impl Into<Box<str>>) -> Secret {
        Secret(value.into())
    }

    /// Returns the value, for the wire alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Replaces every known secret, and everything that looks like a token, in a text.
#[derive(Default)]
pub struct Redactor {
    /// Longest first, so that a secret that contains another is replaced whole.
    known: RwLock<Vec<Box<str>>>,
}

impl Redactor {
    /// Registers a value; its JSON and URL spellings are hidden too.
    pub fn hide(&self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        let json = serde_json::Value::from(secret).to_string();
        let json = json.trim_matches('"').to_owned();
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for spelling in [secret.to_owned(), json, form] {
            if !known.iter().any(|it| **it == *spelling) {
                known.push(spelling.into());
            }
        }
        known.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    }

    /// Returns the text without secrets, tokens and what a terminal could obey, cut to a readable length.
    pub fn clean(&self, text: &str) -> String {
        let mut clean = hide_tokens(text);
        for secret in self.known.read().unwrap_or_else(PoisonError::into_inner).iter() {
            clean = replace(&clean, secret);
        }
        let mut shown: String =
            clean.chars().map(|it| if is_unsafe(it) { ' ' } else { it }).take(LONGEST_TEXT + 1).collect();
        if shown.chars().count() > LONGEST_TEXT {
            shown.pop();
            shown.push('…');
        }
        shown
    }
}

/// Replaces a secret wherever it stands; a short one only as a whole word, and one that could be any word only
/// where a value stands: with the password `admin`, a text about `adminEventsEnabled` or about an admin has to
/// stay readable.
fn replace(text: &str, secret: &str) -> String {
    let is_short = secret.chars().count() < SHORT;
    let is_word = is_short && secret.chars().all(char::is_alphabetic);
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(secret) {
        let (before, from) = rest.split_at(start);
        let after = &from[secret.len()..];
        out.push_str(before);
        let inside = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
        let is_part = inside(out.chars().next_back()) || inside(after.chars().next());
        let stays = is_short && is_part || is_word && !is_value(&out, after) || is_key(&out, after);
        out.push_str(if stays { secret } else { "[secret]" });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Whether a value stands between two parts of a text: in quotes, behind `=` or `:`, or behind a word such as
/// `password`.
fn is_value(before: &str, after: &str) -> bool {
    let quote = before.chars().next_back().filter(|it| matches!(it, '"' | '\'' | '`'));
    if let Some(quote) = quote {
        return after.starts_with(quote);
    }
    let before = before.trim_end();
    let word = before.rsplit(|it: char| !it.is_alphanumeric()).next().unwrap_or_default();
    before.ends_with(['=', ':']) || kind::looks_secret(word)
}

/// Whether a key of JSON stands there: its name is no value, even where both are one word.
fn is_key(before: &str, after: &str) -> bool {
    let Some(before) = before.strip_suffix('"').map(str::trim_end) else { return false };
    let Some(after) = after.strip_prefix('"').map(str::trim_start) else { return false };
    before.ends_with(['{', ',']) && after.starts_with(':')
}

/// Replaces JSON web tokens: base64url of `{"` and at least one dot behind it.
fn hide_tokens(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("eyJ") {
        let (before, from) = rest.split_at(start);
        let end = from
            .find(|it: char| !(it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | '=')))
            .unwrap_or(from.len());
        let (token, after) = from.split_at(end);
        out.push_str(before);
        out.push_str(if token.contains('.') && token.len() >= 20 { "[token]" } else { token });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret");
    }

    #[test]
    fn known_secrets_and_tokens_are_replaced() {
        let redactor = Redactor::default();
        redactor.hide("hunter2");
        redactor.hide("hunter2-and-more");
        redactor.hide("a\"b c&d");
        redactor.hide("x");
        redactor.hide("admin");
        redactor.hide("");
        for (text, clean) in [
            ("bad password hunter2!", "bad password [secret]!"),
            ("value hunter2-and-more", "value [secret]"),
            (r#"{"value":"a\"b c&d"}"#, r#"{"value":"[secret]"}"#),
            ("a%22b+c%26d", "[secret]"),
            ("x is next, axe is not", "x is next, axe is not"),
            ("x: x, y='x' (password x)", "x: [secret], y='[secret]' (password [secret])"),
            ("token eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjF9.c2ln, ok", "token [token], ok"),
            ("admin may not set adminEventsEnabled", "admin may not set adminEventsEnabled"),
            ("user 'admin': realm-admin", "user '[secret]': realm-admin"),
            (r#"{"admin":"admin","a":"hunter2"}"#, r#"{"admin":"[secret]","a":"[secret]"}"#),
            ("ahunter2 hunter22 hunter2", "ahunter2 hunter22 [secret]"),
            ("eyJ alone", "eyJ alone"),
            ("line\n\u{1b}[31mred", "line  [31mred"),
            ("\u{9b}2J a\u{202e}b\u{2066}c\u{200f}d\u{61c}e", " 2J a b c d e"),
            ("", ""),
        ] {
            assert_eq!(redactor.clean(text), clean);
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(Redactor::default().clean(&"é".repeat(1000)).chars().count(), LONGEST_TEXT + 1);
    }
}
