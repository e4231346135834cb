//! What this server is too old for: it would answer 400 or 404, or accept a field and forget it.

use super::{Diff, Question};
use crate::kind::{self, Version};
use crate::text::{At, Code, Note};

/// Refuses fields, and objects in fields, that the recorded class of this version lacks. Between two recorded versions nobody knows
/// when a field came, so there it is only said.
pub(super) fn check(question: &Question<'_>, out: &mut Diff) {
    let recorded = kind::nearest_recorded(question.version);
    let mut notes = Vec::new();
    for (address, object) in &out.desired.objects {
        if !question.terms.covers(address) {
            continue;
        }
        let kind = kind::kind(address.kind());
        let mut newer = |since: Option<Version>, what: String, at: At, noun: &str| {
            let Some(since) = since.filter(|it| *it > question.version) else { return };
            let title = format!("{what} needs a newer Keycloak");
            let label = format!("this server is {}; {since} knows it", question.version);
            notes.push(if question.version <= recorded {
                Note::error(Code::NeedsNewerServer, title, at, label)
                    .help(format!("take {noun} out of the manifest, or upgrade the server"))
            } else {
                Note::warning(Code::NeedsNewerServer, title, at, label)
                    .help(format!("{recorded} does not know it, so this server may refuse it"))
            });
        };
        // What stands under one of its kind is told of with that.
        if !address.is_nested() {
            newer(kind::known_to_servers_since(kind), kind::title(address), object.at, "it");
        }
        let class = (kind.representation)(object.text("type"));
        for (name, node) in &object.fields {
            let what = format!("`{name}` of {}", kind::title(address));
            newer(kind::known_since(class, name), what, node.at, "the field");
        }
    }
    out.notes.extend(notes);
}
