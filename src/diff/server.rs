//! What this server would refuse, or take and drop: said before anything is sent.

use super::{Diff, Question};
use crate::kind::{self, POLICY, USER};
use crate::state::{Address, Object, State};
use crate::text::{Code, Note, nearest};

pub(super) fn check(question: &Question<'_>, out: &mut Diff) {
    let mut notes = Vec::new();
    for (address, object) in &out.desired.objects {
        if !question.terms.covers(address) {
            continue;
        }
        match address.kind() {
            USER => user(question, address, object, &out.planned, &mut notes),
            POLICY => policy(question, address, object, &mut notes),
            _ => {}
        }
    }
    out.notes.extend(notes);
}

fn user(question: &Question<'_>, address: &Address, object: &Object, planned: &State, notes: &mut Vec<Note>) {
    let Some(profile) = question.user_profile else { return };
    let is_made = |it: &Object| it.made_by.is_some();
    let is_new = !question.live.state.contains(address) && !planned.get(address).is_some_and(is_made);
    if let Some(why) = profile.refuses(address.name()).filter(|_| is_new) {
        notes.push(Note::error(
            Code::ProfileRefuses,
            format!("{} cannot be created", kind::title(address)),
            object.at,
            why,
        ));
    }
    // Attributes of service accounts are kept whatever the profile says, as is the language where there are several.
    if planned.get(address).is_some_and(|it| it.made_by.is_some()) {
        return;
    }
    let has_languages = planned.get(&kind::realm_address()).is_some_and(kind::has_languages);
    let attributes = object.get("attributes").and_then(|it| it.as_map());
    for (name, node) in attributes.into_iter().flatten() {
        if node.is_null() || profile.keeps(name) || (&**name == "locale" && has_languages) {
            continue;
        }
        let title = format!("Keycloak would drop attribute `{name}` of {}", kind::title(address));
        let note =
            Note::error(Code::DroppedAttribute, title, node.at, "the realm's user profile does not know it");
        notes.push(match nearest(name, profile.attributes()) {
            Some(near) => note.help(format!("did you mean `{near}`?")),
            None => note.help("add it to the user profile, or allow unmanaged attributes there"),
        });
    }
}

fn policy(question: &Question<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    let of = object.text("type");
    let types = question.policy_types;
    if types.is_empty() || of.is_empty() || types.contains(of) {
        return;
    }
    let at = object.get("type").map_or(object.at, |it| it.at);
    let note = Note::error(
        Code::PolicyTypeMissing,
        format!("{} is of type `{of}`, which this server does not have", kind::title(address)),
        at,
        "no such policy type",
    );
    let known = types.iter().cloned().collect::<Vec<_>>().join(", ");
    notes.push(match nearest(of, types.iter().map(String::as_str)) {
        Some(near) => note.help(format!("did you mean `{near}`?")),
        None if of == "js" => {
            note.help("start Keycloak with --features=scripts and deploy the script, or use another type")
        }
        None => note.help(format!("it has {known}")),
    });
}
