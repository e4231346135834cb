//! What a plan does beyond its objects is shown, and what could hurt waits for a yes.

use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::server::Server;
use crate::tree::{Tree, check, list, same, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("guards::a_hazard_needs_a_yes", a_hazard_needs_a_yes),
        newest("guards::what_is_protected_is_neither_changed_nor_deleted", what_is_protected),
        newest("guards::links_of_others_that_vanish_are_shown_and_not_refused", links_that_vanish),
        newest("guards::a_policy_is_rewired_before_its_role_goes", rewired_before),
    ]
}

const CLIENT: &str = "
clients:
  - clientId: demo
    name: Demo
    publicClient: false
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      resources: [{ name: R, uris: [/r] }]
";

fn a_hazard_needs_a_yes(server: &Server) -> Result<(), String> {
    let name = "live-guards-hazard";
    server.fresh_realm(name)?;
    let tree = Tree::of(name, CLIENT)?;
    tree.apply(server, &[])?;
    let realm = server.realm(name);
    tree.manifest("clients: [{ clientId: demo, name: Other, authorizationServicesEnabled: false }]\n")?;
    let plan = tree.plan(server, &[])?;
    same(
        "what goes with it is not left behind",
        &plan.changes(),
        &["delete client/demo/authz/resource/R", "delete client/demo/authz/settings", "update client/demo"],
    )?;
    let hazards: Vec<String> = list(&plan.0["side_effects"]).iter().map(|it| word(&it["hazard"])).collect();
    same("side effects", &hazards, &["deletes"])?;
    same("what needs a yes", &plan.consents(), &["hazards=1"])?;
    tree.refused(server, &[])?.says("hazards=1")?;
    check(realm.get(&realm.client("demo")?)?["name"] == "Demo", "nothing was written", &Value::Null)?;
    check(!realm.resource("demo", "R")?.is_null(), "the resource is there", &Value::Null)?;
    tree.apply(server, &["--allow", "hazards=1"])?;
    check(realm.get(&realm.client("demo")?)?["name"] == "Other", "now it is", &Value::Null)?;
    server.no_realm(name)
}

fn what_is_protected(server: &Server) -> Result<(), String> {
    let name = "live-guards-protect";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree =
        Tree::of(name, "roles: { realm: [{ name: a, description: x }, { name: b, description: x }] }\n")?;
    tree.apply(server, &[])?;
    tree.write(
        "realmwright.yaml",
        &format!("owner: team\nrealms: {{ {name}: {{ path: . }} }}\nprotect: [role/a]\n"),
    )?;
    tree.manifest("roles: { realm: [{ name: a, description: y }, { name: b, description: y }] }\n")?;
    tree.refused(server, &[])?.says("is protected by `role/a`")?;
    check(realm.get("/roles/b")?["description"] == "x", "nothing was written", &Value::Null)?;
    tree.manifest("roles: { realm: [{ name: b, description: x }] }\n")?;
    tree.refused(server, &["--prune"])?.says("is protected by `role/a`")?;
    realm.get("/roles/a")?;
    server.no_realm(name)
}

fn links_that_vanish(server: &Server) -> Result<(), String> {
    let name = "live-guards-links";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, "roles: { realm: [{ name: goes, description: x }, { name: stays }] }\n")?;
    tree.apply(server, &[])?;
    realm.post("/users", &json!({ "username": "theirs" }))?;
    realm.grant("theirs", "goes")?;
    realm.post("/groups", &json!({ "name": "theirs" }))?;
    let role = realm.get("/roles/goes")?;
    realm.post(&format!("{}/role-mappings/realm", realm.group("theirs")?), &json!([role]))?;
    tree.manifest("roles: { realm: [{ name: stays }] }\n")?;
    let plan = tree.plan(server, &["--prune"])?;
    same("what needs a yes", &plan.consents(), &[])?;
    let shown = list(&plan.0["side_effects"])
        .iter()
        .any(|it| it["hazard"] == "links" && it["address"] == "role/goes");
    check(shown, "the links are shown", &plan.0["side_effects"])?;
    tree.apply(server, &["--prune"])?;
    same("the role is gone", &realm.roles_of("theirs")?, &[])?;
    server.no_realm(name)
}

/// Keycloak empties a policy whose only role goes, and an empty negative policy permits everybody: the order
/// of the calls may not pass through that.
fn rewired_before(server: &Server) -> Result<(), String> {
    let name = "live-guards-order";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let manifest = |roles: &str, policy: &str| {
        format!(
            "roles: {{ realm: [{roles}] }}\n{CLIENT}      policies: [{{ name: Not these, type: role, logic: NEGATIVE, roles: [{policy}] }}]\n"
        )
    };
    let tree = Tree::of(name, &manifest("{ name: old }", "old"))?;
    tree.apply(server, &[])?;
    tree.manifest(&manifest("{ name: new }", "new"))?;
    let proxy = Proxy::before(server)?;
    tree.run_at(&proxy.url, server, &["apply", "--auto-approve", "--prune"])?.expect(0)?;
    let writes = proxy.writes_beside_ours();
    let position =
        |what: &str| writes.iter().position(|it| it.contains(what)).ok_or(format!("no {what}: {writes:#?}"));
    let (create, rewire, delete) =
        (position("POST ")?, position("/authz/resource-server/policy/role/")?, position("DELETE ")?);
    check(create < rewire && rewire < delete, "create, rewire, delete", &json!(writes))?;
    let new = realm.get("/roles/new")?;
    let policy = realm.policy("demo", "Not these")?;
    check(policy["roles"][0]["id"] == new["id"], "the policy names the new one", &policy)?;
    tree.is_clean(server)?;
    server.no_realm(name)
}
