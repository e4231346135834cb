//! Whether a change of who holds what closes or opens: data, by kind and field.

use super::compile::FLOW_ATTRIBUTES;
use super::realm::{PolicyIs, Realm};
use crate::change::{Action, Change, FieldChange, To};
use crate::kind::{CLIENT, CLIENT_SCOPE, GROUP, MAPPER, REALM, ROLE, USER};
use crate::state::{Address, KindName, Node, State};

/// What a change does to access. In this order they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    Closes,
    /// Lets some in and keeps others out, or nobody can tell from the change alone.
    Both,
    Opens,
}

/// How a field matters, where it does.
enum Field {
    /// Links: more of them open, fewer close.
    Holds,
    /// A switch that opens when it is on.
    Switch,
    /// A switch of which only turning off matters: with it goes what the server made.
    Off,
    /// A switch of which only turning on matters, which removes what the server made.
    On,
    Either,
    /// Matters where policies read the claims of tokens.
    Claims,
}

const FIELDS: &[(KindName, &str, Field)] = &[
    (ROLE, "composites", Field::Holds),
    (GROUP, "realmRoles", Field::Holds),
    (GROUP, "clientRoles", Field::Holds),
    (GROUP, "attributes", Field::Claims),
    (USER, "realmRoles", Field::Holds),
    (USER, "clientRoles", Field::Holds),
    (USER, "groups", Field::Holds),
    (USER, "enabled", Field::Switch),
    (USER, "attributes", Field::Claims),
    (USER, "email", Field::Claims),
    (USER, "emailVerified", Field::Claims),
    (USER, "firstName", Field::Claims),
    (USER, "lastName", Field::Claims),
    (REALM, "defaultGroups", Field::Holds),
    (CLIENT, "enabled", Field::Switch),
    // Ways by which people come in.
    (CLIENT, "standardFlowEnabled", Field::Switch),
    (CLIENT, "implicitFlowEnabled", Field::Switch),
    (CLIENT, "directAccessGrantsEnabled", Field::Switch),
    (CLIENT, "bearerOnly", Field::Either),
    (CLIENT, "fullScopeAllowed", Field::Switch),
    (CLIENT, "serviceAccountsEnabled", Field::Off),
    (CLIENT, "authorizationServicesEnabled", Field::Off),
    (CLIENT, "publicClient", Field::On),
    (CLIENT, "scopeMappings", Field::Holds),
    (CLIENT, "clientScopeMappings", Field::Holds),
    (CLIENT, "defaultClientScopes", Field::Either),
    (CLIENT, "optionalClientScopes", Field::Either),
    (CLIENT, "attributes", Field::Either),
    // The first role of a client scope shuts out whoever lacks it.
    (CLIENT_SCOPE, "scopeMappings", Field::Either),
    (CLIENT_SCOPE, "clientScopeMappings", Field::Either),
    (CLIENT_SCOPE, "attributes", Field::Either),
];

/// Whether the tokens of a client, or who gets one, hang on an attribute.
fn is_of_tokens(attribute: &str) -> bool {
    attribute == "client.use.lightweight.access.token.enabled" || FLOW_ATTRIBUTES.contains(&attribute)
}

/// What the policies of two states read, which says what can matter to them.
pub(super) struct Reads {
    /// There is a client with authorization at all.
    pub(super) any: bool,
    /// Claims of tokens.
    pub(super) claims: bool,
    /// A policy turned around asks for roles or groups: who holds less may then be permitted more.
    pub(super) inverted: bool,
}

impl Reads {
    pub(super) fn of(sides: [&Realm; 2]) -> Self {
        let servers = || sides.into_iter().flat_map(|it| it.servers.values());
        let unknown = |it: &PolicyIs| matches!(it, PolicyIs::Unknown { .. });
        let policies = || servers().flat_map(|it| &it.policy_entries);
        Self {
            any: servers().next().is_some(),
            claims: servers().any(|it| it.token_reads.any_claims()) || policies().any(|it| unknown(&it.is)),
            inverted: policies().any(|it| {
                it.negative
                    && matches!(
                        it.is,
                        PolicyIs::Role { .. }
                            | PolicyIs::Group { .. }
                            | PolicyIs::Aggregate { .. }
                            | PolicyIs::Unknown { .. }
                    )
            }),
        }
    }
}

/// Returns what a part of a change does to who holds what, where it does anything.
pub(super) fn turn(part: &Change, sides: [&State; 2], reads: &Reads) -> Option<Turn> {
    let kind = part.object.kind();
    let either = reads.any.then_some(Turn::Both);
    match (part.action, kind) {
        (Action::Delete, USER | GROUP | CLIENT) => Some(Turn::Closes),
        // A policy forgets a role that goes, a required one too.
        (Action::Delete, ROLE) => {
            let is_named = sides.iter().all(|it| names_role(it, &part.object));
            if is_named { either } else { Some(Turn::Closes) }
        }
        (Action::Delete, CLIENT_SCOPE) => either,
        (Action::Create, USER) => Some(Turn::Opens),
        (Action::Create, CLIENT) if reads.any => Some(Turn::Opens),
        (Action::Create | Action::Update | Action::Delete, MAPPER) => {
            either.filter(|_| reads.claims || is_of_roles(part, sides))
        }
        (Action::Update, _) => {
            let turns = part.fields.iter().filter_map(|it| of_field(kind, it, reads));
            turns.reduce(|one, other| if one == other { one } else { Turn::Both })
        }
        _ => None,
    }
}

fn names_role(state: &State, role: &Address) -> bool {
    let policies = state.objects.iter().filter(|(it, _)| it.kind() == crate::kind::POLICY);
    let mut named = false;
    for (_, object) in policies {
        object.each_ref(&mut |_, it, _| named |= it == role);
    }
    named
}

/// Returns whether a mapper may decide which roles a token carries.
fn is_of_roles(part: &Change, sides: [&State; 2]) -> bool {
    sides.iter().filter_map(|it| it.get(&part.object)).any(|it| {
        let claim = it.get("config").and_then(|it| it.get("claim.name")).and_then(Node::as_text);
        let claim = claim.unwrap_or("");
        it.text("protocolMapper").contains("role")
            || super::claims::may_carry_roles(it.text("protocolMapper"), claim)
    })
}

fn of_field(kind: KindName, change: &FieldChange, reads: &Reads) -> Option<Turn> {
    let (_, _, field) = FIELDS.iter().find(|(of, name, _)| *of == kind && *name == &*change.path.field)?;
    let is_on = || matches!(&change.to, To::Value(it) if it.as_bool() == Some(true));
    let either = reads.any.then_some(Turn::Both);
    match field {
        Field::Holds => match &change.to {
            To::Links { add, remove } if remove.is_empty() && !add.is_empty() => Some(Turn::Opens),
            To::Links { remove, .. } if !remove.is_empty() => Some(Turn::Closes),
            To::Links { .. } | To::Value(_) | To::Unset => None,
        },
        Field::Switch => Some(if is_on() { Turn::Opens } else { Turn::Closes }),
        Field::Off => (!is_on()).then_some(Turn::Closes),
        Field::On => is_on().then_some(Turn::Closes),
        Field::Either if kind == CLIENT && change.path.key.as_deref().is_some_and(|it| !is_of_tokens(it)) => {
            None
        }
        Field::Either => either,
        Field::Claims => either.filter(|_| reads.claims),
    }
}
