//! Links that exclude each other: the server keeps a target in one of two lists.

use crate::kind;
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note};

pub(super) fn check(address: &Address, object: &Object, notes: &mut Vec<Note>) {
    let rules = kind::kind(address.kind()).fields.iter();
    // Each pair is met twice.
    for rule in rules.filter(|it| !it.excludes.is_empty() && it.name < it.excludes) {
        let items = |field: &str| object.get(field).map(Node::items).unwrap_or_default();
        for item in items(rule.name) {
            let Some(target) = item.as_ref() else { continue };
            let Some(other) = items(rule.excludes).iter().find(|it| it.as_ref() == Some(target)) else {
                continue;
            };
            let title = format!("{} has {} in two lists at once", kind::title(address), kind::title(target));
            notes.push(
                Note::error(Code::Disagreement, title, item.at, format!("in `{}` here", rule.name))
                    .and(other.at, format!("and in `{}` here", rule.excludes))
                    .help("keep it in one of them"),
            );
        }
    }
}
