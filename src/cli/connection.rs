//! Which server, and who connects: from flags, the project's environments, the environment and the stored login.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::builder::FalseyValueParser;

use super::logins::stored_login;
use super::prompt::{ask_password, may_ask};
use super::secret::{Sources, file, variable};
use crate::access::Myself;
use crate::apply::is_ours;
use crate::keycloak::openid::{Client, Token};
use crate::keycloak::{Connect, Credentials, Keycloak, Reach, Read, Want, read};
use crate::manifest::Project;
use crate::run::{RefusedError, UsageError};

/// Which server, for commands that log in to none or in a way of their own.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct Where {
    /// Base URL of Keycloak, such as <https://sso.example.org>
    #[arg(long, env = "REALMWRIGHT_SERVER", value_name = "URL")]
    server: Option<String>,
    #[command(flatten)]
    via: Via,
}

/// How a server is reached, and which it is when none is named.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct Via {
    /// An environment of the project file
    #[arg(long = "env", value_name = "NAME")]
    environment: Option<String>,
    /// How many seconds one request may take
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    request_timeout: u64,
    /// How many seconds the server may take to accept a connection
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    connect_timeout: u64,
    /// How many megabytes one answer of the server may have
    #[arg(long, default_value_t = 256, value_name = "MB", env = "REALMWRIGHT_MAX_ANSWER_MB", value_parser = clap::value_parser!(u64).range(1..=65_536))]
    max_answer_mb: u64,
    /// Send passwords, secrets and tokens over plain http to another machine, too
    #[arg(long, env = "REALMWRIGHT_ALLOW_HTTP", value_parser = FalseyValueParser::new())]
    allow_http: bool,
    /// Certificate authorities to trust, PEM
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Client certificate for mutual TLS, PEM
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_cert: Option<PathBuf>,
    /// Key of the client certificate, PEM
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    client_key: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct Connection {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    login: Login,
}

/// Who connects.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct Login {
    /// The realm of the login [default: that of the stored login, or master]
    #[arg(long, value_name = "REALM", env = "REALMWRIGHT_AUTH_REALM")]
    auth_realm: Option<String>,
    /// The user of the login; its password comes from `REALMWRIGHT_PASSWORD`, `REALMWRIGHT_PASSWORD_FILE` or a prompt
    #[arg(long, env = "REALMWRIGHT_USER", value_name = "NAME")]
    user: Option<String>,
    /// The client of the login; its secret comes from `REALMWRIGHT_CLIENT_SECRET` or `REALMWRIGHT_CLIENT_SECRET_FILE`,
    /// its signing key from `REALMWRIGHT_CLIENT_KEY_FILE`
    #[arg(long, env = "REALMWRIGHT_CLIENT_ID", value_name = "ID")]
    client_id: Option<String>,
}

/// A connection, and what it was chosen by.
pub(super) struct Target {
    pub(super) keycloak: Keycloak,
    /// The same server, for whoever logs in as somebody else.
    pub(super) reach: Reach,
    /// As shown: without a trailing slash.
    pub(super) server: String,
    /// Empty without `--env`.
    pub(super) environment: String,
    pub(super) issuer: Option<String>,
    /// Who is logged in, and in which realm where that can be told.
    pub(super) myself: Myself,
    pub(super) auth_realm: Option<String>,
}

/// Returns the project of this folder; one without anything when there is none.
pub(super) fn project_here() -> anyhow::Result<Project> {
    Ok(Project::find(&std::env::current_dir()?).map_or_else(Project::default, |it| Project::open(&it)))
}

impl Where {
    /// Says whether a server is named at all.
    pub(super) fn is_named(&self) -> bool {
        self.via.names_a_server() || self.server.as_ref().is_some_and(|it| !it.is_empty())
    }

    /// Returns how to reach the chosen server.
    pub(super) fn reach(&self, project: &Project, run: &str) -> anyhow::Result<Reach> {
        self.via.reach(self.server.as_deref(), project, run)
    }
}

impl Via {
    /// Says whether an environment names a server.
    pub(super) fn names_a_server(&self) -> bool {
        self.environment.is_some()
    }

    /// Returns how to reach a server, or that of the environment.
    fn reach(&self, server: Option<&str>, project: &Project, run: &str) -> anyhow::Result<Reach> {
        let environment = match &self.environment {
            Some(name) => Some(project.environment(name).map_err(UsageError::new)?),
            None => None,
        };
        let server = match (server.filter(|it| !it.is_empty()), environment) {
            (Some(flag), Some(environment)) if trimmed(flag) != trimmed(&environment.server) => bail!(
                "--server (or REALMWRIGHT_SERVER) says {flag}, but the environment's server is {}; they must be the same",
                environment.server
            ),
            (Some(server), _) => server.to_owned(),
            (None, Some(environment)) => environment.server.clone(),
            (None, None) => {
                return Err(UsageError::new(
                    "no server: name one with --server, REALMWRIGHT_SERVER, or --env and the project file",
                )
                .into());
            }
        };
        if let Ok(allowed) = std::env::var("REALMWRIGHT_ALLOWED_SERVERS") {
            let mut servers = allowed.split([',', ' ']).filter(|it| !it.is_empty()).map(trimmed);
            if !servers.any(|it| it == trimmed(&server)) {
                let message = format!("{server} is not among REALMWRIGHT_ALLOWED_SERVERS ({allowed})");
                return Err(RefusedError::new(message).into());
            }
        }
        let mut reach = Reach::new(server);
        reach.ca_file.clone_from(&self.ca_file);
        reach.client_cert.clone_from(&self.client_cert);
        reach.client_key.clone_from(&self.client_key);
        reach.connect_timeout = Duration::from_secs(self.connect_timeout);
        reach.request_timeout = Duration::from_secs(self.request_timeout);
        reach.largest_answer = self.max_answer_mb << 20;
        reach.allow_http = self.allow_http;
        reach.run = Some(run.to_owned());
        Ok(reach)
    }
}

fn trimmed(server: &str) -> String {
    server.trim_end_matches('/').to_owned()
}

impl Target {
    /// Reads a realm that exists, without what holds our ledgers.
    pub(super) async fn read(&self, realm: &str, want: &Want) -> anyhow::Result<Read> {
        let mut read = read(&self.keycloak, realm, want).await?;
        if !read.live.exists {
            anyhow::bail!("realm `{realm}` does not exist on {}", self.server);
        }
        read.live.state.objects.retain(|it, _| !is_ours(it));
        Ok(read)
    }
}

impl Connection {
    /// Logs in to the chosen server, for commands that read no manifests: the project is the one of this folder.
    pub(super) async fn open_here(&self, run: &str) -> anyhow::Result<Target> {
        self.open(&project_here()?, run).await
    }

    /// Logs in to the chosen server.
    pub(super) async fn open(&self, project: &Project, run: &str) -> anyhow::Result<Target> {
        self.login.open(self.place.server.as_deref(), &self.place.via, project, run).await
    }
}

impl Login {
    /// Logs in to a server, or to that of the environment.
    pub(super) async fn open(
        &self,
        server: Option<&str>,
        via: &Via,
        project: &Project,
        run: &str,
    ) -> anyhow::Result<Target> {
        let reach = via.reach(server, project, run)?;
        let server = trimmed(&reach.server);
        let (auth_realm, credentials) = self.credentials(&server)?;
        tracing::info!(
            "server {server}, login to realm {auth_realm} as {}, run {run}",
            account(&credentials)
        );
        let environment = via.environment.as_ref().and_then(|it| project.environment(it).ok());
        let (realm, myself) = whose(&auth_realm, &credentials);
        Ok(Target {
            keycloak: Keycloak::connect(&Connect { reach: reach.clone(), auth_realm, credentials }).await?,
            reach,
            server,
            environment: via.environment.clone().unwrap_or_default(),
            issuer: environment.and_then(|it| it.issuer.clone()),
            myself,
            auth_realm: realm,
        })
    }

    /// Returns who connects, and the realm of that login.
    fn credentials(&self, server: &str) -> anyhow::Result<(String, Credentials)> {
        // A variable that is set to nothing is as good as none, as pipelines know it.
        let given = |it: &Option<String>| it.clone().filter(|it| !it.is_empty());
        let (client, user) = (given(&self.client_id), given(&self.user));
        let realm = given(&self.auth_realm).unwrap_or_else(|| "master".to_owned());
        if let Some(token) = file("REALMWRIGHT_TOKEN_FILE")? {
            return Ok((realm, Credentials::Token(token)));
        }
        if let Some(id) = &client {
            let of_client = Sources::default().client(id)?;
            match (of_client, self.stored(server)?) {
                (Client::SignedJwt { id, key }, _) => return Ok((realm, Credentials::SignedJwt { id, key })),
                (Client::Secret { id, secret }, _) => return Ok((realm, Credentials::Client { id, secret })),
                (Client::Public { .. }, Some(login)) => return Ok(login),
                (Client::Public { .. }, None) => bail!(
                    "no secret for the client: set REALMWRIGHT_CLIENT_SECRET, REALMWRIGHT_CLIENT_SECRET_FILE or REALMWRIGHT_CLIENT_KEY_FILE"
                ),
            }
        }
        let Some(user) = user else {
            return self.stored(server)?.ok_or_else(|| {
                UsageError::new("no login: run `realmwright login`, or set REALMWRIGHT_USER and REALMWRIGHT_PASSWORD, or REALMWRIGHT_CLIENT_ID and REALMWRIGHT_CLIENT_SECRET (or --user, --client-id)").into()
            });
        };
        let password = variable("REALMWRIGHT_PASSWORD")
            .map_or_else(|| file("REALMWRIGHT_PASSWORD_FILE"), |it| Ok(Some(it)))?;
        let password = match password {
            Some(password) => password,
            None if may_ask() => ask_password(&user)?,
            None => {
                return Err(UsageError::new(
                    "no password: set REALMWRIGHT_PASSWORD or REALMWRIGHT_PASSWORD_FILE",
                )
                .into());
            }
        };
        Ok((realm, Credentials::Password { user, password }))
    }

    /// Returns the stored login for a server, and its realm.
    fn stored(&self, server: &str) -> anyhow::Result<Option<(String, Credentials)>> {
        let flags = ["--auth-realm", "--client-id"];
        let stored = stored_login(server, self.auth_realm.as_deref(), self.client_id.as_deref(), flags)?;
        let Some(login) = stored else { return Ok(None) };
        let client = Sources::default().client(&login.client)?;
        Ok(Some((login.realm.clone(), Credentials::Stored { login: Box::new(login), client })))
    }
}

/// Names a login as people know it.
fn account(credentials: &Credentials) -> String {
    match credentials {
        Credentials::Password { user, .. } => format!("user {user}"),
        Credentials::Client { id, .. } => format!("client {id} with its secret"),
        Credentials::SignedJwt { id, .. } => format!("client {id} with its key"),
        Credentials::Token(_) => "the token of REALMWRIGHT_TOKEN_FILE says".to_owned(),
        Credentials::Stored { login, .. } => format!("user {} (stored login)", login.user),
    }
}

/// Returns whose credentials these are, and in which realm.
fn whose(realm: &str, credentials: &Credentials) -> (Option<String>, Myself) {
    let realm = Some(realm.to_owned());
    match credentials {
        Credentials::Password { user: name, .. } => (realm, Myself::user(name)),
        Credentials::Client { id, .. } | Credentials::SignedJwt { id, .. } => (realm, Myself::client(id)),
        Credentials::Stored { login, .. } => (Some(login.realm.clone()), Myself::user(&login.user)),
        Credentials::Token(token) => {
            let Some(token) = Token::read(token.expose()) else { return (None, Myself::Unknown) };
            let realm = token.text("iss").rsplit_once("/realms/").map(|(_, realm)| realm.to_owned());
            (realm, Myself::of_token(token.text("preferred_username"), token.text("azp")))
        }
    }
}
