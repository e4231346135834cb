//! Roles of the realm and of clients, with composites and attributes.
//!
//! A PUT replaces: a description that is left out is lost. Composites count only at their own endpoint.

use super::{
    CLIENT, CREATED, Compare, Covers, Created, DEFAULT_ROLE, Field, Kind, Link, Losing, Members, ORDINARY,
    ROUTES, Referred, Routes, Sent, Stays, field, formerly_permitted, server_owned,
};
use crate::state::{Address, Object};

pub(super) static ROLE: Kind = Kind {
    name: super::ROLE,
    title: "role",
    representation: |_| "RoleRepresentation",
    under: &[CLIENT],
    fields: &[
        server_owned("id"),
        server_owned("containerId"),
        server_owned("clientRole"),
        server_owned("composite"),
        server_owned("scopeParamRequired"),
        Field {
            compare: Compare::RoleTree,
            sent: Sent::Links(Link::Composites),
            stays: Stays::OfBuiltIn,
            ..field("composites")
        },
        formerly_permitted!("Roles"),
    ],
    routes: Routes {
        collection: "{up}/roles",
        own: "{up}/roles/{name}",
        find: "{up}/roles/{name}",
        location_is_id: false,
        list: "{up}/roles?briefRepresentation=false&max=-1",
        covers: Covers::Brief,
        ..ROUTES
    },
    not_in_put: &["composites"],
    is_fixed: super::client::is_fixed,
    referred: Referred::ByNameWithoutSlash,
    new: Created { recorded_as, ..CREATED },
    losing: Losing::Access,
    hidden_without: "a role that shows every role (fine-grained permissions may hide some)",
    members: Some(Members { path: "users", verbs: ["has", "have"] }),
    comes_with_realm: true,
    ..ORDINARY
};

fn recorded_as(address: &Address, _: &Object) -> String {
    if address.parent().is_some() { "client-role" } else { "realm-role" }.to_owned()
}

/// Returns what the server calls the default role of a new realm.
pub fn default_role_name(realm: &str) -> String {
    format!("default-roles-{}", realm.to_lowercase())
}

/// Returns whether an address stands for the realm's default role, which only the realm can tell.
pub fn stands_for_default_role(address: &Address) -> bool {
    address.kind() == super::ROLE && address.parent().is_none() && address.name() == DEFAULT_ROLE
}

/// Returns whether a role is the default role of a realm that is new: by the name that it has then, or as what stands for it.
pub fn is_default_role(address: &Address, realm: &str) -> bool {
    let is_called_so = || {
        address.kind() == super::ROLE
            && address.parent().is_none()
            && address.name() == default_role_name(realm)
    };
    stands_for_default_role(address) || is_called_so()
}

/// Returns the role whose holders administer a realm: everything of one realm, or in `master` all realms.
pub fn administrator(realm: &str) -> Address {
    if realm == "master" {
        return Address::top(super::ROLE, "admin");
    }
    Address::top(CLIENT, "realm-management").child(super::ROLE, "realm-admin")
}

/// Returns whether a role lets its holders administer something of a realm.
pub fn is_administration(role: &Address, realm: &str) -> bool {
    match role.parent() {
        None => realm == "master" && matches!(role.name(), "admin" | "create-realm"),
        Some(_) if realm == "master" => super::built_in::is_of_a_realm(role),
        Some(client) => client.name() == "realm-management",
    }
}
