//! `token rpt`: what a permission ticket, or permissions that are named, buy a user (the UMA grant).

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;

use super::mend::Purpose;
use super::{Common, denied, user};
use crate::cli::Exit;
use crate::cli::secret::{Password, Sources, named, token_from};
use crate::cli::terminal::say;
use crate::keycloak::openid::{Ask, By, Client};
use crate::keycloak::{Openid, Secret};
use crate::run::UsageError;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file with a permission ticket, or - for stdin
    #[arg(long, value_name = "FILE", required_unless_present = "audience", conflicts_with_all = ["audience", "permission"])]
    ticket: Option<PathBuf>,
    /// The resource server, where permissions are named instead
    #[arg(long, value_name = "ID")]
    audience: Option<String>,
    /// A permission: a resource, by its name or a URI, and maybe `#SCOPE`, or `#SCOPE` alone; again for more; without
    /// any, all of them. (A name with `#` in it needs a ticket)
    #[arg(long, value_name = "RESOURCE#SCOPE", value_parser = NonEmptyStringValueParser::new())]
    permission: Vec<String>,
    /// A URI is one that a resource has, letter by letter; otherwise it is matched with the patterns of resources
    #[arg(long, requires = "permission")]
    exact: bool,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    pub(super) common: Common,
}

/// For whom: a token that is here, or a login.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "For whom")]
struct Who {
    /// The file with the user's access token, or - for stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["token_env", "user"])]
    token_file: Option<PathBuf>,
    /// The variable with the user's access token
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    token_env: Option<String>,
    /// The user, who logs in with a password
    #[arg(long, value_name = "NAME", requires = "client")]
    user: Option<String>,
    /// The client that the user logs in with
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    password: Password,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let stdin = Some(PathBuf::from("-"));
    if args.ticket == stdin && args.who.token_file == stdin {
        return Err(UsageError::new("the ticket and the user's token cannot both come from stdin").into());
    }
    let openid = args.common.open()?;
    let ask = match (args.ticket, args.audience) {
        (Some(path), _) => Ask::Ticket(token_from(&path, "a permission ticket")?),
        (None, audience) => {
            let (audience, by) = (audience.unwrap_or_default(), By::Name);
            Ask::Permissions { audience, permissions: args.permission, by }
        }
    };
    let (bearer, client) = args.who.bearer(&openid).await?;
    let by_name = openid.rpt(&bearer, &ask).await?;
    let outcome = match (by_name, ask) {
        // Names come first, as everywhere: one may begin with a slash.
        (Err(refusal), Ask::Permissions { audience, permissions, .. })
            if refusal.error == "invalid_resource" && permissions.iter().all(|it| may_be_uri(it)) =>
        {
            let by = if args.exact { By::Uri } else { By::MatchedUri };
            openid.rpt(&bearer, &Ask::Permissions { audience, permissions, by }).await?
        }
        (by_name, _) => by_name,
    };
    match outcome {
        Err(refusal) if refusal.error == "access_denied" => {
            say(&refusal.to_string());
            Ok(Exit::NotClean)
        }
        outcome => args.common.show(&openid, &client, Purpose::Passwords, outcome),
    }
}

/// Says whether a permission may name its resource by a URI.
fn may_be_uri(permission: &str) -> bool {
    permission.starts_with(['/', '#']) || permission.contains("://")
}

impl Who {
    /// Returns the user's access token, and the client that it was given to where that is known.
    async fn bearer(&self, openid: &Openid) -> anyhow::Result<(Secret, Client)> {
        let unknown = Client::Public { id: String::new() };
        if let Some(path) = &self.token_file {
            return Ok((token_from(path, "the user's access token")?, unknown));
        }
        if let Some(token) = named(self.token_env.as_deref(), None)? {
            return Ok((token, unknown));
        }
        let (Some(user), Some(id)) = (&self.user, &self.client) else {
            return Err(UsageError::new(
                "for whom? name a file with an access token (--token-file), a variable (--token-env), or --user and --client",
            )
            .into());
        };
        let client = self.sources.client(id)?;
        let tokens = user::log_in(openid, &client, user, &self.password, "openid").await??;
        let tokens = tokens.map_err(|it| denied(it, &client, Purpose::Passwords, openid))?;
        Ok((tokens.access, client))
    }
}
