//! Drift as text: a section per class, with what is declared before what Keycloak has.

use std::collections::BTreeSet;

use super::change::{Wish, address_width, head, updated};
use super::{Page, Style, counted, paragraphs, realm};
use crate::change::{Action, FieldChange, To, Why};
use crate::plan::{Class, Drift, Plan};
use crate::state::Address;
use crate::text::Files;

/// Of each class, so many are listed.
const ALL: usize = 200;

/// Renders drift; one line when there is none.
pub fn drift_text(plan: &Plan, drifts: &[Drift], files: &Files, style: &Style) -> String {
    let page = Page { plan, files, style };
    if drifts.is_empty() && plan.refusals.is_empty() {
        let unchanged = plan.summary().unchanged;
        return format!("{} is as declared ({}).\n", realm(&page), counted(unchanged, "object"));
    }
    let absent =
        plan.changes().iter().filter(|it| it.action == Action::Create).map(|it| &it.object).collect();
    let mut sections = vec![vec![format!("{} is not as declared", realm(&page))]];
    for (class, title, rest) in [
        (Class::Changed, "Changed", "in Keycloak since it was applied: as declared  ->  as it is"),
        (Class::Missing, "Missing", "applied once, and gone from Keycloak"),
        (Class::Unexpected, "Unexpected", "granted outside the manifests"),
        (Class::Pending, "Pending", "declared, and not applied yet: as it is  ->  as declared"),
        (Class::Leftover, "Leftover", "applied once, and declared no longer"),
    ] {
        sections.push(section(&page, drifts, &absent, class, title, rest));
    }
    sections.push(super::section::refused(&page));
    paragraphs(&sections)
}

fn section(
    page: &Page<'_>,
    drifts: &[Drift],
    absent: &BTreeSet<&Address>,
    class: Class,
    title: &str,
    rest: &str,
) -> Vec<String> {
    let of_class: Vec<&Drift> = drifts.iter().filter(|it| it.class == class).collect();
    if of_class.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![page.title(title, &format!("{} {rest}", counted(of_class.len(), "object")))];
    let to = address_width(of_class.iter().map(|it| &it.address));
    let more = of_class.len().saturating_sub(ALL);
    for drift in of_class.into_iter().take(ALL) {
        let action = match class {
            Class::Changed => Action::Update,
            Class::Missing => Action::Delete,
            Class::Unexpected | Class::Leftover => Action::Create,
            Class::Pending if absent.contains(&drift.address) => Action::Create,
            Class::Pending => Action::Update,
        };
        let at = plan_place(page, &drift.address);
        let held = drift.held_back.map(|it| format!("apply leaves it alone without --allow {it}"));
        let after: Vec<String> = at.into_iter().chain(held).collect();
        lines.push(head(page, action, &drift.address, to, &after.join(", ")));
        let wish = if class == Class::Pending { Wish::After } else { Wish::Before };
        let shown: Vec<FieldChange> = match wish {
            Wish::After => drift.fields.clone(),
            Wish::Before => drift.fields.iter().map(without_reason).collect(),
        };
        lines.extend(updated(page, &shown, &drift.address, None, wish));
    }
    lines.extend((more > 0).then(|| format!("  {}", page.dim(&format!("… and {more} more")))));
    lines
}

/// The section says why.
fn without_reason(field: &FieldChange) -> FieldChange {
    let why = if matches!(field.to, To::Links { .. }) { field.why.clone() } else { Why::ManifestChanged };
    FieldChange { why, ..field.clone() }
}

fn plan_place(page: &Page<'_>, address: &Address) -> Option<String> {
    page.place(page.plan.diff.desired.get(address)?.at)
}
