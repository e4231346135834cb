//! The access token: got by a login, renewed before it runs out, by one request at a time.
//!
//! A token of `admin-cli` on `master` lives 60 seconds, and runs take longer. The lock is held while a token is
//! renewed, so that concurrent requests wait for the one renewal instead of each starting its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use super::connect::{Credentials, Retry};
use super::error::said;
use super::secret::Redactor;
use super::send::{Failed, Raw, broken, exchange, pause};
use super::{Error, Secret};

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
pub(super) struct Tokens {
    http: reqwest::Client,
    realm: String,
    realm_url: Url,
    credentials: Credentials,
    retry: Retry,
    held: Mutex<Option<Held>>,
    pub(super) logins: AtomicU64,
}

impl Tokens {
    pub(super) fn new(
        http: reqwest::Client,
        server: &Url,
        realm: &str,
        credentials: Credentials,
        retry: Retry,
    ) -> Tokens {
        let held = match &credentials {
            Credentials::Token(token) => Some(Held {
                bearer: Bearer { token: token.clone(), serial: 0 },
                issued: None,
                renew_at: None,
                refresh: None,
            }),
            Credentials::Password { .. } | Credentials::Client { .. } | Credentials::SignedJwt { .. } => None,
        };
        let realm_url = under(server, &["realms", realm]);
        // Somebody waits for the first login: a wrong address should not take the patience of a long run.
        let retry = Retry { tries: retry.tries.min(3), ..retry };
        let (realm, held) = (realm.to_owned(), Mutex::new(held));
        Tokens { http, realm, realm_url, credentials, retry, held, logins: AtomicU64::new(0) }
    }

    /// Returns a token that lives long enough for a request, logging in or renewing where needed.
    pub(super) async fn bearer(&self, redactor: &Redactor) -> Result<Bearer, Error> {
        let mut held = self.held.lock().await;
        match &*held {
            Some(it) if it.renew_at.is_none_or(|at| Instant::now() < at) => Ok(it.bearer.clone()),
            _ => self.renew(&mut held, redactor).await,
        }
    }

    /// Returns another token than the one that the server refused, or nothing where none can be had.
    pub(super) async fn renewed(
        &self,
        refused: &Bearer,
        redactor: &Redactor,
    ) -> Result<Option<Bearer>, Error> {
        if matches!(self.credentials, Credentials::Token(_)) {
            return Ok(None);
        }
        let mut held = self.held.lock().await;
        match &*held {
            Some(it) if it.bearer.serial != refused.serial => Ok(Some(it.bearer.clone())),
            _ => self.renew(&mut held, redactor).await.map(Some),
        }
    }

    /// Returns the realm and the name of the user who logs in, where it is one.
    pub(super) fn user(&self) -> Option<(&str, &str)> {
        match &self.credentials {
            Credentials::Password { user, .. } => Some((&self.realm, user)),
            Credentials::Client { .. } | Credentials::SignedJwt { .. } | Credentials::Token(_) => None,
        }
    }

    /// Returns the server's time in seconds, as the newest token tells it.
    pub(super) async fn server_time(&self, redactor: &Redactor) -> Result<Option<i64>, Error> {
        self.bearer(redactor).await?;
        let issued = self.held.lock().await.as_ref().and_then(|it| it.issued);
        let later = |at: Instant| i64::try_from(at.elapsed().as_secs()).unwrap_or(i64::MAX);
        Ok(issued.map(|(seconds, at)| seconds.saturating_add(later(at))))
    }

    /// Ends the session of a login with a password; best effort, since it would end by itself.
    pub(super) async fn end(&self) {
        let refresh = self.held.lock().await.take().and_then(|it| it.refresh);
        if let (Credentials::Password { .. }, Some((refresh, _))) = (&self.credentials, refresh) {
            let url = under(&self.realm_url, &["protocol", "openid-connect", "logout"]);
            let form = [("client_id", "admin-cli"), ("refresh_token", refresh.expose())];
            if let Err(error) = self.http.post(url).form(&form).send().await {
                tracing::debug!(cause = %error.without_url(), "the session could not be ended");
            }
        }
    }

    async fn renew(&self, held: &mut Option<Held>, redactor: &Redactor) -> Result<Bearer, Error> {
        let serial = held.as_ref().map_or(0, |it| it.bearer.serial) + 1;
        let refresh = held.as_mut().and_then(|it| it.refresh.take());
        let now = Instant::now();
        let answer = match refresh {
            Some((refresh, until)) if now < until => {
                let form = vec![
                    ("grant_type", "refresh_token".to_owned()),
                    ("refresh_token", refresh.expose().to_owned()),
                ];
                match self.ask(self.with_client(form).await?, redactor).await {
                    // The session ended or was ended: a login opens another.
                    Err(Error::Login { .. }) => self.ask(self.login_form().await?, redactor).await?,
                    answer => answer?,
                }
            }
            _ => self.ask(self.login_form().await?, redactor).await?,
        };
        let seconds = |name: &str| answer.get(name).and_then(Value::as_u64).map(Duration::from_secs);
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let token = Secret::new(text("access_token").unwrap_or_default());
        let lives = seconds("expires_in").unwrap_or(Duration::from_secs(60));
        let bearer = Bearer { token, serial };
        redactor.hide(bearer.token.expose());
        let refresh = text("refresh_token").map(Secret::new).zip(seconds("refresh_expires_in"));
        let issued = claims(&bearer.token).and_then(|it| it.get("iat").and_then(Value::as_i64));
        *held = Some(Held {
            bearer: bearer.clone(),
            issued: issued.map(|seconds| (seconds, Instant::now())),
            renew_at: Some(now + lives.saturating_sub(EARLY).max(lives / 2)),
            // One of zero seconds is an offline session or none at all: logging in again is sure to work.
            refresh: refresh
                .filter(|(_, lives)| *lives > EARLY)
                .map(|(token, lives)| (token, now + lives.saturating_sub(EARLY))),
        });
        Ok(bearer)
    }

    async fn login_form(&self) -> Result<Vec<(&'static str, String)>, Error> {
        let form = match &self.credentials {
            Credentials::Password { user, password } => vec![
                ("grant_type", "password".to_owned()),
                ("username", user.clone()),
                ("password", password.expose().to_owned()),
            ],
            Credentials::Client { .. } | Credentials::SignedJwt { .. } | Credentials::Token(_) => {
                vec![("grant_type", "client_credentials".to_owned())]
            }
        };
        self.with_client(form).await
    }

    /// Adds who is asking, and its proof.
    async fn with_client(
        &self,
        mut form: Vec<(&'static str, String)>,
    ) -> Result<Vec<(&'static str, String)>, Error> {
        match &self.credentials {
            Credentials::Password { .. } | Credentials::Token(_) => {
                form.push(("client_id", "admin-cli".to_owned()));
            }
            Credentials::Client { id, secret } => {
                form.push(("client_id", id.clone()));
                form.push(("client_secret", secret.expose().to_owned()));
            }
            Credentials::SignedJwt { id, key } => {
                let (issuer, now) = self.issuer().await?;
                form.push(("client_id", id.clone()));
                form.push((
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned(),
                ));
                form.push(("client_assertion", assertion(id, &issuer, now, key)?));
            }
        }
        Ok(form)
    }

    /// Returns the realm's issuer, which may differ from the address in use, and the server's clock in seconds.
    async fn issuer(&self) -> Result<(String, i64), Error> {
        self.issuer_at(&self.realm_url).await
    }

    /// Returns what a realm calls itself, and the server's clock in seconds.
    pub(super) async fn issuer_at(&self, realm_url: &Url) -> Result<(String, i64), Error> {
        let url = under(realm_url, &[".well-known", "openid-configuration"]);
        let raw = self.until_answered(&url, || self.http.get(url.clone())).await?;
        let issuer = raw.json().and_then(|it| it.get("issuer").and_then(Value::as_str).map(str::to_owned));
        let now = raw
            .header(reqwest::header::DATE)
            .and_then(|it| jiff::fmt::rfc2822::parse(&it).ok())
            .map_or_else(jiff::Timestamp::now, |it| it.timestamp());
        match issuer {
            Some(issuer) if raw.status == 200 => Ok((issuer, now.as_second())),
            _ => Err(self.refused(&url, &raw, &Redactor::default())),
        }
    }

    async fn ask(&self, form: Vec<(&'static str, String)>, redactor: &Redactor) -> Result<Value, Error> {
        let url = under(&self.realm_url, &["protocol", "openid-connect", "token"]);
        for (name, value) in &form {
            if matches!(*name, "client_assertion" | "refresh_token") {
                redactor.hide(value);
            }
        }
        self.logins.fetch_add(1, Ordering::Relaxed);
        let raw = self.until_answered(&url, || self.http.post(url.clone()).form(&form)).await?;
        match raw.json() {
            Some(answer) if raw.status == 200 && answer.get("access_token").is_some_and(Value::is_string) => {
                Ok(answer)
            }
            _ => Err(self.refused(&url, &raw, redactor)),
        }
    }

    /// Sends a login until something answers it; a second login does no harm.
    async fn until_answered(
        &self,
        url: &Url,
        build: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<Raw, Error> {
        let mut pauses = self.retry.pauses();
        loop {
            let started = Instant::now();
            let result = exchange(build()).await;
            let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let status = result.as_ref().map_or(0, |raw| raw.status);
            tracing::debug!(path = url.path(), status, ms, "login");
            let failed = match result {
                Ok(raw) if matches!(raw.status, 429 | 502..=504) => {
                    let (status, text) = (raw.status, "no login possible now".to_owned());
                    let path = url.path().trim_start_matches('/').to_owned();
                    let error = Box::new(Error::Server { method: super::Method::Post, path, status, text });
                    Failed { error, again: Some(raw.retry_after()), in_doubt: false }
                }
                Ok(raw) => return Ok(raw),
                Err(error) => broken(&error, url, true)
                    .unwrap_or_else(|cause| Error::Unreachable { url: url.to_string(), cause }.into()),
            };
            pause(&mut pauses, failed).await?;
        }
    }

    /// Says why a login failed, and what would mend it.
    fn refused(&self, url: &Url, raw: &Raw, redactor: &Redactor) -> Error {
        let body = match raw.json() {
            Some(body) if body.get("error").is_some() && !(300..400).contains(&raw.status) => body,
            _ => return raw.not_keycloak(url),
        };
        let text = redactor.clean(&said(&body));
        // A wrong path below a Keycloak: JSON as well, but no realm's answer.
        if raw.status == 404 && text.contains("matching target resource") {
            return raw.not_keycloak(url);
        }
        let (account, as_user) = match &self.credentials {
            Credentials::Password { user, .. } => (format!("user `{user}`"), true),
            Credentials::Client { id, .. } | Credentials::SignedJwt { id, .. } => {
                (format!("client `{id}`"), false)
            }
            Credentials::Token(_) => ("the given token".to_owned(), false),
        };
        Error::Login {
            url: url.origin().ascii_serialization(),
            realm: self.realm.clone(),
            account,
            status: raw.status,
            hint: login_hint(
                &text,
                raw.status,
                as_user,
                matches!(self.credentials, Credentials::SignedJwt { .. }),
            ),
            text,
        }
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

/// Returns a login signed with RS256, valid for a minute by the server's clock.
fn assertion(id: &str, issuer: &str, now: i64, key: &Secret) -> Result<String, Error> {
    let refuse = |cause: &str| Error::Key { cause: cause.to_owned() };
    let der = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|_| refuse("it is no private key in PEM without a passphrase"))?;
    let key =
        rustls::crypto::ring::sign::any_supported_type(&der).map_err(|_| refuse("its type is not known"))?;
    let signer = key
        .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
        .ok_or_else(|| refuse("RS256 needs an RSA key (of 2048 bits or more)"))?;
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|_| refuse("the system gives no random numbers"))?;
    let claims = json!({
        "iss": id, "sub": id, "aud": issuer, "jti": URL_SAFE_NO_PAD.encode(random),
        "iat": now, "exp": now + 60,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(&claims));
    let signature = signer.sign(signed.as_bytes()).map_err(|_| refuse("it does not sign"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Returns the claims of a token, unverified: they only help to ask the right questions.
pub(super) fn claims(token: &Secret) -> Option<Value> {
    let body = token.expose().split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body.trim_end_matches('=')).ok()?).ok()
}

/// Appends path segments, percent-encoded.
pub(super) fn under(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    url.path_segments_mut().expect("http addresses have a path").pop_if_empty().extend(segments);
    url
}
