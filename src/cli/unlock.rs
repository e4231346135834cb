//! `unlock`: ends the lock of a run that cannot end it itself.

use serde_json::json;

use super::Exit;
use super::connection::Connection;
use super::realms::Format;
use super::terminal::{document, print};
use crate::apply;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// The realm that is locked
    #[arg(long, value_name = "NAME")]
    realm: String,
    /// The run that holds the lock, as apply names it
    #[arg(long, value_name = "ID")]
    run: String,
    /// Output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let target = args.connection.open_here("unlock").await?;
    let held = apply::unlock(&target.keycloak, &args.realm, &args.run).await?;
    match (args.format, held) {
        (Format::Text, Some(it)) => {
            print(&format!("the lock of owner `{}`, run {} is gone\n", it.owner, it.run));
        }
        (Format::Text, None) => print("nobody holds the lock\n"),
        (Format::Json, held) => document(json!({
            "server": target.server,
            "realm": args.realm,
            "removed": held.map(|it| json!({ "owner": it.owner, "run": it.run })),
        })),
    }
    Ok(Exit::Clean)
}
