//! The last lines of a text: what becomes of the plan, and the counts once more.

use super::{Page, counted, counts, painted};
use crate::access::ChangeOfAccess;
use crate::text::Severity;

/// Says whether the plan can be applied, and how much it does.
pub(super) fn plan(page: &Page<'_>) -> Vec<String> {
    let mut out = vec![page.title("Verdict", &verdict(page))];
    out.push(format!("  {}", counts(&page.plan.summary())));
    out.extend(access(page).map(|it| format!("  {it}")));
    out
}

fn verdict(page: &Page<'_>) -> String {
    let (plan, style) = (page.plan, page.style);
    let errors = plan.diff.notes.iter().filter(|it| it.severity == Severity::Error).count();
    let mut against: Vec<String> = Vec::new();
    against.extend((errors > 0).then(|| counted(errors, "error")));
    against.extend((!plan.refusals.is_empty()).then(|| counted(plan.refusals.len(), "refusal")));
    if !against.is_empty() {
        return painted(style.refuse, &format!("apply would write nothing: {}", against.join(", ")));
    }
    let flags: Vec<String> =
        plan.missing_consents().map(|it| format!("--allow {}={}", it.key.name(), it.count)).collect();
    if !flags.is_empty() {
        return painted(style.update, &format!("apply needs your consent: {}", flags.join(" ")));
    }
    painted(style.create, "can be applied")
}

/// Returns "5 decisions gained, 1 may be lost" where any is.
fn access(page: &Page<'_>) -> Option<String> {
    let impact = page.plan.access.as_ref()?;
    let of = |change, words: &str| {
        let count = impact.count(change);
        (count > 0).then(|| format!("{count} {words}"))
    };
    let counts: Vec<String> = [
        of(ChangeOfAccess::Gained, "gained"),
        of(ChangeOfAccess::MaybeGained, "may be gained"),
        of(ChangeOfAccess::Lost, "lost"),
        of(ChangeOfAccess::MaybeLost, "may be lost"),
        of(ChangeOfAccess::Unknown, "cannot be told"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let decisions = (!counts.is_empty()).then(|| format!("access decisions: {}", counts.join(", ")));
    let people = |gained: bool| -> usize {
        let of = impact.administration.iter().filter(|it| it.change.is_gain() == gained);
        of.map(|it| it.personas.len() + it.undeclared).sum()
    };
    let words = [(people(true), "gain"), (people(false), "lose")].into_iter().filter(|it| it.0 > 0);
    let words: Vec<String> = words.map(|(count, word)| format!("{count} {word}")).collect();
    let administration = (!words.is_empty()).then(|| format!("administration: {}", words.join(", ")));
    let both: Vec<String> = decisions.into_iter().chain(administration).collect();
    (!both.is_empty()).then(|| both.join("; "))
}
