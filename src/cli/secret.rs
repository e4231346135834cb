//! Where a command takes secrets from: variables, files, stdin; never its own arguments, which everybody on
//! the machine can read.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::connection::{ask_password, may_ask};
use super::exit::UsageError;
use crate::keycloak::Secret;
use crate::keycloak::openid::Client;

/// Where the secret of a client comes from.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Sources {
    /// The variable that holds the client's secret [default: `REALMWRIGHT_CLIENT_SECRET`, or the file named by
    /// `REALMWRIGHT_CLIENT_SECRET_FILE`; `REALMWRIGHT_CLIENT_KEY_FILE` for a signing key]
    #[arg(long, value_name = "NAME", conflicts_with = "client_secret_file")]
    client_secret_env: Option<String>,
    /// The file that holds the client's secret
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
}

impl Sources {
    /// Returns the client with what it proves itself with; a public one where there is nothing.
    pub(super) fn client(&self, id: &str) -> anyhow::Result<Client> {
        let id = id.to_owned();
        if let Some(secret) = named(self.client_secret_env.as_deref(), self.client_secret_file.as_deref())? {
            return Ok(Client::Secret { id, secret });
        }
        if let Some(key) = file("REALMWRIGHT_CLIENT_KEY_FILE")? {
            return Ok(Client::SignedJwt { id, key });
        }
        let secret = variable("REALMWRIGHT_CLIENT_SECRET")
            .map_or_else(|| file("REALMWRIGHT_CLIENT_SECRET_FILE"), |it| Ok(Some(it)))?;
        Ok(secret.map_or(Client::Public { id: id.clone() }, |secret| Client::Secret { id, secret }))
    }
}

/// Where the password of a user comes from.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Password {
    /// The variable that holds the user's password [default: `REALMWRIGHT_USER_PASSWORD`; without any, a prompt]
    #[arg(long, value_name = "NAME", conflicts_with = "password_file")]
    password_env: Option<String>,
    /// The file that holds the user's password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Password {
    pub(super) fn of(&self, user: &str) -> anyhow::Result<Secret> {
        let given = named(self.password_env.as_deref(), self.password_file.as_deref())?;
        match given.or_else(|| variable("REALMWRIGHT_USER_PASSWORD")) {
            Some(password) => Ok(password),
            None if may_ask() => ask_password(user),
            None => Err(UsageError::new(format!(
                "no password of {user}: set REALMWRIGHT_USER_PASSWORD, or name a variable with --password-env or a file with --password-file"
            ))
            .into()),
        }
    }
}

/// Reads the variable or the file that a flag names.
pub(super) fn named(variable_name: Option<&str>, path: Option<&Path>) -> anyhow::Result<Option<Secret>> {
    if let Some(name) = variable_name {
        let found = variable(name);
        return found
            .map(Some)
            .ok_or_else(|| UsageError::new(format!("the variable {name} is not set")).into());
    }
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Some(Secret::new(text.trim_end_matches(['\r', '\n']))))
}

/// Reads a file, or stdin where it is `-`; `what` says what is expected there.
pub(super) fn file_or_stdin(path: &Path, what: &str) -> anyhow::Result<Secret> {
    if path != Path::new("-") {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        return Ok(Secret::new(text.trim()));
    }
    if std::io::stdin().is_terminal() {
        return Err(UsageError::new(format!("nothing on stdin: pipe {what} in, or name a file")).into());
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).with_context(|| format!("cannot read {what} from stdin"))?;
    Ok(Secret::new(text.trim()))
}

pub(super) fn variable(name: &str) -> Option<Secret> {
    std::env::var(name).ok().filter(|it| !it.is_empty()).map(Secret::new)
}

/// Reads the file that a variable names, without its last line break.
pub(super) fn file(name: &str) -> anyhow::Result<Option<Secret>> {
    let Some(path) = std::env::var_os(name).filter(|it| !it.is_empty()) else { return Ok(None) };
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {} (from {name})", path.display()))?;
    Ok(Some(Secret::new(text.trim_end_matches(['\r', '\n']))))
}
