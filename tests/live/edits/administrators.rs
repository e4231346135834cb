//! What plans foretell of fine-grained administration, against real calls before and after random edits.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use serde_json::{Value, json};

use super::CONSENTS;
use crate::administration::{Administered, TARGETS, fine_grained};
use crate::realms::random::Random;
use crate::server::Server;
use crate::tree::{Tree, list, word};

/// Of these `direct` has roles of administration as well.
const ADMINISTRATORS: &[&str] = &["direct", "a", "c"];
const GROUPS: &[&[&str]] = &[&[], &["/people"], &["/people/near"]];

/// Who may do what to whom: an administrator, a scope and the resource that stands for a user.
type Facts = BTreeSet<(String, &'static str, String)>;

/// What a manifest says of administration.
#[derive(Clone)]
struct Rules {
    permissions: Vec<Value>,
    /// Roles by administrator.
    roles: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// Groups by target.
    groups: BTreeMap<&'static str, &'static [&'static str]>,
    /// Policies that are turned around.
    negative: BTreeSet<&'static str>,
    /// Whether whoever has one role has the other.
    is_part: bool,
}

impl Rules {
    fn new() -> Self {
        let roles = [("direct", vec!["ra"]), ("a", vec!["ra"]), ("c", vec!["ra", "rb"])];
        Self {
            permissions: Vec::new(),
            roles: roles.into_iter().map(|(who, roles)| (who, roles.into_iter().collect())).collect(),
            groups: TARGETS.iter().copied().zip([GROUPS[1], GROUPS[2], GROUPS[0]]).collect(),
            negative: BTreeSet::from(["not-rb"]),
            is_part: false,
        }
    }

    fn manifest(&self, realm: &str) -> Value {
        let policy = |name: &str| {
            let logic = if self.negative.contains(name) { "NEGATIVE" } else { "POSITIVE" };
            json!({ "name": name, "type": "role", "logic": logic, "roles": [name.trim_start_matches("not-")] })
        };
        let permission = |it: &Value| {
            let mut it = it.clone();
            it["type"] = json!("scope");
            it
        };
        let person = |name: &str| json!({ "username": name, "email": format!("{name}@example.org"), "firstName": "B", "lastName": "B" });
        let mut users = Vec::new();
        for (name, roles) in &self.roles {
            let mut user = person(name);
            user["realmRoles"] = json!(roles);
            users.push(user);
        }
        for (name, groups) in &self.groups {
            let mut user = person(name);
            user["groups"] = json!(groups);
            users.push(user);
        }
        let policies = ["ra", "rb", "not-rb"].map(policy);
        let permissions: Vec<Value> = self.permissions.iter().map(permission).collect();
        let parts = if self.is_part { vec!["rb"] } else { Vec::new() };
        json!({
            "realm": realm,
            "roles": { "realm": [{ "name": "ra", "composites": { "realm": parts } }, { "name": "rb" }] },
            "groups": [{ "name": "people", "subGroups": [{ "name": "near" }] }],
            "users": users,
            "clients": [{ "clientId": "admin-permissions", "authorizationSettings": {
                "policies": policies, "permissions": permissions,
            } }],
        })
    }

    /// Changes one thing and says which.
    fn edit(&mut self, random: &mut Random, ids: &BTreeMap<String, String>) -> String {
        let at = random.below(6);
        let mut other = fine_grained(random, at, ids);
        // A permission keeps its type.
        let name = format!("{} of {}", word(&other["name"]), word(&other["resourceType"]));
        other["name"] = json!(name);
        match random.below(8) {
            0..=2 => {
                self.permissions.retain(|it| it["name"] != other["name"]);
                self.permissions.push(other);
                format!("permission {name} comes or is another")
            }
            3 => {
                self.permissions.retain(|it| it["name"] != other["name"]);
                format!("permission {name} goes")
            }
            4 => {
                let who = *random.one(ADMINISTRATORS);
                let role = *random.one(&["ra", "rb"]);
                let roles = self.roles.entry(who).or_default();
                if !roles.remove(role) {
                    roles.insert(role);
                }
                format!("{who} gets or loses {role}")
            }
            5 => {
                let who = *random.one(TARGETS);
                let groups = *random.one(GROUPS);
                self.groups.insert(who, groups);
                format!("{who} is in {groups:?}")
            }
            6 => {
                let policy = *random.one(&["ra", "rb", "not-rb"]);
                if !self.negative.remove(policy) {
                    self.negative.insert(policy);
                }
                format!("policy {policy} is turned around")
            }
            _ => {
                self.is_part = !self.is_part;
                "a role brings the other or not".to_owned()
            }
        }
    }
}

pub(super) fn administrators_move_as_plans_foretell(
    server: &Server,
    wanted: usize,
    seed: u64,
) -> Result<(), String> {
    let realm = "live-edits-of-administrators";
    let people = Administered::make(server, realm)?;
    server.realm(realm).put("", &json!({ "adminPermissionsEnabled": true }))?;
    let ids = people.ids()?;
    people.keep(&ids)?;
    let tree = Tree::empty(realm)?;
    let project = format!("owner: team\nprune: {{ users: true }}\nrealms: {{ {realm}: {{ path: . }} }}\n");
    tree.write("realmwright.yaml", &project)?;
    let mut rules = Rules::new();
    tree.write("realm.json", &rules.manifest(realm).to_string())?;
    tree.apply(server, CONSENTS)?;
    let mut random = Random::new(seed);
    let mut before = facts(&people, &ids)?;
    let (mut edits, mut moved, mut told) = (0, 0, 0);
    let mut wrong = Vec::new();
    while edits < wanted {
        let mut how = Vec::new();
        for _ in 0..=random.below(3) {
            how.push(rules.edit(&mut random, &ids));
        }
        tree.write("realm.json", &rules.manifest(realm).to_string())?;
        let args = [&["plan", "--format", "json", "--prune"], CONSENTS].concat();
        let plan = tree.run(server, &args)?.json()?;
        if list(&plan["resource_changes"]).is_empty() {
            continue;
        }
        tree.apply(server, &[&["--prune"], CONSENTS].concat())
            .map_err(|it| format!("seed {seed}: {how:?}: {it}"))?;
        let after = facts(&people, &ids)?;
        edits += 1;
        moved += before.symmetric_difference(&after).count();
        told += disagreements(&plan, &before, &after, &mut |it| {
            wrong.push(format!("seed {seed}, edit {edits}: {how:?}: {it}"));
        });
        before = after;
    }
    let text = format!(
        "{edits} edits of fine-grained administration, {moved} moved, {told} told, {} wrong\n",
        wrong.len()
    );
    std::io::stderr().write_all(text.as_bytes()).map_err(|it| it.to_string())?;
    if wrong.is_empty() { server.no_realm(realm) } else { Err(wrong.join("\n")) }
}

fn facts(people: &Administered<'_>, ids: &BTreeMap<String, String>) -> Result<Facts, String> {
    let mut out = Facts::new();
    for who in ADMINISTRATORS {
        let token = people.login(who, "admin-cli")?.ok_or("a login")?;
        for target in TARGETS {
            let id = &ids[*target];
            let may = people.may_with(&token, id)?.into_iter().filter(|it| it.1);
            out.extend(may.map(|it| ((*who).to_owned(), it.0, format!("user/{target}"))));
        }
    }
    Ok(out)
}

/// Compares both ways and returns how many moves a plan told.
fn disagreements(plan: &Value, before: &Facts, after: &Facts, wrong: &mut dyn FnMut(String)) -> usize {
    let rows: Vec<&Value> =
        list(&plan["access_changes"]).iter().filter(|it| it["client"] == "admin-permissions").collect();
    let names = |row: &Value, field: &str, what: &str| list(&row[field]).iter().any(|it| it == what);
    for it @ (who, scope, target) in before.symmetric_difference(after) {
        let moved = if after.contains(it) { "gained" } else { "lost" };
        let tells = |row: &&&Value| {
            let change = word(&row["change"]);
            (change.ends_with(moved) || change == "unknown")
                && names(row, "personas", who)
                && names(row, "resources", target)
                && row["scope"] == *scope
        };
        if !rows.iter().any(|it| tells(&it)) {
            wrong(format!("{moved} and not told: {it:?}"));
        }
    }
    let mut told = 0;
    for row in rows {
        for who in ADMINISTRATORS.iter().filter(|it| names(row, "personas", it)) {
            let targets = TARGETS.iter().map(|it| format!("user/{it}"));
            for target in targets.filter(|it| names(row, "resources", it)) {
                for scope in
                    ["view", "manage", "reset-password"].into_iter().filter(|it| row["scope"] == **it)
                {
                    let it = ((*who).to_owned(), scope, target.clone());
                    for (side, facts) in [("before", before), ("after", after)] {
                        let said = row[side].as_str().unwrap_or_default();
                        if said != "UNKNOWN" && (said == "PERMIT") != facts.contains(&it) {
                            wrong(format!("told and not so: {it:?}: {side} {said}"));
                        }
                        told += 1;
                    }
                }
            }
        }
    }
    told / 2
}
