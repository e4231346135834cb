//! The requests of one read: counted, a few at a time, answers in the order of the questions.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tokio::sync::Semaphore;

use crate::keycloak::{Answer, Error, ErrorKind, Keycloak, Method, Request};
use crate::kind::segment;

/// How many requests are under way at once. Many hurt a server that others use; a local one that has to share its machine
/// mostly gets more done with these than with half as many, and on a quiet machine the difference is small.
const LANES: usize = 16;
const LANES_OVER_A_NETWORK: usize = 4;

/// The admin API of one realm.
pub(super) struct Wire<'a> {
    keycloak: &'a Keycloak,
    base: String,
    lanes: Semaphore,
    requests: AtomicUsize,
}

impl<'a> Wire<'a> {
    pub(super) fn new(keycloak: &'a Keycloak, realm: &str) -> Self {
        let lanes = if is_local(keycloak.server()) { LANES } else { LANES_OVER_A_NETWORK };
        Self {
            keycloak,
            base: format!("realms/{}", segment(realm)),
            lanes: Semaphore::new(lanes),
            requests: AtomicUsize::new(0),
        }
    }

    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Returns a path below `/admin/` of something in the realm; the realm itself is `""`.
    fn path(&self, below: &str) -> String {
        if below.is_empty() { self.base.clone() } else { format!("{}/{below}", self.base) }
    }

    async fn send(&self, method: Method, path: String) -> Result<Answer, Error> {
        let _lane = self.lanes.acquire().await.expect("nothing closes the lanes");
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.keycloak.send(&Request { method, path, body: None }).await
    }

    /// Reads something that has to be there.
    pub(super) async fn get(&self, below: &str) -> Result<Value, Error> {
        Ok(self.send(Method::Get, self.path(below)).await?.body.unwrap_or_default())
    }

    /// Reads by a POST that changes nothing.
    pub(super) async fn read_by_post(&self, below: &str) -> Result<Value, Error> {
        Ok(self.send(Method::Post, self.path(below)).await?.body.unwrap_or_default())
    }

    /// Reads something that may be forbidden, or gone meanwhile: nothing then.
    pub(super) async fn value(&self, below: &str) -> Result<Option<Value>, Error> {
        match self.get(below).await {
            Err(error) if matches!(error.kind(), ErrorKind::Forbidden { .. } | ErrorKind::NotFound) => {
                Ok(None)
            }
            answer => answer.map(Some),
        }
    }

    /// Reads a list as a whole; no rows where its owner is gone.
    pub(super) async fn all_rows(&self, below: &str) -> Result<Vec<Value>, Error> {
        match self.get(below).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
            Ok(Value::Array(rows)) => Ok(rows),
            Ok(_) => Ok(Vec::new()),
        }
    }

    /// Reads a list that may be forbidden: nothing then.
    pub(super) async fn rows(&self, below: &str) -> Result<Option<Vec<Value>>, Error> {
        if_seen(self.all_rows(below).await)
    }

    /// Registers a secret that no message may repeat.
    pub(super) fn redact(&self, secret: &str) {
        if !secret.starts_with("*****") {
            self.keycloak.redact(secret);
        }
    }

    /// Reads what the server says of itself, where this credential may see any of it.
    pub(super) async fn server_info(&self) -> Result<Option<Value>, Error> {
        match self.send(Method::Get, "serverinfo".to_owned()).await {
            Ok(answer) => Ok(answer.body),
            Err(error) if matches!(error.kind(), ErrorKind::Forbidden { .. } | ErrorKind::NotFound) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Turns a refusal of what may not be seen into nothing.
pub(super) fn if_seen<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden { .. }) => Ok(None),
        answer => answer.map(Some),
    }
}

fn is_local(server: &str) -> bool {
    let host = url::Url::parse(server).ok().and_then(|it| it.host_str().map(str::to_owned));
    host.is_some_and(|it| matches!(it.as_str(), "localhost" | "127.0.0.1" | "[::1]"))
}
