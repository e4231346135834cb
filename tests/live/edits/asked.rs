//! What a server lets people do: in every client's own way, for every resource, and in administration.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use realmwright::kind::listed_name;
use reqwest::Method;
use serde_json::{Value, json};

use crate::administration::CALLS;
use crate::server::Server;
use crate::tickets::{Tickets, Wanted, at_once, granted_token, is_in};
use crate::tree::{list, word};

/// Clients that people come through, beside one that every realm has.
pub(super) const CLIENTS: &[&str] = &["rs", "wide", "narrow", "light"];
pub(super) const OF_EVERY_REALM: &str = "admin-cli";
/// What is asked for with a token: an optional client scope, and `openid` through a client whose tokens may have no
/// scope without it.
pub(super) const ASKED: &[&str] = &["s1", "openid"];
const BARE: &str = "narrow";
/// Clients whose own accounts ask.
const ACCOUNTS: &[&str] = &["rs", "wide"];
/// Clients that administrators come through.
pub(super) const ADMINISTER: &[&str] = &[OF_EVERY_REALM, "wide"];

/// Who asks, and how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    pub(super) who: String,
    pub(super) client: String,
    pub(super) asks: Option<&'static str>,
}

/// A resource of `rs`, and one of its scopes.
pub(super) type Thing = (String, Option<String>);

/// Who may what.
#[derive(Default)]
pub(super) struct Facts {
    /// Where a token is given, what it lets in to.
    pub(super) permits: BTreeMap<Way, BTreeSet<Thing>>,
    /// What the server answers with an error.
    pub(super) failing: BTreeSet<(Way, Thing)>,
    /// Calls that are not forbidden, by their positions, to a user through a client.
    pub(super) calls: BTreeSet<(String, String, usize)>,
    pub(super) asked: usize,
}

impl Facts {
    /// Returns whether somebody is let in: where there is no such way (any more), whether by another one.
    pub(super) fn may(&self, way: &Way, thing: &Thing) -> bool {
        match self.permits.get(way) {
            Some(things) => things.contains(thing),
            None => self.permits.iter().any(|(it, things)| it.who == way.who && things.contains(thing)),
        }
    }

    pub(super) fn is_open(&self, client: &str, asks: Option<&str>) -> bool {
        self.permits.keys().any(|it| it.client == client && it.asks == asks)
    }
}

pub(super) fn facts(server: &Server, realm: &str, tickets: Tickets) -> Result<Facts, String> {
    let of = server.realm(realm);
    let clients = of.get("/clients?max=-1")?;
    let has = |name: &&&str| list(&clients).iter().any(|it| it["clientId"] == **name);
    let users: Vec<(String, String)> = list(&of.get("/users?max=-1&briefRepresentation=true")?)
        .iter()
        .map(|it| (word(&it["username"]), word(&it["id"])))
        .collect();
    let rs = of.client("rs")?;
    let resources = of.get(&format!("{rs}/authz/resource-server/resource?max=-1&deep=true"))?;
    let things =
        list(&resources).iter().flat_map(|it| of_resource(it, list(&resources), &rs)).collect::<Vec<_>>();
    let wanted: Vec<Wanted> = things.iter().map(|it| it.1.clone()).collect();
    let way = |who: &str, client: &str, asks| Way { who: who.to_owned(), client: client.to_owned(), asks };
    let mut ways = Vec::new();
    for (who, _) in &users {
        for client in CLIENTS.iter().filter(has) {
            let asked = if *client == BARE { ASKED } else { &ASKED[..1] };
            let asked = asked.iter().copied().map(Some);
            ways.extend(iter::once(None).chain(asked).map(|it| way(who, client, it)));
        }
        ways.push(way(who, OF_EVERY_REALM, None));
    }
    for client in ACCOUNTS.iter().filter(has) {
        let asked = iter::once(None).chain(ASKED.iter().copied().map(Some));
        ways.extend(asked.map(|it| way(&format!("service-account-{client}"), client, it)));
    }
    let permits = at_once(&ways, |way| {
        let Some(token) = token(server, realm, way)? else { return Ok(None) };
        let answers = server.tickets(realm, &token, "rs", &wanted, tickets)?;
        let (mut granted, mut failing) = (BTreeSet::new(), Vec::new());
        for ((thing, _), answer) in things.iter().zip(answers) {
            if is_in(&answer, thing.1.as_deref()) {
                granted.insert(thing.clone());
            } else if answer.is_err_and(|it| it == "FAILS") {
                failing.push((way.clone(), thing.clone()));
            }
        }
        Ok(Some((granted, failing)))
    })?;
    let (mut out, mut failing) = (BTreeMap::new(), BTreeSet::new());
    for (way, answers) in ways.into_iter().zip(permits) {
        let Some((granted, fails)) = answers else { continue };
        out.insert(way, granted);
        failing.extend(fails);
    }
    let permits = out;
    let somebody = users.first().map(|it| it.1.clone()).unwrap_or_default();
    let callers: Vec<Way> = users
        .iter()
        .flat_map(|(who, _)| ADMINISTER.iter().filter(has).map(|it| way(who, it, None)))
        .collect();
    let calls = at_once(&callers, |way| {
        let Some(token) = token(server, realm, way)? else { return Ok(Vec::new()) };
        let mut out = Vec::new();
        for (at, call) in CALLS.iter().enumerate() {
            if may_call(server, realm, &token, call, &somebody)? {
                out.push((way.who.clone(), way.client.clone(), at));
            }
        }
        Ok(out)
    })?;
    let asked = permits.len() * wanted.len() + callers.len() * CALLS.len();
    Ok(Facts { permits, failing, calls: calls.into_iter().flatten().collect(), asked })
}

/// A resource by name and id, with each scope that it has: one of a user has those of its type as well.
fn of_resource(resource: &Value, all: &[Value], rs: &str) -> Vec<(Thing, Wanted)> {
    let is_own = |it: &Value| it["owner"]["name"] == "rs";
    let is_of_type = |it: &&Value| is_own(it) && !it["type"].is_null() && it["type"] == resource["type"];
    let of_type = all.iter().filter(|it| !is_own(resource) && is_of_type(it));
    let scopes = of_type.chain([resource]).flat_map(|it| list(&it["scopes"])).map(|it| word(&it["name"]));
    let scopes: BTreeSet<Option<String>> = scopes.map(Some).collect();
    let scopes = if scopes.is_empty() { BTreeSet::from([None]) } else { scopes };
    let name = listed_name(resource, rs.trim_start_matches("/clients/")).unwrap_or_default();
    let id = word(&resource["_id"]);
    scopes.into_iter().map(|it| ((name.clone(), it.clone()), (id.clone(), it))).collect()
}

fn token(server: &Server, realm: &str, way: &Way) -> Result<Option<String>, String> {
    let mut form = vec![("client_id", way.client.as_str())];
    if way.client != OF_EVERY_REALM {
        form.push(("client_secret", "secret"));
    }
    if way.who.starts_with("service-account-") {
        form.push(("grant_type", "client_credentials"));
    } else {
        form.extend([("grant_type", "password"), ("username", way.who.as_str()), ("password", "p")]);
    }
    form.extend(way.asks.map(|it| ("scope", it)));
    granted_token(server.token(realm, &form)?)
}

/// What calls are about that make something: it is there, so that they make nothing.
pub(super) const THERE: &str = "theirs";

fn may_call(
    server: &Server,
    realm: &str,
    token: &str,
    (_, method, path): &(&[&str], &str, &str),
    user: &str,
) -> Result<bool, String> {
    let method = Method::from_bytes(method.as_bytes()).map_err(|it| it.to_string())?;
    let body = (method == Method::POST).then(|| thing_there(path));
    let path = format!("/{realm}{}", path.replace("{}", user));
    let status = server.call_as(token, method, &path, body.as_ref())?;
    match status.as_u16() {
        403 => Ok(false),
        409 => Ok(true),
        _ if status.is_success() => Ok(true),
        _ => Err(format!("{path}: {status}")),
    }
}

pub(super) fn thing_there(path: &str) -> Value {
    let protocol = (path == "/client-scopes").then_some("openid-connect");
    let mut body = json!({ "name": THERE });
    if let Some(protocol) = protocol {
        body["protocol"] = json!(protocol);
    }
    body
}
