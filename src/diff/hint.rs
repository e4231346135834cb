//! Hints at what is probably a rename: Keycloak knows none by name, so a new name is another object, and the old
//! one stays or goes with everything that hangs on it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Diff, Question, same};
use crate::change::{Action, Change};
use crate::kind::{self, wire_name};
use crate::state::{Address, KindName, Node};
use crate::text::{Code, Note};

/// Notes every object that would be created beside one of almost the same name, or in place of an equal one.
pub(super) fn renames(question: &Question<'_>, out: &mut Diff) {
    let mut by_folded: BTreeMap<String, Vec<&Address>> = BTreeMap::new();
    for address in question.live.state.objects.keys().filter(|it| !out.desired.contains(it)) {
        by_folded.entry(folded(address)).or_default().push(address);
    }
    let deleted: BTreeSet<&Address> =
        out.changes.iter().filter(|it| it.action == Action::Delete).map(|it| &it.object).collect();
    let mut notes = Vec::new();
    for change in out.changes.iter().filter(|it| it.action == Action::Create) {
        let new = &change.object;
        let near = by_folded.get(&folded(new)).into_iter().flatten();
        // What stands below another name is told with that one.
        for old in near.filter(|it| it.parent() == new.parent() && it.name() != new.name()) {
            let fate = if deleted.contains(old) { "deleted" } else { "left behind" };
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
    notes.extend(replaced(question, out));
    out.notes.extend(notes);
}

/// Notes what would be created in place of one that says the same, or that has the same name elsewhere.
fn replaced(question: &Question<'_>, out: &Diff) -> Vec<Note> {
    let deleted = out.changes.iter().filter(|it| it.action == Action::Delete).map(|it| &it.object);
    let left = out.left_behind.iter().filter(|it| it.path.is_none()).map(|it| &it.address);
    let gone: Vec<&Address> = deleted.chain(left).collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let mut by_kind: BTreeMap<(KindName, Option<Address>), Vec<&Address>> = BTreeMap::new();
    // What may stand under its like moves.
    let mut movable: BTreeMap<(KindName, &str), Vec<&Address>> = BTreeMap::new();
    for old in &gone {
        by_kind.entry((old.kind(), old.parent())).or_default().push(old);
        if kind::kind(old.kind()).nests() {
            movable.entry((old.kind(), old.name())).or_default().push(old);
        }
    }
    // Of several nobody can tell which is meant.
    let mut pairs: BTreeMap<&Address, Vec<&Change>> = BTreeMap::new();
    for change in out.changes.iter().filter(|it| it.action == Action::Create) {
        let new = &change.object;
        let moved = movable.get(&(new.kind(), new.name()));
        let siblings = by_kind.get(&(new.kind(), new.parent())).into_iter().flatten().copied();
        let equal = siblings.filter(|old| says_the_same(question, out, new, old));
        let mut old: Vec<&Address> = moved.into_iter().flatten().copied().chain(equal).take(2).collect();
        if let (Some(one), true) = (old.pop(), old.is_empty()) {
            pairs.entry(one).or_default().push(change);
        }
    }
    let alone = |(old, them): (&Address, Vec<&Change>)| match them.as_slice() {
        [change] => Some(instead(old, change, out)),
        _ => None,
    };
    pairs.into_iter().filter_map(alone).collect()
}

fn instead(old: &Address, change: &Change, out: &Diff) -> Note {
    let new = &change.object;
    let is_deleted = out.changes.iter().any(|it| it.action == Action::Delete && it.object == *old);
    let fate = if is_deleted { "deleted" } else { "left behind" };
    let is_moved = old.parent() != new.parent();
    let shown = if is_moved { wire_name(old) } else { old.name().to_owned() };
    let title = format!("{} would be created and `{shown}` {fate}", kind::title(new));
    let label = if is_moved { "has the same name" } else { "says the same" };
    let help = if kind::kind(new.kind()).is_renamed {
        format!("write `formerly: {}` if it is the same: it keeps all that it has", old.name())
    } else if is_moved {
        "move it in Keycloak first if it is the same: members stay with the old one".to_owned()
    } else {
        "rename it in Keycloak first if it is the same: what hangs on it stays with the old one".to_owned()
    };
    Note::warning(Code::SaysTheSame, title, change.at, label).help(help)
}

/// Whether everything that is declared of one object is so of another one, but for what names it.
fn says_the_same(question: &Question<'_>, out: &Diff, new: &Address, old: &Address) -> bool {
    let (Some(new), Some(live)) = (out.desired.get(new), question.live.state.get(old)) else { return false };
    let kind = kind::kind(old.kind());
    let names = |field: &str| field == kind.also_named_by;
    let mut said = new.fields.iter().filter(|(field, _)| kind.is_compared(field) && !names(field)).peekable();
    let is_so = |field: &str, node: &Node| match live.get(field) {
        // Further links, such as the default role of every user, tell nothing.
        Some(live) if kind.link(field).is_some() => node.items().iter().all(|it| live.items().contains(it)),
        live => same(node, live),
    };
    said.peek().is_some() && said.all(|(field, node)| is_so(field, node))
}

/// The address as one that differs only in case would have it, too.
fn folded(address: &Address) -> String {
    address.to_string().to_lowercase()
}
