//! `validate`: everything that can be said of manifests without a server.

use serde_json::json;

use super::inputs::Inputs;
use super::realms::{Format, show_notes};
use super::terminal::{document, print};
use super::{Exit, Global};
use crate::manifest;
use crate::report;
use crate::text::Note;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// What stdout carries
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(args: &Args, global: Global) -> anyhow::Result<Exit> {
    let (_, mut loaded) = args.inputs.load()?;
    let recorded: Vec<Note> = loaded.realms.iter().flat_map(manifest::check_recorded).collect();
    loaded.notes.extend(recorded);
    let errors = loaded.notes.iter().filter(|it| it.is_error()).count();
    match args.format {
        Format::Text => {
            if show_notes(&loaded, global) {
                for desired in &loaded.realms {
                    let objects = desired.state.objects.len();
                    print(&format!("realm {}: {objects} objects, no errors\n", desired.realm));
                }
            }
        }
        Format::Json => {
            let (wrong, other): (Vec<Note>, Vec<Note>) =
                loaded.notes.iter().cloned().partition(Note::is_error);
            let realms: Vec<_> = loaded
                .realms
                .iter()
                .map(|it| json!({ "realm": it.realm, "objects": it.state.objects.len() }))
                .collect();
            document(json!({
                "valid": errors == 0,
                "realms": realms,
                "errors": report::notes_json(&loaded.files, &wrong),
                "notes": report::notes_json(&loaded.files, &other),
                "warnings": report::notes_json(&loaded.files, &other),
            }));
        }
    }
    Ok(if errors == 0 { Exit::Clean } else { Exit::Failed })
}
