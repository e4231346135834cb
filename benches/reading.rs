//! How long it takes to read a large realm for a plan that finds nothing to change, against the same requests sent raw.
//!
//! Run by hand against a running server, with `REALMWRIGHT_SERVER`, `REALMWRIGHT_USER` and `REALMWRIGHT_PASSWORD` of an
//! administrator: `cargo bench --bench reading`. It makes the realm `bench-reading` where there is none, or the one that is
//! named (`cargo bench --bench reading -- NAME`), and leaves it there for the next run. The goal is a ratio of at most 1.2.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::{StreamExt as _, iter};
use realmwright::change::Action;
use realmwright::diff::Terms;
use realmwright::keycloak::{Connect, Credentials, Keycloak, Method, Request, Secret, Want};
use realmwright::manifest::{Guards, Loaded, Project, Secrets, load_texts};
use realmwright::run::{Observed, PlanRequest, observe, plan_realm};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata};

#[path = "large/spread.rs"]
mod spread;

use spread::spread;

/// How often each way is taken; the fastest counts, as whatever else the machine does only makes it slower.
const TIMES: usize = 5;
const CONCURRENCY: [usize; 3] = [4, 8, 16];

type Sent = Arc<Mutex<Vec<(String, String)>>>;

fn main() {
    let realm = std::env::args().skip(1).find(|it| !it.starts_with('-'));
    let realm = realm.unwrap_or_else(|| "bench-reading".to_owned());
    // The bare client has none of its own; the product brings one for each connection.
    drop(rustls::crypto::ring::default_provider().install_default());
    let sent = Sent::default();
    tracing::subscriber::set_global_default(Listener(Arc::clone(&sent))).expect("nobody else listens");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure(&realm, &sent));
}

async fn measure(realm: &str, sent: &Sent) {
    let mut connect = Connect::new(
        said("REALMWRIGHT_SERVER"),
        Credentials::Password {
            user: said("REALMWRIGHT_USER"),
            password: Secret::new(said("REALMWRIGHT_PASSWORD")),
        },
    );
    connect.reach.request_timeout = Duration::from_secs(300);
    let mut manifest = spread(1, false);
    manifest["realm"] = Value::from(realm);
    make(&connect, realm, &manifest).await;
    let loaded = load_texts(&[("realm.json", &manifest.to_string())], &Project::default());
    let (observed, _) = plan(&connect, &loaded).await;
    let requests = taken(sent);
    // A server that was just started takes twice as long, and less each time.
    for _ in 0..TIMES {
        plan(&connect, &loaded).await;
        raw(&requests, CONCURRENCY[0]).await;
    }
    let planned =
        plan_realm(&request(&loaded, &Secrets::default(), &Terms::default(), &Guards::default()), observed);
    say(&format!(
        "{} requests, {} changes planned\n",
        requests.len(),
        planned.plan.changes().iter().filter(|it| it.action != Action::Adopt).count()
    ));
    let mut ours = Vec::new();
    let mut raws: BTreeMap<usize, Vec<Duration>> = BTreeMap::new();
    for _ in 0..TIMES {
        ours.push(plan(&connect, &loaded).await.1);
        for lanes in CONCURRENCY {
            raws.entry(lanes).or_default().push(raw(&requests, lanes).await);
        }
    }
    let ours = least(&ours);
    say(&format!("reading for a plan, login included: {ours:?}\n"));
    let raws: Vec<(Duration, usize)> = raws.iter().map(|(lanes, it)| (least(it), *lanes)).collect();
    for (time, lanes) in &raws {
        say(&format!("the same requests raw, {lanes} at a time, login included: {time:?}\n"));
    }
    let (best, lanes) = raws.into_iter().min().expect("some were measured");
    let ratio = ours.as_secs_f64() / best.as_secs_f64();
    say(&format!("{ratio:.2} times the best of them ({lanes} at a time); the goal is at most 1.2\n"));
}

/// Makes the realm where it is not there.
async fn make(connect: &Connect, realm: &str, manifest: &Value) {
    let keycloak = Keycloak::connect(connect).await.expect("the server takes the login");
    if keycloak.get(&format!("realms/{realm}")).await.is_err() {
        let request =
            Request { method: Method::Post, path: "realms".to_owned(), body: Some(manifest.clone()) };
        keycloak.send(&request).await.expect("the server takes the realm");
    }
    keycloak.close().await;
}

fn request<'a>(
    loaded: &'a Loaded,
    secrets: &'a Secrets,
    terms: &'a Terms,
    guards: &'a Guards,
) -> PlanRequest<'a> {
    static NONE: BTreeMap<realmwright::change::ConsentKey, usize> = BTreeMap::new();
    PlanRequest {
        desired: &loaded.realms[0],
        secrets,
        owner: Some("us"),
        environment: "",
        roots: &[],
        files: &[],
        is_on_disk: &|_| false,
        terms,
        allowed: &NONE,
        may_create: true,
        guards,
        adopt: false,
        server: "",
        also: Want::default(),
    }
}

/// Logs in and reads what a plan looks at.
async fn plan(connect: &Connect, loaded: &Loaded) -> (Observed, Duration) {
    let (secrets, terms, guards) = (Secrets::default(), Terms::default(), Guards::default());
    let started = Instant::now();
    let keycloak = Keycloak::connect(connect).await.expect("the server takes the login");
    let observed =
        observe(&keycloak, &request(loaded, &secrets, &terms, &guards)).await.expect("it can be read");
    let time = started.elapsed();
    keycloak.close().await;
    (observed, time)
}

/// Logs in and sends requests as they are, so many at a time.
#[expect(clippy::disallowed_methods, reason = "the client of the product is what it is held against")]
async fn raw(requests: &[(String, String)], lanes: usize) -> Duration {
    let server = said("REALMWRIGHT_SERVER");
    let server = server.trim_end_matches('/');
    let started = Instant::now();
    let http = reqwest::Client::new();
    let (user, password) = (said("REALMWRIGHT_USER"), said("REALMWRIGHT_PASSWORD"));
    let form = [
        ("grant_type", "password"),
        ("client_id", "admin-cli"),
        ("username", user.as_str()),
        ("password", password.as_str()),
    ];
    let answer =
        http.post(format!("{server}/realms/master/protocol/openid-connect/token")).form(&form).send();
    let answer: Value = answer.await.expect("an answer").json().await.expect("a token");
    let token = answer["access_token"].as_str().expect("a token");
    let sends = requests.iter().map(async |(method, path)| {
        let url = format!("{server}/admin/{path}");
        let request = if method == "POST" { http.post(url) } else { http.get(url) };
        request.bearer_auth(token).send().await.expect("an answer").bytes().await.expect("its bytes").len()
    });
    let bytes: usize = iter(sends).buffer_unordered(lanes).collect::<Vec<_>>().await.iter().sum();
    assert!(bytes > 0, "the server answers nothing");
    started.elapsed()
}

fn least(times: &[Duration]) -> Duration {
    times.iter().copied().min().expect("some were measured")
}

fn taken(sent: &Sent) -> Vec<(String, String)> {
    std::mem::take(&mut *sent.lock().unwrap_or_else(PoisonError::into_inner))
}

fn said(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} says which server is asked and as whom"))
}

fn say(line: &str) {
    std::io::stdout().write_all(line.as_bytes()).expect("stdout takes a line");
}

/// Hears of the requests that the product sends, as it tells them with `-vv`.
struct Listener(Sent);

#[derive(Default)]
struct Told {
    method: Option<String>,
    path: Option<String>,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "method" => self.method = Some(format!("{value:?}")),
            "path" => self.path = Some(format!("{value:?}")),
            _ => {}
        }
    }
}

impl tracing::Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("realmwright")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut told = Told::default();
        event.record(&mut told);
        if let (Some(method), Some(path)) = (told.method, told.path) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((method, path));
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
