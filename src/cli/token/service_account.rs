//! `token service-account`: what a client may do by itself; for a resource server, the token of the protection
//! API (PAT).

use super::{Common, Purpose};
use crate::cli::Exit;
use crate::cli::secret::Sources;
use crate::keycloak::openid::Grant;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The client; it has to have a service account
    #[arg(value_name = "ID")]
    client: String,
    #[command(flatten)]
    sources: Sources,
    /// Scopes to ask for, separated by spaces
    #[arg(long, value_name = "SCOPES", default_value = "")]
    scope: String,
    #[command(flatten)]
    pub(super) common: Common,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let openid = args.common.open()?;
    let client = args.sources.client(&args.client)?;
    let outcome = openid.token(&client, &Grant::ClientCredentials { scope: args.scope }).await?;
    args.common.show(&openid, &client, Purpose::ServiceAccount, outcome)
}
