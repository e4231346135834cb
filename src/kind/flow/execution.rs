//! Executions: the steps of a flow in their order, and the configuration that one may have.
//!
//! One stays what it was made as: another authenticator, another sub-flow or another flow is another execution. Its order is a
//! number, and numbers may be equal: then any order may come. A PUT takes id, requirement and number alone; what is left out of
//! it becomes 0 or is answered by 500. A POST, and an import, without a requirement is answered by 500. A configuration of a
//! sub-flow is taken, shown in exports alone, and read by nobody. Measured on 26.0.8 and 26.7.5.

use std::collections::BTreeSet;

use serde_json::Value;

use super::judged;
use crate::kind::behaviour::{Behaviour, New};
use crate::kind::hazard::Hazard::{LocksOut, Opens};
use crate::kind::hazard::{When, of_key, rule};
use crate::kind::takes::RESERVED;
use crate::kind::{
    AUTHENTICATOR_CONFIG, CREATED, Choice, Compare, Created, EXECUTION as NAME, FLOW, Field, KEYS, Kind,
    ORDINARY, ROLE, ROUTES, Routes, SaysParent, Sent, ServerInfo, Unset, Unsets, cannot_be_unset, choice,
    field, one_of, server_owned,
};
use crate::state::Object;

pub(in crate::kind) static EXECUTION: Kind = Kind {
    name: NAME,
    title: "execution",
    representation: |_| "AuthenticationExecutionExportRepresentation",
    key: "flowAlias",
    else_named_by: "authenticator",
    ranked_by: "priority",
    says_parent: SaysParent::ById("parentFlow"),
    under: &[FLOW],
    fields: &[
        Field {
            compare: Compare::Ref(FLOW),
            sent: Sent::Fixed,
            by_id: "flowId",
            with_id: "authenticatorFlow",
            is_part: true,
            holds: true,
            ..field("flowAlias")
        },
        Field { sent: Sent::Fixed, choices: AUTHENTICATORS, ..field("authenticator") },
        // `flowAlias` says it, and a second spelling is a slip of the pen.
        server_owned("authenticatorFlow"),
        server_owned("autheticatorFlow"),
        server_owned("userSetupAllowed"),
        Field {
            sent: Sent::Always,
            takes: &[one_of("", REQUIREMENTS)],
            grades: REQUIREMENTS,
            ..cannot_be_unset("requirement")
        },
        Field { sent: Sent::Always, ..cannot_be_unset("priority") },
        Field { sent: Sent::Child(AUTHENTICATOR_CONFIG), ..field("authenticatorConfig") },
    ],
    hazards: &[
        rule(Opens, "", When::Goes, "whoever logs in is not asked for {it} any more"),
        rule(Opens, "requirement", When::Is("DISABLED"), "asks nobody for {it} any more"),
        rule(Opens, "requirement", When::Is("ALTERNATIVE"), "lets {it} be one way of several"),
        rule(Opens, "requirement", When::Is("CONDITIONAL"), "asks only some for {it}"),
        rule(LocksOut, "requirement", When::Is("REQUIRED"), "asks everybody for {it}"),
        rule(LocksOut, "priority", When::Changed, "asks for {it} at another time"),
    ],
    hazards_where: judged::is_bound,
    routes: Routes {
        collection: "authentication/executions",
        own: "authentication/executions/{id}",
        put: "authentication/flows/{above}/executions",
        put_takes: &["id", "requirement", "priority"],
        find: "authentication/flows/{above}/executions",
        ..ROUTES
    },
    new: Created {
        recorded_as: |_, _| "flow/execution".to_owned(),
        said_there: &["authenticator", "priority", "requirement"],
        needs: &[(
            "requirement",
            "write `requirement: REQUIRED` (or ALTERNATIVE, CONDITIONAL), or DISABLED to ask nobody for it",
        )],
        ..CREATED
    },
    refuses: judged::refused_execution,
    comes_with_realm: true,
    behaviour: &OfExecutions,
    ..ORDINARY
};

pub(in crate::kind) static CONFIG: Kind = Kind {
    name: AUTHENTICATOR_CONFIG,
    title: "authenticator configuration",
    representation: |_| "AuthenticatorConfigRepresentation",
    key: "",
    shared_by: "alias",
    takes_in_names: |it| !RESERVED.contains(it),
    under: &[NAME],
    fields: &[
        server_owned("id"),
        Field { sent: Sent::Always, ..cannot_be_unset("alias") },
        Field { secret_keys: SECRETS, ..field("config") },
    ],
    hazards: &[
        rule(Opens, "", When::Goes, "{up} asks as it does where nothing says how"),
        of_key(Opens, ("config", KEYS), When::Changed, "decides otherwise what {up} asks, and of whom"),
    ],
    hazards_where: judged::is_bound,
    routes: Routes {
        collection: "authentication/executions/{parent}/config",
        own: "authentication/config/{id}",
        ..ROUTES
    },
    unset: Unsets { text: Unset::Null, key: Unset::Omit, empty_keys_vanish: true },
    new: Created { recorded_as: |_, _| "flow/execution/config".to_owned(), ..CREATED },
    refuses: judged::refused_config,
    may_name: &[ROLE],
    comes_with_realm: true,
    ..ORDINARY
};

/// What the providers of Keycloak itself say is one.
const SECRETS: &[&str] = &["secret.key"];

const REQUIREMENTS: &[&str] = &["DISABLED", "ALTERNATIVE", "CONDITIONAL", "REQUIRED"];

const AUTHENTICATORS: &[Choice] = &[choice("authenticator", authenticators)];

/// What an execution may be of: which of them a flow of its type takes, only the server says.
fn authenticators<'a>(info: &'a ServerInfo, _: &Object) -> BTreeSet<&'a str> {
    info.authenticators.values().flatten().map(String::as_str).collect()
}

struct OfExecutions;

impl Behaviour for OfExecutions {
    /// What was recorded is another execution: what it is of is no default.
    fn derive(&self, made: &mut Object, _: New<'_>) {
        made.fields.remove("authenticator");
    }

    /// The list of a flow has the whole tree under it, and names sub-flows by what it shows to people.
    fn as_exported(&self, mut row: Value) -> Option<Value> {
        let is_here = row.get("level").is_none_or(|it| it.as_i64() == Some(0));
        let of_flow = row.get("flowId").and(row.get("displayName")).cloned();
        let fields = row.as_object_mut().filter(|_| is_here)?;
        for (name, value) in [("flowAlias", of_flow), ("authenticator", fields.get("providerId").cloned())] {
            fields.extend(value.map(|it| (name.to_owned(), it)));
        }
        Some(row)
    }
}
