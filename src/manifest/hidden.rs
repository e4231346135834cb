//! Secrets in the text of a file, found by the names of their keys: by the look of the text alone, so also where it
//! cannot be parsed. In doubt too much is hidden.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::kind::names_a_secret;
use crate::text::{At, Files, Note};

const MASK: &str = "********";
/// What the keys begin with that say where a secret comes from, and what may stand beside them.
const FROM: &str = "from";
const BESIDE: &[&str] = &["version", "key", "field"];
/// Shorter pieces of a secret tell nothing.
const TELLING: usize = 4;

/// Keeps secrets out of what is shown of a file.
pub(super) fn hide_secrets(files: &mut Files, file: u32, text: &str) {
    let offset = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    for it in secrets(text) {
        files.hide(At { file, start: offset(it.start), end: offset(it.end) });
    }
}

/// Masks what notes quote of a secret that they point at.
pub(super) fn mask_quotes(notes: &mut [Note], file: u32, text: &str) {
    let mut hidden = None;
    for note in notes {
        for at in note.marks.iter().map(|it| it.at).filter(|it| it.file == file) {
            let (start, end) = (at.start as usize, at.end as usize);
            let hidden = hidden.get_or_insert_with(|| secrets(text));
            for secret in hidden.iter().filter(|it| it.start < end && start < it.end) {
                note.title = masked(&note.title, &text[secret.clone()]);
                note.help = note.help.take().map(|it| masked(&it, &text[secret.clone()]));
            }
        }
    }
}

/// Masks the pieces in backticks that are a part of a secret.
fn masked(words: &str, secret: &str) -> String {
    let is_part = |(at, it): (usize, &str)| {
        at % 2 == 1 && it.len() >= TELLING && secret.contains(it.trim_matches(['"', '\'', '&', '*']))
    };
    let piece = |(at, it)| if is_part((at, it)) { MASK } else { it };
    words.split('`').enumerate().map(piece).collect::<Vec<_>>().join("`")
}

/// Returns where secrets stand.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut scan =
        Scan { text, depth: 0, line: 0, seen: 0, extended: 0, hidden: Vec::new(), aliases: BTreeSet::new() };
    scan.keys();
    scan.anchors();
    scan.hidden
}

struct Scan<'t> {
    text: &'t str,
    /// How many brackets are open.
    depth: usize,
    /// Where the line begins in which `seen` is: of long lines nothing is looked at twice.
    line: usize,
    seen: usize,
    /// How far a text in quotes was hidden that closes too early.
    extended: usize,
    hidden: Vec<Range<usize>>,
    /// Of values that stand elsewhere.
    aliases: BTreeSet<&'t str>,
}

impl Scan<'_> {
    fn keys(&mut self) {
        let mut at = 0;
        // Whether a value may begin here, where alone a bracket is one.
        let mut begins = true;
        while let Some(it) = self.text[at..].chars().next() {
            if is_of_word(it) && it != '-' {
                (at, begins) = self.word(at);
                continue;
            }
            if it == '\n' && self.text[at + 1..].starts_with("---") {
                self.depth = 0;
            }
            match it {
                '{' | '[' if begins => self.depth += 1,
                '}' | ']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            begins = matches!(it, '\n' | ':' | ',' | '-' | '{' | '[') || (begins && it.is_whitespace());
            at += it.len_utf8();
        }
    }

    /// Hides the value of a word that is the name of a secret; returns where to go on, and whether a value may begin there.
    fn word(&mut self, start: usize) -> (usize, bool) {
        let end = self.end_of_word(start);
        let rest = &self.text[end..];
        let quoted = rest.starts_with(['"', '\'']);
        let rest = if quoted { &rest[1..] } else { rest };
        let next = rest.trim_start();
        let between = &rest[..rest.len() - next.len()];
        // A colon that was forgotten, or written as `=`.
        let is_forgotten = quoted && next.starts_with('"') && !between.contains('\n');
        let is_key = next.starts_with(':') || (next.starts_with('=') && !between.contains('\n'));
        if !(is_key || is_forgotten) || !names_a_secret(&self.text[start..end]) {
            return (end, false);
        }
        let value = self.text.len() - next.len() + usize::from(is_key);
        let line = self.line_start(start);
        let column = (start - line).saturating_sub(usize::from(quoted));
        self.value(value, column);
        // What was a value without its colon may be a key.
        if is_forgotten {
            return (end, false);
        }
        let end = self.hidden.last().map_or(value, |it| it.end.max(value));
        (end, end == value)
    }

    fn end_of_word(&self, start: usize) -> usize {
        self.text[start..].find(|it| !is_of_word(it)).map_or(self.text.len(), |it| start + it)
    }

    fn line_start(&mut self, at: usize) -> usize {
        if at < self.seen {
            return self.text[..at].rfind('\n').map_or(0, |it| it + 1);
        }
        self.line = self.text[self.seen..at].rfind('\n').map_or(self.line, |it| self.seen + it + 1);
        self.seen = at;
        self.line
    }

    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |it| at + it)
    }

    fn hide(&mut self, range: Range<usize>) {
        let written = self.text[range.clone()].trim_end();
        // What nothing but asterisks stand for is hidden already.
        if !written.trim_matches(['"', '\'', '*']).is_empty() {
            self.hidden.push(range.start..range.start + written.len());
        }
    }

    /// Hides the value of a key that stands in this column.
    fn value(&mut self, at: usize, column: usize) {
        let start = self.begin(at, column);
        let rest = &self.text[start..];
        match rest.chars().next() {
            // Maps say where a secret comes from.
            None | Some('{' | ',' | '}' | ']') => {}
            Some('\n') => self.items(start, column),
            Some('-') if rest[1..].starts_with(' ') => {
                let line = self.line_start(start);
                self.items(line, column);
            }
            Some(quote @ ('"' | '\'')) => self.quoted(start, quote),
            Some('[') => {
                let end = rest.find(']').map_or(self.text.len(), |it| start + it);
                let mut at = self.item(start + 1);
                while let Some(next) = self.source(at).filter(|it| *it <= end) {
                    at = self.item(next);
                }
                if at < end {
                    self.hide(at..end);
                    self.depth += 1;
                }
            }
            Some('|' | '>') if self.depth == 0 => self.block(start, column),
            Some(_) if self.depth == 0 => self.plain(start, column),
            Some(_) => {
                self.alias(start);
                self.hide(start..self.end_in_flow(start));
            }
        }
    }

    /// Returns where a value begins, behind its tag and anchor, and in a later line where that belongs to the key.
    fn begin(&self, at: usize, column: usize) -> usize {
        let mut start = self.blanks(at);
        while self.text[start..].starts_with(['!', '&']) {
            let end = self.text[start..].find([' ', '\n']).map_or(self.text.len(), |it| start + it);
            let next = self.blanks(end);
            if self.text[next..].trim_start().is_empty()
                || self.text[next..].starts_with([',', '}', ']', '\n'])
            {
                return start;
            }
            start = next;
        }
        if !self.text[start..].starts_with(['\n', '#']) {
            return start;
        }
        let mut line = self.line_end(start);
        while line < self.text.len() {
            let end = self.line_end(line + 1);
            let written = self.text[line + 1..end].trim();
            if written.is_empty() || written.starts_with('#') {
                line = end;
                continue;
            }
            let indent = self.indent(line + 1);
            let belongs =
                self.depth > 0 || indent > column || (indent == column && written.starts_with("- "));
            // A map says where a secret comes from.
            let is_value = self.depth > 0 || written.starts_with(['"', '\'', '-']) || !is_entry(written);
            return if belongs && is_value { line + 1 + indent } else { self.text.len() };
        }
        self.text.len()
    }

    fn blanks(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        at + rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len()
    }

    fn indent(&self, line: usize) -> usize {
        self.blanks(line) - line
    }

    /// Returns where an item of a list between brackets begins.
    fn item(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        at + rest.len() - rest.trim_start_matches(|it: char| it.is_whitespace() || it == ',').len()
    }

    /// Returns where a map, or an entry of one, ends that says where a secret comes from: its words are no secrets.
    fn source(&self, at: usize) -> Option<usize> {
        let line_end = self.line_end(at);
        let written = self.text[at..line_end].trim_start();
        let inner = written.strip_prefix('{').map_or(written, str::trim_start);
        let quote = inner.chars().next().filter(|it| matches!(it, '"' | '\''));
        let word = quote.map_or(inner, |it| &inner[it.len_utf8()..]);
        let rest = word.trim_start_matches(is_of_word);
        let name = &word[..word.len() - rest.len()];
        let is_key = match quote {
            Some(quote) => rest.strip_prefix(quote).is_some_and(|it| it.trim_start().starts_with(':')),
            None => {
                rest.strip_prefix(':').is_some_and(|it| it.is_empty() || it.starts_with(char::is_whitespace))
            }
        };
        if !is_key || !(name.starts_with(FROM) || BESIDE.contains(&name)) {
            return None;
        }
        let close = self.text[at..line_end].find('}').map(|it| at + it + 1);
        Some(close.unwrap_or(line_end))
    }

    /// Hides the items of a list, one a line.
    fn items(&mut self, line: usize, column: usize) {
        let mut line = line;
        let mut is_of_source = false;
        while line < self.text.len() {
            let end = self.line_end(line);
            let (indent, written) = (self.indent(line), self.text[line..end].trim());
            let is_item = written.starts_with("- ") && indent >= column;
            if !written.is_empty() && !is_item && indent <= column {
                break;
            }
            let start = (line + indent + if is_item { 2 } else { 0 }).min(end);
            let source = self.source(start);
            is_of_source = source.is_some() && (is_item || is_of_source);
            self.hide(source.filter(|_| is_of_source).unwrap_or(start)..end);
            line = end + 1;
        }
    }

    /// Hides a text in quotes, and what follows a quote that closes too early.
    fn quoted(&mut self, start: usize, quote: char) {
        let mut escaped = false;
        let close = self.text[start + 1..].char_indices().find_map(|(at, it)| match it {
            _ if escaped => {
                escaped = false;
                None
            }
            '\\' if quote == '"' => {
                escaped = true;
                None
            }
            _ => (it == quote).then_some(start + 1 + at + 1),
        });
        let Some(close) = close else {
            self.hide(start..self.text.len());
            return;
        };
        let next = &self.text[self.blanks(close)..];
        let is_closed = next.is_empty() || next.starts_with([',', '}', ']', '#', '\n']);
        if is_closed {
            self.hide(start..close);
        } else {
            if close >= self.extended {
                let line = self.line_end(close);
                self.extended = if self.depth > 0 { self.end_in_flow(close).min(line) } else { line };
                self.hide(close..self.extended);
            }
            self.hide(start..close);
        }
    }

    fn block(&mut self, start: usize, column: usize) {
        let first = self.line_end(start);
        let header = self.text[start + 1..first]
            .trim_start_matches(['+', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        let header = header.trim();
        if !header.is_empty() && !header.starts_with('#') {
            // Text does not begin in this line, but somebody wrote it there.
            self.hide(start..first);
        }
        self.lines(first + 1, |indent, line| {
            let has_tab = line.starts_with(char::is_whitespace) && line[..indent].contains('\t');
            let is_lost = !is_entry(line.trim()) && !line.trim().starts_with("- ") && line.trim() != "---";
            indent > column || has_tab || is_lost
        });
    }

    fn plain(&mut self, start: usize, column: usize) {
        self.alias(start);
        let first = self.line_end(start);
        self.hide(start..first);
        self.lines(first + 1, |indent, line| indent > column && !is_entry(line.trim()));
    }

    /// Hides lines as long as they belong to a value.
    fn lines(&mut self, from: usize, belongs: impl Fn(usize, &str) -> bool) {
        let mut line = from;
        while line < self.text.len() {
            let end = self.line_end(line);
            let (indent, written) = (self.indent(line), &self.text[line..end]);
            if !written.trim().is_empty() {
                if !belongs(indent.min(written.len()), written) {
                    break;
                }
                self.hide(line + indent..end);
            }
            line = end + 1;
        }
    }

    /// Returns where a text without quotes ends between brackets.
    fn end_in_flow(&self, start: usize) -> usize {
        let rest = &self.text[start..];
        let ends = |at: usize| {
            let next = rest[at + 1..].trim_start_matches([' ', '\t', '\r']);
            let is_spaced = rest[at + 1..].len() > next.len();
            is_spaced || next.is_empty() || next.starts_with([',', '}', ']', '\n', '"', '\''])
        };
        let mut signs = rest.match_indices([',', '}', ']']);
        signs.find(|(at, _)| ends(*at)).map_or(self.text.len(), |(at, _)| start + at)
    }

    fn alias(&mut self, start: usize) {
        if let Some(name) = self.text[start..].strip_prefix('*') {
            let end = name.find(|it: char| it.is_whitespace() || matches!(it, ',' | '}' | ']'));
            self.aliases.insert(&name[..end.unwrap_or(name.len())]);
        }
    }

    /// Hides what aliases stand for.
    fn anchors(&mut self) {
        let text = self.text;
        if self.aliases.is_empty() {
            return;
        }
        let mut done = 0;
        for (at, _) in text.match_indices('&') {
            if at < done {
                continue;
            }
            let end = text[at..].find(char::is_whitespace).map_or(text.len(), |it| at + it);
            if self.aliases.contains(&text[at + 1..end]) {
                // Whether brackets are open is not known any more: both give the end of the line at most.
                self.depth = 0;
                self.value(end, text.len());
                done = self.hidden.last().map_or(end, |it| it.end);
            }
        }
    }
}

fn is_of_word(it: char) -> bool {
    it.is_alphanumeric() || matches!(it, '.' | '_' | '-')
}

/// Returns whether a line is an entry of a map.
fn is_entry(line: &str) -> bool {
    line.ends_with(':') || line.contains(": ")
}

#[cfg(test)]
mod tests;
