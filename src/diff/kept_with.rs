//! Keys of maps that stand or fall with others: those that the server drops with a switch, and stored secrets that
//! follow an address to whoever answers there.

use super::Question;
use super::fields::FieldsCompared;
use crate::change::{FieldChange, Path, Reason, Refusal, To, Why};
use crate::kind::{self, Beside, Field, Needs};
use crate::state::{Address, Hidden, Is, Node, Object};

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
