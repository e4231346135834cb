//! `schema`: the JSON Schemas that editors and pipelines check documents with.

use super::Exit;
use super::terminal::print;
use crate::{access, manifest, report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the schema is of
    #[arg(value_enum)]
    of: SchemaName,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SchemaName {
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
        SchemaName::Manifest => manifest::schema::manifest(),
        SchemaName::Project => manifest::schema::project(),
        SchemaName::Access => report::access_schema(),
        SchemaName::AccessTest => access::test::schema(),
        SchemaName::Plan => report::report_schema(),
        SchemaName::Result => report::result_schema(),
    };
    print(&format!("{schema:#}\n"));
    Exit::Clean
}
