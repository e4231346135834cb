//! The ledger when something goes wrong with it: damaged, or gone.

use serde_json::{Value, json};

use crate::server::Server;
use crate::tree::{Tree, check, same};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("ledger::a_damaged_one_refuses_pruning_until_it_is_replaced", a_damaged_one),
        newest("ledger::a_missing_one_is_written_again", a_missing_one),
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
