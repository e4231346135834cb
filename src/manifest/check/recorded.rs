//! What a plain server with a new realm would refuse: it may be another one, so these are warnings.

use super::super::load::Desired;
use super::check_dropped;
use crate::kind::{self, Judge, NEWEST, ServerInfo, UserProfile};
use crate::state::Object;
use crate::text::Note;

/// Checks what the manifests say of a realm against what is recorded of the newest tested version.
///
/// For commands that ask no server; the others say it of the server in question.
pub fn check_recorded(desired: &Desired) -> Vec<Note> {
    let before = kind::fresh_realm(&desired.realm, NEWEST);
    let mut state = before.clone();
    for (address, object) in &desired.state.objects {
        let there = state.objects.get_or_insert_with(address.clone(), || Object::new(object.at));
        there.fields.extend(object.fields.iter().map(|(name, node)| (name.clone(), node.clone())));
    }
    let profile = UserProfile::of_realm(&state, NEWEST);
    let judge = Judge {
        desired: &desired.state,
        before: &before,
        state: &state,
        server: ServerInfo::recorded(NEWEST),
        profile: profile.as_ref(),
        version: NEWEST,
        is_sure: false,
    };
    let mut notes = Vec::new();
    for (address, object) in &desired.state.objects {
        check_dropped(address, object, object, None, &mut notes);
        notes.extend(kind::refused(&judge, address, object));
        notes.extend(kind::refused_whole(&judge, address));
    }
    notes
}
