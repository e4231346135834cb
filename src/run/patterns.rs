//! Patterns that match nothing: a slip of the pen in one must never be taken for an answer.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::diff::{Ownership, Terms};
use crate::kind::{Covers, KINDS, parse_address};
use crate::manifest::{Desired, Loaded};
use crate::state::{Address, Found, Known, Live, Pattern};
use crate::text::{At, Code, Note, nearest};

/// The patterns of a run, and which of them matched something in the realms that were planned so far.
#[derive(Debug, Default)]
pub struct Patterns {
    /// Where it is written, and the pattern.
    listed: Vec<(&'static str, Pattern)>,
    matched: Mutex<BTreeSet<usize>>,
}

impl Patterns {
    /// Takes the patterns of a run. Those of the project file count only in a run over all that it is about.
    pub fn of(terms: &Terms, is_whole: bool) -> Self {
        let project = [("protect", &terms.protect), ("release", &terms.release)];
        let flags = [
            ("--exclude", &terms.exclude),
            ("--adopt-exact", &terms.adopt_exact),
            ("--send-secrets", &terms.send_secrets),
        ];
        let lists = flags.into_iter().chain(project.into_iter().filter(|_| is_whole));
        let listed = lists.flat_map(|(of, list)| list.iter().map(move |it| (of, it.clone())));
        Self { listed: listed.collect(), matched: Mutex::default() }
    }

    /// Returns the patterns that matched nothing in any realm of the run, with the last of them.
    pub(super) fn unmatched(
        &self,
        desired: &Desired,
        live: &Live,
        ownership: &Ownership,
        is_last: bool,
    ) -> Vec<Note> {
        let listed = ownership.ledger.iter().flat_map(|it| it.entries.keys());
        let all: BTreeSet<&Address> =
            desired.state.objects.keys().chain(live.state.objects.keys()).chain(listed).collect();
        let Ok(mut matched) = self.matched.lock() else { return Vec::new() };
        for (at, (_, pattern)) in self.listed.iter().enumerate() {
            if may_match(pattern, live) || all.iter().any(|it| pattern.covers(it)) {
                matched.insert(at);
            }
        }
        if !is_last {
            return Vec::new();
        }
        let missed = self.listed.iter().enumerate().filter(|(at, _)| !matched.contains(at));
        missed.map(|(_, (of, pattern))| matches_nothing(of, pattern, all.iter().copied())).collect()
    }
}

/// Whether a pattern may be about something that nobody looked for.
fn may_match(pattern: &Pattern, live: &Live) -> bool {
    if let Some(address) = parse_address(pattern.written()) {
        return matches!(live.find(&address), Found::Unknown { .. });
    }
    let is_of = |name: &str| pattern.segments().first().is_some_and(|it| it == "**" || it == name);
    let mut asked = KINDS.iter().filter(|it| it.routes.covers == Covers::Named && is_of(it.name.word));
    asked.any(|it| *live.known(it.name, None) != Known::All)
}

/// Returns what is wrong with patterns of `--only` that cover nothing that is declared.
pub fn only_nothing(only: &[Pattern], loaded: &Loaded) -> Vec<Note> {
    let declared: Vec<&Address> = loaded.realms.iter().flat_map(|it| it.state.objects.keys()).collect();
    let missed = only.iter().filter(|it| !declared.iter().any(|address| it.covers(address)));
    let note = |it: &Pattern| Note {
        severity: crate::text::Severity::Error,
        ..matches_nothing("--only", it, declared.iter().copied())
    };
    missed.map(note).collect()
}

fn matches_nothing<'a>(of: &str, pattern: &Pattern, all: impl Iterator<Item = &'a Address>) -> Note {
    let names: Vec<String> = all.map(ToString::to_string).collect();
    let label = if pattern.at() == At::SERVER { "" } else { "nothing is called so" };
    let title = format!("`{}` of {of} matches nothing", pattern.written());
    let note = Note::warning(Code::PatternMatchesNothing, title, pattern.at(), label);
    match nearest(pattern.written(), names.iter().map(String::as_str)) {
        Some(near) => note.help(format!("did you mean `{near}`?")),
        None => note.help("mend the name, or take the pattern out"),
    }
}
