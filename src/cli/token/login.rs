//! `token login`: the access token of the login that `login` stored, renewed when it has to be.

use serde_json::json;

use super::{denied, print_secret};
use crate::cli::Exit;
use crate::cli::connection::{Where, project_here};
use crate::cli::logins::stored_login;
use crate::cli::realms::Format;
use crate::cli::secret::Sources;
use crate::cli::terminal::document;
use crate::keycloak::Openid;
use crate::run::UsageError;

use super::mend::Purpose;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only the login to this realm
    #[arg(long, value_name = "REALM")]
    realm: Option<String>,
    /// Only the login with this client
    #[arg(long = "client", id = "stored_client", value_name = "ID")]
    client: Option<String>,
    #[command(flatten)]
    sources: Sources,
    /// What stdout is: the token alone, or as JSON with whose it is and until when
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    place: Where,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let reach = args.place.reach(&project_here()?, "token")?;
    let flags = ["--realm", "--client"];
    let stored = stored_login(&reach.server, args.realm.as_deref(), args.client.as_deref(), flags)?;
    let Some(login) = stored else {
        let message = format!("no login is stored for {}: run `realmwright login`", reach.server);
        return Err(UsageError::new(message).into());
    };
    let openid = Openid::connect(&reach, &login.realm)?;
    let client = args.sources.client(&login.client)?;
    let current = login.current(&openid, &client, None).await?;
    let current = current.map_err(|it| denied(it, &client, Purpose::Renew, &openid))?;
    match args.format {
        Format::Text => print_secret(&current.access),
        Format::Json => document(json!({
            "access_token": current.access.expose(),
            "expires_at": current.access_expires.to_string(),
            "server": current.server,
            "realm": current.realm,
            "client": current.client,
            "user": current.user,
        })),
    }
    Ok(Exit::Clean)
}
