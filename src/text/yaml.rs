//! YAML to trees.

use super::{Note, Tree};

/// Parses all documents of a file; empty ones are skipped.
pub fn parse_yaml(_file: u32, _text: &str) -> (Vec<Tree>, Vec<Note>) {
    (Vec::new(), Vec::new())
}
