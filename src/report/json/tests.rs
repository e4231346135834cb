use std::path::Path;

use serde_json::{Value, json};

use super::{
    drift_json, failure_json, json_text, outcomes_json, plan_digest, plan_json, plans_json, report_schema,
    result_schema, several_json,
};
use crate::plan::{Ended, Outcome, drift};
use crate::report::fixture::{SECRET, clean, everything, many, nasty, together};
use crate::report::{Audit, Verification};
use crate::state::Is;
use crate::text::{At, Code, Note};

fn change<'a>(plan: &'a Value, address: &str) -> &'a Value {
    let changes = plan["resource_changes"].as_array().expect("a list of changes");
    changes.iter().find(|it| it["address"] == address).expect("a change of this address")
}

fn documents() -> Vec<Value> {
    let audit = Audit {
        subject: Some("admin".into()),
        commit: None,
        requests: 3,
        seconds: 0.5,
        verification: Verification::Differs { still: vec![] },
        failure: None,
    };
    let (_, loaded) = clean();
    let note = Note::error(Code::UnknownField, "unknown field", At { file: 0, start: 0, end: 5 }, "here");
    let mut documents =
        vec![failure_json("plan", "input", "1 error in the manifests", &loaded.files, &[note])];
    for (plan, loaded) in [everything(), clean(), many(250), nasty(), together(true), together(false)] {
        let outcomes: Vec<Outcome> = plan
            .changes()
            .iter()
            .map(|it| Outcome {
                address: it.object.clone(),
                action: it.action,
                ended: Ended::Done,
                began: true,
            })
            .collect();
        documents.push(plan_json(&plan, &loaded.files));
        documents.push(plans_json(&[(&plan, &loaded.files), (&plan, &loaded.files)]));
        documents.push(drift_json(&plan, &drift(&plan), &loaded.files));
        documents.push(outcomes_json(&plan, &outcomes, &audit, &loaded.files));
    }
    let drifts: Vec<Value> = documents.iter().filter(|it| it["command"] == "drift").cloned().collect();
    documents.push(several_json(drifts));
    documents
}

#[test]
fn an_update_has_before_after_paths_and_links() {
    let (plan, loaded) = everything();
    let plan = plan_json(&plan, &loaded.files);
    let eric = change(&plan, "user/eric");
    assert_eq!(eric["source"], "realm.yaml:14");
    assert_eq!(
        eric["change"],
        json!({
            "actions": ["update"],
            "before": {"realmRoles": ["role/legacy", "role/other", "role/reader"]},
            "after": {"realmRoles": ["role/reader", "role/writer"]},
            "paths": ["/realmRoles"],
            "before_sensitive": {}, "after_sensitive": {},
            "links": {"realmRoles": {"add": ["role/writer"], "remove": ["role/legacy", "role/other"]}},
            "reasons": {"/realmRoles": ["manifest_changed", "live_changed"]},
        })
    );
    let web = &change(&plan, "client/web")["change"];
    assert_eq!(web["before"]["attributes"], json!({"login_theme": "day", "old.key": "x"}));
    assert_eq!(web["after"]["attributes"], json!({"login_theme": "night", "old.key": null}));
    assert_eq!(web["reasons"]["/attributes/old.key"], json!(["not_in_manifests"]));
}

#[test]
fn creates_have_no_before_and_deletes_no_after() {
    let (plan, loaded) = everything();
    let plan = plan_json(&plan, &loaded.files);
    let demo = change(&plan, "client/demo");
    assert_eq!(demo["change"]["before"], Value::Null);
    assert_eq!(demo["change"]["after_sensitive"], json!({"secret": true}));
    assert_eq!(demo["change"]["after"]["secret"], "(secret written in the manifest)");
    let policy = &change(&plan, "client/demo/authz/policy/Readers")["change"]["after"];
    assert_eq!(policy["roles"], json!([{"id": "role/reader", "required": true}]));
    let legacy = change(&plan, "role/legacy");
    assert_eq!(legacy["change"]["after"], Value::Null);
    assert_eq!(legacy["reason"], "not_in_manifests");
}

#[test]
fn what_is_beside_the_changes_is_there() {
    let (plan, loaded) = everything();
    let plan = plan_json(&plan, &loaded.files);
    assert_eq!(plan["applyable"], false);
    assert_eq!(plan["complete"], true);
    assert_eq!(plan["target"]["server"], "https://sso.example.org");
    assert_eq!(plan["summary"]["create"], 8);
    assert_eq!(plan["consents"][0]["key"], "hazards");
    assert_eq!(plan["held_back"][0]["consent"], "secrets");
    assert_eq!(plan["held_back"][0]["change"]["after"]["secret"], json!({"fromEnv": "WEB_SECRET"}));
    let left = json!([{"address": "user/leaver", "path": null, "adopted": false, "stays": false}]);
    assert_eq!(plan["left_behind"], left);
    assert_eq!(plan["errors"], json!([]));
}

#[test]
fn drift_shows_what_is_declared_before_what_keycloak_has() {
    let (plan, loaded) = everything();
    let drift = drift_json(&plan, &drift(&plan), &loaded.files);
    let entries = drift["resource_drift"].as_array().expect("a list");
    let of = |address: &str, class: &str| {
        entries.iter().find(|it| it["address"] == address && it["class"] == class).expect("an entry")
    };
    let granted = of("user/eric", "unexpected");
    assert_eq!(granted["links"]["realmRoles"]["add"], json!(["role/legacy", "role/other"]));
    let disabled = of("user/eric", "changed");
    assert_eq!(
        (&disabled["before"]["enabled"], &disabled["after"]["enabled"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(disabled["held_back"], "reenables");
    assert_eq!(of("role/returns", "missing")["after"], Value::Null);
    assert_eq!(of("role/legacy", "leftover")["before"], Value::Null);
    assert_eq!(drift["drifted"], true);
}

#[test]
fn no_document_holds_a_secret() {
    for document in documents() {
        let text = document.to_string();
        assert!(!text.contains(SECRET), "{text}");
        assert!(!text.contains("admin:pw"), "credentials of the server's URL are shown");
    }
}

#[test]
fn the_digest_is_of_what_is_done_and_not_of_where_it_is_written() {
    let (plan, _) = everything();
    let (again, _) = everything();
    assert_eq!(plan_digest(&plan), plan_digest(&again));
    let mut moved = plan.clone();
    for change in &mut moved.diff.changes {
        change.at = At::SERVER;
    }
    assert_eq!(plan_digest(&plan), plan_digest(&moved));
    let mut turned = plan.clone();
    for field in turned.diff.changes.iter_mut().flat_map(|it| &mut it.fields) {
        if let Some(Is::List(items)) = field.from.as_mut().map(|it| &mut it.is) {
            items.reverse();
        }
    }
    assert_eq!(plan_digest(&plan), plan_digest(&turned), "the server's order of a set says nothing");
    let mut less = plan.clone();
    less.diff.changes.pop();
    assert_ne!(plan_digest(&plan), plan_digest(&less));
    let other = crate::plan::Plan { realm: "other".into(), ..plan.clone() };
    assert_ne!(plan_digest(&plan), plan_digest(&other));
}

#[test]
fn json_text_holds_nothing_that_a_terminal_or_a_runner_obeys_and_reads_back_the_same() {
    let (plan, loaded) = nasty();
    let value = plan_json(&plan, &loaded.files);
    let text = json_text(&value);
    assert!(text.chars().all(|it| it == '\n' || !crate::report::safe::is_unsafe(it)), "{text}");
    assert!(text.lines().all(|it| !it.trim_start().starts_with("::") && !it.contains("##[")));
    assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
}

#[test]
fn every_document_is_as_the_schema_says() {
    let schema = report_schema();
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    for document in documents() {
        let errors: Vec<String> = validator.iter_errors(&document).map(|it| it.to_string()).collect();
        assert_eq!(errors, [""; 0]);
    }
    let mut wrong = documents().remove(1);
    wrong["summary"]["create"] = json!("many");
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn the_committed_schema_is_the_current_one() {
    for (name, schema) in [("plan", report_schema()), ("result", result_schema())] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.json"));
        let current = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
        if std::env::var_os("REALMWRIGHT_UPDATE").is_some() {
            std::fs::write(&path, &current).expect("the schema can be written");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == current, "schemas/{name}.json is old: run the tests with REALMWRIGHT_UPDATE=1");
    }
}
