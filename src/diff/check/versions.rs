//! A field that this server is too old for: it would answer 400, or accept the field and forget it.

use super::{Diff, Question};
use crate::kind::{self, Version};
use crate::text::{At, Code, Note};

/// Refuses fields that the recorded class of this version lacks. Between two recorded versions nobody knows
/// when a field came, so there it is only said.
pub(super) fn check(question: &Question<'_>, out: &mut Diff) {
    let recorded = kind::nearest_recorded(question.version);
    let mut notes = Vec::new();
    for (address, object) in &out.desired.objects {
        if !question.terms.covers(address) {
            continue;
        }
        let kind = kind::kind(address.kind());
        let newer = |since: &Version| *since > question.version;
        let mut say = |what: String, at: At, since: Version, whole: &str| {
            let title = format!("{what} needs a newer Keycloak");
            let label = format!("this server is {}; {since} knows it", question.version);
            notes.push(if question.version <= recorded {
                Note::error(Code::NeedsNewerServer, title, at, label)
                    .help(format!("take {whole} out of the manifest, or upgrade the server"))
            } else {
                Note::warning(Code::NeedsNewerServer, title, at, label)
                    .help(format!("{recorded} does not know it, so this server may refuse it"))
            });
        };
        if let Some(since) = kind::known_to_servers_since(kind).filter(newer) {
            say(kind::title(address), object.at, since, "it");
            continue;
        }
        let class = (kind.representation)(object.text("type"));
        for (name, node) in &object.fields {
            if let Some(since) = kind::known_since(class, name).filter(newer) {
                say(format!("`{name}` of {}", kind::title(address)), node.at, since, "the field");
            }
        }
    }
    out.notes.extend(notes);
}
