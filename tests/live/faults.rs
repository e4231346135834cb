//! A server and a network that fail in the middle of an apply: nothing doubles, nothing is hidden, and the next
//! run completes what this one could not.

use std::time::Duration;

use serde_json::{Value, json};

use crate::lock::outcomes;
use crate::realm::Realm;
use crate::server::Server;
use crate::tree::{Ran, Tree, check, list, same, sorted, word};
use crate::unruly::{Asked, Do, Unruly};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        trial("faults::a_create_whose_answer_is_lost_is_looked_for", lost_answers),
        trial("faults::a_create_is_lost_for_good_and_still_ours", lost_for_good),
        trial("faults::every_request_may_be_reset_once", resets),
        trial("faults::a_realm_that_could_not_be_read_once_is_read_again", read_again),
        trial("faults::a_busy_server_is_waited_for", busy),
        trial("faults::a_failed_update_fails_alone", a_failed_update),
        trial("faults::a_failed_create_skips_only_its_dependants", a_failed_create),
        trial("faults::a_server_that_dies_in_the_middle_is_repaired_later", a_dying_server),
        trial("faults::a_verification_that_cannot_be_read_is_no_success", no_verification),
    ]
}

const MANIFEST: &str = "
roles:
  realm: [{ name: cut-role, description: d }, { name: whole-role }]
  client: { cut-app: [{ name: cut-client-role }] }
groups: [{ name: cut-team, realmRoles: [cut-role] }]
users: [{ username: cut-user, email: c@example.org, firstName: C, lastName: U, realmRoles: [cut-role], groups: [/cut-team] }]
clients: [{ clientId: cut-app, description: an app }]
";

/// The first question of a run, by which it tells its rights.
fn read_again(server: &Server) -> Result<(), String> {
    let name = "live-faults-read";
    let tree = fresh(server, name)?;
    let own = format!("/admin/realms/{name}");
    let proxy = Unruly::before(server, move |it| {
        if it.method == "GET" && it.path == own && it.before == 0 { FAILED } else { Do::Pass }
    })?;
    apply(&tree, &proxy, server, 0)?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

const JSON: &[&str] = &["apply", "--auto-approve", "--format", "json"];
const FAILED: Do = Do::Answer(500, "Content-Type: application/json", r#"{"error":"unknown_error"}"#);

fn fresh(server: &Server, name: &str) -> Result<Tree, String> {
    server.fresh_realm(name)?;
    Tree::of(name, MANIFEST)
}

fn apply(tree: &Tree, proxy: &Unruly, server: &Server, code: i32) -> Result<Ran, String> {
    let ran = tree.run_at(&proxy.url, server, JSON)?;
    if ran.err.contains("panicked") || ran.err.contains("internal error") {
        return Err(format!("a panic:\n{}", ran.err));
    }
    let ran = ran.expect(code)?;
    ran.json()?;
    Ok(ran)
}

/// What is made with its name, and gets the rest after that.
const IN_PARTS: &str = "
organizationsEnabled: true
organizations:
  - alias: cut-org
    domains: [cut.example.org]
    members: [cut-user]
    groups: [{ name: cut-top, subGroups: [{ name: cut-below, description: d, attributes: { k: [a] }, members: [cut-user] }] }]
";

fn lost_answers(server: &Server) -> Result<(), String> {
    let name = "live-faults-lost";
    let tree = fresh(server, name)?;
    tree.manifest(&[MANIFEST, IN_PARTS].concat())?;
    let proxy = Unruly::before(server, |it| if it.creates("cut-") { Do::CutAnswer } else { Do::Pass })?;
    apply(&tree, &proxy, server, 0)?;
    let creates = |it: &Asked| it.creates("cut-");
    check(proxy.count(creates) == 8, "no create was sent twice", &json!(proxy.count(creates)))?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

/// Neither answers nor looking gets through: whatever is there afterwards was ours all the same.
fn lost_for_good(server: &Server) -> Result<(), String> {
    let name = "live-faults-forgood";
    let tree = fresh(server, name)?;
    let proxy = Unruly::before(server, |it| match it {
        it if it.creates("cut-role") => Do::CutAnswer,
        it if it.method == "GET" && it.path.ends_with("/roles/cut-role") => FAILED,
        _ => Do::Pass,
    })?;
    let ran = apply(&tree, &proxy, server, 4)?;
    ran.says("whether the server carried it out is unknown")?;
    check(outcomes(&ran)?.contains(&"failed role/cut-role".to_owned()), "it failed", &ran.json()?)?;
    let realm = server.realm(name);
    check(realm.get("/roles/cut-role")?["name"] == "cut-role", "it is there", &Value::Null)?;
    // Undeclared before anybody saw it: still ours.
    tree.manifest("roles: { realm: [{ name: whole-role }] }\n")?;
    tree.apply(server, &["--prune", "--format", "json"])?;
    let rows = realm.get("/roles")?;
    let left = sorted(list(&rows).iter().map(|it| word(&it["name"])).filter(|it| it.ends_with("-role")));
    same("what is left", &left, &["whole-role"])?;
    server.no_realm(name)
}

fn resets(server: &Server) -> Result<(), String> {
    let name = "live-faults-resets";
    let tree = fresh(server, name)?;
    tree.manifest(&[MANIFEST, IN_PARTS].concat())?;
    let proxy =
        Unruly::before(server, |it| if it.before == 0 && !it.is_login() { Do::Reset } else { Do::Pass })?;
    apply(&tree, &proxy, server, 0)?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn busy(server: &Server) -> Result<(), String> {
    let name = "live-faults-busy";
    let tree = fresh(server, name)?;
    tree.apply(server, &[])?;
    tree.edit("realm.yaml", "description: d", "description: new")?;
    tree.edit("realm.yaml", "{ name: whole-role }", "{ name: other-role }")?;
    let busy = Do::Answer(503, "Retry-After: 1\r\nContent-Type: application/json", "{}");
    let proxy = Unruly::before(server, move |it| {
        let is_meant = it.path.contains("/roles") && it.before == 0;
        if is_meant { busy } else { Do::Late(Duration::from_millis(20)) }
    })?;
    let args = [JSON, &["--prune"]].concat();
    let ran = tree.run_at(&proxy.url, server, &args)?.expect(0)?;
    let mut outcomes = outcomes(&ran)?;
    outcomes.sort();
    same("all is done", &outcomes, &["done role/cut-role", "done role/other-role", "done role/whole-role"])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn a_failed_update(server: &Server) -> Result<(), String> {
    let name = "live-faults-update";
    let tree = fresh(server, name)?;
    tree.apply(server, &[])?;
    tree.edit("realm.yaml", "description: d", "description: new")?;
    tree.edit("realm.yaml", "an app", "the app")?;
    let proxy = Unruly::before(server, |it| {
        if it.method == "PUT" && it.body.contains("cut-role") { FAILED } else { Do::Pass }
    })?;
    let ran = apply(&tree, &proxy, server, 4)?;
    let mut ended = outcomes(&ran)?;
    ended.sort();
    same("the outcomes", &ended, &["done client/cut-app", "failed role/cut-role"])?;
    let json = ran.json()?;
    check(json["verification"]["still_differ"] == json!(["role/cut-role"]), "what is left", &json)?;
    check(json["failure"]["message"] == "1 of 2 changes were not applied", "why it failed", &json)?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn a_failed_create(server: &Server) -> Result<(), String> {
    let name = "live-faults-create";
    let tree = fresh(server, name)?;
    let proxy = Unruly::before(server, |it| {
        let is_app = it.creates("cut-app");
        let refused = r#"{"errorMessage":"no more clients today"}"#;
        if is_app { Do::Answer(400, "Content-Type: application/json", refused) } else { Do::Pass }
    })?;
    let ran = apply(&tree, &proxy, server, 4)?;
    let mut ended = outcomes(&ran)?;
    ended.sort();
    same(
        "the outcomes",
        &ended,
        &[
            "done group/cut-team",
            "done role/cut-role",
            "done role/whole-role",
            "done user/cut-user",
            "failed client/cut-app",
            "skipped client/cut-app/role/cut-client-role",
        ],
    )?;
    let json = ran.json()?;
    let entry = |address: &str| list(&json["outcomes"]).iter().find(|it| it["address"] == address).cloned();
    let (app, role) = (entry("client/cut-app"), entry("client/cut-app/role/cut-client-role"));
    check(
        app.is_some_and(|it| word(&it["message"]).contains("no more clients today")),
        "the server's words",
        &json,
    )?;
    check(role.is_some_and(|it| it["because"] == "client/cut-app"), "why it was skipped", &json)?;

    // The ledger holds what was done: left out of the manifests it is left behind, and the rest is not.
    let full = format!("realm: {name}\n{MANIFEST}");
    tree.manifest("roles: { realm: [] }\n")?;
    let left = tree.plan(server, &[])?.left_behind();
    same("left behind", &left, &["group/cut-team", "role/cut-role", "role/whole-role", "user/cut-user"])?;
    tree.write("realm.yaml", &full)?;
    let rest = ["create client/cut-app", "create client/cut-app/role/cut-client-role"];
    same("the rest", &tree.plan(server, &[])?.writes(), &rest)?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn unlocked(tree: &Tree, server: &Server, realm: &Realm<'_>) -> Result<(), String> {
    let lock = realm.row("/clients?clientId=realmwright-lock", "clientId", "realmwright-lock")?;
    let run = word(&lock["attributes"]["realmwright.run"]);
    tree.run(server, &["unlock", "--realm", realm.name, "--run", &run])?.expect(0)?;
    Ok(())
}

fn a_dying_server(server: &Server) -> Result<(), String> {
    let name = "live-faults-dying";
    let tree = fresh(server, name)?;
    // Before anything is written, the whole of it could not be done.
    let dead = Unruly::before(server, |it| if it.is_login() { Do::Pass } else { Do::Die })?;
    let ran = apply(&tree, &dead, server, 1)?;
    let json = ran.json()?;
    check(
        json["failure"]["class"] == "network" && word(&json["failure"]["message"]).contains("no connection"),
        "JSON says why",
        &json,
    )?;

    let proxy = Unruly::before(server, |it| if it.creates("cut-app") { Do::Die } else { Do::Pass })?;
    let ran = tree.run_at(&proxy.url, server, &[JSON, &["--concurrency", "1"]].concat())?.expect(4)?;
    ran.says("the ledger could not be settled")?;
    ran.says(&format!("realmwright unlock --realm {name} --run"))?;
    let ended = outcomes(&ran)?;
    check(
        ended.iter().any(|it| it.starts_with("done ")) && ended.contains(&"failed client/cut-app".to_owned()),
        "what was done is told",
        &json!(ended),
    )?;
    unlocked(&tree, server, &server.realm(name))?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn no_verification(server: &Server) -> Result<(), String> {
    let name = "live-faults-verify";
    let tree = fresh(server, name)?;
    // The user comes last; reading after that fails.
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let proxy = Unruly::before(server, move |it| {
        use std::sync::atomic::Ordering::SeqCst;
        if it.body.contains("realmwright-ledger-") && it.method == "PUT" {
            is_over.store(true, SeqCst);
        }
        let reads = it.path.contains("/partial-export") || it.path.contains("/roles");
        if is_over.load(SeqCst) && reads { FAILED } else { Do::Pass }
    })?;
    let ran = apply(&tree, &proxy, server, 4)?;
    ran.says("the realm could not be read again")?;
    let json = ran.json()?;
    check(json["verification"]["result"] == "failed", "not verified", &json)?;
    check(json["summary"]["failed"] == 0, "and yet all done", &json)?;
    tree.is_clean(server)?;
    server.no_realm(name)
}
