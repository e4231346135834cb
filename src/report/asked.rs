//! Answers to questions about access: who may, may this one, why, and all of it as a table.
//!
//! Written for readers who have never seen Keycloak: short sentences, every link, and where each object is declared.

mod diagram;
mod folded;
mod html;
mod json;
mod matrix;
mod table;
mod who;
mod why;
mod words;

pub use diagram::{Language, why_diagram};
pub use html::matrix_html;
pub use json::{access_schema, answers_json, can_json, diff_json, who_json, why_json};
pub use matrix::{Decisions, Sheet, matrix_csv, matrix_json};
pub use table::matrix_text;
pub use who::{can_text, who_text};
pub use why::why_text;

use super::safe::one_line;
use super::text::{Style, through};
use crate::access::{Step, Ways, administration};
use crate::state::Address;

/// What a question is about.
pub struct Asked<'a> {
    pub realm: &'a str,
    pub client: &'a Address,
    pub resource: &'a str,
    /// Nothing asks for the resource as a whole.
    pub scope: Option<&'a str>,
    /// The clients through which is asked; empty where that makes no difference.
    pub through: Ways,
    /// Through how many clients it was looked; nothing where people come by none.
    pub clients: usize,
    /// Where an object is declared, as `file:line`.
    pub place: &'a dyn Fn(&Address) -> Option<String>,
    pub style: Style,
}

impl Asked<'_> {
    /// Returns what one does to what is asked for.
    fn verb(&self) -> &'static str {
        if self.scope.is_some() && *self.client != administration() { "do" } else { "use" }
    }

    /// Returns what is asked for, as `` `view` on `Eric space` of client `demo` through app ``.
    fn what(&self) -> String {
        if let Some(role) = self.scope.filter(|_| *self.client == administration()) {
            return format!("`{}` of this realm's administration", one_line(role));
        }
        let through = match (self.through.ways.is_empty(), self.clients) {
            (true, 2..) => format!(" through each of {} clients", self.clients),
            _ => through(&self.through, &self.style),
        };
        let on =
            format!("`{}` of client `{}`{through}", one_line(self.resource), one_line(self.client.name()));
        match self.scope {
            Some(scope) => format!("`{}` on {on}", one_line(scope)),
            None => on,
        }
    }
}

/// Returns one link of a chain; policies and permissions are named.
pub(super) fn link(step: &Step) -> String {
    let text = match (step.rule(), step.text.split_once(' ')) {
        (Some(address), Some((word, rest))) if !step.text.contains(address.name()) => {
            format!("{word} `{}` {rest}", address.name())
        }
        _ => step.text.clone(),
    };
    one_line(&text)
}

fn chain(steps: &[Step]) -> String {
    steps.iter().map(link).collect::<Vec<_>>().join(" > ")
}

#[cfg(test)]
#[expect(clippy::needless_raw_string_hashes, reason = "snapbox writes them")]
mod tests;
