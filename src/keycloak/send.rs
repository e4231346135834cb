//! Sending one request: what is repeated, what is not, and what an answer means.
//!
//! A GET, PUT or DELETE may be sent twice without harm, so it is repeated after a broken connection, a timeout,
//! and the answers of an overloaded or restarting server. A POST is repeated only when it was certainly not
//! carried out; otherwise the caller is told that the answer is lost, and looks. Certificate errors are final.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use reqwest::header::{DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use serde_json::Value;
use url::Url;

use super::connect::{Limits, Retry, chain};
use super::error::{content_type, said, tls_cause};
use super::token::Bearer;
use super::{Error, Keycloak, rights};
use crate::text::size;

/// Longest pause that a server may ask for with `Retry-After`.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The four verbs of the admin API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    pub(super) fn on_the_wire(self) -> reqwest::Method {
        match self {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        })
    }
}

/// One request to the admin API. Its body may hold secrets: it does not print.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    /// Path behind `/admin/`, names percent-encoded, with its query: `realms/demo/clients?max=-1`.
    pub path: String,
    pub body: Option<Value>,
}

impl Request {
    /// Says whether this only reads: every GET, and the POSTs that change nothing.
    pub fn is_read(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        let ends = |name: &str| path.ends_with(name);
        match self.method {
            Method::Get => true,
            Method::Post => {
                ends("/partial-export")
                    || ends("/policy/evaluate")
                    || ends("/identity-provider/import-config")
            }
            Method::Put | Method::Delete => false,
        }
    }

    /// Says whether sending it twice is the same as sending it once.
    fn is_repeatable(&self) -> bool {
        self.is_read() || self.method != Method::Post
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What the server answered. Its body may hold secrets (client secrets come in clear): it does not print.
#[derive(Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    /// The server's clock, as it was sent (RFC 9110 date).
    pub date: Option<String>,
    pub body: Option<Value>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)
    }
}

/// An answer as it came over the wire.
pub(super) struct Raw {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Raw {
    /// Returns the body where it is JSON, whatever the content type claims.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.bytes).ok()
    }

    pub(super) fn header(&self, name: HeaderName) -> Option<String> {
        self.headers.get(name).and_then(|it| it.to_str().ok()).map(str::to_owned)
    }

    /// Returns the pause that the server asks for, in seconds or none.
    pub(super) fn retry_after(&self) -> Duration {
        let seconds = self.header(RETRY_AFTER).and_then(|it| it.trim().parse().ok()).unwrap_or(0);
        Duration::from_secs(seconds).min(LONGEST_PAUSE)
    }

    /// Describes an answer that Keycloak does not give; never shows the page.
    pub(super) fn not_keycloak(&self, url: &Url) -> Error {
        let hint = match (self.status, self.header(LOCATION).and_then(|it| url.join(&it).ok())) {
            (300..=399, Some(mut to)) => {
                to.set_query(None);
                to.set_fragment(None);
                format!("it redirects to {to}; use the server's own address")
            }
            (407, _) => "a proxy wants a login; set it in HTTPS_PROXY".to_owned(),
            (404, _) => {
                "is this the address of the server, with its path (older ones end in /auth)?".to_owned()
            }
            _ => "is this the address of the server, or does a proxy stand in between?".to_owned(),
        };
        Error::NotKeycloak {
            url: url.to_string(),
            status: self.status,
            content_type: content_type(&self.headers),
            hint,
        }
    }
}

/// A try that failed, whether another may follow (after at least this pause), and whether the server may have
/// carried it out all the same.
pub(super) struct Failed {
    pub(super) error: Box<Error>,
    pub(super) again: Option<Duration>,
    pub(super) in_doubt: bool,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed { error: Box::new(error), again: None, in_doubt: false }
    }
}

/// Sends and reads the whole answer, unpacked; nothing where it is longer than `most`.
pub(super) async fn exchange(
    request: reqwest::RequestBuilder,
    most: u64,
) -> Result<Option<Raw>, reqwest::Error> {
    let mut response = request.send().await?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if (bytes.len() + chunk.len()) as u64 > most {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(Raw { status, headers, bytes }))
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

/// Says that an answer was given up.
fn too_long(method: Method, url: &Url, most: u64) -> Error {
    let path = url.path().trim_start_matches('/').to_owned();
    Error::TooLong { method, path, most: size(most) }
}

/// Says what a broken exchange means for a request that is (not) repeatable.
pub(super) fn broken(error: &reqwest::Error, url: &Url, repeatable: bool) -> Result<Failed, String> {
    let origin = url.origin().ascii_serialization();
    if let Some((cause, hint)) = tls_cause(error) {
        return Ok(Error::Tls { url: origin, cause, hint }.into());
    }
    let cause = chain(error);
    if !error.is_connect() && !repeatable {
        return Err(cause);
    }
    let in_doubt = !error.is_connect();
    let error = if error.is_timeout() {
        let what = if error.is_connect() { "no connection" } else { "no answer to the request" };
        Error::Timeout { url: origin, what: what.to_owned() }
    } else {
        Error::Unreachable { url: origin, cause }
    };
    Ok(Failed { error: Box::new(error), again: Some(Duration::ZERO), in_doubt })
}

impl Retry {
    /// Returns the pauses between tries.
    pub(super) fn pauses(self) -> ExponentialBackoff {
        ExponentialBuilder::default()
            .with_min_delay(self.first_pause)
            .with_max_times(self.tries.saturating_sub(1))
            .with_jitter()
            .build()
    }
}

/// Waits until the next try may start, or gives the error back when there is none.
pub(super) async fn pause(pauses: &mut ExponentialBackoff, failed: Failed) -> Result<(), Error> {
    match failed.again.and_then(|at_least| pauses.next().map(|next| next.max(at_least))) {
        None => Err(*failed.error),
        Some(pause) => {
            let ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            tracing::debug!(ms, cause = %failed.error, "trying again");
            tokio::time::sleep(pause).await;
            Ok(())
        }
    }
}

/// Sends what no login stands behind until something answers it. A second time does no harm: what may be spent only
/// once, such as the code of a browser login, is refused then, and the refusal is the answer.
pub(super) async fn until_answered(
    limits: Limits,
    method: Method,
    url: &Url,
    build: impl Fn() -> reqwest::RequestBuilder,
) -> Result<Raw, Error> {
    let mut pauses = limits.retry.pauses();
    loop {
        let started = Instant::now();
        let result = match exchange(build(), limits.largest_answer).await {
            Ok(None) => return Err(too_long(method, url, limits.largest_answer)),
            Ok(Some(raw)) => Ok(raw),
            Err(error) => Err(error),
        };
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = result.as_ref().map_or(0, |raw| raw.status);
        tracing::debug!(path = url.path(), status, ms, "login");
        let failed = match result {
            Ok(raw) if matches!(raw.status, 429 | 502..=504) => {
                let (status, text) = (raw.status, "no login possible now".to_owned());
                let path = url.path().trim_start_matches('/').to_owned();
                let error = Box::new(Error::Server { method, path, status, text });
                Failed { error, again: Some(raw.retry_after()), in_doubt: false }
            }
            Ok(raw) => return Ok(raw),
            Err(error) => broken(&error, url, true)
                .unwrap_or_else(|cause| Error::Unreachable { url: url.to_string(), cause }.into()),
        };
        pause(&mut pauses, failed).await?;
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
        let error = match status {
            429 => {
                let error = Box::new(Error::Refused { method, path, status, text });
                return Err(Failed { error, again: Some(raw.retry_after()), in_doubt: false });
            }
            502..=504 if request.is_repeatable() => {
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
            403 => Error::Forbidden { method, needs: rights::needs(request), path, text },
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
