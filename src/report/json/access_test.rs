//! What access tests came to as JSON: every case, exactly.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::shape::FormatVersion;
use super::{VERSION, access, source, to_value};
use crate::access::Verdict;
use crate::access::test::{Case, Heard, Results, Rule, TestOutcome, Tested};
use crate::plan::{AccessTests, FailedTest};
use crate::report::access_test::verdict;
use crate::state::Address;
use crate::text::Files;

#[derive(Serialize)]
struct TestDocument<'a> {
    format_version: FormatVersion,
    realmwright_version: &'static str,
    command: &'static str,
    /// How the server was asked; null where none took part.
    oracle: Option<&'static str>,
    server: Option<&'a str>,
    summary: Summary,
    coverage: Coverage,
    cases: Vec<CaseEntry<'a>>,
    errors: Vec<Value>,
}

#[derive(Serialize)]
struct Summary {
    cases: usize,
    passed: usize,
    failed: usize,
    split: usize,
    errors: usize,
    unknown: usize,
    decided_by_server_alone: usize,
    not_asked: usize,
    /// Cases that the server decided otherwise when it was asked first.
    changed_mind: usize,
}

#[derive(Serialize)]
struct Coverage {
    permissions: usize,
    tested: usize,
    percent: usize,
    never_tested: Vec<Untested>,
}

#[derive(Serialize)]
struct Untested {
    realm: String,
    address: String,
}

#[derive(Serialize)]
struct CaseEntry<'a> {
    realm: &'a str,
    /// The resource server.
    client: &'a str,
    persona: &'a str,
    resource: &'a str,
    /// Null on resources without scopes.
    scope: Option<&'a str>,
    rule: &'static str,
    want: &'static str,
    offline: &'static str,
    /// Null where it was not asked.
    server: Option<&'static str>,
    not_asked: Option<&'static str>,
    /// The server said the opposite when it was asked first.
    changed_mind: bool,
    result: &'static str,
    /// Addresses, and words where there is no object; empty where nothing has to be explained.
    path: Vec<String>,
    doubts: Vec<String>,
    /// What `via` names and the chain does not go through.
    lacking: &'a [String],
    why: Option<&'a str>,
    error: Option<&'a str>,
    file: Option<String>,
    line: Option<usize>,
}

/// Returns the cases of a run as JSON.
pub fn tests_json(results: &Results, files: &Files) -> Value {
    let count = results.count();
    let never_tested: Vec<&(String, Address)> = results.never_tested().collect();
    let permissions = results.permissions.len();
    let entries = results.tested.iter().flat_map(|tested| tested.cases.iter().map(move |it| (tested, it)));
    to_value(&TestDocument {
        format_version: FormatVersion::One,
        realmwright_version: VERSION,
        command: "test",
        oracle: results.oracle.as_ref().map(|it| it.0.name()),
        server: results.oracle.as_ref().map(|it| it.1.as_str()),
        summary: Summary {
            cases: count.all(),
            passed: count.passed,
            failed: count.failed,
            split: count.split,
            errors: count.errors,
            unknown: count.unknown,
            decided_by_server_alone: count.by_server_alone,
            not_asked: count.not_asked,
            changed_mind: count.changed_mind,
        },
        coverage: Coverage {
            permissions,
            tested: permissions - never_tested.len(),
            percent: results.coverage(),
            never_tested: never_tested
                .iter()
                .map(|(realm, it)| Untested { realm: realm.clone(), address: it.to_string() })
                .collect(),
        },
        cases: entries.map(|(tested, it)| entry(tested, it, files)).collect(),
        errors: Vec::new(),
    })
}

fn entry<'a>(tested: &'a Tested, case: &'a Case, files: &Files) -> CaseEntry<'a> {
    let position = files.position(case.at);
    let doubts = match &case.decision.verdict {
        Verdict::Unknown { doubts, .. } => doubts.iter().map(ToString::to_string).collect(),
        Verdict::Permit { .. } | Verdict::Deny => Vec::new(),
    };
    CaseEntry {
        realm: &tested.realm,
        client: tested.client.name(),
        persona: &tested.personas[case.persona].name,
        resource: &case.resource,
        scope: case.scope.as_deref(),
        rule: rule(case.rule),
        want: verdict(Some(case.permit)),
        offline: verdict(case.offline()),
        server: match &case.server {
            Heard::Nothing | Heard::NotAsked(_) => None,
            Heard::Said { permit, .. } => Some(verdict(Some(*permit))),
            Heard::Failed(_) => Some("ERROR"),
        },
        not_asked: match case.server {
            Heard::NotAsked(why) => Some(why),
            Heard::Nothing | Heard::Said { .. } | Heard::Failed(_) => None,
        },
        changed_mind: case.changed_mind,
        result: match case.outcome() {
            TestOutcome::Pass => "pass",
            TestOutcome::Fail => "fail",
            TestOutcome::Split => "split",
            TestOutcome::Error => "error",
            TestOutcome::Unknown => "unknown",
        },
        path: case.decision.path.iter().map(access::link).collect(),
        doubts,
        lacking: &case.lacking,
        why: case.why.as_deref(),
        error: match &case.server {
            Heard::Failed(message) => Some(message),
            Heard::Nothing | Heard::NotAsked(_) | Heard::Said { .. } => None,
        },
        file: position.as_ref().map(|it| it.file.clone()),
        line: position.map(|it| it.line),
    }
}

/// Access tests on the realm as a plan would make it.
#[derive(Serialize, JsonSchema)]
pub(super) struct TestsOnPlan {
    passed: usize,
    failed: usize,
    unknown: usize,
    /// What makes apply refuse the plan.
    failures: Vec<FailureOfTest>,
}

#[derive(Serialize, JsonSchema)]
struct FailureOfTest {
    /// The resource server.
    client: String,
    persona: String,
    resource: String,
    /// Null on resources without scopes.
    scope: Option<String>,
    /// `expect`, `otherwise` or `never`.
    rule: String,
    want: String,
    got: String,
    /// Addresses, and words where there is no object.
    path: Vec<String>,
    /// What `via` names and the chain does not go through.
    lacking: Vec<String>,
    why: Option<String>,
    /// It fails on the realm as it is, too.
    already: bool,
    source: Option<String>,
}

pub(super) fn on_plan(tests: &AccessTests, files: &Files) -> TestsOnPlan {
    let failure = |it: &FailedTest| FailureOfTest {
        client: it.client.name().to_owned(),
        persona: it.persona.clone(),
        resource: it.resource.clone(),
        scope: it.scope.clone(),
        rule: rule(it.rule).to_owned(),
        want: verdict(Some(it.permit)).to_owned(),
        got: verdict(Some(it.got)).to_owned(),
        path: it.path.iter().map(access::link).collect(),
        lacking: it.lacking.clone(),
        why: it.why.clone(),
        already: it.already,
        source: source(files, it.at),
    };
    TestsOnPlan {
        passed: tests.count.passed,
        failed: tests.count.failed,
        unknown: tests.count.unknown,
        failures: tests.failures.iter().map(failure).collect(),
    }
}

fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::Expect => "expect",
        Rule::Otherwise => "otherwise",
        Rule::Never => "never",
    }
}
