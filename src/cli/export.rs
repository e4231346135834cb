//! `export`: a live realm as manifests whose plan is empty.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::Exit;
use super::connection::Connection;
use super::inputs::patterns;
use super::terminal::{print, say};
use crate::apply::is_ours;
use crate::export::{self, Export, Options};
use crate::keycloak::{Want, read};
use crate::kind;
use crate::manifest::PROJECT_FILE;
use crate::run::UsageError;

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
