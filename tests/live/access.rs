//! Who may do what, computed from a state, against what real servers answer: random authorization setups,
//! each asked by `policy/evaluate` and, in part, by real tokens.
//!
//! `REALMWRIGHT_TEST_DECISIONS` asks for more of them, `REALMWRIGHT_TEST_SEED` for other setups than the usual ones.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Mutex;

use realmwright::access::{Doubt, Persona, Question, Realm, Verdict, decide};
use realmwright::keycloak::{Connect, Credentials, Keycloak, Secret, Want, read};
use realmwright::kind::{CLIENT, NEWEST, USER, Version, listed_name};
use realmwright::state::Address;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, settled};
use crate::tree::{list, word};
use crate::{Needs, Trial};

mod random;
mod share;
mod table;

use random::{Random, SHARES, USERS, setup};
use share::{end_sharing, make_share};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "access::decisions_are_the_servers",
            needs: Needs::Newest,
            run: |server| decisions_are_the_servers(server, wanted()),
        },
        Trial {
            name: "access::decisions_are_the_servers_on_the_oldest_version",
            needs: Needs::Oldest,
            run: |server| decisions_are_the_servers(server, wanted() / 4),
        },
    ]
}

/// The seed of the usual setups.
const SEED: u64 = 20;

fn wanted() -> usize {
    let asked = std::env::var("REALMWRIGHT_TEST_DECISIONS").ok();
    asked.and_then(|it| it.parse().ok()).unwrap_or(2_000)
}

/// One question, and how the server is asked.
#[derive(Clone, Debug)]
struct Case {
    resource: String,
    scope: Option<String>,
    who: Who,
    client: &'static str,
    optional: bool,
    by_token: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    User(usize),
    /// The service account of the asking client.
    Account,
}

/// What was answered, in words that can be compared.
type Answer = Result<BTreeSet<String>, String>;

#[derive(Default)]
struct Tally {
    evaluated: usize,
    tokens: usize,
    permitted: usize,
    failed: usize,
    undecided: usize,
    setups: usize,
}

fn decisions_are_the_servers(server: &Server, wanted: usize) -> Result<(), String> {
    let seed = std::env::var("REALMWRIGHT_TEST_SEED").ok().and_then(|it| it.parse().ok());
    let seed: u64 = seed.unwrap_or(SEED);
    let mut random = Random(seed);
    let mut tally = Tally::default();
    while tally.evaluated + tally.tokens < wanted {
        let realm = setup(&mut random);
        let time = random.time();
        let cases = cases(&realm, &mut random);
        tally.setups += 1;
        let disagreed = differences(server, &realm, &time, &cases, Some(&mut tally))
            .map_err(|it| format!("seed {seed}, setup {}: {it}", tally.setups))?;
        if let Some((case, _)) = disagreed.into_iter().next() {
            let (least, text) = minimised(server, realm, &time, &case);
            return Err(format!("seed {seed}, setup {}: {text}\n{}", tally.setups, readable(&least)));
        }
    }
    let text = format!(
        "seed {seed}: {} setups, {} decisions by evaluate and {} by token, {} permitted, {} errors, {} undecided\n",
        tally.setups, tally.evaluated, tally.tokens, tally.permitted, tally.failed, tally.undecided
    );
    std::io::stderr().write_all(text.as_bytes()).map_err(|it| it.to_string())?;
    let all = tally.evaluated + tally.tokens;
    if tally.undecided * 4 > all {
        return Err(format!("too little was decided: {text}"));
    }
    Ok(())
}

/// Every resource, whole and scope by scope, asked by every user; a part of it with tokens.
fn cases(realm: &Value, random: &mut Random) -> Vec<Case> {
    let mut out = Vec::new();
    let settings = &rs(realm)["authorizationSettings"];
    // To a token without roles `evaluate` adds the user's direct ones, which no real token has.
    let evaluable: Vec<&'static str> =
        ["rs", "wide"].into_iter().filter(|it| carries_roles(realm, it)).collect();
    for resource in settings["resources"].as_array().into_iter().flatten() {
        let name = listed_name(resource, "").unwrap_or_default();
        let own: Vec<String> = resource["scopes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| it["name"].as_str().map(str::to_owned))
            .collect();
        for user in 0..USERS {
            let whole = Case {
                resource: name.clone(),
                scope: None,
                who: Who::User(user),
                client: "rs",
                optional: false,
                by_token: false,
            };
            if !evaluable.is_empty() {
                let whole = Case { client: random.of::<&str>(&evaluable), ..whole.clone() };
                out.extend(own.iter().map(|it| Case { scope: Some(it.clone()), ..whole.clone() }));
                out.push(whole);
            }
            if random.one_in(2) {
                let client = *random.of(&["wide", "narrow", "light", "rs"]);
                let scope =
                    if random.one_in(2) || own.is_empty() { None } else { Some(random.of(&own).clone()) };
                let optional = random.one_in(2);
                out.push(Case { scope, client, optional, by_token: true, ..whole.clone() });
            }
        }
        let account = Case {
            resource: name.clone(),
            scope: None,
            who: Who::Account,
            client: random.of::<&str>(&["rs", "wide"]),
            optional: false,
            by_token: true,
        };
        out.push(account);
    }
    out
}

/// Makes the realm, asks everything of both sides, and removes it. Returns where they disagree.
fn differences(
    server: &Server,
    wanted: &Value,
    time: &str,
    cases: &[Case],
    tally: Option<&mut Tally>,
) -> Result<Vec<(Case, String)>, String> {
    let name = wanted["realm"].as_str().unwrap_or("");
    server.no_realm(name)?;
    let mut realm = wanted.clone();
    let shares = realm.as_object_mut().and_then(|it| it.remove(SHARES)).unwrap_or_default();
    server.one_at_a_time(|| server.post("", &realm).map(|_| ()))?;
    let shares: Vec<&Value> = shares.as_array().into_iter().flatten().collect();
    shares.iter().try_for_each(|it| make_share(server, name, it))?;
    shares.iter().filter(|it| it["ends"] == true).try_for_each(|it| end_sharing(server, name, it))?;
    let live = Live::read(server, name)?;
    if let Some(text) = table::disagreement(&live.compiled) {
        return Err(format!("the comparison differs from single decisions: {text}"));
    }
    let answers = Mutex::new(vec![None; cases.len()]);
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { break };
                    let answer = live.ask(server, case, time);
                    if let Ok(mut answers) = answers.lock() {
                        answers[at] = Some(answer);
                    }
                }
            });
        }
    });
    let answers = answers.into_inner().map_err(|it| it.to_string())?;
    let mut out = Vec::new();
    let mut counted = Tally::default();
    for (case, answer) in cases.iter().zip(answers) {
        let answer = answer.ok_or("a question was not asked")?.map_err(|it| format!("{case:?}: {it}"))?;
        let persona = persona(case, time);
        let scopes: Vec<String> = case.scope.iter().cloned().collect();
        let client = Address::top(CLIENT, "rs");
        let question =
            Question { client: &client, resource: Some(&case.resource), scopes: &scopes, persona: &persona };
        let decision = decide(&live.compiled, &question);
        if case.by_token {
            counted.tokens += 1;
        } else {
            counted.evaluated += 1;
        }
        let expected: Answer = match &decision.verdict {
            Verdict::Permit { scopes } => Ok(scopes.clone()),
            Verdict::Deny => Err("DENY".to_owned()),
            Verdict::Unknown { doubts, .. } if doubts.iter().any(|it| matches!(it, Doubt::Fails { .. })) => {
                Err("FAILS".to_owned())
            }
            Verdict::Unknown { .. } => {
                counted.undecided += 1;
                continue;
            }
        };
        counted.permitted += usize::from(answer.is_ok());
        counted.failed += usize::from(answer.as_ref().is_err_and(|it| it == "FAILS"));
        // Caches of a busy server miss a permission now and then.
        let again = || live.ask(server, case, time);
        let answer = if expected == answer {
            answer
        } else {
            settled(&format!("{case:?} at {time}"), &expected, again)
                .map_err(|it| format!("{case:?}: {it}"))?
        };
        if expected != answer {
            let path: Vec<String> = decision
                .path
                .iter()
                .map(|it| {
                    format!("{} {}", it.address.as_ref().map_or(String::new(), ToString::to_string), it.text)
                })
                .collect();
            out.push((
                case.clone(),
                format!(
                    "{case:?} at {time}\n  we say {expected:?}\n  the server says {answer:?}\n  because {}",
                    path.join(" > ")
                ),
            ));
        }
    }
    if let Some(tally) = tally {
        tally.evaluated += counted.evaluated;
        tally.tokens += counted.tokens;
        tally.permitted += counted.permitted;
        tally.failed += counted.failed;
        tally.undecided += counted.undecided;
    }
    server.no_realm(name)?;
    Ok(out)
}

fn persona(case: &Case, time: &str) -> Persona {
    let client = Address::top(CLIENT, case.client);
    let (user, service_account) = match case.who {
        Who::User(user) => (Some(Address::top(USER, format!("u{user}"))), None),
        Who::Account => (None, Some(client.clone())),
    };
    Persona {
        name: format!("{:?}", case.who),
        user,
        service_account,
        client: Some(client),
        scopes: if case.optional { vec!["s1".to_owned()] } else { Vec::new() },
        // Real tokens are judged at the real time, which moves.
        at: if case.by_token { None } else { time.replace(' ', "T").parse().ok() },
        ..Persona::default()
    }
}

/// A realm on the server, read by the product, and the ids that questions need.
struct Live {
    realm: String,
    compiled: Realm,
    clients: Vec<(String, String)>,
    users: Vec<(String, String)>,
    resources: Vec<(String, String)>,
}

impl Live {
    fn read(server: &Server, realm: &str) -> Result<Live, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let credentials = Credentials::Password {
            user: server.user.clone(),
            password: Secret::new(server.password.as_str()),
        };
        let users = (0..USERS).map(|it| format!("u{it}")).collect();
        let want = Want { users, ..Want::default() };
        let (state, version) = runtime.map_err(|it| it.to_string())?.block_on(async {
            let keycloak = Keycloak::connect(&Connect::new(server.url.as_str(), credentials))
                .await
                .map_err(|it| it.to_string())?;
            let read = read(&keycloak, realm, &want).await.map_err(|it| it.to_string())?;
            keycloak.close().await;
            Ok::<_, String>((read.live.state, read.version))
        })?;
        let version = version.map_or(NEWEST, |it| Version(it.major, it.minor));
        let ids = |path: &str,
                   name: &dyn Fn(&Value) -> String,
                   id: &str|
         -> Result<Vec<(String, String)>, String> {
            let rows = server.get(&format!("/{realm}/{path}"))?;
            Ok(list(&rows).iter().map(|it| (name(it), word(&it[id]))).collect())
        };
        let clients = ids("clients?max=-1", &|it| word(&it["clientId"]), "id")?;
        let rs = find(&clients, "rs")?.to_owned();
        Ok(Live {
            realm: realm.to_owned(),
            compiled: Realm::compile(&state, version),
            users: ids("users?max=-1&briefRepresentation=true", &|it| word(&it["username"]), "id")?,
            resources: ids(
                &format!("clients/{rs}/authz/resource-server/resource?max=-1&deep=false"),
                &|it| listed_name(it, &rs).unwrap_or_default(),
                "_id",
            )?,
            clients,
        })
    }

    fn ask(&self, server: &Server, case: &Case, time: &str) -> Result<Answer, String> {
        if case.by_token { self.by_token(server, case) } else { self.evaluated(server, case, time) }
    }

    fn evaluated(&self, server: &Server, case: &Case, time: &str) -> Result<Answer, String> {
        let Who::User(user) = case.who else { return Err("accounts are asked by token".to_owned()) };
        let id = find(&self.resources, &case.resource)?;
        let scopes: Vec<Value> = case.scope.iter().map(|it| json!({ "name": it })).collect();
        let body = json!({
            "userId": find(&self.users, &format!("u{user}"))?,
            "clientId": find(&self.clients, case.client)?,
            "roleIds": [],
            "resources": [{ "_id": id, "scopes": scopes }],
            "context": { "attributes": { "kc.time.date_time": time } },
            "entitlements": false,
        });
        let path = format!(
            "/{}/clients/{}/authz/resource-server/policy/evaluate",
            self.realm,
            find(&self.clients, "rs")?
        );
        let (status, answer) = server.call(Method::POST, &path, Some(&body))?;
        if status.as_u16() == 500 {
            return Ok(Err("FAILS".to_owned()));
        }
        if !status.is_success() {
            return Err(format!("evaluate: {status} {answer}"));
        }
        let results = answer["results"].as_array();
        let result = results.into_iter().flatten().find(|it| it["resource"]["_id"] == id);
        Ok(match result {
            Some(result) if result["status"] == "PERMIT" => Ok(result["allowedScopes"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|it| it["name"].as_str().map(str::to_owned))
                .collect()),
            _ => Err("DENY".to_owned()),
        })
    }

    fn by_token(&self, server: &Server, case: &Case) -> Result<Answer, String> {
        let mut form = vec![("client_id", case.client), ("client_secret", "secret")];
        let user;
        match case.who {
            Who::User(at) => {
                user = format!("u{at}");
                form.extend([("grant_type", "password"), ("username", user.as_str()), ("password", "p")]);
            }
            Who::Account => form.push(("grant_type", "client_credentials")),
        }
        if case.optional {
            form.push(("scope", "s1"));
        }
        let (status, answer) = server.token(&self.realm, &form)?;
        let token = answer["access_token"].as_str().ok_or_else(|| format!("login: {status} {answer}"))?;
        let id = find(&self.resources, &case.resource)?;
        let permission = case.scope.as_ref().map_or_else(|| id.to_owned(), |it| format!("{id}#{it}"));
        let (status, answer) = server.ticket(&self.realm, token, "rs", &permission)?;
        Ok(match status.as_u16() {
            200 => {
                let rows = answer.as_array();
                let row = rows.into_iter().flatten().find(|it| it["rsid"] == id);
                let scopes = row.and_then(|it| it["scopes"].as_array()).into_iter().flatten();
                Ok(scopes.filter_map(|it| it.as_str().map(str::to_owned)).collect())
            }
            403 => Err("DENY".to_owned()),
            500 => Err("FAILS".to_owned()),
            _ => return Err(format!("ticket: {status} {answer}")),
        })
    }
}

fn find<'a>(ids: &'a [(String, String)], name: &str) -> Result<&'a str, String> {
    let found = ids.iter().find(|it| it.0 == name);
    found.map(|it| it.1.as_str()).ok_or_else(|| format!("there is no {name}"))
}

fn carries_roles(realm: &Value, client: &str) -> bool {
    let clients = realm["clients"].as_array();
    let client = clients.into_iter().flatten().find(|it| it["clientId"] == client);
    let scopes = client.and_then(|it| it["defaultClientScopes"].as_array());
    scopes.is_some_and(|it| it.iter().any(|it| it == "roles"))
}

fn rs(realm: &Value) -> &Value {
    let clients = realm["clients"].as_array();
    clients.into_iter().flatten().find(|it| it["clientId"] == "rs").unwrap_or(&Value::Null)
}

/// Takes away whatever the disagreement does not need. Returns the rest, and the disagreement on it.
fn minimised(server: &Server, mut realm: Value, time: &str, case: &Case) -> (Value, String) {
    let still = |realm: &Value| -> Option<String> {
        let found = differences(server, realm, time, std::slice::from_ref(case), None).ok()?;
        found.into_iter().next().map(|it| it.1)
    };
    let mut text = still(&realm).unwrap_or_else(|| format!("{case:?} disagreed once, and not again"));
    for at in (0..realm[SHARES].as_array().map_or(0, Vec::len)).rev() {
        let mut smaller = realm.clone();
        smaller[SHARES].as_array_mut().into_iter().for_each(|it| drop(it.remove(at)));
        if let Some(found) = still(&smaller) {
            (realm, text) = (smaller, found);
        }
    }
    for list in ["policies", "resources"] {
        let mut at = 0;
        while let Some(smaller) = without(&realm, list, at, case) {
            match still(&smaller) {
                Some(found) => (realm, text) = (smaller, found),
                None => at += 1,
            }
        }
    }
    (realm, text)
}

/// The realm without one policy, permission or resource, and without what names it.
fn without(realm: &Value, list: &str, at: usize, case: &Case) -> Option<Value> {
    let mut realm = realm.clone();
    let client = realm["clients"].as_array_mut()?.iter_mut().find(|it| it["clientId"] == "rs")?;
    let settings = &mut client["authorizationSettings"];
    let entries = settings[list].as_array_mut()?;
    if at >= entries.len() {
        return None;
    }
    // What is asked about must stay.
    let at = if listed_name(&entries[at], "").as_ref() == Some(&case.resource) { at + 1 } else { at };
    if at >= entries.len() {
        return None;
    }
    let entry = entries.remove(at);
    let gone = [entry["name"].as_str()?.to_owned(), entry["_id"].as_str().unwrap_or("").to_owned()];
    for policy in settings["policies"].as_array_mut()? {
        for key in ["applyPolicies", "resources"] {
            let Some(names) =
                policy["config"][key].as_str().and_then(|it| serde_json::from_str::<Vec<String>>(it).ok())
            else {
                continue;
            };
            let left: Vec<&String> = names.iter().filter(|it| !gone.contains(it)).collect();
            policy["config"][key] = json!(json!(left).to_string());
        }
    }
    realm[SHARES].as_array_mut()?.retain(|it| it["resource"] != *gone[1]);
    Some(realm)
}

fn readable(realm: &Value) -> String {
    let settings = &rs(realm)["authorizationSettings"];
    let mut out =
        format!("enforcement {} {}\n", settings["policyEnforcementMode"], settings["decisionStrategy"]);
    let mut section = |name: &str, rows: &Value| {
        for row in rows.as_array().into_iter().flatten() {
            let _ = writeln!(out, "{name} {row}");
        }
    };
    section("resource", &settings["resources"]);
    section("policy", &settings["policies"]);
    section("role", &realm["roles"]["realm"]);
    section("group", &realm["groups"]);
    section("user", &realm["users"]);
    section("share", &realm[SHARES]);
    out
}
