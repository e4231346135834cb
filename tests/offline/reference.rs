//! Pages under `docs/reference/` that are made from the code. `REALMWRIGHT_UPDATE=1` writes them anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use realmwright::change::{ConsentKey, Reason};
use realmwright::cli::exits_by_command;
use realmwright::kind;
use realmwright::run::Exit;
use realmwright::text::Code;

/// Holds a committed page against what the code says.
fn check_page(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(name);
    if std::env::var_os("REALMWRIGHT_UPDATE").is_some() {
        fs::write(&path, page).expect("the page can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/reference/{name} is out of date: run the tests with REALMWRIGHT_UPDATE=1"
    );
}

/// A table with these heads.
fn table<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut out = format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(N));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out
}

fn code(word: impl std::fmt::Display) -> String {
    format!("`{word}`")
}

#[test]
fn the_page_of_kinds_is_what_the_table_says() {
    check_page("kinds.md", &kind::reference_page());
}

#[test]
fn every_property_of_every_representation_has_an_answer() {
    let (page, unanswered) = kind::coverage_page();
    assert_eq!(unanswered, Vec::<String>::new(), "no word in the table, nor in `LEFT_ALONE`");
    check_page("../coverage.md", &page);
}

#[test]
fn the_page_of_codes_is_what_the_code_says() {
    let codes = table(["code", "means"], Code::ALL.iter().map(|it| [code(it), it.meaning()]));
    let reasons = table(["reason", "means"], Reason::ALL.iter().map(|it| [code(it), it.meaning()]));
    let page = format!(
        "# Codes of notes and refusals\n\
        Each word has one meaning, in text and in JSON, and keeps it.\n\n\
        ## Notes\n\
        A note is a finding about an input, with its place. An error ends the run before anything is sent.\n\n{codes}\n\
        ## Refusals\n\
        A refusal says why `apply` would write nothing: in brackets in the plan, `id` in JSON, [exit code](exit-codes.md) 3. To\n\
        some of them a [consent](consents.md) can be given.\n\n{reasons}"
    );
    check_page("codes.md", &page);
}

#[test]
fn the_page_of_consents_is_what_the_code_says() {
    let rows = ConsentKey::ALL.iter().map(|it| [code(it), it.meaning(), code(Reason::from(*it))]);
    let keys = table(["key", "what is consented to", "refused without"], rows);
    let page = format!(
        "# Consents\n\
        A yes on the terminal consents to everything that the plan lists. Without a terminal, `--allow KEY=N` consents to at\n\
        most N of a kind; a plan prints the flags that it needs. `reenables` and `secrets` need the flag on a terminal, too:\n\
        without it, these differences are left alone.\n\n{keys}"
    );
    check_page("consents.md", &page);
}

#[test]
fn the_page_of_exit_codes_is_what_the_code_says() {
    let mut by_badness: Vec<Exit> =
        Exit::ALL.iter().copied().filter(|it| it.code() < Exit::Usage.code()).collect();
    by_badness.sort_by_key(|it| Exit::ALL.iter().filter(|other| it.worst(**other) == **other).count());
    let order: Vec<String> = by_badness.iter().map(|it| it.code().to_string()).collect();
    let all =
        table(["code", "means"], Exit::ALL.iter().map(|it| [it.code().to_string(), it.meaning().to_owned()]));
    let rows = exits_by_command().map(|(command, exit, means)| {
        let number = if let Exit::Command(_) = exit { "any".to_owned() } else { exit.code().to_string() };
        [code(command), number, means.to_owned()]
    });
    let of_commands = table(["command", "code", "means there"], rows);
    let page = format!(
        "# Exit codes\n\
        A run over several realms exits with the worst code of its realms: {}.\n\
        Output that cannot be written turns 0 into 1 where the command only answers; what a command changed keeps its code.\n\n{all}\n\
        ## By command\n\
        Meanings that are special to a command. `COMMAND --help` lists all of its codes.\n\n{of_commands}",
        order.join(", then ")
    );
    check_page("exit-codes.md", &page);
}
