//! The command line: one file per command, and the frame that they share.
//!
//! A command takes its parsed arguments and returns an [`Exit`]; an error is printed as one chain on stderr
//! and exits 1. stdout carries the result and nothing else; progress, warnings and errors go to stderr. `frame`
//! decides how a command ends and writes its JSON document; `pages` holds what `--help` says beside the flags.

use std::any::Any;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use anyhow::Context as _;
use clap::CommandFactory as _;

mod access;
mod apply;
mod asking;
mod completions;
mod connection;
mod demo;
mod doctor;
mod drift;
mod export;
mod frame;
mod get;
mod given;
mod inputs;
mod line;
mod login;
mod logins;
mod logout;
mod pages;
mod plan;
mod progress;
mod prompt;
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
pub use pages::exits_by_command;

use line::{Cli, Command, parsed};
use signal::unless_stopped;
use terminal::Global;

use crate::run::InternalError;

/// Runs the command line of this process.
pub fn main() -> Exit {
    run(std::env::args_os())
}

fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match parsed(args) {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    terminal::set_up(cli.global);
    std::panic::set_hook(Box::new(|panic| terminal::fail(&format!("internal error: {panic}"))));
    let outcome = catch_unwind(AssertUnwindSafe(|| block_on(cli)));
    frame::end(outcome.unwrap_or_else(|panic| Err(InternalError(said(&*panic)).into())))
}

/// Returns what a panic says.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no words".to_owned())
}

fn block_on(cli: Cli) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start")?;
    let outcome = runtime.block_on(dispatch(cli));
    // A prompt may still be reading stdin on a thread of its own.
    runtime.shutdown_timeout(Duration::from_secs(10));
    if let Err(error) = &outcome {
        terminal::fail(&format!("{error:#}"));
    }
    outcome
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
        Command::Export(args) => unless_stopped(export::run(args)).await,
        Command::Get(args) => unless_stopped(get::run(args)).await,
        Command::Doctor(args) => unless_stopped(doctor::run(args)).await,
        Command::Schema(args) => unless_stopped(async { Ok(schema::run(&args)) }).await,
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
