//! Access tests beside manifests: checked with them, and run on what a plan would make.

use jiff::civil::DateTime;

use super::plan::{self, Planned};
use crate::access::Realm;
use crate::access::test::{Reading, Stage, Tested};
use crate::diff;
use crate::kind::NEWEST;
use crate::manifest::{Desired, Loaded, Project, TestDocument};
use crate::plan::{AccessTests, access_tests};
use crate::state::State;

/// Reads the documents against what the manifests mean by themselves, says what is wrong with them, and finds out
/// which realm each is about.
pub fn check_tests(loaded: &mut Loaded, project: &Project) {
    if loaded.tests.is_empty() {
        return;
    }
    let of = |it: &Desired| (it.realm.clone(), diff::on_a_new_realm(&it.realm, &it.state, NEWEST));
    let states: Vec<(String, State)> = loaded.realms.iter().map(of).collect();
    let stages: Vec<Stage<'_>> =
        states.iter().map(|(realm, state)| Stage { realm, state, version: NEWEST }).collect();
    let zone = project.zone();
    let reading = Reading { stages: &stages, zone: &zone, at: None, external: &project.external };
    for document in &mut loaded.tests {
        let (test, notes) = reading.read(&document.tree);
        document.realm = test.map(|it| it.realm);
        loaded.notes.extend(notes);
    }
}

/// Runs the tests of a realm on what a plan would make of it, and on what it is now.
pub fn on_plan(
    loaded: &Loaded,
    project: &Project,
    at: Option<DateTime>,
    planned: &Planned,
) -> Option<AccessTests> {
    let realm = planned.plan.realm.as_str();
    // One about a client that is declared elsewhere is read for the first time here.
    let is_of_realm = |it: &&TestDocument| it.realm.as_ref().is_none_or(|it| it == realm);
    let documents: Vec<&TestDocument> = loaded.tests.iter().filter(is_of_realm).collect();
    if documents.is_empty() {
        return None;
    }
    let version = planned.read.taken_for;
    let run = |state: &State| -> Vec<Tested> {
        let zone = project.zone();
        let stages = [Stage { realm, state, version }];
        let reading = Reading { stages: &stages, zone: &zone, at, external: &project.external };
        let compiled = Realm::compile(state, version);
        let users = plan::people(state);
        // What the state lacks is undecided there; what the manifests lack was refused before.
        let tests = documents.iter().filter_map(|it| reading.read(&it.tree).0);
        tests.map(|it| it.run(&compiled, &users)).collect()
    };
    let will_be = run(&planned.plan.diff.planned);
    let fails = will_be
        .iter()
        .flat_map(|it| &it.cases)
        .any(|it| it.outcome() == crate::access::test::TestOutcome::Fail);
    let is = if fails && planned.plan.exists { run(&planned.read.live.state) } else { Vec::new() };
    Some(access_tests(&will_be, &is))
}
