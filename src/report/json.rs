//! Plans and drift as JSON: terraform-shaped, versioned, and without any secret.
//!
//! Values are exact and never cut; [`json_text`] keeps what a terminal would obey out of the bytes.

mod access;
mod access_test;
mod drift;
mod envelope;
mod outcome;
mod shape;
mod values;

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub(super) use access::{
    AccessDomain, AccessEntry, AdministrationEntry, ThroughEntry, administration, domain, entry, link,
    through,
};
pub use access_test::tests_json;
pub use drift::drift_json;
pub use envelope::{Ending, enveloped, message_json, result_schema};
pub use outcome::outcomes_json;

pub(super) use self::shape::FormatVersion;
use self::shape::{
    CascadeEntry, ClosingEntry, ConsentEntry, Counts, Document, FailureDocument, FailureEntry, FateName,
    FieldPlace, GuardEntry, GuardVerdict, HeldBack, Left, PlanCommand, PlanDocument, PlansDocument,
    RefusalEntry, ResourceChange, SideEffectEntry, Target, ToleratedLinks,
};
use super::notes_json;
use super::safe::is_unsafe;
use crate::access::ChangeOfAccess;
use crate::change::{Change, ConsentKey, Reason, Refusal, Why};
use crate::diff::{Diff, Effect, Fate};
use crate::plan::Plan;
use crate::text::{At, Code, Files, Note, hex};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Returns a plan as JSON.
pub fn plan_json(plan: &Plan, files: &Files) -> Value {
    to_value(&document(plan, files))
}

/// Returns the plans of several realms as one document.
pub fn plans_json(plans: &[(&Plan, &Files)]) -> Value {
    several_json(plans.iter().map(|(plan, files)| plan_json(plan, files)).collect())
}

/// Returns the documents of several realms as one: plans, drifts or applies.
pub fn several_json(plans: Vec<Value>) -> Value {
    to_value(&PlansDocument { format_version: FormatVersion::One, realmwright_version: VERSION, plans })
}

/// Returns why a command could not do its work; `class` is one word, such as `input` or `network`.
pub fn failure_json(command: &str, class: &str, message: &str, files: &Files, notes: &[Note]) -> Value {
    let (errors, warnings): (Vec<Note>, Vec<Note>) = notes.iter().cloned().partition(Note::is_error);
    to_value(&FailureDocument {
        format_version: FormatVersion::One,
        realmwright_version: VERSION,
        command: command.to_owned(),
        failure: FailureEntry { class: class.to_owned(), message: message.to_owned() },
        warnings: notes_json(files, &warnings),
        errors: notes_json(files, &errors),
    })
}

/// Returns the digest of what a plan will do and where: no times, no places, no secrets, no reasons.
///
/// Two plans with one digest do the same; an approved digest is compared with this.
pub fn plan_digest(plan: &Plan) -> String {
    let Plan {
        realm,
        server,
        // Another version of the server is no other plan.
        keycloak: _,
        exists,
        diff,
        // These follow from the changes, or refuse them.
        access: _,
        guards: _,
        tests: _,
        side_effects: _,
        closings: _,
        consents,
        // A yes is no part of what it is given to.
        allowed: _,
        refusals,
    } = plan;
    let Diff {
        changes,
        held_back,
        left_behind,
        effects,
        // Consents count what is included; nothing else of these is done to the realm.
        included: _,
        unwritable: _,
        memory: _,
        refusals: _,
        tolerated: _,
        cannot_tell: _,
        unchanged: _,
        unmanaged: _,
        notes: _,
        desired: _,
        planned: _,
    } = diff;
    let nowhere = Files::default();
    let bare = |change: &Change| {
        let mut values = values::of_change(change);
        values.reasons.clear();
        (change.object.to_string(), sorted(to_value(&values)))
    };
    let changes: Vec<_> = changes.iter().map(bare).collect();
    let held_back: Vec<_> = held_back.iter().map(|(key, it)| (key.name(), bare(it))).collect();
    let content = (
        (super::server(server), realm, exists),
        changes,
        held_back,
        left_behind.iter().map(left).collect::<Vec<_>>(),
        cascades(effects),
        consents.iter().map(|it| (it.key.name(), it.count)).collect::<Vec<_>>(),
        refusals.iter().map(|it| refusal(it, &nowhere)).collect::<Vec<_>>(),
    );
    let text = to_value(&content).to_string();
    format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())))
}

/// Every list of a realm is a set, and the server's order is not always the same.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(sorted).collect();
            items.sort_by_cached_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, it)| (key, sorted(it))).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// Returns the JSON Schema of the documents that plan, drift and apply write.
pub fn report_schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Document>();
    let mut schema = schema.to_value();
    if let Value::Object(map) = &mut schema {
        map.insert("title".to_owned(), "realmwright plan, drift and apply".into());
    }
    schema
}

/// Returns JSON as text with one line per value, in which nothing can command a terminal or a CI runner.
///
/// What one could obey is escaped, which only strings can hold: the values stay what they are.
pub fn json_text(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).expect("a JSON value has text keys");
    let mut out = escaped(&text);
    out.push('\n');
    out
}

/// Returns JSON in which whatever a terminal or a CI runner could obey is escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for it in text.chars() {
        if it != '\n' && is_unsafe(it) {
            let mut units = [0; 2];
            for unit in it.encode_utf16(&mut units) {
                write!(out, "\\u{unit:04x}").expect("a string takes everything");
            }
        } else {
            out.push(it);
        }
    }
    if out.contains("##") {
        out = out.replace("##[", "##\\u005b").replace("##vso[", "##vso\\u005b");
    }
    out
}

pub(super) fn to_value(document: &impl serde::Serialize) -> Value {
    serde_json::to_value(document).expect("our documents have text keys and no maps of other keys")
}

fn document(plan: &Plan, files: &Files) -> PlanDocument {
    let Plan {
        // The target says these.
        realm: _,
        server: _,
        keycloak: _,
        exists: _,
        diff,
        access,
        guards,
        tests,
        side_effects,
        closings,
        consents,
        allowed,
        // They come with those of consents that are missing.
        refusals: _,
    } = plan;
    let Diff {
        changes,
        held_back: held,
        // Their changes and consents are shown.
        included: _,
        unwritable,
        // It tells a drift from what was never applied; changes show it as their reason.
        memory: _,
        left_behind,
        // Consents count these, and those without a consent are refusals of the plan.
        refusals: _,
        tolerated,
        cannot_tell,
        effects,
        // The summary counts these.
        unchanged: _,
        unmanaged: _,
        // Warnings and errors.
        notes: _,
        // Whole realms.
        desired: _,
        planned: _,
    } = diff;
    let refusals = plan.unasked_refusals();
    let errors = notes_of(plan, files, Note::is_error);
    PlanDocument {
        format_version: FormatVersion::One,
        realmwright_version: VERSION,
        command: PlanCommand::Plan,
        plan_digest: plan_digest(plan),
        target: target(plan),
        applyable: refusals.is_empty() && !plan.has_errors(),
        complete: is_complete(plan),
        summary: counts(plan),
        resource_changes: changes.iter().map(|it| resource_change(it, files)).collect(),
        access_changes: access.as_ref().map(|it| it.changes.iter().map(entry).collect()),
        administration_changes: access.as_ref().map(administration),
        access_domain: access.as_ref().map(domain),
        tests: tests.as_ref().map(|it| access_test::on_plan(it, files)),
        held_back: held.iter().map(|(key, it)| held_back(*key, it, files)).collect(),
        unwritable: unwritable.iter().map(|it| resource_change(it, files)).collect(),
        left_behind: left_behind.iter().map(left).collect(),
        tolerated: tolerated
            .iter()
            .map(|((address, field), links)| ToleratedLinks {
                address: address.to_string(),
                path: crate::change::Path::field(field).pointer(),
                links: links.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        side_effects: side_effects
            .iter()
            .map(|it| SideEffectEntry {
                hazard: it.hazard,
                address: it.address.to_string(),
                message: it.message.clone(),
                source: source(files, it.at),
            })
            .collect(),
        kept_closed: closings
            .iter()
            .map(|it| ClosingEntry {
                client: it.client.to_string(),
                resources: it.resources.iter().map(ToString::to_string).collect(),
                strict: it.strict,
                taken_over: it.taken_over,
            })
            .collect(),
        cascades: cascades(effects),
        cannot_tell: cannot_tell
            .iter()
            .map(|(address, path, at)| FieldPlace {
                address: address.to_string(),
                path: path.pointer(),
                source: source(files, *at),
            })
            .collect(),
        consents: consents
            .iter()
            .map(|it| ConsentEntry {
                key: it.key.name(),
                count: it.count,
                what: it.what.clone(),
                given: allowed.get(&it.key).copied().unwrap_or(0),
            })
            .collect(),
        guards: guards.iter().map(|it| guard(it, files)).collect(),
        refusals: refusals.iter().map(|it| refusal(it, files)).collect(),
        warnings: notes_of(plan, files, |it| !it.is_error()),
        errors,
    }
}

fn guard(guard: &crate::access::Guard, files: &Files) -> GuardEntry {
    GuardEntry {
        id: guard.id.name(),
        verdict: if guard.passes { GuardVerdict::Pass } else { GuardVerdict::Block },
        message: guard.message.clone(),
        rule: source(files, guard.at),
    }
}

fn notes_of(plan: &Plan, files: &Files, kept: impl Fn(&Note) -> bool) -> Value {
    let notes: Vec<Note> = plan.diff.notes.iter().filter(|it| kept(it)).cloned().collect();
    notes_json(files, &notes)
}

fn target(plan: &Plan) -> Target {
    Target {
        server: super::server(&plan.server),
        realm: plan.realm.clone(),
        keycloak: plan.keycloak.clone(),
        exists: plan.exists,
    }
}

/// What could not be seen makes a plan incomplete: a refusal by that name, or a reference nobody can follow.
fn is_complete(plan: &Plan) -> bool {
    !plan.diff.refusals.iter().any(|it| it.id == Reason::Unknown)
        && !plan.diff.notes.iter().any(|it| it.code == Code::CannotBeSeen)
}

fn counts(plan: &Plan) -> Counts {
    let crate::plan::Summary { create, update, delete, adopt, forget, unchanged, unmanaged, held_back } =
        plan.summary();
    let access = |sorts: &[ChangeOfAccess]| {
        Some(sorts.iter().map(|it| plan.access.as_ref().map_or(0, |all| all.count(*it))).sum())
            .filter(|_| plan.access.is_some())
    };
    Counts {
        create,
        update,
        delete,
        adopt,
        forget,
        unchanged,
        unmanaged,
        held_back,
        access_gained: access(&[ChangeOfAccess::Gained]),
        access_lost: access(&[ChangeOfAccess::Lost]),
        access_unknown: access(&[
            ChangeOfAccess::MaybeGained,
            ChangeOfAccess::MaybeLost,
            ChangeOfAccess::Unknown,
        ]),
    }
}

/// Returns `file:line` of a place.
fn source(files: &Files, at: At) -> Option<String> {
    files.position(at).map(|it| it.to_string())
}

fn resource_change(change: &Change, files: &Files) -> ResourceChange {
    // Action and fields are what the values show.
    let Change { object, action: _, why, fields: _, adopted, at } = change;
    let because = match why {
        Why::Cascade(of) | Why::MadeBy(of) => Some(of.to_string()),
        Why::ManifestChanged | Why::LiveChanged | Why::NotInManifests | Why::NotKept | Why::KeptClosed => {
            None
        }
    };
    ResourceChange {
        address: object.to_string(),
        kind: object.kind().word,
        source: source(files, *at),
        change: values::of_change(change),
        reason: values::reason(why),
        because,
        adopted: *adopted,
    }
}

fn held_back(consent: ConsentKey, change: &Change, files: &Files) -> HeldBack {
    HeldBack {
        consent: consent.name(),
        address: change.object.to_string(),
        kind: change.object.kind().word,
        source: source(files, change.at),
        change: values::of_change(change),
        reason: values::reason(&change.why),
    }
}

fn left(left: &crate::diff::LeftBehind) -> Left {
    Left {
        address: left.address.to_string(),
        path: left.path.as_ref().map(crate::change::Path::pointer),
        adopted: left.adopted,
        stays: left.stays,
    }
}

fn cascades(effects: &[Effect]) -> Vec<CascadeEntry> {
    let entry = |it: &Effect| {
        let (fate, field) = match &it.fate {
            Fate::Disappears => (FateName::Disappears, None),
            Fate::Loses { field } => (FateName::Loses, Some(field)),
            Fate::Emptied { field } => (FateName::Emptied, Some(field)),
        };
        CascadeEntry {
            of: it.of.to_string(),
            on: it.on.to_string(),
            fate,
            path: field.map(|it| crate::change::Path::field(it).pointer()),
        }
    };
    effects.iter().map(entry).collect()
}

fn refusal(refusal: &Refusal, files: &Files) -> RefusalEntry {
    RefusalEntry {
        id: refusal.id.name(),
        address: refusal.address.to_string(),
        message: refusal.message.clone(),
        source: source(files, refusal.at),
        allow_with: refusal.consent.map(ConsentKey::name),
    }
}

#[cfg(test)]
mod tests;
