//! The files of one run, so that a place can be shown.

use super::At;

/// All source files of one run; an [`At`] points into it.
#[derive(Debug, Default)]
pub struct Files {
    files: Vec<(String, String)>,
}

/// Line and column, both from 1; columns count characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

impl Files {
    /// Adds a file and returns its number for [`At::file`].
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> u32 {
        self.files.push((name.into(), text.into()));
        u32::try_from(self.files.len() - 1).expect("a run reads fewer than four billion files")
    }

    /// Replaces a place by asterisks of the same length, for what must never be shown.
    pub fn hide(&mut self, at: At) {
        let Some((_, text)) = self.files.get_mut(at.file as usize) else { return };
        let (start, end) = (at.start as usize, at.end as usize);
        if let Some(written) = text.get(start..end) {
            let hidden: String = written
                .bytes()
                .map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { '*' })
                .collect();
            text.replace_range(start..end, &hidden);
        }
    }

    pub fn name(&self, file: u32) -> Option<&str> {
        self.files.get(file as usize).map(|(name, _)| name.as_str())
    }

    pub fn text(&self, file: u32) -> Option<&str> {
        self.files.get(file as usize).map(|(_, text)| text.as_str())
    }

    /// Returns line and column of a place, or `None` for what the server said.
    pub fn position(&self, at: At) -> Option<Position> {
        let (file, text) = self.files.get(at.file as usize)?;
        let before = text.get(..at.start as usize).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Some(Position { file: file.clone(), line, column })
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
