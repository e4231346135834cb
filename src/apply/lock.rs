//! One run at a time writes to a realm, whoever owns the manifests: a client that exists while it does.
//!
//! Of simultaneous POSTs of one clientId exactly one is answered 201, on one node and on two (measured).

use std::time::{Duration, Instant};

use serde_json::Value;

use super::CallError;
use super::ledgers::client;
use crate::keycloak::{ErrorKind, Keycloak, Method, Request};
use crate::kind;

const NAME: &str = "realmwright-lock";
/// How long a lock lasts unless it is renewed, in seconds.
const LASTS: i64 = 300;

/// A lock that we hold.
#[derive(Debug)]
pub struct Lock {
    realm: String,
    path: String,
    owner: String,
    run: String,
    renewed: Instant,
    is_lost: bool,
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub realm: String,
    pub owner: String,
    pub run: String,
    /// Seconds since 1970, by the server's clock.
    pub expires: i64,
    id: String,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another run writes to this realm: owner `{}`, run {}; wait with --lock-timeout, or if that one is dead, end its lock with `realmwright unlock --realm {} --run {}`", .0.owner, .0.run, .0.realm, .0.run)]
    Held(Held),
    #[error("the lock was taken over by run {run} while this one was at work")]
    TakenOver { run: String },
    #[error("the lock was removed while this run was at work")]
    Removed,
    #[error("stopped while another run held the lock")]
    Stopped,
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<crate::keycloak::Error> for LockError {
    fn from(error: crate::keycloak::Error) -> Self {
        Self::Call(error.into())
    }
}

fn root(realm: &str) -> String {
    format!("realms/{}/clients", kind::segment(realm))
}

async fn now(keycloak: &Keycloak) -> Result<i64, LockError> {
    // Only a token that somebody else got tells no time; then our own clock must do.
    Ok(keycloak.server_time().await?.unwrap_or_else(jiff::Timestamp::now).as_second())
}

fn body(owner: &str, run: &str, expires: i64) -> Value {
    let expires = expires.to_string();
    let said = [("realmwright.owner", owner), ("realmwright.run", run), ("realmwright.expires", &expires)];
    let attributes = said.map(|(name, value)| (name.to_owned(), Value::from(value))).into_iter().collect();
    Value::Object(client(NAME, "A realmwright run writes to this realm.", &attributes))
}

/// Takes the lock, waiting up to `patience` for another run to end, or until `is_stopped`.
pub async fn take(
    keycloak: &Keycloak,
    realm: &str,
    owner: &str,
    run: &str,
    patience: Duration,
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<Lock, LockError> {
    let started = Instant::now();
    loop {
        if is_stopped() {
            return Err(LockError::Stopped);
        }
        let expires = now(keycloak).await? + LASTS;
        let request =
            Request { method: Method::Post, path: root(realm), body: Some(body(owner, run, expires)) };
        match keycloak.send(&request).await {
            Ok(answer) => {
                let id = answer.location.as_deref().and_then(|it| it.rsplit('/').next()).map(str::to_owned);
                let id = id.ok_or_else(|| CallError::NoId { what: "POST clients".to_owned() })?;
                return Ok(lock(realm, &id, owner, run));
            }
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Lost) => {}
            Err(error) => return Err(error.into()),
        }
        match look(keycloak, realm).await? {
            // Our own POST, whose answer was lost.
            Some(held) if held.run == run => return Ok(lock(realm, &held.id, owner, run)),
            Some(held) if held.expires < now(keycloak).await? => {
                // Any answer but 204 means that somebody else may have taken it over: look again.
                let path = format!("{}/{}", root(realm), kind::segment(&held.id));
                let gone = keycloak.send(&Request { method: Method::Delete, path, body: None }).await;
                if gone.is_err() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            Some(held) if started.elapsed() >= patience => return Err(LockError::Held(held)),
            Some(_) => tokio::time::sleep(Duration::from_millis(500).min(patience)).await,
            None => {}
        }
    }
}

fn lock(realm: &str, id: &str, owner: &str, run: &str) -> Lock {
    Lock {
        realm: realm.to_owned(),
        path: format!("{}/{}", root(realm), kind::segment(id)),
        owner: owner.to_owned(),
        run: run.to_owned(),
        renewed: Instant::now(),
        is_lost: false,
    }
}

async fn look(keycloak: &Keycloak, realm: &str) -> Result<Option<Held>, LockError> {
    let answer = keycloak.get(&format!("{}?clientId={NAME}", root(realm))).await?;
    let Some(row) = answer.body.as_ref().and_then(Value::as_array).and_then(|it| it.first()) else {
        return Ok(None);
    };
    let text = |it: Option<&Value>| it.and_then(Value::as_str).unwrap_or_default().to_owned();
    let attribute = |name: &str| text(row.get("attributes").and_then(|it| it.get(name)));
    Ok(Some(Held {
        realm: realm.to_owned(),
        owner: attribute("realmwright.owner"),
        run: attribute("realmwright.run"),
        expires: attribute("realmwright.expires").parse().unwrap_or(0),
        id: text(row.get("id")),
    }))
}

impl Lock {
    /// Checks that the lock is still ours, and makes it last longer when it is time.
    pub async fn keep(&mut self, keycloak: &Keycloak) -> Result<(), LockError> {
        let kept = self.check(keycloak).await;
        self.is_lost |= matches!(kept, Err(LockError::TakenOver { .. } | LockError::Removed));
        kept
    }

    async fn check(&mut self, keycloak: &Keycloak) -> Result<(), LockError> {
        let answer = match keycloak.get(&self.path).await {
            Ok(answer) => answer,
            // Taken over by another client of the same name, or just gone.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(match look(keycloak, &self.realm).await? {
                    Some(held) => LockError::TakenOver { run: held.run },
                    None => LockError::Removed,
                });
            }
            Err(error) => return Err(error.into()),
        };
        let Some(Value::Object(mut row)) = answer.body else { return Err(LockError::Removed) };
        let run = row.get("attributes").and_then(|it| it.get("realmwright.run")).and_then(Value::as_str);
        if run != Some(&self.run) {
            return Err(LockError::TakenOver { run: run.unwrap_or("unknown").to_owned() });
        }
        if self.renewed.elapsed() < Duration::from_secs(LASTS.unsigned_abs() / 3) {
            return Ok(());
        }
        row.remove("secret");
        row.remove("access");
        let expires = now(keycloak).await? + LASTS;
        row["attributes"] = body(&self.owner, &self.run, expires)["attributes"].clone();
        keycloak
            .send(&Request { method: Method::Put, path: self.path.clone(), body: Some(Value::Object(row)) })
            .await?;
        self.renewed = Instant::now();
        Ok(())
    }

    /// Returns whether it may have run out, when the server could not be asked for long.
    pub fn is_overdue(&self) -> bool {
        self.renewed.elapsed() > Duration::from_secs(LASTS.unsigned_abs() * 4 / 5)
    }

    /// Gives the lock back; one that is another's by now stays.
    pub async fn release(self, keycloak: &Keycloak) -> Result<(), LockError> {
        if self.is_lost {
            return Ok(());
        }
        match keycloak.send(&Request { method: Method::Delete, path: self.path, body: None }).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Ends the lock of a run that cannot end it itself; `Ok(None)` when nobody holds it.
pub async fn unlock(keycloak: &Keycloak, realm: &str, run: &str) -> Result<Option<Held>, LockError> {
    match look(keycloak, realm).await? {
        Some(held) if held.run == run => {
            let path = format!("{}/{}", root(realm), kind::segment(&held.id));
            keycloak.send(&Request { method: Method::Delete, path, body: None }).await?;
            Ok(Some(held))
        }
        Some(held) => Err(LockError::Held(held)),
        None => Ok(None),
    }
}
