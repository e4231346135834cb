//! `apply`: shows the plan, asks, does it, and shows that nothing is left to do.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::applying::{self, Orders};
use super::connection::{Connection, may_ask};
use super::exit::UsageError;
use super::inputs::{Inputs, Scope};
use super::realms::{self, Ready};
use super::terminal::say;
use super::{Exit, Global};
use crate::plan::Plan;
use crate::report::{Audit, Verification};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    output: realms::Output,
    /// Do not ask; consents still need their `--allow`
    #[arg(long, visible_alias = "yes")]
    auto_approve: bool,
    /// Write a fresh ledger in place of one that cannot be trusted
    #[arg(long)]
    adopt: bool,
    /// How many seconds to wait for another run to end
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    lock_timeout: u64,
    /// How many requests may be under way at once; 4, or 8 on this machine
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    concurrency: Option<u8>,
}

pub(super) async fn run(args: Args, global: Global) -> anyhow::Result<Exit> {
    let Some(ready) = Ready::open(&args.inputs, &args.connection, &args.scope, &args.output, global).await?
    else {
        return Ok(Exit::Failed);
    };
    if !ready.show_missing_secrets() {
        return Ok(Exit::Failed);
    }
    let mut exit = Exit::Clean;
    let mut reports = Vec::new();
    for realm in ready.realms() {
        let planned = ready.plan(realm, args.adopt).await?;
        if planned.plan.diff.notes.iter().any(crate::text::Note::is_error) {
            args.output.before(&planned.plan, &ready)?;
            exit = exit.worst(Exit::Failed);
            continue;
        }
        if !planned.plan.is_empty() || !planned.plan.refusals.is_empty() {
            args.output.before(&planned.plan, &ready)?;
        }
        let agreed = agreed(&planned.plan, args.auto_approve)?;
        if !agreed {
            exit = exit.worst(Exit::Refused);
            reports.push((planned.plan, Vec::new(), audit(0, 0.0, Verification::NotDone)));
            continue;
        }
        let bar = super::progress::calls(global.quiet);
        let orders = Orders {
            run: &ready.run,
            lanes: args.concurrency.map_or_else(|| ready.lanes(), usize::from),
            patience: Duration::from_secs(args.lock_timeout),
            is_full: args.scope.is_full(),
            progress: &|done, all| {
                bar.set_length(all as u64);
                bar.set_position(done as u64);
            },
        };
        let wish = ready.wish(realm, args.adopt);
        let (before, started) = (ready.target.keycloak.counts(), Instant::now());
        let applied = applying::apply(&ready.target.keycloak, &wish, &planned, &orders).await?;
        bar.finish_and_clear();
        if let Some(trouble) = &applied.trouble {
            say(&format!("error: {trouble}"));
        }
        exit = exit.worst(applied.exit);
        let counts = ready.target.keycloak.counts();
        let requests = counts.reads + counts.writes - before.reads - before.writes;
        let verification = match applied.after {
            Some(after) if after.is_empty() => Verification::Clean { held_back: after.diff.held_back.len() },
            Some(after) => {
                Verification::Differs { still: after.changes().iter().map(|it| it.object.clone()).collect() }
            }
            None => Verification::NotDone,
        };
        let audit = audit(requests, started.elapsed().as_secs_f64(), verification);
        reports.push((planned.plan, applied.outcomes, audit));
    }
    if !reports.is_empty() {
        args.output.applied(&reports, &ready)?;
    }
    Ok(exit)
}

fn audit(requests: u64, seconds: f64, verification: Verification) -> Audit {
    Audit {
        subject: None,
        commit: None,
        requests: usize::try_from(requests).unwrap_or(usize::MAX),
        seconds,
        verification,
    }
}

/// Whether somebody agrees: to everything that the plan shows, on a terminal; otherwise by flags.
fn agreed(plan: &Plan, auto_approve: bool) -> anyhow::Result<bool> {
    if !plan.refusals.is_empty() {
        for refusal in &plan.refusals {
            say(&format!("refused: {}", refusal.message));
        }
        return Ok(false);
    }
    if plan.is_empty() {
        return Ok(true);
    }
    if auto_approve {
        let lacking = plan.unasked_refusals();
        for refusal in &lacking {
            say(&format!("refused: {}", refusal.message));
        }
        return Ok(lacking.is_empty());
    }
    if !may_ask() {
        return Err(UsageError::new(
            "nobody can be asked here: use --auto-approve to apply without a question",
        )
        .into());
    }
    let deletes = plan.summary().delete > 0;
    let word = if deletes { plan.realm.clone() } else { "yes".to_owned() };
    let mut stderr = std::io::stderr();
    write!(stderr, "Apply this to realm {}? Type `{word}`: ", plan.realm)?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim() == word {
        return Ok(true);
    }
    say("not applied: nothing was written");
    Ok(false)
}
