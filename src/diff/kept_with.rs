//! Keys of maps that stand or fall with others: those that the server drops with a switch, stored secrets that follow an
//! address to whoever answers there, and what others said in a map that only goes as a whole.

use super::fields::FieldsCompared;
use super::{Entry, Question};
use crate::change::{ConsentKey, FieldChange, Path, Reason, Refusal, To, Why};
use crate::kind::{self, Beside, Field, Needs};
use crate::state::{Address, Hidden, Is, Node, Object};
use crate::text::At;

/// Adds what the server drops, and secrets that have to be sent again; refuses what would send a stored secret elsewhere.
pub(super) fn complete(
    question: &Question<'_>,
    address: &Address,
    desired: &Object,
    live: &Object,
    out: &mut FieldsCompared,
) {
    for rule in kind::kind(address.kind()).fields {
        let Some(map) = live.get(rule.name).filter(|_| desired.get(rule.name).is_some()) else { continue };
        for needs in rule.needs.iter().filter(|it| question.version >= it.since) {
            drop_needy(rule, needs, map, out);
        }
        for beside in rule.beside {
            keep_here(rule, beside, address, desired, map, out);
        }
    }
}

fn drop_needy(rule: &Field, needs: &Needs, map: &Node, out: &mut FieldsCompared) {
    let switch = Path::key(rule.name, needs.key);
    let is_on = |it: &Node| it.as_text() == Some(needs.value);
    if !map.get(needs.key).is_some_and(is_on) {
        return;
    }
    let Some(change) = out.changes.iter().find(|it| it.path == switch) else { return };
    if matches!(&change.to, To::Value(node) if is_on(node)) {
        return;
    }
    let at = change.at;
    for key in needs.keys {
        let path = Path::key(rule.name, key);
        let Some(now) = map.get(key).filter(|it| !it.is_null()) else { continue };
        out.left_behind.retain(|it| it.0 != path);
        out.cannot_tell.retain(|it| it.0 != path);
        if out.changes.iter().all(|it| it.path != path) {
            let (from, why) = (Some(now.clone()), Why::ManifestChanged);
            out.changes.push(FieldChange { path, from, to: To::Unset, why, at });
        }
    }
}

fn keep_here(
    rule: &Field,
    beside: &Beside,
    address: &Address,
    desired: &Object,
    map: &Node,
    out: &mut FieldsCompared,
) {
    let path = Path::key(rule.name, beside.secret);
    let is_stored = map.get(beside.secret).is_some_and(|it| !it.is_null());
    if !is_stored || out.changes.iter().any(|it| it.path == path) {
        return;
    }
    let moves = |it: &&FieldChange| {
        let is_key = it.path.key.as_deref().is_some_and(|key| beside.keys.contains(&key));
        *it.path.field == *rule.name && is_key && it.from.as_ref().is_some_and(|it| !it.is_null())
    };
    let Some(moved) = out.changes.iter().find(moves) else { return };
    let said = desired.get(rule.name).and_then(|it| it.get(beside.secret));
    if let Some(node) = said.filter(|it| !it.is_null()) {
        out.cannot_tell.retain(|it| it.0 != path);
        let from = map.get(beside.secret).map(|it| Node::new(it.at, Is::Hidden(Hidden::Masked)));
        let (to, why, at) = (To::Value(node.clone()), Why::ManifestChanged, node.at);
        out.changes.push(FieldChange { path, from, to, why, at });
        return;
    }
    let message = format!(
        "`{}` of {} changes beside a stored `{}`, which nobody declares and which would go there: declare it as well, or \
         set it to null",
        moved.path,
        kind::title(address),
        beside.secret
    );
    let (id, address, at) = (Reason::SecretBeside, address.clone(), moved.at);
    out.refusals.push(Refusal { id, address, message, at, consent: None });
}

/// Refuses the end of a map that only goes as a whole where others said something in it, in words that begin with what
/// ends; nothing where all of it was applied.
pub(super) fn refuse_along(
    address: &Address,
    rule: &Field,
    live: &Object,
    applied: &Entry,
    ending: &str,
) -> Option<Refusal> {
    let map = live.get(rule.name).filter(|_| rule.whole).and_then(Node::as_map)?;
    // A secret belongs to whoever said where it goes.
    let theirs = map.iter().filter(|(key, node)| {
        let is_ours = applied.manages(&Path::key(rule.name, key)) || rule.secret_keys.contains(&&***key);
        !node.is_null() && !is_ours
    });
    let theirs: Vec<String> = theirs.map(|(key, _)| format!("`{key}`")).collect();
    let (first, more) = theirs.split_first()?;
    let more = match more {
        [] => String::new(),
        [one] => format!(" and {one}"),
        _ => format!(" and {} more", more.len()),
    };
    Some(Refusal {
        id: Reason::Cascade,
        address: address.clone(),
        message: format!("{ending} takes {first}{more} along, which these manifests did not set"),
        at: At::SERVER,
        consent: Some(ConsentKey::Cascade),
    })
}
