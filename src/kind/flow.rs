//! Authentication flows: in which steps users log in, register and prove who they are, and clients too.
//!
//! Sub-flows are flows that an execution of another one names: they are made and filled before that, and go with it. A PUT of
//! a flow replaces alias, description, type and both switches, whatever is bound to it; executions and bindings follow another
//! alias, and whoever writes back the old one gets 500. Of those that every realm has from the
//! start only requirement, order and configuration of what is in them can change. Measured on 26.0.8 and 26.7.5.

pub(super) mod execution;
mod join;
mod judged;
mod rank;

use super::behaviour::{Becomes, Behaviour};
use super::takes::RESERVED;
use super::{
    CREATED, Compare, Covers, Created, EXECUTION, Field, Kind, ORDINARY, Others, ROUTES, Routes, Sent, Takes,
    Unasked, cannot_be_unset, children, field, one_of, server_owned,
};
use crate::state::{Address, Object};

pub(super) use join::join;
pub(super) use judged::refused_binding;
pub use judged::{asks_flows, closed_flows, flows_around};
pub use rank::{identify, listed_names, rank};

/// The flow that every realm has and no list shows, and what it is said to be.
pub const UNLISTED_FLOW: (&str, &str) = ("saml ecp", "SAML ECP Profile Authentication Flow");

const TYPES: &[&str] = &["basic-flow", "form-flow", "client-flow"];

pub(super) static FLOW: Kind = Kind {
    name: super::FLOW,
    title: "flow",
    representation: |_| "AuthenticationFlowRepresentation",
    key: "alias",
    fields: &[
        server_owned("id"),
        Field { is_telling: true, ..server_owned("builtIn") },
        Field {
            sent: Sent::Fixed,
            // Any other is taken, and works as a basic one.
            takes: &[Takes { others: Others::Unused, ..one_of("", TYPES) }],
            ..cannot_be_unset("providerId")
        },
        // With another value it would no longer be found, or no longer hang in any.
        Field { sent: Sent::Fixed, ..cannot_be_unset("topLevel") },
        children("authenticationExecutions", |_| EXECUTION),
    ],
    routes: Routes {
        collection: "authentication/flows",
        own: "authentication/flows/{id}",
        find: "authentication/flows",
        list: "authentication/flows",
        // Not those that stand in others.
        covers: Covers::Brief,
        ..ROUTES
    },
    takes_in_names: |it| !RESERVED.contains(it),
    new: Created {
        recorded_as: |_, _| "flow".to_owned(),
        unasked: &[Unasked::Says("topLevel", "true"), Unasked::Says("providerId", "basic-flow")],
        ..CREATED
    },
    check: judged::check_flow,
    comes_with_realm: true,
    is_renamed: true,
    behaviour: &OfFlows,
    ..ORDINARY
};

struct OfFlows;

impl Behaviour for OfFlows {
    /// The server lets those of the realm's own be renamed, too, which new versions look for by their names.
    fn may_be_renamed(&self, flow: &Object, _: Becomes<'_>) -> bool {
        flow.text("builtIn") != "true"
    }
}

/// Returns whether an object is a flow, or stands in one.
pub fn is_of_flow(address: &Address) -> bool {
    address.ancestor(super::FLOW).is_some()
}

/// The fields of a realm and of others in which flows are bound, by name.
pub(super) const fn bound(name: &'static str, of: &'static str) -> Field {
    Field { compare: Compare::Ref(super::FLOW), flow: of, holds: true, ..field(name) }
}
