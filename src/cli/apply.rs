//! `apply`: shows the plan, asks, does it, and shows that nothing is left to do.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::prompt::may_ask;
use super::realms::{Ready, RunArgs};
use super::signal::Signals;
use super::terminal::{fail, say};
use super::{Exit, Global};
use crate::change::Refusal;
use crate::diff::Diff;
use crate::plan::{Outcome, Plan};
use crate::report::safe::one_line;
use crate::report::{Audit, Failure, Verification, failure_json};
use crate::run::{self, ApplyOptions};
use crate::run::{RefusedError, UsageError, of_error};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) asked: RunArgs,
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
    let Some(mut ready) = Ready::open(&args.asked, "apply", global).await? else { return Ok(Exit::Failed) };
    if !ready.show_missing_secrets("apply") {
        return Ok(Exit::Failed);
    }
    ready.settle_pruning(args.adopt, !args.auto_approve).await;
    let signals = Signals::listen()?;
    let mut exit = Exit::Clean;
    let (mut reports, mut failed) = (Vec::new(), Vec::new());
    for realm in ready.realms() {
        match apply_realm(&args, &ready, realm, &signals, global).await {
            Ok((end, report)) => {
                exit = exit.worst(end);
                reports.push(report);
            }
            // The only one: the frame says why.
            Err(error) if ready.realms().count() == 1 => return Err(error),
            // One that fails does not stop the others.
            Err(error) => {
                let ((end, class), message) = (of_error(&error), format!("{error:#}"));
                fail(&message);
                exit = exit.worst(end);
                failed.push(failure_json("apply", class, &message, &ready.session.loaded.files, &[]));
            }
        }
        if signals.seen().is_some() {
            break;
        }
    }
    args.asked.output.applied(&reports, failed, &ready.session);
    // Of several realms, one that is refused or fails leaves the run partly done once another one was written to.
    let wrote = reports.iter().any(|(_, outcomes, _)| outcomes.iter().any(|it| it.began));
    Ok(if wrote && matches!(exit, Exit::Refused | Exit::Failed) { Exit::Partly } else { exit })
}

/// What is reported of one realm.
type Report = (Plan, Vec<Outcome>, Audit);

/// Plans, asks and applies one realm.
async fn apply_realm(
    args: &Args,
    ready: &Ready,
    realm: usize,
    signals: &Signals,
    global: Global,
) -> anyhow::Result<(Exit, Report)> {
    let planned = ready.plan_tested(realm, args.adopt).await?;
    if planned.plan.has_errors() {
        args.asked.output.before(&planned.plan, &ready.session);
        let message = "the plan has errors; nothing was written".to_owned();
        return Ok((Exit::Failed, not_begun(planned.plan, "input", message)));
    }
    // What is left alone is said as well, also where nothing else is to be done.
    let Diff { notes, held_back, cannot_tell, left_behind, .. } = &planned.plan.diff;
    let is_all_as_said =
        notes.is_empty() && held_back.is_empty() && cannot_tell.is_empty() && left_behind.is_empty();
    if !planned.plan.is_empty() || !planned.plan.refusals.is_empty() || !is_all_as_said {
        args.asked.output.before(&planned.plan, &ready.session);
    }
    if let Some(why) = planned.ownership.damaged.as_ref().filter(|_| planned.too_new) {
        return Err(RefusedError::new(format!("{why}: apply with that version; nothing was written")).into());
    }
    if let Some(refusal) = refusal(&planned.plan, args.auto_approve)? {
        say(&one_line(&refusal));
        return Ok((Exit::Refused, not_begun(planned.plan, "refused", refusal)));
    }
    let bar = super::progress::calls(global.quiet);
    let options = ApplyOptions {
        run: &ready.run,
        lanes: args.concurrency.map_or_else(|| ready.lanes(), usize::from),
        patience: Duration::from_secs(args.lock_timeout),
        is_full: args.asked.scope.is_full(),
        progress: &|done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        },
        signal: &|| signals.seen(),
    };
    let request = ready.session.request(realm, args.adopt);
    let (before, started) = (ready.target.keycloak.counts(), Instant::now());
    signals.settle(Some(&ready.target.keycloak));
    let applied = run::apply(&ready.target.keycloak, &request, &planned, &options).await;
    signals.settle(None);
    bar.finish_and_clear();
    let applied = applied?;
    if let Some(failure) = &applied.failure {
        fail(&failure.message);
    }
    let counts = ready.target.keycloak.counts();
    let requests = counts.reads + counts.writes - before.reads - before.writes;
    let audit = Audit {
        subject: None,
        commit: None,
        requests: usize::try_from(requests).unwrap_or(usize::MAX),
        seconds: started.elapsed().as_secs_f64(),
        verification: applied.verification,
        failure: applied.failure,
    };
    Ok((applied.exit, (planned.plan, applied.outcomes, audit)))
}

fn not_begun(plan: Plan, class: &'static str, message: String) -> Report {
    let audit = Audit {
        subject: None,
        commit: None,
        requests: 0,
        seconds: 0.0,
        verification: Verification::NotDone,
        failure: Some(Failure { class, message }),
    };
    (plan, Vec::new(), audit)
}

/// Returns why nobody agrees; `None` when somebody does: to everything that the plan shows, on a terminal;
/// otherwise by flags.
fn refusal(plan: &Plan, auto_approve: bool) -> anyhow::Result<Option<String>> {
    let refused = |why: &[Refusal]| {
        let why: Vec<&str> = why.iter().map(|it| it.message.as_str()).collect();
        Some(format!("refused: {}; nothing was written", why.join("; ")))
    };
    if !plan.refusals.is_empty() {
        return Ok(refused(&plan.refusals));
    }
    if plan.is_empty() {
        return Ok(None);
    }
    if auto_approve {
        let lacking = plan.unasked_refusals();
        return Ok(if lacking.is_empty() { None } else { refused(&lacking) });
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
    write!(stderr, "Apply this to realm {}? Type `{}`: ", one_line(&plan.realm), one_line(&word))?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    let is_agreed = answer.trim() == word;
    Ok((!is_agreed).then(|| "not applied: nothing was written".to_owned()))
}
