//! A server to test on, and somebody else's admin client for it.
//!
//! The client shares nothing with the product, so that a test may look at what the product did and change
//! what the product manages.

use std::fmt::{Debug, Display};
use std::io::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use realmwright::sandbox::{self, NEWEST, OLDEST, Options, Sandbox};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{Needs, asked_for};

/// Longer than the slowest answer of a busy machine.
const REQUEST: Duration = Duration::from_secs(300);
/// Longer than anything takes that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until something holds, and says what does not.
pub(crate) fn until(claim: &str, holds: impl Fn() -> Result<bool, String>) -> Result<(), String> {
    let begun = Instant::now();
    while !holds()? {
        if begun.elapsed() > PATIENCE {
            return Err(format!("not within {} seconds: {claim}", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Asks the server for a decision, again after pauses while it is not the wanted one, and returns the last answer:
/// right after writes its caches may miss a permission. A server that changes its mind is told of.
pub(crate) fn settled<T: PartialEq + Debug>(
    what: &str,
    wanted: &T,
    ask: impl Fn() -> Result<T, String>,
) -> Result<T, String> {
    let first = ask()?;
    if first == *wanted {
        return Ok(first);
    }
    for seconds in [1, 2, 4] {
        std::thread::sleep(Duration::from_secs(seconds));
        let answer = ask()?;
        if answer == *wanted {
            let told = format!("the server changed its mind: {first:?}, then {answer:?}: {what}\n");
            std::io::stderr().write_all(told.as_bytes()).map_err(text)?;
            return Ok(answer);
        }
    }
    Ok(first)
}

/// A Keycloak whose administrator we are.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) user: String,
    pub(crate) password: String,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    token: Mutex<Option<(Instant, String)>>,
    realms: Mutex<()>,
    owned: Option<Sandbox>,
}

/// Boots the server that trials need, or takes the one named by the environment.
pub(crate) async fn boot(needs: Needs, wanted: bool) -> Result<Server, String> {
    let (version, variable) = match needs {
        Needs::Newest => (NEWEST, "REALMWRIGHT_TEST_SERVER_26_7"),
        Needs::Oldest | Needs::OldestAlone => (OLDEST, "REALMWRIGHT_TEST_SERVER_26_0"),
    };
    let version = &asked_for("KEYCLOAK").unwrap_or_else(|| version.to_owned());
    if !wanted {
        return Err(format!("Keycloak {version} was not booted: no selected trial needs it"));
    }
    if let Ok(url) = std::env::var(variable) {
        return Server::at(url, "admin".to_owned(), "admin".to_owned(), None);
    }
    let options = Options::of_version(version).map_err(text)?;
    let sandbox = sandbox::start(&options, &|_| ()).await.map_err(text)?;
    Server::at(sandbox.server.clone(), sandbox.user.clone(), sandbox.password.clone(), Some(sandbox))
}

fn text(error: impl Display) -> String {
    format!("{error:#}")
}

impl Server {
    fn at(url: String, user: String, password: String, owned: Option<Sandbox>) -> Result<Server, String> {
        // Another provider may be installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(REQUEST).build().map_err(text)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(text)?;
        Ok(Server {
            url,
            user,
            password,
            client,
            runtime,
            token: Mutex::new(None),
            realms: Mutex::new(()),
            owned,
        })
    }

    /// Has the logins of administrators cost next to nothing on a server of our own: nearly every command logs in.
    pub(crate) fn with_cheap_logins(self) -> Result<Server, String> {
        if self.owned.is_some() {
            let policy = "hashAlgorithm(pbkdf2-sha256) and hashIterations(1)";
            self.put("/master", &json!({ "passwordPolicy": policy }))?;
        }
        Ok(self)
    }

    /// Reads a path below `/admin/realms`.
    pub(crate) fn get(&self, path: &str) -> Result<Value, String> {
        self.expect(&Method::GET, path, None)
    }

    /// Creates; `path` is below `/admin/realms`.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.expect(&Method::POST, path, Some(body))
    }

    /// Replaces; `path` is below `/admin/realms`.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.expect(&Method::PUT, path, Some(body))
    }

    /// Deletes; `path` is below `/admin/realms`.
    pub(crate) fn delete(&self, path: &str) -> Result<Value, String> {
        self.expect(&Method::DELETE, path, None)
    }

    fn expect(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let (status, answer) = self.call(method.clone(), path, body)?;
        if status.is_success() { Ok(answer) } else { Err(format!("{method} {path}: {status} {answer}")) }
    }

    /// Sends any admin request and returns its status and body (null when it is empty).
    pub(crate) fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), String> {
        let token = self.admin_token()?;
        let url = format!("{}/admin/realms{path}", self.url);
        // Workflows are YAML to whoever does not ask.
        let mut request =
            self.client.request(method, &url).bearer_auth(token).header("Accept", "application/json");
        if let Some(body) = body {
            request = request.json(body);
        }
        self.runtime.block_on(async {
            let answer = request.send().await.map_err(text)?;
            let status = answer.status();
            let body = answer.text().await.map_err(text)?;
            Ok((status, serde_json::from_str(&body).unwrap_or(Value::Null)))
        })
    }

    /// Sends an admin request as whoever has this token, and returns the status.
    pub(crate) fn call_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<StatusCode, String> {
        let request =
            self.client.request(method, format!("{}/admin/realms{path}", self.url)).bearer_auth(token);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        self.runtime.block_on(async { Ok(request.send().await.map_err(text)?.status()) })
    }

    /// Reads any address of the server, as whoever has this token or as nobody.
    pub(crate) fn at_url(&self, url: &str, token: Option<&str>) -> Result<(u16, Value), String> {
        let request = self.client.get(url);
        let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        self.runtime.block_on(async {
            let answer = request.send().await.map_err(text)?;
            let status = answer.status().as_u16();
            Ok((status, answer.json().await.unwrap_or(Value::Null)))
        })
    }

    /// Asks a realm's token endpoint and returns its status and answer.
    pub(crate) fn token(&self, realm: &str, form: &[(&str, &str)]) -> Result<(StatusCode, Value), String> {
        let url = format!("{}/realms/{realm}/protocol/openid-connect/token", self.url);
        self.runtime.block_on(async {
            let answer = self.client.post(url).form(form).send().await.map_err(text)?;
            let status = answer.status();
            Ok((status, answer.json().await.map_err(text)?))
        })
    }

    /// Asks a realm's token endpoint in the name of whom a token belongs to.
    pub(crate) fn token_for(
        &self,
        realm: &str,
        bearer: &str,
        form: &[(&str, &str)],
    ) -> Result<(u16, Value), String> {
        let url = format!("{}/realms/{realm}/protocol/openid-connect/token", self.url);
        self.runtime.block_on(async {
            let answer = self.client.post(url).bearer_auth(bearer).form(form).send().await.map_err(text)?;
            let status = answer.status().as_u16();
            Ok((status, answer.json().await.map_err(text)?))
        })
    }

    /// Says whether the server decides as is wanted: whether the bearer of a token may use a resource of a client.
    pub(crate) fn decides(
        &self,
        realm: &str,
        token: &str,
        client: &str,
        resource: &str,
        wanted: bool,
    ) -> Result<bool, String> {
        let answer = settled(&format!("{client} {resource}"), &wanted, || {
            self.decide(realm, token, client, resource)
        })?;
        Ok(answer == wanted)
    }

    /// Asks as the client itself would.
    fn decide(&self, realm: &str, token: &str, client: &str, resource: &str) -> Result<bool, String> {
        let url = format!("{}/realms/{realm}/protocol/openid-connect/token", self.url);
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:uma-ticket"),
            ("audience", client),
            ("permission", resource),
            ("response_mode", "decision"),
        ];
        self.runtime.block_on(async {
            let answer = self.client.post(url).bearer_auth(token).form(&form).send().await.map_err(text)?;
            let status = answer.status();
            let body = answer.text().await.map_err(text)?;
            match status {
                StatusCode::OK => Ok(true),
                StatusCode::FORBIDDEN => Ok(false),
                _ => Err(format!("{client} {resource}: {status} {body}")),
            }
        })
    }

    /// Returns the names of the resources that the bearer of a client's own token finds for a URI.
    pub(crate) fn resources_of(&self, realm: &str, token: &str, uri: &str) -> Result<Vec<String>, String> {
        let url = format!("{}/realms/{realm}/authz/protection/resource_set", self.url);
        let query = [("matchingUri", "true"), ("deep", "true"), ("uri", uri)];
        self.runtime.block_on(async {
            let answer = self.client.get(url).bearer_auth(token).query(&query).send().await.map_err(text)?;
            let status = answer.status();
            let body: Value = answer.json().await.map_err(text)?;
            let rows = body.as_array().ok_or_else(|| format!("{uri}: {status} {body}"))?;
            Ok(rows.iter().filter_map(|it| it["name"].as_str().map(str::to_owned)).collect())
        })
    }

    /// Shares a resource in the name of its owner, whose token this is.
    pub(crate) fn share(&self, realm: &str, token: &str, resource: &str, what: &Value) -> Result<(), String> {
        let url = format!("{}/realms/{realm}/authz/protection/uma-policy/{resource}", self.url);
        self.runtime.block_on(async {
            let answer = self.client.post(url).bearer_auth(token).json(what).send().await.map_err(text)?;
            let status = answer.status();
            let body = answer.text().await.map_err(text)?;
            if status.is_success() { Ok(()) } else { Err(format!("share: {status} {body}")) }
        })
    }

    /// Removes a realm, if it is there.
    pub(crate) fn no_realm(&self, name: &str) -> Result<(), String> {
        self.one_at_a_time(|| {
            let (status, answer) = self.call(Method::DELETE, &format!("/{name}"), None)?;
            let is_gone = status.is_success() || status == StatusCode::NOT_FOUND;
            if is_gone { Ok(()) } else { Err(format!("DELETE /{name}: {status} {answer}")) }
        })
    }

    /// Makes an empty realm, removing what an earlier run left under the name.
    pub(crate) fn fresh_realm(&self, name: &str) -> Result<(), String> {
        self.no_realm(name)?;
        self.one_at_a_time(|| self.post("", &json!({ "realm": name, "enabled": true })).map(|_| ()))
    }

    /// Does what may make a realm while no other trial makes or removes one.
    pub(crate) fn alone<T>(&self, attempt: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        let _alone = self.realms.lock().map_err(text)?;
        attempt()
    }

    /// Does what makes or removes a realm: both write to `master`, and Keycloak answers two at once with 400 or 409.
    /// Somebody else may be at it too, so it is tried again.
    pub(crate) fn one_at_a_time<T>(&self, attempt: impl Fn() -> Result<T, String>) -> Result<T, String> {
        let _alone = self.realms.lock().map_err(text)?;
        for tenths in [1, 2, 4, 8, 16] {
            if let Ok(done) = attempt() {
                return Ok(done);
            }
            std::thread::sleep(Duration::from_millis(100) * tenths);
        }
        attempt()
    }

    /// Tokens live for a minute; one is used for half of that.
    fn admin_token(&self) -> Result<String, String> {
        let mut kept = self.token.lock().map_err(text)?;
        if let Some((since, token)) = &*kept
            && since.elapsed() < Duration::from_secs(30)
        {
            return Ok(token.clone());
        }
        let (user, password) = (self.user.as_str(), self.password.as_str());
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", user),
            ("password", password),
        ];
        let (status, answer) = self.token("master", &form)?;
        let token =
            answer["access_token"].as_str().ok_or_else(|| format!("admin login: {status} {answer}"))?;
        *kept = Some((Instant::now(), token.to_owned()));
        Ok(token.to_owned())
    }
}
