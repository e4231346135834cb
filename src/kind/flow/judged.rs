//! What is wrong with flows, and which of them anybody goes through.

use std::sync::LazyLock;

use super::super::check::Said;
use super::super::refused::names::{Names, Nobody, names_nobody};
use super::super::refused::{Judge, Severe, place, words_of_field};
use super::is_of_flow;
use crate::kind::{
    AUTHENTICATOR_CONFIG, EXECUTION, FLOW, Field, KINDS, Kind, ROLE, ServerInfo, kind, rank_of, title,
};
use crate::state::{Address, KindName, Node, Object, State};
use crate::text::{At, Code, Note};

const REFUSED: &str = "Keycloak would refuse it";

const REQUIREMENT: &str = "requirement";

/// Returns whether somebody goes through the flow in which an object stands: it is bound, or is a part of one that is.
pub(super) fn is_bound(address: &Address, state: &State) -> bool {
    let around = flows_around(address, state);
    bindings(state).iter().any(|it| around.contains(it.flow))
}

/// Returns the flow in which an object stands, and those that it is a part of, from the inside.
pub fn flows_around(address: &Address, state: &State) -> Vec<Address> {
    let mut around: Vec<Address> = Vec::new();
    let mut next = address.ancestor(FLOW);
    while let Some(flow) = next.filter(|it| !around.contains(it)) {
        next = whole(state, &flow);
        around.push(flow);
    }
    around
}

/// Returns the flow that a flow is a part of.
fn whole(state: &State, flow: &Address) -> Option<Address> {
    named_by(state, flow).find_map(|(it, _)| it.parent())
}

/// A flow that something sends people to.
struct Binding<'s> {
    by: &'s Address,
    rule: &'static Field,
    flow: &'s Address,
    at: At,
}

/// The kinds that bind flows.
static BINDERS: LazyLock<Vec<KindName>> = LazyLock::new(|| {
    let binds = |it: &&&Kind| it.fields.iter().any(|it| !it.flow.is_empty());
    KINDS.iter().filter(binds).map(|it| it.name).collect()
});

/// Returns the fields of an object in which flows are bound.
fn binding_fields<'o>(
    address: &Address,
    object: &'o Object,
) -> impl Iterator<Item = (&'static Field, &'o Node)> {
    let fields = if BINDERS.contains(&address.kind()) { kind(address.kind()).fields } else { &[] };
    let bind = fields.iter().filter(|it| !it.flow.is_empty());
    bind.filter_map(|it| Some((it, object.get(it.name)?)))
}

fn bindings(state: &State) -> Vec<Binding<'_>> {
    let mut out = Vec::new();
    for (by, object) in &state.objects {
        for (rule, node) in binding_fields(by, object) {
            node.each_ref(&mut |flow, at| out.push(Binding { by, rule, flow, at }));
        }
    }
    out
}

/// Returns whether something declared is of flows, or names one.
pub fn asks_flows(state: &State) -> bool {
    state.objects.iter().any(|(it, object)| is_of_flow(it) || binding_fields(it, object).next().is_some())
}

/// Returns that nobody gets through a flow that is bound, where that was not so before: nobody could log in.
pub fn closed_flows(desired: &State, before: &State, after: &State) -> Vec<Note> {
    let were = bindings(before);
    let mut notes: Vec<Note> = Vec::new();
    for Binding { by, rule, flow, at } in bindings(after) {
        let was_bound = were.iter().any(|it| it.by == by && it.flow == flow);
        let was_closed = was_bound && !lets_through(before, flow, &mut Vec::new());
        if was_closed || !after.contains(flow) || lets_through(after, flow, &mut Vec::new()) {
            continue;
        }
        let of = words_of_field(rule.name, "", by);
        let words = format!("nobody could get through {}, which {of} names", title(flow));
        if notes.iter().all(|it| it.title != words) {
            let at = desired.get(flow).map_or(at, |it| it.at);
            let note = Note::error(Code::NotTogether, words, at, "nothing in it is asked for");
            let help = "give it an execution that is not DISABLED, in each sub-flow that is REQUIRED too";
            notes.push(note.help(help));
        }
    }
    notes
}

/// Returns whether a flow asks for anything, and so does all that it requires.
fn lets_through(state: &State, flow: &Address, above: &mut Vec<Address>) -> bool {
    if above.contains(flow) {
        return false;
    }
    above.push(flow.clone());
    let steps: Vec<&Object> = state
        .under(flow)
        .filter(|(it, object)| it.kind() == EXECUTION && object.text(REQUIREMENT) != "DISABLED")
        .map(|it| it.1)
        .collect();
    let closes = |it: &&Object| it.text(REQUIREMENT) == "REQUIRED";
    let mut parts = steps.iter().copied().filter(closes).filter_map(names);
    let is_open = !steps.is_empty() && parts.all(|it| lets_through(state, it, above));
    above.pop();
    is_open
}

/// Returns the executions that name a flow.
fn named_by<'s>(state: &'s State, flow: &'s Address) -> impl Iterator<Item = (&'s Address, &'s Object)> {
    state.objects.iter().filter(move |(it, object)| it.kind() == EXECUTION && names(object) == Some(flow))
}

fn names(execution: &Object) -> Option<&Address> {
    execution.get("flowAlias").and_then(Node::as_ref)
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
    let outermost = flows_around(address, said.state).pop();
    if outermost.and_then(|it| whole(said.state, &it)).as_ref() == Some(address) {
        let words = format!("{} is part of itself", title(address));
        notes.push(Note::error(Code::Circle, words, at, "leads back to it"));
    }
}

/// Finds new executions in flows that came with the realm, sub-flows that would move, and flows that stand by themselves and
/// would hang in others: they would go with those (26.7.5: one that came with the realm, too).
pub(super) fn refused_execution(
    judge: &Judge<'_>,
    address: &Address,
    execution: &Object,
    notes: &mut Vec<Note>,
) {
    let at = judge.desired(address).map_or(execution.at, |it| it.at);
    if rank_of(address, execution).is_some_and(|it| i32::try_from(it).is_err()) {
        let words = format!("the `priority` of {} is out of range", title(address));
        let note = judge.note(Severe::Error, Code::WrongNumber, words, at, REFUSED);
        notes.push(note.help(format!("write numbers up to {}", i32::MAX)));
    }
    let is_new = !judge.before.contains(address);
    let Some(flow) = address.parent().filter(|_| is_new) else { return };
    if judge.before.get(&flow).is_some_and(|it| it.text("builtIn") == "true") {
        let words = format!("{} came with the realm, and takes no other executions", title(&flow));
        let note = judge.note(Severe::Error, Code::CannotChange, words, at, REFUSED);
        notes.push(note.help(
            "declare a flow of your own with all of them, and bind that; if this is an export of another version, take the flow \
             out of the manifests: the realm has its own",
        ));
    }
    let Some(part) = names(execution) else {
        notes.extend(of_another_type(judge, &flow, execution, at));
        return;
    };
    let is_form = judge.state.get(part).is_some_and(|it| it.text("providerId") == "form-flow");
    if is_form && execution.text("authenticator").is_empty() {
        let words = format!("{} is a form, and nothing says which page it is on", title(part));
        let note = judge.note(Severe::Error, Code::Missing, words, at, "whoever comes there gets an error");
        notes.push(note.help("say `authenticator: registration-page-form` beside `flowAlias`"));
    }
    if let Some(whole) = judge.state.get(part).filter(|it| it.is_true("topLevel")) {
        let words = format!("{} stands by itself, and cannot be a part of another flow", title(part));
        let place = place(judge.desired(address), "flowAlias", "");
        let note = judge.note(Severe::Error, Code::NotTogether, words, place, "named as a sub-flow here");
        notes.push(match judge.desired(part) {
            Some(said) => note.and(said.at, "stands by itself").help("say `topLevel: false` there"),
            None if whole.text("builtIn") == "true" => {
                note.help("it came with the realm: declare a sub-flow of your own with its executions")
            }
            None => note.help("declare a sub-flow of your own with its executions"),
        });
    }
    if let Some((other, _)) = named_by(judge.before, part).find(|it| it.0 != address) {
        let from = other.parent().map(|it| title(&it)).unwrap_or_default();
        let words = format!("{} is a part of {from}, and cannot move", title(part));
        let note = judge.note(Severe::Error, Code::CannotChange, words, at, "goes with the execution there");
        notes.push(note.help("declare it here under another alias"));
    }
}

/// Types of flows, and what their executions are of, as the server sorts it.
const SORTS: &[(&str, &str)] =
    &[("basic-flow", "authenticator"), ("form-flow", "form-action"), ("client-flow", "client-authenticator")];

/// Returns that what an execution is of works in flows of other types alone: the server refuses it (400).
fn of_another_type(judge: &Judge<'_>, flow: &Address, execution: &Object, at: At) -> Option<Note> {
    let name = execution.text("authenticator");
    let of = judge.state.get(flow)?.text("providerId");
    // Of what is added to a server, only the server knows the sort.
    let plain = &ServerInfo::recorded(judge.version).authenticators;
    let has = |sort: &str| plain.get(sort).is_some_and(|it| it.contains(name));
    let right = SORTS.iter().find(|it| it.0 == of).filter(|it| !has(it.1))?;
    let (other, _) = SORTS.iter().find(|it| it.0 != right.0 && has(it.1))?;
    let words = format!("`{name}` cannot be in {}, which is a {of}", title(flow));
    let note = judge.note(Severe::Error, Code::WrongType, words, at, REFUSED);
    Some(note.help(format!("it works in a {other}")))
}

/// What authenticators ask about, which they take for nothing where it is not there.
const NAMES: &[Names] = &[
    Names { provider: "conditional-user-role", key: "condUserRole", kind: ROLE, others: Nobody::Unused },
    Names { provider: "auth-conditional-otp-form", key: "skipOtpRole", kind: ROLE, others: Nobody::Unused },
    Names { provider: "auth-conditional-otp-form", key: "forceOtpRole", kind: ROLE, others: Nobody::Unused },
];

/// Finds configurations without an alias, and with that of another.
pub(super) fn refused_config(judge: &Judge<'_>, address: &Address, config: &Object, notes: &mut Vec<Note>) {
    let said = judge.desired(address);
    let execution = address.parent().and_then(|it| judge.state.get(&it));
    let authenticator = execution.map_or("", |it| it.text("authenticator"));
    let asked = NAMES.iter().filter(|it| it.provider == authenticator);
    notes.extend(names_nobody(judge, (address, config), asked));
    let alias = config.text("alias");
    let at = place(said, "alias", "");
    if let Some(part) = execution.filter(|it| it.text("authenticator").is_empty()).and_then(names) {
        let words = format!("the configuration of {} does nothing", of(address));
        let at = said.map_or(config.at, |it| it.at);
        let label = "Keycloak keeps it, and a sub-flow reads none";
        let note = judge.note(Severe::Warning, Code::Unused, words, at, label);
        notes.push(note.help(format!("give it to an execution in {}, or take it out", title(part))));
    }
    if alias.is_empty() {
        let words = format!("the configuration of {} has no `alias`", of(address));
        let at = said.map_or(config.at, |it| it.at);
        notes.push(judge.note(Severe::Error, Code::Missing, words, at, REFUSED).help("write `alias: NAME`"));
    }
    let was = judge.before.get(address);
    if alias.is_empty() || was.is_some_and(|it| it.text("alias") == alias) {
        return;
    }
    let is_other = |it: &Address| it.kind() == AUTHENTICATOR_CONFIG && it != address;
    let holders = |state: &'_ State| -> Vec<Address> {
        let has = |(it, other): &(&Address, &Object)| is_other(it) && other.text("alias") == alias;
        state.objects.iter().filter(has).map(|it| it.0.clone()).collect()
    };
    let mut refuse = |other: &Address, label: &str| {
        let words = format!("{} would share `{alias}` with {}", of(address), of(other));
        let note = judge.note(Severe::Error, Code::NotUnique, words, at, label);
        notes.push(note.help("give each a configuration with an alias of its own"));
    };
    // With the one that it is shared with now, it would get the new name.
    let id = was.and_then(|it| it.id.as_ref());
    let same = |(it, other): &(&Address, &Object)| id.is_some() && is_other(it) && other.id.as_ref() == id;
    let differs = |it: &&Address| judge.state.get(it).is_some_and(|it| it.text("alias") != alias);
    if let Some(other) = judge.before.objects.iter().filter(same).map(|it| it.0).find(differs) {
        let words = format!(
            "{} and {} have one configuration, and only one of them gets another",
            of(address),
            of(other)
        );
        let note = judge.note(Severe::Error, Code::NotUnique, words, at, "Keycloak changes it for both");
        notes.push(
            note.help("make the execution anew: take it out, apply with `--prune`, and declare it again"),
        );
        return;
    }
    let is_new = |it: &Address| it.parent().is_some_and(|it| !judge.before.contains(&it));
    for other in holders(judge.before) {
        let stays = judge.state.get(&other).is_some_and(|it| it.text("alias") == alias);
        if !stays || !is_new(address) || judge.desired(&other).is_none() {
            return refuse(&other, "is there already, and would be changed and deleted with that");
        }
    }
    for other in holders(judge.state) {
        if judge.state.get(&other).is_some_and(|it| it.fields != config.fields) {
            return refuse(&other, "says something else there");
        }
        let is_first = is_new(&other) && !judge.before.contains(address);
        if !is_new(address) && !is_first {
            return refuse(&other, "Keycloak lets only a new execution share one");
        }
    }
}

fn of(config: &Address) -> String {
    config.parent().map(|it| titles(&it)).unwrap_or_default()
}

/// Returns the words for an execution, and the flow in which it stands.
fn titles(execution: &Address) -> String {
    let flow = execution.parent().map(|it| title(&it)).unwrap_or_default();
    format!("{} of {flow}", title(execution))
}

/// Finds bindings to what is no flow for that.
pub(in crate::kind) fn refused_binding(
    judge: &Judge<'_>,
    address: &Address,
    object: &Object,
    notes: &mut Vec<Note>,
) {
    for (rule, node) in binding_fields(address, object) {
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
