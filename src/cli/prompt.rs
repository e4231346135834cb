//! Questions on the terminal.

use std::io::IsTerminal as _;

use anyhow::Context as _;

use crate::keycloak::Secret;

/// Asks on the terminal, without echo.
pub(super) fn ask_password(user: &str) -> anyhow::Result<Secret> {
    rpassword::prompt_password(format!("Password of {user}: "))
        .map(Secret::new)
        .context("cannot ask for the password")
}

/// Questions are asked on a terminal only, and never in CI.
pub(super) fn may_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && std::env::var_os("CI").is_none()
}
