//! Keys of a configuration that name an object of the realm by a text, which has to be there.

use super::{Judge, Severe, each_text, place, words_of_field};
use crate::kind::{GROUP, ROLE, Version, wire_name};
use crate::state::{Address, KindName, Object, State};
use crate::text::Note;

const UNUSED: &str = "Keycloak would keep it, and find nothing when it comes to that";

/// A key of `config` that names an object.
pub(in crate::kind) struct Names {
    /// Of which provider it is.
    pub provider: &'static str,
    pub key: &'static str,
    pub kind: KindName,
    pub others: Nobody,
}

/// What becomes of the name of nobody.
#[derive(PartialEq, Eq)]
pub(in crate::kind) enum Nobody {
    /// Refused, from this version on.
    Refused(Version),
    Unused,
}

/// Finds what an object of a provider names and is not there.
pub(in crate::kind) fn names_nobody<'n>(
    judge: &Judge<'_>,
    (address, whole): (&Address, &Object),
    names: impl Iterator<Item = &'n Names>,
) -> Vec<Note> {
    let mut notes = Vec::new();
    for Names { key, kind, others, .. } in names.filter(|it| judge.is_sure || it.others != Nobody::Unused) {
        let of = words_of_field("config", key, address);
        each_text(whole, "config", key, &mut |text, at| {
            let is_there = || is_there(judge.state, *kind, text);
            let is_seen = || judge.state.objects.keys().any(|it| it.kind() == *kind);
            if text.is_empty() || is_there() || (*others != Nobody::Unused && !is_seen()) {
                return;
            }
            notes.extend(match others {
                Nobody::Refused(since) => {
                    judge.since(*since).map(|it| judge.names_none(it, &of, *kind, text, at))
                }
                Nobody::Unused => {
                    let Note { code, title, help, .. } =
                        judge.names_none(Severe::Warning, &of, *kind, text, at);
                    let at = place(judge.desired(address), "config", key);
                    let note = judge.note(Severe::Warning, code, title, at, UNUSED);
                    Some(Note { help, ..note })
                }
            });
        });
    }
    notes
}

/// Returns whether what a text names is there. Roles of clients are `client.role`, and groups may go without a `/` at the front.
fn is_there(state: &State, kind: KindName, text: &str) -> bool {
    let mut of_kind = state.objects.keys().filter(|it| it.kind() == kind);
    let is_it = |it: &Address| match (kind, it.parent()) {
        (ROLE, Some(client)) => text == format!("{}.{}", client.name(), it.name()),
        (GROUP, _) => wire_name(it).trim_matches('/') == text.trim_matches('/'),
        _ => wire_name(it) == text,
    };
    text == "/" || of_kind.any(is_it)
}
