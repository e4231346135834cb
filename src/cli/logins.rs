//! The logins that `login` stored: where they are kept, and which one a server gets.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::keycloak::{Store, Stored};
use crate::run::UsageError;

/// Returns the folder of stored logins.
pub(super) fn store() -> anyhow::Result<Store> {
    use etcetera::BaseStrategy as _;

    if let Some(named) = std::env::var_os("REALMWRIGHT_STATE_DIR").filter(|it| !it.is_empty()) {
        return Ok(Store::at(std::path::absolute(PathBuf::from(named))?.join("logins")));
    }
    let base = etcetera::choose_base_strategy()
        .context("no home folder to keep logins in: set HOME or REALMWRIGHT_STATE_DIR")?;
    let folder = base.state_dir().unwrap_or_else(|| base.data_dir());
    Ok(Store::at(folder.join("realmwright").join("logins")))
}

/// Returns the one stored login for a server, of a realm and a client where they are given; one among several has to
/// be named, by these flags.
pub(super) fn stored_login(
    server: &str,
    realm: Option<&str>,
    client: Option<&str>,
    flags: [&str; 2],
) -> anyhow::Result<Option<Stored>> {
    let is_it =
        |wanted: Option<&str>, it: &str| wanted.filter(|it| !it.is_empty()).is_none_or(|wanted| wanted == it);
    let mut logins: Vec<Stored> = store()?.of_server(server)?;
    logins.retain(|it| is_it(realm, &it.realm) && is_it(client, &it.client));
    let Some(login) = logins.pop() else { return Ok(None) };
    if let Some(other) = logins.pop() {
        return Err(UsageError::new(format!(
            "several logins are stored for {server}: of client `{}` in realm `{}`, and of `{}` in `{}`; name one with {} and {}",
            other.client, other.realm, login.client, login.realm, flags[0], flags[1]
        ))
        .into());
    }
    Ok(Some(login))
}
