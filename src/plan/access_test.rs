//! What access tests say of the realm as a plan would make it: what fails there is not applied.

use std::collections::BTreeSet;

use super::Plan;
use crate::access::Step;
use crate::access::test::{Case, Count, Rule, TestOutcome, Tested};
use crate::change::{Reason, Refusal};
use crate::state::Address;
use crate::text::At;

/// Access tests on planned live.
#[derive(Clone, Debug, Default)]
pub struct AccessTests {
    pub count: Count,
    pub failures: Vec<FailedTest>,
}

/// A case whose answer would not be the wanted one.
#[derive(Clone, Debug)]
pub struct FailedTest {
    /// The resource server.
    pub client: Address,
    pub persona: String,
    pub resource: String,
    pub scope: Option<String>,
    pub rule: Rule,
    /// What is wanted: a permit or a denial.
    pub permit: bool,
    /// What it would be.
    pub got: bool,
    pub path: Vec<Step>,
    /// What `via` names and the chain does not go through.
    pub lacking: Vec<String>,
    pub why: Option<String>,
    pub at: At,
    /// It fails today already, whatever this plan does.
    pub already: bool,
}

type Key<'a> = (At, &'a str, &'a str, Option<&'a str>);

fn key<'a>(tested: &'a Tested, case: &'a Case) -> Key<'a> {
    (case.at, &tested.personas[case.persona].name, &case.resource, case.scope.as_deref())
}

fn failing(all: &[Tested]) -> impl Iterator<Item = (&Tested, &Case)> {
    let cases = all.iter().flat_map(|tested| tested.cases.iter().map(move |it| (tested, it)));
    cases.filter(|(_, it)| it.outcome() == TestOutcome::Fail)
}

/// Puts together what tests come to on the realm as it will be, and as it is.
pub fn access_tests(will_be: &[Tested], is: &[Tested]) -> AccessTests {
    let today: BTreeSet<Key<'_>> = failing(is).map(|(tested, case)| key(tested, case)).collect();
    let failures = failing(will_be).map(|(tested, case)| FailedTest {
        client: tested.client.clone(),
        persona: tested.personas[case.persona].name.clone(),
        resource: case.resource.clone(),
        scope: case.scope.clone(),
        rule: case.rule,
        permit: case.permit,
        got: case.offline().unwrap_or(false),
        path: case.decision.path.clone(),
        lacking: case.lacking.clone(),
        why: case.why.clone(),
        at: case.at,
        already: today.contains(&key(tested, case)),
    });
    AccessTests { count: Count::of(will_be.iter().flat_map(|it| &it.cases)), failures: failures.collect() }
}

impl Plan {
    /// Takes what access tests say; what fails refuses the plan, and no consent permits it.
    pub fn add_tests(&mut self, tests: AccessTests) {
        if let Some(first) = tests.failures.first() {
            let message = match tests.failures.len() {
                1 => "1 access test would fail after this plan".to_owned(),
                count => format!("{count} access tests would fail after this plan"),
            };
            self.refusals.push(Refusal {
                id: Reason::AccessTest,
                address: first.client.clone(),
                message,
                at: first.at,
                consent: None,
            });
        }
        self.tests = Some(tests);
    }
}
