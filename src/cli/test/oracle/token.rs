//! Asking with real tokens: a persona logs in, and its token is put to the request that a resource server makes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use anyhow::{Context as _, bail};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::super::super::asking::{AskedRealm, Facts};
use super::super::super::connection::Target;
use super::super::super::terminal::say;
use super::{LANES, asking};
use crate::access::Persona;
use crate::access::test::{Case, Heard, Tested};
use crate::keycloak::openid::{Ask, By, Client, Grant, Openid, Token, TokenRefusal, Tokens};
use crate::keycloak::{Error, ErrorKind, EvaluationIds, Secret};
use crate::manifest::{Secrets, resolve};
use crate::report;
use crate::state::{Is, Node, Object, SecretRef, State};
use crate::text::At;

/// How a persona comes to a token, before its secrets are read.
struct Login {
    persona: usize,
    /// The user and the password; nothing for a service account.
    user: Option<(String, SecretRef)>,
    client: String,
    /// Nothing for a public client.
    secret: Option<SecretRef>,
    scope: String,
}

/// The user, or the client whose service account it is.
type Who = (Option<String>, Option<String>);

impl Login {
    fn who(&self) -> Who {
        match &self.user {
            Some((user, _)) => (Some(user.clone()), None),
            None => (None, Some(self.client.clone())),
        }
    }
}

/// Asks everything that is not settled yet.
pub(super) async fn ask(
    target: &Target,
    facts: &Facts,
    asked_realm: &AskedRealm,
    tested: &mut Tested,
) -> anyhow::Result<()> {
    let desired = facts.loaded.realms.iter().find(|it| it.realm == tested.realm);
    let desired = &desired.context("access tests come with the manifests of their realm")?.state;
    let mut asked: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, case) in tested.cases.iter().enumerate().filter(|(_, it)| it.server == Heard::Nothing) {
        asked.entry(case.persona).or_default().push(at);
    }
    let (mut logins, mut needed): (BTreeMap<Who, Vec<Login>>, _) = (BTreeMap::new(), Vec::new());
    for (persona, cases) in &asked {
        match login(*persona, tested, desired, &asked_realm.state, &mut needed) {
            Ok(login) => logins.entry(login.who()).or_default().push(login),
            Err(why) => cases.iter().for_each(|it| tested.cases[*it].server = Heard::NotAsked(why)),
        }
    }
    let (secrets, notes) = resolve(&needed, &facts.loaded.roots);
    if !notes.is_empty() {
        say(report::notes(&facts.loaded.files, &notes, report::Color::Always).trim_end());
        bail!("secrets are missing; nobody can log in without them");
    }
    let (nobody, server) = (BTreeSet::new(), tested.client.name());
    let ids = EvaluationIds::read(&target.keycloak, &tested.realm, server, &nobody, &nobody).await?;
    let openid = Openid::connect(&target.reach, &tested.realm)?;
    let (now, asked, ids, secrets, openid) = (&*tested, &asked, &ids, &secrets, &openid);
    // Where brute force is detected, a second login of a user beside the first is refused like a wrong password.
    let answers: Vec<Vec<(usize, Heard)>> = stream::iter(logins.into_values())
        .map(|of_one| async move {
            let mut out = Vec::new();
            for login in of_one {
                let cases = asked.get(&login.persona).map_or(&[][..], Vec::as_slice);
                out.extend(ask_as_persona(openid, now, ids, secrets, &login, cases).await?);
            }
            anyhow::Ok(out)
        })
        .buffer_unordered(LANES)
        .try_collect()
        .await?;
    for (at, heard) in answers.into_iter().flatten() {
        tested.cases[at].server = heard;
    }
    Ok(())
}

/// Says how a persona logs in, from what the manifests hold; the server shows no passwords.
fn login(
    persona: usize,
    tested: &Tested,
    desired: &State,
    live: &State,
    needed: &mut Vec<(SecretRef, At)>,
) -> Result<Login, &'static str> {
    let of: &Persona = &tested.personas[persona];
    let address = asking(tested, of);
    let client = address.name().to_owned();
    let is_public = live.get(address).is_some_and(|it| it.is_true("publicClient"));
    let written = desired.get(address).and_then(|it| it.get("secret")).and_then(secret);
    let secret_of_client = match (is_public, written) {
        (true, _) => None,
        (false, Some(it)) => Some(it),
        (false, None) => return Err("the manifests hold no secret of the client that asks"),
    };
    let user = match &of.user {
        Some(address) => {
            let found = desired.get(address).and_then(password);
            let (secret, at) = found.ok_or("the manifests hold no password of it")?;
            needed.push((secret.clone(), at));
            Some((address.name().to_owned(), secret))
        }
        None => None,
    };
    needed.extend(secret_of_client.clone());
    let secret = secret_of_client.map(|it| it.0);
    Ok(Login { persona, user, client, secret, scope: of.scopes.join(" ") })
}

fn password(user: &Object) -> Option<(SecretRef, At)> {
    let credentials = user.get("credentials").map_or(&[][..], Node::items);
    let is_password = |it: &&Node| it.get("type").and_then(Node::as_text).is_none_or(|it| it == "password");
    credentials.iter().filter(is_password).find_map(|it| secret(it.get("value")?))
}

fn secret(node: &Node) -> Option<(SecretRef, At)> {
    match &node.is {
        Is::Secret(secret) => Some((secret.clone(), node.at)),
        Is::Null
        | Is::Bool(_)
        | Is::Number(_)
        | Is::Text(_)
        | Is::Ref(_)
        | Is::Hidden(_)
        | Is::List(_)
        | Is::Sequence(_)
        | Is::Map(_) => None,
    }
}

/// Logs in and asks the cases of one persona, one after the other: a request for several permissions is not
/// always answered as they are one by one.
async fn ask_as_persona(
    openid: &Openid,
    tested: &Tested,
    ids: &EvaluationIds,
    secrets: &Secrets,
    login: &Login,
    cases: &[usize],
) -> anyhow::Result<Vec<(usize, Heard)>> {
    let mut out = Vec::new();
    let mut token: Option<(Tokens, Instant)> = None;
    for at in cases {
        let is_fresh = |it: &(Tokens, Instant)| it.1.elapsed() < it.0.expires_in / 2;
        if !token.as_ref().is_some_and(is_fresh) {
            match tokens(openid, secrets, login).await? {
                Ok(tokens) => token = Some((tokens, Instant::now())),
                Err(refusal) => {
                    let who = login.user.as_ref().map_or("the service account", |it| it.0.as_str());
                    let why = format!("{who} cannot log in through client {}: {refusal}", login.client);
                    out.extend(cases[out.len()..].iter().map(|it| (*it, Heard::Failed(why.clone()))));
                    return Ok(out);
                }
            }
        }
        let Some((tokens, _)) = &token else { continue };
        let case = &tested.cases[*at];
        out.push((*at, heard(openid, tested.client.name(), ids, &tokens.access, case).await?));
    }
    // Runs must not pile up sessions; one that cannot be ended ends by itself.
    if let Some(refresh) = token.and_then(|it| it.0.refresh) {
        let _ = openid.end(&client(secrets, login), &refresh).await;
    }
    Ok(out)
}

fn client(secrets: &Secrets, login: &Login) -> Client {
    let id = login.client.clone();
    match &login.secret {
        Some(it) => Client::Secret { id, secret: Secret::new(secrets.reveal(it).unwrap_or_default()) },
        None => Client::Public { id },
    }
}

async fn tokens(
    openid: &Openid,
    secrets: &Secrets,
    login: &Login,
) -> Result<Result<Tokens, TokenRefusal>, Error> {
    let reveal = |it: &SecretRef| Secret::new(secrets.reveal(it).unwrap_or_default());
    let scope = login.scope.clone();
    let grant = match &login.user {
        Some((user, password)) => Grant::Password { user: user.clone(), password: reveal(password), scope },
        None => Grant::ClientCredentials { scope },
    };
    openid.token(&client(secrets, login), &grant).await
}

async fn heard(
    openid: &Openid,
    server: &str,
    ids: &EvaluationIds,
    bearer: &Secret,
    case: &Case,
) -> Result<Heard, Error> {
    let id = match ids.resource(&case.resource) {
        Ok(id) => id,
        Err(missing) => return Ok(Heard::Failed(missing.to_string())),
    };
    let permission = case.scope.as_ref().map_or_else(|| id.to_owned(), |it| format!("{id}#{it}"));
    let ask = Ask::Permissions { audience: server.to_owned(), permissions: vec![permission], by: By::Name };
    Ok(match openid.rpt(bearer, &ask).await {
        Ok(Ok(tokens)) => {
            Heard::Said { permit: carries(&tokens.access, id, case.scope.as_deref()), unknown: Vec::new() }
        }
        Ok(Err(refusal)) if refusal.error == "access_denied" => {
            Heard::Said { permit: false, unknown: Vec::new() }
        }
        Ok(Err(refusal)) => Heard::Failed(refusal.to_string()),
        Err(error) if matches!(error.kind(), ErrorKind::Server { .. }) => Heard::Failed(error.to_string()),
        Err(error) => return Err(error),
    })
}

/// Whether a token has the permission: a permit may be of other scopes, or of nothing.
fn carries(token: &Secret, id: &str, scope: Option<&str>) -> bool {
    let Some(token) = Token::read(token.expose()) else { return false };
    let permissions = token.claims["authorization"]["permissions"].as_array();
    let found = permissions.into_iter().flatten().find(|it| it["rsid"] == id);
    let has = |scope: &str| {
        let scopes = found.and_then(|it| it["scopes"].as_array());
        scopes.into_iter().flatten().any(|it| it == scope)
    };
    found.is_some() && scope.is_none_or(has)
}
