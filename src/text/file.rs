//! The files of one run, so that a place can be shown.

use std::ops::Range;
use std::sync::OnceLock;

use super::At;

/// What stands in the place of what must not be shown, however long that is.
const MASK: &str = "********";

/// All source files of one run; an [`At`] points into it.
#[derive(Debug, Default)]
pub struct Files {
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    name: String,
    /// What must not be shown is asterisks in it, as many as it had bytes, so that places stay.
    text: String,
    /// What must not be shown: in order, and no two in one place. None goes beyond a line.
    hidden: Vec<Range<usize>>,
    /// Made when the first place is asked for.
    index: OnceLock<Index>,
}

/// How places are found without reading a file from its start, or a very long line.
#[derive(Debug)]
struct Index {
    /// Where lines begin.
    lines: Vec<usize>,
    /// The characters before each block.
    characters: Vec<usize>,
    /// How much is hidden before each hidden place.
    hidden: Vec<usize>,
}

/// Bytes of a block; within one, characters are counted each time.
const BLOCK: usize = 1024;

/// Line and column, both from 1; columns count characters of the line as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

/// A part of a file as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    pub text: String,
    /// Where it begins in the file.
    from: usize,
    hidden: Vec<Range<usize>>,
}

impl Excerpt {
    /// Returns where in the shown text a place of the file stands.
    pub fn offset(&self, at: usize) -> usize {
        let mut shown = at.saturating_sub(self.from);
        for hidden in self.hidden.iter().filter(|it| it.start < at) {
            // Inside of what is hidden there are no places.
            shown = shown + MASK.len() - (hidden.end.min(at) - hidden.start);
        }
        shown.min(self.text.len())
    }
}

impl Files {
    /// Adds a file and returns its number for [`At::file`].
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> u32 {
        let (name, text) = (name.into(), text.into());
        self.files.push(File { name, text, hidden: Vec::new(), index: OnceLock::new() });
        u32::try_from(self.files.len() - 1).expect("a run reads fewer than four billion files")
    }

    /// Hides a place: what stands there is never shown, nor how long it is.
    pub fn hide(&mut self, at: At) {
        let Some(file) = self.files.get_mut(at.file as usize) else { return };
        let (start, end) = (at.start as usize, at.end as usize);
        let Some(written) = file.text.get(start..end) else { return };
        let is_end = |it: u8| matches!(it, b'\n' | b'\r');
        let stars: String = written.bytes().map(|it| if is_end(it) { char::from(it) } else { '*' }).collect();
        file.text.replace_range(start..end, &stars);
        file.index = OnceLock::new();
        let mut from = start;
        for line in stars.split_inclusive(['\n', '\r']) {
            let stars = from..from + line.trim_end_matches(['\n', '\r']).len();
            from += line.len();
            if !stars.is_empty() {
                file.hide(stars);
            }
        }
    }

    pub fn name(&self, file: u32) -> Option<&str> {
        self.files.get(file as usize).map(|it| it.name.as_str())
    }

    /// Returns a text whose places are those of the file. What is hidden is asterisks; show an [`Excerpt`].
    pub fn text(&self, file: u32) -> Option<&str> {
        self.files.get(file as usize).map(|it| it.text.as_str())
    }

    /// Returns a part of a file as it may be shown.
    pub fn excerpt(&self, file: u32, range: Range<usize>) -> Option<Excerpt> {
        let file = self.files.get(file as usize)?;
        let part = file.text.get(range.clone())?;
        let first = file.hidden.partition_point(|it| it.end <= range.start);
        let inside = |it: &Range<usize>| it.start.max(range.start)..it.end.min(range.end);
        let hidden: Vec<Range<usize>> =
            file.hidden[first..].iter().take_while(|it| it.start < range.end).map(inside).collect();
        let mut text = part.to_owned();
        for it in hidden.iter().rev() {
            text.replace_range(it.start - range.start..it.end - range.start, MASK);
        }
        Some(Excerpt { text, from: range.start, hidden })
    }

    /// Returns line and column of a place, or `None` for what the server said.
    pub fn position(&self, at: At) -> Option<Position> {
        let file = self.files.get(at.file as usize)?;
        let offset = (at.start as usize).min(file.text.len());
        let index = file.index.get_or_init(|| Index::of(file));
        let line = index.lines.partition_point(|it| *it <= offset);
        let column = file.shown(index, index.lines[line - 1]..offset) + 1;
        Some(Position { file: file.name.clone(), line, column })
    }
}

impl File {
    fn hide(&mut self, range: Range<usize>) {
        let from = self.hidden.partition_point(|it| it.end < range.start);
        let to = self.hidden.partition_point(|it| it.start <= range.end);
        let touched = &self.hidden[from..to.max(from)];
        let start = touched.first().map_or(range.start, |it| it.start.min(range.start));
        let end = touched.last().map_or(range.end, |it| it.end.max(range.end));
        self.hidden.splice(from..to.max(from), std::iter::once(start..end));
    }

    /// Returns how many characters a part has as it is shown.
    fn shown(&self, index: &Index, range: Range<usize>) -> usize {
        let before = |it: usize| {
            let block = it / BLOCK;
            index.characters[block] + characters(&self.text.as_bytes()[block * BLOCK..it])
        };
        let from = self.hidden.partition_point(|it| it.end <= range.start);
        let to = self.hidden.partition_point(|it| it.start < range.end);
        // What is hidden goes beyond no line, but a place may be within it.
        let beyond = self.hidden[from..to].last().map_or(0, |it| it.end.saturating_sub(range.end));
        let hidden = index.hidden[to] - index.hidden[from] - beyond;
        before(range.end) - before(range.start) - hidden + (to - from) * MASK.len()
    }
}

impl Index {
    fn of(file: &File) -> Self {
        let bytes = file.text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(_, it)| **it == b'\n').map(|(at, _)| at + 1);
        let sums = |of: &mut dyn Iterator<Item = usize>| {
            let mut sum = 0;
            let mut out = vec![0];
            out.extend(of.map(|it| {
                sum += it;
                sum
            }));
            out
        };
        Self {
            lines: std::iter::once(0).chain(ends).collect(),
            characters: sums(&mut bytes.chunks(BLOCK).map(characters)),
            hidden: sums(&mut file.hidden.iter().map(Range::len)),
        }
    }
}

/// Returns how many characters begin in a part of a text.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|it| **it & 0xC0 != 0x80).count()
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: { secret: hush, x: 1 }\nkey: |\n  line one\n  two\nz: é1\n";

    fn files() -> Files {
        let mut files = Files::default();
        let file = files.add("a.yaml", TEXT);
        for hidden in ["hush", "hush", "line one\n  two"] {
            let start = TEXT.find(hidden).expect("in the text");
            let at = |it: usize| u32::try_from(it).expect("short");
            files.hide(At { file, start: at(start), end: at(start + hidden.len()) });
        }
        files
    }

    #[test]
    fn what_is_hidden_has_one_width() {
        let shown = files().excerpt(0, 0..TEXT.len()).expect("a part of the file");
        assert_eq!(shown.text, "a: { secret: ********, x: 1 }\nkey: |\n  ********\n********\nz: é1\n");
        for (written, offset) in [("a:", 0), ("hush", 13), (", x", 21), ("key", 30), ("z:", 57)] {
            let at = TEXT.find(written).expect("in the text");
            assert_eq!(shown.offset(at), offset, "{written}");
        }
    }

    #[test]
    fn a_place_on_a_very_long_line_is_where_reading_the_line_says() {
        let mut files = Files::default();
        let text = format!("first\n{}", "é: secret, ".repeat(2 * BLOCK));
        let file = files.add("a.yaml", text.as_str());
        let at = |it: usize| u32::try_from(it).expect("short");
        for (start, hidden) in text.match_indices("secret").step_by(3) {
            files.hide(At { file, start: at(start), end: at(start + hidden.len()) });
        }
        for (start, _) in text.match_indices([',', ':', 'e']).step_by(97) {
            let read = files.excerpt(file, 6.min(start)..start).expect("a part of the file");
            let is = files.position(At { file, start: at(start), end: at(start) }).expect("a place");
            assert_eq!((is.line, is.column), (if start < 6 { 1 } else { 2 }, read.text.chars().count() + 1));
        }
    }

    #[test]
    fn columns_are_those_of_the_shown_line() {
        let files = files();
        for (written, line, column) in
            [("a:", 1, 1), ("hush", 1, 14), ("x: 1", 1, 24), ("two", 4, 9), ("1\n", 5, 5)]
        {
            let at = u32::try_from(TEXT.rfind(written).expect("in the text")).expect("short");
            let is = files.position(At { file: 0, start: at, end: at }).expect("a place");
            assert_eq!((is.line, is.column), (line, column), "{written}");
        }
        assert_eq!(files.position(At { file: 0, start: 999, end: 999 }).map(|it| it.line), Some(6));
        assert_eq!(files.position(At::SERVER), None);
    }
}
