//! A plan and a drift as text for people. The layout is not a contract; JSON is.
//!
//! Symbols carry the meaning, so that nothing is lost without color. No value is cut, and lists are folded only
//! where objects are alike in everything but their names.

mod access;
mod access_test;
mod alike;
mod change;
mod columns;
mod difference;
mod drift;
mod field;
mod moved;
mod section;
mod style;
mod verdict;

pub use access::impact_text;
pub(super) use access::through;
pub(super) use columns::{folded, padded, width};
pub use drift::drift_text;
pub use style::Style;
pub(super) use style::painted;

use super::safe::one_line;
use crate::change::Action;
use crate::plan::{Plan, Summary};
use crate::text::{At, Files};

/// What every part of one text needs.
#[derive(Clone, Copy)]
struct Page<'a> {
    plan: &'a Plan,
    files: &'a Files,
    style: &'a Style,
}

impl Page<'_> {
    /// Returns `file:line` of a place; nothing for what the server said.
    fn place(&self, at: At) -> Option<String> {
        self.files.position(at).map(|it| one_line(&it.to_string()))
    }

    fn title(&self, title: &str, rest: &str) -> String {
        format!("{}   {rest}", painted(self.style.title, title))
    }

    fn dim(&self, text: &str) -> String {
        painted(self.style.dim, text)
    }
}

/// Returns the symbol of an action in its color.
pub(super) fn action_symbol(style: &Style, action: Action) -> String {
    painted(style.of_action(action), change::symbol(action))
}

/// Renders a plan: what will be done, then what a reader must know beside it, each only where there is some.
pub fn plan_text(plan: &Plan, files: &Files, style: &Style) -> String {
    let page = Page { plan, files, style };
    let mut sections: Vec<Vec<String>> = Vec::new();
    let has_errors = plan.has_errors();
    let is_clean = plan.is_empty() && plan.refusals.is_empty() && !has_errors;
    if is_clean {
        sections.push(vec![as_declared(&page)]);
    } else {
        sections.push(vec![heading(&page)]);
        sections.push(change::changes(&page));
        sections.push(access::impact(&page));
        sections.push(access_test::tests(&page));
    }
    sections.extend(section::all(&page));
    if !is_clean {
        sections.push(verdict::plan(&page));
    }
    paragraphs(style, &sections)
}

/// Joins sections by empty lines, folded to the width of the text; empty ones are left out.
fn paragraphs(style: &Style, sections: &[Vec<String>]) -> String {
    let mut text = String::new();
    for section in sections.iter().filter(|it| !it.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        for line in section {
            let indent = line.len() - line.trim_start_matches(' ').len();
            for folded in folded(line, style.width, &" ".repeat(indent + 4)) {
                text.push_str(&folded);
                text.push('\n');
            }
        }
    }
    text
}

fn realm(page: &Page<'_>) -> String {
    let plan = page.plan;
    let server = super::server(&plan.server);
    let server = server.strip_prefix("https://").unwrap_or(&server).to_owned();
    format!(
        "realm {} at {} (Keycloak {})",
        one_line(&plan.realm),
        one_line(&server),
        one_line(&plan.keycloak)
    )
}

fn heading(page: &Page<'_>) -> String {
    let realm = painted(page.style.title, &realm(page));
    if page.plan.exists { realm } else { format!("{realm} does not exist yet and will be created") }
}

fn as_declared(page: &Page<'_>) -> String {
    let unchanged = page.plan.summary().unchanged;
    let but = match page.plan.diff.held_back.len() {
        0 => String::new(),
        count => format!(", except for {} held back", counted(count, "difference")),
    };
    format!("{} is as declared ({}){but}.", realm(page), counted(unchanged, "object"))
}

/// Returns "1 to create, 2 to update; 211 as declared; 37 not managed here".
fn counts(summary: &Summary) -> String {
    let part = |count: usize, words: &str| (count > 0).then(|| format!("{count} {words}"));
    let to_do: Vec<String> = [
        part(summary.create, "to create"),
        part(summary.update, "to update"),
        part(summary.delete, "to delete"),
        part(summary.adopt, "to adopt"),
        part(summary.forget, "to forget"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let to_do = if to_do.is_empty() { "none".to_owned() } else { to_do.join(", ") };
    let rest = [
        part(summary.held_back, "held back"),
        Some(format!("{} as declared", summary.unchanged)),
        part(summary.unmanaged, "not managed here"),
    ];
    [Some(to_do)].into_iter().chain(rest).flatten().collect::<Vec<_>>().join("; ")
}

/// Returns names in words, not more than so many: "and 1 more" is no shorter than the name.
pub(super) fn few(all: &[String], most: usize) -> String {
    let shown = if all.len() <= most.saturating_add(1) { all.len() } else { most };
    let named = all[..shown].join(", ");
    if shown < all.len() { format!("{named} and {} more", all.len() - shown) } else { named }
}

/// Returns "1 link", "3 links", "2 policies".
pub(super) fn counted(count: usize, word: &str) -> String {
    if count == 1 {
        return format!("1 {word}");
    }
    match word.strip_suffix('y') {
        Some(stem) => format!("{count} {stem}ies"),
        None if word.ends_with('s') => format!("{count} {word}"),
        None => format!("{count} {word}s"),
    }
}

#[cfg(test)]
#[expect(clippy::needless_raw_string_hashes, reason = "snapbox writes them")]
mod tests;
