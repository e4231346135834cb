//! What `--help` and the man pages say of every command beside its flags: exit codes, examples, variables.
//!
//! All of it is data; a test holds that every command has its page and that every example is a command line.

use std::fmt::Write as _;

use clap::Command;

use crate::run::Exit;

mod man;
mod table;

pub(super) use man::{man_page, man_pages};
use table::{PAGES, VARIABLES};

/// What is said of one command.
struct Page {
    /// As it is typed, without the program; empty for the program itself.
    command: &'static str,
    /// It changes something on a server or here: what it did stands, even where its words are lost.
    writes: bool,
    /// What its exit codes mean.
    exits: &'static [(Exit, &'static str)],
    /// Command lines, and what each is for.
    examples: &'static [(&'static str, &'static str)],
}

/// A variable that commands read.
struct Variable {
    name: &'static str,
    means: &'static str,
    /// Flags that commands have which read it; empty where all do.
    with: &'static [&'static str],
}

/// Returns whether a command changes something by itself.
pub(super) fn writes(command: &str) -> bool {
    PAGES.iter().any(|it| it.command == command && it.writes)
}

/// Returns the pages of a command: its own, or those of what stands below it.
fn pages_of(path: &str) -> impl Iterator<Item = &'static Page> {
    let below = format!("{path} ");
    PAGES.iter().filter(move |it| it.command == path || it.command.starts_with(&below))
}

/// Returns every exit code of a command with its meaning, those of every command among them.
fn exits(path: &str) -> Vec<(u8, &'static str)> {
    let own = PAGES.iter().find(|it| it.command == path).map_or(&[][..], |it| it.exits);
    let general = Exit::ALL.iter().filter(|exit| {
        let is_own = own.iter().any(|(it, _)| it == *exit);
        !is_own
            && (own.is_empty()
                || matches!(exit, Exit::Failed | Exit::Usage | Exit::Interrupted | Exit::Terminated))
    });
    let own = own.iter().map(|(exit, it)| (exit.code(), *it));
    let mut all: Vec<(u8, &'static str)> =
        own.chain(general.map(|exit| (exit.code(), exit.meaning()))).collect();
    all.sort_by_key(|it| it.0);
    all
}

/// Returns what exit codes mean of single commands: the command, the code, its meaning there.
pub fn exits_by_command() -> impl Iterator<Item = (&'static str, Exit, &'static str)> {
    PAGES.iter().flat_map(|page| page.exits.iter().map(|(exit, means)| (page.command, *exit, *means)))
}

/// Returns examples of a command; of one that only has others below it, the first of each.
fn examples(path: &str) -> Vec<(&'static str, &'static str)> {
    match PAGES.iter().find(|it| it.command == path) {
        Some(page) => page.examples.to_vec(),
        None => pages_of(path).filter_map(|it| it.examples.first().copied()).collect(),
    }
}

/// Returns the variables that a command reads, by its flags.
fn variables(command: &Command) -> Vec<&'static Variable> {
    let has = |id: &str| command.get_arguments().any(|it| it.get_id() == id);
    let is_read = |it: &&Variable| it.with.is_empty() || it.with.iter().any(|id| has(id));
    VARIABLES.iter().filter(is_read).collect()
}

/// Gives every command its exit codes and examples, for `--help`.
pub(super) fn dressed(cli: Command) -> Command {
    dress(cli, "")
}

fn dress(mut command: Command, path: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
    for name in names {
        let below = joined(path, &name);
        command = command.mut_subcommand(&name, |it| dress(it, &below));
    }
    let head = command.get_styles().get_header().to_owned();
    let mut text = command.get_after_help().map(|it| format!("{it}\n\n")).unwrap_or_default();
    let _ = writeln!(text, "{head}Exit codes:{head:#}");
    for (code, means) in exits(path) {
        let _ = writeln!(text, "  {code:<4} {means}");
    }
    let _ = write!(text, "\n{head}Examples:{head:#}");
    for (line, purpose) in examples(path) {
        let _ = write!(text, "\n  {line}\n      {purpose}");
    }
    command.after_long_help(text)
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path} {name}") }
}

#[cfg(test)]
mod tests;
