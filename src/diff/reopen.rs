//! What an interrupted run left closed is opened again, whoever began it: no manifest declares it.

use super::{Diff, Question};
use crate::change::{Action, Change, Why};
use crate::kind;
use crate::text::At;

pub(super) fn reopen(question: &Question<'_>, out: &mut Diff) {
    let left = question.live.state.objects.keys().filter(|it| kind::keeps_closed(it));
    for address in left.filter(|it| question.terms.covers(it)) {
        out.changes.push(Change {
            object: address.clone(),
            action: Action::Delete,
            why: Why::NotInManifests,
            fields: Vec::new(),
            adopted: false,
            at: At::SERVER,
        });
    }
}
