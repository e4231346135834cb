//! The ledger: damaged, gone, too large for one attribute, and of another tree.

use serde_json::{Value, json};

use crate::server::Server;
use crate::tree::{Tree, check, same, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("ledger::a_damaged_one_refuses_pruning_until_it_is_replaced", a_damaged_one),
        newest("ledger::a_missing_one_is_written_again", a_missing_one),
        newest("ledger::a_large_one_stands_in_chunks", a_large_one),
        newest("ledger::another_tree_of_the_same_owner_prunes_nothing", another_tree),
        newest("ledger::a_manifest_that_is_skipped_is_not_pruned", a_skipped_manifest),
        newest("ledger::client_policies_that_are_strict_with_every_client_let_it_pass", strict_policies),
        Trial {
            name: "ledger::client_policies_of_the_oldest_version_let_it_pass",
            needs: Needs::Oldest,
            run: strict_policies,
        },
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

fn a_large_one(server: &Server) -> Result<(), String> {
    let name = "live-ledger-large";
    server.fresh_realm(name)?;
    // Every key of a map has its digest: together more than one attribute holds.
    let attributes = |group: usize| -> Value {
        let key = |it: usize| (format!("key-{it}"), json!([format!("{}", group * 1_000 + it)]));
        Value::Object((0..1_000).map(key).collect())
    };
    let groups: Vec<Value> =
        (0..8).map(|it| json!({ "name": format!("group-{it}"), "attributes": attributes(it) })).collect();
    let realm = server.realm(name);
    let tree = Tree::of(name, &format!("groups: {}\n", Value::from(groups)))?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    let chunks = || -> Result<Vec<String>, String> {
        let row = realm.get(&realm.client("realmwright-ledger-team")?)?;
        let attributes = row["attributes"].as_object().ok_or("no attributes")?.clone();
        Ok(attributes
            .into_iter()
            .map(|(key, _)| key)
            .filter(|it| it.starts_with("realmwright.ledger."))
            .collect())
    };
    let first = chunks()?;
    check(first.len() > 1, "there are chunks", &json!(first))?;

    // A set of chunks that somebody edited counts for nothing.
    let ledger = realm.client("realmwright-ledger-team")?;
    let whole = realm.get(&ledger)?["attributes"].clone();
    let mut edited = whole.clone();
    edited[&first[0]] = json!("nonsense");
    realm.change(&ledger, &json!({ "attributes": edited }))?;
    tree.manifest("groups: [{ name: group-1 }]\n")?;
    tree.refused(server, &["--prune"])?.says("--adopt")?;
    realm.change(&ledger, &json!({ "attributes": whole }))?;

    // A shorter one leaves no chunk behind.
    tree.apply(server, &["--prune", "--allow", "deletes=9999"])?;
    same("chunks of a small ledger", &chunks()?, &[])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn another_tree(server: &Server) -> Result<(), String> {
    let name = "live-ledger-tree";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    Tree::of(name, TWO)?.apply(server, &[])?;
    let other = Tree::of(name, "roles: { realm: [{ name: theirs }] }\n")?;
    other.refused(server, &["--prune"])?.says("these manifests declare 0 of the 2 objects")?;
    check(realm.get("/roles/theirs").is_err(), "nothing was written", &Value::Null)?;
    // Without pruning it is a tree that grew.
    other.apply(server, &[])?;
    realm.get("/roles/goes")?;
    server.no_realm(name)
}

fn a_skipped_manifest(server: &Server) -> Result<(), String> {
    let name = "live-ledger-skipped";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, ONE)?;
    tree.write("more.yaml", &format!("realm: {name}\nroles: {{ realm: [{{ name: more }}] }}\n"))?;
    tree.apply(server, &[])?;
    tree.write(".ignore", "more.yaml\n")?;
    tree.refused(server, &["--prune"])?.says("`more.yaml` was applied before and is not read any more")?;
    realm.get("/roles/more")?;
    server.no_realm(name)
}

/// Every profile that comes with Keycloak asks of every client what it asks, and configures nothing by itself.
fn strict_policies(server: &Server) -> Result<(), String> {
    let name = "live-ledger-policies";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, TWO)?;
    tree.apply(server, &[])?;
    // One that an earlier version of ours left behind kept to nothing.
    let lax =
        json!({ "consentRequired": false, "clientAuthenticatorType": "client-secret", "redirectUris": [] });
    realm.change(&realm.client("realmwright-ledger-team")?, &lax)?;
    let profiles = realm.get("/client-policies/profiles?include-global-profiles=true")?;
    let mut profiles =
        profiles["globalProfiles"].as_array().cloned().ok_or("the server shows no profiles")?;
    check(profiles.len() > 5, "there are profiles", &json!(profiles))?;
    for profile in &mut profiles {
        profile["name"] = json!(format!("strict-{}", word(&profile["name"])));
        for executor in profile["executors"].as_array_mut().into_iter().flatten() {
            if let Some(on) = executor["configuration"].get_mut("auto-configure") {
                *on = json!(false);
            }
        }
    }
    realm.put("/client-policies/profiles", &json!({ "profiles": profiles }))?;
    let policies: Vec<Value> = profiles
        .iter()
        .map(|it| {
            let everybody = json!([{ "condition": "any-client", "configuration": {} }]);
            json!({ "name": it["name"], "enabled": true, "conditions": everybody, "profiles": [it["name"]] })
        })
        .collect();
    realm.put("/client-policies/policies", &json!({ "policies": policies }))?;
    let refused = realm.post("/clients", &json!({ "clientId": "any", "enabled": false }));
    check(refused.is_err(), "others are refused", &Value::Null)?;

    tree.manifest(&TWO.replace("description: x", "description: y"))?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    tree.manifest(&ONE.replace("description: x", "description: y"))?;
    tree.apply(server, &["--prune"])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}
