//! `plan`, `drift` and `validate` on realms that are given instead of read, as the command line would show
//! them: what the tests of the planner run.

use std::ffi::OsString;

use clap::Parser as _;

use super::realms::{Asked, Place, Read};
use super::{Cli, Command, Exit, Global, drift, plan, terminal, validate};
use crate::access::Myself;
use crate::run::{Observed, PlanRequest, Planned, Session, of_error};

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
        run(line, observe).unwrap_or_else(|error| {
            terminal::say(&format!("error: {error:#}"));
            of_error(&error).0
        })
    });
    Shown { exit, out: written.out, err: written.err }
}

fn run(line: &[&str], observe: &dyn Fn(&PlanRequest<'_>) -> Observed) -> anyhow::Result<Exit> {
    let cli = match Cli::try_parse_from(line.iter().map(OsString::from)) {
        Ok(cli) => cli,
        Err(message) => {
            terminal::say(message.to_string().trim_end());
            return Ok(Exit::Usage);
        }
    };
    let global = cli.global;
    match cli.command {
        Command::Validate(args) => validate::run(&args, global),
        Command::Plan(args) => match planned(&args.asked, "plan", global, observe)? {
            Some((session, planned)) => plan::show(&args, &session, planned),
            None => Ok(Exit::Failed),
        },
        Command::Drift(args) => match planned(&args.asked, "drift", global, observe)? {
            Some((session, planned)) => drift::show(&args, &session, planned),
            None => Ok(Exit::Failed),
        },
        _ => anyhow::bail!("only plan, drift and validate run on a realm that is given"),
    }
}

fn planned(
    asked: &Asked,
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
    let (session, _) = read.session(asked, place)?;
    let one = |realm| {
        let mut planned = session.plan(realm, false, observe(&session.request(realm, false)));
        if command == "plan" {
            session.test(&mut planned);
        }
        planned
    };
    let planned = (0..session.loaded.realms.len()).map(one).collect();
    Ok(Some((session, planned)))
}
