//! `token exchange`: a token for other audiences or scopes, in the name of a client that may ask for it
//! (RFC 8693, as Keycloak's standard exchange).

use std::path::PathBuf;

use super::Common;
use super::mend::Purpose;
use crate::cli::Exit;
use crate::cli::secret::{Sources, named, token_from};
use crate::keycloak::openid::Grant;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The client that exchanges; the subject token has to be meant for it
    #[arg(long, value_name = "ID")]
    client: String,
    #[command(flatten)]
    sources: Sources,
    /// The file with the subject's access token, or - for stdin; `Bearer …` and the JSON of other commands will do
    #[arg(long, value_name = "FILE", default_value = "-", conflicts_with = "token_env")]
    token_file: PathBuf,
    /// The variable with the subject's access token
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
    /// Whom the new token is for; again for more
    #[arg(long, value_name = "ID")]
    audience: Vec<String>,
    /// Scopes to ask for, separated by spaces
    #[arg(long, value_name = "SCOPES", default_value = "")]
    scope: String,
    #[command(flatten)]
    pub(super) common: Common,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let openid = args.common.open()?;
    let client = args.sources.client(&args.client)?;
    let subject = match named(args.token_env.as_deref(), None)? {
        Some(token) => token,
        None => token_from(&args.token_file, "the subject's access token")?,
    };
    let grant = Grant::Exchange { subject, audience: args.audience, scope: args.scope };
    let outcome = openid.token(&client, &grant).await?;
    args.common.show(&openid, &client, Purpose::Exchange, outcome)
}
