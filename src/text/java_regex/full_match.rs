//! Whether a text matches a pattern as a whole, as Java's `matches()` says.
//!
//! Patterns are translated where both engines agree, which for texts in ASCII is nearly always; anything else
//! is "cannot tell", never a guess.

use std::fmt::Write as _;

use fancy_regex::Regex;

use super::{Verdict, compile};

/// A pattern, ready to be matched against whole texts.
#[derive(Clone, Debug)]
pub struct FullMatch {
    form: Form,
    /// The text of `.*text.*`.
    contained: Option<Box<str>>,
}

#[derive(Clone, Debug)]
enum Form {
    /// Without a pattern nothing matches.
    Never,
    /// Java refuses the pattern whenever it is used.
    Broken,
    /// `.+` or `.*`.
    Anything {
        empty: bool,
    },
    Regex {
        regex: Box<Regex>,
        /// What it means for other letters differs between engines.
        only_ascii: bool,
    },
    CannotTell,
}

impl FullMatch {
    pub fn new(pattern: &str) -> Self {
        let form = match (pattern, compile(pattern)) {
            ("", _) => Form::Never,
            (".*" | ".+", _) => Form::Anything { empty: pattern == ".*" },
            (_, Verdict::Broken { .. }) => Form::Broken,
            (_, Verdict::CannotTell) => Form::CannotTell,
            (_, Verdict::Compiles) => translated(pattern)
                .and_then(|(text, only_ascii)| {
                    let regex = Regex::new(&text).ok()?;
                    Some(Form::Regex { regex: Box::new(regex), only_ascii })
                })
                .unwrap_or(Form::CannotTell),
        };
        let contained = pattern.strip_prefix(".*").and_then(|it| it.strip_suffix(".*"));
        let is_plain = |it: &&str| it.chars().all(|it| it.is_ascii_alphanumeric() || "_-".contains(it));
        Self { form, contained: contained.filter(is_plain).map(Into::into) }
    }

    /// Returns the text that a pattern such as `.*text.*` looks for.
    pub fn contained(&self) -> Option<&str> {
        self.contained.as_deref()
    }

    /// Returns whether using the pattern is an error.
    pub fn is_broken(&self) -> bool {
        matches!(self.form, Form::Broken)
    }

    /// Returns whether any text matches that is not empty and has one line; `None` when it depends on the text.
    pub fn of_any_text(&self) -> Option<bool> {
        match self.form {
            Form::Never => Some(false),
            Form::Anything { .. } => Some(true),
            Form::Broken | Form::Regex { .. } | Form::CannotTell => None,
        }
    }

    /// Returns whether the whole text matches; `None` where that cannot be told.
    pub fn matches(&self, text: &str) -> Option<bool> {
        // A dot and `$` stop at these in Java.
        if text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
            return None;
        }
        match &self.form {
            Form::Never => Some(false),
            Form::Anything { empty } => Some(*empty || !text.is_empty()),
            Form::Regex { only_ascii: true, .. } if !text.is_ascii() => None,
            // An error is a pattern that backtracks too long.
            Form::Regex { regex, .. } => regex.is_match(text).ok(),
            Form::Broken | Form::CannotTell => None,
        }
    }
}

/// Returns the pattern for our engine and whether it holds for ASCII only; `None` where the two differ.
fn translated(pattern: &str) -> Option<(String, bool)> {
    let mut out = String::from(r"\A(?:");
    let mut only_ascii = false;
    let mut in_class = false;
    // Whether something stands before that a count may repeat.
    let mut repeatable = false;
    let mut chars = pattern.chars().peekable();
    while let Some(is) = chars.next() {
        match is {
            '\\' => {
                let escaped = chars.next()?;
                match escaped {
                    'Q' => {
                        let rest: String = chars.clone().collect();
                        let (quoted, skipped) = match rest.split_once("\\E") {
                            Some((quoted, _)) => (quoted.to_owned(), quoted.chars().count() + 2),
                            None => (rest.clone(), rest.chars().count()),
                        };
                        for it in quoted.chars() {
                            literal(&mut out, it);
                        }
                        for _ in 0..skipped {
                            chars.next();
                        }
                        if quoted.is_empty() {
                            return None;
                        }
                    }
                    'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'p' | 'P' => {
                        only_ascii = true;
                        out.extend(['\\', escaped]);
                        if matches!(escaped, 'p' | 'P') {
                            property(&mut out, &mut chars)?;
                        }
                    }
                    'b' | 'B' if !in_class && chars.peek() != Some(&'{') => {
                        only_ascii = true;
                        out.extend(['\\', escaped]);
                    }
                    'A' | 'z' | 't' | 'f' | 'n' | 'r' | 'a' => out.extend(['\\', escaped]),
                    'x' | 'u' => out.extend(['\\', escaped]),
                    _ if escaped.is_ascii_alphanumeric() => return None,
                    _ => literal(&mut out, escaped),
                }
                repeatable = true;
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
                repeatable = true;
            }
            '[' | '&' | '~' if in_class => return None,
            '-' if in_class => {
                if chars.peek() == Some(&'-') {
                    return None;
                }
                out.push('-');
            }
            '^' if in_class => literal(&mut out, '^'),
            '[' => {
                in_class = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
                // A bracket that stands first means itself.
                if chars.peek() == Some(&']') {
                    return None;
                }
            }
            '{' if in_class => literal(&mut out, '{'),
            '{' => {
                if !repeatable {
                    return None;
                }
                out.push('{');
                for is in chars.by_ref() {
                    out.push(is);
                    if is == '}' {
                        break;
                    }
                }
                suffix(&mut out, &mut chars);
                repeatable = false;
            }
            '*' | '+' | '?' if !in_class => {
                out.push(is);
                suffix(&mut out, &mut chars);
                repeatable = false;
            }
            '(' if !in_class => {
                out.push('(');
                group(&mut out, &mut chars, pattern)?;
                repeatable = false;
            }
            ')' if !in_class => {
                out.push(')');
                repeatable = true;
            }
            '|' | '^' if !in_class => {
                out.push(is);
                repeatable = false;
            }
            '.' | '$' if !in_class => {
                out.push(is);
                repeatable = true;
            }
            _ => {
                literal(&mut out, is);
                repeatable = true;
            }
        }
    }
    out.push_str(r")\z");
    Some((out, only_ascii))
}

fn literal(out: &mut String, is: char) {
    if is.is_ascii_alphanumeric() || !is.is_ascii() {
        out.push(is);
    } else {
        write!(out, "\\x{{{:x}}}", u32::from(is)).expect("a text takes any text");
    }
}

fn suffix(out: &mut String, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    if let Some(is) = chars.next_if(|it| matches!(it, '?' | '+')) {
        out.push(is);
    }
}

fn property(out: &mut String, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<()> {
    if chars.peek() == Some(&'{') {
        for is in chars.by_ref() {
            out.push(is);
            if is == '}' {
                return Some(());
            }
        }
        return None;
    }
    out.push(chars.next()?);
    Some(())
}

/// After `(`: what stands behind `?`.
fn group(
    out: &mut String,
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    pattern: &str,
) -> Option<()> {
    if chars.next_if_eq(&'?').is_none() {
        return Some(());
    }
    out.push('?');
    loop {
        match *chars.peek()? {
            // Only of letters in ASCII do both engines agree which are the same.
            'i' if !pattern.is_ascii() => return None,
            is @ ('i' | 'm' | 's' | '-') => {
                out.push(is);
                chars.next();
            }
            is @ (':' | ')' | '=' | '!' | '>') => {
                out.push(is);
                chars.next();
                return Some(());
            }
            '<' => {
                out.push('<');
                chars.next();
                if let Some(is) = chars.next_if(|it| matches!(it, '=' | '!')) {
                    out.push(is);
                    return Some(());
                }
                for is in chars.by_ref() {
                    out.push(is);
                    if is == '>' {
                        return Some(());
                    }
                }
                return None;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_texts_match_as_java_says() {
        for (pattern, text, expected) in [
            ("ab", "ab", Some(true)),
            ("a", "ab", Some(false)),
            ("A", "a", Some(false)),
            ("(?i)A", "a", Some(true)),
            ("a|ab", "ab", Some(true)),
            (".*r1.*", "[\"r1\"]", Some(true)),
            (r"\Qa.b\E+", "a.bb", Some(true)),
            (r"\Qa.b\E", "axb", Some(false)),
            (r"\d{2,3}", "1234", Some(false)),
            (r"\d{2,3}", "123", Some(true)),
            (r"[\w.-]+@example\.org", "a.b-c@example.org", Some(true)),
            (r"a\/b", "a/b", Some(true)),
            (r"(?<n>a)b", "ab", Some(true)),
            (r"(?!x).*", "xa", Some(false)),
            ("a*+a", "aaa", Some(false)),
            ("[^a]", "b", Some(true)),
            ("[a&&b]", "a", None),
            (r"\w+", "\u{fc}", None),
            ("[\u{e4}\u{fc}]", "\u{fc}", Some(true)),
            ("a.c", "a\nc", None),
            ("", "a", Some(false)),
            (".*", "", Some(true)),
            (".+", "", Some(false)),
            ("(", "a", None),
            ("a]}", "a]}", Some(true)),
        ] {
            assert_eq!(FullMatch::new(pattern).matches(text), expected, "{pattern} on {text:?}");
        }
        assert!(FullMatch::new("(").is_broken());
    }
}
