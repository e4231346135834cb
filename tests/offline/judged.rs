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

/// Returns the objects that calls write, in an order in which they may be sent, whether each waits for the one before, and
/// which are made (`P`) or deleted (`D`).
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
        let method = call.method.name();
        let name = if object.name().is_empty() { object.kind().word } else { object.name() };
        text.push_str(if method == "PUT" { "" } else { method.get(..1).unwrap_or_default() });
        text.push_str(if method == "PUT" { "" } else { " " });
        text.push_str(name);
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
            "realm < P bob",
        ),
        (
            json!({ "passwordPolicy": "length(20)" }),
            json!({ "passwordPolicy": "length(3)",
                "users": [ann(json!({ "credentials": [{ "type": "password", "value": "secret" }] }))] }),
            "realm < P ann",
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

#[test]
fn flows_are_written_so_that_people_can_log_in_all_the_time() {
    let step = |of: &str, requirement: &str| json!({ "authenticator": of, "requirement": requirement });
    let flow = |alias: &str, steps: Value| json!({ "alias": alias, "authenticationExecutions": steps });
    let part = |alias: &str, steps: Value| json!({ "alias": alias, "topLevel": false, "authenticationExecutions": steps });
    let with = |alias: &str| json!({ "flowAlias": alias, "requirement": "REQUIRED" });
    let bound = |flows: Value| json!({ "browserFlow": "ours", "authenticationFlows": flows });
    let (cookie, spnego, otp) = ("auth-cookie", "auth-spnego", "auth-otp-form");
    let config = json!({ "alias": "a", "config": { "defaultProvider": "x" } });
    let configured = |requirement: &str| json!({ "authenticator": "identity-provider-redirector", "requirement": requirement, "authenticatorConfig": config });
    for (before, after, expected) in [
        // What is new or asks for more first and from the front, what asks for less from the back.
        (
            bound(json!([flow("ours", json!([step(cookie, "REQUIRED"), step(spnego, "REQUIRED")]))])),
            bound(json!([flow(
                "ours",
                json!([step(cookie, "DISABLED"), step(spnego, "ALTERNATIVE"), step(otp, "REQUIRED")])
            )])),
            "P auth-otp-form < auth-spnego < auth-cookie",
        ),
        // One takes the place of another: the new one is there before the old one goes.
        (
            bound(json!([flow("ours", json!([step(cookie, "REQUIRED")]))])),
            bound(json!([flow("ours", json!([step(spnego, "REQUIRED")]))])),
            "P auth-spnego < D auth-cookie",
        ),
        // A step with a configuration asks for nothing before it has that.
        (
            bound(json!([flow("ours", json!([step(cookie, "REQUIRED")]))])),
            bound(json!([flow("ours", json!([configured("ALTERNATIVE"), step(cookie, "REQUIRED")]))])),
            "P identity-provider-redirector < P config < identity-provider-redirector",
        ),
        // A sub-flow is filled before it hangs in another, and that before anybody is sent there.
        (
            json!({ "browserFlow": "browser" }),
            bound(json!([
                flow("ours", json!([with("pages")])),
                part("pages", json!([with("deep")])),
                part("deep", json!([configured("REQUIRED")])),
            ])),
            "P deep < P identity-provider-redirector < P config, P ours, P pages < P deep < P pages < realm",
        ),
        // A flow goes when nobody is sent there any more, and all of it with one call.
        (
            bound(json!([
                flow("ours", json!([with("pages")])),
                part("pages", json!([step(cookie, "REQUIRED")]))
            ])),
            json!({ "browserFlow": "browser" }),
            "realm < D ours",
        ),
    ] {
        assert_eq!(order(before, after.clone()), expected, "{after}");
    }
}
