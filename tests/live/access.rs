//! Who may do what, computed from a state, against what real servers answer: random authorization setups,
//! each asked by `policy/evaluate` and by real tokens of every client.
//!
//! `REALMWRIGHT_TEST_DECISIONS` asks for more of them, `REALMWRIGHT_TEST_SEED` for other setups than the usual ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;

use realmwright::access::{AccessQuestion, Doubt, Verdict, decide};
use realmwright::kind::{CLIENT, listed_name};
use realmwright::state::Address;
use serde_json::{Value, json};

use crate::server::{Server, settled};
use crate::tickets::Answer;
use crate::tree::{list, word};
use crate::{Needs, Trial, asked_for};

mod asked;
pub(crate) mod random;
pub(crate) mod share;
mod table;

use asked::{Case, Live, Who, persona};
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
    asked_for("DECISIONS").unwrap_or(2_000)
}

#[derive(Default)]
struct Tally {
    evaluated: usize,
    tokens: usize,
    permitted: usize,
    failed: usize,
    undecided: usize,
    /// What leaves decisions undecided.
    reasons: BTreeMap<String, usize>,
    setups: usize,
}

impl Tally {
    fn all(&self) -> usize {
        self.evaluated + self.tokens
    }
}

fn decisions_are_the_servers(server: &Server, wanted: usize) -> Result<(), String> {
    let seed = asked_for("SEED").unwrap_or(SEED);
    let mut random = Random(seed);
    let mut tally = Tally::default();
    while tally.all() < wanted {
        let realm = setup(&mut random);
        let time = random.time();
        let cases = cases(&realm);
        tally.setups += 1;
        let disagreed = differences(server, &realm, &time, &cases, Some(&mut tally))
            .map_err(|it| format!("seed {seed}, setup {}: {it}", tally.setups))?;
        if let Some((case, _)) = disagreed.into_iter().next() {
            let (least, text) = minimised(server, realm, &time, &case);
            return Err(format!("seed {seed}, setup {}: {text}\n{}", tally.setups, readable(&least)));
        }
    }
    let Tally { setups, evaluated, tokens, permitted, failed, undecided, reasons } = &tally;
    let text = format!(
        "seed {seed}: {setups} setups, {evaluated} decisions by evaluate and {tokens} by token, {permitted} permitted, \
         {failed} errors, {undecided} undecided ({}): {}\n",
        percent(*undecided, tally.all()),
        reasons
            .iter()
            .map(|(why, it)| format!("{why} {}", percent(*it, tally.all())))
            .collect::<Vec<_>>()
            .join(", "),
    );
    std::io::stderr().write_all(text.as_bytes()).map_err(|it| it.to_string())?;
    if undecided * 4 > tally.all() {
        return Err(format!("too little was decided: {text}"));
    }
    Ok(())
}

fn percent(of: usize, all: usize) -> String {
    let hundredths = of * 10_000 / all.max(1);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// Every resource, whole and scope by scope, asked by every user and account, in every way.
fn cases(realm: &Value) -> Vec<Case> {
    let mut ways = Vec::new();
    for who in (0..USERS).map(Who::User) {
        // To a token without roles `evaluate` adds the user's direct ones, which no real token has.
        let evaluable = ["rs", "wide"].into_iter().filter(|it| carries_roles(realm, it));
        ways.extend(evaluable.map(|it| (who, it, false, false)));
        let tokens = ["rs", "wide", "narrow", "light"].into_iter();
        ways.extend(tokens.flat_map(|it| [(who, it, false, true), (who, it, true, true)]));
    }
    ways.extend(["rs", "wide"].map(|it| (Who::Account, it, false, true)));
    let resources = list(&rs(realm)["authorizationSettings"]["resources"]);
    let mut out = Vec::new();
    for resource in resources {
        let name = listed_name(resource, "").unwrap_or_default();
        // One of a user has the scopes of its type as well.
        let is_of_type =
            |it: &&Value| it["owner"].is_null() && !it["type"].is_null() && it["type"] == resource["type"];
        let of_type = resources.iter().filter(|it| !resource["owner"].is_null() && is_of_type(it));
        let scopes = of_type.chain([resource]).flat_map(|it| list(&it["scopes"]));
        let scopes: BTreeSet<Option<String>> = scopes.map(|it| Some(word(&it["name"]))).collect();
        for scope in [None].into_iter().chain(scopes) {
            out.extend(ways.iter().map(|&(who, client, optional, by_token)| Case {
                resource: name.clone(),
                scope: scope.clone(),
                who,
                client,
                optional,
                by_token,
            }));
        }
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
    let answers = live.ask(server, &cases.iter().collect::<Vec<_>>(), time)?;
    let mut out = Vec::new();
    let mut counted = Tally::default();
    for (case, answer) in cases.iter().zip(answers) {
        let persona = persona(case, time);
        let scopes: Vec<String> = case.scope.iter().cloned().collect();
        let client = Address::top(CLIENT, "rs");
        let question = AccessQuestion {
            client: &client,
            resource: Some(&case.resource),
            scopes: &scopes,
            persona: &persona,
        };
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
            Verdict::Unknown { doubts, .. } => {
                counted.undecided += 1;
                let why: BTreeSet<&str> = doubts.iter().map(reason).collect();
                let why = why.into_iter().collect::<Vec<_>>().join(" and ");
                *counted.reasons.entry(why).or_default() += 1;
                continue;
            }
        };
        counted.permitted += usize::from(answer.is_ok());
        counted.failed += usize::from(answer.as_ref().is_err_and(|it| it == "FAILS"));
        // Caches of a busy server miss a permission now and then, and keep that.
        let again = || {
            server.realm(name).post("/clear-realm-cache", &json!({}))?;
            live.ask(server, &[case], time)?.pop().ok_or_else(|| "no answer".to_owned())
        };
        let answer = if expected == answer {
            answer
        } else {
            settled(&format!("{case:?} at {time}"), &expected, again)?
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
        for (why, count) in counted.reasons {
            *tally.reasons.entry(why).or_default() += count;
        }
    }
    server.no_realm(name)?;
    Ok(out)
}

fn reason(doubt: &Doubt) -> &'static str {
    match doubt {
        Doubt::Type { .. } => "types",
        Doubt::Time { .. } => "the time",
        Doubt::Token { .. } => "the token",
        Doubt::Request { .. } => "the request",
        Doubt::Fails { .. } => "errors",
        Doubt::Spoiled { .. } => "tokens that may be unusable",
        Doubt::Shared { .. } => "shares",
        Doubt::Several { .. } => "several owners",
        Doubt::Order => "the server's order",
        Doubt::NotThere(_) => "what is not there",
    }
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
