use std::collections::BTreeMap;

use snapbox::{assert_data_eq, str};

use super::{Audit, Verification, outcomes_text};
use crate::change::Action;
use crate::kind::{CLIENT, ROLE};
use crate::plan::{Ended, Outcome, Plan};
use crate::report::Style;
use crate::state::Address;

fn outcome(address: Address, action: Action, ended: Ended) -> Outcome {
    Outcome { address, action, ended, began: false }
}

fn plan() -> Plan {
    Plan {
        realm: "shop".into(),
        server: "https://sso.example.org".into(),
        exists: true,
        allowed: BTreeMap::from([(crate::change::ConsentKey::Hazards, 2)]),
        ..Plan::default()
    }
}

fn audit(verification: Verification) -> Audit {
    Audit {
        subject: Some("deployer".into()),
        commit: Some("4f1c2ab".into()),
        requests: 12,
        seconds: 1.26,
        verification,
        failure: None,
    }
}

#[test]
fn each_outcome_has_its_line_and_the_last_line_says_it_all() {
    let web = Address::top(CLIENT, "web");
    let outcomes = [
        outcome(Address::top(ROLE, "reader"), Action::Create, Ended::Done),
        outcome(Address::top(ROLE, "writer"), Action::Update, Ended::AlreadyDone),
        outcome(web.clone(), Action::Create, Ended::Failed { message: "409 Conflict\n::error::x".into() }),
        outcome(web.child(ROLE, "x"), Action::Create, Ended::Skipped { because: web.clone() }),
        outcome(Address::top(ROLE, "old"), Action::Delete, Ended::NotStarted),
    ];
    let audit = audit(Verification::Differs { still: vec![web] });
    assert_data_eq!(
        outcomes_text(&plan(), &outcomes, &audit, &Style::plain()),
        str![[r#"
Applied   1 created, 1 already so; 1 failed, 1 skipped, 1 not started
  + role/reader
  ~ role/writer   was so already
  x client/web   failed: 409 Conflict/n::error::x
  ? client/web/role/x   skipped, because client/web failed
  ? role/old   not started

Still differs after the apply
  ~ client/web

realm shop at https://sso.example.org; by deployer; commit 4f1c2ab; plan sha256:0320fbde8fa4; 1 created, 1 already so; 1 failed, 1 skipped, 1 not started; consents hazards=2; 12 requests in 1.3 s; not as planned: 1 still differ

"#]]
    );
}

#[test]
fn many_outcomes_are_counted_and_only_what_is_not_done_is_listed() {
    let mut outcomes: Vec<Outcome> = (0..30)
        .map(|it| outcome(Address::top(ROLE, format!("r{it}")), Action::Create, Ended::Done))
        .collect();
    outcomes[7].ended = Ended::Failed { message: "no".into() };
    let audit = audit(Verification::Clean { held_back: 1 });
    assert_data_eq!(
        outcomes_text(&plan(), &outcomes, &audit, &Style::plain()),
        str![[r#"
Applied   29 created; 1 failed
  x role/r7   failed: no

realm shop at https://sso.example.org; by deployer; commit 4f1c2ab; plan sha256:0320fbde8fa4; 29 created; 1 failed; consents hazards=2; 12 requests in 1.3 s; verified: a new plan is empty, 1 difference held back

"#]]
    );
}
