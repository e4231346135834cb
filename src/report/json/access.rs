//! Who gains or loses what, as JSON: grouped, and complete.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::{
    AccessChange, AdministrationChange, Answer, ChangeOfAccess, Impact, Step, Through, Ways,
};

/// Decisions that change in the same way for the same reason.
#[derive(Serialize, JsonSchema)]
pub(in crate::report) struct AccessEntry {
    /// The resource server.
    client: String,
    /// Declared users and made-up personas, by name.
    personas: Vec<String>,
    /// Users who are not declared, counted.
    undeclared: usize,
    resources: Vec<String>,
    /// Null on resources without scopes.
    scope: Option<String>,
    before: AnswerName,
    after: AnswerName,
    change: ChangeName,
    /// The clients through which these personas come to it; null where that makes no difference: through all that not
    /// every realm has, or with a token of their own, as service accounts do.
    through: Option<Vec<ThroughEntry>>,
    /// The chain from the subject to the resource: addresses, and words where there is no object.
    via: Vec<String>,
    /// Address of the change that causes it, where it can be told.
    cause: Option<String>,
    /// Personas times resources.
    count: usize,
}

/// People who come to administer the realm, or no longer do, by the same roles for the same reason.
#[derive(Serialize, JsonSchema)]
pub(in crate::report) struct AdministrationEntry {
    /// `gained` or `lost`; `maybe_gained` or `maybe_lost` where it hangs on what nobody can tell of a token.
    change: ChangeName,
    /// Addresses; of roles that are part of one another, the whole alone.
    roles: Vec<String>,
    /// Declared users, service accounts and made-up personas, by name.
    personas: Vec<String>,
    /// Users who are not declared, counted.
    undeclared: usize,
    /// The clients whose tokens alone bring it (26.0); null where people hold the roles.
    through: Option<Vec<ThroughEntry>>,
    /// How the first persona comes to the first role, or came.
    via: Vec<String>,
    /// Address of the change that causes it, where it can be told.
    cause: Option<String>,
}

/// A client through which people ask.
#[derive(Serialize, JsonSchema)]
pub(in crate::report) struct ThroughEntry {
    client: String,
    /// Optional client scopes that are asked for.
    scopes: Vec<String>,
}

/// What was looked at.
#[derive(Serialize, JsonSchema)]
pub(in crate::report) struct AccessDomain {
    personas: usize,
    undeclared: usize,
    /// Clients through which people come.
    clients: usize,
    /// Clients whose resources they ask for.
    resource_servers: usize,
    /// What owners of resources share with others, afterwards.
    shares: usize,
    /// Users of the realm who were not looked at; null where they could not be counted.
    users_not_evaluated: Option<usize>,
    /// Of them, how many are in a group or have a role that the plan changes.
    members_not_evaluated: BTreeMap<String, usize>,
    /// Decisions that were made, on each side.
    decisions: usize,
    /// Decisions that cannot be told afterwards, changed or not.
    undecided: usize,
    notes: Vec<String>,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum AnswerName {
    Permit,
    Deny,
    Unknown,
    Absent,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ChangeName {
    Gained,
    MaybeGained,
    Lost,
    MaybeLost,
    Unknown,
}

pub(in crate::report) fn entry(change: &AccessChange) -> AccessEntry {
    AccessEntry {
        client: change.client.name().to_owned(),
        personas: change.personas.clone(),
        undeclared: change.undeclared,
        resources: change.resources.clone(),
        scope: change.scope.clone(),
        before: answer(change.before),
        after: answer(change.after),
        change: changed(change.change),
        through: through(&change.through),
        via: change.via.iter().map(link).collect(),
        cause: change.cause.as_ref().map(ToString::to_string),
        count: change.count,
    }
}

pub(in crate::report) fn through(ways: &Ways) -> Option<Vec<ThroughEntry>> {
    let entry =
        |it: &Through| ThroughEntry { client: it.client.name().to_owned(), scopes: it.scopes.clone() };
    (!ways.ways.is_empty()).then(|| ways.ways.iter().map(entry).collect())
}

pub(in crate::report) fn administration(impact: &Impact) -> Vec<AdministrationEntry> {
    let entry = |it: &AdministrationChange| AdministrationEntry {
        change: changed(it.change),
        roles: it.roles.iter().map(ToString::to_string).collect(),
        personas: it.personas.clone(),
        undeclared: it.undeclared,
        through: through(&it.through),
        via: it.via.iter().map(link).collect(),
        cause: it.cause.as_ref().map(ToString::to_string),
    };
    impact.administration.iter().map(entry).collect()
}

/// Returns the address of a link, or its words where it is no object.
pub(in crate::report) fn link(step: &Step) -> String {
    step.address.as_ref().map_or_else(|| step.text.clone(), ToString::to_string)
}

fn changed(change: ChangeOfAccess) -> ChangeName {
    match change {
        ChangeOfAccess::Gained => ChangeName::Gained,
        ChangeOfAccess::MaybeGained => ChangeName::MaybeGained,
        ChangeOfAccess::Lost => ChangeName::Lost,
        ChangeOfAccess::MaybeLost => ChangeName::MaybeLost,
        ChangeOfAccess::Unknown => ChangeName::Unknown,
    }
}

fn answer(answer: Answer) -> AnswerName {
    match answer {
        Answer::Permit => AnswerName::Permit,
        Answer::Deny => AnswerName::Deny,
        Answer::Unknown => AnswerName::Unknown,
        Answer::Absent => AnswerName::Absent,
    }
}

pub(in crate::report) fn domain(impact: &Impact) -> AccessDomain {
    AccessDomain {
        personas: impact.personas,
        undeclared: impact.undeclared,
        clients: impact.entrances,
        resource_servers: impact.servers,
        shares: impact.shares,
        users_not_evaluated: impact.outside,
        members_not_evaluated: impact.members.iter().map(|(it, count)| (it.to_string(), *count)).collect(),
        decisions: impact.decisions,
        undecided: impact.undecided,
        notes: impact.notes.clone(),
    }
}
