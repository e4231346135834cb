//! The command line: one file per command, and the frame that they share.
//!
//! A command takes its parsed arguments and returns an [`Exit`]; an error is printed as one chain on stderr
//! and exits 1. stdout carries the result and nothing else; progress, warnings and errors go to stderr.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use clap::{CommandFactory as _, Parser, Subcommand};

mod access;
mod apply;
mod asking;
mod completions;
mod connection;
mod demo;
mod doctor;
mod drift;
mod given;
mod inputs;
mod login;
mod logout;
mod plan;
mod progress;
mod realms;
mod sandbox;
mod schema;
mod secret;
mod signal;
mod terminal;
mod test;
mod token;
mod unlock;
mod validate;

pub use crate::run::Exit;
pub use given::{Shown, shown};

use signal::unless_stopped;

use crate::report;
use crate::run::of_error;
use crate::text::Files;

/// Makes Keycloak realms what their YAML manifests say.
#[derive(Debug, Parser)]
#[command(name = "realmwright", version, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done and clean, 1 could not do it, 2 done and not clean, 3 refused and \
    nothing written, 4 partly done, 64 usage, 130 interrupted, 143 terminated."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Global {
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: terminal::Color,
    /// Only errors and results
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more on stderr: -v what is done, -vv every request, -vvv everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer who may do what, and why
    Access(access::Args),
    /// Check manifests without a server
    Validate(validate::Args),
    /// Show what apply would change
    Plan(plan::Args),
    /// Make realms what the manifests say
    Apply(apply::Args),
    /// Show how realms differ from what is declared; exit 2 when they do
    Drift(drift::Args),
    /// Check who may do what against access tests; exit 2 when something is not as wanted
    Test(test::Args),
    /// End the lock of a run that cannot end it itself
    Unlock(unlock::Args),
    /// Boot a Keycloak, apply the example, drift it and repair it
    Demo(demo::Args),
    /// Run a disposable local Keycloak
    Sandbox(sandbox::Args),
    /// Log in with a browser, once for many commands
    Login(login::Args),
    /// End a stored login
    Logout(logout::Args),
    /// Get and inspect tokens, permission tickets and permissions
    Token(token::Args),
    /// Check the connection, the version and the rights of the credential
    Doctor(doctor::Args),
    /// Print a JSON Schema for editors
    Schema(schema::Args),
    /// Print shell completions or man pages
    Completions(completions::Args),
}

impl Command {
    /// Returns the command's name when its result is to be JSON, which then also says why there is none.
    fn in_json(&self) -> Option<&'static str> {
        match self {
            Command::Access(args) => args.is_json().then_some("access"),
            Command::Validate(args) => args.is_json().then_some("validate"),
            Command::Plan(args) => args.asked.output.is_json().then_some("plan"),
            Command::Apply(args) => args.asked.output.is_json().then_some("apply"),
            Command::Drift(args) => args.asked.output.is_json().then_some("drift"),
            Command::Token(args) => args.is_json().then_some("token"),
            Command::Test(args) => args.is_json().then_some("test"),
            Command::Unlock(_)
            | Command::Login(_)
            | Command::Logout(_)
            | Command::Demo(_)
            | Command::Doctor(_)
            | Command::Schema(_)
            | Command::Sandbox(_)
            | Command::Completions(_) => None,
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> Exit {
    run(std::env::args_os())
}

fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(message) => {
            // Nobody is left to be told when this fails.
            let _ = message.print();
            return if message.use_stderr() { Exit::Usage } else { Exit::Clean };
        }
    };
    terminal::set_up(cli.global);
    std::panic::set_hook(Box::new(|panic| terminal::say(&format!("error: internal error: {panic}"))));
    catch_unwind(AssertUnwindSafe(|| block_on(cli))).unwrap_or(Exit::Failed)
}

fn block_on(cli: Cli) -> Exit {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::say(&format!("error: cannot start: {error}"));
            return Exit::Failed;
        }
    };
    let in_json = cli.command.in_json();
    let outcome = runtime.block_on(dispatch(cli));
    // A prompt may still be reading stdin on a thread of its own.
    runtime.shutdown_timeout(Duration::from_secs(10));
    outcome.unwrap_or_else(|error| {
        let (exit, class) = of_error(&error);
        let message = format!("{error:#}");
        terminal::say(&format!("error: {message}"));
        if let (Some(command), false) = (in_json, exit == Exit::Usage) {
            let document = report::failure_json(command, class, &message, &Files::default(), &[]);
            // Nobody is left to be told when this fails.
            let _ = terminal::print(&report::json_text(&document));
        }
        exit
    })
}

/// Runs one command. Those that must settle something when they are stopped listen to signals themselves;
/// the others are dropped where they stand by `unless_stopped`.
async fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let global = cli.global;
    match cli.command {
        Command::Access(args) => unless_stopped(access::run(args, global)).await,
        Command::Validate(args) => unless_stopped(async { validate::run(&args, global) }).await,
        Command::Unlock(args) => unless_stopped(unlock::run(args)).await,
        Command::Login(args) => unless_stopped(login::run(args)).await,
        Command::Logout(args) => unless_stopped(logout::run(args)).await,
        Command::Token(args) => unless_stopped(token::run(args)).await,
        Command::Doctor(args) => unless_stopped(doctor::run(args)).await,
        Command::Schema(args) => unless_stopped(async { schema::run(&args) }).await,
        Command::Demo(args) => demo::run(args, global).await,
        Command::Plan(args) => unless_stopped(plan::run(args, global)).await,
        Command::Apply(args) => apply::run(args, global).await,
        Command::Drift(args) => unless_stopped(drift::run(args, global)).await,
        Command::Test(args) => unless_stopped(test::run(args, global)).await,
        Command::Sandbox(args) => sandbox::run(args, global).await,
        Command::Completions(args) => unless_stopped(async { completions::run(&args, Cli::command()) }).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit_of(line: &str) -> Exit {
        run(line.split(' ').map(OsString::from))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_is_clean_and_a_typo_is_usage() {
        assert_eq!(exit_of("realmwright --help"), Exit::Clean);
        assert_eq!(exit_of("realmwright --version"), Exit::Clean);
        assert_eq!(exit_of("realmwright sandbox run --help"), Exit::Clean);
        for typo in
            ["realmwright", "realmwright plam", "realmwright sandbox up --detahc", "realmwright sandbox run"]
        {
            assert_eq!(exit_of(typo), Exit::Usage, "{typo}");
        }
    }
}
