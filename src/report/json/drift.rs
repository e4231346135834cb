//! Drift as JSON: what is declared comes before, what Keycloak has after.

use std::collections::BTreeSet;

use serde_json::Value;

use super::shape::{
    ClassName, DriftCommand, DriftCounts, DriftDocument, DriftEntry, FormatVersion, LinkChange,
};
use super::{VERSION, is_complete, notes_of, refusal, source, target, to_value, values};
use crate::change::{Action, ConsentKey, Path};
use crate::plan::{Class, Drift, Plan};
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
            changed: count(Class::Changed),
            missing: count(Class::Missing),
            unexpected: count(Class::Unexpected),
            differs: count(Class::Differs),
            not_kept: count(Class::NotKept),
            pending: count(Class::Pending),
            leftover: count(Class::Leftover),
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
    let is_leftover = drift.class == Class::Leftover;
    let turned = |it: LinkChange| LinkChange { add: it.remove, remove: it.add };
    DriftEntry {
        address: drift.address.to_string(),
        kind: drift.address.kind().word,
        class: match drift.class {
            Class::Changed => ClassName::Changed,
            Class::Missing => ClassName::Missing,
            Class::Unexpected => ClassName::Unexpected,
            Class::Differs => ClassName::Differs,
            Class::NotKept => ClassName::NotKept,
            Class::Pending => ClassName::Pending,
            Class::Leftover => ClassName::Leftover,
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
