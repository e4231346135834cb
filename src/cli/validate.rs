//! `validate`: everything that can be said of manifests without a server.

use super::inputs::Inputs;
use super::realms::{Format, show_notes};
use super::terminal::print;
use super::{Exit, Global};
use crate::report;
use crate::text::Note;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// What stdout is
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(args: &Args, global: Global) -> anyhow::Result<Exit> {
    let (_, loaded) = args.inputs.load()?;
    let clean = !loaded.notes.iter().any(Note::is_error);
    let objects: usize = loaded.realms.iter().map(|it| it.state.objects.len()).sum();
    match args.format {
        Format::Text => {
            show_notes(&loaded, global);
            if clean {
                let realms: Vec<&str> = loaded.realms.iter().map(|it| it.realm.as_str()).collect();
                print(&format!("{objects} objects in {} are valid\n", realms.join(", ")))?;
            }
        }
        Format::Json => {
            let json = serde_json::json!({
                "format_version": "1.0",
                "command": "validate",
                "valid": clean,
                "objects": objects,
                "errors": report::notes_json(&loaded.files, &loaded.notes.iter().filter(|it| it.is_error()).cloned().collect::<Vec<_>>()),
                "warnings": report::notes_json(&loaded.files, &loaded.notes.iter().filter(|it| !it.is_error()).cloned().collect::<Vec<_>>()),
            });
            print(&format!("{json:#}\n"))?;
        }
    }
    Ok(if clean { Exit::Clean } else { Exit::Failed })
}
