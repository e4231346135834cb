//! The authorization of a client: server settings, scopes, resources.
//!
//! A PUT of the settings needs all three fields. A PUT of a resource replaces all but its attributes.
//! A second POST of a scope overwrites the first.

use super::hazard::Hazard::Opens;
use super::hazard::{When, rule};
use super::owner::written_owner;
use super::{
    CLIENT, CREATED, Compare, Created, Field, Kind, Losing, ORDINARY, PERMISSION, POLICY,
    RESOURCE as RESOURCE_NAME, ROUTES, Referred, Routes, SCOPE as SCOPE_NAME, SETTINGS as SETTINGS_NAME,
    Sent, Spelling, Version, children, field, is_fine_grained, policy, server_owned, shorthand,
};
use crate::state::Address;
use crate::text::{Code, Key, Note, Tree, TreeIs};

/// The server makes the settings, scopes and resources of fine-grained permissions; others write none (400 on 26.7.5).
fn is_fixed(address: &Address, version: Version) -> bool {
    is_fine_grained(address, version)
}

pub(super) static SETTINGS: Kind = Kind {
    name: SETTINGS_NAME,
    title: "authorization settings",
    representation: |_| "ResourceServerRepresentation",
    key: "",
    under: &[CLIENT],
    fields: &[
        server_owned("id"),
        server_owned("clientId"),
        server_owned("name"),
        server_owned("authorizationSchema"),
        children("scopes", |_| SCOPE_NAME),
        children("resources", |_| RESOURCE_NAME),
        children("policies", |tree| if policy::is_permission(tree) { PERMISSION } else { POLICY }),
        children("permissions", |_| PERMISSION),
    ],
    hazards: &[
        rule(Opens, "policyEnforcementMode", When::Is("DISABLED"), "permits everything to everybody"),
        rule(
            Opens,
            "policyEnforcementMode",
            When::Is("PERMISSIVE"),
            "permits to everybody what no permission covers",
        ),
    ],
    routes: Routes {
        own: "{up}/authz/resource-server",
        find: "{up}/authz/resource-server",
        needs: "view-authorization",
        ..ROUTES
    },
    not_in_put: &["resources", "scopes", "policies", "authorizationSchema"],
    normalize: Some(shorthand::expand),
    is_fixed,
    new: Created { recorded_as: |_, _| "client/authorization/settings".to_owned(), ..CREATED },
    one_by_one: true,
    comes_with_realm: true,
    check: super::check::settings,
    ..ORDINARY
};

pub(super) static SCOPE: Kind = Kind {
    name: SCOPE_NAME,
    title: "authorization scope",
    representation: |_| "ScopeRepresentation",
    under: &[CLIENT],
    fields: &[server_owned("id"), server_owned("policies"), server_owned("resources")],
    routes: Routes {
        collection: "{up}/authz/resource-server/scope",
        own: "{up}/authz/resource-server/scope/{id}",
        find: "{up}/authz/resource-server/scope?max=-1&deep=false&name={name}",
        list: "{up}/authz/resource-server/scope?max=-1&deep=false",
        needs: "view-authorization",
        ..ROUTES
    },
    not_in_put: &["policies", "resources"],
    is_fixed,
    comes_with_realm: true,
    new: Created { recorded_as: |_, _| "authz/scope".to_owned(), ..CREATED },
    turn_to_go: 3,
    ..ORDINARY
};

pub(super) static RESOURCE: Kind = Kind {
    name: RESOURCE_NAME,
    title: "resource",
    representation: |_| "ResourceRepresentation",
    under: &[CLIENT],
    fields: &[
        server_owned("_id"),
        Field { compare: Compare::Refs(SCOPE_NAME), holds: true, ..field("scopes") },
        Field { compare: Compare::Owner, sent: Sent::Fixed, ..field("owner") },
    ],
    routes: Routes {
        collection: "{up}/authz/resource-server/resource",
        own: "{up}/authz/resource-server/resource/{id}",
        find: "{up}/authz/resource-server/resource?max=-1&deep=false&exactName=true&name={name}",
        list: "{up}/authz/resource-server/resource?max=-1",
        needs: "view-authorization",
        id: "_id",
        ..ROUTES
    },
    not_in_put: &["owner"],
    normalize: Some(respell_resource),
    is_fixed,
    referred: Referred::ById,
    new: Created { recorded_as: |_, _| "authz/resource".to_owned(), said_there: &["owner"], ..CREATED },
    losing: Losing::Access,
    comes_with_realm: true,
    turn_to_go: 2,
    spellings: &[Spelling::Permissions, Spelling::NamesInMaps],
    ..ORDINARY
};

/// The singular `uri`, `resource_scopes`, scopes as maps, and an owner as a map.
fn respell_resource(tree: &Tree, notes: &mut Vec<Note>) -> Tree {
    let mut entries: Vec<(Key, Tree)> = Vec::new();
    for (key, value) in tree.entries() {
        match &*key.name {
            "uri" => match value.is {
                TreeIs::Null => {}
                _ if tree.get("uris").is_some_and(|it| !it.items().is_empty()) => notes.push(Note::error(
                    Code::SaidTwice,
                    "a resource has `uri` or `uris`, not both",
                    key.at,
                    "write this one into `uris`",
                )),
                _ => entries.push((
                    Key { at: key.at, name: "uris".into() },
                    Tree::new(value.at, TreeIs::List(vec![value.clone()])),
                )),
            },
            "uris" if value.items().is_empty() && tree.get("uri").is_some() => {}
            "scopes" | "resource_scopes" => {
                let names = value.items().iter().map(|it| it.get("name").unwrap_or(it).clone()).collect();
                let list = if let TreeIs::List(_) = value.is {
                    Tree::new(value.at, TreeIs::List(names))
                } else {
                    value.clone()
                };
                entries.push((Key { at: key.at, name: "scopes".into() }, list));
            }
            "owner" => {
                entries.push((key.clone(), written_owner(value).clone()));
            }
            _ => entries.push((key.clone(), value.clone())),
        }
    }
    Tree::new(tree.at, TreeIs::Map(entries))
}
