//! Values to text: what people and machines are shown. Never decides anything.

mod access_test;
mod apart;
mod asked;
mod difference;
#[cfg(test)]
mod fixture;
mod json;
mod junit;
mod natural;
mod note;
mod objects;
mod outcome;
pub mod safe;
mod text;
mod value;

pub use access_test::tests_text;
pub use asked::{
    Asked, Decisions, Language, Sheet, access_schema, answers_json, can_json, can_text, diff_json,
    matrix_csv, matrix_html, matrix_json, matrix_text, who_json, who_text, why_diagram, why_json, why_text,
};
pub use json::{
    Ending, drift_json, enveloped, failure_json, json_text, message_json, outcomes_json, plan_digest,
    plan_json, plans_json, report_schema, result_schema, several_json, tests_json,
};
pub use junit::tests_junit;
pub use note::{Color, notes, notes_count, notes_json};
pub use objects::{objects_json, objects_text};
pub use outcome::{Audit, Failure, Verification, outcomes_text};
pub use text::{Style, drift_text, impact_text, plan_text};

/// Returns a base URL without credentials in it and without its last slash.
fn server(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(it, path)| (it, Some(path)));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    match path {
        Some(path) => format!("{scheme}://{host}/{path}"),
        None => format!("{scheme}://{host}"),
    }
}
