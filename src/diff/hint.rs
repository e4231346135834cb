//! Hints at what is probably a rename: Keycloak knows none by name, so a new name is another object, and the old
//! one stays or goes with everything that hangs on it.

use std::collections::BTreeMap;

use super::{Diff, Question};
use crate::change::Action;
use crate::kind;
use crate::state::Address;
use crate::text::{Code, Note};

/// Notes every object that would be created beside one of almost the same name, or in place of an equal one.
pub(super) fn renames(question: &Question<'_>, out: &mut Diff) {
    let mut by_folded: BTreeMap<String, Vec<&Address>> = BTreeMap::new();
    for address in question.live.state.objects.keys().filter(|it| !out.desired.contains(it)) {
        by_folded.entry(folded(address)).or_default().push(address);
    }
    let is_deleted =
        |it: &Address| out.changes.iter().any(|of| of.action == Action::Delete && of.object == *it);
    let mut notes = Vec::new();
    for change in out.changes.iter().filter(|it| it.action == Action::Create) {
        let new = &change.object;
        let near = by_folded.get(&folded(new)).into_iter().flatten();
        // What stands below another name is told with that one.
        for old in near.filter(|it| it.parent() == new.parent() && it.name() != new.name()) {
            let fate = if is_deleted(old) { "deleted" } else { "left behind" };
            let title = format!(
                "{} would be created and `{}` {fate}: the names differ only in case",
                kind::title(new),
                old.name()
            );
            notes.push(
                Note::warning(Code::DiffersInCase, title, change.at, format!("`{}` in Keycloak", old.name()))
                    .help(format!(
                        "write `{}` if it is the same; otherwise this is meant as it is",
                        old.name()
                    )),
            );
        }
    }
    out.notes.extend(notes);
}

/// The address as one that differs only in case would have it, too.
fn folded(address: &Address) -> String {
    address.to_string().to_lowercase()
}
