//! What became of a plan, as text: a line per change, and one last line that an audit can keep.

use schemars::JsonSchema;
use serde::Serialize;

use super::json::plan_digest;
use super::natural;
use super::safe::one_line;
use super::text::{Style, action_symbol, counted, folded, painted};
use crate::change::{Action, Change};
use crate::plan::{Ended, Outcome, Plan};
use crate::state::Address;
use crate::text::Note;

/// Up to so many outcomes are all shown; of more, only deletes and those that are not done.
const ALL: usize = 20;

/// Everything about an apply beside its outcomes.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Who applied, as the server knows the credential.
    pub subject: Option<String>,
    /// The commit of the manifests.
    pub commit: Option<String>,
    pub requests: usize,
    pub seconds: f64,
    pub verification: Verification,
    /// Why it ended early.
    pub failure: Option<Failure>,
}

/// Why a command could not do its work, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// One word, such as `input` or `network`.
    pub class: &'static str,
    pub message: String,
}

/// Whether a new plan after the apply is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// It is, except for what is held back.
    Clean {
        held_back: usize,
    },
    Differs {
        still: Vec<Address>,
    },
    /// Reading the realm again failed.
    Failed {
        message: String,
    },
    NotDone,
}

// How many outcomes ended how; done ones by action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct OutcomeCounts {
    pub(super) create: usize,
    pub(super) update: usize,
    pub(super) delete: usize,
    pub(super) adopt: usize,
    pub(super) forget: usize,
    /// Was as wished when apply looked.
    pub(super) already_done: usize,
    pub(super) skipped: usize,
    pub(super) failed: usize,
    pub(super) not_started: usize,
}

pub(super) fn count(outcomes: &[Outcome]) -> OutcomeCounts {
    let mut counts = OutcomeCounts::default();
    for outcome in outcomes {
        let one = match (&outcome.ended, outcome.action) {
            (Ended::Done, Action::Create) => &mut counts.create,
            (Ended::Done, Action::Update) => &mut counts.update,
            (Ended::Done, Action::Delete) => &mut counts.delete,
            (Ended::Done, Action::Adopt) => &mut counts.adopt,
            (Ended::Done, Action::Forget) => &mut counts.forget,
            (Ended::AlreadyDone, _) => &mut counts.already_done,
            (Ended::Skipped { .. }, _) => &mut counts.skipped,
            (Ended::Failed { .. }, _) => &mut counts.failed,
            (Ended::NotStarted, _) => &mut counts.not_started,
        };
        *one += 1;
    }
    counts
}

/// Renders what became of a plan.
pub fn outcomes_text(plan: &Plan, outcomes: &[Outcome], audit: &Audit, style: &Style) -> String {
    let counts = count(outcomes);
    let is_short = style.full || outcomes.len() <= ALL;
    let mut lines = vec![format!("{}   {}", painted(style.title, "Applied"), summary(&counts))];
    lines.extend(
        outcomes
            .iter()
            .filter(|it| is_short || is_shown(it))
            .flat_map(|it| [line(it, style)].into_iter().chain(mends(plan, it))),
    );
    lines.extend(verification_lines(&audit.verification));
    lines.push(String::new());
    let folded = lines.iter().flat_map(|it| folded(it, style.width, "      "));
    // The last line is one for whoever keeps it.
    let all: Vec<String> = folded.chain([audit_line(plan, &counts, audit)]).collect();
    all.join("\n") + "\n"
}

fn is_shown(outcome: &Outcome) -> bool {
    outcome.action == Action::Delete || !matches!(outcome.ended, Ended::Done | Ended::AlreadyDone)
}

fn line(outcome: &Outcome, style: &Style) -> String {
    let address = one_line(&outcome.address.to_string());
    let (symbol, rest) = match &outcome.ended {
        Ended::Done => (action_symbol(style, outcome.action), String::new()),
        Ended::AlreadyDone => (action_symbol(style, outcome.action), "   was so already".to_owned()),
        Ended::Skipped { because } => {
            ("?".to_owned(), format!("   skipped, because {} failed", one_line(&because.to_string())))
        }
        Ended::Failed { message } => {
            let message = painted(style.delete, &format!("failed: {}", one_line(message)));
            (painted(style.refuse, "x"), format!("   {message}"))
        }
        Ended::NotStarted => ("?".to_owned(), "   not started".to_owned()),
    };
    format!("  {symbol} {address}{rest}")
}

/// What the plan said beforehand of values that were refused now.
fn mends(plan: &Plan, outcome: &Outcome) -> Vec<String> {
    let failed = |it: &&Change| matches!(outcome.ended, Ended::Failed { .. }) && it.object == outcome.address;
    let Some(change) = plan.changes().iter().find(failed) else { return Vec::new() };
    let is_sent = |note: &&Note| {
        let at = note.marks.first().map(|it| it.at).filter(|it| !it.is_server());
        at.is_some_and(|at| change.fields.iter().any(|it| at.is_within(it.at)))
    };
    let helps = plan.diff.notes.iter().filter(is_sent).filter_map(|it| it.help.as_ref());
    helps.map(|it| format!("      help: {}", one_line(it))).collect()
}

/// Returns "1 created, 2 updated; 1 failed".
fn summary(counts: &OutcomeCounts) -> String {
    let part = |count: usize, word: &str| (count > 0).then(|| format!("{count} {word}"));
    let joined = |parts: &[Option<String>]| parts.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    let done = joined(&[
        part(counts.create, "created"),
        part(counts.update, "updated"),
        part(counts.delete, "deleted"),
        part(counts.adopt, "adopted"),
        part(counts.forget, "forgotten"),
        part(counts.already_done, "already so"),
    ]);
    let rest = joined(&[
        part(counts.failed, "failed"),
        part(counts.skipped, "skipped"),
        part(counts.not_started, "not started"),
    ]);
    match (done.is_empty(), rest.is_empty()) {
        (true, true) => "nothing".to_owned(),
        (true, false) => format!("nothing; {rest}"),
        (false, true) => done,
        (false, false) => format!("{done}; {rest}"),
    }
}

fn verification_lines(verification: &Verification) -> Vec<String> {
    match verification {
        Verification::Differs { still } => {
            let mut lines = vec![String::new(), "Still differs after the apply".to_owned()];
            lines.extend(
                natural::by_name(still).into_iter().map(|it| format!("  ~ {}", one_line(&it.to_string()))),
            );
            lines
        }
        Verification::Clean { .. } | Verification::Failed { .. } | Verification::NotDone => Vec::new(),
    }
}

/// One line that says it all: who, what, from where, how much, and whether it holds.
fn audit_line(plan: &Plan, counts: &OutcomeCounts, audit: &Audit) -> String {
    let digest = plan_digest(plan);
    let short: String = digest.chars().take("sha256:".len() + 12).collect();
    let consents: Vec<String> = plan.allowed.iter().map(|(key, count)| format!("{key}={count}")).collect();
    let verified = match &audit.verification {
        Verification::Clean { held_back: 0 } => "verified: a new plan is empty".to_owned(),
        Verification::Clean { held_back } => {
            format!("verified: a new plan is empty, {} held back", counted(*held_back, "difference"))
        }
        Verification::Differs { still } => format!("not as planned: {} still differ", still.len()),
        Verification::Failed { message } => format!("not verified: {}", one_line(message)),
        Verification::NotDone => "not verified".to_owned(),
    };
    let parts = [
        Some(format!("realm {} at {}", one_line(&plan.realm), one_line(&super::server(&plan.server)))),
        audit.subject.as_ref().map(|it| format!("by {}", one_line(it))),
        audit.commit.as_ref().map(|it| format!("commit {}", one_line(it))),
        Some(format!("plan {short}")),
        Some(summary(counts)),
        (!consents.is_empty()).then(|| format!("consents {}", consents.join(" "))),
        Some(format!("{} in {:.1} s", counted(audit.requests, "request"), audit.seconds)),
        Some(verified),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
#[expect(clippy::needless_raw_string_hashes, reason = "snapbox writes them")]
mod tests;
