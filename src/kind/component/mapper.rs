//! What user federation takes over from a directory, and how: mappers under a component.
//!
//! An LDAP provider gets some of them when it is made (`ldap`). Measured on 26.0.8 and 26.7.5.

use super::{PROVIDERS, ROUTES_OF_COMPONENTS, TYPES, UNSETS, defaults};
use crate::kind::hazard::Hazard::Opens;
use crate::kind::hazard::{When, of_key};
use crate::kind::{
    COMPONENT, CREATED, Created, Field, Kind, ORDINARY, Routes, SaysParent, Sent, cannot_be_unset, field,
    relic, server_owned,
};

pub(in crate::kind) static MAPPER: Kind = Kind {
    name: crate::kind::COMPONENT_MAPPER,
    title: "component mapper",
    representation: |_| "ComponentRepresentation",
    else_named_by: "providerId",
    says_parent: SaysParent::ById("parentId"),
    under: &[COMPONENT],
    fields: &[
        server_owned("id"),
        server_owned("parentId"),
        Field { sent: Sent::Fixed, choices: TYPES, ..field("providerType") },
        Field { choices: PROVIDERS, ..cannot_be_unset("providerId") },
        Field { takes: defaults::TAKES, ..field("config") },
        relic("subComponents", "say them under the provider: nothing stands under a mapper"),
    ],
    hazards: &[
        of_key(
            Opens,
            ("config", "role"),
            When::Set,
            "gives it to whoever comes through what {it} stands under",
        ),
        of_key(
            Opens,
            ("config", "group"),
            When::Set,
            "takes in whoever comes through what {it} stands under",
        ),
        of_key(Opens, ("config", "roles.dn"), When::Set, "says who has which role, as {it} finds it there"),
        of_key(
            Opens,
            ("config", "groups.dn"),
            When::Set,
            "says who is in which group, as {it} finds it there",
        ),
    ],
    routes: Routes { find: "components?parent={parent}", list: "", ..ROUTES_OF_COMPONENTS },
    unset: UNSETS,
    new: Created {
        recorded_as: |_, _| "component/keys".to_owned(),
        needs: &[("providerId", "say of which type it is, as `providerId: user-attribute-ldap-mapper`")],
        ..CREATED
    },
    check: defaults::check,
    refuses: defaults::refuses,
    names_in_texts: defaults::NAMED,
    behaviour: &defaults::OfComponents,
    are_made_along: true,
    comes_with_realm: true,
    ..ORDINARY
};
