//! The shapes of our JSON documents: structs, so that what is written and its schema are one thing.
//!
//! A minor of the format adds, a major breaks; readers ignore keys that they do not know.

mod note;

pub(super) use note::NoteEntry;

use super::access::{AccessDomain, AccessEntry, AdministrationEntry};
use super::access_test::TestsOnPlan;
use crate::report::outcome::OutcomeCounts;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// What realmwright writes as JSON about plans, drift and applies.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "exists for its schema: the documents are written one by one")]
pub(super) enum Document {
    Plan(Box<PlanDocument>),
    Plans(PlansDocument),
    Drift(Box<DriftDocument>),
    Apply(Box<ApplyDocument>),
    Failure(Box<FailureDocument>),
}

/// What a run writes about one realm.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "exists for its schema: the documents are written one by one")]
pub(super) enum OfOneRealm {
    Plan(Box<PlanDocument>),
    Drift(Box<DriftDocument>),
    Apply(Box<ApplyDocument>),
}

/// The plan of one realm.
#[derive(Serialize, JsonSchema)]
pub(super) struct PlanDocument {
    pub(super) format_version: FormatVersion,
    pub(super) realmwright_version: &'static str,
    pub(super) command: PlanCommand,
    /// Digest of what will be done, to compare an approved plan with another; no times and no places count.
    pub(super) plan_digest: String,
    pub(super) target: Target,
    /// Whether apply would run it with the consents given so far.
    pub(super) applyable: bool,
    /// Whether everything that the manifests name could be read.
    pub(super) complete: bool,
    pub(super) summary: Counts,
    pub(super) resource_changes: Vec<ResourceChange>,
    /// Who gains or loses what, complete; null where it was not asked for.
    pub(super) access_changes: Option<Vec<AccessEntry>>,
    /// Who comes to administer the realm, or no longer does; null where it was not asked for.
    pub(super) administration_changes: Option<Vec<AdministrationEntry>>,
    pub(super) access_domain: Option<AccessDomain>,
    /// What access tests say of the realm as it would be; null where there are none.
    pub(super) tests: Option<TestsOnPlan>,
    /// Differences that stay as they are without consent.
    pub(super) held_back: Vec<HeldBack>,
    /// Differences that no apply of these manifests writes; refusals say why.
    pub(super) unwritable: Vec<ResourceChange>,
    /// No longer declared, and stays.
    pub(super) left_behind: Vec<Left>,
    /// Links from before the first apply that the manifests lack and that stay.
    pub(super) tolerated: Vec<ToleratedLinks>,
    pub(super) side_effects: Vec<SideEffectEntry>,
    /// Resources that are denied to everybody while the plan is applied.
    pub(super) kept_closed: Vec<ClosingEntry>,
    /// What deletes do to other objects.
    pub(super) cascades: Vec<CascadeEntry>,
    /// Secrets of which nobody can tell whether they are as declared.
    pub(super) cannot_tell: Vec<FieldPlace>,
    pub(super) consents: Vec<ConsentEntry>,
    /// The rules of the project file about access.
    pub(super) guards: Vec<GuardEntry>,
    pub(super) refusals: Vec<RefusalEntry>,
    #[schemars(with = "Vec<NoteEntry>")]
    pub(super) warnings: Value,
    #[schemars(with = "Vec<NoteEntry>")]
    pub(super) errors: Value,
}

/// A rule of the project file about access, which nothing on the command line overrides.
#[derive(Serialize, JsonSchema)]
pub(super) struct GuardEntry {
    pub(super) id: &'static str,
    pub(super) verdict: GuardVerdict,
    pub(super) message: String,
    /// File and line of the rule.
    pub(super) rule: Option<String>,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum GuardVerdict {
    Pass,
    Block,
}

/// The documents of several realms.
#[derive(Serialize, JsonSchema)]
pub(super) struct PlansDocument {
    pub(super) format_version: FormatVersion,
    pub(super) realmwright_version: &'static str,
    #[schemars(with = "Vec<OfOneRealm>")]
    pub(super) plans: Vec<Value>,
}

/// How a realm moved away from what was applied.
#[derive(Serialize, JsonSchema)]
pub(super) struct DriftDocument {
    pub(super) format_version: FormatVersion,
    pub(super) realmwright_version: &'static str,
    pub(super) command: DriftCommand,
    pub(super) target: Target,
    pub(super) drifted: bool,
    pub(super) complete: bool,
    pub(super) summary: DriftCounts,
    pub(super) resource_drift: Vec<DriftEntry>,
    pub(super) refusals: Vec<RefusalEntry>,
    #[schemars(with = "Vec<NoteEntry>")]
    pub(super) warnings: Value,
    #[schemars(with = "Vec<NoteEntry>")]
    pub(super) errors: Value,
}

/// What became of a plan.
#[derive(Serialize, JsonSchema)]
pub(super) struct ApplyDocument {
    pub(super) format_version: FormatVersion,
    pub(super) realmwright_version: &'static str,
    pub(super) command: ApplyCommand,
    pub(super) plan_digest: String,
    pub(super) target: Target,
    pub(super) summary: OutcomeCounts,
    pub(super) outcomes: Vec<OutcomeEntry>,
    pub(super) verification: VerificationEntry,
    /// Why it ended early, or did not begin.
    pub(super) failure: Option<FailureEntry>,
    pub(super) audit: AuditEntry,
    #[schemars(with = "Vec<NoteEntry>")]
    pub(super) warnings: Value,
    #[schemars(with = "Vec<NoteEntry>")]
    pub(super) errors: Value,
}

/// Why a command has no other document.
#[derive(Serialize, JsonSchema)]
pub(super) struct FailureDocument {
    pub(super) format_version: FormatVersion,
    pub(super) realmwright_version: &'static str,
    pub(super) command: String,
    pub(super) failure: FailureEntry,
    #[schemars(with = "Vec<NoteEntry>")]
    pub(super) warnings: Value,
    #[schemars(with = "Vec<NoteEntry>")]
    pub(super) errors: Value,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct FailureEntry {
    /// What kind of failure it is, such as `input` or `network`.
    pub(super) class: String,
    pub(super) message: String,
}

#[derive(Serialize, JsonSchema)]
pub(in crate::report) enum FormatVersion {
    #[serde(rename = "1.0")]
    One,
}

#[derive(Serialize, JsonSchema)]
pub(super) enum PlanCommand {
    #[serde(rename = "plan")]
    Plan,
}

#[derive(Serialize, JsonSchema)]
pub(super) enum DriftCommand {
    #[serde(rename = "drift")]
    Drift,
}

#[derive(Serialize, JsonSchema)]
pub(super) enum ApplyCommand {
    #[serde(rename = "apply")]
    Apply,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Target {
    pub(super) server: String,
    pub(super) realm: String,
    /// The version that the server says, or that was assumed.
    pub(super) keycloak: String,
    /// `false`: the realm will be created.
    pub(super) exists: bool,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Counts {
    pub(super) create: usize,
    pub(super) update: usize,
    pub(super) delete: usize,
    pub(super) adopt: usize,
    pub(super) forget: usize,
    /// Declared, and as declared.
    pub(super) unchanged: usize,
    /// In the realm, and declared by nobody.
    pub(super) unmanaged: usize,
    pub(super) held_back: usize,
    /// Decisions; null where access was not compared.
    pub(super) access_gained: Option<usize>,
    pub(super) access_lost: Option<usize>,
    /// Decisions that may change, or change for reasons that cannot be told.
    pub(super) access_unknown: Option<usize>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct DriftCounts {
    pub(super) changed: usize,
    pub(super) missing: usize,
    pub(super) unexpected: usize,
    pub(super) differs: usize,
    pub(super) not_kept: usize,
    pub(super) pending: usize,
    pub(super) leftover: usize,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ActionName {
    Create,
    Update,
    Delete,
    /// The object was there and is from now on managed.
    Adopt,
    /// The object is gone or released, and no longer managed.
    Forget,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ResourceChange {
    pub(super) address: String,
    pub(super) kind: &'static str,
    /// `file:line` of the wish; null where no manifest speaks of it.
    pub(super) source: Option<String>,
    pub(super) change: Values,
    pub(super) reason: Reason,
    /// The object that a cascade or a made object comes from.
    pub(super) because: Option<String>,
    /// The object was there before these manifests took it over.
    pub(super) adopted: bool,
}

/// Before and after hold only what changes. References are addresses; secrets say where they come from.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Values {
    pub(super) actions: Vec<ActionName>,
    /// Null: the object is not there before.
    pub(super) before: Option<Map<String, Value>>,
    /// Null: the object is not there afterwards.
    pub(super) after: Option<Map<String, Value>>,
    /// JSON Pointers of what changes.
    pub(super) paths: Vec<String>,
    /// The same shape as `before`, with `true` at what is hidden.
    pub(super) before_sensitive: Map<String, Value>,
    pub(super) after_sensitive: Map<String, Value>,
    /// What is added and removed, by field that holds links.
    pub(super) links: BTreeMap<String, LinkChange>,
    /// Why each path changes.
    pub(super) reasons: BTreeMap<String, Vec<Reason>>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(super) struct LinkChange {
    pub(super) add: Vec<String>,
    pub(super) remove: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    /// The manifests say something that was not applied yet.
    ManifestChanged,
    /// Keycloak moved away from what was applied.
    LiveChanged,
    /// The manifests no longer say it.
    NotInManifests,
    /// The last apply wrote it, and the server did not keep it.
    NotKept,
    /// It goes or changes with another object.
    Cascade,
    /// The server makes it with another object.
    MadeBy,
    /// An interrupted run left it to keep resources closed.
    KeptClosed,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct HeldBack {
    /// The key of `--allow` that includes it.
    pub(super) consent: &'static str,
    pub(super) address: String,
    pub(super) kind: &'static str,
    pub(super) source: Option<String>,
    pub(super) change: Values,
    pub(super) reason: Reason,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Left {
    pub(super) address: String,
    /// Null: the whole object.
    pub(super) path: Option<String>,
    /// It was there before us.
    pub(super) adopted: bool,
    /// Not even `--prune` ends it: Keycloak always has a value there, so a manifest has to say which; or the object may
    /// not be seen, or is a user who was there before or a service account.
    pub(super) stays: bool,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ToleratedLinks {
    pub(super) address: String,
    pub(super) path: String,
    pub(super) links: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct SideEffectEntry {
    pub(super) hazard: &'static str,
    pub(super) address: String,
    pub(super) message: String,
    pub(super) source: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ClosingEntry {
    pub(super) client: String,
    pub(super) resources: Vec<String>,
    /// The client decides by ENFORCING and UNANIMOUS as long.
    pub(super) strict: bool,
    /// An interrupted run left something of it closed.
    pub(super) taken_over: bool,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct CascadeEntry {
    /// What is deleted.
    pub(super) of: String,
    /// What else changes by it.
    pub(super) on: String,
    pub(super) fate: FateName,
    pub(super) path: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum FateName {
    Disappears,
    Loses,
    Emptied,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct FieldPlace {
    pub(super) address: String,
    pub(super) path: String,
    pub(super) source: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ConsentEntry {
    /// The key of `--allow`.
    pub(super) key: &'static str,
    pub(super) count: usize,
    pub(super) what: String,
    /// Up to how many were consented to; enough when not less than `count`.
    pub(super) given: usize,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct RefusalEntry {
    pub(super) id: &'static str,
    pub(super) address: String,
    pub(super) message: String,
    pub(super) source: Option<String>,
    /// The key of `--allow` that permits it, if any does.
    pub(super) allow_with: Option<&'static str>,
}

/// `before` is as declared, `after` as Keycloak has it.
#[derive(Serialize, JsonSchema)]
pub(super) struct DriftEntry {
    pub(super) address: String,
    pub(super) kind: &'static str,
    pub(super) class: ClassName,
    pub(super) source: Option<String>,
    pub(super) paths: Vec<String>,
    pub(super) before: Option<Map<String, Value>>,
    pub(super) after: Option<Map<String, Value>>,
    pub(super) before_sensitive: Map<String, Value>,
    pub(super) after_sensitive: Map<String, Value>,
    /// What Keycloak has beyond what is declared (`add`), and lacks (`remove`).
    pub(super) links: BTreeMap<String, LinkChange>,
    /// The key of `--allow` without which apply leaves it alone.
    pub(super) held_back: Option<&'static str>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ClassName {
    /// Keycloak moved away from what was applied.
    Changed,
    /// Applied once, and gone.
    Missing,
    /// A link that was granted outside.
    Unexpected,
    /// Not as declared, and nobody knows who moved: this owner never applied it.
    Differs,
    /// The server took it without an error, and did not keep it.
    #[serde(rename = "not_kept")]
    NotKept,
    /// Declared, and not applied yet.
    Pending,
    /// Applied once, and declared no longer.
    Leftover,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct OutcomeEntry {
    pub(super) address: String,
    pub(super) action: ActionName,
    pub(super) result: ResultName,
    /// The object whose failure it was skipped for.
    pub(super) because: Option<String>,
    pub(super) message: Option<String>,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ResultName {
    Done,
    AlreadyDone,
    Skipped,
    Failed,
    NotStarted,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct VerificationEntry {
    pub(super) result: VerificationName,
    /// What a new plan would still change.
    pub(super) still_differ: Vec<String>,
    pub(super) message: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum VerificationName {
    /// A new plan is empty, except for what is held back.
    Clean,
    Differs,
    /// Reading again failed.
    Failed,
    NotDone,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct AuditEntry {
    /// Who applied, as the server knows the credential.
    pub(super) subject: Option<String>,
    pub(super) commit: Option<String>,
    pub(super) consents: BTreeMap<String, usize>,
    pub(super) requests: usize,
    pub(super) seconds: f64,
}
