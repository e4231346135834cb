//! Workflows: what a realm does with its users or clients by itself, step by step.
//!
//! A PUT replaces all of one: what it leaves out is gone, and every step gets another id, unless somebody is on the way through
//! it. Then no step comes, goes or moves, and `on` stays (400); whoever is on the way stays so, by the times that were set,
//! through a change of anything else, and no longer once it is deleted. What is due while it is off happens once it is on. One
//! that says nothing of `enabled` is on. Texts of `with` have no order, one alone is no list, and `true` and `false` are shown as
//! such in any case. Whatever a step names is looked up when its time comes. Measured on 26.7.5; 26.0.8 has none.

mod exported;
mod expression;
mod restart;

pub(super) use exported::apart;

use super::check::Said;
use super::hazard::Hazard::{BreaksClients, Deletes, LocksOut, Opens};
use super::hazard::{Hazard, HazardRule, When, of_key, rule};
use super::refused::{Judge, Severe, place};
use super::{
    Choice, Compare, Covers, Created, Field, Form, GROUP, IDENTITY_PROVIDER, Kind, ORDINARY, Others, ROLE,
    ROUTES, Routes, ServerInfo, Takes, cannot_be_unset, choice, field, kind, reference, relic, server_owned,
    title,
};
use crate::state::{Address, KindName, Node, Object, State};
use crate::text::{Code, Key, Note, Tree, TreeIs};

const ENABLED: &str = "enabled";
const STEPS: &str = "steps";
const USES: &str = "uses";
const WITH: &str = "with";

pub(super) static WORKFLOW: Kind = Kind {
    name: super::WORKFLOW,
    title: "workflow",
    representation: |_| "WorkflowRepresentation",
    fields: &[
        server_owned("id"),
        server_owned("state"),
        relic("supports", "take it out: its steps tell whether it is for users or for clients"),
        relic(WITH, "say `with` in a step"),
        Field { implied: "true", ..field(ENABLED) },
        Field { takes: &[span("after", Form::Interval)], ..field("schedule") },
        Field {
            compare: Compare::InOrder,
            choices: PROVIDERS,
            takes: &[span("after", Form::Span)],
            features: &[("", "WORKFLOWS")],
            ..cannot_be_unset(STEPS)
        },
    ],
    hazards: HAZARDS,
    hazards_where: does_harm,
    routes: Routes {
        collection: "workflows",
        own: "workflows/{id}",
        find: ALL,
        list: ALL,
        covers: Covers::Apart,
        needs: "realm-admin",
        ..ROUTES
    },
    normalize: Some(normalize),
    // Its class takes any key, and so does that of a step, which keeps it in `with`.
    has_field: |_, name| name != "*",
    new: Created { recorded_as: |_, _| "workflow".to_owned(), said_there: &[STEPS], ..super::CREATED },
    is_renamed: true,
    reenabled: ENABLED,
    names_in_texts: &[ROLE, GROUP, IDENTITY_PROVIDER],
    check,
    refuses: refused,
    ..ORDINARY
};

/// Ten come without a number, and a negative one is answered by 500.
const ALL: &str = "workflows?max=2147483647";

const PROVIDERS: &[Choice] =
    &[Choice { key: USES, ..choice("step of workflows", |it, _| ServerInfo::all(&it.workflow_steps)) }];

const fn span(key: &'static str, form: Form) -> Takes {
    Takes { key, form, others: Others::Refused }
}

const HAZARDS: &[HazardRule] = &[
    step(Deletes, "delete-user", "deletes users"),
    step(LocksOut, "disable-user", "disables users"),
    step(LocksOut, "revoke-role", "takes roles from users"),
    step(LocksOut, "leave-group", "takes users out of groups"),
    step(LocksOut, "unlink-user", "unlinks users from identity providers, by which they log in"),
    step(Opens, "grant-role", "gives roles to users"),
    step(Opens, "join-group", "puts users into groups"),
    step(BreaksClients, "delete-client", "deletes clients"),
    step(BreaksClients, "disable-client", "disables clients"),
    rule(LocksOut, ENABLED, When::Is("true"), "sets {it} to work: what was due meanwhile happens as well"),
    whom("on"),
    whom("if"),
    of_key(LocksOut, ("schedule", "after"), When::Changed, WHOM),
];

const fn step(hazard: Hazard, uses: &'static str, does: &'static str) -> HazardRule {
    rule(hazard, STEPS, When::Acts(USES, uses), does)
}

const WHOM: &str = "decides whom the steps of {it} are for, and when";

const fn whom(field: &'static str) -> HazardRule {
    rule(LocksOut, field, When::Changed, WHOM)
}

/// Returns whether a workflow is on, and has steps that take something from users or clients, or give it.
fn does_harm(address: &Address, state: &State) -> bool {
    let Some(whole) = state.get(address) else { return false };
    let is_told =
        |step: &Node| HAZARDS.iter().any(|it| matches!(it.when, When::Acts(_, word) if word == uses(step)));
    whole.get(ENABLED).and_then(Node::as_bool) != Some(false) && steps(whole).any(is_told)
}

/// Keys under which a step keeps something else than its configuration: what is said under them is lost, or moves the step.
const KEPT: &[&str] = &["after", "id", "priority", USES];

/// What a step says that is none of its configuration, and that the server alone decides.
const OF_SERVER: &[&str] = &["id", "priority", "scheduled-at", "status"];

/// Steps for clients; others are for users, but for what serves both.
const FOR_CLIENTS: &[&str] = &["delete-client", "disable-client"];
const FOR_BOTH: &[&str] = &[restart::RESTART];

/// Which steps name what, and under which key.
const NAMING: &[(&[&str], &str, KindName)] = &[
    (&["grant-role", "revoke-role"], "role", ROLE),
    (&["join-group", "leave-group"], "group", GROUP),
    (&["unlink-user"], "idp", IDENTITY_PROVIDER),
];

/// Stands for all identity providers.
const ANY: &str = "*";

/// Leaves out of steps what the server alone decides, and says the texts of `with` as it shows them.
fn normalize(tree: &Tree, _: &mut Vec<Note>) -> Tree {
    each_entry(tree, |key, value| match (&*key.name, &value.is) {
        (STEPS, TreeIs::List(items)) => {
            let items = items.iter().map(|it| each_entry(it, of_step)).collect();
            Some(Tree::new(value.at, TreeIs::List(items)))
        }
        _ => Some(value.clone()),
    })
}

fn of_step(key: &Key, value: &Tree) -> Option<Tree> {
    if OF_SERVER.contains(&&*key.name) || matches!(value.is, TreeIs::Null) {
        return None;
    }
    Some(if *key.name == *WITH { each_entry(value, |_, it| as_shown(it)) } else { value.clone() })
}

/// Of nothing the server would keep the word `null`, and of an empty list nothing.
fn as_shown(value: &Tree) -> Option<Tree> {
    let only = if let [only] = value.items() { only } else { value };
    match only.scalar() {
        _ if matches!(&value.is, TreeIs::Null) => None,
        None if matches!(&value.is, TreeIs::List(items) if items.is_empty()) => None,
        Some(text) if ["true", "false"].iter().any(|it| text.eq_ignore_ascii_case(it)) => {
            Some(Tree::text(only.at, text.to_lowercase()))
        }
        _ => Some(value.clone()),
    }
}

fn each_entry(tree: &Tree, of: impl Fn(&Key, &Tree) -> Option<Tree>) -> Tree {
    let TreeIs::Map(entries) = &tree.is else { return tree.clone() };
    let entries = entries.iter().filter_map(|(key, it)| Some((key.clone(), of(key, it)?)));
    Tree::new(tree.at, TreeIs::Map(entries.collect()))
}

/// Finds keys of `with` under which a step keeps something else.
fn check(_: Said<'_>, address: &Address, workflow: &Object, notes: &mut Vec<Note>) {
    let with = steps(workflow).filter_map(|it| it.get(WITH)?.as_map());
    for (key, node) in with.flatten().filter(|it| KEPT.contains(&&**it.0)) {
        let words = format!("`{key}` cannot stand in `{WITH}` of a step of {}", title(address));
        let note = Note::error(Code::WrongName, words, node.at, "Keycloak keeps something else by this name");
        notes.push(note.help(match &**key {
            "after" | USES => format!("say `{key}` beside `{WITH}`"),
            _ => "give it another name".to_owned(),
        }));
    }
}

/// Finds workflows without steps, steps that do not go together, events and conditions that the server lacks, and whatever
/// steps name that is not there.
fn refused(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    const LABEL: &str = "Keycloak would refuse it";
    let said = judge.desired(address);
    if steps(whole).next().is_none() {
        let words = format!("{} has no steps", title(address));
        let note = judge.note(Severe::Error, Code::Missing, words, place(said, STEPS, ""), LABEL);
        notes.push(note.help("say what it does: `steps: [{ uses: notify-user }]`"));
    }
    for step in steps(whole).filter(|it| uses(it).is_empty()) {
        let words = format!("a step of {} has no `{USES}`", title(address));
        notes.push(judge.note(Severe::Error, Code::Missing, words, step.at, LABEL));
    }
    let is_for_clients = |it: &&Node| FOR_CLIENTS.contains(&uses(it));
    let is_for_users = |it: &&Node| {
        let known = &ServerInfo::recorded(judge.version).workflow_steps;
        known.contains(uses(it)) && !is_for_clients(it) && !FOR_BOTH.contains(&uses(it))
    };
    if let (Some(one), Some(other)) = (steps(whole).find(is_for_clients), steps(whole).find(is_for_users)) {
        let words = format!("{} has steps for clients and steps for users", title(address));
        let note = judge.note(Severe::Error, Code::NotTogether, words, one.at, "this one is for clients");
        notes.push(note.and(other.at, "and this one for users").help("make two workflows of it"));
    }
    notes.extend(restart::wrong(judge, address, whole));
    for (field, key) in expression::FIELDS {
        let node = whole.get(field).and_then(|it| if key.is_empty() { Some(it) } else { it.get(key) });
        let Some(text) = node.and_then(Node::as_text) else { continue };
        notes.extend(expression::wrong(judge, address, (field, key), text, place(said, field, key)));
    }
    // Without a server nobody knows what else there is.
    if judge.is_sure {
        notes.extend(steps(whole).flat_map(|it| names_nothing(judge, address, it)));
    }
}

fn names_nothing(judge: &Judge<'_>, address: &Address, step: &Node) -> Vec<Note> {
    let naming = NAMING.iter().filter(|it| it.0.contains(&uses(step)));
    let named = naming.flat_map(|(_, key, of)| {
        let texts = step.get(WITH).and_then(|it| it.get(key)).map(Node::items).unwrap_or_default();
        texts.iter().map(move |it| (*key, *of, it))
    });
    let is_there = |of: KindName, name: &str| {
        (of == IDENTITY_PROVIDER && name == ANY) || judge.state.contains(&reference(of, name, None))
    };
    let note = |(key, of, node): (&str, KindName, &Node)| {
        let name = node.as_text().filter(|it| !is_there(of, it))?;
        let noun = kind(of).title;
        let words = format!("`{key}` of a step of {} names no {noun}: `{name}`", title(address));
        let label = "Keycloak would keep it, and find nothing when it comes to that";
        let note = judge.note(Severe::Warning, Code::UnknownReference, words, node.at, label);
        Some(note.help(format!("declare the {noun}, or mend the name")))
    };
    named.filter_map(note).collect()
}

fn steps(workflow: &Object) -> impl Iterator<Item = &Node> {
    workflow.get(STEPS).map(Node::items).unwrap_or_default().iter()
}

fn uses(step: &Node) -> &str {
    step.get(USES).and_then(Node::as_text).unwrap_or_default()
}
