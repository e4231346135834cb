//! Client policies: profiles say what is demanded of clients and of what they ask for, policies of which clients.
//!
//! Two documents, of which every profile and every policy is an object. What a PUT leaves out is gone, and a profile goes
//! although a policy names it: no policy can be written from then on. Exports have both documents. Measured on 26.0.8 and
//! 26.7.5.

use super::hazard::Hazard::{BreaksClients, Opens};
use super::hazard::{When, rule};
use super::refused::{Judge, Severe, each_text, words_of_field};
use super::{
    CLIENT_POLICY, CLIENT_PROFILE, CLIENT_SCOPE, Choice, Compare, Field, Kind, MIDDLE, NEWEST, OLDEST,
    ORDINARY, ROUTES, Routes, ServerInfo, Version, children, choice, field, one_of, server_owned, title,
    words,
};
use crate::state::{Address, KindName, Node, Object};
use crate::text::{At, Code, Note};

mod configured;

/// Where executors and conditions have what is set of them.
const CONFIGURATION: &str = "configuration";
const EXECUTOR: &str = "executor";
const CONDITION: &str = "condition";

const OF_PROFILES: Routes = Routes { own: "client-policies/profiles", in_realm: true, ..ROUTES };
const OF_POLICIES: Routes = Routes { own: "client-policies/policies", in_realm: true, ..ROUTES };

/// A document of which others are parts: nobody has it alone.
const DOCUMENT: Kind = Kind { key: "", is_everybodys: true, comes_with_realm: true, ..ORDINARY };

pub(super) static PROFILES: Kind = Kind {
    name: super::CLIENT_PROFILES,
    title: "client profiles",
    representation: |_| "ClientProfilesRepresentation",
    fields: &[children("profiles", |_| CLIENT_PROFILE), server_owned("globalProfiles")],
    routes: OF_PROFILES,
    ..DOCUMENT
};

pub(super) static PROFILE: Kind = Kind {
    name: CLIENT_PROFILE,
    title: "client profile",
    representation: |_| "ClientProfileRepresentation",
    // What one executor leaves of a request the next one sees.
    fields: &[Field { compare: Compare::InOrder, choices: EXECUTORS, ..field("executors") }],
    hazards: &[rule(BreaksClients, "executors", When::Changed, "asks something else of clients")],
    routes: Routes { document: "profiles", ..OF_PROFILES },
    refuses: refused_profile,
    comes_with_realm: true,
    ..ORDINARY
};

pub(super) static POLICIES: Kind = Kind {
    name: super::CLIENT_POLICIES,
    title: "client policies",
    representation: |_| "ClientPoliciesRepresentation",
    fields: &[children("policies", |_| CLIENT_POLICY), server_owned("globalPolicies")],
    routes: OF_POLICIES,
    ..DOCUMENT
};

pub(super) static POLICY: Kind = Kind {
    name: CLIENT_POLICY,
    title: "client policy",
    representation: |_| "ClientPolicyRepresentation",
    hazards: &[
        rule(Opens, "", When::Goes, "nothing is asked any more of the clients that {it} is for"),
        rule(Opens, "enabled", When::Was("true"), "asks nothing any more of the clients that it is for"),
        rule(BreaksClients, "enabled", When::Is("true"), "asks something of the clients that it is for"),
        rule(BreaksClients, "conditions", When::Changed, "asks it of other clients"),
        rule(BreaksClients, "profiles", When::Changed, "asks something else of the clients that it is for"),
    ],
    fields: &[
        Field { takes: &[one_of("", &["DEFAULT", "STRICT"])], ..field("mode") },
        Field { choices: CONDITIONS, ..field("conditions") },
    ],
    routes: Routes { document: "policies", ..OF_POLICIES },
    refuses: refused_policy,
    names_in_texts: &[CLIENT_PROFILE, CLIENT_SCOPE],
    comes_with_realm: true,
    ..ORDINARY
};

const EXECUTORS: &[Choice] = &[Choice {
    key: EXECUTOR,
    ..choice("executor of client policies", |it, _| ServerInfo::all(&it.client_policy_executors))
}];
const CONDITIONS: &[Choice] = &[Choice {
    key: CONDITION,
    ..choice("condition of client policies", |it, _| ServerInfo::all(&it.client_policy_conditions))
}];

/// Profiles that every realm has, and nobody may change.
const GLOBAL: &[(&str, Version)] = &[
    ("fapi-1-baseline", OLDEST),
    ("fapi-1-advanced", OLDEST),
    ("fapi-ciba", OLDEST),
    ("fapi-2-security-profile", OLDEST),
    ("fapi-2-message-signing", OLDEST),
    ("fapi-2-dpop-security-profile", NEWEST),
    ("fapi-2-dpop-message-signing", NEWEST),
    ("oauth-2-1-for-confidential-client", OLDEST),
    ("oauth-2-1-for-public-client", OLDEST),
    ("saml-security-profile", OLDEST),
];

fn is_global(name: &str, version: Version) -> bool {
    GLOBAL.iter().any(|(it, since)| *it == name && version >= *since)
}

/// A profile that is called like one of the server's own, and executors that say nothing of themselves: PUT answers 400, and
/// 500.
fn refused_profile(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    let label = "Keycloak would refuse it";
    if is_global(address.name(), judge.version) {
        let words = format!("{} has the name of one of Keycloak's own", title(address));
        let at = judge.desired(address).map_or(whole.at, |it| it.at);
        let note = judge.note(Severe::Error, Code::WrongName, words, at, label);
        notes.push(note.help("give it another name; policies may name Keycloak's own as they are"));
    }
    let executors = whole.get("executors").map(Node::items).unwrap_or_default();
    for executor in executors.iter().filter(|it| it.get(CONFIGURATION).is_none_or(Node::is_null)) {
        let words = format!("an executor of {} has no `configuration`", title(address));
        let note = judge.note(Severe::Error, Code::Missing, words, executor.at, label);
        notes.push(note.help("write `configuration: {}`"));
    }
    configured::check(judge, address, whole.get("executors"), EXECUTOR, notes);
}

/// A policy that names a profile which is not there, or in a condition a client scope: PUT answers 400, whatever else of the
/// document it is about.
fn refused_policy(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    configured::check(judge, address, whole.get("conditions"), CONDITION, notes);
    each_text(whole, "profiles", "", &mut |name, at| {
        if !is_global(name, judge.version) {
            names(judge, Severe::Error, ("profiles", address), (CLIENT_PROFILE, name, at), notes);
        }
    });
    // Who sees none of them knows none.
    let is_seen = judge.state.objects.keys().any(|it| it.kind() == CLIENT_SCOPE);
    let Some(severe) = judge.since(MIDDLE).filter(|_| is_seen) else { return };
    let conditions = whole.get("conditions").map(Node::items).unwrap_or_default();
    let of_scopes =
        conditions.iter().filter(|it| it.get(CONDITION).and_then(Node::as_text) == Some("client-scopes"));
    let scopes = of_scopes.filter_map(|it| it.get(CONFIGURATION)?.get("scopes"));
    for scope in scopes.flat_map(Node::items) {
        if let Some(name) = scope.as_text() {
            names(judge, severe, ("conditions", address), (CLIENT_SCOPE, name, scope.at), notes);
        }
    }
}

/// Finds whether what a field of a policy names is not there.
fn names(
    judge: &Judge<'_>,
    severe: Severe,
    (field, address): (&str, &Address),
    (kind, name, at): (KindName, &str, At),
    notes: &mut Vec<Note>,
) {
    let named = Address::top(kind, name);
    if judge.state.contains(&named) {
        return;
    }
    let of = words_of_field(field, "", address);
    if judge.before.contains(&named) {
        let removed = format!("{of} names {}, which this plan removes", title(&named));
        let label = "Keycloak would refuse every later write of client policies";
        let note = judge.note(severe, Code::RemovedHere, removed, at, label);
        notes.push(note.help(format!("take it out of that policy first, or keep the {}", words(&named))));
    } else {
        notes.push(judge.names_none(severe, &of, kind, name, at));
    }
}
