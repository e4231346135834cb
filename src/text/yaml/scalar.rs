//! Scalars: what the words of an unquoted value mean, and tags.

use super::{At, Composer, Note, ScalarStyle, Span, Tag, TreeIs};
use crate::text::Code;

impl Composer<'_> {
    pub(super) fn scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
        at: At,
    ) -> TreeIs {
        let Some(tag) = tag else {
            // The parser says `~` where nothing is written, so its word is the right one here too.
            return if style == ScalarStyle::Plain { resolve(value) } else { TreeIs::Text(value.into()) };
        };
        let resolved = resolve(value);
        let is_as_tagged = match (tag.core_suffix(), &resolved) {
            (Some("str"), _) => return TreeIs::Text(value.into()),
            // `! 12` is YAML for "this is text".
            (None, _) if tag.handle().is_empty() && tag.suffix() == "!" => return TreeIs::Text(value.into()),
            (Some("null"), TreeIs::Null)
            | (Some("bool"), TreeIs::Bool(_))
            | (Some("float"), TreeIs::Number(_)) => true,
            (Some("int"), TreeIs::Number(text)) => !text.contains(['.', 'e', 'E']),
            (Some("null" | "bool" | "float" | "int"), _) => false,
            _ => {
                self.note_tag(tag, span);
                return TreeIs::Text(value.into());
            }
        };
        if is_as_tagged {
            return resolved;
        }
        let title = format!("the value is not what its tag `{}` says", tag.original());
        self.notes.push(
            Note::error(Code::Tag, title, at, "does not fit the tag")
                .help("remove the tag, or correct the value"),
        );
        resolved
    }

    /// Notes a tag of a list or map unless it says what the node is anyway.
    pub(super) fn check_tag(&mut self, tag: Option<&Tag>, expected: &str, span: Span) {
        let Some(tag) = tag else { return };
        let is_plain = tag.handle().is_empty() && tag.suffix() == "!";
        if !is_plain && tag.core_suffix() != Some(expected) {
            self.note_tag(tag, span);
        }
    }

    fn note_tag(&mut self, tag: &Tag, span: Span) {
        let at = self.at(span.tag_span().unwrap_or(span));
        self.notes.push(
            Note::error(Code::Tag, format!("unsupported tag `{}`", tag.original()), at, "not known here")
                .help("remove the tag, or quote the value if the `!` belongs to it"),
        );
    }

    /// Returns the place of a scalar: a block scalar ends before the blank lines that follow it.
    pub(super) fn scalar_at(&self, at: At, style: ScalarStyle) -> At {
        if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return at;
        }
        let (start, end) = (at.start as usize, at.end as usize);
        let written = self.text.get(start..end).unwrap_or_default().trim_end();
        self.at_bytes(start, start + written.len())
    }
}

/// Resolves an unquoted scalar by YAML 1.2's core schema, less what JSON does not call a number.
fn resolve(value: &str) -> TreeIs {
    match value {
        "" | "~" | "null" | "Null" | "NULL" => TreeIs::Null,
        "true" | "True" | "TRUE" => TreeIs::Bool(true),
        "false" | "False" | "FALSE" => TreeIs::Bool(false),
        _ if is_number(value) => TreeIs::Number(value.into()),
        _ => TreeIs::Text(value.into()),
    }
}

/// Returns whether JSON would read the text as a number.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_digits = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(|it| is_digits(it.strip_prefix(['+', '-']).unwrap_or(it)))
}
