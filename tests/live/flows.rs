//! Flows beside what others put into them, and through another alias.

use serde_json::{Value, json};

use crate::realm::Realm;
use crate::server::Server;
use crate::tree::{Tree, check, list, same, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, needs, run| Trial { name, needs, run };
    vec![
        trial("flows::leave_steps_alone_that_somebody_added_before_ours", Needs::Newest, added_before),
        trial("flows::leave_steps_alone_on_the_oldest_version", Needs::Oldest, added_before),
        trial("flows::keep_ids_and_bindings_through_another_alias", Needs::Newest, renamed),
        trial("flows::keep_ids_and_bindings_on_the_oldest_version", Needs::Oldest, renamed),
        trial("flows::of_a_name_that_no_request_carries_hinder_nobody", Needs::Newest, unreachable),
    ]
}

const ALLOWED: &[&str] = &["--allow", "hazards=9", "--allow", "deletes=9"];

fn steps(realm: &Realm<'_>, flow: &str) -> Result<Vec<Value>, String> {
    let rows = realm.get(&format!("/authentication/flows/{flow}/executions"))?;
    Ok(list(&rows).to_vec())
}

/// Returns the steps of an authenticator in their order: ids and requirements.
fn of(steps: &[Value], authenticator: &str) -> Vec<(String, String)> {
    let rows = steps.iter().filter(|it| it["providerId"] == authenticator);
    rows.map(|it| (word(&it["id"]), word(&it["requirement"]))).collect()
}

/// Somebody puts a step of the same authenticator before ours, and before one of two of ours.
fn added_before(server: &Server) -> Result<(), String> {
    let name = "live-flows-added";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let manifest = |otp: &str, more: &str| {
        format!(
            "authenticationFlows:\n- alias: ours\n  authenticationExecutions:\n  - {{ authenticator: auth-cookie, requirement: ALTERNATIVE }}\n{otp}  - {{ authenticator: auth-spnego, requirement: DISABLED }}\n{more}"
        )
    };
    let otp =
        |requirement: &str| format!("  - {{ authenticator: auth-otp-form, requirement: {requirement} }}\n");
    let spnego = "  - { authenticator: auth-spnego, requirement: ALTERNATIVE }\n";
    let tree = Tree::of(name, &manifest(&otp("ALTERNATIVE"), spnego))?;
    tree.apply(server, ALLOWED)?;
    let before = steps(&realm, "ours")?;
    let (ours, spnegos) = (of(&before, "auth-otp-form"), of(&before, "auth-spnego"));
    let flow = word(&realm.row("/authentication/flows", "alias", "ours")?["id"]);
    for authenticator in ["auth-otp-form", "auth-spnego"] {
        realm.post(
            "/authentication/executions",
            &json!({ "authenticator": authenticator, "requirement": "REQUIRED", "priority": 1, "parentFlow": flow }),
        )?;
    }
    let theirs = |steps: &[Value]| {
        let is_theirs = |it: &&Value| before.iter().all(|old| old["id"] != it["id"]);
        Value::from(steps.iter().filter(is_theirs).cloned().collect::<Vec<_>>())
    };
    let added = theirs(&steps(&realm, "ours")?);
    check(list(&added).len() == 2, "two were added", &added)?;
    same("nothing is to do", &tree.plan(server, &[])?.changes(), &[])?;
    same("nothing drifts", &tree.drift(server)?, &[])?;
    // What changes and what ends is ours.
    let said = [
        (manifest(&otp("DISABLED"), spnego), Some("DISABLED"), 2),
        (manifest("", spnego), None, 1),
        (manifest("", ""), None, 1),
    ];
    for (manifest, expected, count) in said {
        tree.manifest(&manifest)?;
        tree.apply(server, &[ALLOWED, &["--prune"]].concat())?;
        tree.is_clean(server)?;
        let now = steps(&realm, "ours")?;
        let told = Value::from(now.clone());
        let (otps, is_there) = (of(&now, "auth-otp-form"), |it: &(String, String)| it.0 == ours[0].0);
        check(otps.iter().find(|it| is_there(it)).map(|it| &*it.1) == expected, "ours is as said", &told)?;
        check(otps.len() == count, "there are so many", &told)?;
        let still: Vec<Value> = list(&theirs(&now))
            .iter()
            .filter(|it| list(&added).iter().any(|old| old["id"] == it["id"]))
            .cloned()
            .collect();
        let without_place = |rows: &[Value]| -> Value {
            let mut rows = rows.to_vec();
            for it in &mut rows {
                it["index"] = Value::Null;
            }
            rows.into()
        };
        check(without_place(&still) == without_place(list(&added)), "theirs are as they were", &told)?;
    }
    let left = of(&steps(&realm, "ours")?, "auth-spnego");
    check(
        left.len() == 2 && left.contains(&spnegos[0]),
        "the first of ours is left, and theirs",
        &json!(left),
    )?;
    server.no_realm(name)
}

/// A flow and its sub-flow get other aliases: ids stay, and so does what binds them.
fn renamed(server: &Server) -> Result<(), String> {
    let name = "live-flows-renamed";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let manifest = |flow: &str, part: &str, more: [&str; 3]| {
        let [of_flow, of_part, requirement] = more;
        format!(
            "browserFlow: {flow}\nauthenticationFlows:\n- alias: {flow}\n{of_flow}  authenticationExecutions: [{{ authenticator: auth-cookie, requirement: {requirement} }}, {{ flowAlias: {part}, requirement: ALTERNATIVE }}]\n- alias: {part}\n{of_part}  topLevel: false\n  authenticationExecutions: [{{ authenticator: auth-username-password-form, requirement: REQUIRED }}]\nclients: [{{ clientId: web, authenticationFlowBindingOverrides: {{ browser: {flow} }} }}]\n"
        )
    };
    let tree = Tree::of(name, &manifest("ours", "part", ["", "", "ALTERNATIVE"]))?;
    tree.apply(server, ALLOWED)?;
    let ids = |flow: &str| -> Result<Value, String> {
        let rows = steps(&realm, flow)?;
        Ok(rows.iter().map(|it| json!([it["id"], it["flowId"]])).collect())
    };
    let (before, flow) = (ids("ours")?, word(&realm.row("/authentication/flows", "alias", "ours")?["id"]));
    tree.manifest(&manifest(
        "login",
        "login form",
        ["  formerly: ours\n", "  formerly: part\n", "DISABLED"],
    ))?;
    let plan = tree.plan(server, ALLOWED)?;
    let expected = ["update flow/login", "update flow/login form", "update flow/login/execution/auth-cookie"];
    same("the names change, and what is said beside", &plan.changes(), &expected)?;
    tree.apply(server, ALLOWED)?;
    tree.is_clean(server)?;
    let after = ids("login")?;
    check(after == before, "steps have their ids", &after)?;
    let row = realm.row("/authentication/flows", "alias", "login")?;
    check(row["id"] == flow, "the flow has its id", &row)?;
    let bound = realm.get("")?["browserFlow"].clone();
    check(bound == "login", "the realm binds it", &bound)?;
    let web = realm.get(&realm.client("web")?)?["authenticationFlowBindingOverrides"].clone();
    check(web == json!({ "browser": flow }), "the client binds it", &web)?;
    server.no_realm(name)
}

/// Somebody made flows that no path names: whoever may only view reads the realm.
fn unreachable(server: &Server) -> Result<(), String> {
    let name = "live-flows-unreachable";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    for alias in [".", ".."] {
        realm.post(
            "/authentication/flows",
            &json!({ "alias": alias, "topLevel": true, "providerId": "basic-flow" }),
        )?;
    }
    realm
        .post("/clients", &json!({ "clientId": "viewer", "secret": "s", "serviceAccountsEnabled": true }))?;
    realm.administer("service-account-viewer", &["view-realm", "view-users", "view-clients"])?;
    let mut tree = Tree::of(name, "authenticationFlows: [{ alias: browser }]\n")?;
    tree.set("REALMWRIGHT_CLIENT_ID", "viewer");
    tree.set("REALMWRIGHT_CLIENT_SECRET", "s");
    tree.run(server, &["plan", "--auth-realm", name])?.expect(0)?;
    server.no_realm(name)
}
