//! Patterns over addresses: `*` is any part of one name, `**` any depth.

use super::Address;
use crate::text::At;

/// A pattern of `--only`, `--exclude`, `protect` and the like. It covers what it matches and all under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    at: At,
    written: String,
    segments: Vec<String>,
}

impl Pattern {
    pub fn new(written: &str) -> Self {
        Self::at_place(written, At::SERVER)
    }

    /// Returns a pattern that stands in a file.
    pub fn at_place(written: &str, at: At) -> Self {
        Self {
            at,
            written: written.to_owned(),
            segments: written.trim_matches('/').split('/').map(str::to_owned).collect(),
        }
    }

    pub fn at(&self) -> At {
        self.at
    }

    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    pub fn written(&self) -> &str {
        &self.written
    }

    /// Returns whether the pattern covers an object: it matches its address or that of one above it.
    pub fn covers(&self, address: &Address) -> bool {
        let text = address.to_string();
        let parts: Vec<&str> = text.split('/').collect();
        covers(&self.segments, &parts)
    }
}

fn covers(pattern: &[String], parts: &[&str]) -> bool {
    match (pattern.split_first(), parts.split_first()) {
        (None, _) => true,
        (Some((first, rest)), _) if first == "**" => {
            covers(rest, parts) || parts.split_first().is_some_and(|(_, parts)| covers(pattern, parts))
        }
        (Some(_), None) => false,
        (Some((first, rest)), Some((part, parts))) => stars_match(first, part) && covers(rest, parts),
    }
}

/// Returns whether a pattern covers a text, where `*` stands for any run of characters.
pub fn stars_match(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::super::KindName;
    use super::*;

    #[test]
    fn a_pattern_covers_what_it_matches_and_all_under_it() {
        let demo = Address::top(KindName::new("client"), "demo");
        let mapper = demo.child(KindName::new("mapper"), "email");
        let policy = demo.child(KindName::new("authz/policy"), "Only Eric");
        for (pattern, address, covered) in [
            ("client/demo", &demo, true),
            ("client/demo", &mapper, true),
            ("client/*", &demo, true),
            ("client/de*", &mapper, true),
            ("client/demo/mapper/**", &mapper, true),
            ("client/demo/mapper/**", &demo, false),
            ("client/demo/authz/**", &policy, true),
            ("client/demo/authz/policy/Only *", &policy, true),
            ("**/policy/*", &policy, true),
            ("client/other", &demo, false),
            ("role/*", &demo, false),
        ] {
            assert_eq!(Pattern::new(pattern).covers(address), covered, "{pattern} on {address}");
        }
    }

    #[test]
    fn stars_match_any_text() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("/eric/*", "/eric/a/b", true),
            ("/eric/*", "/eric", false),
            ("a*b*c", "abbbc", true),
            ("a*b", "ab", true),
            ("ab*b", "ab", false),
            ("a", "ab", false),
        ] {
            assert_eq!(stars_match(pattern, text), expected, "{pattern} {text}");
        }
    }
}
