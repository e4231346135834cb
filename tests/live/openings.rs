//! Nobody is let in on the way, asked of a real server: before every write of an edit, and after each write that
//! fails, the server permits only what it permits before the edit or after it.
//!
//! `REALMWRIGHT_TEST_EDITS` asks for random edits beside the told ones, from `REALMWRIGHT_TEST_SEED` on.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::realms::openings::{Edit, random, told};
use crate::server::Server;
use crate::tree::{Tree, check, list, word};
use crate::watched::{APPLY, Trouble, watched};
use crate::{Needs, Trial, asked_for};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, needs, run| Trial { name, needs, run };
    vec![
        trial("openings::told_edits_let_nobody_in_on_the_way", Needs::Newest, told_edits),
        trial("openings::told_edits_let_nobody_in_on_the_oldest_version", Needs::Oldest, told_edits),
        trial("openings::random_edits_let_nobody_in_on_the_way", Needs::Newest, random_edits),
        trial("openings::a_run_that_is_killed_is_taken_up", Needs::Newest, killed_runs),
        trial("openings::a_run_that_is_killed_is_taken_up_on_the_oldest_version", Needs::Oldest, killed_runs),
    ]
}

/// Who may use which scope of which resource.
type Permits = BTreeSet<String>;

fn told_edits(server: &Server) -> Result<(), String> {
    // All of them take many minutes.
    let step = if std::env::var_os("REALMWRIGHT_TEST_EDITS").is_some() { 1 } else { 13 };
    let edits = told();
    edits
        .iter()
        .enumerate()
        .step_by(step)
        .try_for_each(|(at, it)| lets_nobody_in(server, &format!("told-{at}"), it))
}

fn random_edits(server: &Server) -> Result<(), String> {
    let first = asked_for("SEED").unwrap_or(0);
    for seed in first..first + asked_for::<u64>("EDITS").unwrap_or(1) {
        lets_nobody_in(server, &format!("random-{seed}"), &random(seed))?;
    }
    Ok(())
}

fn killed_runs(server: &Server) -> Result<(), String> {
    let all = std::env::var_os("REALMWRIGHT_TEST_EDITS").is_some();
    let edits = told();
    let some = edits.iter().enumerate().filter(|(at, _)| all || *at == 8);
    for (at, edit) in some {
        is_taken_up(server, &format!("killed-{at}"), edit)?;
    }
    Ok(())
}

/// Kills the run at every write: the next one makes the realm as declared, and leaves nothing of its own there.
fn is_taken_up(server: &Server, name: &str, edit: &Edit) -> Result<(), String> {
    let (realm, tree) = started(server, name)?;
    let Course { bounds, after, writes, .. } = undisturbed(server, &tree, &realm, edit)?;
    for at in 1..writes.len() {
        tree.declare(&edit.before)?;
        tree.run(server, APPLY)?.expect(0).map_err(|it| format!("{}: back before {at}: {it}", edit.name))?;
        tree.declare(&edit.after)?;
        let asking = Asking::of(server, &realm)?;
        let (_, _, done) = watched(server, &tree, APPLY, Trouble::Killed(at), || asking.permits())?;
        let lock = server.get(&format!("/{realm}/clients?clientId=realmwright-lock"))?;
        let run = list(&lock).first().map(|it| word(&it["attributes"]["realmwright.run"]));
        let run = run.ok_or_else(|| format!("{}: nobody was killed before write {at}", edit.name))?;
        tree.run(server, &["unlock", "--realm", &realm, "--run", &run])?.expect(0)?;
        let told = |what: &str| format!("{}: {what} after {at} writes and a kill", edit.name);
        let halfway = Asking::of(server, &realm)?.permits()?;
        let opened: Vec<&String> = halfway.difference(&bounds).collect();
        check(opened.is_empty(), &told("nobody is let in"), &json!({ "opened": opened, "writes": done }))?;
        // The way on is watched as well.
        let (ran, seen, writes) = watched(server, &tree, APPLY, Trouble::None, || asking.permits())?;
        ran.expect(0).map_err(|it| format!("{}: {it}", told("it converges")))?;
        for (write, permits) in writes.iter().zip(&seen) {
            let opened: Vec<&String> = permits.difference(&bounds).collect();
            check(
                opened.is_empty(),
                &told("nobody is let in later"),
                &json!({ "opened": opened, "before": write }),
            )?;
        }
        tree.is_clean(server).map_err(|it| format!("{}: {it}", told("clean")))?;
        let asking = Asking::of(server, &realm)?;
        same_permits(&asking.permits()?, &after, &told("the same is permitted"))?;
        let left = server.get(&format!("{}/policy?max=-1", asking.base))?;
        let left: Vec<String> = list(&left)
            .iter()
            .map(|it| word(&it["name"]))
            .filter(|it| it.starts_with("realmwright"))
            .collect();
        check(left.is_empty(), &told("nothing is left over"), &json!(left))?;
    }
    server.no_realm(&realm)
}

fn same_permits(is: &Permits, wanted: &Permits, claim: &str) -> Result<(), String> {
    check(is == wanted, claim, &json!({ "is": is, "wanted": wanted }))
}

/// A realm that is not there yet, and a tree for it.
fn started(server: &Server, name: &str) -> Result<(String, Tree), String> {
    let realm = format!("live-openings-{name}");
    server.no_realm(&realm)?;
    let tree = Tree::empty(&realm)?;
    let project = format!(
        "owner: team\nprune: {{ users: true }}\nrealms: {{ {realm}: {{ path: ., create: true }} }}\n"
    );
    tree.write("realmwright.yaml", &project)?;
    Ok((realm, tree))
}

/// What an edit writes when nothing disturbs it, and who may what meanwhile.
struct Course {
    /// What the realm permits before the edit or after it.
    bounds: Permits,
    after: Permits,
    /// What it permits before each write.
    seen: Vec<Permits>,
    writes: Vec<String>,
}

fn undisturbed(server: &Server, tree: &Tree, realm: &str, edit: &Edit) -> Result<Course, String> {
    tree.declare(&edit.before)?;
    tree.run(server, APPLY)?.expect(0)?;
    let asking = Asking::of(server, realm)?;
    let before = asking.permits()?;
    tree.declare(&edit.after)?;
    let (ran, seen, writes) = watched(server, tree, APPLY, Trouble::None, || asking.permits())?;
    ran.expect(0)?;
    let after = Asking::of(server, realm)?.permits()?;
    let bounds = before.union(&after).cloned().collect();
    Ok(Course { bounds, after, seen, writes })
}

fn lets_nobody_in(server: &Server, name: &str, edit: &Edit) -> Result<(), String> {
    let (realm, tree) = started(server, name)?;
    let Course { bounds, seen, writes, .. } = undisturbed(server, &tree, &realm, edit)?;
    let judge = |when: String, permits: &Permits| {
        let opened: Vec<&String> = permits.difference(&bounds).collect();
        let writes = json!({ "opened": opened, "writes": writes });
        check(opened.is_empty(), &format!("{}: nobody is let in {when}", edit.name), &writes)
    };
    for (write, permits) in writes.iter().zip(&seen) {
        judge(format!("before {write}"), permits)?;
    }
    for (fails, write) in writes.iter().enumerate() {
        tree.declare(&edit.before)?;
        tree.run(server, APPLY)?
            .expect(0)
            .map_err(|it| format!("{}: back before write {fails}: {it}", edit.name))?;
        tree.declare(&edit.after)?;
        let asking = Asking::of(server, &realm)?;
        let (ran, _, sent) = watched(server, &tree, APPLY, Trouble::Fails(fails), || asking.permits())?;
        let found =
            json!({ "edit": edit.name, "code": ran.code, "err": ran.err, "writes": writes, "sent": sent });
        check([1, 4].contains(&ran.code), "a failed write is told", &found)?;
        let asking = Asking::of(server, &realm)?;
        let permits = asking.permits()?;
        judge(format!("after {write} failed"), &permits)?;
    }
    tree.run(server, APPLY)?.expect(0)?;
    tree.is_clean(server).map_err(|it| format!("{}: {it}", edit.name))?;
    server.no_realm(&realm)
}

/// What questions need.
struct Asking<'a> {
    server: &'a Server,
    base: String,
    realm: String,
    client: String,
}

impl<'a> Asking<'a> {
    fn of(server: &'a Server, realm: &str) -> Result<Self, String> {
        let rows = server.get(&format!("/{realm}/clients?clientId=rs"))?;
        let client = list(&rows).first().map(|it| word(&it["id"])).ok_or("no client")?;
        let base = format!("/{realm}/clients/{client}/authz/resource-server");
        Ok(Self { server, base, realm: realm.to_owned(), client })
    }

    /// Asks for everything, by id.
    fn permits(&self) -> Result<Permits, String> {
        let mut out = Permits::new();
        let resources = self.server.get(&format!("{}/resource?max=-1&deep=true", self.base))?;
        let users = self.server.get(&format!("/{}/users?max=-1", self.realm))?;
        for user in list(&users) {
            let (name, user) = (word(&user["username"]), word(&user["id"]));
            for resource in list(&resources) {
                let question = json!({
                    "userId": user, "clientId": self.client, "roleIds": [], "entitlements": false,
                    "context": { "attributes": {} },
                    "resources": [{ "_id": resource["_id"], "scopes": [] }],
                });
                for scope in self.granted(&question)? {
                    out.insert(format!("{name} {} {scope}", word(&resource["name"])));
                }
            }
        }
        Ok(out)
    }

    fn granted(&self, question: &Value) -> Result<Vec<String>, String> {
        let answer = self.server.post(&format!("{}/policy/evaluate", self.base), question)?;
        let permitted = list(&answer["results"]).iter().filter(|it| it["status"] == "PERMIT");
        let scopes = permitted.flat_map(|it| {
            let scopes: Vec<String> = list(&it["allowedScopes"]).iter().map(|it| word(&it["name"])).collect();
            if scopes.is_empty() { vec![String::new()] } else { scopes }
        });
        Ok(scopes.collect())
    }
}
