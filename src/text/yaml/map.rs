//! Maps: keys, duplicates and merges.

use crate::text::Code;
use std::collections::{BTreeMap, BTreeSet};

use super::{At, Composer, Event, Note, ScalarStyle, ScanError, Span, Tree, TreeIs, syntax};
use crate::text::{Key, Severity};

enum KeyIs {
    Name(Box<str>),
    /// An unquoted `<<`.
    Merge,
    /// Noted already; its value is read and dropped.
    Unusable,
}

impl<'t> Composer<'t> {
    pub(super) fn map(&mut self, start: At, depth: usize) -> Result<Tree, ScanError> {
        let mut entries = Vec::new();
        let mut merges: Vec<(At, Tree)> = Vec::new();
        let mut end = start.end;
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                end = end.max(self.written_end(span));
                break;
            }
            let (key_at, key) = self.key(event, span, depth)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth)?;
            end = end.max(key_at.end).max(value.at.end);
            match key {
                KeyIs::Name(name) => entries.push((Key { at: key_at, name }, value)),
                KeyIs::Merge => {
                    if let Some((first, _)) = merges.first() {
                        self.notes.push(
                            duplicate("<<", *first, key_at)
                                .help("merge several maps with one list: `<<: [*a, *b]`"),
                        );
                    }
                    merges.push((key_at, value));
                }
                KeyIs::Unusable => {}
            }
        }
        self.drop_duplicates(&mut entries);
        if !merges.is_empty() {
            self.merge(&mut entries, merges);
        }
        Ok(Tree::new(At { end, ..start }, TreeIs::Map(entries)))
    }

    fn key(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<(At, KeyIs), ScanError> {
        let is_plain = matches!(event, Event::Scalar(_, ScalarStyle::Plain, _, None));
        let text = if let Event::Scalar(value, ..) = &event { Some(value.clone()) } else { None };
        let at = self.at(span);
        let before = (at.start as usize).saturating_sub(1);
        let is_template = self.text.get(before..).is_some_and(|it| it.starts_with("{{"));
        let tree = self.node(event, span, depth)?;
        let key = match (&tree.is, text) {
            (TreeIs::Text(_), Some(text)) if is_plain && text == "<<" => KeyIs::Merge,
            // The key `1.0` or `true` is the text that was written; an alias brings the text of its anchor.
            (TreeIs::Text(_) | TreeIs::Number(_) | TreeIs::Bool(_), Some(text)) => KeyIs::Name(text.into()),
            (TreeIs::Text(_) | TreeIs::Number(_) | TreeIs::Bool(_), None) => {
                KeyIs::Name(tree.scalar().unwrap_or_default().into())
            }
            (TreeIs::Null, text) => {
                // Only what stands in the file is a null key; an alias that failed has its note.
                if text.is_some() {
                    self.notes.push(
                        Note::error(
                            Code::KeyNotText,
                            "a key must be text, this one is null",
                            tree.at,
                            "not text",
                        )
                        .help("write the key before the colon, in quotes if it is the word `null` or `~`"),
                    );
                }
                KeyIs::Unusable
            }
            (TreeIs::List(_) | TreeIs::Map(_), _) => {
                let title = format!("a key must be text, this one is {}", tree.what());
                let help = if is_template {
                    "quote a value that begins with `{{`"
                } else {
                    "quote the key, or check for a bracket too many"
                };
                self.notes.push(Note::error(Code::KeyNotText, title, tree.at, "not text").help(help));
                KeyIs::Unusable
            }
        };
        Ok((tree.at, key))
    }

    /// Keeps the first of equal keys and notes every other one.
    fn drop_duplicates(&mut self, entries: &mut Vec<(Key, Tree)>) {
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by_key(|index| (&entries[*index].0.name, *index));
        let mut repeated = BTreeMap::new();
        let mut first = 0;
        for index in order {
            let (key, first_key) = (&entries[index].0, &entries[first].0);
            if index == first || key.name != first_key.name {
                first = index;
                continue;
            }
            let mut note = duplicate(&key.name, first_key.at, key.at);
            // Said twice and not two things: harmless, and found in files that other tools write.
            if same(&entries[index].1, &entries[first].1) {
                note.severity = Severity::Warning;
                note = note.help("take one of the two out");
            }
            repeated.insert(index, note);
        }
        if repeated.is_empty() {
            return;
        }
        let mut index = 0;
        entries.retain(|_| {
            index += 1;
            !repeated.contains_key(&(index - 1))
        });
        self.notes.extend(repeated.into_values());
    }

    /// Adds what `<<` names: a written key wins over a merged one, an earlier map over a later one.
    fn merge(&mut self, entries: &mut Vec<(Key, Tree)>, merges: Vec<(At, Tree)>) {
        let mut taken: BTreeSet<Box<str>> = entries.iter().map(|(key, _)| key.name.clone()).collect();
        for (at, source) in merges {
            let sources = match source.is {
                TreeIs::List(items) => items,
                TreeIs::Map(_) | TreeIs::Null | TreeIs::Bool(_) | TreeIs::Number(_) | TreeIs::Text(_) => {
                    vec![source]
                }
            };
            for source in sources {
                let TreeIs::Map(merged) = source.is else {
                    let title = format!("`<<` merges maps, this is {}", source.what());
                    self.notes.push(
                        Note::error(syntax::CODE, title, source.at, "not a map")
                            .and(at, "merged by this key")
                            .help("write `<<: *anchor` or `<<: [*one, *two]`; quote `\"<<\"` to use it as a name"),
                    );
                    continue;
                };
                entries.extend(merged.into_iter().filter(|(key, _)| taken.insert(key.name.clone())));
            }
        }
    }
}

fn duplicate(name: &str, first: At, again: At) -> Note {
    Note::error(
        Code::DuplicateKey,
        format!("key `{name}` stands twice in one map"),
        again,
        "written again here",
    )
    .and(first, "written first here")
}

/// Whether two values were written alike, wherever they stand.
fn same(a: &Tree, b: &Tree) -> bool {
    match (&a.is, &b.is) {
        (TreeIs::List(a), TreeIs::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (TreeIs::Map(a), TreeIs::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0.name == b.0.name && same(&a.1, &b.1))
        }
        (TreeIs::Null, TreeIs::Null) => true,
        (TreeIs::Bool(a), TreeIs::Bool(b)) => a == b,
        (TreeIs::Number(a), TreeIs::Number(b)) | (TreeIs::Text(a), TreeIs::Text(b)) => a == b,
        _ => false,
    }
}
