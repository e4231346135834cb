//! Edits that look harmless, and what `plan` says of them: `tests/scenarios/<what happens>/`.
//!
//! Each folder has a realm before and after an edit and the whole plan of the edit. `SNAPSHOTS=overwrite`
//! writes the plans anew; the live tests ask a server whether they are true.

use std::fs;
use std::path::Path;

use realmwright::diff::{self, Ledger, Ownership, Question, Terms};
use realmwright::kind::NEWEST;
use realmwright::manifest::{self, Desired, Guards, Loaded, Project, Prune, Secrets};
use realmwright::plan::{self, Conditions, Plan};
use realmwright::report::{self, Style};
use realmwright::state::Live;
use snapbox::{Assert, Data};

use crate::as_read::as_read;
use crate::properties::{fresh, live};

#[test]
fn edits_show_whom_they_let_in_and_whom_they_shut_out() {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut folders: Vec<_> =
        fs::read_dir(&all).expect("a folder").map(|it| it.expect("an entry").path()).collect();
    folders.sort();
    assert!(folders.len() >= 10, "{folders:?}");
    let compare = Assert::new().action_env("SNAPSHOTS");
    for folder in folders {
        let text = |name: &str| fs::read_to_string(folder.join(name)).expect("a file of the scenario");
        let shown = shown(&text("before.yaml"), &text("after.yaml"));
        assert!(shown.contains("\nAccess impact   "), "{}: {shown}", folder.display());
        compare.eq(shown, Data::read_from(&folder.join("plan.txt"), None));
    }
}

/// The plan of the second manifest on a realm that is as the first one says.
fn shown(before: &str, after: &str) -> String {
    let (plan, loaded) = planned_edit(before, after);
    report::plan_text(&plan, &loaded.files, &Style::plain())
}

/// Returns the plan of the second manifest on a realm that is as the first one says, with its access impact.
pub(crate) fn planned_edit(before: &str, after: &str) -> (Plan, Loaded) {
    let (_, first) = load(before);
    let (loaded, second) = load(after);
    let ledger = Ledger { owner: "team".to_owned(), ..Ledger::default() };
    let (made, ledger) = planned(&first, &fresh(NEWEST, &first.realm), ledger);
    let is = live(as_read(made.diff.planned));
    let (mut plan, _) = planned(&second, &is, ledger);
    let sides = plan::sides(&is.state, &plan.diff.planned, NEWEST);
    plan.access = Some(plan::impact(&plan, &sides, &|it| second.state.contains(it), None));
    (plan, loaded)
}

fn load(text: &str) -> (Loaded, Desired) {
    let project = Project::default();
    let mut loaded = manifest::load_texts(&[("library.yaml", text)], &project);
    let desired = loaded.realms.pop().expect("one realm");
    loaded.notes.extend(manifest::check(&desired, &project));
    let wrong: Vec<_> = loaded.notes.iter().filter(|it| it.is_error()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    (loaded, desired)
}

fn planned(desired: &Desired, live: &Live, ledger: Ledger) -> (Plan, Ledger) {
    let ownership =
        Ownership { owner: Some("team".to_owned()), ledger: Some(ledger), ..Ownership::default() };
    let terms = Terms { prune: Prune::AllButUsers, ..Terms::default() };
    let question = Question {
        server: None,
        desired: &desired.state,
        live,
        version: NEWEST,
        realm: &desired.realm,
        ownership: &ownership,
        secrets: &Secrets::default(),
        terms: &terms,
    };
    let diff = diff::diff(&question);
    let ledger = diff::next_ledger(&question, &diff, &|_| false);
    let mut plan = Plan {
        realm: desired.realm.clone(),
        server: "https://sso.example.org".to_owned(),
        keycloak: "26.7.5".to_owned(),
        exists: live.exists,
        diff,
        ..Plan::default()
    };
    plan::judge(
        &mut plan,
        &Conditions {
            version: NEWEST,
            is_tested: true,
            may_create: true,
            guards: &Guards::default(),
            ledger: ownership.ledger.as_ref(),
        },
    );
    (plan, ledger)
}
