//! Drift as JSON: what is declared comes before, what Keycloak has after.

use std::collections::BTreeSet;

use serde_json::Value;

use super::shape::{
    ClassName, DriftCommand, DriftCounts, DriftDocument, DriftEntry, FormatVersion, LinkChange,
};
use super::{VERSION, is_complete, notes_of, refusal, source, target, to_value, values};
use crate::change::{Action, ConsentKey, Path};
use crate::plan::{Drift, DriftClass, Plan};
use crate::state::Address;
use crate::text::{Files, Note};

/// Returns drift as JSON.
pub fn drift_json(plan: &Plan, drifts: &[Drift], files: &Files) -> Value {
    let absent: BTreeSet<&Address> =
        plan.changes().iter().filter(|it| it.action == Action::Create).map(|it| &it.object).collect();
    let count = |class| drifts.iter().filter(|it| it.class == class).count();
    to_value(&DriftDocument {
        format_version: FormatVersion::One,
        realmwright_version: VERSION,
        command: DriftCommand::Drift,
        target: target(plan),
        drifted: !drifts.is_empty(),
        complete: is_complete(plan),
        summary: DriftCounts {
            changed: count(DriftClass::Changed),
            missing: count(DriftClass::Missing),
            unexpected: count(DriftClass::Unexpected),
            differs: count(DriftClass::Differs),
            not_kept: count(DriftClass::NotKept),
            pending: count(DriftClass::Pending),
            leftover: count(DriftClass::Leftover),
        },
        resource_drift: drifts
            .iter()
            .map(|it| entry(plan, it, absent.contains(&it.address), files))
            .collect(),
        refusals: plan.refusals.iter().map(|it| refusal(it, files)).collect(),
        warnings: notes_of(plan, files, |it| !it.is_error()),
        errors: notes_of(plan, files, Note::is_error),
    })
}

fn entry(plan: &Plan, drift: &Drift, is_absent: bool, files: &Files) -> DriftEntry {
    let values = values::of_fields(&drift.fields);
    let is_leftover = drift.class == DriftClass::Leftover;
    let turned = |it: LinkChange| LinkChange { add: it.remove, remove: it.add };
    DriftEntry {
        address: drift.address.to_string(),
        kind: drift.address.kind().word,
        class: match drift.class {
            DriftClass::Changed => ClassName::Changed,
            DriftClass::Missing => ClassName::Missing,
            DriftClass::Unexpected => ClassName::Unexpected,
            DriftClass::Differs => ClassName::Differs,
            DriftClass::NotKept => ClassName::NotKept,
            DriftClass::Pending => ClassName::Pending,
            DriftClass::Leftover => ClassName::Leftover,
        },
        source: plan.diff.desired.get(&drift.address).and_then(|it| source(files, it.at)),
        paths: values.paths.into_iter().chain(drift.left.iter().map(Path::pointer)).collect(),
        before: values.after.filter(|_| !is_leftover),
        after: values.before.filter(|_| !is_absent),
        before_sensitive: values.after_sensitive,
        after_sensitive: values.before_sensitive,
        links: values.links.into_iter().map(|(field, it)| (field, turned(it))).collect(),
        held_back: drift.held_back.map(ConsentKey::name),
    }
}
