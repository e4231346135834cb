//! The default role is what the realm was made with.

use crate::diff::{Diff, Question};
use crate::kind::{self, realm_address};
use crate::state::Address;
use crate::text::{Code, Note};

pub(super) fn check(question: &Question<'_>, out: &mut Diff) {
    let realm = realm_address();
    let said = out.desired.get(&realm).and_then(kind::said_default_role);
    let Some((said, is)) = said.zip(question.live.state.default_role.as_ref()) else { return };
    let name = said.as_text().unwrap_or_default();
    if name == is.name() || !question.terms.covers(&realm) {
        return;
    }
    let (named, is) = (kind::title(&Address::top(is.kind(), name)), kind::title(is));
    let title = format!("the default role of the realm cannot be changed: it is {is}");
    let note = Note::error(Code::CannotChange, title, said.at, format!("names {named}"));
    out.notes.push(note.help(format!("take it out, and make {named} one of the `composites` of {is}")));
}
