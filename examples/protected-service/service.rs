//! An HTTP service that Keycloak protects: it answers whoever shows a requesting party token (RPT) with the
//! permission for the resource that the path belongs to, and tells everybody else where to get one.
//!
//! This is the part of a UMA 2.0 resource server: which resource a path belongs to is asked of the realm's
//! protection API, tokens are verified here against the realm's keys, and the permissions that they carry
//! decide. `realmwright demo` runs this very file.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// Whose service this is.
pub(crate) struct Config {
    /// The realm, as its tokens name it: `https://sso.example.org/realms/eoepca`.
    pub(crate) issuer: String,
    /// The client that the resources belong to.
    pub(crate) client: String,
    pub(crate) secret: String,
    /// The scope that reading asks for.
    pub(crate) scope: String,
}

/// Why the realm could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("cannot reach {url}")]
    Unreachable { url: String, source: reqwest::Error },
    #[error("{url} answers {status}")]
    Refused { url: String, status: StatusCode },
    #[error("{url} answers something else than expected")]
    Answer { url: String, source: reqwest::Error },
    #[error("the realm calls itself {is}, not {wanted}")]
    Issuer { is: String, wanted: String },
}

/// Returns the service, once the realm has told where its endpoints are.
pub(crate) async fn router(config: Config) -> Result<Router, Error> {
    let http = client()?;
    let place = format!("{}/.well-known/uma2-configuration", config.issuer);
    let endpoints: Endpoints = sent(&place, http.get(&place)).await?;
    if endpoints.issuer != config.issuer {
        return Err(Error::Issuer { is: endpoints.issuer, wanted: config.issuer });
    }
    let door = Door { config, endpoints, http, keys: Mutex::default(), own_token: Mutex::default() };
    // Reading only: there is no route for any other method.
    Ok(Router::new().route("/{*path}", get(answer)).with_state(Arc::new(door)))
}

/// What the realm says of itself.
#[derive(Deserialize)]
struct Endpoints {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    resource_registration_endpoint: String,
    permission_endpoint: String,
}

/// What stands between a request and its answer.
struct Door {
    config: Config,
    endpoints: Endpoints,
    http: reqwest::Client,
    /// The realm's keys, and when they were asked for.
    keys: Mutex<Option<(Instant, Vec<Jwk>)>>,
    /// The protection API token (PAT), and until when it is used.
    own_token: Mutex<Option<(Instant, String)>>,
}

/// How a request is answered.
enum Decision {
    Granted {
        who: String,
        resource: String,
    },
    /// The token is good, and lacks the permission.
    Denied {
        resource: String,
    },
    /// There is no token, or none that is good: here is what to ask for.
    Ask {
        ticket: String,
    },
    /// No resource protects this path, so nobody gets it.
    Unprotected,
    /// A path that two servers could read in two ways.
    Ambiguous,
}

async fn answer(State(door): State<Arc<Door>>, uri: Uri, headers: HeaderMap) -> Response {
    let text = |status, text: String| (status, text + "\n").into_response();
    match door.decide(uri.path(), bearer(&headers)).await {
        Ok(Decision::Granted { who, resource }) => {
            text(StatusCode::OK, format!("{who} may {} {resource}", door.config.scope))
        }
        Ok(Decision::Denied { resource }) => text(
            StatusCode::FORBIDDEN,
            format!("the token has no permission to {} {resource}", door.config.scope),
        ),
        Ok(Decision::Ask { ticket }) => door.challenge(&ticket),
        Ok(Decision::Unprotected) => text(StatusCode::NOT_FOUND, "there is no such resource".to_owned()),
        Ok(Decision::Ambiguous) => {
            text(StatusCode::BAD_REQUEST, "write the path without dots and escapes".to_owned())
        }
        // Whatever cannot be decided is not given out. Why is nobody's business but ours.
        Err(_) => text(StatusCode::SERVICE_UNAVAILABLE, "the realm cannot be asked".to_owned()),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl Door {
    async fn decide(&self, path: &str, token: Option<&str>) -> Result<Decision, Error> {
        // `/eric/../alice` would be Eric's for the realm, and Alice's for whatever serves the files.
        if path.contains('%') || path.contains("//") || path.split('/').any(|it| it == "." || it == "..") {
            return Ok(Decision::Ambiguous);
        }
        let Some(resource) = self.resource(path).await? else { return Ok(Decision::Unprotected) };
        let claims = match token {
            Some(token) => self.verified(token).await?,
            None => None,
        };
        let Some(claims) = claims else {
            return Ok(Decision::Ask { ticket: self.ticket(&resource.id).await? });
        };
        let permissions = claims.authorization.unwrap_or_default().permissions;
        let is_granted =
            permissions.iter().any(|it| it.resource == resource.id && it.scopes.contains(&self.config.scope));
        Ok(if is_granted {
            Decision::Granted {
                who: claims.preferred_username.unwrap_or(claims.sub),
                resource: resource.name,
            }
        } else {
            Decision::Denied { resource: resource.name }
        })
    }

    /// Returns the resource that a path belongs to, as Keycloak matches it. A service with more to do keeps
    /// the answers for a while.
    async fn resource(&self, path: &str) -> Result<Option<Resource>, Error> {
        let url = &self.endpoints.resource_registration_endpoint;
        let query = [("matchingUri", "true"), ("deep", "true"), ("uri", path)];
        let found: Vec<Resource> = self.asked(url, self.http.get(url).query(&query)).await?;
        Ok(found.into_iter().next())
    }

    /// Returns a ticket: what its bearer has to ask the realm for.
    async fn ticket(&self, resource: &str) -> Result<String, Error> {
        let url = &self.endpoints.permission_endpoint;
        let body = json!([{ "resource_id": resource, "resource_scopes": [self.config.scope] }]);
        let made: Ticket = self.asked(url, self.http.post(url).json(&body)).await?;
        Ok(made.ticket)
    }

    fn challenge(&self, ticket: &str) -> Response {
        let issuer = &self.config.issuer;
        let realm = issuer.rsplit('/').next().unwrap_or_default();
        let text = format!("UMA realm=\"{realm}\", as_uri=\"{issuer}\", ticket=\"{ticket}\"");
        let mut response = (StatusCode::UNAUTHORIZED, "show a token for this ticket\n").into_response();
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(WWW_AUTHENTICATE, value);
        }
        response
    }

    /// Returns the claims of a token of this realm for this client that is valid now; nothing for any other.
    async fn verified(&self, token: &str) -> Result<Option<Claims>, Error> {
        let Ok(header) = decode_header(token) else { return Ok(None) };
        let Some(id) = header.kid else { return Ok(None) };
        let Some(key) = self.key(&id).await? else { return Ok(None) };
        let Ok(decoding) = DecodingKey::from_jwk(&key) else { return Ok(None) };
        // An algorithm that does not go with the key, such as HS256 with a public one, is refused by `decode`.
        let mut terms = Validation::new(header.alg);
        terms.set_issuer(&[&self.config.issuer]);
        terms.set_audience(&[&self.config.client]);
        terms.set_required_spec_claims(&["exp", "iss", "aud"]);
        terms.validate_nbf = true;
        terms.leeway = 5;
        Ok(decode::<Claims>(token, &decoding, &terms).ok().map(|it| it.claims))
    }

    /// Returns the realm's key of an id; one that is not known yet may have been made since.
    async fn key(&self, id: &str) -> Result<Option<Jwk>, Error> {
        let of = |keys: &[Jwk]| keys.iter().find(|it| it.common.key_id.as_deref() == Some(id)).cloned();
        let mut known = self.keys.lock().await;
        if let Some((since, keys)) = &*known {
            let found = of(keys);
            // Ids that somebody makes up must not become requests.
            if found.is_some() || since.elapsed() < Duration::from_secs(10) {
                return Ok(found);
            }
        }
        let url = &self.endpoints.jwks_uri;
        let set: Keys = sent(url, self.http.get(url)).await?;
        // Keys of a sort that is not known here sign nothing that could be verified.
        let keys: Vec<Jwk> = set.keys.into_iter().filter_map(|it| serde_json::from_value(it).ok()).collect();
        let found = of(&keys);
        *known = Some((Instant::now(), keys));
        Ok(found)
    }

    /// Asks the protection API.
    async fn asked<T: DeserializeOwned>(
        &self,
        url: &str,
        request: reqwest::RequestBuilder,
    ) -> Result<T, Error> {
        let token = self.own_token().await?;
        sent(url, request.bearer_auth(token)).await
    }

    async fn own_token(&self) -> Result<String, Error> {
        let mut kept = self.own_token.lock().await;
        if let Some((until, token)) = &*kept
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        let url = &self.endpoints.token_endpoint;
        let request = self
            .http
            .post(url)
            .basic_auth(&self.config.client, Some(&self.config.secret))
            .form(&[("grant_type", "client_credentials")]);
        let made: OwnToken = sent(url, request).await?;
        let lives = Duration::from_secs(made.expires_in.saturating_sub(10));
        *kept = Some((Instant::now() + lives, made.access_token.clone()));
        Ok(made.access_token)
    }
}

/// What is read of a token.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    preferred_username: Option<String>,
    /// Only an RPT has it.
    authorization: Option<Authorization>,
}

#[derive(Default, Deserialize)]
struct Authorization {
    permissions: Vec<Permission>,
}

#[derive(Deserialize)]
struct Permission {
    #[serde(rename = "rsid")]
    resource: String,
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "_id")]
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Ticket {
    ticket: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct OwnToken {
    access_token: String,
    expires_in: u64,
}

fn client() -> Result<reqwest::Client, Error> {
    // Somebody else may have installed one already: any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
    };
    // Where the system trusts nobody, plain HTTP to this machine works still.
    builder().build().or_else(|_| builder().tls_certs_only([]).build()).map_err(Error::Client)
}

async fn sent<T: DeserializeOwned>(url: &str, request: reqwest::RequestBuilder) -> Result<T, Error> {
    let url = || url.to_owned();
    let response = request.send().await.map_err(|source| Error::Unreachable { url: url(), source })?;
    let status = response.status();
    if !status.is_success() {
        return Err(Error::Refused { url: url(), status });
    }
    response.json().await.map_err(|source| Error::Answer { url: url(), source })
}
