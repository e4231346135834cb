//! `doctor`: whether the connection works, and what the credential may do in a realm.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::Exit;
use super::connection::Connection;
use super::realms::Format;
use super::terminal::{document, print};
use crate::keycloak::{ErrorKind, Right, Rights, ServerVersion};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// The realm to look at
    #[arg(long, value_name = "NAME")]
    realm: String,
    /// Output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// What was found.
struct Found {
    server: String,
    version: Option<ServerVersion>,
    /// How many seconds the server's clock is apart from ours.
    apart: Option<i64>,
    realm: String,
    /// Nothing where the realm does not exist.
    rights: Option<Rights>,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let target = args.connection.open_here("doctor").await?;
    let version = target.keycloak.version().await?;
    let time = target.keycloak.server_time().await?;
    let apart = time.map(|it| (it.as_second() - jiff::Timestamp::now().as_second()).abs());
    let rights = match target.keycloak.rights(&args.realm).await {
        Ok(rights) => Some(rights),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let found = Found { server: target.server, version, apart, realm: args.realm, rights };
    match args.format {
        Format::Text => print(&found.text()),
        Format::Json => document(found.json()),
    }
    Ok(if found.failure().is_none() { Exit::Clean } else { Exit::Failed })
}

impl Found {
    fn text(&self) -> String {
        let mut out = format!("server    {}\nlogin     works\n", self.server);
        let _ = match self.version {
            Some(version) if version.is_newer_than_tested() => {
                writeln!(
                    out,
                    "version   {version}, newer than what was tested: apply needs --allow untested-version=1"
                )
            }
            Some(version) if version.is_tested() => writeln!(out, "version   {version}, tested"),
            Some(version) => writeln!(out, "version   {version}, not tested"),
            None => writeln!(
                out,
                "version   not shown to this credential; a plan takes it for the newest one that shows such a realm"
            ),
        };
        if let Some(apart) = self.apart {
            let _ = writeln!(out, "clock     {apart} s apart from this machine's");
        }
        let Some(rights) = &self.rights else {
            let _ = writeln!(out, "realm     {} does not exist", self.realm);
            return out;
        };
        let _ = writeln!(out, "realm     {}", self.realm);
        for (command, needs) in needs(rights) {
            let lacking = lacking(&needs);
            let words = if lacking.is_empty() {
                "has what it needs".to_owned()
            } else {
                format!("lacks {}", lacking.join(", "))
            };
            let _ = writeln!(out, "{command:<9} {words}");
        }
        if rights.named("partial-export") != Right::Yes {
            let _ = writeln!(
                out,
                "reading   by lists: the export needs manage-realm, view-clients and view-users"
            );
        }
        out
    }

    fn json(&self) -> Value {
        let lacks = |rights: &Rights| -> Map<String, Value> {
            needs(rights).iter().map(|(it, needs)| ((*it).to_owned(), json!(lacking(needs)))).collect()
        };
        json!({
            "server": self.server,
            "keycloak_version": self.version.map(|it| it.to_string()),
            "is_tested": self.version.is_some_and(ServerVersion::is_tested),
            "clock_seconds_apart": self.apart,
            "realm": self.realm,
            "realm_exists": self.rights.is_some(),
            "lacking_rights": self.rights.as_ref().map(lacks),
            "reads_by_export": self.rights.as_ref().map(|it| it.named("partial-export") == Right::Yes),
            "failure": self.failure().map(|(class, message)| json!({ "class": class, "message": message })),
        })
    }

    /// Why not even a plan can be made.
    fn failure(&self) -> Option<(&'static str, String)> {
        let Some(rights) = &self.rights else {
            return Some(("input", format!("realm `{}` does not exist", self.realm)));
        };
        let [(_, plan), _] = needs(rights);
        let lacking = lacking(&plan);
        (!lacking.is_empty()).then(|| ("rights", format!("the credential lacks {}", lacking.join(", "))))
    }
}

fn lacking(needs: &[(&'static str, Right)]) -> Vec<&'static str> {
    needs.iter().filter(|(_, right)| *right == Right::No).map(|(name, _)| *name).collect()
}

/// The rights that commands need over everything that manifests describe.
fn needs(rights: &Rights) -> [(&'static str, Vec<(&'static str, Right)>); 2] {
    let of = |names: &[&'static str]| names.iter().map(|it| (*it, rights.named(it))).collect();
    [
        ("plan", of(&["view-realm", "view-users", "view-clients", "view-authorization"])),
        ("apply", of(&["manage-realm", "manage-users", "manage-clients"])),
    ]
}
