//! The program itself, run without anything of the machine's own environment.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Returns the program, which knows no server, no login and no terminal.
pub(crate) fn program(folder: &Path, home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_realmwright"));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home).env("NO_COLOR", "1");
    command.env("REALMWRIGHT_STATE_DIR", home.join("state")).env("REALMWRIGHT_CACHE_DIR", home.join("cache"));
    command
}

/// Splits a line as a shell does, as far as ours go; a comment ends it.
pub(crate) fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote): (Vec<String>, Option<String>, Option<char>) =
        (Vec::new(), None, None);
    for it in line.chars() {
        match (quote, it) {
            (Some(open), it) if it == open => quote = None,
            (Some(_), it) => word.get_or_insert_default().push(it),
            (None, '"' | '\'') => {
                quote = Some(it);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, it) if it.is_whitespace() => words.extend(word.take()),
            (None, it) => word.get_or_insert_default().push(it),
        }
    }
    words.extend(word);
    words
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What is shown of a run that went otherwise than it should.
pub(crate) fn shown(line: &str, output: &Output) -> String {
    format!(
        "{line}: {:?}\n--- stdout\n{}\n--- stderr\n{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    )
}
