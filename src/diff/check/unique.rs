//! Values that only one object may have, against what the realm will hold: also live objects that stay.

use std::collections::BTreeSet;

use super::{Diff, Question};
use crate::kind;
use crate::state::Address;

pub(super) fn check(question: &Question<'_>, out: &mut Diff) {
    let mut notes = Vec::new();
    let changed: BTreeSet<&Address> = out.changes.iter().map(|it| &it.object).collect();
    let said = kind::clashes(&out.desired);
    for mut clash in kind::clashes(&out.planned) {
        let changes = |it: &Address| changed.contains(it);
        let (first, second) = (clash.first.0, clash.second.0);
        // What manifests say of both is told without a server; what is so already is not ours to mend.
        let is_said = said.iter().any(|it| it.is_same(&clash));
        if is_said || !(changes(first) || changes(second)) || !question.terms.covers(first) {
            continue;
        }
        for side in [&mut clash.first, &mut clash.second] {
            if let Some(object) = out.desired.get(side.0) {
                let also = object.get(kind::kind(side.0.kind()).also_named_by);
                side.1 = also.map_or(object.at, |it| it.at);
            } else {
                side.1 = crate::text::At::SERVER;
            }
        }
        notes.push(clash.note());
    }
    out.notes.extend(notes);
}
