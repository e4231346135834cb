//! `plan`, `drift` and `validate` on realms that are given instead of read, as the command line would show
//! them: what the tests of the planner run.

use std::ffi::OsString;

use super::realms::{Place, Read, RunArgs};
use super::{Cli, Command, Exit, Global, drift, frame, parsed, plan, terminal, validate};
use crate::access::Myself;
use crate::run::{Observed, PlanRequest, Planned, Session};

/// What a command shows, and how it ends.
pub struct Shown {
    pub exit: Exit,
    pub out: String,
    pub err: String,
}

/// Runs a command line, the name of the program first. `observe` stands for the server, which is
/// `https://sso.example.org`, and nobody of its realms is logged in.
pub fn shown(line: &[&str], observe: &dyn Fn(&PlanRequest<'_>) -> Observed) -> Shown {
    let (exit, written) = terminal::captured(|| {
        let cli = match parsed(line.iter().map(OsString::from)) {
            Ok(cli) => cli,
            Err(exit) => return exit,
        };
        let outcome = run(cli, observe);
        if let Err(error) = &outcome {
            terminal::fail(&format!("{error:#}"));
        }
        frame::end(outcome)
    });
    Shown { exit, out: written.out, err: written.err }
}

fn run(cli: Cli, observe: &dyn Fn(&PlanRequest<'_>) -> Observed) -> anyhow::Result<Exit> {
    let global = cli.global;
    match cli.command {
        Command::Validate(args) => validate::run(&args, global),
        Command::Plan(args) => match planned(&args.asked, "plan", global, observe)? {
            Some((session, planned)) => Ok(plan::show(&args, &session, planned)),
            None => Ok(Exit::Failed),
        },
        Command::Drift(args) => match planned(&args.asked, "drift", global, observe)? {
            Some((session, planned)) => Ok(drift::show(&args, &session, planned)),
            None => Ok(Exit::Failed),
        },
        _ => anyhow::bail!("only plan, drift and validate run on a realm that is given"),
    }
}

fn planned(
    asked: &RunArgs,
    command: &str,
    global: Global,
    observe: &dyn Fn(&PlanRequest<'_>) -> Observed,
) -> anyhow::Result<Option<(Session, Vec<Planned>)>> {
    let Some(read) = Read::open(asked, command, global)? else { return Ok(None) };
    let place = Place {
        server: "https://sso.example.org".to_owned(),
        environment: String::new(),
        myself: Myself::Elsewhere,
        auth_realm: None,
    };
    let (mut session, _) = read.session(asked, place)?;
    let observed =
        (0..session.loaded.realms.len()).map(|realm| observe(&session.request(realm, false))).collect();
    let mut planned = session.plan_all(observed);
    if command == "plan" {
        for planned in &mut planned {
            session.test(planned);
        }
    }
    Ok(Some((session, planned)))
}
