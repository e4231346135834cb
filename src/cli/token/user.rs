//! `token user`: a user's access token through a client that takes passwords.

use super::{Common, Purpose};
use crate::cli::Exit;
use crate::cli::secret::{Password, Sources};
use crate::keycloak::Openid;
use crate::keycloak::openid::{Client, Grant, Reply, Tokens};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The user
    #[arg(value_name = "NAME")]
    user: String,
    /// The client to log in with; it has to take passwords (direct access grants)
    #[arg(long, value_name = "ID")]
    client: String,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    password: Password,
    /// Without a password: the client impersonates the user, where the server and its permissions allow it
    #[arg(long, conflicts_with_all = ["password_env", "password_file"])]
    impersonate: bool,
    /// Scopes to ask for, separated by spaces
    #[arg(long, value_name = "SCOPES", default_value = "openid profile")]
    scope: String,
    #[command(flatten)]
    pub(super) common: Common,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let openid = args.common.open()?;
    let client = args.sources.client(&args.client)?;
    if args.impersonate {
        let grant = Grant::Impersonate { user: args.user, scope: args.scope };
        let outcome = openid.token(&client, &grant).await?;
        return args.common.show(&openid, &client, Purpose::Exchange, outcome);
    }
    let outcome = log_in(&openid, &client, &args.user, &args.password, &args.scope).await?;
    args.common.show(&openid, &client, Purpose::Passwords, outcome?)
}

/// Logs a user in with the password from where it is to come.
pub(super) async fn log_in(
    openid: &Openid,
    client: &Client,
    user: &str,
    password: &Password,
    scope: &str,
) -> anyhow::Result<Reply<Tokens>> {
    let password = password.of_user(user)?;
    let grant = Grant::Password { user: user.to_owned(), password, scope: scope.to_owned() };
    Ok(openid.token(client, &grant).await)
}
