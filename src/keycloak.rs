//! The connection to one Keycloak server, and the only user of the HTTP client.
//!
//! `connect` logs in and keeps the token alive; `get` and `send` do one request each and know what may be
//! repeated; `rights` says which parts of a realm this credential may read and write, because an empty list
//! may only mean "you may not look"; `version` asks for the server's version. Every failure says how to mend
//! it, and no text of this module shows a secret.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use connect::Limits;
use serde_json::Value;
use url::Url;

mod connect;
mod error;
mod evaluate;
pub mod openid;
mod read;
mod rights;
mod secret;
mod send;
mod stored;
mod token;
mod version;

pub use connect::{Connect, Credentials, Reach, Retry};
pub use error::{Error, ErrorKind};
pub use evaluate::{Evaluated, Evaluation, EvaluationIds, NotThere};
pub use openid::Openid;
pub use read::{Read, Source, Want, read, state_of_export};
pub use rights::{Right, Rights, needs};
pub use secret::{Redactor, Secret};
pub use send::{Answer, Method, Request};
pub use stored::{Store, Stored};
pub use version::{NotAVersion, Version};

/// A connection with a login. Clones share it.
#[derive(Clone)]
pub struct Keycloak(Arc<Inner>);

struct Inner {
    server: Url,
    http: reqwest::Client,
    tokens: token::Tokens,
    redactor: Arc<Redactor>,
    limits: Limits,
    counts: Counters,
    /// What probing found, by realm.
    rights: tokio::sync::Mutex<BTreeMap<String, Rights>>,
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
        let tokens = token::Tokens::new(openid, connect.credentials.clone());
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
