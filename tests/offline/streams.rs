//! Output that cannot be written, and output that nobody reads, change nothing of what a command does.

use std::fs::{self, File, OpenOptions};
use std::process::Stdio;

use crate::program::{program, text};

fn full() -> Option<File> {
    OpenOptions::new().write(true).open("/dev/full").ok()
}

/// A pipe that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[test]
fn an_answer_that_is_lost_is_told_and_one_that_nobody_wants_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.yaml"), "realm: a\n").expect("a manifest");
    for args in [
        &["validate", "a.yaml"][..],
        &["schema", "manifest"],
        &["--help"],
        &["completions", "zsh"],
        &["validate", "a.yaml", "--format", "json"],
    ] {
        let run = |out: Stdio| {
            let mut command = program(folder.path(), folder.path());
            let output = command.args(args).stdout(out).stderr(Stdio::piped()).spawn().expect("it runs");
            let output = output.wait_with_output().expect("it ends");
            (output.status.code(), text(&output.stderr))
        };
        if let Some(full) = full() {
            let (code, said) = run(full.into());
            assert_eq!(code, Some(1), "{args:?}: {said}");
            assert!(said.contains("warning: the result could not be written"), "{args:?}: {said}");
        }
        assert_eq!(run(closed()), (Some(0), String::new()), "{args:?}");
    }
}

#[test]
fn logs_and_errors_that_cannot_be_written_are_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.yaml"), "realm: a\n").expect("a manifest");
    let args = ["plan", "a.yaml", "-vvv", "--server", "http://127.0.0.1:9", "--format", "json"];
    for gone in [Some(closed()), full().map(Stdio::from)].into_iter().flatten() {
        let mut command = program(folder.path(), folder.path());
        command.args(args).envs([("REALMWRIGHT_USER", "admin"), ("REALMWRIGHT_PASSWORD", "admin")]);
        let child = command.stdout(Stdio::piped()).stderr(gone).spawn().expect("it runs");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(1));
        let whole: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
        assert_eq!(whole["errors"][0]["code"], "network");
    }
}

#[test]
fn v_tells_what_is_done_and_not_what_the_http_library_does() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.yaml"), "realm: a\n").expect("a manifest");
    let said = |flag: &str| {
        let mut command = program(folder.path(), folder.path());
        command.args(["plan", "a.yaml", flag, "--server", "http://127.0.0.1:9"]);
        let output =
            command.envs([("REALMWRIGHT_USER", "admin"), ("REALMWRIGHT_PASSWORD", "admin")]).output();
        text(&output.expect("it runs").stderr)
    };
    let (once, twice, thrice) = (said("-v"), said("-vv"), said("-vvv"));
    assert!(once.contains("server http://127.0.0.1:9, login to realm master as user admin, run "), "{once}");
    assert!(!once.contains("trying again") && twice.contains("trying again"), "{twice}");
    let chatter =
        |text: &str| ["connecting to", "starting new connection", "pool"].iter().any(|it| text.contains(it));
    assert!(!chatter(&once) && !chatter(&twice), "{twice}");
    assert!(thrice.lines().count() > twice.lines().count());
}
