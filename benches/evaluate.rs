//! How long it takes to ask a server's `policy/evaluate` who may do what, beside working it out here.
//!
//! Run by hand, against a server that runs already (user and password `admin`):
//! `REALMWRIGHT_TEST_SERVER_26_7=http://127.0.0.1:8080 cargo bench --bench evaluate`. It makes a realm, asks a
//! sample, compares the answers with ours, and removes the realm. The realm is a tenth of the large one: the
//! import of the whole takes a server more time than it gives a transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use realmwright::access::{AccessQuestion, ImpactQuestion, Persona, Realm, Verdict, decide, impact};
use realmwright::kind::{self, NEWEST, USER, lift_realm};
use realmwright::state::Address;
use realmwright::text::tree_of_json;
use serde_json::{Value, json};

#[path = "large/realm.rs"]
mod large;

use large::{CLIENT, SCOPES, Size, WHOLE, realm};

/// What the server is given.
const TENTH: Size = Size { users: 200, resources: 120, roles: 30, groups: 20 };
const NAME: &str = "realmwright-bench";
/// Requests of the sample, and how many are under way at once.
const SAMPLE: usize = 300;
const AT_ONCE: usize = 4;

fn main() -> anyhow::Result<()> {
    let Ok(server) = std::env::var("REALMWRIGHT_TEST_SERVER_26_7") else {
        return say("REALMWRIGHT_TEST_SERVER_26_7 names no server: nothing is asked");
    };
    let (took, decisions) = ours(&realm(NAME, WHOLE));
    say(&format!("here, the whole: {decisions} decisions before and after a change in {took:?}"))?;
    let document = realm(NAME, TENTH);
    let (took, fewer) = ours(&document);
    say(&format!("here, a tenth of everything: {fewer} decisions before and after a change in {took:?}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let mut asking = Asking::of(&server).await?;
        let asked = asking.all(&document, [fewer, decisions]).await;
        asking.remove().await?;
        asked
    })
}

/// Compares the realm with itself as a plan does; returns the time and how many decisions were made on each side.
fn ours(document: &Value) -> (Duration, usize) {
    let state = lift_realm(&tree_of_json(document)).into_live();
    let started = Instant::now();
    let [before, after] = [(); 2].map(|()| Realm::compile(&state, NEWEST));
    let impact = impact(
        &before,
        &after,
        &ImpactQuestion { realm: "large", changes: &[], declared: &|_| true, at: None },
    );
    (started.elapsed(), impact.decisions)
}

/// A server and what its requests need.
struct Asking {
    http: reqwest::Client,
    server: String,
    token: String,
    since: Instant,
}

impl Asking {
    async fn of(server: &str) -> anyhow::Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(900)).build()?;
        let mut asking =
            Self { http, server: server.to_owned(), token: String::new(), since: Instant::now() };
        asking.login().await?;
        asking.remove().await?;
        Ok(asking)
    }

    async fn login(&mut self) -> anyhow::Result<()> {
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", "admin"),
            ("password", "admin"),
        ];
        let url = format!("{}/realms/master/protocol/openid-connect/token", self.server);
        let answer: Value = self.http.post(url).form(&form).send().await?.json().await?;
        answer["access_token"].as_str().context("admin may not log in")?.clone_into(&mut self.token);
        self.since = Instant::now();
        Ok(())
    }

    async fn remove(&mut self) -> anyhow::Result<()> {
        self.login().await?;
        let url = format!("{}/admin/realms/{NAME}", self.server);
        self.http.delete(url).bearer_auth(&self.token).send().await?;
        Ok(())
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("{}/admin/realms/{NAME}/{path}", self.server);
        Ok(self.http.get(url).bearer_auth(&self.token).send().await?.error_for_status()?.json().await?)
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let url = format!("{}/admin/realms{path}", self.server);
        let answer = self.http.post(url).bearer_auth(&self.token).json(body).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if status.is_success() { Ok(text) } else { bail!("POST {path}: {status} {text}") }
    }

    async fn all(&mut self, document: &Value, decisions: [usize; 2]) -> anyhow::Result<()> {
        let started = Instant::now();
        self.post("", document).await?;
        say(&format!("the server made the tenth in {:?}", started.elapsed()))?;
        self.login().await?;
        let sample = self.sample(document).await?;
        // Spread over users and resources, the same in every run.
        let pairs: Vec<(usize, usize)> =
            (0..SAMPLE).map(|it| (it * 31 % TENTH.users, it * 17 % TENTH.resources)).collect();
        // The server warms up first.
        for (user, resource) in pairs.iter().take(40) {
            self.agrees(&sample, *user, *resource).await?;
        }
        self.login().await?;
        let started = Instant::now();
        let asking = &*self;
        let agreed: Vec<bool> = stream::iter(pairs)
            .map(|(user, resource)| asking.agrees(&sample, user, resource))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let took = started.elapsed();
        let agree = agreed.iter().filter(|it| **it).count();
        let (made, millis) = (SAMPLE * SCOPES.len(), took.as_millis().max(1));
        // Both sides of a comparison, at the rate of the sample.
        let minutes = decisions.map(|it| millis * 2 * it as u128 / made as u128 / 60_000);
        say(&format!(
            "the server: {SAMPLE} requests for {} decisions each, {AT_ONCE} at once, in {took:?}: {} decisions/s; \
             {agree} of {SAMPLE} answers are ours\n\
             at that rate the server takes {} min for the tenth before and after, {} h {:02} min for the whole",
            SCOPES.len(),
            made as u128 * 1_000 / millis,
            minutes[0],
            minutes[1] / 60,
            minutes[1] % 60
        ))
    }

    async fn sample(&self, document: &Value) -> anyhow::Result<Sample> {
        let row = self.get(&format!("clients?clientId={CLIENT}")).await?;
        let client = row[0]["id"].as_str().context("the client is there")?.to_owned();
        let server = format!("clients/{client}/authz/resource-server");
        let rows = self.get(&format!("{server}/resource?max=-1&deep=false")).await?;
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let resources = rows.as_array().into_iter().flatten().map(|it| (text(&it["name"]), text(&it["_id"])));
        let state = lift_realm(&tree_of_json(document)).into_live();
        Ok(Sample {
            path: format!("/{NAME}/{server}/policy/evaluate"),
            client,
            resources: resources.collect(),
            compiled: Realm::compile(&state, NEWEST),
        })
    }

    /// Asks what a user may do with a resource, and says whether it is what is worked out here.
    async fn agrees(&self, sample: &Sample, user: usize, resource: usize) -> anyhow::Result<bool> {
        let id = sample.resources.get(&format!("res{resource}")).context("the resource is there")?;
        let body = json!({
            "userId": format!("u{user}"), "clientId": sample.client, "roleIds": [], "entitlements": false,
            "resources": [{ "_id": id, "scopes": SCOPES.map(|it| json!({ "name": it })) }],
            "context": { "attributes": {} },
        });
        let answer: Value = serde_json::from_str(&self.post(&sample.path, &body).await?)?;
        let result =
            answer["results"].as_array().into_iter().flatten().find(|it| it["resource"]["_id"] == **id);
        Ok(permitted(result) == worked_out(&sample.compiled, user, resource))
    }
}

/// The realm on the server, and here.
struct Sample {
    path: String,
    client: String,
    /// Ids by name.
    resources: BTreeMap<String, String>,
    compiled: Realm,
}

/// Scopes that a result of `policy/evaluate` permits.
fn permitted(result: Option<&Value>) -> BTreeSet<String> {
    let scopes = result.filter(|it| it["status"] == "PERMIT").and_then(|it| it["allowedScopes"].as_array());
    scopes.into_iter().flatten().filter_map(|it| it["name"].as_str()).map(str::to_owned).collect()
}

fn worked_out(realm: &Realm, user: usize, resource: usize) -> BTreeSet<String> {
    let client = Address::top(kind::CLIENT, CLIENT);
    let persona =
        Persona { client: Some(client.clone()), ..Persona::user(Address::top(USER, format!("u{user}"))) };
    let (resource, scopes) = (format!("res{resource}"), SCOPES.map(str::to_owned));
    let question =
        AccessQuestion { client: &client, resource: Some(&resource), scopes: &scopes, persona: &persona };
    match decide(realm, &question).verdict {
        Verdict::Permit { scopes } => scopes,
        Verdict::Deny | Verdict::Unknown { .. } => BTreeSet::new(),
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
