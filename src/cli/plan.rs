//! `plan`: what apply would do, and nothing more.

use super::realms::{Asked, Ready};
use super::{Exit, Global};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) asked: Asked,
    /// Exit 2 when there are changes, 3 when apply would refuse
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(super) async fn run(args: Args, global: Global) -> anyhow::Result<Exit> {
    let Some(ready) = Ready::open(&args.asked, "plan", global).await? else { return Ok(Exit::Failed) };
    let mut plans = Vec::new();
    let mut exit = Exit::Clean;
    for realm in ready.realms() {
        let planned = ready.plan_tested(realm, false).await?;
        exit = exit.worst(if planned.plan.diff.notes.iter().any(crate::text::Note::is_error) {
            Exit::Failed
        } else if !args.detailed_exitcode {
            Exit::Clean
        } else if !planned.plan.unasked_refusals().is_empty() {
            Exit::Refused
        } else if planned.plan.is_empty() && planned.plan.diff.held_back.is_empty() {
            Exit::Clean
        } else {
            Exit::NotClean
        });
        plans.push(planned.plan);
    }
    args.asked.output.plans(&plans, &ready.session)?;
    Ok(exit)
}
