//! How long it takes to plan a large realm and to order what the plan sends, so that nobody is let in on the way.
//!
//! Run by hand: `cargo bench --bench order`.

use std::io::Write as _;
use std::time::Instant;

use realmwright::diff::{self, Ledger, Ownership, Question, Terms};
use realmwright::kind::{self, NEWEST, lift_realm};
use realmwright::manifest::{Prune, Secrets};
use realmwright::plan;
use realmwright::state::{Live, State};
use realmwright::text::tree_of_json;
use serde_json::{Value, json};

#[path = "large/realm.rs"]
mod large;

use large::{CLIENT, WHOLE, realm};

/// An edit of the large realm: its name, and what it does.
type Edit = (&'static str, fn(&mut Value));

const EDITS: &[Edit] = &[
    ("one permission changes", |it| {
        each(it, "perm", 1, &|_, it| it["decisionStrategy"] = json!("UNANIMOUS"));
    }),
    ("two permissions come to one resource", |it| {
        let more = ["p1", "p2"].map(|policy| over(&format!("new {policy}"), "res7", policy));
        policies(it).extend(more);
    }),
    ("100 permissions get other policies", |it| each(it, "perm", 100, &other_policies)),
    ("all permissions get other policies", |it| each(it, "perm", 1200, &other_policies)),
    ("100 policies change", |it| each(it, "p", 100, &other_strategy)),
    ("all users change their roles", |it| users(it, 2000)),
    ("200 users and 200 permissions change", |it| {
        users(it, 200);
        each(it, "perm", 200, &other_policies);
    }),
    ("all users and all permissions change", |it| {
        users(it, 2000);
        each(it, "perm", 1200, &other_policies);
    }),
    ("all permissions and policies go", |it| policies(it).clear()),
    ("all resources go with their permissions and policies", |it| {
        policies(it).clear();
        it["clients"][0]["authorizationSettings"]["resources"] = json!([]);
    }),
    ("all roles and groups go", |it| {
        it["roles"]["realm"] = json!([]);
        it["groups"] = json!([]);
        users(it, 2000);
        for user in it["users"].as_array_mut().expect("a list") {
            user["realmRoles"] = json!([]);
            user["groups"] = json!([]);
        }
        policies(it).clear();
    }),
    ("all users go", |it| {
        it["users"] = json!([]);
        policies(it).clear();
    }),
    ("5,000 clients with mappers, groups and composites come", arrive),
    ("all resources go and come under another name", |it| {
        let settings = &mut it["clients"][0]["authorizationSettings"];
        let text = settings.to_string().replace("\"res", "\"other").replace("\\\"res", "\\\"other");
        *settings = serde_json::from_str(&text).expect("JSON");
    }),
];

fn arrive(realm: &mut Value) {
    let more =
        |field: &Value, new: Vec<Value>| json!([field.as_array().cloned().unwrap_or_default(), new].concat());
    let clients = (0..1000).map(|it| {
        let mapper = |at: usize| {
            json!({ "name": format!("m{at}"), "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper" })
        };
        json!({ "clientId": format!("c{it}"), "protocolMappers": [mapper(1), mapper(2)] })
    });
    realm["clients"] = more(&realm["clients"], clients.collect());
    let roles = (0..1000).map(|it| {
        json!({ "name": format!("new{it}"), "composites": { "realm": [format!("new{}", it + 1), "r1"] } })
    });
    realm["roles"]["realm"] =
        more(&realm["roles"]["realm"], roles.chain([json!({ "name": "new1000" })]).collect());
    let groups: Vec<Value> = (0..1000).map(|it| json!({ "name": format!("sub{it}") })).collect();
    realm["groups"] = more(&realm["groups"], vec![json!({ "name": "tree", "subGroups": groups })]);
}

fn policies(realm: &mut Value) -> &mut Vec<Value> {
    realm["clients"][0]["authorizationSettings"]["policies"].as_array_mut().expect("a list")
}

/// Edits the first objects whose names are this word and a number.
fn each(realm: &mut Value, word: &str, count: usize, edit: &dyn Fn(usize, &mut Value)) {
    let number = |it: &Value| it["name"].as_str()?.strip_prefix(word)?.parse::<usize>().ok();
    for it in policies(realm) {
        if let Some(at) = number(it).filter(|it| *it < count) {
            edit(at, it);
        }
    }
}

fn other_policies(at: usize, permission: &mut Value) {
    let policies = [at + 2, at + 3].map(|it| format!("p{}", it % WHOLE.resources));
    permission["config"]["applyPolicies"] = json!(json!(policies).to_string());
}

fn other_strategy(_: usize, policy: &mut Value) {
    policy["logic"] = json!("NEGATIVE");
}

fn over(name: &str, resource: &str, policy: &str) -> Value {
    json!({ "name": name, "type": "resource", "config": {
        "applyPolicies": json!([policy]).to_string(), "resources": json!([resource]).to_string() } })
}

fn users(realm: &mut Value, count: usize) {
    for (at, user) in realm["users"].as_array_mut().expect("a list").iter_mut().enumerate().take(count) {
        user["realmRoles"] = json!([format!("r{}", at * 11 % WHOLE.roles)]);
    }
}

fn state(document: &Value) -> State {
    lift_realm(&tree_of_json(document)).into_live()
}

fn main() {
    let before = realm("large", WHOLE);
    for (name, edit) in EDITS {
        let mut after = before.clone();
        edit(&mut after);
        let wanted = std::env::args().nth(1).filter(|it| !it.starts_with('-'));
        if wanted.is_none_or(|it| name.contains(&it)) {
            ordered(name, &state(&before), &state(&after));
        }
    }
}

fn ordered(name: &str, before: &State, after: &State) {
    let mut live = Live::default();
    live.state = before.clone();
    live.exists = true;
    live.cover(kind::KINDS.iter().map(|it| it.name));
    let ask = |desired: &State, ledger: Ledger| {
        let ownership =
            Ownership { owner: Some("us".to_owned()), ledger: Some(ledger), ..Ownership::default() };
        let terms = Terms { prune: Prune::UsersToo, ..Terms::default() };
        let question = Question {
            desired,
            live: &live,
            version: NEWEST,
            realm: "large",
            ownership: &ownership,
            secrets: &Secrets::default(),
            terms: &terms,
            server: None,
        };
        let diff = diff::diff(&question);
        let ledger = diff::next_ledger(&question, &diff, &|_| false);
        (diff, ledger)
    };
    let (_, ledger) = ask(before, Ledger { owner: "us".to_owned(), ..Ledger::default() });
    let started = Instant::now();
    let (diff, _) = ask(after, ledger);
    let compared = started.elapsed();
    let started = Instant::now();
    let sides = plan::sides(&live.state, &diff.planned, NEWEST);
    let order = plan::order(&live, &diff, &sides, NEWEST).expect("an order");
    let waits: usize = order.calls.iter().map(|it| it.after.len()).sum();
    let closed: usize = order.closings.iter().map(|it| it.resources.len()).sum();
    let line = format!(
        "{name}: {} changes, {} calls that wait {waits} times, {closed} of the resources of {CLIENT} kept closed; compared in {compared:?}, \
         ordered in {:?}\n",
        diff.changes.len(),
        order.calls.len(),
        started.elapsed(),
    );
    std::io::stdout().write_all(line.as_bytes()).expect("stdout takes a line");
}
