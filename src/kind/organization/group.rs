//! Groups of organizations, nested as those of the realm. Measured on 26.7.5; 26.0.8 has none.
//!
//! Nothing but the calls of the organization shows or writes them, and only its members can be in them: whoever leaves it leaves
//! its groups. A create below another group takes the name alone, one at the top all but roles and sub-groups. A PUT wants the
//! name, clears a description that is left out, replaces attributes that are said, and ignores roles and sub-groups. Their
//! roles give nobody a role.

use crate::kind::{
    CREATED, Covers, Created, Field, FoundBy, Kind, Link, ORDINARY, ORGANIZATION, ORGANIZATION_GROUP, ROLE,
    ROUTES, Routes, USER, children, client_roles, links, server_owned,
};

pub(in crate::kind) static GROUP: Kind = Kind {
    name: ORGANIZATION_GROUP,
    title: "organization group",
    representation: |_| "GroupRepresentation+members",
    under: &[ORGANIZATION, ORGANIZATION_GROUP],
    fields: &[
        server_owned("id"),
        server_owned("path"),
        server_owned("parentId"),
        server_owned("access"),
        server_owned("subGroupCount"),
        children("subGroups", |_| ORGANIZATION_GROUP),
        links("realmRoles", ROLE, Link::Mappings("role-mappings")),
        client_roles(),
        Field { among: Some((ORGANIZATION, "members")), ..links("members", USER, Link::Each("members")) },
    ],
    routes: Routes {
        collection: "{up}/children",
        top: "{up}/groups",
        post_takes: &["name"],
        own: "{within}/groups/{id}",
        find: "{within}/groups/group-by-path/{path}",
        found_by: FoundBy::Path,
        list: "{within}/groups?search=*&max=-1&briefRepresentation=false",
        covers: Covers::Apart,
        needs: "view-organizations",
        ..ROUTES
    },
    not_in_put: &["subGroups", "realmRoles", "clientRoles", "subGroupCount"],
    new: Created { recorded_as: |_, _| "group".to_owned(), ..CREATED },
    ..ORDINARY
};
