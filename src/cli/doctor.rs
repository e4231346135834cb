//! `doctor`: whether the connection works, and what the credential may do in a realm.

use std::fmt::Write as _;

use super::Exit;
use super::connection::Connection;
use super::terminal::print;
use crate::keycloak::{ErrorKind, Right, Rights};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// The realm to look at
    #[arg(long, value_name = "NAME")]
    realm: String,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let target = args.connection.open_here("doctor").await?;
    let mut out = format!("server    {}\nlogin     works\n", target.server);
    let version = target.keycloak.version().await?;
    let _ = match version {
        Some(version) if version.is_newer_than_tested() => {
            writeln!(
                out,
                "version   {version}, newer than what was tested: apply needs --allow untested-version=1"
            )
        }
        Some(version) if version.is_tested() => writeln!(out, "version   {version}, tested"),
        Some(version) => writeln!(out, "version   {version}, not tested"),
        None => writeln!(out, "version   not shown to this credential; the newest tested one is assumed"),
    };
    if let Some(time) = target.keycloak.server_time().await? {
        let apart = (time.as_second() - jiff::Timestamp::now().as_second()).abs();
        let _ = writeln!(out, "clock     {apart} s apart from this machine's");
    }
    let rights = match target.keycloak.rights(&args.realm).await {
        Ok(rights) => rights,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let _ = writeln!(out, "realm     {} does not exist", args.realm);
            print(&out);
            return Ok(Exit::Failed);
        }
        Err(error) => return Err(error.into()),
    };
    let _ = writeln!(out, "realm     {}", args.realm);
    let mut may_plan = true;
    for (command, needs) in needs(&rights) {
        let lacking: Vec<&str> =
            needs.iter().filter(|(_, right)| *right == Right::No).map(|(name, _)| *name).collect();
        may_plan &= command != "plan" || lacking.is_empty();
        let words = if lacking.is_empty() {
            "has what it needs".to_owned()
        } else {
            format!("lacks {}", lacking.join(", "))
        };
        let _ = writeln!(out, "{command:<9} {words}");
    }
    if rights.partial_export != Right::Yes {
        let _ =
            writeln!(out, "reading   by lists: the export needs manage-realm, view-clients and view-users");
    }
    print(&out);
    Ok(if may_plan { Exit::Clean } else { Exit::Failed })
}

/// The rights that commands need over everything that manifests describe.
fn needs(rights: &Rights) -> [(&'static str, Vec<(&'static str, Right)>); 2] {
    [
        (
            "plan",
            vec![
                ("view-realm", rights.view_realm),
                ("view-users", rights.view_users),
                ("view-clients", rights.view_clients),
                ("view-authorization", rights.view_authorization),
            ],
        ),
        (
            "apply",
            vec![
                ("manage-realm", rights.manage_realm),
                ("manage-users", rights.manage_users),
                ("manage-clients", rights.manage_clients),
            ],
        ),
    ]
}
