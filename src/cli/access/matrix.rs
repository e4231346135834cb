//! `access matrix`: every decision of a client, as a table or as data.

use std::io;

use super::{Opened, open};
use crate::access::{self, Persona};
use crate::cli::asking::Asking;
use crate::cli::realms::style;
use crate::cli::terminal::{print, stream, warnings};
use crate::cli::{Exit, Global};
use crate::keycloak::Want;
use crate::report::{self, Ending, Sheet};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The client whose resources these are
    #[arg(long, value_name = "CLIENT", required_unless_present = "administration")]
    client: Option<String>,
    /// Show who has which role of the realm's own administration instead
    #[arg(long, conflicts_with = "client")]
    administration: bool,
    /// Whom to ask about instead of the declared users; may be repeated
    #[arg(long, value_name = "PERSONA")]
    persona: Vec<String>,
    /// Ask also about anonymous, any user, every role and group that policies name, and service accounts
    #[arg(long)]
    synthetic: bool,
    /// The client that asks; without it, the one whose resources these are
    #[arg(long = "as", value_name = "CLIENT")]
    asking_client: Option<String>,
    /// What stdout carries
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    format: MatrixFormat,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum MatrixFormat {
    #[default]
    Text,
    Json,
    Csv,
    Html,
}

impl Args {
    fn personas(&self, opened: &Opened, client: &crate::state::Address) -> anyhow::Result<Vec<Persona>> {
        let (cast, asking) = opened.cast(self.asking_client.as_deref())?;
        let mut out = Vec::new();
        for text in &self.persona {
            out.push(cast.named(text).map_err(anyhow::Error::msg)?);
        }
        if self.persona.is_empty() {
            out.extend(opened.asked_realm().users.iter().cloned().map(Persona::user));
        }
        if self.synthetic {
            out.extend(access::personas(&opened.realm, client));
        }
        Ok(out.into_iter().map(|it| opened.dressed(it, asking.as_ref())).collect())
    }
}

pub(in crate::cli) async fn run(args: Args, global: Global) -> anyhow::Result<Exit> {
    let users = args.persona.iter().filter_map(|it| access::user_named(it)).collect();
    let also = Want { users, ..Want::default() };
    let Some(opened) = open(&args.asking, "access-matrix", &also, None, global).await? else {
        return Ok(Exit::Failed);
    };
    let client = match &args.client {
        Some(client) => opened.server(client)?,
        None => access::administration(),
    };
    let personas = args.personas(&opened, &client)?;
    let columns = access::columns(&opened.realm, &client, &personas);
    let clients = access::clients_asked(&opened.realm, &client, &personas);
    let personas: Vec<Persona> = columns.iter().map(|it| it.persona.clone()).collect();
    let (_, asking) = opened.cast(args.asking_client.as_deref())?;
    let sheet = Sheet {
        realm: &opened.asked_realm().realm,
        client: &client,
        asking: asking.as_ref(),
        clients,
        columns: &columns,
    };
    let ending = Ending { command: "access matrix".to_owned(), warnings: warnings(), ..Ending::default() };
    let head = report::enveloped(None, &ending);
    let decisions = |take: &mut dyn FnMut(access::Cell<'_>) -> io::Result<()>| {
        access::each_decision(&opened.realm, &client, &personas, take)
    };
    match args.format {
        MatrixFormat::Text => {
            let mut text = Vec::new();
            report::matrix_text(&mut text, &sheet, &style(), &decisions)?;
            print(&String::from_utf8_lossy(&text));
        }
        MatrixFormat::Json => stream(|out| report::matrix_json(out, &head, &sheet, &decisions)),
        MatrixFormat::Csv => stream(|out| report::matrix_csv(out, &sheet, &decisions)),
        MatrixFormat::Html => stream(|out| report::matrix_html(out, &sheet, &decisions)),
    }
    Ok(Exit::Clean)
}
