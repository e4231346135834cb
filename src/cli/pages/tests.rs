use std::collections::BTreeSet;

use clap::CommandFactory as _;

use super::*;
use crate::cli::Cli;

/// Every command that does something, with the path that is typed.
fn leaves(command: &Command, path: &str, out: &mut Vec<(String, Command)>) {
    let below: Vec<&Command> = command.get_subcommands().filter(|it| it.get_name() != "help").collect();
    if below.is_empty() {
        out.push((path.to_owned(), command.clone()));
    }
    for it in below {
        leaves(it, &joined(path, it.get_name()), out);
    }
}

fn all() -> Vec<(String, Command)> {
    let mut cli = Cli::command();
    cli.build();
    let mut out = Vec::new();
    leaves(&cli, "", &mut out);
    out
}

/// Splits a line as a shell does, as far as our examples go; only the program's own words.
fn words(line: &str) -> Vec<String> {
    let start = line.find("realmwright").expect("an example runs realmwright");
    let mut words = vec![String::new()];
    let mut quote = None;
    for it in line[start..].chars() {
        match (quote, it) {
            (Some(open), it) if open == it => quote = None,
            (Some(_), it) => words.last_mut().unwrap().push(it),
            (None, '"' | '\'') => quote = Some(it),
            (None, ' ') => words.push(String::new()),
            (None, '|' | '>' | ')') => break,
            (None, it) => words.last_mut().unwrap().push(it),
        }
    }
    words.retain(|it| !it.is_empty());
    words
}

#[test]
fn every_command_has_a_page_and_every_page_a_command() {
    let commands: BTreeSet<String> = all().into_iter().map(|it| it.0).chain([String::new()]).collect();
    let pages: BTreeSet<String> = PAGES.iter().map(|it| it.command.to_owned()).collect();
    assert_eq!(commands, pages);
    for page in PAGES {
        assert!(!page.examples.is_empty(), "{}", page.command);
        assert!(page.command.is_empty() || page.exits.iter().any(|it| it.0.code() == 0), "{}", page.command);
    }
}

#[test]
fn every_example_is_a_command_line_of_its_command() {
    for page in PAGES {
        for (line, purpose) in page.examples {
            let words = words(line);
            if let Err(error) = Cli::command().try_get_matches_from(&words) {
                panic!("{line}: {error}");
            }
            assert!(line.contains(&format!("realmwright {}", page.command)), "{line}");
            assert!(line.len() <= 104 && purpose.len() <= 80, "{line}: {purpose}");
        }
    }
}

fn check_help(command: &Command, path: &str) {
    let text = command.clone().render_long_help().to_string();
    for part in ["Exit codes:\n  0", "\n  64 ", "\n  130 ", "\n  143 ", "Examples:\n", "realmwright "] {
        assert!(text.contains(part), "{path}: no {part:?} in\n{text}");
    }
    for it in command.get_subcommands().filter(|it| it.get_name() != "help") {
        check_help(it, &joined(path, it.get_name()));
    }
}

#[test]
fn every_help_says_how_it_ends_and_shows_examples() {
    let mut cli = dressed(Cli::command());
    cli.build();
    check_help(&cli, "");
}

#[test]
fn every_man_page_has_its_sections() {
    let folder = tempfile::tempdir().unwrap();
    let mut cli = Cli::command();
    cli.build();
    man_pages(&cli, folder.path()).unwrap();
    let mut count = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for section in [
            ".SH NAME",
            ".SH SYNOPSIS",
            ".SH OPTIONS",
            ".SH \"EXIT STATUS\"",
            ".SH ENVIRONMENT",
            ".SH EXAMPLES",
        ] {
            assert_eq!(text.matches(&format!("{section}\n")).count(), 1, "{}: {section}", path.display());
        }
        count += 1;
    }
    // One per command, group and the program.
    assert_eq!(count, all().len() + 4);
}

#[test]
fn every_variable_that_a_flag_reads_is_told() {
    for (path, command) in all() {
        let told: BTreeSet<&str> = variables(&command).iter().map(|it| it.name).collect();
        for arg in command.get_arguments() {
            if let Some(name) = arg.get_env().and_then(|it| it.to_str()) {
                assert!(told.contains(name), "{path}: {name}");
            }
        }
    }
    let names: Vec<&str> = VARIABLES.iter().map(|it| it.name).collect();
    let read = ["connection.rs", "secret.rs", "login.rs", "logout.rs", "asking.rs"];
    for file in read {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        for word in text.split(|it: char| !(it.is_ascii_uppercase() || it == '_')) {
            if word.starts_with("REALMWRIGHT_") && word.len() > "REALMWRIGHT_".len() {
                assert!(names.contains(&word), "{file}: {word}");
            }
        }
    }
}
