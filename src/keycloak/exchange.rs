//! One exchange over HTTP: how it fails, what may be tried again, and after which pause.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use reqwest::header::{HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use serde_json::Value;
use url::Url;

use super::error::{content_type, tls_cause};
use super::http::{Limits, Retry, chain};
use super::{Error, Method};
use crate::text::size;

/// Longest pause that a server may ask for with `Retry-After`.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

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

/// Says that an answer was given up.
pub(super) fn too_long(method: Method, url: &Url, most: u64) -> Error {
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
