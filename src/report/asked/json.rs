//! Answers to questions about access as JSON.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::matrix::verdict;
use super::why::needs;
use super::{Asked, words};
use crate::access::{
    Alike, Asks, Decision, Explanation, Holds, Impact, Mode, PermissionSays, PolicySays, Strategy, Verdict,
    Who,
};
use crate::report::json::{
    AccessDomain, AccessEntry, AdministrationEntry, FormatVersion, ThroughEntry, administration, domain,
    entry, link, through, to_value,
};

/// What the commands about access write as JSON.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "exists for its schema: the documents are written one by one")]
enum Document {
    Matrix(MatrixDocument),
    Who(WhoDocument),
    Why(Box<WhyDocument>),
    Can(CanDocument),
    Several(SeveralDocument),
    Diff(DiffDocument),
}

/// One question per persona, resource and scope, as a resource server asks it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "exists for its schema: the decisions are written while they are made")]
struct MatrixDocument {
    format_version: FormatVersion,
    realm: String,
    /// How many personas were asked about.
    personas: usize,
    /// Through how many clients; 0 where no token counts.
    clients: usize,
    decisions: Vec<MatrixEntry>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "exists for its schema: the decisions are written while they are made")]
struct MatrixEntry {
    persona: String,
    /// The clients through which it comes; null where that makes no difference.
    through: Option<Vec<ThroughEntry>>,
    /// The resource server.
    client: String,
    resource: String,
    /// Null on resources without scopes.
    scope: Option<String>,
    verdict: VerdictName,
    /// The chain from the persona to the resource: addresses, and words where there is no object.
    path: Vec<String>,
    /// What does not change the verdict but the reader should know, such as a disabled user.
    notes: Vec<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "exists for its schema: verdicts are written as words")]
enum VerdictName {
    Permit,
    Deny,
    Unknown,
}

#[derive(Serialize, JsonSchema)]
struct WhoDocument {
    format_version: FormatVersion,
    realm: String,
    answers: Vec<WhoEntry>,
}

/// What `can` and `why` say where a URI or a pattern means several resources, or it matters through which clients
/// somebody asks.
#[derive(Serialize, JsonSchema)]
struct SeveralDocument {
    format_version: FormatVersion,
    #[schemars(with = "Vec<OneDocument>")]
    answers: Vec<Value>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "exists for its schema")]
enum OneDocument {
    Why(Box<WhyDocument>),
    Can(Box<CanDocument>),
}

/// Who may do one thing.
#[derive(Serialize, JsonSchema)]
struct WhoEntry {
    client: String,
    resource: String,
    /// Null where the resource as a whole was asked for.
    scope: Option<String>,
    permitted: Vec<AlikeEntry>,
    unknown: Vec<AlikeEntry>,
    denied: Vec<String>,
    /// How many personas were asked about.
    personas: usize,
    /// Through how many clients; 0 where no token counts.
    clients: usize,
    /// The scopes of the resource, where it lacks the one that was asked for; null otherwise.
    has_only: Option<Vec<String>>,
}

/// Personas for whom it comes about in the same way.
#[derive(Serialize, JsonSchema)]
struct AlikeEntry {
    personas: Vec<String>,
    /// The clients through which they come to it; null where that makes no difference.
    through: Option<Vec<ThroughEntry>>,
    /// The chain between the persona and the resource: addresses, and words where there is no object.
    via: Vec<String>,
    /// Why it cannot be told.
    doubts: Vec<String>,
    notes: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct CanDocument {
    format_version: FormatVersion,
    realm: String,
    persona: String,
    /// The clients through which it asks; null where that makes no difference.
    through: Option<Vec<ThroughEntry>>,
    /// Through how many clients it was looked.
    clients: usize,
    client: String,
    resource: String,
    scope: Option<String>,
    #[schemars(with = "VerdictName")]
    verdict: &'static str,
    path: Vec<String>,
    doubts: Vec<String>,
    notes: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct WhyDocument {
    #[serde(flatten)]
    said: CanDocument,
    /// `ENFORCING` denies what no permission covers, `PERMISSIVE` permits it, `DISABLED` permits everything.
    enforcement: &'static str,
    /// How several permissions add up.
    strategy: &'static str,
    permissions: Vec<PermissionEntry>,
    /// For a denial: what would be needed, permission by permission.
    needed: Vec<NeedEntry>,
}

#[derive(Serialize, JsonSchema)]
struct PermissionEntry {
    address: String,
    /// `file:line`.
    source: Option<String>,
    strategy: &'static str,
    says: SaysName,
    policies: Vec<PolicyEntry>,
}

#[derive(Serialize, JsonSchema)]
struct PolicyEntry {
    address: String,
    /// `file:line`.
    source: Option<String>,
    says: SaysName,
    /// Whether it says no where its condition is met.
    negative: bool,
    /// What it asks for and what it says, in a sentence.
    text: String,
    /// The policies that it is made of.
    policies: Vec<PolicyEntry>,
}

#[derive(Serialize, JsonSchema)]
struct NeedEntry {
    permission: String,
    needs: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum SaysName {
    Yes,
    No,
    Unknown,
    /// The server answers with an error.
    Fails,
    /// It has no policies.
    Skipped,
}

/// What changes between two states.
#[derive(Serialize, JsonSchema)]
struct DiffDocument {
    format_version: FormatVersion,
    realm: String,
    access_changes: Vec<AccessEntry>,
    administration_changes: Vec<AdministrationEntry>,
    access_domain: AccessDomain,
}

/// Returns the JSON Schema of what the commands about access write.
pub fn access_schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Document>().to_value();
    if let Value::Object(map) = &mut schema {
        map.insert("title".to_owned(), "realmwright access".into());
    }
    schema
}

/// Returns who may do something, for each resource that was asked about.
pub fn who_json(answers: &[(Asked<'_>, Who)]) -> Value {
    let first = answers.first().map(|it| &it.0);
    let alike = |it: &Alike| AlikeEntry {
        personas: it.personas.clone(),
        through: through(&it.through),
        via: it.via.iter().map(link).collect(),
        doubts: it.doubts.iter().map(ToString::to_string).collect(),
        notes: it.notes.clone(),
    };
    let one = |(asked, who): &(Asked<'_>, Who)| WhoEntry {
        client: asked.client.name().to_owned(),
        resource: asked.resource.to_owned(),
        scope: asked.scope.map(str::to_owned),
        permitted: who.permitted.iter().map(alike).collect(),
        unknown: who.unknown.iter().map(alike).collect(),
        denied: who.denied.clone(),
        personas: who.personas,
        clients: who.clients,
        has_only: who.has_only.clone(),
    };
    to_value(&WhoDocument {
        format_version: FormatVersion::One,
        realm: first.map(|it| it.realm.to_owned()).unwrap_or_default(),
        answers: answers.iter().map(one).collect(),
    })
}

/// Returns what `can` or `why` say: of one resource as it is, of several as a list.
pub fn answers_json(mut answers: Vec<Value>) -> Value {
    if answers.len() == 1 {
        return answers.remove(0);
    }
    to_value(&SeveralDocument { format_version: FormatVersion::One, answers })
}

fn doubts(decision: &Decision) -> Vec<String> {
    match &decision.verdict {
        Verdict::Unknown { doubts, .. } => doubts.iter().map(ToString::to_string).collect(),
        Verdict::Permit { .. } | Verdict::Deny => Vec::new(),
    }
}

/// Returns whether a persona may do something.
pub fn can_json(asked: &Asked<'_>, persona: &str, decision: &Decision) -> Value {
    to_value(&said(asked, persona, decision))
}

fn said(asked: &Asked<'_>, persona: &str, decision: &Decision) -> CanDocument {
    CanDocument {
        format_version: FormatVersion::One,
        realm: asked.realm.to_owned(),
        persona: persona.to_owned(),
        through: through(&asked.through),
        clients: asked.clients,
        client: asked.client.name().to_owned(),
        resource: asked.resource.to_owned(),
        scope: asked.scope.map(str::to_owned),
        verdict: verdict(decision.grants(asked.scope)),
        path: decision.path.iter().map(link).collect(),
        doubts: doubts(decision),
        notes: decision.notes.clone(),
    }
}

/// Returns why a persona may do something or may not.
pub fn why_json(asked: &Asked<'_>, persona: &str, explanation: &Explanation) -> Value {
    to_value(&WhyDocument {
        said: said(asked, persona, &explanation.decision),
        enforcement: match explanation.mode {
            Mode::Enforcing => "ENFORCING",
            Mode::Permissive => "PERMISSIVE",
            Mode::Disabled => "DISABLED",
        },
        strategy: strategy(explanation.strategy),
        permissions: explanation.permissions.iter().map(|it| permission(asked, persona, it)).collect(),
        needed: needs(explanation, asked.scope)
            .into_iter()
            .map(|(permission, needs)| NeedEntry { permission: permission.to_string(), needs })
            .collect(),
    })
}

fn permission(asked: &Asked<'_>, persona: &str, it: &PermissionSays) -> PermissionEntry {
    PermissionEntry {
        address: it.address.to_string(),
        source: (asked.place)(&it.address),
        strategy: strategy(it.strategy),
        says: it.says.map_or(SaysName::Skipped, says),
        policies: it.policies.iter().map(|it| policy(asked, persona, it)).collect(),
    }
}

fn policy(asked: &Asked<'_>, persona: &str, it: &PolicySays) -> PolicyEntry {
    let inner = if let Asks::Policies { policies, .. } = &it.asks { policies.as_slice() } else { &[] };
    PolicyEntry {
        address: it.address.to_string(),
        source: (asked.place)(&it.address),
        says: says(it.says),
        negative: it.negative,
        text: words::policy(it, persona),
        policies: inner.iter().map(|it| policy(asked, persona, it)).collect(),
    }
}

fn says(holds: Holds) -> SaysName {
    match holds {
        Holds::Yes => SaysName::Yes,
        Holds::No => SaysName::No,
        Holds::Unknown => SaysName::Unknown,
        Holds::Fails => SaysName::Fails,
    }
}

fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Unanimous => "UNANIMOUS",
        Strategy::Affirmative => "AFFIRMATIVE",
        Strategy::Consensus => "CONSENSUS",
    }
}

/// Returns who gains or loses what between two states.
pub fn diff_json(realm: &str, impact: &Impact) -> Value {
    to_value(&DiffDocument {
        format_version: FormatVersion::One,
        realm: realm.to_owned(),
        access_changes: impact.changes.iter().map(entry).collect(),
        administration_changes: administration(impact),
        access_domain: domain(impact),
    })
}
