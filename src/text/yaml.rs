//! YAML (and JSON, which is YAML) to trees with places.
//!
//! The composer sits on a parser of events, so that scalars keep the text that was written, every key and
//! value has its place, and one run finds all problems of a file instead of the first.
//!
//! Choices that a reader of manifests can rely on:
//! - A number is what JSON calls a number, so that it can be sent as one; `0777`, `1_000`, `0x1F`, `+49`, `.5`
//!   and dates are text, and so are `yes`, `no`, `on` and `off`.
//! - An aliased value has the place of the alias (`*base`), everything inside it the place of its definition.
//! - Merged entries (`<<`) keep the place of their definition, follow the written ones, and never replace one.
//! - A document with a syntax error is left out; the documents before and after it are kept.
//! - Anchors cannot be used to make a small file huge: what aliases copy is counted.

mod map;
mod scalar;
mod syntax;

use crate::text::Code;
use std::collections::BTreeMap;

use serde_saphyr::granit_parser::{
    Event, Marker, Options, Parser, ScalarStyle, ScanError, Span, StrInput, StructureStyle, Tag,
};

use super::{At, Note, Tree, TreeIs, json, nearest};

/// How deep lists and maps may stand in each other, aliases followed.
const MAX_DEPTH: usize = 200;

/// How much aliases and anchors may copy in one file, in nodes (32 bytes of text count as one more).
const MAX_COPIED: usize = 2_000_000;

/// YAML wants a key's colon within 1,024 characters; JSON files know no such rule.
const MAX_KEY_LENGTH: usize = 65_536;

/// Parses all documents of a file; empty ones are skipped.
pub fn parse_yaml(file: u32, text: &str) -> (Vec<Tree>, Vec<Note>) {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.emit_anchor_events = true;
    options.emit_unresolved_aliases = true;
    options.simple_key_max_lookahead = MAX_KEY_LENGTH;
    let composer = Composer {
        file,
        text,
        parser: Parser::new_from_str_with_options(text, options),
        anchors: BTreeMap::new(),
        open_flows: Vec::new(),
        copied: 0,
        is_depth_noted: false,
        is_copied_noted: false,
        notes: Vec::new(),
    };
    composer.documents()
}

struct Composer<'t> {
    file: u32,
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    /// By the parser's number, which is never used twice in a file.
    anchors: BTreeMap<usize, Anchor<'t>>,
    /// Where the `[` and `{` stand that are not closed yet.
    open_flows: Vec<At>,
    copied: usize,
    is_depth_noted: bool,
    is_copied_noted: bool,
    notes: Vec<Note>,
}

struct Anchor<'t> {
    name: std::borrow::Cow<'t, str>,
    at: At,
    /// `None` until the node has ended: an alias inside its own anchor would never end.
    node: Option<Anchored>,
}

struct Anchored {
    is: TreeIs,
    weight: usize,
    height: usize,
}

impl<'t> Composer<'t> {
    fn documents(mut self) -> (Vec<Tree>, Vec<Note>) {
        let mut trees = Vec::new();
        loop {
            let composed = match self.parser.next_event() {
                None => break,
                Some(Ok((Event::DocumentStart(..), _))) => self.document(),
                Some(Ok(_)) => continue,
                Some(Err(error)) => Err(error),
            };
            match composed {
                Ok(tree) => trees.extend(tree),
                Err(error) => {
                    let note = syntax::note(self.file, self.text, &error, &self.open_flows);
                    // The parser has a limit of its own behind ours; one note says it.
                    if note.code == syntax::CODE || !self.is_depth_noted {
                        self.notes.push(note);
                    }
                    self.open_flows.clear();
                    // What follows a `---` is worth reading even so: its problems are found in the same run.
                    if !matches!(self.parser.proceed_next_document(), Ok(true)) {
                        break;
                    }
                }
            }
        }
        if self.is_broken_json() {
            trees.clear();
        }
        (trees, self.notes)
    }

    /// Says of broken JSON where it is mended, and returns whether it is: what YAML objects to may stand far from
    /// there.
    fn is_broken_json(&mut self) -> bool {
        let is_broken = self.notes.iter().any(|it| it.code == syntax::CODE);
        // To YAML a comment of JavaScript is a part of the key or value beside it.
        let may_comment = ["//", "/*"].iter().any(|it| self.text.contains(it));
        if !(is_broken || may_comment) || !json::syntax::is_meant(self.text) {
            return false;
        }
        let Some(note) = json::syntax::problem(self.file, self.text) else { return false };
        let at = note.marks.first().map_or(0, |it| it.at.start as usize);
        if is_broken || ["//", "/*"].iter().any(|it| self.text[at..].starts_with(it)) {
            self.notes.retain(|it| it.code != syntax::CODE);
            self.notes.push(note);
            return true;
        }
        false
    }

    /// Returns the root of a document, or `None` if nothing was written in it.
    fn document(&mut self) -> Result<Option<Tree>, ScanError> {
        let (event, span) = self.next()?;
        let at = self.at(span);
        let is_empty = matches!(event, Event::Scalar(..)) && at.start == at.end;
        let tree = self.node(event, span, 0)?;
        // A value with an error after it is no document: half of what was meant would be read.
        let (event, span) = self.next()?;
        if event != Event::DocumentEnd {
            return Err(ScanError::new(span.start, "the document should end here"));
        }
        Ok((!is_empty).then_some(tree))
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        // The parser closes everything that it opened, so the end of events inside a node is an error of its own.
        let end = Marker::new(0, 1, 0).with_byte_offset(Some(self.text.len()));
        self.parser.next_event().unwrap_or_else(|| Err(ScanError::new(end, "the file ends too early")))
    }

    fn at(&self, span: Span) -> At {
        let start = span.start.byte_offset().unwrap_or(0);
        let end = span.end.byte_offset().unwrap_or(start);
        self.at_bytes(start, end)
    }

    fn at_bytes(&self, start: usize, end: usize) -> At {
        let start = start.min(self.text.len());
        let end = end.clamp(start, self.text.len());
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        At { file: self.file, start: narrow(start), end: narrow(end) }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser may learn new events")]
    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Tree, ScanError> {
        let at = self.at(span);
        match event {
            Event::Alias(id) => Ok(self.alias(id, at, depth)),
            Event::UnresolvedAlias(name) => Ok(self.unknown_alias(&name, at)),
            Event::Scalar(value, style, anchor, tag) => {
                self.open_anchor(anchor)?;
                let at = self.scalar_at(at, style);
                let tree = Tree::new(at, self.scalar(&value, style, tag.as_deref(), span, at));
                self.close_anchor(anchor, &tree);
                Ok(tree)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.open_anchor(anchor)?;
                self.check_tag(tag.as_deref(), "seq", span);
                let tree = self.collection(at, style, depth, Self::list)?;
                self.close_anchor(anchor, &tree);
                Ok(tree)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.open_anchor(anchor)?;
                self.check_tag(tag.as_deref(), "map", span);
                let tree = self.collection(at, style, depth, Self::map)?;
                self.close_anchor(anchor, &tree);
                Ok(tree)
            }
            _ => Err(ScanError::new(span.start, "a value was expected here")),
        }
    }

    fn collection(
        &mut self,
        at: At,
        style: StructureStyle,
        depth: usize,
        compose: fn(&mut Self, At, usize) -> Result<Tree, ScanError>,
    ) -> Result<Tree, ScanError> {
        if depth >= MAX_DEPTH {
            self.note_depth(at);
            self.skip()?;
            return Ok(Tree::new(at, TreeIs::Null));
        }
        if style == StructureStyle::Block {
            return compose(self, at, depth + 1);
        }
        self.open_flows.push(at);
        let tree = compose(self, at, depth + 1)?;
        self.open_flows.pop();
        Ok(tree)
    }

    fn list(&mut self, start: At, depth: usize) -> Result<Tree, ScanError> {
        let mut items = Vec::new();
        let mut end = start.end;
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                // A block ends where its last item ends; only `]` is written.
                end = end.max(self.written_end(span));
                return Ok(Tree::new(At { end, ..start }, TreeIs::List(items)));
            }
            let item = self.node(event, span, depth)?;
            end = end.max(item.at.end);
            items.push(item);
        }
    }

    /// Returns the end of a closing bracket, or 0 where none is written.
    fn written_end(&self, span: Span) -> u32 {
        let at = self.at(span);
        if at.start < at.end { at.end } else { 0 }
    }

    /// Reads over the rest of a list or map whose start has been read.
    fn skip(&mut self) -> Result<(), ScanError> {
        let mut n_open = 1;
        while n_open > 0 {
            let (event, _) = self.next()?;
            if matches!(event, Event::SequenceStart(..) | Event::MappingStart(..)) {
                n_open += 1;
            } else if matches!(event, Event::SequenceEnd | Event::MappingEnd) {
                n_open -= 1;
            }
        }
        Ok(())
    }

    /// Takes the event that names an anchor, which follows its node at once.
    fn open_anchor(&mut self, id: usize) -> Result<(), ScanError> {
        if id == 0 {
            return Ok(());
        }
        let (event, span) = self.next()?;
        let Event::Anchor(_, name) = event else {
            return Err(ScanError::new(span.start, "an anchor without a name"));
        };
        let at = self.at(span);
        self.anchors.insert(id, Anchor { name, at, node: None });
        Ok(())
    }

    fn close_anchor(&mut self, id: usize, tree: &Tree) {
        if id == 0 {
            return;
        }
        let (weight, height) = measure(tree);
        let Some(at) = self.anchors.get(&id).map(|it| it.at) else { return };
        let is = if self.copy(weight, at) { tree.is.clone() } else { TreeIs::Null };
        if let Some(anchor) = self.anchors.get_mut(&id) {
            anchor.node = Some(Anchored { is, weight, height });
        }
    }

    fn alias(&mut self, id: usize, at: At, depth: usize) -> Tree {
        let null = Tree::new(at, TreeIs::Null);
        let Some(anchor) = self.anchors.get(&id) else { return null };
        let Some(node) = &anchor.node else {
            self.notes.push(
                Note::error(
                    syntax::CODE,
                    format!("anchor `{}` contains itself", anchor.name),
                    at,
                    "used inside",
                )
                .and(anchor.at, "the anchor begins here"),
            );
            return null;
        };
        let (weight, height) = (node.weight, node.height);
        if depth + height > MAX_DEPTH {
            self.note_depth(at);
            return null;
        }
        if !self.copy(weight, at) {
            return null;
        }
        // Looked up once more, for the limits above needed the whole composer.
        self.anchors.get(&id).and_then(|it| it.node.as_ref()).map_or(null, |it| Tree::new(at, it.is.clone()))
    }

    fn unknown_alias(&mut self, name: &str, at: At) -> Tree {
        let near = nearest(name, self.anchors.values().map(|it| &*it.name));
        let help = match near {
            Some(near) => format!("did you mean `*{near}`?"),
            None => format!(
                "if it is text, write `\"*{name}\"`; an anchor `&{name}` must stand before its alias in the same document"
            ),
        };
        let title = format!("there is no anchor `{name}`");
        self.notes.push(Note::error(syntax::CODE, title, at, "used here").help(help));
        Tree::new(at, TreeIs::Null)
    }

    /// Counts a copy, and tells whether it may be made.
    fn copy(&mut self, weight: usize, at: At) -> bool {
        self.copied = self.copied.saturating_add(weight);
        if self.copied <= MAX_COPIED {
            return true;
        }
        if !self.is_copied_noted {
            self.is_copied_noted = true;
            self.notes.push(
                Note::error(
                    Code::TooDeep,
                    "the anchors of this file expand too far",
                    at,
                    "the limit was reached here",
                )
                .help(format!("aliases may copy {MAX_COPIED} values in one file; split it")),
            );
        }
        false
    }

    fn note_depth(&mut self, at: At) {
        if self.is_depth_noted {
            return;
        }
        self.is_depth_noted = true;
        let title = format!("lists and maps are nested more than {MAX_DEPTH} deep");
        self.notes.push(Note::error(Code::TooDeep, title, at, "too deep from here on"));
    }
}

/// Returns the weight of a tree (see [`MAX_COPIED`]) and how many lists and maps it nests.
fn measure(tree: &Tree) -> (usize, usize) {
    let weigh = |text: &str| 1 + text.len() / 32;
    let inner: Vec<(usize, usize)> = match &tree.is {
        TreeIs::Null | TreeIs::Bool(_) => return (1, 0),
        TreeIs::Number(text) | TreeIs::Text(text) => return (weigh(text), 0),
        TreeIs::List(items) => items.iter().map(measure).collect(),
        TreeIs::Map(entries) => entries
            .iter()
            .map(|(key, value)| {
                let (weight, height) = measure(value);
                (weight + weigh(&key.name), height)
            })
            .collect(),
    };
    let weight = inner.iter().map(|(weight, _)| weight).sum::<usize>();
    let height = inner.iter().map(|(_, height)| *height).max().unwrap_or(0);
    (weight + 1, height + 1)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
