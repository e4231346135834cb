//! The admin API: a connection with a login, and one request at a time: what is repeated, what is not, and what an
//! answer means.
//!
//! A GET, PUT or DELETE may be sent twice without harm, so it is repeated after a broken connection, a timeout,
//! and the answers of an overloaded or restarting server. A POST is repeated only when it was certainly not
//! carried out; otherwise the caller is told that the answer is lost, and looks. Certificate errors are final.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use reqwest::header::{DATE, LOCATION};
use serde_json::Value;
use url::Url;

use super::error::said;
use super::exchange::{Failed, Raw, broken, exchange, pause, too_long};
use super::http::Limits;
use super::rights::needs;
use super::token::{Bearer, KeptToken};
use super::{Answer, Connect, Error, ErrorKind, Method, Openid, Redactor, Request, Rights};
use crate::text::size;

/// A connection with a login. Clones share it.
#[derive(Clone)]
pub struct Keycloak(pub(super) Arc<Inner>);

pub(super) struct Inner {
    server: Url,
    http: reqwest::Client,
    pub(super) tokens: KeptToken,
    redactor: Arc<Redactor>,
    limits: Limits,
    counts: Counters,
    /// What probing found, by realm.
    pub(super) rights: tokio::sync::Mutex<BTreeMap<String, Rights>>,
}

#[derive(Default)]
struct Counters {
    reads: AtomicU64,
    writes: AtomicU64,
    retries: AtomicU64,
    under_way: AtomicU64,
}

/// How many requests a connection has sent; repeated ones count each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub reads: u64,
    pub writes: u64,
    /// Requests to the token endpoint.
    pub logins: u64,
    /// Repeated requests among reads and writes.
    pub retries: u64,
    /// Sent, and not answered yet.
    pub under_way: u64,
}

impl Keycloak {
    /// Connects and logs in.
    pub async fn connect(connect: &Connect) -> Result<Keycloak, Error> {
        let openid = Openid::connect(&connect.reach, &connect.auth_realm)?;
        openid.may_send_secrets()?;
        let (http, server, redactor) = openid.parts();
        for secret in connect.credentials.secrets() {
            redactor.hide(secret.expose());
        }
        let tokens = KeptToken::new(openid, connect.credentials.clone());
        tokens.bearer().await?;
        let (limits, counts) = (connect.reach.limits(), Counters::default());
        Ok(Keycloak(Arc::new(Inner {
            server,
            http,
            tokens,
            redactor,
            limits,
            counts,
            rights: tokio::sync::Mutex::default(),
        })))
    }

    /// Returns the server's address, ending in a slash.
    pub fn server(&self) -> &str {
        self.0.server.as_str()
    }

    /// Registers a secret that no message of this connection may repeat.
    pub fn redact(&self, secret: &str) {
        self.0.redactor.hide(secret);
    }

    /// Returns the redactor, for texts that others show.
    pub fn redactor(&self) -> &Redactor {
        &self.0.redactor
    }

    /// Returns how many requests were sent so far.
    pub fn counts(&self) -> Counts {
        let counts = &self.0.counts;
        Counts {
            reads: counts.reads.load(Ordering::Relaxed),
            writes: counts.writes.load(Ordering::Relaxed),
            logins: self.0.tokens.logins.load(Ordering::Relaxed),
            retries: counts.retries.load(Ordering::Relaxed),
            under_way: counts.under_way.load(Ordering::Relaxed),
        }
    }

    /// Returns the server's time, good to a second or two; nothing with a token that somebody else got.
    ///
    /// Keycloak sends no `Date` header of its own (only a proxy in front of it does), so the clock is read
    /// from the token that it issued last.
    pub async fn server_time(&self) -> Result<Option<jiff::Timestamp>, Error> {
        let seconds = self.0.tokens.server_time().await?;
        Ok(seconds.and_then(|it| jiff::Timestamp::from_second(it).ok()))
    }

    /// Returns what a realm calls itself in tokens (`iss`), from its `OpenID` configuration.
    pub async fn issuer(&self, realm: &str) -> Result<String, Error> {
        self.0.tokens.issuer(realm).await
    }

    /// Returns how many users a realm has, service accounts not among them; nothing where it may not be known or
    /// the realm does not exist.
    pub async fn count_users(&self, realm: &str) -> Result<Option<usize>, Error> {
        let path = format!("realms/{}/users/count", crate::kind::segment(realm));
        let count = self.seen(&path).await?.and_then(|it| it.as_u64());
        Ok(count.and_then(|it| usize::try_from(it).ok()))
    }

    /// Returns the ids of the users in a list of members; none where it may not be seen or is gone.
    pub async fn ids(&self, path: &str) -> Result<Vec<String>, Error> {
        let rows = self.seen(&format!("{path}?max=-1&briefRepresentation=true")).await?;
        let rows = rows.as_ref().and_then(Value::as_array).into_iter().flatten();
        Ok(rows.filter_map(|it| it.get("id")?.as_str()).map(str::to_owned).collect())
    }

    /// Reads what may be forbidden, or not be there: nothing then.
    async fn seen(&self, path: &str) -> Result<Option<Value>, Error> {
        match self.get(path).await {
            Err(error) if matches!(error.kind(), ErrorKind::Forbidden { .. } | ErrorKind::NotFound) => {
                Ok(None)
            }
            answer => Ok(answer?.body),
        }
    }

    /// Ends the login's session, so that runs do not pile up sessions on the server.
    pub async fn close(&self) {
        self.0.tokens.end().await;
    }
}

impl fmt::Debug for Keycloak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keycloak({})", self.0.server)
    }
}

/// Counts a request as long as it waits for its answer, or for nobody any more.
struct UnderWay<'a>(&'a AtomicU64);

impl<'a> UnderWay<'a> {
    fn begin(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Keycloak {
    /// Reads `{server}/admin/{path}`.
    pub async fn get(&self, path: &str) -> Result<Answer, Error> {
        self.send(&Request { method: Method::Get, path: path.to_owned(), body: None }).await
    }

    /// Sends one request, repeating it where that is safe, with a token that is valid.
    pub async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let url = admin_url(&self.0.server, &request.path)?;
        let mut pauses = self.0.limits.retry.pauses();
        let mut bearer = self.0.tokens.bearer().await?;
        let mut renewed = false;
        let mut repeated = false;
        loop {
            let failed = match self.attempt(request, &url, &bearer).await {
                Ok(raw) if raw.status == 401 && !renewed => {
                    renewed = true;
                    bearer = self.renewed(request, &bearer).await?;
                    continue;
                }
                Ok(raw) => match self.meaning(request, &url, &raw, repeated) {
                    Ok(answer) => return Ok(answer),
                    Err(failed) => failed,
                },
                Err(failed) => failed,
            };
            repeated |= failed.in_doubt;
            let unanswered = failed.again.is_some();
            if let Err(error) = pause(&mut pauses, failed).await {
                // A write that was perhaps carried out by one of its tries is not "server down".
                let lost = repeated && unanswered && !request.is_read();
                return Err(if lost { self.lost(request, &error.to_string()) } else { error });
            }
            self.0.counts.retries.fetch_add(1, Ordering::Relaxed);
            // The token may have run out while the request waited.
            bearer = self.0.tokens.bearer().await?;
            renewed = false;
        }
    }

    async fn renewed(&self, request: &Request, refused: &Bearer) -> Result<Bearer, Error> {
        match self.0.tokens.renewed(refused).await {
            Ok(Some(bearer)) => Ok(bearer),
            Ok(None) => Err(Error::Expired {
                method: request.method,
                path: request.path.clone(),
                hint: "it was given as it is and cannot be renewed; get a new one",
            }),
            Err(error) => Err(error),
        }
    }

    async fn attempt(&self, request: &Request, url: &Url, bearer: &Bearer) -> Result<Raw, Failed> {
        let counter = if request.is_read() { &self.0.counts.reads } else { &self.0.counts.writes };
        counter.fetch_add(1, Ordering::Relaxed);
        let mut builder = self
            .0
            .http
            .request(request.method.on_the_wire(), url.clone())
            .header(reqwest::header::ACCEPT, "application/json")
            .bearer_auth(bearer.token.expose());
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        let started = Instant::now();
        let most = self.0.limits.largest_answer;
        let under_way = UnderWay::begin(&self.0.counts.under_way);
        let result = exchange(builder, most).await;
        drop(under_way);
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = result.as_ref().map_or(0, |raw| raw.as_ref().map_or(0, |it| it.status));
        tracing::debug!(method = %request.method, path = %request.path, status, ms, "request");
        let answered = result.map_err(|error| {
            broken(&error, url, request.is_repeatable())
                .unwrap_or_else(|cause| self.lost(request, &cause).into())
        })?;
        let given_up = || {
            if request.is_read() {
                too_long(request.method, url, most)
            } else {
                self.lost(request, &format!("it is longer than {}", size(most)))
            }
        };
        answered.ok_or_else(|| given_up().into())
    }

    fn lost(&self, request: &Request, cause: &str) -> Error {
        let cause = self.0.redactor.clean(cause);
        Error::Lost { method: request.method, path: request.path.clone(), cause }
    }

    /// Turns an answer into what the caller may rely on.
    fn meaning(&self, request: &Request, url: &Url, raw: &Raw, repeated: bool) -> Result<Answer, Failed> {
        let (method, path, status) = (request.method, request.path.clone(), raw.status);
        let body = raw.json();
        if (200..300).contains(&status) {
            let html = raw.bytes.trim_ascii_start().starts_with(b"<");
            let body = match body {
                None if raw.bytes.is_empty() => None,
                None if html => return Err(raw.not_keycloak(url).into()),
                // Single localization texts come as plain text.
                None => Some(Value::from(String::from_utf8_lossy(&raw.bytes).into_owned())),
                body => body,
            };
            return Ok(Answer { status, location: raw.header(LOCATION), date: raw.header(DATE), body });
        }
        let from_keycloak = raw.bytes.is_empty() || body.is_some();
        let text = body.as_ref().map_or_else(String::new, |body| self.0.redactor.clean(&said(body)));
        let is_passing = match status {
            // A list may fail once while something in it goes (26.7.5).
            500 => method == Method::Get && !repeated,
            502..=504 => request.is_repeatable(),
            _ => false,
        };
        let error = match status {
            429 => {
                let error = Box::new(Error::Refused { method, path, status, text });
                return Err(Failed { error, again: Some(raw.retry_after()), in_doubt: false });
            }
            _ if is_passing => {
                let error = Box::new(Error::Server { method, path, status, text });
                return Err(Failed { error, again: Some(raw.retry_after()), in_doubt: true });
            }
            502..=504 => self.lost(request, &format!("status {status} from a gateway or a stopping server")),
            500..=599 => Error::Server { method, path, status, text },
            _ if !from_keycloak || (300..400).contains(&status) => raw.not_keycloak(url),
            401 => Error::Expired {
                method,
                path,
                hint: "the server refuses even a fresh one; is this the address that the server itself uses?",
            },
            403 => Error::Forbidden { method, needs: needs(request), path, text },
            404 => Error::NotFound { method, path, text, repeated },
            409 => Error::Conflict { method, path, text },
            _ => Error::Refused { method, path, status, text },
        };
        Err(error.into())
    }
}

/// Returns the address of an admin path.
///
/// An empty or dotted part is refused: `realms/demo/roles/` with an empty name behind it, or with `..`, would
/// reach the list or the realm instead of the role.
fn admin_url(server: &Url, path: &str) -> Result<Url, Error> {
    let refuse = || Error::Path { path: path.to_owned() };
    let bare = path.split('?').next().unwrap_or_default();
    for part in bare.split('/') {
        if part.contains(['\\', '#'])
            || matches!(part.to_lowercase().replace("%2e", ".").as_str(), "" | "." | "..")
        {
            return Err(refuse());
        }
    }
    server.join(&format!("./admin/{path}")).map_err(|_| refuse())
}

#[cfg(test)]
mod tests;
