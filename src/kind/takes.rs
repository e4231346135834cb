//! Texts of which every server takes only some: a few words, or numbers.

use crate::text::Code;

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
    /// A filter of a directory: in parentheses.
    Filter,
    /// A time span, which may be nothing: seconds, a number with `d`, `h`, `m`, `s` or `ms`, or one of ISO 8601.
    Span,
    /// One that is at least a second.
    Interval,
}

/// What aliases may not have: flows and organizations stand in URLs by them.
pub(super) const RESERVED: &str = "!#$&()*+,/:;=?@[\\]";

/// Returns whether a sign may stand in the alias of an organization or a new identity provider: no blank of ASCII, either.
pub(super) fn is_of_alias(sign: char) -> bool {
    !matches!(sign, '\t'..='\r' | ' ') && !RESERVED.contains(sign)
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
    /// Stored, and the second login of whoever it is about is answered by 500.
    BreakLogins,
    /// The server answers 500, or can never read the realm again.
    BreakRealm,
}

impl Others {
    /// Returns the words for it, and whether a manifest may not say it.
    pub(super) fn label(self) -> (&'static str, bool) {
        match self {
            Self::Refused => ("Keycloak would refuse it", true),
            Self::Unused => ("Keycloak would keep it and cannot use it", false),
            Self::BreakTokens => ("Keycloak would keep it, and answer no request for a token", false),
            Self::BreakLogins => ("Keycloak would keep it, and let nobody log in there a second time", true),
            Self::BreakRealm => ("Keycloak could not save or read the realm", true),
        }
    }
}

impl Form {
    pub(super) fn takes(self, text: &str) -> bool {
        match self {
            Self::Words(words) => words.contains(&text),
            Self::Integer => text.parse::<i32>().is_ok(),
            Self::Long => text.parse::<i64>().is_ok(),
            Self::Filter => text.trim().starts_with('(') && text.trim().ends_with(')'),
            Self::Span => text.trim().is_empty() || is_span(text, 0),
            Self::Interval => is_span(text, 1000),
        }
    }

    pub(super) fn help(self) -> (Code, String) {
        match self {
            Self::Words(words) => (Code::WrongForm, format!("it takes {}", words.join(", "))),
            Self::Integer | Self::Long => (Code::WrongNumber, "write a whole number".to_owned()),
            Self::Filter => (Code::WrongForm, "put it in parentheses: `(a=b)`".to_owned()),
            Self::Span | Self::Interval => {
                (Code::WrongTime, "write seconds, or a number with a unit: 30d, 12h, 5m, 10s".to_owned())
            }
        }
    }
}

/// Returns whether a text is a time span of at least so many milliseconds; those of ISO 8601 are taken as they come.
pub(super) fn is_span(text: &str, least: i64) -> bool {
    let text = text.to_lowercase();
    let digits = text.strip_prefix('+').unwrap_or(&text);
    let unit = digits.trim_start_matches(|it: char| it.is_ascii_digit());
    let factor = match unit {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return text.starts_with('p'),
    };
    let number = digits.strip_suffix(unit).and_then(|it| it.parse::<i64>().ok());
    number.is_some_and(|it| it.saturating_mul(factor) >= least)
}

#[cfg(test)]
mod tests {
    use super::Form;

    /// As 26.7.5 takes them for a step, and for a schedule.
    #[test]
    fn time_spans_are_what_keycloak_takes() {
        for (text, step, schedule) in [
            ("", true, false),
            (" ", true, false),
            ("0", true, false),
            ("0d", true, false),
            ("5", true, true),
            ("+5", true, true),
            ("007", true, true),
            ("1h", true, true),
            ("5D", true, true),
            ("10ms", true, false),
            ("P1D", true, true),
            ("p3dT4h", true, true),
            ("-5", false, false),
            ("5 d", false, false),
            ("5y", false, false),
            ("1w", false, false),
            ("1d12h", false, false),
            ("1.5d", false, false),
        ] {
            let takes = (Form::Span.takes(text), Form::Interval.takes(text));
            assert_eq!(takes, (step, schedule), "{text:?}");
        }
    }
}
