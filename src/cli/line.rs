//! The command line: which commands there are, and how a line is read.

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use super::frame::{self, Frame};
use super::pages::dressed;
use super::terminal::{self, Global};
use super::{
    access, apply, completions, demo, doctor, drift, export, get, login, logout, plan, sandbox, schema, test,
    token, unlock, validate,
};
use crate::run::{Exit, UsageError};

/// Makes Keycloak realms what their YAML manifests say.
#[derive(Debug, Parser)]
#[command(name = "realmwright", version, propagate_version = true, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
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
    /// Look at live objects
    Get(get::Args),
    /// Write a live realm as manifests
    Export(export::Args),
    /// Print a JSON Schema for editors
    Schema(schema::Args),
    /// Print shell completions or man pages
    Completions(completions::Args),
}

/// Reads a command line, and begins its command; says what is wrong with it, or what it asks for of clap, and returns
/// how that ends.
pub(super) fn parsed(args: impl IntoIterator<Item = OsString>) -> Result<Cli, Exit> {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut line = dressed(Cli::command());
    let matches = line.try_get_matches_from_mut(&args);
    match matches.and_then(|it| Ok((Frame::of_matches(&it), Cli::from_arg_matches(&it)?))) {
        Ok((frame, cli)) => {
            frame.begin();
            Ok(cli)
        }
        Err(message) if message.use_stderr() => {
            Frame::of_line(&args, &line).begin();
            let text = message.render();
            terminal::say(text.ansi().to_string().trim_end());
            Err(frame::end(Err(UsageError::new(first_paragraph(&text.to_string())).into())))
        }
        // Help, or the version.
        Err(message) => {
            terminal::print(&message.render().ansi().to_string());
            Err(frame::end(Ok(Exit::Clean)))
        }
    }
}

/// Returns what clap says before it goes on to usage and tips.
fn first_paragraph(text: &str) -> String {
    let first = text.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default();
    first.split_whitespace().collect::<Vec<_>>().join(" ")
}
