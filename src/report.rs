//! Values to text: what people and machines are shown. Never decides anything.

mod note;
pub mod safe;

pub use note::{Color, notes, notes_json};
