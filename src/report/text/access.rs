//! Who gains or loses what by a plan: one line per group of decisions, with the chain that causes it.

use super::{Page, counted, painted};
use crate::access::{AccessChange, ChangeOfAccess};
use crate::report::safe::one_line;

/// How many groups of decisions a text lists before it only counts; JSON has all.
const LINES: usize = 30;
/// How many personas or resources of a group a line names.
const NAMES: usize = 3;

pub(super) fn impact(page: &Page<'_>) -> Vec<String> {
    let Some(impact) = page.plan.access.as_ref().filter(|it| it.decisions > 0 && !page.plan.is_empty())
    else {
        return Vec::new();
    };
    let looked = format!(
        "{} of {}, each before and after",
        counted(impact.decisions, "decision"),
        counted(impact.personas, "persona")
    );
    let words =
        if impact.changes.is_empty() { format!("nobody gains or loses anything; {looked}") } else { looked };
    let mut out = vec![page.title("Access impact", &words)];
    out.extend(impact.changes.iter().take(LINES).flat_map(|it| group(page, it)));
    let more = impact.changes.len().saturating_sub(LINES);
    if more > 0 {
        out.push(format!("  {}", page.dim(&format!("… and {more} more groups of decisions"))));
    }
    if impact.undecided > 0 {
        out.push(format!(
            "  ? {} cannot be told from here afterwards",
            counted(impact.undecided, "decision")
        ));
    }
    out.extend(impact.notes.iter().map(|it| format!("  {}", page.dim(&one_line(it)))));
    out
}

fn group(page: &Page<'_>, change: &AccessChange) -> [String; 2] {
    let (word, style) = match change.change {
        ChangeOfAccess::Gained => ("gains", page.style.create),
        ChangeOfAccess::MaybeGained => ("may gain", page.style.create),
        ChangeOfAccess::Lost => ("loses", page.style.delete),
        ChangeOfAccess::MaybeLost => ("may lose", page.style.delete),
        ChangeOfAccess::Unknown => ("?", page.style.update),
    };
    let mut who = names(&change.personas);
    if change.undeclared > 0 {
        let others = counted(change.undeclared, "undeclared user");
        who = if who.is_empty() { others } else { format!("{who} and {others}") };
    }
    let scope = change.scope.as_deref().map_or_else(|| "access".to_owned(), one_line);
    let client = one_line(change.client.name());
    let on = names(&change.resources);
    let chain: Vec<String> = change.via.iter().map(|it| one_line(&it.text)).collect();
    let cause =
        change.cause.as_ref().map(|it| format!("   by {}", one_line(&it.to_string()))).unwrap_or_default();
    [
        format!("  {} {who}   {scope} on {on} of {client} ({})", painted(style, word), change.count),
        format!("      {}", page.dim(&format!("{}{cause}", chain.join(" > ")))),
    ]
}

fn names(all: &[String]) -> String {
    let shown: Vec<String> = all.iter().take(NAMES).map(|it| one_line(it)).collect();
    let more = all.len().saturating_sub(NAMES);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}
