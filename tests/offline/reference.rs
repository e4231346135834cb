//! Pages under `docs/reference/` that are made from the code. `SNAPSHOTS=overwrite` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use realmwright::change::{ConsentKey, Reason};
use realmwright::text::Code;
use snapbox::{Assert, Data};

/// A table of words and their meanings.
fn table(head: &str, rows: impl Iterator<Item = (&'static str, String)>) -> String {
    let mut out = format!("| {head} | means |\n|---|---|\n");
    for (name, meaning) in rows {
        let _ = writeln!(out, "| `{name}` | {meaning} |");
    }
    out
}

#[test]
fn the_page_of_codes_is_what_the_code_says() {
    let codes = table("code", Code::ALL.iter().map(|it| (it.name(), it.meaning())));
    let reasons = table("reason", Reason::ALL.iter().map(|it| (it.name(), it.meaning())));
    let keys = table("key", ConsentKey::ALL.iter().map(|it| (it.name(), it.meaning())));
    let page = format!(
        "# Codes, refusals and consents\n\
        Each word has one meaning, in text and in JSON, and keeps it.\n\n\
        ## Notes\n\
        A note is a finding about an input, with its place. An error ends the run before anything is sent.\n\n{codes}\n\
        ## Refusals\n\
        Why `apply` would write nothing: in brackets in the plan, `id` in JSON, exit code 3.\n\n{reasons}\n\
        ## Consents\n\
        A yes on the terminal consents to everything that the plan lists. Without a terminal, `--allow KEY=N` consents to at most N.\n\n{keys}"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/codes.md");
    Assert::new().action_env("SNAPSHOTS").eq(page, Data::read_from(&path, None).raw());
}
