//! Users and clients that the server judges by settings of the realm are written when these are as they need them.

use realmwright::diff::Ledger;
use realmwright::kind::{self, NEWEST};
use realmwright::plan;
use realmwright::state::State;
use realmwright::text::tree_of_json;
use serde_json::{Value, json};

use crate::as_read::as_read;
use crate::properties::{ask, fresh, live};

fn state(mut manifest: Value) -> State {
    manifest["realm"] = json!("r");
    kind::lift_realm(&tree_of_json(&manifest)).into_live()
}

/// Returns the objects that calls write, in an order in which they may be sent, and whether each waits for the one
/// before.
fn order(before: Value, after: Value) -> String {
    let ledger = Ledger { owner: "us".to_owned(), ..Ledger::default() };
    let first = ask(&state(before), &fresh(NEWEST, "r"), NEWEST, Some(ledger), true);
    let live = live(as_read(first.diff.planned));
    let asked = ask(&state(after), &live, NEWEST, Some(first.ledger), true);
    let sides = plan::sides(&live.state, &asked.diff.planned, NEWEST);
    let order = plan::order(&live, &asked.diff, &sides, NEWEST).expect("an order");
    let mut text = String::new();
    for (at, call) in order.calls.iter().enumerate() {
        if at > 0 {
            text.push_str(if call.after.contains(&(at - 1)) { " < " } else { ", " });
        }
        let object = &order.changes[call.change].object;
        text.push_str(if object.name().is_empty() { "realm" } else { object.name() });
    }
    text
}

#[test]
fn what_the_realm_judges_is_written_as_the_realm_will_be() {
    let ann = |more: Value| {
        let mut user = json!({ "username": "ann", "email": "a@x.org", "firstName": "A", "lastName": "N" });
        user.as_object_mut().expect("a map").extend(more.as_object().cloned().unwrap_or_default());
        user
    };
    let client = |field: &str, value: &str| json!({ "clientId": "c", "attributes": { field: value } });
    for (before, after, expected) in [
        (
            json!({ "users": [ann(json!({}))] }),
            json!({ "users": [ann(json!({})), { "username": "bob", "email": "a@x.org", "firstName": "B", "lastName": "N" }],
                "loginWithEmailAllowed": false, "duplicateEmailsAllowed": true }),
            "realm < bob",
        ),
        (
            json!({ "passwordPolicy": "length(20)" }),
            json!({ "passwordPolicy": "length(3)",
                "users": [ann(json!({ "credentials": [{ "type": "password", "value": "secret" }] }))] }),
            "realm < ann",
        ),
        (
            json!({ "ssoSessionIdleTimeout": 1800, "clients": [client("client.session.idle.timeout", "600")] }),
            json!({ "ssoSessionIdleTimeout": 7200, "clients": [client("client.session.idle.timeout", "7200")] }),
            "realm < c",
        ),
        (
            json!({ "attributes": { "acr.loa.map": "{\"gold\":\"1\"}" }, "clients": [client("default.acr.values", "gold")] }),
            json!({ "attributes": { "acr.loa.map": "{\"silver\":\"1\"}" }, "clients": [client("default.acr.values", "silver")] }),
            "realm < c",
        ),
        (
            json!({ "internationalizationEnabled": false, "users": [ann(json!({}))] }),
            json!({ "internationalizationEnabled": true, "supportedLocales": ["de"],
                "users": [ann(json!({ "attributes": { "locale": ["de"] } }))] }),
            "realm < ann",
        ),
        // What no administrator may write any more goes from users before.
        (
            json!({ "userProfile": { "attributes": [{ "name": "team", "permissions": { "edit": ["admin"] } }] },
                "users": [ann(json!({ "attributes": { "team": ["a"] } }))] }),
            json!({ "userProfile": { "attributes": [{ "name": "team", "displayName": "T", "permissions": { "edit": ["user"] } }] },
                "users": [ann(json!({ "attributes": { "team": null } }))] }),
            "team < ann < team",
        ),
        // A name may change as long as the realm says so; what else changes does not wait for that.
        (
            json!({ "editUsernameAllowed": true, "users": [ann(json!({ "formerly": "anna" }))] }),
            json!({ "editUsernameAllowed": false, "passwordPolicy": "length(3)", "users": [ann(json!({ "lastName": "M" }))] }),
            "realm < ann < realm",
        ),
        (
            json!({ "editUsernameAllowed": false, "users": [ann(json!({}))] }),
            json!({ "editUsernameAllowed": true, "users": [ann(json!({ "lastName": "M" }))] }),
            "realm < ann",
        ),
    ] {
        assert_eq!(order(before, after.clone()), expected, "{after}");
    }
}
