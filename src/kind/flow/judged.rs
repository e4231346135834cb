//! What is wrong with flows, and which of them anybody goes through.

use super::super::check::Said;
use super::super::refused::{Judge, Severe, place, words_of_field};
use crate::kind::{AUTHENTICATOR_CONFIG, EXECUTION, FLOW, kind, title};
use crate::state::{Address, Node, Object, State};
use crate::text::{At, Code, Note};

const REFUSED: &str = "Keycloak would refuse it";

/// Returns whether somebody goes through the flow in which an object stands: it is bound, or is a part of one that is.
pub(super) fn is_bound(address: &Address, state: &State) -> bool {
    let Some(mut flow) = address.ancestor(FLOW) else { return false };
    let mut seen = Vec::new();
    while !seen.contains(&flow) {
        if state.objects.iter().any(|(on, object)| binds(on, object, &flow)) {
            return true;
        }
        let next = named_by(state, &flow).find_map(|(it, _)| it.parent());
        seen.push(flow);
        let Some(next) = next else { return false };
        flow = next;
    }
    false
}

fn binds(address: &Address, object: &Object, flow: &Address) -> bool {
    let bindings = kind(address.kind()).fields.iter().filter(|it| !it.flow.is_empty());
    let mut is_bound = false;
    for node in bindings.filter_map(|it| object.get(it.name)) {
        node.each_ref(&mut |it, _| is_bound |= it == flow);
    }
    is_bound
}

/// Returns the executions that name a flow.
fn named_by<'s>(state: &'s State, flow: &'s Address) -> impl Iterator<Item = (&'s Address, &'s Object)> {
    state.objects.iter().filter(move |(it, object)| it.kind() == EXECUTION && names(object) == Some(flow))
}

fn names(execution: &Object) -> Option<&Address> {
    execution.get("flowAlias").and_then(Node::as_ref)
}

/// Finds flows that stand by themselves and hang in others.
pub(super) fn refused_flow(judge: &Judge<'_>, address: &Address, flow: &Object, notes: &mut Vec<Note>) {
    if !flow.is_true("topLevel") {
        return;
    }
    if let Some((execution, _)) = named_by(judge.state, address).next() {
        let words = format!("{} stands by itself, and cannot be a part of another flow", title(address));
        let at = place(judge.desired(execution), "flowAlias", "");
        let note = judge.note(Severe::Error, Code::NotTogether, words, at, "named as a sub-flow here");
        let flow = judge.desired(address).map_or(flow.at, |it| it.at);
        notes.push(note.and(flow, "stands by itself").help("say `topLevel: false` there"));
    }
}

/// Finds sub-flows that hang in several places, in themselves, or nowhere: with most of them no flow of the realm can be
/// read any more.
pub(super) fn check_flow(said: Said<'_>, address: &Address, flow: &Object, notes: &mut Vec<Note>) {
    let all: Vec<(&Address, At)> = named_by(said.state, address)
        .map(|(it, object)| (it, place(Some(object), "flowAlias", "")))
        .collect();
    let is_part = flow.get("topLevel").and_then(Node::as_bool) == Some(false);
    let Some((_, at)) = all.first().copied() else {
        if is_part {
            let words = format!("{} is a part of no flow", title(address));
            let note = Note::warning(Code::Unused, words, flow.at, "no execution names it");
            notes.push(note.help("name it in an execution by `flowAlias`, or say `topLevel: true`"));
        }
        return;
    };
    if let Some((_, second)) = all.get(1) {
        let words = format!("{} is a part of two flows", title(address));
        let note = Note::error(Code::NotTogether, words, *second, "Keycloak could not read it any more");
        notes.push(note.and(at, "the first").help("give one of them a flow of its own"));
    }
    let mut above = vec![address.clone()];
    while let Some(next) = above.last().and_then(|it| named_by(said.state, it).find_map(|it| it.0.parent())) {
        if next == *address {
            let words = format!("{} is part of itself", title(address));
            notes.push(Note::error(Code::Circle, words, at, "leads back to it"));
            return;
        }
        if above.contains(&next) {
            return;
        }
        above.push(next);
    }
}

/// Finds new executions in flows that came with the realm, and sub-flows that would move.
pub(super) fn refused_execution(
    judge: &Judge<'_>,
    address: &Address,
    execution: &Object,
    notes: &mut Vec<Note>,
) {
    let is_new = !judge.before.contains(address);
    let Some(flow) = address.parent().filter(|_| is_new) else { return };
    let at = judge.desired(address).map_or(execution.at, |it| it.at);
    if judge.before.get(&flow).is_some_and(|it| it.text("builtIn") == "true") {
        let words = format!("{} came with the realm, and takes no other executions", title(&flow));
        let note = judge.note(Severe::Error, Code::CannotChange, words, at, REFUSED);
        notes.push(note.help("declare a flow of your own with all of them, and bind that"));
    }
    let Some(part) = names(execution) else { return };
    if let Some((other, _)) = named_by(judge.before, part).find(|it| it.0 != address) {
        let from = other.parent().map(|it| title(&it)).unwrap_or_default();
        let words = format!("{} is a part of {from}, and cannot move", title(part));
        let note = judge.note(Severe::Error, Code::CannotChange, words, at, "goes with the execution there");
        notes.push(note.help("declare it here under another alias"));
    }
}

/// Finds configurations without an alias, and with that of another.
pub(super) fn refused_config(judge: &Judge<'_>, address: &Address, config: &Object, notes: &mut Vec<Note>) {
    let said = judge.desired(address);
    let alias = config.text("alias");
    let at = place(said, "alias", "");
    if alias.is_empty() {
        let words = format!("the configuration of {} has no `alias`", of(address));
        let at = said.map_or(config.at, |it| it.at);
        notes.push(judge.note(Severe::Error, Code::Missing, words, at, REFUSED).help("write `alias: NAME`"));
    }
    let is_as_before = judge.before.get(address).is_some_and(|it| it.text("alias") == alias);
    if alias.is_empty() || is_as_before {
        return;
    }
    let mut others = judge.state.objects.iter().filter(|(it, other)| {
        it.kind() == AUTHENTICATOR_CONFIG && *it != address && other.text("alias") == alias
    });
    let Some((other, shared)) = others.next() else { return };
    let words = format!("{} and {} have one configuration, `{alias}`", of(address), of(other));
    let is_new = address.parent().is_some_and(|it| !judge.before.contains(&it));
    let is_other_new = other.parent().is_some_and(|it| !judge.before.contains(&it));
    let label = if shared.fields != config.fields {
        "says something else there"
    } else if is_new || (is_other_new && !judge.before.contains(address)) {
        return;
    } else {
        "Keycloak lets only a new execution share one"
    };
    let note = judge.note(Severe::Error, Code::NotUnique, words, at, label);
    notes.push(note.help("give each a configuration with an alias of its own"));
}

fn of(config: &Address) -> String {
    let execution = config.parent();
    let flow = execution.as_ref().and_then(Address::parent);
    let words = [execution, flow].map(|it| it.map(|it| title(&it)).unwrap_or_default());
    words.join(" of ")
}

/// Finds bindings to what is no flow for that.
pub(in crate::kind) fn refused_binding(
    judge: &Judge<'_>,
    address: &Address,
    object: &Object,
    notes: &mut Vec<Note>,
) {
    for rule in kind(address.kind()).fields.iter().filter(|it| !it.flow.is_empty()) {
        let Some(node) = object.get(rule.name) else { continue };
        node.each_ref(&mut |target, at| {
            let Some(flow) = judge.state.get(target) else { return };
            let of = flow.text("providerId");
            let is = if flow.is_true("topLevel") { of } else { "sub-flow" };
            if is != rule.flow && !of.is_empty() {
                let field = words_of_field(rule.name, "", address);
                let words = format!("{field} is `{}`, which is a flow for something else", target.name());
                let note = judge.note(Severe::Error, Code::NotOnServer, words, at, format!("a {is}"));
                notes.push(note.help(format!("bind a {} here", rule.flow)));
            }
        });
    }
}
