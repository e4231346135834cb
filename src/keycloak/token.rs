//! The access token: got by a login, renewed before it runs out, by one request at a time.
//!
//! A token of `admin-cli` on `master` lives 60 seconds, and runs take longer. The lock is held while a token is
//! renewed, so that concurrent requests wait for the one renewal instead of each starting its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Mutex;

use super::connect::Credentials;
use super::openid::{Client, Grant, Openid, TokenRefusal, Tokens, claims};
use super::{Error, Secret, Stored};

/// How long before its end a token is renewed.
const EARLY: Duration = Duration::from_secs(20);

/// A token in use, and which one it is, so that a refused one is renewed once.
#[derive(Clone)]
pub(super) struct Bearer {
    pub(super) token: Secret,
    serial: u64,
}

struct Held {
    bearer: Bearer,
    /// The server's clock when it issued the token, in seconds, and ours when it arrived.
    issued: Option<(i64, Instant)>,
    /// Nothing for a token that somebody gave us.
    renew_at: Option<Instant>,
    refresh: Option<(Secret, Instant)>,
}

/// Gets and keeps the access token of a connection.
pub(super) struct KeptToken {
    openid: Openid,
    credentials: Credentials,
    held: Mutex<Option<Held>>,
    pub(super) logins: AtomicU64,
}

impl KeptToken {
    pub(super) fn new(openid: Openid, credentials: Credentials) -> KeptToken {
        let held = match &credentials {
            Credentials::Token(token) => Some(Held {
                bearer: Bearer { token: token.clone(), serial: 0 },
                issued: None,
                renew_at: None,
                refresh: None,
            }),
            Credentials::Password { .. }
            | Credentials::Client { .. }
            | Credentials::SignedJwt { .. }
            | Credentials::Stored { .. } => None,
        };
        KeptToken { openid, credentials, held: Mutex::new(held), logins: AtomicU64::new(0) }
    }

    /// Returns a token that lives long enough for a request, logging in or renewing where needed.
    pub(super) async fn bearer(&self) -> Result<Bearer, Error> {
        let mut held = self.held.lock().await;
        match &*held {
            Some(it) if it.renew_at.is_none_or(|at| Instant::now() < at) => Ok(it.bearer.clone()),
            _ => self.renew(&mut held).await,
        }
    }

    /// Returns another token than the one that the server refused, or nothing where none can be had.
    pub(super) async fn renewed(&self, refused: &Bearer) -> Result<Option<Bearer>, Error> {
        if matches!(self.credentials, Credentials::Token(_)) {
            return Ok(None);
        }
        let mut held = self.held.lock().await;
        match &*held {
            Some(it) if it.bearer.serial != refused.serial => Ok(Some(it.bearer.clone())),
            _ => self.renew(&mut held).await.map(Some),
        }
    }

    /// Returns the realm and the name of the user who logs in with a password, with everything that user may do.
    pub(super) fn user(&self) -> Option<(&str, &str)> {
        match &self.credentials {
            Credentials::Password { user, .. } => Some((self.openid.realm(), user)),
            // A stored login's client may leave out roles that the user has.
            Credentials::Client { .. }
            | Credentials::SignedJwt { .. }
            | Credentials::Token(_)
            | Credentials::Stored { .. } => None,
        }
    }

    /// Returns the server's time in seconds, as the newest token tells it.
    pub(super) async fn server_time(&self) -> Result<Option<i64>, Error> {
        self.bearer().await?;
        let issued = self.held.lock().await.as_ref().and_then(|it| it.issued);
        let later = |at: Instant| i64::try_from(at.elapsed().as_secs()).unwrap_or(i64::MAX);
        Ok(issued.map(|(seconds, at)| seconds.saturating_add(later(at))))
    }

    /// Ends the session of a login with a password; best effort, since it would end by itself.
    pub(super) async fn end(&self) {
        let refresh = self.held.lock().await.take().and_then(|it| it.refresh);
        if let (Credentials::Password { .. }, Some((refresh, _))) = (&self.credentials, refresh)
            && let Err(cause) = self.openid.end(&self.client(), &refresh).await
        {
            tracing::debug!(%cause, "the session could not be ended");
        }
    }

    /// Returns what a realm calls itself.
    pub(super) async fn issuer(&self, realm: &str) -> Result<String, Error> {
        Ok(self.openid.of_realm(realm).document().await?.issuer)
    }

    async fn renew(&self, held: &mut Option<Held>) -> Result<Bearer, Error> {
        let serial = held.as_ref().map_or(0, |it| it.bearer.serial) + 1;
        if let Credentials::Stored { login, client } = &self.credentials {
            return self.renew_stored(held, serial, login, client).await;
        }
        let refresh = held.as_mut().and_then(|it| it.refresh.take());
        let now = Instant::now();
        let answer = match refresh {
            Some((refresh, until)) if now < until => match self.ask(&Grant::Refresh(refresh)).await? {
                // The session ended or was ended: a login opens another.
                Err(_) => self.log_in().await?,
                Ok(answer) => answer,
            },
            _ => self.log_in().await?,
        };
        let lives = answer.expires_in;
        let bearer = Bearer { token: answer.access, serial };
        let issued = claims(bearer.token.expose()).and_then(|it| it.get("iat").and_then(Value::as_i64));
        *held = Some(Held {
            bearer: bearer.clone(),
            issued: issued.map(|seconds| (seconds, Instant::now())),
            renew_at: Some(now + lives.saturating_sub(EARLY).max(lives / 2)),
            // One of zero seconds is an offline session or none at all: logging in again is sure to work.
            refresh: answer
                .refresh
                .zip(answer.refresh_expires_in)
                .filter(|(_, lives)| *lives > EARLY)
                .map(|(token, lives)| (token, now + lives.saturating_sub(EARLY))),
        });
        Ok(bearer)
    }

    /// Other processes renew the same login, so the store is asked each time.
    async fn renew_stored(
        &self,
        held: &mut Option<Held>,
        serial: u64,
        login: &Stored,
        client: &Client,
    ) -> Result<Bearer, Error> {
        let previous = held.take().map(|it| it.bearer.token);
        self.logins.fetch_add(1, Ordering::Relaxed);
        let current = login.current(&self.openid, client, previous.as_ref()).await?;
        let current = current.map_err(|refusal| self.refused(&refusal))?;
        for secret in [&current.access, &current.refresh] {
            self.openid.redactor().hide(secret.expose());
        }
        let token = current.access.clone();
        let bearer = Bearer { token, serial };
        *held = Some(Held {
            bearer: bearer.clone(),
            // A token that was stored for a while does not tell the time.
            issued: None,
            renew_at: Some(Instant::now() + current.holds_for()),
            refresh: None,
        });
        Ok(bearer)
    }

    async fn log_in(&self) -> Result<Tokens, Error> {
        let scope = String::new();
        let grant = match &self.credentials {
            Credentials::Password { user, password } => {
                Grant::Password { user: user.clone(), password: password.clone(), scope }
            }
            Credentials::Client { .. }
            | Credentials::SignedJwt { .. }
            | Credentials::Token(_)
            | Credentials::Stored { .. } => Grant::ClientCredentials { scope },
        };
        self.ask(&grant).await?.map_err(|refusal| self.refused(&refusal))
    }

    async fn ask(&self, grant: &Grant) -> Result<Result<Tokens, TokenRefusal>, Error> {
        self.logins.fetch_add(1, Ordering::Relaxed);
        self.openid.token(&self.client(), grant).await
    }

    fn client(&self) -> Client {
        match &self.credentials {
            Credentials::Password { .. } | Credentials::Token(_) => {
                Client::Public { id: "admin-cli".to_owned() }
            }
            Credentials::Client { id, secret } => Client::Secret { id: id.clone(), secret: secret.clone() },
            Credentials::SignedJwt { id, key } => Client::SignedJwt { id: id.clone(), key: key.clone() },
            Credentials::Stored { client, .. } => client.clone(),
        }
    }

    /// Says why a login failed, and what would mend it.
    fn refused(&self, refusal: &TokenRefusal) -> Error {
        let (account, as_user) = match &self.credentials {
            Credentials::Password { user, .. } => (format!("user `{user}`"), true),
            Credentials::Client { id, .. } | Credentials::SignedJwt { id, .. } => {
                (format!("client `{id}`"), false)
            }
            Credentials::Token(_) => ("the given token".to_owned(), false),
            Credentials::Stored { login, .. } => {
                (format!("user `{}` (stored login with client `{}`)", login.user, login.client), false)
            }
        };
        let is_signed = matches!(self.credentials, Credentials::SignedJwt { .. });
        let text = refusal.text();
        Error::Login {
            url: self.openid.origin(),
            realm: self.openid.realm().to_owned(),
            account,
            status: refusal.status,
            hint: match &self.credentials {
                Credentials::Stored { .. } if refusal.error == "invalid_grant" => {
                    "the session has ended; begin another with `realmwright login`"
                }
                Credentials::Stored { client, .. } if is_about_client(refusal) => renewal_hint(client),
                _ => login_hint(&text, refusal.status, as_user, is_signed),
            },
            text,
        }
    }
}

/// Says whether it is the client that the server does not take, rather than what it asks for.
fn is_about_client(refusal: &TokenRefusal) -> bool {
    matches!(refusal.error.as_str(), "invalid_client" | "unauthorized_client")
}

/// Says what a client needs to renew a login.
fn renewal_hint(client: &Client) -> &'static str {
    match client {
        Client::Public { .. } => {
            "this client has a secret, and renewing its logins needs it: set REALMWRIGHT_CLIENT_SECRET (or REALMWRIGHT_CLIENT_SECRET_FILE, or REALMWRIGHT_CLIENT_KEY_FILE for a key)"
        }
        Client::Secret { .. } => {
            "the secret in REALMWRIGHT_CLIENT_SECRET or REALMWRIGHT_CLIENT_SECRET_FILE is not that of this client"
        }
        Client::SignedJwt { .. } => "this client does not accept the key in REALMWRIGHT_CLIENT_KEY_FILE",
    }
}

fn login_hint(text: &str, status: u16, as_user: bool, signed: bool) -> &'static str {
    let says = |part: &str| text.to_lowercase().contains(part);
    if says("realm does not exist") {
        "there is no such realm; name the one that this account lives in with --auth-realm"
    } else if says("realm not enabled") || says("realm disabled") {
        "the realm is disabled"
    } else if says("https required") {
        "the realm wants HTTPS from this address"
    } else if says("fully set up") {
        "the account is not fully set up: it has required actions, or lacks email, first or last name"
    } else if says("account disabled") || says("user disabled") {
        "the account is disabled"
    } else if says("temporarily") {
        "the account is locked for a while after failed logins"
    } else if says("service account") {
        "this client has no service account; switch `Service accounts roles` on"
    } else if says("direct access grants") {
        "the client admin-cli does not take passwords in this realm; use a client with a service account"
    } else if as_user && (status == 401 || says("invalid_grant")) {
        "wrong user name or password, or the user lives in another realm (--auth-realm)"
    } else if signed {
        "no such client in this realm, or it does not accept this key (client authenticator `Signed Jwt`)"
    } else {
        "no such client in this realm, or a wrong client secret"
    }
}
