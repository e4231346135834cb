//! Which server, and who connects: from flags, the project's environments and the environment.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::exit::{RefusedError, UsageError};
use crate::keycloak::{Connect, Credentials, Keycloak, Reach, Secret};
use crate::manifest::Project;

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct Connection {
    /// Base URL of Keycloak, such as <https://sso.example.org>
    #[arg(long, env = "REALMWRIGHT_SERVER", value_name = "URL")]
    server: Option<String>,
    #[command(flatten)]
    login: Login,
}

/// Who connects, and how.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct Login {
    /// An environment of the project file
    #[arg(long = "env", value_name = "NAME")]
    environment: Option<String>,
    /// The realm of the login
    #[arg(long, default_value = "master", value_name = "REALM", env = "REALMWRIGHT_AUTH_REALM")]
    auth_realm: String,
    /// The user of the login; its password comes from `REALMWRIGHT_PASSWORD`, `REALMWRIGHT_PASSWORD_FILE` or a prompt
    #[arg(long, env = "REALMWRIGHT_USER", value_name = "NAME")]
    user: Option<String>,
    /// The client of the login; its secret comes from `REALMWRIGHT_CLIENT_SECRET` or `REALMWRIGHT_CLIENT_SECRET_FILE`,
    /// its signing key from `REALMWRIGHT_CLIENT_KEY_FILE`
    #[arg(long, env = "REALMWRIGHT_CLIENT_ID", value_name = "ID")]
    client_id: Option<String>,
    /// How many seconds one request may take
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    request_timeout: u64,
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
}

impl Connection {
    /// Logs in to the chosen server, for commands that read no manifests: the project is the one of this folder.
    pub(super) async fn open_here(&self, run: &str) -> anyhow::Result<Target> {
        let project =
            Project::find(&std::env::current_dir()?).map_or_else(Project::default, |it| Project::open(&it));
        self.open(&project, run).await
    }

    /// Logs in to the chosen server.
    pub(super) async fn open(&self, project: &Project, run: &str) -> anyhow::Result<Target> {
        self.login.open(self.server.as_deref(), project, run).await
    }
}

impl Login {
    /// Logs in to a server, or to that of the environment.
    pub(super) async fn open(
        &self,
        server: Option<&str>,
        project: &Project,
        run: &str,
    ) -> anyhow::Result<Target> {
        let environment = match &self.environment {
            Some(name) => Some(project.environment(name).map_err(UsageError::new)?),
            None => None,
        };
        let trimmed = |it: &str| it.trim_end_matches('/').to_owned();
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
        let mut connect = Connect::new(server.clone(), self.credentials()?);
        connect.auth_realm.clone_from(&self.auth_realm);
        connect.reach.ca_file.clone_from(&self.ca_file);
        connect.reach.client_cert.clone_from(&self.client_cert);
        connect.reach.client_key.clone_from(&self.client_key);
        connect.reach.request_timeout = Duration::from_secs(self.request_timeout);
        connect.reach.run = Some(run.to_owned());
        Ok(Target {
            keycloak: Keycloak::connect(&connect).await?,
            reach: connect.reach,
            server: trimmed(&server),
            environment: self.environment.clone().unwrap_or_default(),
            issuer: environment.and_then(|it| it.issuer.clone()),
        })
    }

    /// Returns whether a server was chosen by the environment.
    pub(super) fn names_a_server(&self) -> bool {
        self.environment.is_some()
    }

    fn credentials(&self) -> anyhow::Result<Credentials> {
        if let Some(token) = file("REALMWRIGHT_TOKEN_FILE")? {
            return Ok(Credentials::Token(token));
        }
        // A variable that is set to nothing is as good as none, as pipelines know it.
        if let Some(id) = self.client_id.clone().filter(|it| !it.is_empty()) {
            if let Some(key) = file("REALMWRIGHT_CLIENT_KEY_FILE")? {
                return Ok(Credentials::SignedJwt { id, key });
            }
            let secret = variable("REALMWRIGHT_CLIENT_SECRET")
                .map_or_else(|| file("REALMWRIGHT_CLIENT_SECRET_FILE"), |it| Ok(Some(it)))?;
            let secret = secret.context("no secret for the client: set REALMWRIGHT_CLIENT_SECRET, REALMWRIGHT_CLIENT_SECRET_FILE or REALMWRIGHT_CLIENT_KEY_FILE")?;
            return Ok(Credentials::Client { id, secret });
        }
        let Some(user) = self.user.clone().filter(|it| !it.is_empty()) else {
            return Err(UsageError::new("no login: set REALMWRIGHT_USER and REALMWRIGHT_PASSWORD, or REALMWRIGHT_CLIENT_ID and REALMWRIGHT_CLIENT_SECRET (or --user, --client-id)").into());
        };
        let password = variable("REALMWRIGHT_PASSWORD")
            .map_or_else(|| file("REALMWRIGHT_PASSWORD_FILE"), |it| Ok(Some(it)))?;
        let password = match password {
            Some(password) => password,
            None if may_ask() => Secret::new(rpassword::prompt_password(format!("Password of {user}: "))?),
            None => {
                return Err(UsageError::new(
                    "no password: set REALMWRIGHT_PASSWORD or REALMWRIGHT_PASSWORD_FILE",
                )
                .into());
            }
        };
        Ok(Credentials::Password { user, password })
    }
}

/// Questions are asked on a terminal only, and never in CI.
pub(super) fn may_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && std::env::var_os("CI").is_none()
}

fn variable(name: &str) -> Option<Secret> {
    std::env::var(name).ok().filter(|it| !it.is_empty()).map(Secret::new)
}

/// Reads the file that a variable names, without its last line break.
fn file(name: &str) -> anyhow::Result<Option<Secret>> {
    let Some(path) = std::env::var_os(name).filter(|it| !it.is_empty()) else { return Ok(None) };
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {} (from {name})", path.display()))?;
    Ok(Some(Secret::new(text.trim_end_matches(['\r', '\n']))))
}
