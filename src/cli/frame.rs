//! How every command begins and ends: its name, its form of output, its one document, its exit code.
//!
//! With `--format json` stdout carries exactly one document, whatever happens: also when the command line is wrong,
//! when nobody answers, on a signal, and when we are at fault. So it is decided here and not in any command.

use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};

use clap::{ArgMatches, Command};

use super::pages::writes;
use super::terminal::{self, print_as_it_is, say};
use crate::report::{self, Ending};
use crate::run::{Exit, of_error};

/// What is known of the command that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// As it is typed: `plan`, `access can`; empty where none is named.
    command: String,
    is_json: bool,
}

/// Commands whose format is that of the manifests which they write: those are no document about a run.
const OF_MANIFESTS: &[&str] = &["export"];

/// A signal may end the command from anywhere.
static RUNNING: Mutex<Frame> = Mutex::new(Frame { command: String::new(), is_json: false });

impl Frame {
    /// Reads a command line that is right.
    pub(super) fn of_matches(matches: &ArgMatches) -> Frame {
        let (mut matches, mut names) = (matches, Vec::new());
        while let Some((name, below)) = matches.subcommand() {
            names.push(name);
            matches = below;
        }
        let format = matches.try_get_raw("format").ok().flatten().and_then(|mut it| it.next());
        Frame::new(&names, format.is_some_and(|it| it == "json"))
    }

    /// Reads what can be known of a command line that is wrong.
    pub(super) fn of_line(args: &[OsString], cli: &Command) -> Frame {
        let (mut at, mut names) = (cli, Vec::new());
        let mut is_json = false;
        let mut words = args.iter().skip(1).map(|it| it.to_string_lossy()).peekable();
        while let Some(word) = words.next() {
            match &*word {
                // What follows belongs to another program.
                "--" => break,
                "--format=json" => is_json = true,
                "--format" => is_json |= words.peek().is_some_and(|it| it == "json"),
                word => {
                    if let Some(below) = at.find_subcommand(word) {
                        names.push(below.get_name());
                        at = below;
                    }
                }
            }
        }
        Frame::new(&names, is_json)
    }

    fn new(names: &[&str], says_json: bool) -> Frame {
        let command = names.join(" ");
        let is_json = says_json && !OF_MANIFESTS.contains(&&*command);
        Frame { command, is_json }
    }

    /// Makes it the command that runs.
    pub(super) fn begin(self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = self;
    }
}

/// Says whether the command that runs writes a document.
pub(super) fn is_json() -> bool {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).is_json
}

/// Ends the command that runs, of whose failure stderr was told: writes its document, and returns how the process
/// exits.
pub(super) fn end(outcome: anyhow::Result<Exit>) -> Exit {
    let frame = RUNNING.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (exit, failure) = match outcome {
        Ok(exit) => (exit, stopped(exit)),
        Err(error) => {
            let (exit, class) = of_error(&error);
            (exit, Some((class, format!("{error:#}"))))
        }
    };
    if let (true, Some((document, warnings))) = (frame.is_json, terminal::take()) {
        let ending = Ending { command: frame.command.clone(), exit_code: exit.code(), failure, warnings };
        print_as_it_is(&report::json_text(&report::enveloped(document, &ending)));
    }
    match terminal::lost() {
        None => exit,
        Some(cause) => {
            say(&format!("warning: the result could not be written: {cause}"));
            // What was done was done; but who asked only for an answer has none.
            if exit == Exit::Clean && !writes(&frame.command) { Exit::Failed } else { exit }
        }
    }
}

fn stopped(exit: Exit) -> Option<(&'static str, String)> {
    match exit {
        Exit::Interrupted => Some(("interrupted", "interrupted by SIGINT".to_owned())),
        Exit::Terminated => Some(("interrupted", "ended by SIGTERM".to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn a_wrong_command_line_still_tells_its_command_and_its_format() {
        for (line, command, is_json) in [
            ("realmwright plan --format json --wrong", "plan", true),
            ("realmwright --wrong plan --format=json", "plan", true),
            ("realmwright access can --format json", "access can", true),
            ("realmwright token inspect --format text x", "token inspect", false),
            ("realmwright plam --format json", "", true),
            ("realmwright sandbox run --wrong -- cat --format json", "sandbox run", false),
            ("realmwright", "", false),
            ("realmwright plan --format", "plan", false),
        ] {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let wanted = Frame { command: command.to_owned(), is_json };
            assert_eq!(Frame::of_line(&args, &Cli::command()), wanted, "{line}");
        }
    }

    #[test]
    fn a_right_command_line_tells_them_too() {
        for (line, command, is_json) in [
            ("realmwright plan --format json", "plan", true),
            ("realmwright access can eric view R --format=json", "access can", true),
            ("realmwright access matrix --client c --format csv", "access matrix", false),
            ("realmwright export --realm r --stdout --format json", "export", false),
            ("realmwright login", "login", false),
            ("realmwright sandbox run -- cat --format json", "sandbox run", false),
        ] {
            let matches = Cli::command().try_get_matches_from(line.split(' ')).unwrap();
            let wanted = Frame { command: command.to_owned(), is_json };
            assert_eq!(Frame::of_matches(&matches), wanted, "{line}");
        }
    }
}
