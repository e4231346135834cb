//! Two teams on one realm: what the one applies and prunes never touches what is the other's, in turn and at once.

use std::thread;

use serde_json::Value;

use crate::realm::Realm;
use crate::server::Server;
use crate::tree::{Ran, Tree, check, list, same, sorted, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("owners::fifty_applies_in_turn_touch_nothing_of_the_other", fifty_applies_in_turn),
        newest("owners::two_owners_at_once_wait_for_each_other", two_owners_at_once),
        newest("owners::two_runs_of_one_owner_at_once_double_nothing", two_runs_at_once),
    ]
}

/// What a team declares: on even turns the first half and what is in both, on odd turns the second half.
fn manifest(team: &str, turn: usize) -> String {
    let half = if turn.is_multiple_of(2) { "first" } else { "second" };
    format!(
        "
roles: {{ realm: [{{ name: {team}-both, description: {half} }}, {{ name: {team}-{half} }}], client: {{ demo: [{{ name: {team}-{half} }}] }} }}
groups: [{{ name: {team}-{half} }}]
users:
  - {{ username: {team}, email: {team}@example.org, firstName: F, lastName: L, realmRoles: [{team}-both, {team}-{half}], groups: [/{team}-{half}] }}
clients:
  - clientId: demo
    authorizationSettings:
      scopes: [{{ name: {team}-{half} }}]
      resources: [{{ name: {team}-{half}, uris: [/{team}], scopes: [{team}-{half}], permissions: {{ role: [{team}-both] }} }}]
      policies: [{{ name: {team}-policy, type: role, roles: [{team}-{half}] }}]
      permissions: [{{ name: {team}-permission, type: resource, resources: [{team}-{half}], policies: [{team}-policy] }}]
"
    )
}

/// A realm with a client that belongs to neither, and the two trees.
fn start(server: &Server, name: &str) -> Result<[(&'static str, Tree); 2], String> {
    server.fresh_realm(name)?;
    let body = serde_json::json!({ "clientId": "demo", "serviceAccountsEnabled": true, "authorizationServicesEnabled": true });
    server.realm(name).post("/clients", &body)?;
    let tree = |team: &'static str| Ok::<_, String>((team, Tree::of(name, &manifest(team, 0))?));
    Ok([tree("ours")?, tree("theirs")?])
}

/// Everything in the realm whose name begins with a team's, as the server shows it.
fn look(realm: &Realm<'_>, team: &str) -> Result<Vec<String>, String> {
    let (demo, authz) = (realm.client("demo")?, realm.authz("demo")?);
    let mut all = Vec::new();
    for path in [
        "/roles?briefRepresentation=false".to_owned(),
        "/groups?briefRepresentation=false".to_owned(),
        format!("/users?exact=true&username={team}"),
        format!("{demo}/roles"),
        format!("{authz}/scope?max=-1"),
        format!("{authz}/resource?deep=true&max=-1"),
        format!("{authz}/policy?max=-1&fields=*"),
    ] {
        let rows = realm.get(&path)?;
        let named = |it: &&Value| word(&it["name"]).starts_with(team) || it["username"] == team;
        all.extend(list(&rows).iter().filter(named).map(|it| format!("{path} {it}")));
    }
    if realm.user(team).is_ok() {
        all.push(realm.get(&format!("{}/role-mappings", realm.user(team)?))?.to_string());
        all.push(realm.get(&format!("{}/groups", realm.user(team)?))?.to_string());
    }
    Ok(sorted(all.into_iter()))
}

fn fifty_applies_in_turn(server: &Server) -> Result<(), String> {
    let name = "live-owners";
    let trees = start(server, name)?;
    let realm = server.realm(name);
    for turn in 0..50 {
        let ((team, tree), (other, _)) =
            if turn % 2 == 0 { (&trees[0], &trees[1]) } else { (&trees[1], &trees[0]) };
        let before = look(&realm, other)?;
        tree.manifest(&manifest(team, turn / 2))?;
        tree.apply(server, &["--owner", team, "--prune"]).map_err(|it| format!("turn {turn}: {it}"))?;
        let after = look(&realm, other)?;
        if before != after {
            return Err(format!("turn {turn} of {team} moved {before:#?} to {after:#?}"));
        }
    }
    for (team, tree) in &trees {
        same(team, &tree.plan(server, &["--owner", team, "--prune"])?.changes(), &[])?;
        let both = format!("{team}-both");
        same(team, &realm.roles_of(team)?, &[&both, &format!("{team}-first")])?;
    }
    server.no_realm(name)
}

fn at_once(server: &Server, runs: [(&Tree, &[&str]); 2]) -> Result<[Ran; 2], String> {
    thread::scope(|scope| {
        let [one, two] = runs.map(|(tree, args)| {
            scope.spawn(move || tree.run(server, &[&["apply", "--auto-approve"], args].concat()))
        });
        let ended = |it: thread::ScopedJoinHandle<'_, Result<Ran, String>>| {
            it.join().map_err(|_| "a run panicked".to_owned())?
        };
        Ok([ended(one)?, ended(two)?])
    })
}

fn two_owners_at_once(server: &Server) -> Result<(), String> {
    let name = "live-owners-at-once";
    let [(ours, one), (theirs, two)] = start(server, name)?;
    let patient = |team: &'static str| ["--owner", team, "--lock-timeout", "60"];
    for turn in 0..3 {
        one.manifest(&manifest(ours, turn))?;
        two.manifest(&manifest(theirs, turn))?;
        for ran in at_once(server, [(&one, &patient(ours)), (&two, &patient(theirs))])? {
            ran.expect(0)?;
        }
    }
    for (team, tree) in [(ours, &one), (theirs, &two)] {
        same(team, &tree.plan(server, &["--owner", team])?.changes(), &[])?;
    }
    is_unlocked(&server.realm(name))?;
    server.no_realm(name)
}

fn two_runs_at_once(server: &Server) -> Result<(), String> {
    let name = "live-owners-twice";
    let [(_, tree), _] = start(server, name)?;
    let realm = server.realm(name);
    for turn in 0..3 {
        tree.manifest(&manifest("ours", turn))?;
        let mut codes = Vec::new();
        for ran in at_once(server, [(&tree, &["--prune"]), (&tree, &["--prune"])])? {
            if ran.code == 3 {
                // It named the other run, or saw what that had done.
                let says = ran.says("another run writes to this realm");
                says.or_else(|_| ran.says("the realm changed since this plan was made"))?;
            }
            codes.push(ran.code);
        }
        codes.sort_unstable();
        if codes != [0, 0] && codes != [0, 3] {
            return Err(format!("turn {turn}: exit codes {codes:?}"));
        }
        same("nothing is left to do", &tree.plan(server, &["--prune"])?.changes(), &[])?;
        let policies = realm.names("demo", "policy")?;
        let mut once = policies.clone();
        once.dedup();
        check(policies == once, "nothing is there twice", &serde_json::json!(policies))?;
    }
    is_unlocked(&realm)?;
    server.no_realm(name)
}

fn is_unlocked(realm: &Realm<'_>) -> Result<(), String> {
    let left = realm.get("/clients?clientId=realmwright-lock")?;
    check(list(&left).is_empty(), "the lock is given back", &left)
}
