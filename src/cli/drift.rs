//! `drift`: how the realm differs from what is declared. Never writes.

use super::realms::{Asked, Ready};
use super::{Exit, Global};
use crate::plan;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) asked: Asked,
}

pub(super) async fn run(args: Args, global: Global) -> anyhow::Result<Exit> {
    let Some(ready) = Ready::open(&args.asked, "drift", global).await? else { return Ok(Exit::Failed) };
    let mut plans = Vec::new();
    let mut exit = Exit::Clean;
    for realm in ready.realms() {
        let planned = ready.plan(realm, false).await?;
        let unclear = planned.plan.diff.notes.iter().any(crate::text::Note::is_error);
        let drifted = !plan::drift(&planned.plan).is_empty();
        exit = exit.worst(if unclear {
            Exit::Failed
        } else if drifted {
            Exit::NotClean
        } else {
            Exit::Clean
        });
        plans.push(planned.plan);
    }
    args.asked.output.drifts(&plans, &ready.session)?;
    Ok(exit)
}
