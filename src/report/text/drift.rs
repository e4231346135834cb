//! Drift as text: a section per class, with what is declared before what Keycloak has.

use std::collections::BTreeSet;

use super::alike::{Entry, lines};
use super::change::{address_width, head};
use super::field::{LEFT, Wish, updated};
use super::{Page, Style, counted, one_line, painted, paragraphs, realm};
use crate::change::{Action, FieldChange, To, Why};
use crate::diff::Memory;
use crate::kind;
use crate::plan::{self, Drift, DriftClass, DriftVerdict, Plan};
use crate::report::natural;
use crate::state::Address;
use crate::text::Files;

/// Renders drift; one line when there is none.
pub fn drift_text(plan: &Plan, drifts: &[Drift], files: &Files, style: &Style) -> String {
    let page = Page { plan, files, style };
    let compared = plan.summary().unchanged;
    let is = plan::verdict(plan, drifts);
    let head = match is {
        DriftVerdict::Clean => format!("{} is as declared ({}).", realm(&page), counted(compared, "object")),
        DriftVerdict::Drifted => format!("{} is not as declared", realm(&page)),
        DriftVerdict::Incomplete => format!("{} could not be compared as a whole", realm(&page)),
    };
    let absent =
        plan.changes().iter().filter(|it| it.action == Action::Create).map(|it| &it.object).collect();
    let mut sections = vec![vec![head]];
    for (class, title, rest) in [
        (DriftClass::Changed, "Changed", "in Keycloak since it was applied: as declared  ->  as it is"),
        (DriftClass::Missing, "Missing", "applied once, and gone from Keycloak"),
        (DriftClass::Unexpected, "Unexpected", "granted outside the manifests"),
        (DriftClass::Differs, "Differs", "from what is declared: as declared  ->  as it is"),
        (
            DriftClass::NotKept,
            "Not kept",
            "applied without an error, and not kept by the server: as declared  ->  as it is",
        ),
        (DriftClass::Pending, "Pending", "declared, and not applied yet: as it is  ->  as declared"),
        (DriftClass::Leftover, "Leftover", "applied once, and declared no longer"),
    ] {
        sections.push(section(&page, drifts, &absent, class, title, rest));
    }
    if let Some(more) = more_with_memory(plan, drifts) {
        sections.push(vec![more.to_owned()]);
    }
    sections.push(super::section::refused(&page));
    if is != DriftVerdict::Clean {
        sections.push(verdict(&page, drifts, is));
    }
    paragraphs(style, &sections)
}

/// Whoever sees what differs and not why is told what would tell it.
fn more_with_memory(plan: &Plan, drifts: &[Drift]) -> Option<&'static str> {
    if !drifts.iter().any(|it| it.class == DriftClass::Differs) {
        return None;
    }
    match plan.diff.memory {
        Memory::NoOwner => Some(
            "With an owner (`owner:` in the project file, or --owner) a drift tells what changed in Keycloak from what was never applied.",
        ),
        Memory::NoLedger => {
            Some("No apply of this owner is recorded in the realm, so nobody can tell who moved.")
        }
        Memory::Ledger => None,
    }
}

fn section(
    page: &Page<'_>,
    drifts: &[Drift],
    absent: &BTreeSet<&Address>,
    class: DriftClass,
    title: &str,
    rest: &str,
) -> Vec<String> {
    let mut of_class: Vec<&Drift> = drifts.iter().filter(|it| it.class == class).collect();
    if of_class.is_empty() {
        return Vec::new();
    }
    of_class.sort_by(|a, b| natural::compare(&a.address, &b.address));
    let to = address_width(page, of_class.iter().map(|it| &it.address));
    let entries: Vec<Entry<'_>> = of_class
        .iter()
        .map(|drift| {
            let action = match class {
                DriftClass::Missing => Action::Delete,
                DriftClass::Differs | DriftClass::NotKept if absent.contains(&drift.address) => {
                    Action::Delete
                }
                DriftClass::Leftover if !drift.left.is_empty() || !drift.fields.is_empty() => Action::Update,
                DriftClass::Changed | DriftClass::Differs | DriftClass::NotKept => Action::Update,
                DriftClass::Unexpected | DriftClass::Leftover => Action::Create,
                DriftClass::Pending if absent.contains(&drift.address) => Action::Create,
                DriftClass::Pending => Action::Update,
            };
            let at = plan_place(page, &drift.address);
            let held = drift.held_back.map(|it| format!("apply leaves it alone without --allow {it}"));
            let is_left =
                kind::keeps_closed(&drift.address) || drift.fields.iter().any(|it| it.why == Why::KeptClosed);
            let left = is_left.then(|| LEFT.to_owned());
            let after: Vec<String> = at.into_iter().chain(left).chain(held).collect();
            let mut lines = vec![head(page, action, &drift.address, to, &after.join(", "))];
            let wish = if class == DriftClass::Pending { Wish::After } else { Wish::Before };
            let shown: Vec<FieldChange> = match wish {
                Wish::After => drift.fields.clone(),
                Wish::Before => drift.fields.iter().map(without_reason).collect(),
            };
            lines.extend(updated(page, &shown, &drift.address, None, wish));
            lines.extend(drift.left.iter().map(|it| format!("      {}", one_line(&it.to_string()))));
            let is_plain = drift.fields.is_empty()
                && drift.left.is_empty()
                && drift.held_back.is_none()
                && class != DriftClass::Unexpected;
            Entry { address: &drift.address, lines, alike: is_plain.then(String::new) }
        })
        .collect();
    let mut out = vec![page.title(title, &format!("{} {rest}", counted(of_class.len(), "object")))];
    out.extend(lines(page, &entries));
    out
}

/// The section says why.
fn without_reason(field: &FieldChange) -> FieldChange {
    let why = if matches!(field.to, To::Links { .. }) { field.why.clone() } else { Why::ManifestChanged };
    FieldChange { why, ..field.clone() }
}

/// The counts once more, at the end.
fn verdict(page: &Page<'_>, drifts: &[Drift], is: DriftVerdict) -> Vec<String> {
    let of = |class| drifts.iter().filter(|it| it.class == class).count();
    let counts: Vec<String> = [
        (DriftClass::Changed, "changed"),
        (DriftClass::Missing, "missing"),
        (DriftClass::Unexpected, "unexpected"),
        (DriftClass::Differs, "different"),
        (DriftClass::NotKept, "not kept"),
        (DriftClass::Pending, "pending"),
        (DriftClass::Leftover, "leftover"),
    ]
    .into_iter()
    .map(|(class, word)| (of(class), word))
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let refused = &page.plan.refusals;
    let refused = (!refused.is_empty()).then(|| counted(refused.len(), "refusal"));
    let parts: Vec<String> = counts.into_iter().chain(refused).collect();
    let what = if is == DriftVerdict::Incomplete { "not compared as a whole" } else { "not as declared" };
    let text = [what.to_owned()].into_iter().chain((!parts.is_empty()).then(|| parts.join(", ")));
    let text = text.collect::<Vec<_>>().join(": ");
    vec![page.title("Verdict", &painted(page.style.refuse, &text))]
}

fn plan_place(page: &Page<'_>, address: &Address) -> Option<String> {
    page.place(page.plan.diff.desired.get(address)?.at)
}
