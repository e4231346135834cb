//! A field that this server is too old for: it would answer 400, or accept the field and forget it.

use super::{Diff, Question};
use crate::kind;
use crate::text::{Code, Note};

/// Refuses fields that the recorded class of this version lacks. Between two recorded versions nobody knows
/// when a field came, so there it is only said.
pub(super) fn check(question: &Question<'_>, out: &mut Diff) {
    let recorded = kind::nearest_recorded(question.version);
    let mut notes = Vec::new();
    for (address, object) in &out.desired.objects {
        if !question.terms.covers(address) {
            continue;
        }
        let class = (kind::kind(address.kind()).representation)(object.text("type"));
        for (name, node) in &object.fields {
            let Some(since) = kind::known_since(class, name).filter(|it| *it > question.version) else {
                continue;
            };
            let title = format!("`{name}` of {} needs a newer Keycloak", kind::title(address));
            let label = format!("this server is {}; {since} knows it", question.version);
            notes.push(if question.version <= recorded {
                Note::error(Code::NeedsNewerServer, title, node.at, label)
                    .help("take the field out of the manifest, or upgrade the server")
            } else {
                Note::warning(Code::NeedsNewerServer, title, node.at, label)
                    .help(format!("{recorded} does not know it, so this server may refuse it"))
            });
        }
    }
    out.notes.extend(notes);
}
