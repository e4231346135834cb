//! Renames: an object that the manifests call by another name than before is the same one, with all that hangs on it.

use std::collections::BTreeMap;

use super::{Ownership, Question, Terms};
use crate::change::{FieldChange, Path, To, Why};
use crate::kind::{self, Becomes, realm_address};
use crate::state::{Address, Found, Live, Node, Object, State};
use crate::text::{At, Code, Note};

/// Gives live objects, and what ledgers say of them, the names by which the manifests call them now.
///
/// An object says itself what it was called: nothing is guessed. Where something has the new name already, nothing is
/// renamed.
pub fn rename(desired: &State, terms: &Terms, live: &mut Live, ownership: &mut Ownership) -> Vec<Note> {
    let mut names: BTreeMap<Address, Address> = BTreeMap::new();
    let mut notes = Vec::new();
    for (new, object) in &desired.objects {
        let Some(old) = object.formerly.as_ref().filter(|it| *it != new) else { continue };
        let is_ours_to_touch =
            |it: &Address| terms.covers(it) && !terms.protect.iter().any(|of| of.covers(it));
        if !live.state.contains(old)
            || desired.contains(old)
            || !is_ours_to_touch(old)
            || !is_ours_to_touch(new)
        {
            continue;
        }
        match live.find(new) {
            Found::Absent => {
                names.insert(old.clone(), new.clone());
            }
            Found::Is(_) => notes.push(both(new, old, object.at)),
            Found::Unknown { .. } => {}
        }
    }
    if names.is_empty() {
        return notes;
    }
    for old in names.keys() {
        if let Some(object) = live.state.objects.get_mut(old) {
            object.formerly = Some(old.clone());
        }
    }
    let names = kind::rename(&mut live.state, &names);
    for ledger in ownership.ledger.iter_mut().chain(ownership.others.values_mut()) {
        let entries: Vec<_> =
            names.iter().filter_map(|(old, new)| Some((new, ledger.entries.remove(old)?))).collect();
        ledger.entries.extend(entries.into_iter().map(|(new, entry)| (new.clone(), entry)));
        for targets in ledger.entries.values_mut().flat_map(|it| it.links.values_mut()) {
            let moved: Vec<&Address> = names.keys().filter(|it| targets.contains(it)).collect();
            for old in moved {
                targets.remove(old);
                targets.insert(names[old].clone());
            }
        }
    }
    notes
}

fn both(new: &Address, old: &Address, at: At) -> Note {
    let title =
        format!("{} and `{}`, which it was formerly, are both in Keycloak", kind::title(new), old.name());
    Note::warning(Code::StillThere, title, at, "nothing is renamed")
        .help("end one of the two, or take `formerly` out")
}

/// Returns the change of the name, where the server will show a live object by another one.
pub(super) fn change(
    address: &Address,
    object: &Object,
    live: &Object,
    question: &Question<'_>,
) -> Option<FieldChange> {
    let old = live.formerly.as_ref()?.name();
    let shown = becomes(question).map_or(old, |it| it.name_shown(address, live, old));
    (shown != address.name()).then(|| FieldChange {
        path: Path::field(kind::kind(address.kind()).key),
        from: Some(Node::text(At::SERVER, shown)),
        to: To::Value(Node::text(object.at, address.name())),
        why: Why::ManifestChanged,
        at: object.at,
    })
}

fn becomes<'a>(question: &Question<'a>) -> Option<Becomes<'a>> {
    let realm = question.live.state.get(&realm_address())?;
    Some(Becomes { realm, said: question.desired.get(&realm_address()) })
}

/// Returns why an object cannot be renamed, if so.
pub(super) fn refused(address: &Address, live: &Object, at: At, question: &Question<'_>) -> Option<Note> {
    let old = live.formerly.as_ref()?;
    if becomes(question)?.may_be_renamed(address, live) {
        return None;
    }
    let title = format!("{} cannot be renamed", kind::title(address));
    let (label, help) = if kind::kind(address.kind()).are_people {
        (
            "the realm lets nobody change usernames".to_owned(),
            "say `editUsernameAllowed: true`, or keep the name",
        )
    } else {
        (format!("`{}` came with the realm", old.name()), "declare another one, and take `formerly` out")
    };
    Some(Note::error(Code::CannotChange, title, at, label).help(help))
}
