//! Several owners on one realm: what one of them applies and prunes leaves the other's as it is, byte for byte.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::realm::Realm;
use crate::server::Server;
use crate::tree::{Tree, check, list, same, word};
use crate::{Needs, Trial, asked_for};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        trial("owners::fifty_alternating_applies_touch_nothing_of_the_other", alternating),
        trial("owners::fields_of_anothers_object_are_refused_and_its_place_is_not", places),
        trial("owners::what_another_owner_took_over_is_released_not_deleted", released),
    ]
}

fn owned(realm: &str, owner: &str, manifest: &str) -> Result<Tree, String> {
    let tree = Tree::of(realm, manifest)?;
    tree.write("realmwright.yaml", &format!("owner: {owner}\nrealms: {{ {realm}: {{ path: . }} }}\n"))?;
    Ok(tree)
}

/// A stream of numbers that a seed determines.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// What one owner declares: roles by number with what they say, and which of them a group of theirs has.
#[derive(Default)]
struct Declared {
    roles: BTreeMap<u64, u64>,
    granted: Option<u64>,
}

impl Declared {
    fn edit(&mut self, draw: &mut Draw) {
        for _ in 0..2 {
            let (role, says) = (draw.below(5), draw.below(9));
            if draw.below(3) == 0 {
                self.roles.remove(&role);
            } else {
                self.roles.insert(role, says);
            }
        }
        self.granted = self.roles.keys().copied().find(|_| draw.below(2) == 0);
    }

    /// Both name the client of the first owner; the second one as a place.
    fn manifest(&self, owner: &str) -> String {
        let (mut realm_roles, mut client_roles) = (String::new(), String::new());
        for (role, says) in &self.roles {
            let _ = write!(realm_roles, "{{ name: {owner}-{role}, description: says {says} }}, ");
            let _ = write!(client_roles, "{{ name: {owner}-c{role} }}, ");
        }
        let granted = self.granted.map_or(String::new(), |it| format!(", realmRoles: [{owner}-{it}]"));
        let fields = if owner == "one" { ", description: shared" } else { "" };
        format!(
            "roles:\n  realm: [{realm_roles}]\n  client: {{ shared: [{client_roles}] }}\ngroups: [{{ name: {owner}-team{granted} }}]\nclients: [{{ clientId: shared{fields} }}]\n"
        )
    }
}

/// Everything of a realm that an owner's name or ledger marks as that owner's, and the client of the first one.
fn of_owner(realm: &Realm<'_>, owner: &str) -> Result<String, String> {
    let mut all = BTreeMap::new();
    let client = realm.client("shared")?;
    for path in [
        "/roles?briefRepresentation=false&max=-1",
        &format!("{client}/roles?briefRepresentation=false&max=-1"),
    ] {
        for row in list(&realm.get(path)?).iter().filter(|it| word(&it["name"]).starts_with(owner)) {
            all.insert(format!("{path} {}", row["name"]), row.to_string());
        }
    }
    let team = realm.row("/groups?briefRepresentation=false", "name", &format!("{owner}-team"))?;
    if !team.is_null() {
        let roles = realm.get(&format!("/groups/{}/role-mappings", word(&team["id"])))?;
        all.insert("team".to_owned(), format!("{team} {roles}"));
    }
    let ledger = format!("realmwright-ledger-{owner}");
    all.insert(
        "ledger".to_owned(),
        realm.row(&format!("/clients?clientId={ledger}"), "clientId", &ledger)?.to_string(),
    );
    if owner == "one" {
        all.insert("client".to_owned(), realm.get(&client)?.to_string());
    }
    Ok(all.into_iter().map(|(key, value)| format!("{key}: {value}\n")).collect())
}

fn alternating(server: &Server) -> Result<(), String> {
    let seed = asked_for("SEED").unwrap_or_else(|| u64::from(std::process::id()));
    by_turns(server, seed).map_err(|it| format!("REALMWRIGHT_TEST_SEED={seed}: {it}"))
}

fn by_turns(server: &Server, seed: u64) -> Result<(), String> {
    let name = "live-owners-turns";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let mut draw = Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut owners = Vec::new();
    for owner in ["one", "two"] {
        owners.push((owner, owned(name, owner, "")?, Declared::default()));
    }
    // The client that both name must be there before anybody names it as a place.
    owners[0].1.manifest(&owners[0].2.manifest("one"))?;
    owners[0].1.apply(server, &[])?;
    for round in 0..50 {
        let (owner, tree, declared) = &mut owners[round % 2];
        let other = if round % 2 == 0 { "two" } else { "one" };
        declared.edit(&mut draw);
        tree.manifest(&declared.manifest(owner))?;
        let before = of_owner(&realm, other)?;
        tree.apply(server, &["--prune"]).map_err(|it| format!("seed {seed}, round {round}: {it}"))?;
        let after = of_owner(&realm, other)?;
        if before != after {
            return Err(format!(
                "seed {seed}, round {round}: {owner} changed what {other} owns:\n{before}\n{after}"
            ));
        }
    }
    for (owner, tree, declared) in &owners {
        tree.is_clean(server).map_err(|it| format!("seed {seed}, {owner}: {it}"))?;
        let rows = realm.get("/roles?max=-1")?;
        let count =
            list(&rows).iter().filter(|it| word(&it["name"]).starts_with(&format!("{owner}-"))).count();
        check(count == declared.roles.len(), &format!("seed {seed}: {owner} has its roles"), &rows)?;
    }
    server.no_realm(name)
}

fn places(server: &Server) -> Result<(), String> {
    let name = "live-owners-places";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let one = owned(
        name,
        "one",
        "roles: { realm: [{ name: r, description: d }] }\nclients: [{ clientId: app, description: d }]\n",
    )?;
    one.apply(server, &[])?;
    let before = of_app(&realm)?;

    let two = owned(name, "two", "clients: [{ clientId: app, description: e }]\n")?;
    let plan = two.plan(server, &[])?;
    same("the plan says so", &plan.refusals(), &["owner client/app"])?;
    check(plan.0["applyable"] == false, "it is not applyable", &plan.0["applyable"])?;
    two.run(server, &["plan", "--detailed-exitcode"])?.expect(3)?;
    let refused = two.refused(server, &["--format", "json"])?;
    refused.says("is managed by owner `one`")?;
    check(refused.json()?["failure"]["class"] == "refused", "JSON says why", &refused.json()?)?;

    two.write(
        "realmwright.yaml",
        &format!("owner: two\nexternal: [role/r]\nrealms: {{ {name}: {{ path: . }} }}\n"),
    )?;
    two.manifest("roles: { client: { app: [{ name: of-two }] } }\nclients: [{ clientId: app }]\ngroups: [{ name: g, realmRoles: [r] }]\n")?;
    same(
        "its place may be named",
        &two.plan(server, &[])?.writes(),
        &["create client/app/role/of-two", "create group/g"],
    )?;
    two.apply(server, &[])?;
    check(of_app(&realm)? == before, "and stays as it is", &realm.get("/clients?clientId=app")?)?;
    two.is_clean(server)?;
    one.is_clean(server)?;

    // The first owner may not take away what something of the second stands in.
    one.manifest("roles: { realm: [{ name: r, description: d }] }\n")?;
    let refused = one.refused(server, &["--prune"])?;
    refused.says("which these manifests do not own")?;
    check(of_app(&realm)? == before, "nothing is gone", &Value::Null)?;

    // And the second one prunes no more than its own.
    two.manifest("roles: { realm: [] }\n")?;
    two.apply(server, &["--prune"])?;
    check(of_app(&realm)? == before, "the place stays", &Value::Null)?;
    let rows = realm.get(&format!("{}/roles", realm.client("app")?))?;
    check(rows == json!([]), "what was in it is gone", &rows)?;
    server.no_realm(name)
}

fn of_app(realm: &Realm<'_>) -> Result<String, String> {
    Ok(format!("{} {}", realm.get(&realm.client("app")?)?, realm.get("/roles/r")?))
}

/// An object in two ledgers, as when one owner's lost its entry and another adopted: nobody's prune deletes it.
fn released(server: &Server) -> Result<(), String> {
    let name = "live-owners-released";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let one = owned(name, "one", "roles: { realm: [{ name: both }, { name: mine }] }\n")?;
    one.apply(server, &[])?;
    let ledger = realm.client("realmwright-ledger-one")?;
    let kept = realm.get(&ledger)?;
    realm.delete(&ledger)?;
    let two = owned(name, "two", "roles: { realm: [{ name: both, description: d }] }\n")?;
    two.apply(server, &[])?;
    realm.post("/clients", &kept)?;
    one.manifest("roles: { realm: [] }\n")?;
    let plan = one.plan(server, &["--prune"])?;
    same("the plan", &plan.changes(), &["delete role/mine", "forget role/both"])?;
    one.apply(server, &["--prune"])?;
    check(realm.get("/roles/both")?["description"] == "d", "it stays", &Value::Null)?;
    two.is_clean(server)?;
    server.no_realm(name)
}
