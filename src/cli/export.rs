//! `export`: a live realm as manifests whose plan is empty.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::Exit;
use super::connection::Connection;
use super::inputs::patterns;
use super::terminal::{print, say};
use crate::export::{self, Export, Options};
use crate::keycloak::Want;
use crate::kind;
use crate::manifest::PROJECT_FILE;
use crate::run::UsageError;
use crate::state::{Known, Live, unseen as unseen_for};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// The realm to write
    #[arg(long, value_name = "NAME")]
    realm: String,
    /// Where to write the project file and the manifests: a folder that is new or empty
    #[arg(long, value_name = "DIR", required_unless_present = "stdout")]
    out: Option<PathBuf>,
    /// Print one manifest instead
    #[arg(long, conflicts_with = "out")]
    stdout: bool,
    /// Write into a folder that holds something, over files of the same names
    #[arg(long, requires = "out")]
    overwrite: bool,
    /// With the users of the realm; those of service accounts come with their clients
    #[arg(long)]
    users: bool,
    /// Only what matches, such as `client/demo` or `role/*`
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// Only objects of this kind, such as `client`, with what they hold
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// The owner whom the project file names
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Format of the manifests
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    #[default]
    Yaml,
    Json,
}

impl From<Format> for export::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Yaml => Self::Yaml,
            Format::Json => Self::Json,
        }
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    if let Some(unknown) = args.kind.iter().find(|it| kind::KINDS.iter().all(|kind| kind.name.word != **it)) {
        let mut names: Vec<&str> =
            kind::KINDS.iter().filter(|it| kind::section_of(it).is_some()).map(|it| it.name.word).collect();
        names.dedup();
        let message = format!("--kind: there is no kind `{unknown}`; it is one of {}", names.join(", "));
        return Err(UsageError::new(message).into());
    }
    let only = patterns("--only", &args.only)?;
    if let Some(out) = args.out.as_deref().filter(|_| !args.overwrite) {
        must_be_empty(out)?;
    }
    let target = args.connection.open_here("export").await?;
    let want = Want { everybody: args.users, everything: true, ..Want::default() };
    let read = target.read(&args.realm, &want).await?;
    let unseen = unseen(&read.live);
    let options = Options {
        realm: &args.realm,
        version: read.taken_for,
        users: args.users,
        only: &only,
        kinds: &args.kind,
        format: args.format.into(),
    };
    let export = export::export(&read.live.state, &options);
    match &args.out {
        None => print(&export.whole(&options)),
        Some(out) => write(out, &export, &options, args.owner.as_deref(), &unseen)?,
    }
    for it in &export.gone {
        say(&format!("{} of a new realm is gone here: no manifest says that", kind::title(it)));
    }
    Ok(Exit::Clean)
}

/// Returns what of a realm this credential may not see, in words.
fn unseen(live: &Live) -> Vec<String> {
    let kinds = kind::KINDS.iter().filter(|it| kind::section_of(it).is_some());
    let parts = kinds.filter_map(|it| match live.known(it.name, None) {
        Known::Not { needs } => Some(format!("every {}: {}", it.title, unseen_for(needs))),
        _ => None,
    });
    let fields = live.unread.iter().map(|(object, field)| format!("`{field}` of {}", kind::title(object)));
    parts.chain(fields).collect()
}

/// Refuses to write among files that are somebody's.
fn must_be_empty(out: &Path) -> anyhow::Result<()> {
    let is_empty = match std::fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", out.display())),
    };
    if is_empty {
        return Ok(());
    }
    let message = format!("--out: {} is not empty; choose another folder, or say --overwrite", out.display());
    Err(UsageError::new(message).into())
}

fn write(
    out: &Path,
    export: &Export,
    options: &Options<'_>,
    owner: Option<&str>,
    unseen: &[String],
) -> anyhow::Result<()> {
    let folder = out.join(export::folder(options.realm));
    for file in export.files(options) {
        write_file(&folder.join(&file.path), &file.text)?;
    }
    write_file(&out.join(PROJECT_FILE), &export::project(export, options.realm, owner))?;
    write_file(&out.join("README.md"), &export::readme(export, options.realm, unseen))?;
    if !export.secrets.is_empty() {
        write_file(&out.join(".env.example"), &export::variables(export))?;
    }
    Ok(())
}

fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    let writing = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)
    };
    writing().with_context(|| format!("cannot write {}", path.display()))
}
