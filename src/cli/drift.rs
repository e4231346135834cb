//! `drift`: how the realm differs from what is declared. Never writes.

use super::realms::{Ready, RunArgs};
use super::{Exit, Global};
use crate::plan::{self, DriftVerdict, Plan};
use crate::run::{Planned, Session};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) asked: RunArgs,
}

pub(super) async fn run(args: Args, global: Global) -> anyhow::Result<Exit> {
    let Some(mut ready) = Ready::open(&args.asked, "drift", global).await? else { return Ok(Exit::Failed) };
    let planned = ready.plan_all().await?;
    Ok(show(&args, &ready.session, planned))
}

/// Shows drift, and returns how the command ends by it.
pub(super) fn show(args: &Args, session: &Session, planned: Vec<Planned>) -> Exit {
    let plans: Vec<Plan> = planned.into_iter().map(|it| it.plan).collect();
    let exit = plans.iter().map(verdict).fold(Exit::Clean, Exit::worst);
    args.asked.output.drifts(&plans, session);
    exit
}

fn verdict(plan: &Plan) -> Exit {
    match plan::verdict(plan, &plan::drift(plan)) {
        DriftVerdict::Clean => Exit::Clean,
        DriftVerdict::Drifted => Exit::NotClean,
        DriftVerdict::Incomplete => Exit::Failed,
    }
}
