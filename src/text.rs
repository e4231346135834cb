//! Source text: files, places in them, YAML trees, and notes about what was found.
//!
//! Knows no Keycloak. Everything that a person may be shown a place for starts here.

mod code;
mod file;
mod hex;
pub mod java_regex;
mod json;
mod named;
mod note;
mod reader;
mod regular;
mod signs;
mod span;
mod tree;
mod yaml;

pub use code::Code;
pub use file::{Excerpt, Files, Position};
pub use hex::hex;
pub use json::{json_of_tree, tree_of_json};
pub(crate) use named::named;
pub use note::{Mark, Note, Severity, near, nearest};
pub use reader::Reader;
pub use regular::{LARGEST_FILE, not_regular, read_regular, size};
pub use signs::shown;
pub use span::At;
pub use tree::{Key, Tree, TreeIs};
pub use yaml::parse_yaml;
