//! What became of a plan, as JSON.

use serde_json::Value;

use super::shape::{
    ApplyCommand, ApplyDocument, AuditEntry, FailureEntry, FormatVersion, OutcomeEntry, ResultName,
    VerificationEntry, VerificationName,
};
use super::{VERSION, notes_of, plan_digest, target, to_value, values};
use crate::plan::{Ended, Outcome, Plan};
use crate::report::outcome::{Audit, Verification, count};
use crate::text::{Files, Note};

/// Returns what became of a plan as JSON.
pub fn outcomes_json(plan: &Plan, outcomes: &[Outcome], audit: &Audit, files: &Files) -> Value {
    to_value(&ApplyDocument {
        format_version: FormatVersion::One,
        realmwright_version: VERSION,
        command: ApplyCommand::Apply,
        plan_digest: plan_digest(plan),
        target: target(plan),
        summary: count(outcomes),
        outcomes: outcomes.iter().map(entry).collect(),
        verification: verification(&audit.verification),
        failure: audit
            .failure
            .as_ref()
            .map(|it| FailureEntry { class: it.class.to_owned(), message: it.message.clone() }),
        audit: AuditEntry {
            subject: audit.subject.clone(),
            commit: audit.commit.clone(),
            consents: plan.allowed.iter().map(|(key, count)| (key.name().to_owned(), *count)).collect(),
            requests: audit.requests,
            seconds: audit.seconds,
        },
        warnings: notes_of(plan, files, |it| !it.is_error()),
        errors: notes_of(plan, files, Note::is_error),
    })
}

fn entry(outcome: &Outcome) -> OutcomeEntry {
    let (result, because, message) = match &outcome.ended {
        Ended::Done => (ResultName::Done, None, None),
        Ended::AlreadyDone => (ResultName::AlreadyDone, None, None),
        Ended::Skipped { because } => (ResultName::Skipped, Some(because.to_string()), None),
        Ended::Failed { message } => (ResultName::Failed, None, Some(message.clone())),
        Ended::NotStarted => (ResultName::NotStarted, None, None),
    };
    OutcomeEntry {
        address: outcome.address.to_string(),
        action: values::action(outcome.action),
        result,
        because,
        message,
    }
}

fn verification(verification: &Verification) -> VerificationEntry {
    let (result, still_differ, message) = match verification {
        Verification::Clean { .. } => (VerificationName::Clean, Vec::new(), None),
        Verification::Differs { still } => {
            (VerificationName::Differs, still.iter().map(ToString::to_string).collect(), None)
        }
        Verification::Failed { message } => (VerificationName::Failed, Vec::new(), Some(message.clone())),
        Verification::NotDone => (VerificationName::NotDone, Vec::new(), None),
    };
    VerificationEntry { result, still_differ, message }
}
