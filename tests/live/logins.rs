//! People log in while flows change: on the real pages, with a second factor, before every write of an edit and all the
//! time beside it, and after a run that was killed.
//!
//! `REALMWRIGHT_TEST_LOGINS=all` makes every edit and kills it at every write, which takes many minutes; otherwise two edits
//! are made, and one is killed once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::Server;
use crate::tokens::form;
use crate::tree::{Tree, check, list, word};
use crate::watched::{APPLY, Trouble, watched};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, needs, run| Trial { name, needs, run };
    vec![
        trial("logins::go_on_while_flows_change", Needs::Newest, |it| while_flows_change(it, 1)),
        trial("logins::go_on_while_flows_change_on_the_oldest_version", Needs::Oldest, |it| {
            while_flows_change(it, 4)
        }),
    ]
}

const BACK: &str = "https://web.example.org/back";
const SECRET: &str = "a secret of twenty b";

/// Changes of a flow that everybody goes through: what they are called, and what they make of it.
fn edits() -> Vec<(&'static str, Value)> {
    let step = |of: &str, requirement: &str| json!({ "authenticator": of, "requirement": requirement });
    let part = |of: &str, requirement: &str| json!({ "flowAlias": of, "requirement": requirement });
    let edit = |name, changes: &[(&str, Value)]| {
        let mut realm = before();
        for (path, value) in changes {
            *realm.pointer_mut(path).expect("a path of the realm before") = value.clone();
        }
        (name, realm)
    };
    let executions = |flow: usize| format!("/authenticationFlows/{flow}/authenticationExecutions");
    let mut other = before();
    other["browserFlow"] = json!("theirs");
    other["authenticationFlows"] = json!([
        { "alias": "theirs", "authenticationExecutions": [part("their pages", "REQUIRED")] },
        { "alias": "their pages", "topLevel": false, "authenticationExecutions": [step("auth-username-password-form", "REQUIRED"), step("auth-otp-form", "REQUIRED")] },
    ]);
    let mut without = before();
    without["authenticationFlows"][1]["authenticationExecutions"] =
        json!([step("auth-username-password-form", "REQUIRED")]);
    without["authenticationFlows"].as_array_mut().expect("a list").truncate(2);
    let mut deeper = before();
    deeper["authenticationFlows"][1]["authenticationExecutions"] = json!([
        step("auth-username-password-form", "REQUIRED"),
        part("second", "CONDITIONAL"),
        part("nobody of", "CONDITIONAL")
    ]);
    let denies = json!([
        { "authenticator": "conditional-user-role", "requirement": "REQUIRED", "authenticatorConfig": { "alias": "nobody", "config": { "condUserRole": "offline_access", "negate": "true" } } },
        step("deny-access-authenticator", "REQUIRED"),
    ]);
    let list = deeper["authenticationFlows"].as_array_mut().expect("a list");
    list.push(json!({ "alias": "nobody of", "topLevel": false, "authenticationExecutions": denies }));
    vec![
        edit(
            "the first steps are swapped",
            &[(&executions(0), json!([part("pages", "ALTERNATIVE"), step("auth-cookie", "ALTERNATIVE")]))],
        ),
        edit(
            "one page becomes two",
            &[(
                &executions(1),
                json!([
                    step("auth-username-form", "REQUIRED"),
                    step("auth-password-form", "REQUIRED"),
                    part("second", "CONDITIONAL")
                ]),
            )],
        ),
        edit(
            "the second factor is asked of everybody",
            &[(
                &executions(1),
                json!([step("auth-username-password-form", "REQUIRED"), part("second", "REQUIRED")]),
            )],
        ),
        edit(
            "a way of several becomes the only one",
            &[(&executions(0), json!([step("auth-cookie", "DISABLED"), part("pages", "REQUIRED")]))],
        ),
        edit(
            "a step with a configuration comes",
            &[(
                &executions(2),
                json!([
                    step("conditional-user-configured", "REQUIRED"),
                    { "authenticator": "conditional-user-role", "requirement": "REQUIRED", "authenticatorConfig": { "alias": "all", "config": { "condUserRole": "offline_access" } } },
                    step("auth-otp-form", "REQUIRED"),
                ]),
            )],
        ),
        ("a sub-flow comes that denies some", deeper),
        ("the second factor goes", without),
        ("another flow is bound and this one goes", other),
    ]
}

fn before() -> Value {
    json!({
        "browserFlow": "ours",
        "otpPolicyCodeReusable": true,
        "passwordPolicy": "hashAlgorithm(pbkdf2) and hashIterations(1)",
        "authenticationFlows": [
            { "alias": "ours", "authenticationExecutions": [
                { "authenticator": "auth-cookie", "requirement": "ALTERNATIVE" },
                { "flowAlias": "pages", "requirement": "ALTERNATIVE" },
            ] },
            { "alias": "pages", "topLevel": false, "authenticationExecutions": [
                { "authenticator": "auth-username-password-form", "requirement": "REQUIRED" },
                { "flowAlias": "second", "requirement": "CONDITIONAL" },
            ] },
            { "alias": "second", "topLevel": false, "authenticationExecutions": [
                { "authenticator": "conditional-user-configured", "requirement": "REQUIRED" },
                { "authenticator": "auth-otp-form", "requirement": "REQUIRED" },
            ] },
        ],
        // What stays, so that little of all goes.
        "roles": { "realm": (0..12).map(|it| json!({ "name": format!("role {it}") })).collect::<Vec<_>>() },
        "clients": [{ "clientId": "web", "publicClient": true, "redirectUris": [BACK] }],
    })
}

fn while_flows_change(server: &Server, usual: usize) -> Result<(), String> {
    let all = std::env::var_os("REALMWRIGHT_TEST_LOGINS").is_some();
    for (at, (name, after)) in edits().into_iter().enumerate().filter(|it| all || it.0 == usual) {
        change(server, &format!("live-logins-{at}"), &after, all).map_err(|it| format!("{name}: {it}"))?;
    }
    Ok(())
}

fn change(server: &Server, realm: &str, after: &Value, all: bool) -> Result<(), String> {
    let prune = [APPLY, &["--prune"]].concat();
    server.no_realm(realm)?;
    let tree = Tree::creating(realm)?;
    tree.declare(&before())?;
    tree.run(server, &prune)?.expect(0)?;
    make_user(server, realm)?;
    log_in(&server.url, realm)?;
    tree.declare(after)?;
    let polled = Polled::start(&server.url, realm);
    let (ran, seen, writes) =
        watched(server, &tree, &prune, Trouble::None, || Ok(log_in(&server.url, realm)))?;
    ran.expect(0)?;
    for (write, login) in writes.iter().zip(seen) {
        login.map_err(|it| format!("nobody can log in before {write}: {it}"))?;
    }
    polled.end()?;
    log_in(&server.url, realm)?;
    tree.is_clean(server)?;
    for at in (1..writes.len()).filter(|it| all || *it == writes.len() / 2) {
        tree.declare(&before())?;
        tree.run(server, &prune)?.expect(0)?;
        tree.declare(after)?;
        let polled = Polled::start(&server.url, realm);
        watched(server, &tree, &prune, Trouble::Killed(at), || Ok(()))?;
        let lock = server.get(&format!("/{realm}/clients?clientId=realmwright-lock"))?;
        let run = list(&lock).first().map(|it| word(&it["attributes"]["realmwright.run"]));
        let run = run.ok_or_else(|| format!("nobody was killed before write {at}"))?;
        tree.run(server, &["unlock", "--realm", realm, "--run", &run])?.expect(0)?;
        log_in(&server.url, realm).map_err(|it| format!("nobody can log in after {at} writes: {it}"))?;
        tree.run(server, &prune)?.expect(0).map_err(|it| format!("after {at} writes and a kill: {it}"))?;
        polled.end().map_err(|it| format!("after {at} writes and a kill: {it}"))?;
        tree.is_clean(server)?;
    }
    server.no_realm(realm)
}

/// A user with a password and a second factor, whom no manifest knows.
fn make_user(server: &Server, realm: &str) -> Result<(), String> {
    // So long a period that no clock is needed.
    let otp = json!({ "subType": "totp", "digits": 6, "counter": 0, "period": 2_000_000_000, "algorithm": "HmacSHA1" });
    let user = json!({
        "username": "ann", "enabled": true, "email": "ann@example.org", "firstName": "A", "lastName": "N",
        "credentials": [
            { "type": "password", "value": "ann-password" },
            { "type": "otp", "secretData": json!({ "value": SECRET }).to_string(), "credentialData": otp.to_string() },
        ],
    });
    server.post(&format!("/{realm}/users"), &user)?;
    let users = server.get(&format!("/{realm}/users?username=ann"))?;
    let id = list(&users).first().map(|it| word(&it["id"])).ok_or("no user")?;
    let credentials = server.get(&format!("/{realm}/users/{id}/credentials"))?;
    check(list(&credentials).len() == 2, "she has two credentials", &credentials)
}

/// Logs in with a browser that knows nobody.
fn log_in(url: &str, realm: &str) -> Result<(), String> {
    let address = format!(
        "{url}/realms/{realm}/protocol/openid-connect/auth?client_id=web&redirect_uri={BACK}&response_type=code&scope=openid"
    );
    let value = |field: &str| match field {
        "username" => Some("ann".to_owned()),
        "password" => Some("ann-password".to_owned()),
        "otp" => Some(code()),
        _ => None,
    };
    let reached = form::reaches(&address, BACK, &value)?;
    check(
        reached.query_pairs().any(|it| it.0 == "code"),
        "she comes back with a code",
        &json!(reached.as_str()),
    )
}

/// The code of the first of all periods (RFC 6238), which has not ended.
fn code() -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET.as_bytes());
    let tag = ring::hmac::sign(&key, &0_u64.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes([tag[at] & 127, tag[at + 1], tag[at + 2], tag[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// Logins all the time, ten in a second where the server keeps up, until it is ended.
struct Polled {
    ends: Arc<AtomicBool>,
    lanes: Vec<JoinHandle<(usize, Option<String>)>>,
}

/// As many at once, so that a slow server is not overrun.
const LANES: usize = 5;
/// So often in each lane.
const EVERY: Duration = Duration::from_millis(500);

impl Polled {
    fn start(url: &str, realm: &str) -> Self {
        let ends = Arc::<AtomicBool>::default();
        let lane = || {
            let (ends, url, realm) = (ends.clone(), url.to_owned(), realm.to_owned());
            std::thread::spawn(move || {
                let (mut count, mut failed) = (0, None);
                while !ends.load(Ordering::Relaxed) {
                    let next = Instant::now() + EVERY;
                    failed = failed.or(log_in(&url, &realm).err());
                    count += 1;
                    std::thread::sleep(next.saturating_duration_since(Instant::now()));
                }
                (count, failed)
            })
        };
        let lanes = (0..LANES).map(|_| lane()).collect();
        Self { ends, lanes }
    }

    fn end(self) -> Result<(), String> {
        self.ends.store(true, Ordering::Relaxed);
        let (mut count, mut failed) = (0, None);
        for lane in self.lanes {
            let (of_lane, first) = lane.join().map_err(|_| "a login panicked")?;
            count += of_lane;
            failed = failed.or(first);
        }
        check(failed.is_none() && count > 0, &format!("all of {count} logins work"), &json!(failed))
    }
}
