//! Groups, nested, with attributes and roles.
//!
//! A PUT clears a description that is left out; sub-groups and roles in a body are ignored.

use super::{
    Compare, Field, Kind, Link, ROLE, Routes, Sent, Unset, Unsets, children, field, links, server_owned,
};

pub(super) static GROUP: Kind = Kind {
    name: super::GROUP,
    title: "group",
    representation: |_| "GroupRepresentation",
    key: "name",
    under: &[super::GROUP],
    fields: &[
        server_owned("id"),
        server_owned("path"),
        server_owned("parentId"),
        server_owned("access"),
        server_owned("subGroupCount"),
        children("subGroups", |_| super::GROUP),
        links("realmRoles", ROLE, Link::Mappings("role-mappings")),
        Field {
            compare: Compare::ClientRoles,
            sent: Sent::Links(Link::Mappings("role-mappings")),
            ..field("clientRoles")
        },
    ],
    hazards: &[],
    routes: Routes {
        collection: "{up}/children",
        own: "groups/{id}",
        find: "group-by-path/{path}",
        id: "id",
        row: "",
    },
    unset: Unsets { text: Unset::Null, key: Unset::Omit, empty_keys_vanish: false },
    not_in_put: &["subGroups", "realmRoles", "clientRoles", "access", "subGroupCount"],
    respell: None,
    takes: super::any_field,
    is_fixed: super::never_fixed,
};
