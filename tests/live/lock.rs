//! One run at a time writes to a realm: waiting, refusing, taking over, and losing the lock at work.

use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::realm::Realm;
use crate::server::{Server, until};
use crate::tree::{Ran, Tree, check, list, same, word};
use crate::unruly::{Asked, Do, Gate, Unruly};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        trial("lock::two_applies_at_once_do_not_mix", two_at_once),
        trial("lock::two_runs_that_create_one_realm_are_told_apart", two_create),
        trial("lock::a_ledger_that_moves_under_a_run_stops_it", a_moved_ledger),
        trial("lock::a_lock_that_has_run_out_is_taken_over", a_stale_lock),
        trial("lock::unlock_ends_the_lock_of_the_named_run_alone", unlock),
        trial("lock::a_run_whose_lock_is_removed_stops_and_says_so", a_removed_lock),
        trial("lock::a_run_whose_lock_was_taken_over_stops_and_says_so", a_lock_taken_over),
        trial("lock::signals_finish_what_is_under_way_and_give_the_lock_back", signals),
        trial("lock::a_killed_run_leaves_nothing_that_nobody_owns", a_killed_run),
    ]
}

/// Eight roles, which a run with one lane makes one after the other.
pub(crate) const ROLES: &str = "roles: { realm: [{ name: r1 }, { name: r2 }, { name: r3 }, { name: r4 }, { name: r5 }, { name: r6 }, { name: r7 }, { name: r8 }] }\n";
const CREATES: &[&str] = &[
    "create role/r1",
    "create role/r2",
    "create role/r3",
    "create role/r4",
    "create role/r5",
    "create role/r6",
    "create role/r7",
    "create role/r8",
];

fn makes_a_role(it: &Asked) -> bool {
    it.method == "POST" && it.path.ends_with("/roles")
}

/// A server that makes the first role at once, the others when the gate opens, and then each after a while.
fn gated(server: &Server, gate: &Gate, late: Duration) -> Result<Unruly, String> {
    let gate = gate.clone();
    Unruly::before(server, move |it| {
        if !makes_a_role(it) || it.creates("r1") {
            return Do::Pass;
        }
        gate.wait();
        Do::Late(late)
    })
}

const ONE_LANE: &[&str] = &["apply", "--auto-approve", "--format", "json", "--concurrency", "1"];

/// Starts a command and leaves it running.
fn start(tree: &Tree, url: &str, server: &Server, args: &[&str]) -> Result<Child, String> {
    tree.command(url, server, args).spawn().map_err(|it| it.to_string())
}

fn end(tree: &Tree, server: &Server, child: Child) -> Result<Ran, String> {
    tree.ran(server, &child.wait_with_output().map_err(|it| it.to_string())?)
}

fn lock_of(realm: &Realm<'_>) -> Result<Value, String> {
    realm.row("/clients?clientId=realmwright-lock", "clientId", "realmwright-lock")
}

fn no_lock(realm: &Realm<'_>) -> Result<(), String> {
    let lock = lock_of(realm)?;
    check(lock.is_null(), "the lock is gone", &lock)
}

fn make_lock(realm: &Realm<'_>, run: &str, expires: i64) -> Result<(), String> {
    let attributes = json!({ "realmwright.owner": "other", "realmwright.run": run, "realmwright.expires": expires.to_string() });
    realm.post(
        "/clients",
        &json!({ "clientId": "realmwright-lock", "enabled": false, "attributes": attributes }),
    )
}

fn is_there(realm: &Realm<'_>, role: &str) -> Result<bool, String> {
    let path = format!("/{}/roles/{role}", realm.name);
    Ok(realm.server.call(reqwest::Method::GET, &path, None)?.0.is_success())
}

fn roles(realm: &Realm<'_>) -> Result<Vec<String>, String> {
    let rows = realm.get("/roles?max=-1")?;
    let ours = |it: &String| it.len() == 2;
    Ok(list(&rows).iter().map(|it| word(&it["name"])).filter(ours).collect())
}

/// Returns `result address` of each outcome.
pub(crate) fn outcomes(ran: &Ran) -> Result<Vec<String>, String> {
    let json = ran.json()?;
    Ok(list(&json["outcomes"])
        .iter()
        .map(|it| format!("{} {}", word(&it["result"]), word(&it["address"])))
        .collect())
}

fn two_at_once(server: &Server) -> Result<(), String> {
    let name = "live-lock-two";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let (one, other) =
        (Tree::of(name, ROLES)?, Tree::of(name, "roles: { realm: [{ name: o1 }, { name: o2 }] }\n")?);
    other.write("realmwright.yaml", &format!("owner: other\nrealms: {{ {name}: {{ path: . }} }}\n"))?;
    let gate = Gate::default();
    let proxy = gated(server, &gate, Duration::ZERO)?;
    let first = start(&one, &proxy.url, server, ONE_LANE)?;
    until("the first run holds the lock, and writes", || is_there(&realm, "r1"))?;
    let run = word(&lock_of(&realm)?["attributes"]["realmwright.run"]);

    let refused = other.refused(server, &["--format", "json"])?;
    refused.says(&format!("owner `team`, run {run}"))?;
    refused.says("--lock-timeout")?;
    let json = refused.json()?;
    check(json["failure"]["class"] == "lock" && json["outcomes"] == json!([]), "JSON says why", &json)?;
    check(!is_there(&realm, "o1")?, "nothing was written", &Value::Null)?;

    let waited = start(&other, &server.url, server, &["apply", "--auto-approve", "--lock-timeout", "300"])?;
    gate.open();
    end(&one, server, first)?.expect(0)?;
    end(&other, server, waited)?.expect(0)?;
    no_lock(&realm)?;
    one.is_clean(server)?;
    other.is_clean(server)?;

    // Truly at once, with nothing to tell who is first.
    one.manifest(&ROLES.replace("r8", "r9"))?;
    other.manifest("roles: { realm: [{ name: o1 }, { name: o2 }, { name: o3 }] }\n")?;
    let args = &["apply", "--auto-approve", "--lock-timeout", "300", "--prune"];
    let (a, b) = (start(&one, &server.url, server, args)?, start(&other, &server.url, server, args)?);
    let (a, b) = (end(&one, server, a)?, end(&other, server, b)?);
    a.expect(0)?;
    b.expect(0)?;
    let mut names = roles(&realm)?;
    names.sort();
    same("nothing doubles", &names, &["o1", "o2", "o3", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r9"])?;
    no_lock(&realm)?;
    server.no_realm(name)
}

/// In a realm that does not exist yet, the POST of the realm is the lock.
fn two_create(server: &Server) -> Result<(), String> {
    let name = "live-lock-create";
    server.no_realm(name)?;
    let (one, other) = (Tree::of(name, ROLES)?, Tree::of(name, ROLES)?);
    // Both have planned before either creates.
    let (gate, arrived) = (Gate::default(), AtomicUsize::new(0));
    let proxy = Unruly::before(server, move |it| {
        if it.method == "POST" && it.path == "/admin/realms" {
            if arrived.fetch_add(1, Ordering::SeqCst) > 0 {
                gate.open();
            }
            gate.wait();
        }
        Do::Pass
    })?;
    let args = &["apply", "--auto-approve", "--allow", "realms=1", "--format", "json"];
    let (a, b) = server.alone(|| {
        let (a, b) = (start(&one, &proxy.url, server, args)?, start(&other, &proxy.url, server, args)?);
        Ok((end(&one, server, a)?, end(&other, server, b)?))
    })?;
    let (done, refused) = if a.code == 0 { (a, b) } else { (b, a) };
    done.expect(0)?;
    refused.expect(3)?.says("another run created the realm meanwhile; plan again")?;
    one.is_clean(server)?;
    no_lock(&server.realm(name))?;
    server.no_realm(name)
}

fn a_moved_ledger(server: &Server) -> Result<(), String> {
    let name = "live-lock-moved";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, ROLES)?;
    let gate = Gate::default();
    let proxy = gated(server, &gate, Duration::ZERO)?;
    let run = start(&tree, &proxy.url, server, ONE_LANE)?;
    until("the first role is there", || is_there(&realm, "r1"))?;
    realm.delete(&realm.client("realmwright-ledger-team")?)?;
    gate.open();
    let ran = end(&tree, server, run)?.expect(4)?;
    ran.says("the ledger was written by another run")?;
    check(outcomes(&ran)?.contains(&"done role/r8".to_owned()), "what was done is told", &ran.json()?)?;
    no_lock(&realm)?;
    server.no_realm(name)
}

fn a_stale_lock(server: &Server) -> Result<(), String> {
    let name = "live-lock-stale";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    make_lock(&realm, "long-dead", 1_000_000_000)?;
    let tree = Tree::of(name, ROLES)?;
    tree.apply(server, &[])?;
    no_lock(&realm)?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn unlock(server: &Server) -> Result<(), String> {
    let name = "live-lock-unlock";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    make_lock(&realm, "abc123", 9_000_000_000)?;
    let tree = Tree::of(name, ROLES)?;
    tree.refused(server, &[])?.says(&format!("realmwright unlock --realm {name} --run abc123"))?;
    same("nothing was written", &roles(&realm)?, &[])?;
    let unlock = |run: &str| tree.run(server, &["unlock", "--realm", name, "--run", run]);
    unlock("another")?.expect(1)?.says("owner `other`, run abc123")?;
    check(!lock_of(&realm)?.is_null(), "the lock of another run stays", &Value::Null)?;
    unlock("abc123")?.expect(0)?.says("the lock of owner `other`, run abc123 is gone")?;
    no_lock(&realm)?;
    unlock("abc123")?.expect(0)?.says("nobody holds the lock")?;
    make_lock(&realm, "abc123", 9_000_000_000)?;
    for removed in [json!({ "owner": "other", "run": "abc123" }), Value::Null] {
        let args = ["unlock", "--realm", name, "--run", "abc123", "--format", "json"];
        let told = tree.run(server, &args)?.expect(0)?.json()?;
        check(told["removed"] == removed && told["realm"] == name, "whose lock is gone", &told)?;
    }
    tree.apply(server, &[])?;
    server.no_realm(name)
}

fn a_removed_lock(server: &Server) -> Result<(), String> {
    lose(server, "live-lock-removed", "the lock was removed", |realm| {
        realm.delete(&format!("/clients/{}", word(&lock_of(realm)?["id"])))
    })
}

fn a_lock_taken_over(server: &Server) -> Result<(), String> {
    lose(server, "live-lock-taken", "the lock was taken over by run usurper", |realm| {
        realm.delete(&format!("/clients/{}", word(&lock_of(realm)?["id"])))?;
        make_lock(realm, "usurper", 9_000_000_000)
    })
}

/// Takes the lock away from a run at work; the run stops, tells what it did, and a later one completes it.
fn lose(
    server: &Server,
    name: &str,
    says: &str,
    take: impl Fn(&Realm<'_>) -> Result<(), String>,
) -> Result<(), String> {
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, ROLES)?;
    let gate = Gate::default();
    let proxy = gated(server, &gate, Duration::from_secs(1))?;
    let looks = || proxy.count(|it| it.method == "GET" && it.path.contains("realmwright-lock"));
    let run = start(&tree, &proxy.url, server, ONE_LANE)?;
    until("the first role is there", || is_there(&realm, "r1"))?;
    let before = looks();
    take(&realm)?;
    until("the run looks where its lock is", || Ok(looks() > before))?;
    gate.open();
    let ran = end(&tree, server, run)?.expect(4)?;
    ran.says(says)?;
    ran.says("no more calls were started")?;
    let outcomes = outcomes(&ran)?;
    check(
        outcomes.contains(&"done role/r1".to_owned()) && outcomes.contains(&"not_started role/r8".to_owned()),
        "what was done and what was not",
        &json!(outcomes),
    )?;
    let lock = lock_of(&realm)?;
    if !lock.is_null() {
        check(lock["attributes"]["realmwright.run"] == "usurper", "who took the lock over keeps it", &lock)?;
        tree.run(server, &["unlock", "--realm", name, "--run", "usurper"])?.expect(0)?;
    }
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    prune_everything(server, &tree, &realm)?;
    server.no_realm(name)
}

/// All that any of the runs made is ours, so that it goes when it is no longer declared.
fn prune_everything(server: &Server, tree: &Tree, realm: &Realm<'_>) -> Result<(), String> {
    tree.manifest("roles: { realm: [] }\n")?;
    tree.apply(server, &["--prune"])?;
    same("what is left", &roles(realm)?, &[])
}

fn signals(server: &Server) -> Result<(), String> {
    let name = "live-lock-signals";
    let realm = server.realm(name);
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        server.fresh_realm(name)?;
        let tree = Tree::of(name, ROLES)?;
        let gate = Gate::default();
        let proxy = gated(server, &gate, Duration::from_millis(500))?;
        let run = start(&tree, &proxy.url, server, ONE_LANE)?;
        until("the second role is under way", || Ok(proxy.count(makes_a_role) == 2))?;
        Command::new("kill").args([signal, &run.id().to_string()]).status().map_err(|it| it.to_string())?;
        gate.open();
        let ran = end(&tree, server, run)?.expect(code)?;
        ran.says("stopped; what was under way was finished")?;
        let outcomes = outcomes(&ran)?;
        let done: Vec<&str> = outcomes.iter().filter_map(|it| it.strip_prefix("done role/")).collect();
        check(done.len() >= 2, "the call under way was finished", &json!(outcomes))?;
        check(
            outcomes.contains(&"not_started role/r8".to_owned()),
            "no more were started",
            &json!(outcomes),
        )?;
        let mut there = roles(&realm)?;
        there.sort();
        same("what is there", &there, &done)?;
        no_lock(&realm)?;
        check(
            tree.plan(server, &[])?.changes().len() == 8 - done.len(),
            "the rest is planned",
            &Value::Null,
        )?;
        tree.apply(server, &[])?;
        tree.is_clean(server)?;
        prune_everything(server, &tree, &realm)?;
    }
    server.no_realm(name)
}

fn a_killed_run(server: &Server) -> Result<(), String> {
    let name = "live-lock-killed";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, ROLES)?;
    let gate = Gate::default();
    let proxy = gated(server, &gate, Duration::ZERO)?;
    let mut run = start(&tree, &proxy.url, server, ONE_LANE)?;
    until("the second role is under way", || Ok(proxy.count(makes_a_role) == 2))?;
    run.kill().map_err(|it| it.to_string())?;
    run.wait().map_err(|it| it.to_string())?;
    // A request that was under way still arrives.
    gate.open();
    until("the second role is there", || is_there(&realm, "r2"))?;
    until("nothing is under way any more", || Ok(proxy.is_idle()))?;

    let there = roles(&realm)?;
    let missing: Vec<&str> =
        CREATES.iter().filter(|it| !there.iter().any(|role| it.ends_with(role))).copied().collect();
    same("the next plan", &tree.plan(server, &[])?.writes(), &missing)?;
    // What the killed run made is ours even if nobody declares it now.
    let gone = |pattern: &str| -> Result<(), String> { tree.edit("realm.yaml", pattern, "") };
    gone("{ name: r1 }, ")?;
    same("left behind", &tree.plan(server, &[])?.left_behind(), &["role/r1"])?;

    let dead = word(&lock_of(&realm)?["attributes"]["realmwright.run"]);
    tree.refused(server, &[])?.says(&format!("--run {dead}"))?;
    tree.run(server, &["unlock", "--realm", name, "--run", &dead])?.expect(0)?;
    tree.apply(server, &["--prune"])?;
    check(!is_there(&realm, "r1")?, "what was not declared any more is gone", &Value::Null)?;
    tree.is_clean(server)?;
    prune_everything(server, &tree, &realm)?;
    server.no_realm(name)
}
