//! `token`: tokens of users and service accounts, permission tickets and what they buy, and a look into tokens.
//!
//! stdout is the token alone, for `$(…)`; with `--format json`, the server's whole answer. A refusal by policy
//! is an answer and exits 2; whatever keeps the question from being asked exits 1 and says what to change.

use clap::Subcommand;

use super::Exit;
use super::connection::{Where, project_here};
use super::realms::Format;
use super::terminal::{document, print};
use crate::keycloak::openid::{Client, TokenRefusal, Tokens};
use crate::keycloak::{Openid, Secret};
use crate::run::UsageError;

mod exchange;
mod inspect;
mod login;
mod mend;
mod rpt;
mod service_account;
mod ticket;
mod user;
pub(super) mod words;

pub(super) use mend::{Purpose, denied};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Get the access token of the stored login, renewed when needed
    Login(login::Args),
    /// Get the access token of a user, with the user's password
    User(user::Args),
    /// Get the access token of a client's service account (for a resource server, its PAT)
    ServiceAccount(service_account::Args),
    /// Get a permission ticket for resources, as a resource server gives it to who may not come in
    Ticket(ticket::Args),
    /// Get a token with permissions (RPT) for a user; exit 2 when the policies deny it
    Rpt(rpt::Args),
    /// Exchange a token for one with other audiences or scopes
    Exchange(exchange::Args),
    /// Show what is in a token and verify its signature; exit 1 when it is not valid
    Inspect(inspect::Args),
}

/// Which realm, and what stdout is.
#[derive(Debug, clap::Args)]
struct Common {
    /// The realm [default: the only one of the project file]
    #[arg(long, value_name = "NAME")]
    realm: Option<String>,
    /// What stdout is: the token alone, or the whole answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    place: Where,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args.verb {
        TokenCommand::Login(args) => login::run(args).await,
        TokenCommand::User(args) => user::run(args).await,
        TokenCommand::ServiceAccount(args) => service_account::run(args).await,
        TokenCommand::Ticket(args) => ticket::run(args).await,
        TokenCommand::Rpt(args) => rpt::run(args).await,
        TokenCommand::Exchange(args) => exchange::run(args).await,
        TokenCommand::Inspect(args) => inspect::run(args).await,
    }
}

impl Common {
    /// Prepares to talk to the chosen realm.
    fn open(&self) -> anyhow::Result<Openid> {
        let project = project_here()?;
        let named = self.realm.as_ref().filter(|it| !it.is_empty());
        let realm = match (named, project.realms.keys().collect::<Vec<_>>().as_slice()) {
            (Some(realm), _) => realm.clone(),
            (None, [only]) => (*only).clone(),
            (None, _) => return Err(UsageError::new("no realm: name one with --realm").into()),
        };
        Ok(Openid::connect(&self.place.reach(&project, "token")?, &realm)?)
    }

    /// Shows tokens as the result, or says why there are none.
    fn show(
        &self,
        openid: &Openid,
        client: &Client,
        purpose: Purpose,
        outcome: Result<Tokens, TokenRefusal>,
    ) -> anyhow::Result<Exit> {
        let tokens = outcome.map_err(|it| denied(it, client, purpose, openid))?;
        match self.format {
            Format::Text => print_secret(&tokens.access),
            Format::Json => document(tokens.whole),
        }
        Ok(Exit::Clean)
    }
}

/// Prints a token alone on its line; the one place where a secret is the result.
fn print_secret(token: &Secret) {
    print(&format!("{}\n", token.expose()));
}
