//! `unlock`: ends the lock of a run that cannot end it itself.

use super::Exit;
use super::connection::Connection;
use super::terminal::print;
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
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let target = args.connection.open_here("unlock").await?;
    let words = match apply::unlock(&target.keycloak, &args.realm, &args.run).await? {
        Some(held) => format!("the lock of owner `{}`, run {} is gone\n", held.owner, held.run),
        None => "nobody holds the lock\n".to_owned(),
    };
    print(&words);
    Ok(Exit::Clean)
}
