//! Groups, nested, with attributes and roles.
//!
//! A PUT clears a description that is left out; sub-groups and roles in a body are ignored.

use super::{
    CREATED, Covers, Created, FoundBy, Kind, Link, Members, ORDINARY, ROLE, ROUTES, Referred, Routes,
    children, client_roles, formerly_permitted, links, server_owned,
};

pub(super) static GROUP: Kind = Kind {
    name: super::GROUP,
    title: "group",
    representation: |_| "GroupRepresentation",
    under: &[super::GROUP],
    fields: &[
        server_owned("id"),
        server_owned("path"),
        server_owned("parentId"),
        server_owned("access"),
        server_owned("subGroupCount"),
        children("subGroups", |_| super::GROUP),
        links("realmRoles", ROLE, Link::Mappings("role-mappings")),
        client_roles(),
        formerly_permitted!("Groups"),
    ],
    routes: Routes {
        collection: "{up}/children",
        own: "groups/{id}",
        find: "group-by-path/{path}",
        found_by: FoundBy::Path,
        top: "groups",
        list: "groups?max=-1&briefRepresentation=false",
        covers: Covers::Brief,
        needs: "view-users",
        ..ROUTES
    },
    not_in_put: &["subGroups", "realmRoles", "clientRoles", "access", "subGroupCount"],
    referred: Referred::ByNameWithoutSlash,
    new: Created { recorded_as: |_, _| "group".to_owned(), ..CREATED },
    hidden_without: "a role that shows every group (fine-grained permissions may hide some)",
    members: Some(Members { path: "members", verbs: ["is in", "are in"] }),
    comes_with_realm: true,
    ..ORDINARY
};
