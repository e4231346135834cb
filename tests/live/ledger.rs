//! The ledger and the lock when something goes wrong: damaged, gone, a run killed or interrupted on the way.

use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::realm::Realm;
use crate::server::Server;
use crate::tree::{Tree, check, list, same, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("ledger::a_damaged_one_refuses_pruning_until_it_is_replaced", a_damaged_one),
        newest("ledger::a_missing_one_is_written_again", a_missing_one),
        newest("ledger::a_killed_run_leaves_nothing_that_nobody_owns", a_killed_run),
        newest("ledger::an_interrupted_run_settles_and_unlocks", an_interrupted_run),
    ]
}

const TWO: &str = "roles: { realm: [{ name: stays, description: x }, { name: goes, description: x }] }\n";
const ONE: &str = "roles: { realm: [{ name: stays, description: x }] }\n";

fn a_damaged_one(server: &Server) -> Result<(), String> {
    let name = "live-ledger-damaged";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, TWO)?;
    tree.apply(server, &[])?;
    let ledger = realm.client("realmwright-ledger-team")?;
    let mut attributes = realm.get(&ledger)?["attributes"].clone();
    attributes["realmwright.ledger"] = json!("nonsense");
    realm.change(&ledger, &json!({ "attributes": attributes }))?;

    tree.manifest(&ONE.replace("description: x", "description: y"))?;
    same("planning works", &tree.plan(server, &[])?.changes(), &["update role/stays"])?;
    tree.refused(server, &["--prune"])?.says("--adopt")?;
    check(realm.get("/roles/stays")?["description"] == "x", "nothing was written", &Value::Null)?;
    tree.manifest(TWO)?;
    tree.apply(server, &["--adopt"])?;
    tree.is_clean(server)?;
    tree.manifest(ONE)?;
    same("pruning works", &tree.plan(server, &["--prune"])?.changes(), &["delete role/goes"])?;
    tree.apply(server, &["--prune"])?;
    server.no_realm(name)
}

fn a_missing_one(server: &Server) -> Result<(), String> {
    let name = "live-ledger-missing";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, TWO)?;
    tree.apply(server, &[])?;
    realm.delete(&realm.client("realmwright-ledger-team")?)?;
    same(
        "everything is adopted",
        &tree.plan(server, &[])?.changes(),
        &["adopt role/goes", "adopt role/stays"],
    )?;
    same("which is no drift", &tree.drift(server)?, &[])?;
    tree.apply(server, &[])?;
    realm.client("realmwright-ledger-team")?;
    tree.is_clean(server)?;
    // Disabled, and no way to log in with it.
    let ledger = realm.get(&realm.client("realmwright-ledger-team")?)?;
    for flow in [
        "enabled",
        "standardFlowEnabled",
        "directAccessGrantsEnabled",
        "serviceAccountsEnabled",
        "publicClient",
    ] {
        check(ledger[flow] == false, flow, &ledger)?;
    }
    server.no_realm(name)
}

/// Enough to be stopped on the way.
fn many() -> String {
    let roles: Vec<String> = (0..60).map(|it| format!("{{ name: r{it:02}, description: x }}")).collect();
    format!("roles: {{ realm: [{}] }}\n", roles.join(", "))
}

/// Starts an apply and waits until some of its writes have passed.
fn half_way(tree: &Tree, server: &Server, proxy: &Proxy) -> Result<Child, String> {
    let child = tree.start_at(&proxy.url, server, &["apply", "--auto-approve", "--concurrency", "1"])?;
    let started = Instant::now();
    while proxy.writes_beside_ours().len() < 6 {
        if started.elapsed() > Duration::from_secs(30) {
            return Err(format!("nothing was written in 30 seconds: {:?}", proxy.writes()));
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    Ok(child)
}

fn count(realm: &Realm<'_>) -> Result<usize, String> {
    let roles = realm.get("/roles")?;
    Ok(list(&roles).iter().filter(|it| word(&it["name"]).starts_with('r')).count())
}

fn a_killed_run(server: &Server) -> Result<(), String> {
    let name = "live-ledger-killed";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, &many())?;
    let proxy = Proxy::before(server)?;
    let mut child = half_way(&tree, server, &proxy)?;
    child.kill().map_err(|it| it.to_string())?;
    child.wait().map_err(|it| it.to_string())?;
    let made = count(&realm)?;
    check((1..60).contains(&made), "it was killed on the way", &json!(made))?;

    // Its lock is still there, and named.
    let ran = tree.refused(server, &[])?;
    let run =
        ran.err.split("--run ").nth(1).and_then(|it| it.split('`').next()).unwrap_or_default().to_owned();
    tree.run(server, &["unlock", "--realm", name, "--run", &run])?.expect(0)?;
    // What it made is ours, although nobody wrote down the end of it.
    tree.manifest("roles: { realm: [] }\n")?;
    let plan = tree.plan(server, &["--prune"])?;
    let deletes = plan.changes().iter().filter(|it| it.starts_with("delete ")).count();
    check(deletes == made, "all of it can go", &json!(plan.changes()))?;
    tree.manifest(&many())?;
    tree.apply(server, &[])?;
    check(count(&realm)? == 60, "all are there", &json!(count(&realm)?))?;
    tree.is_clean(server)?;
    tree.manifest("roles: { realm: [] }\n")?;
    tree.apply(server, &["--prune"])?;
    check(count(&realm)? == 0, "all are gone", &json!(count(&realm)?))?;
    server.no_realm(name)
}

fn an_interrupted_run(server: &Server) -> Result<(), String> {
    let name = "live-ledger-interrupted";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, &many())?;
    let proxy = Proxy::before(server)?;
    let child = half_way(&tree, server, &proxy)?;
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).map_err(|it| it.to_string())?;
    let ended = child.wait_with_output().map_err(|it| it.to_string())?;
    check(ended.status.code() == Some(130), "interrupted", &json!(format!("{ended:?}")))?;
    let made = count(&realm)?;
    check((1..60).contains(&made), "it stopped on the way", &json!(made))?;
    check(realm.client("realmwright-lock").is_err(), "the lock is given back", &Value::Null)?;
    let plan = tree.plan(server, &[])?;
    check(plan.changes().len() == 60 - made, "the rest is left to do", &json!(plan.changes()))?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}
