//! `plan`: what apply would do, and nothing more.

use super::realms::{Ready, RunArgs};
use super::{Exit, Global};
use crate::plan::Plan;
use crate::run::{Planned, Session};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) asked: RunArgs,
    /// Exit 2 when there are changes, 3 when apply would refuse
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(super) async fn run(args: Args, global: Global) -> anyhow::Result<Exit> {
    let Some(mut ready) = Ready::open(&args.asked, "plan", global).await? else { return Ok(Exit::Failed) };
    let mut planned = ready.plan_all().await?;
    for planned in &mut planned {
        ready.test(planned).await?;
    }
    Ok(show(&args, &ready.session, planned))
}

/// Shows plans, and returns how the command ends by them.
pub(super) fn show(args: &Args, session: &Session, planned: Vec<Planned>) -> Exit {
    let plans: Vec<Plan> = planned.into_iter().map(|it| it.plan).collect();
    let exit = plans.iter().map(|it| verdict(args, it)).fold(Exit::Clean, Exit::worst);
    args.asked.output.plans(&plans, session);
    exit
}

fn verdict(args: &Args, plan: &Plan) -> Exit {
    if plan.has_errors() {
        Exit::Failed
    } else if !args.detailed_exitcode {
        Exit::Clean
    } else if !plan.unasked_refusals().is_empty() {
        Exit::Refused
    } else if plan.is_empty() && plan.diff.held_back.is_empty() {
        Exit::Clean
    } else {
        Exit::NotClean
    }
}
