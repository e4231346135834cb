//! One realm's `OpenID` endpoints, for whoever has no admin login or needs other tokens than that one.
//!
//! What the token endpoint refuses is a value, [`TokenRefusal`]: "alice may not see this" and "nobody has agreed
//! yet" are answers. Everything else that can go wrong is an [`Error`]. Requests go to the address that this
//! connection was given, whatever the realm calls itself; only a browser is sent to where the realm says.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use url::Url;

mod client;
mod grant;
mod keys;
mod pkce;
mod protection;

pub use client::Client;
pub use grant::{Device, Grant, TokenRefusal, Tokens};
pub use keys::{Keys, Standing, Token, Unverified};
pub use pkce::{Pkce, authorization_url, nonce};
pub use protection::{Ask, By, Wanted};

pub(super) use client::{claims, under};

use super::error::said;
use super::exchange::{Raw, until_answered};
use super::http::{Limits, http_client, is_open, server_url};
use super::{Error, Method, Reach, Redactor, Retry};

/// What the token endpoint says: what was asked for, or a refusal.
pub type Reply<T> = Result<Result<T, TokenRefusal>, Error>;

/// The `OpenID` endpoints of one realm. Clones share the connection.
#[derive(Clone)]
pub struct Openid {
    http: reqwest::Client,
    server: Url,
    realm: Arc<str>,
    limits: Limits,
    allow_http: bool,
    redactor: Arc<Redactor>,
}

/// What a realm says of itself.
#[derive(Clone, Debug)]
pub struct Document {
    pub issuer: String,
    /// Where a browser logs in.
    pub authorization_endpoint: Url,
    /// The server's clock, in seconds, where something on the way tells it; otherwise ours.
    pub now: i64,
}

impl Openid {
    /// Prepares to talk to a realm; sends nothing yet.
    pub fn connect(reach: &Reach, realm: &str) -> Result<Openid, Error> {
        let server = server_url(&reach.server)?;
        let http = http_client(reach, &server)?;
        // Somebody waits for a login: a wrong address should not take the patience of a long run.
        let retry = Retry { tries: reach.retry.tries.min(3), ..reach.retry };
        let limits = Limits { retry, ..reach.limits() };
        let (allow_http, redactor) = (reach.allow_http, Arc::default());
        Ok(Openid { http, server, realm: realm.into(), limits, allow_http, redactor })
    }

    /// Refuses what nobody on the way may read, where somebody could.
    pub(super) fn may_send_secrets(&self) -> Result<(), Error> {
        if is_open(&self.server) && !self.allow_http {
            return Err(Error::PlainHttp { url: self.origin() });
        }
        Ok(())
    }

    /// Returns the same connection to another realm.
    #[must_use]
    pub fn of_realm(&self, realm: &str) -> Openid {
        Openid { realm: realm.into(), ..self.clone() }
    }

    /// Returns the realm's name.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// Returns the server's address, ending in a slash.
    pub fn server(&self) -> &str {
        self.server.as_str()
    }

    /// Returns what hides every secret and token of this connection, for texts that others show.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Returns the server's address without a path, as errors name it.
    pub(super) fn origin(&self) -> String {
        self.server.origin().ascii_serialization()
    }

    pub(super) fn parts(&self) -> (reqwest::Client, Url, Arc<Redactor>) {
        (self.http.clone(), self.server.clone(), Arc::clone(&self.redactor))
    }

    /// Reads what the realm says of itself.
    pub async fn document(&self) -> Result<Document, Error> {
        let raw = self.get(&[".well-known", "openid-configuration"]).await?;
        let now = raw
            .header(reqwest::header::DATE)
            .and_then(|it| jiff::fmt::rfc2822::parse(&it).ok())
            .map_or_else(jiff::Timestamp::now, |it| it.timestamp());
        let body = raw.json().unwrap_or_default();
        let field = |name: &str| body.get(name).and_then(Value::as_str);
        let Some(issuer) = field("issuer").map(str::to_owned) else {
            return Err(raw.not_keycloak(&self.url(&[".well-known", "openid-configuration"])));
        };
        // It is shown and opened: neither `file:` nor `javascript:` may come from a server.
        let authorization_endpoint = field("authorization_endpoint")
            .and_then(|it| Url::parse(it).ok())
            .filter(|it| matches!(it.scheme(), "http" | "https"))
            .unwrap_or_else(|| self.url(&["protocol", "openid-connect", "auth"]));
        Ok(Document { issuer, authorization_endpoint, now: now.as_second() })
    }

    /// Reads the keys that the realm signs tokens with.
    pub async fn keys(&self) -> Result<Keys, Error> {
        let raw = self.get(&["protocol", "openid-connect", "certs"]).await?;
        Ok(Keys::read(&raw.json().unwrap_or_default()))
    }

    /// Asks the login page in advance, without a login, whether it would serve this request; nothing when it would.
    ///
    /// Where the client or the address to come back to is unknown, the page only tells whoever looks at it, and
    /// nobody would come back.
    pub async fn page_refuses(&self, login: &Url) -> Result<Option<TokenRefusal>, Error> {
        let mut url = self.url(&["protocol", "openid-connect", "auth"]);
        url.set_query(login.query());
        url.query_pairs_mut().append_pair("prompt", "none");
        let raw = until_answered(self.limits, Method::Get, &url, || self.http.get(url.clone())).await?;
        let refusal = |error: &str, description: &str| {
            let (error, description) = (self.redactor.clean(error), self.redactor.clean(description));
            Ok(Some(TokenRefusal { status: 400, error, description }))
        };
        if let Some(back) = raw.header(reqwest::header::LOCATION).and_then(|it| url.join(&it).ok()) {
            let asked = |name: &str| back.query_pairs().find(|it| it.0 == name).map(|it| it.1);
            return match asked("error").as_deref() {
                // It did not log anybody in, as it was told, and would have.
                None | Some("login_required" | "interaction_required" | "consent_required") => Ok(None),
                Some(error) => refusal(error, &asked("error_description").unwrap_or_default()),
            };
        }
        let page = String::from_utf8_lossy(&raw.bytes);
        match raw.status {
            400 if page.contains("redirect_uri") => refusal("invalid_redirect_uri", ""),
            400 => refusal("invalid_client", ""),
            _ => Ok(None),
        }
    }

    /// Asks the token endpoint.
    pub async fn token(&self, client: &Client, grant: &Grant) -> Reply<Tokens> {
        for secret in grant.secrets() {
            self.redactor.hide(secret.expose());
        }
        let form = self.proven(client, grant.form()).await?;
        self.post(&["token"], &form, None, |it| self.tokens(it)).await
    }

    /// Begins a login on a device without a browser; [`Grant::Device`] then asks whether somebody agreed.
    pub async fn device(&self, client: &Client, scope: &str, pkce: &Pkce) -> Reply<Device> {
        let form = vec![
            ("scope", scope.to_owned()),
            ("code_challenge", pkce.challenge.clone()),
            ("code_challenge_method", "S256".to_owned()),
        ];
        let form = self.proven(client, form).await?;
        let take = |it: &Value| {
            let device = Device::read(it)?;
            self.redactor.hide(device.code.expose());
            Some(device)
        };
        self.post(&["auth", "device"], &form, None, take).await
    }

    /// Ends the session that a refresh token belongs to.
    pub async fn end(&self, client: &Client, refresh: &super::Secret) -> Reply<()> {
        self.redactor.hide(refresh.expose());
        let form = vec![("refresh_token", refresh.expose().to_owned())];
        let form = self.proven(client, form).await?;
        self.post(&["logout"], &form, None, |_| Some(())).await
    }

    /// Takes the tokens out of an answer, from now on hidden in every text.
    fn tokens(&self, answer: &Value) -> Option<Tokens> {
        let tokens = Tokens::read(answer)?;
        for secret in tokens.secrets() {
            self.redactor.hide(secret.expose());
        }
        Some(tokens)
    }

    /// Adds who is asking, and its proof.
    async fn proven(
        &self,
        client: &Client,
        mut form: Vec<(&'static str, String)>,
    ) -> Result<Vec<(&'static str, String)>, Error> {
        if let Some(secret) = client.secret() {
            self.redactor.hide(secret.expose());
        }
        form.push(("client_id", client.id().to_owned()));
        match client {
            Client::Public { .. } => {}
            Client::Secret { secret, .. } => form.push(("client_secret", secret.expose().to_owned())),
            Client::SignedJwt { id, key } => {
                let document = self.document().await?;
                let assertion = client::assertion(id, &document.issuer, document.now, key)?;
                self.redactor.hide(&assertion);
                form.push(("client_assertion_type", client::ASSERTION_TYPE.to_owned()));
                form.push(("client_assertion", assertion));
            }
        }
        Ok(form)
    }

    fn url(&self, below: &[&str]) -> Url {
        under(&under(&self.server, &["realms", &self.realm]), below)
    }

    /// Reads something public of the realm.
    async fn get(&self, below: &[&str]) -> Result<Raw, Error> {
        let url = self.url(below);
        let raw = until_answered(self.limits, Method::Get, &url, || self.http.get(url.clone())).await?;
        match (raw.status, self.refusal(&url, &raw)) {
            (200, _) => Ok(raw),
            (404, Ok(refusal)) => Err(Error::NotFound {
                method: Method::Get,
                path: url.path().trim_start_matches('/').to_owned(),
                text: refusal.error,
                repeated: false,
            }),
            (_, Ok(refusal)) => Err(refused(Method::Get, &url, &refusal)),
            (_, Err(error)) => Err(error),
        }
    }

    /// Posts a form below `protocol/openid-connect`.
    async fn post<T>(
        &self,
        below: &[&str],
        form: &[(&'static str, String)],
        bearer: Option<&super::Secret>,
        take: impl Fn(&Value) -> Option<T>,
    ) -> Reply<T> {
        self.may_send_secrets()?;
        let url = self.url(&[&["protocol", "openid-connect"], below].concat());
        let raw = until_answered(self.limits, Method::Post, &url, || {
            let request = self.http.post(url.clone()).form(form);
            match bearer {
                Some(token) => request.bearer_auth(token.expose()),
                None => request,
            }
        })
        .await?;
        if matches!(raw.status, 200 | 204) {
            let taken =
                if raw.bytes.is_empty() { take(&Value::Null) } else { raw.json().as_ref().and_then(take) };
            return taken.map(Ok).ok_or_else(|| raw.not_keycloak(&url));
        }
        self.refusal(&url, &raw).map(Err)
    }

    /// Reads why the realm refuses, having told it apart from what is no Keycloak.
    fn refusal(&self, url: &Url, raw: &Raw) -> Result<TokenRefusal, Error> {
        let body = match raw.json() {
            Some(body) if body.get("error").is_some() && !(300..400).contains(&raw.status) => body,
            _ => return Err(raw.not_keycloak(url)),
        };
        let field = |name: &str| self.redactor.clean(body.get(name).and_then(Value::as_str).unwrap_or(""));
        // A wrong path below a Keycloak: JSON as well, but no realm's answer.
        if raw.status == 404 && said(&body).contains("matching target resource") {
            return Err(raw.not_keycloak(url));
        }
        let (error, description) = (field("error"), field("error_description"));
        Ok(TokenRefusal { status: raw.status, error, description })
    }
}

/// Turns a refusal into a failure, where no refusal is an answer.
fn refused(method: Method, url: &Url, refusal: &TokenRefusal) -> Error {
    let path = url.path().trim_start_matches('/').to_owned();
    let (status, text) = (refusal.status, refusal.text());
    match status {
        500.. => Error::Server { method, path, status, text },
        _ => Error::Refused { method, path, status, text },
    }
}

impl fmt::Debug for Openid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Openid({} at {})", self.realm, self.server)
    }
}
