//! Workflows beside others, and what becomes of whoever is on the way through one.

use serde_json::{Value, json};

use crate::realm::Realm;
use crate::server::Server;
use crate::tree::{Tree, check, same, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("workflows::of_others_stay_byte_identical", beside_others),
        newest("workflows::keep_whoever_is_on_the_way", on_the_way),
        newest("workflows::are_unknown_to_who_may_only_look", only_look),
    ]
}

const ALL: &str = "/workflows?max=2147483647";
/// What stays, so that not all goes.
const OTHER: &str = "roles: { realm: [{ name: other }] }\n";
const ALLOWED: &[&str] = &["--allow", "hazards=9", "--allow", "deletes=9"];

/// A workflow of ours comes, changes, gets another name and goes.
fn beside_others(server: &Server) -> Result<(), String> {
    let name = "live-workflows-others";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let steps = json!([{ "uses": "notify-user", "after": "5d", "with": { "reason": ["b", "a"] } }, { "uses": "disable-user" }]);
    realm.post("/workflows", &json!({ "name": "theirs", "if": "!has-role(x)", "steps": steps }))?;
    let theirs = realm.row(ALL, "name", "theirs")?;
    let tree = Tree::of(name, "workflows: [{ name: ours, steps: [{ uses: disable-user, after: 30d }] }]\n")?;
    let refused = tree.refused(server, &[])?;
    refused.says("steps disable-user disables users")?;
    let mut id = String::new();
    for manifest in [
        "workflows: [{ name: ours, steps: [{ uses: disable-user, after: 30d }] }]\n",
        "workflows: [{ name: ours, on: user-created, steps: [{ uses: notify-user }, { uses: disable-user, after: 30d }] }]\n",
        "workflows: [{ name: renamed, formerly: ours, enabled: false, on: user-created, steps: [{ uses: disable-user }, { uses: notify-user }] }]\n",
    ] {
        tree.manifest(&format!("{OTHER}{manifest}"))?;
        tree.apply(server, ALLOWED)?;
        tree.is_clean(server)?;
        let called = if manifest.contains("renamed") { "renamed" } else { "ours" };
        let ours = word(&realm.row(ALL, "name", called)?["id"]);
        check(id.is_empty() || id == ours, "it is the same one", &json!(ours))?;
        id = ours;
    }
    tree.manifest(OTHER)?;
    same("it is left behind", &tree.plan(server, &[])?.left_behind(), &["workflow/renamed"])?;
    tree.apply(server, &[ALLOWED, &["--prune"]].concat())?;
    let left = realm.get(ALL)?;
    check(left == json!([theirs]), "nothing but theirs is left, as it was", &left)?;
    server.no_realm(name)
}

fn on_the_way(server: &Server) -> Result<(), String> {
    let name = "live-workflows-way";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(
        name,
        "workflows: [{ name: ours, on: user-created, steps: [{ uses: disable-user, after: 30d }] }]\n",
    )?;
    tree.apply(server, ALLOWED)?;
    realm.post("/users", &json!({ "username": "ann", "enabled": true }))?;
    let ann = word(&realm.row("/users", "username", "ann")?["id"]);
    let before = scheduled(&realm, &ann)?;
    for manifest in [
        "workflows: [{ name: ours, on: user-created, enabled: false, steps: [{ uses: disable-user, after: 30d }] }]\n",
        "workflows: [{ name: renamed, formerly: ours, on: user-created, enabled: false, steps: [{ uses: disable-user, after: 30d }] }]\n",
        "workflows: [{ name: renamed, on: user-created, enabled: true, steps: [{ uses: disable-user, after: 40d, with: { a: b } }] }]\n",
    ] {
        tree.manifest(manifest)?;
        tree.apply(server, ALLOWED)?;
        tree.is_clean(server)?;
        let now = scheduled(&realm, &ann)?;
        check(now == before, "who is on the way stays so, by the time that was set", &now)?;
    }
    let told = realm.get(ALL)?;
    tree.manifest("workflows: [{ name: renamed, on: user-created, steps: [{ uses: notify-user }, { uses: disable-user }] }]\n")?;
    let ran = tree.run(server, &[&["apply", "--auto-approve"], ALLOWED].concat())?;
    ran.says("Cannot change the number or order of steps")?;
    check(realm.get(ALL)? == told, "it is as it was", &told)?;
    server.no_realm(name)
}

/// Returns when whose steps are due.
fn scheduled(realm: &Realm<'_>, user: &str) -> Result<Value, String> {
    let found = realm.get(&format!("/workflows/scheduled/{user}"))?;
    let due = found.pointer("/0/steps/0/scheduled-at").cloned();
    due.ok_or_else(|| format!("nobody is on the way: {found}"))
}

fn only_look(server: &Server) -> Result<(), String> {
    let name = "live-workflows-look";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let mut tree = Tree::of(name, "workflows: [{ name: ours, steps: [{ uses: notify-user }] }]\n")?;
    realm
        .post("/clients", &json!({ "clientId": "viewer", "secret": "s", "serviceAccountsEnabled": true }))?;
    let roles = ["view-realm", "manage-realm", "view-users", "view-clients"];
    realm.administer("service-account-viewer", &roles)?;
    tree.set("REALMWRIGHT_CLIENT_ID", "viewer");
    tree.set("REALMWRIGHT_CLIENT_SECRET", "s");
    let plan = tree.run(server, &["plan", "--auth-realm", name])?;
    plan.says("workflow `ours` cannot be seen: this credential lacks realm-admin")?;
    server.no_realm(name)
}
