//! Syntax errors in words that help: the parser's own speak of tokens.

use crate::text::Code;
use serde_saphyr::granit_parser::{ErrorKind, ScanError};

use super::{At, MAX_DEPTH, Note};

/// The code of everything that is not valid YAML.
pub(super) const CODE: Code = Code::NotYaml;

/// Returns the note for a parser's error; `open_flows` are the brackets that were open at that time.
#[expect(clippy::wildcard_enum_match_arm, reason = "the parser may learn new errors")]
pub(super) fn note(file: u32, text: &str, error: &ScanError, open_flows: &[At]) -> Note {
    let offset = boundary(text, error.marker().byte_offset().unwrap_or(text.len()));
    let place = |start: usize, end: usize| {
        let narrow = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        At { file, start: narrow(start), end: narrow(end) }
    };
    let word = |start: usize| {
        let rest = &text[start..];
        let n_bytes = rest.find([' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        let n_bytes = n_bytes.max(rest.chars().next().map_or(0, char::len_utf8));
        place(start, start + boundary(rest, n_bytes.min(40)))
    };
    let one = |start: usize| place(start, start + text[start..].chars().next().map_or(0, char::len_utf8));
    let line = || {
        let (start, end) = line_of(text, offset);
        let written = &text[start..end];
        let indent = written.len() - written.trim_start().len();
        place(start + indent, start + written.trim_end().len().max(indent))
    };

    if let Some((start, end)) = conflict_marker(text, offset) {
        return Note::error(
            CODE,
            "a merge conflict is not resolved",
            place(start, end),
            "left by version control",
        )
        .help("choose one side and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`");
    }
    match error.kind() {
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => {
            let (start, end) = tab(text, offset).unwrap_or((offset, offset));
            Note::error(CODE, "a tab cannot indent YAML", place(start, end), "this is a tab")
                .help("indent with spaces")
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            Note::error(CODE, "a quote is not closed", one(offset), "opened here")
                .help("close it, or quote the whole value if the quote belongs to it")
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            Note::error(CODE, format!("`{open}` is not closed"), one(offset), "opened here")
                .help(format!("add the missing `{}`", closing(*open)))
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            Note::error(CODE, format!("`{open}` is closed by `{close}`"), one(offset), "opened here")
                .help(format!("close it with `{}`", closing(*open)))
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            Note::error(CODE, "a closing bracket without an opening one", one(offset), "nothing to close")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar => after_quote(text, offset, '\'', word(offset), one)
            .help("close quotes on their line, and write a quote inside single quotes twice (`'it''s'`)"),
        ErrorKind::InvalidTrailingDoubleQuotedScalar => after_quote(text, offset, '"', word(offset), one)
            .help("close quotes on their line, and write a quote inside double quotes as `\\\"`"),
        ErrorKind::MappingValueNotAllowed => colon(text, offset, one(offset), line()),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            Note::error(CODE, "a key without a colon", line(), "expected `key: value`")
                .help("write `key: value`, with a space after the colon")
        }
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::InvalidFlowScalarIndent => Note::error(
            CODE,
            "a line does not fit the lines above it",
            line(),
            "neither key nor item of them",
        )
        .help("keys of one map start in the same column, and so do the `-` of one list"),
        ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::BlockEntryInFlowCollection
        | ErrorKind::InvalidBlockEntryWhitespace => {
            Note::error(CODE, "a list item cannot stand here", word(offset), "unexpected `-`")
                .help("begin the list on a line of its own, or quote text that begins with `-`")
        }
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::FlowMappingValueAdjacentCollection => {
            let note =
                Note::error(CODE, "a comma or a closing bracket is missing", one(offset), "unexpected here");
            let note = match open_flows.last() {
                Some(open) => note.and(*open, "inside this"),
                None => note,
            };
            note.help("separate entries by exactly one comma, and close every `[` and `{`")
        }
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            let title = format!("the character U+{:04X} cannot be written as it is", u32::from(*character));
            Note::error(CODE, title, one(offset), "invisible character")
                .help(format!("remove it, or write `\"\\x{:02x}\"` in double quotes", u32::from(*character)))
        }
        ErrorKind::UnexpectedCharacter { character } => {
            let title = format!("a value cannot begin with `{character}`");
            Note::error(CODE, title, word(offset), "needs quotes").help("put the value in quotes")
        }
        ErrorKind::BomInsideDocument => {
            Note::error(CODE, "a byte-order mark inside the document", one(offset), "invisible character")
                .help("remove it; it may only stand at the start of a file")
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            Note::error(CODE, "unknown escape in double quotes", word(offset), "in this text")
                .help("write a backslash as `\\\\`, or use single quotes, which know no escapes")
        }
        ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => {
            Note::error(CODE, "an escape is no Unicode character", word(offset), "in this text")
                .help("write `\\uXXXX` with four hexadecimal digits, and surrogates in pairs")
        }
        ErrorKind::MissingAnchorOrAliasName => {
            let at = text[..offset].rfind(['*', '&']).filter(|_| !text[offset..].starts_with(['*', '&']));
            let at = at.unwrap_or(offset);
            let written = sign_and_rest(&text[at..]);
            let what = if written.starts_with('*') { "an alias" } else { "an anchor" };
            let title = format!("`{written}` without quotes is {what} without a name");
            let end = at + written.len();
            Note::error(CODE, title, place(at, end), "needs quotes").help(format!("write `\"{written}\"`"))
        }
        ErrorKind::InvalidBlockScalarHeader | ErrorKind::ZeroBlockScalarIndent => Note::error(
            CODE,
            "text cannot begin on the line of `|` or `>`",
            word(offset),
            "block text starts here",
        )
        .help("write the text on the next line, indented; or quote the value"),
        ErrorKind::MappingKeyNotAllowed => {
            Note::error(CODE, "a key cannot stand here", word(offset), "unexpected")
                .help("quote text that begins with `?`")
        }
        ErrorKind::UnsupportedYamlMajorVersion => {
            Note::error(CODE, "unsupported YAML version", line(), "only YAML 1 is read")
        }
        ErrorKind::InvalidDocumentEnd => {
            Note::error(CODE, "text after the end of a document", word(offset), "unexpected")
                .help("only `---` or a comment may follow `...`")
        }
        ErrorKind::UndeclaredTagHandle
        | ErrorKind::UnclosedVerbatimTag
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::MissingTagUri
        | ErrorKind::InvalidGlobalTagCharacter => {
            Note::error(CODE, "a tag that is not valid", word(offset), "read as a tag")
                .help("quote text that begins with `!`")
        }
        ErrorKind::RecursionLimitExceeded => {
            let title = format!("lists and maps are nested more than {MAX_DEPTH} deep");
            Note::error(Code::TooDeep, title, one(offset), "too deep from here on")
        }
        other => Note::error(CODE, "this is not valid YAML", word(offset), other.to_string()),
    }
}

/// Says that text follows a closing quote, and where the quote began if that was in a line above.
fn after_quote(text: &str, offset: usize, quote: char, at: At, one: impl Fn(usize) -> At) -> Note {
    let note = Note::error(CODE, "text after a closing quote", at, "the quoted text ended before this");
    let closed = text[..offset].rfind(quote);
    let opened = closed.and_then(|it| text[..it].rfind(quote));
    match opened {
        Some(opened) if text[opened..offset].contains('\n') => note.and(one(opened), "it began here"),
        _ => note,
    }
}

/// Says what is probably wrong with a colon that cannot stand where it does.
fn colon(text: &str, offset: usize, at: At, line_at: At) -> Note {
    let (start, _) = line_of(text, offset);
    let before = &text[start..offset];
    if before.contains(": ") {
        return Note::error(CODE, "a second colon in one line", at, "unexpected `:`")
            .help("quote the value if the colon belongs to it");
    }
    let above = text[..start].trim_end();
    let (above_start, _) = line_of(text, above.len());
    let above = text[above_start..].lines().next().unwrap_or_default().trim();
    let note = Note::error(CODE, "a key cannot stand here", line_at, "read as part of the value above");
    match above.split_once(':') {
        Some((_, value)) if !value.is_empty() && !value.starts_with(' ') => {
            note.help("put a space after the colon in the line above")
        }
        Some((_, value)) if !value.trim().is_empty() => {
            note.help("indent it like the key above, or quote the value if the line belongs to it")
        }
        _ => note.help("check the indentation of this line and of the line above"),
    }
}

/// Returns the first run of tabs in the indentation at or after the line of an offset.
fn tab(text: &str, offset: usize) -> Option<(usize, usize)> {
    let (mut start, _) = line_of(text, offset);
    for line in text[start..].split_inclusive('\n') {
        let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        if let Some(column) = indent.find('\t') {
            let n_tabs = indent[column..].bytes().take_while(|byte| *byte == b'\t').count();
            return Some((start + column, start + column + n_tabs));
        }
        start += line.len();
    }
    None
}

/// Returns the line that begins a merge conflict at or before the line of an offset, if there is one.
fn conflict_marker(text: &str, offset: usize) -> Option<(usize, usize)> {
    let (_, end) = line_of(text, offset);
    let marker = "<<<<<<< ";
    let start = match text[..end].rfind("\n<<<<<<< ") {
        Some(line_break) => line_break + 1,
        None if text[..end].starts_with(marker) => 0,
        None => return None,
    };
    let (_, end) = line_of(text, start);
    Some((start, start + text[start..end].trim_end().len()))
}

/// Returns start and end of the line of an offset, without its line break.
fn line_of(text: &str, offset: usize) -> (usize, usize) {
    let start = text[..offset].rfind('\n').map_or(0, |it| it + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |it| offset + it);
    (start, end)
}

fn boundary(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|it| text.is_char_boundary(*it)).unwrap_or(0)
}

/// Returns the word that begins with a sign, up to what ends it in a list or map.
fn sign_and_rest(text: &str) -> &str {
    let end = text.find([' ', '\t', '\r', '\n', ',', ']', '}']).unwrap_or(text.len());
    &text[..end]
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}
