//! Where a command takes secrets from: variables, files, stdin; never its own arguments, which everybody on
//! the machine can read.

use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::prompt::{ask_password, may_ask};
use crate::keycloak::Secret;
use crate::keycloak::openid::Client;
use crate::run::UsageError;

/// How many bytes a secret or a token may have; an endless file is none.
const LONGEST: u64 = 1 << 20;

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
    /// Returns the password of a user, asked for where nothing else has it.
    pub(super) fn of_user(&self, user: &str) -> anyhow::Result<Secret> {
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
    let text = open(path).and_then(read).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Some(Secret::new(text.trim_end_matches(['\r', '\n']))))
}

/// Reads a token from a file, or from stdin where it is `-`; `what` says which is expected there. It may stand
/// alone, behind `Bearer`, or in the JSON that other commands write.
pub(super) fn token_from(path: &Path, what: &str) -> anyhow::Result<Secret> {
    Ok(bare_token(file_or_stdin(path, what)?.expose()))
}

/// Returns a token without what it may stand in.
fn bare_token(text: &str) -> Secret {
    let text = text.trim();
    let without = |text: &str, word: &str| {
        let head = text.get(..word.len()).filter(|it| it.eq_ignore_ascii_case(word));
        head.map(|_| text[word.len()..].trim_start().to_owned())
    };
    let text = without(text, "Authorization:").unwrap_or_else(|| text.to_owned());
    let text = without(&text, "Bearer ").unwrap_or(text);
    let found = match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(serde_json::Value::String(token)) => Some(token),
        Ok(serde_json::Value::Object(answer)) => {
            let names = ["access_token", "ticket", "upgraded_token", "id_token", "refresh_token", "token"];
            names.iter().find_map(|it| answer.get(*it)?.as_str()).map(str::to_owned)
        }
        _ => None,
    };
    Secret::new(found.unwrap_or(text).trim())
}

/// Reads a file, or stdin where it is `-`; `what` says what is expected there.
fn file_or_stdin(path: &Path, what: &str) -> anyhow::Result<Secret> {
    if path != Path::new("-") {
        let text = open(path).and_then(read).with_context(|| format!("cannot read {}", path.display()))?;
        return Ok(Secret::new(text.trim()));
    }
    if std::io::stdin().is_terminal() {
        return Err(UsageError::new(format!("nothing on stdin: pipe {what} in, or name a file")).into());
    }
    let text = read(std::io::stdin()).with_context(|| format!("cannot read {what} from stdin"))?;
    Ok(Secret::new(text.trim()))
}

fn open(path: &Path) -> anyhow::Result<File> {
    Ok(File::open(path)?)
}

/// Reads a secret as a whole. Nothing at all is never meant: it is what a command before us that failed leaves.
fn read(from: impl Read) -> anyhow::Result<String> {
    let mut text = String::new();
    from.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        bail!("it is longer than any secret or token");
    }
    if text.trim().is_empty() {
        bail!("it is empty");
    }
    Ok(text)
}

pub(super) fn variable(name: &str) -> Option<Secret> {
    std::env::var(name).ok().filter(|it| !it.is_empty()).map(Secret::new)
}

/// Reads the file that a variable names, without its last line break.
pub(super) fn file(name: &str) -> anyhow::Result<Option<Secret>> {
    let Some(path) = std::env::var_os(name).filter(|it| !it.is_empty()) else { return Ok(None) };
    let path = Path::new(&path);
    let text =
        open(path).and_then(read).with_context(|| format!("cannot read {} (from {name})", path.display()))?;
    Ok(Some(Secret::new(text.trim_end_matches(['\r', '\n']))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_what_it_stands_in() {
        for text in [
            "e30.e30.x",
            " e30.e30.x\n",
            "Bearer e30.e30.x",
            "bearer   e30.e30.x",
            "Authorization: Bearer e30.e30.x\r\n",
            "\"e30.e30.x\"",
            r#"{"token_type":"Bearer","access_token":"e30.e30.x","refresh_token":"r.r.r"}"#,
            r#"{"command":"token ticket","ticket":"e30.e30.x"}"#,
        ] {
            assert_eq!(bare_token(text).expose(), "e30.e30.x", "{text}");
        }
        assert_eq!(bare_token(r#"{"error":"invalid_grant"}"#).expose(), r#"{"error":"invalid_grant"}"#);
    }

    #[test]
    fn nothing_and_too_much_are_no_secrets() {
        let text = |from: &[u8]| read(from).map_err(|it| it.to_string());
        assert_eq!(text(b"token\n"), Ok("token\n".to_owned()));
        for empty in [&b""[..], b"\r\n", b"  \n"] {
            assert_eq!(text(empty), Err("it is empty".to_owned()));
        }
        let endless = read(std::io::repeat(b'a')).unwrap_err().to_string();
        assert_eq!(endless, "it is longer than any secret or token");
    }
}
