//! The shape of a note.

use schemars::JsonSchema;

/// A finding about an input, with its place.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "exists for its schema: notes are written by `notes_json`")]
pub(in crate::report::json) struct NoteEntry {
    code: String,
    severity: SeverityName,
    message: String,
    label: Option<String>,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    help: Option<String>,
    related: Vec<RelatedPlace>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "exists for its schema: notes are written by `notes_json`")]
enum SeverityName {
    Error,
    Warning,
    Remark,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "exists for its schema: notes are written by `notes_json`")]
struct RelatedPlace {
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
}
