//! A matrix says what single questions say, chains included.

use std::convert::Infallible;

use serde_json::json;

use super::{realm, role_policy, through, user};
use crate::access::{AccessQuestion, Persona, Verdict, decide, each_decision, personas};
use crate::kind::CLIENT;
use crate::state::Address;

#[test]
fn every_cell_is_what_a_single_question_says() {
    let authorization = json!({
        "scopes": [{ "name": "view" }, { "name": "edit" }],
        "resources": [
            { "name": "A", "scopes": [{ "name": "view" }, { "name": "edit" }] },
            { "name": "B", "scopes": [{ "name": "view" }] },
            { "name": "C" },
        ],
        "policies": [
            role_policy("one", "r1"),
            role_policy("three", "r3"),
            { "name": "in A", "type": "group", "groups": [{ "path": "/A", "extendChildren": true }] },
            { "name": "late", "type": "time", "hour": "20", "hourEnd": "22" },
            { "name": "not two", "type": "role", "logic": "NEGATIVE", "roles": [{ "id": "r2" }] },
            { "name": "all", "type": "aggregate", "policies": ["one", "not two"] },
            { "name": "p1", "type": "scope", "resources": ["A"], "scopes": ["view"], "policies": ["one", "in A"],
              "decisionStrategy": "AFFIRMATIVE" },
            { "name": "p2", "type": "scope", "resources": ["A"], "scopes": ["edit"], "policies": ["all"] },
            { "name": "p3", "type": "resource", "resources": ["B"], "policies": ["three"] },
            { "name": "p4", "type": "resource", "resources": ["C"], "policies": ["late", "one"] },
        ],
    });
    let realm = realm(&authorization);
    let client = Address::top(CLIENT, "rs");
    let mut all: Vec<Persona> = personas(&realm, &client);
    all.extend(["u1", "u2", "u12", "none", "boss", "in-a", "in-b", "gone"].map(user));
    all.extend(["narrow", "bare"].map(|it| through("u1", it)));
    let mut asked = 0;
    let ended: Result<(), Infallible> = each_decision(&realm, &client, &all, |cell| {
        let scopes: Vec<String> = cell.scope.iter().map(|it| (*it).to_owned()).collect();
        let persona = &all[cell.persona];
        let question =
            AccessQuestion { client: &client, resource: Some(cell.resource), scopes: &scopes, persona };
        let decision = decide(&realm, &question);
        let what = format!("{} {:?} on {}", persona.name, cell.scope, cell.resource);
        assert_eq!(cell.grants, decision.grants(cell.scope), "{what}");
        // Of somebody who is not there nothing but that is told.
        if decision.path.len() > 1 {
            assert_eq!((cell.first, cell.path), (&decision.path[0], &decision.path[1..]), "{what}");
        }
        let doubts = match &decision.verdict {
            Verdict::Unknown { doubts, .. } if cell.grants.is_none() => doubts.as_slice(),
            _ => &[],
        };
        assert_eq!(cell.doubts, doubts, "{what}");
        asked += 1;
        Ok(())
    });
    assert!(ended.is_ok());
    assert_eq!(asked, all.len() * 4);
}
