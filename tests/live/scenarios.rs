//! The edits of `tests/scenarios` on a real server: the plan is the recorded one, and the server decides as
//! the plan says, before the edit and after it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::realm::Realm;
use crate::server::{Server, settled};
use crate::tree::{Tree, check, list, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial {
        name: "scenarios::the_server_decides_as_the_plan_says",
        needs: Needs::Newest,
        run: the_server_decides_as_the_plan_says,
    }]
}

/// The realm that the manifests name; here each gets another one.
const REALM: &str = "library";
const CLIENT: &str = "catalogue";
/// Users who are asked about for each row of an impact.
const MOST: usize = 2;

fn the_server_decides_as_the_plan_says(server: &Server) -> Result<(), String> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let entries = fs::read_dir(&all).map_err(|it| it.to_string())?;
    let mut folders: Vec<PathBuf> = entries.filter_map(|it| Some(it.ok()?.path())).collect();
    folders.sort();
    let rest = Mutex::new(folders.into_iter().enumerate());
    let wrong = Mutex::new(Vec::new());
    let next = || rest.lock().ok().and_then(|mut it| it.next());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((number, folder)) = next() {
                    let name = format!("live-scenarios-{number}");
                    if let Err(error) = scenario(server, &folder, &name)
                        && let Ok(mut wrong) = wrong.lock()
                    {
                        wrong.push(format!("{}: {error}", folder.display()));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().map_err(|it| it.to_string())?;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n\n")) }
}

fn scenario(server: &Server, folder: &Path, name: &str) -> Result<(), String> {
    server.no_realm(name)?;
    let read = |file: &str| fs::read_to_string(folder.join(file)).map_err(|it| it.to_string());
    let of = |text: &str| {
        let text = text.replace(&format!("\nrealm: {REALM}\n"), &format!("\nrealm: {name}\n"));
        text.replace(&format!("default-roles-{REALM}"), &format!("default-roles-{name}"))
    };
    let tree = Tree::creating(name)?;
    tree.write("library.yaml", &of(&read("before.yaml")?))?;
    server.one_at_a_time(|| tree.apply(server, &[]))?;
    let realm = server.realm(name);
    let asking = Asking::of(&realm)?;

    let after = of(&read("after.yaml")?);
    tree.write("library.yaml", &after)?;
    let shown = tree.run(server, &["plan", "--prune"])?.expect(0)?.out;
    let (wanted, shown) = (read("plan.txt")?, shown.replace(name, REALM));
    if words(&wanted) != words(&shown) {
        return Err(format!("recorded:\n{wanted}\nhere:\n{shown}"));
    }

    let cases = cases(&tree.plan(server, &["--prune"])?.0, &asking);
    let is_timed = after.contains("type: time");
    check(is_timed || cases.len() >= 2, "two decisions of users change", &json!(cases.len()))?;
    // To a token without roles `evaluate` adds those of the user, which no real token has.
    let has_roles = !after.contains("fullScopeAllowed: false");
    for case in &cases {
        asking.agrees(case, case.before, true)?;
    }
    tree.apply(server, &["--prune", "--allow", "hazards=9"])?;
    for case in &cases {
        asking.agrees(case, case.after, has_roles)?;
    }
    server.no_realm(name)
}

/// The words of a plan without its first line, which names the server; sorted, because lines break elsewhere and
/// the server tells the members of a set in an order of its own.
fn words(plan: &str) -> Vec<&str> {
    let mut words: Vec<&str> = plan.lines().skip(1).flat_map(str::split_whitespace).collect();
    for word in &mut words {
        *word = word.trim_end_matches(',');
    }
    words.sort_unstable();
    words
}

/// A decision that the plan says to change, where it is sure of it.
struct Case {
    user: String,
    /// The client that asks, and for which optional client scopes.
    through: (String, String),
    resource: String,
    scope: String,
    before: Option<bool>,
    after: Option<bool>,
}

/// Decisions of real users, some of each row of the impact, through every client that it names.
fn cases(plan: &Value, asking: &Asking<'_>) -> Vec<Case> {
    let is_user = |it: &String| asking.users.iter().any(|(name, _)| name == it);
    let sure = |it: &Value| (it != "UNKNOWN").then(|| it == "PERMIT");
    let mut out: Vec<Case> = Vec::new();
    for row in list(&plan["access_changes"]) {
        let users = list(&row["personas"]).iter().map(word).filter(is_user);
        let itself = json!([{ "client": CLIENT, "scopes": [] }]);
        let ways = if row["through"].is_null() { &itself } else { &row["through"] };
        for user in users.take(MOST) {
            out.extend(list(ways).iter().map(|way| Case {
                user: user.clone(),
                through: (
                    word(&way["client"]),
                    list(&way["scopes"]).iter().map(word).collect::<Vec<_>>().join(" "),
                ),
                resource: word(&row["resources"][0]),
                scope: word(&row["scope"]),
                before: sure(&row["before"]),
                after: sure(&row["after"]),
            }));
        }
    }
    out
}

/// A realm, and what questions about its users need.
struct Asking<'a> {
    realm: &'a Realm<'a>,
    /// Names and ids.
    users: Vec<(String, String)>,
    client: String,
    /// Of every client that may ask.
    secrets: BTreeMap<String, String>,
}

const PASSWORD: &str = "a password of a scenario";

impl<'a> Asking<'a> {
    /// Finds the ids, and lets everybody log in with a password through every client that is not for its services
    /// alone.
    fn of(realm: &'a Realm<'a>) -> Result<Self, String> {
        let client = realm.client(CLIENT)?;
        let mut secrets = BTreeMap::new();
        for row in list(&realm.get("/clients")?) {
            if row["bearerOnly"] == true || row["protocol"] != "openid-connect" {
                continue;
            }
            let id = format!("/clients/{}", word(&row["id"]));
            realm.change(&id, &json!({ "directAccessGrantsEnabled": true }))?;
            let is_public = row["publicClient"] == true;
            let secret = if is_public { Value::Null } else { realm.get(&format!("{id}/client-secret"))? };
            secrets.insert(word(&row["clientId"]), secret["value"].as_str().unwrap_or_default().to_owned());
        }
        let rows = realm.get("/users?max=-1&briefRepresentation=true")?;
        let users: Vec<(String, String)> =
            list(&rows).iter().map(|it| (word(&it["username"]), word(&it["id"]))).collect();
        for (_, id) in &users {
            let password = json!({ "type": "password", "value": PASSWORD, "temporary": false });
            realm.put(&format!("/users/{id}/reset-password"), &password)?;
        }
        Ok(Self { realm, users, client, secrets })
    }

    /// Checks that the server decides as it should, by `policy/evaluate` and with a real token.
    fn agrees(&self, case: &Case, wanted: Option<bool>, evaluates: bool) -> Result<(), String> {
        let Some(wanted) = wanted else { return Ok(()) };
        let Case { user, through: (through, scopes), resource, scope, .. } = case;
        let words = format!("{user} may {scope} {resource} through {through} {scopes}");
        let secret = self.secrets.get(through).ok_or_else(|| format!("nobody comes through {through}"))?;
        let asked = format!("openid {scopes}");
        let token = self.realm.login_for(through, secret, user, PASSWORD, asked.trim_end())?;
        let permission = format!("{resource}#{scope}");
        let as_wanted = self.realm.server.decides(self.realm.name, &token, CLIENT, &permission, wanted)?;
        check(as_wanted, &format!("{words}: {wanted}, with a token"), &json!(!wanted))?;
        if evaluates && through == CLIENT && scopes.is_empty() {
            let evaluated = settled(&words, &wanted, || self.evaluated(case))?;
            check(evaluated == wanted, &format!("{words}: {wanted}, evaluated"), &json!(evaluated))?;
        }
        Ok(())
    }

    fn evaluated(&self, case: &Case) -> Result<bool, String> {
        let resource = self.realm.resource(CLIENT, &case.resource)?["_id"].clone();
        let user = self.users.iter().find(|it| it.0 == case.user).map(|it| it.1.as_str());
        let body = json!({
            "userId": user,
            "clientId": self.client.trim_start_matches("/clients/"),
            "roleIds": [],
            "resources": [{ "_id": resource, "scopes": [{ "name": case.scope }] }],
            "context": { "attributes": {} },
            "entitlements": false,
        });
        let path = format!("/{}{}/authz/resource-server/policy/evaluate", self.realm.name, self.client);
        let answer = self.realm.server.post(&path, &body)?;
        let of_it = list(&answer["results"]).iter().find(|it| it["resource"]["_id"] == resource);
        Ok(of_it.is_some_and(|it| {
            it["status"] == "PERMIT" && list(&it["allowedScopes"]).iter().any(|it| it["name"] == *case.scope)
        }))
    }
}
