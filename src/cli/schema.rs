//! `schema`: the JSON Schemas that editors and pipelines check documents with.

use super::Exit;
use super::terminal::print;
use crate::{access, manifest, report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the schema is of
    #[arg(value_enum)]
    of: Of,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Of {
    /// A document of a realm
    Manifest,
    /// A document with `kind: AccessTest`
    AccessTest,
    /// realmwright.yaml
    Project,
    /// What `access` writes with `--format json`
    Access,
    /// What plan, drift and apply write with `--format json`
    Plan,
    /// What every command writes with `--format json`, on failure too
    Result,
}

pub(super) fn run(args: &Args) -> Exit {
    let schema = match args.of {
        Of::Manifest => manifest::schema::manifest(),
        Of::Project => manifest::schema::project(),
        Of::Access => report::access_schema(),
        Of::AccessTest => access::test::schema(),
        Of::Plan => report::report_schema(),
        Of::Result => report::result_schema(),
    };
    print(&format!("{schema:#}\n"));
    Exit::Clean
}
