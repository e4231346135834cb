//! Links that leave a list for the one that excludes it: one thing to a reader, two fields to Keycloak.

use std::collections::BTreeSet;

use crate::change::{FieldChange, To, Why};
use crate::kind;
use crate::state::Address;

/// A target that is in one of two lists now, and will be in the other one.
pub(super) struct Moved {
    pub(super) target: Address,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) why: Why,
}

/// Takes what moves out of the fields of an update of an object; returns what is left of them, and the moves.
pub(super) fn moved(of: &Address, fields: &[FieldChange]) -> (Vec<FieldChange>, Vec<Moved>) {
    let mut rest = fields.to_vec();
    let mut moves = Vec::new();
    for at in 0..rest.len() {
        let Some(rule) = kind::kind(of.kind()).field(&rest[at].path.field) else { continue };
        let Some(left) = kind::kind(of.kind()).field(rule.excludes) else { continue };
        let leaves = |it: &FieldChange| &*it.path.field == left.name && it.why == rest[at].why;
        let Some(other) = rest.iter().position(leaves) else { continue };
        let targets: BTreeSet<Address> = match (&rest[at].to, &rest[other].to) {
            (To::Links { add, .. }, To::Links { remove, .. }) => add.intersection(remove).cloned().collect(),
            _ => continue,
        };
        for (field, is_new) in [(at, true), (other, false)] {
            if let To::Links { add, remove } = &mut rest[field].to {
                let links = if is_new { add } else { remove };
                links.retain(|it| !targets.contains(it));
            }
        }
        let why = &rest[at].why;
        moves.extend(targets.into_iter().map(|target| Moved {
            target,
            from: left.list,
            to: rule.list,
            why: why.clone(),
        }));
    }
    rest.retain(|it| !matches!(&it.to, To::Links { add, remove } if add.is_empty() && remove.is_empty()));
    (rest, moves)
}
