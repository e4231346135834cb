//! The authorization of a client: server settings, scopes, resources.
//!
//! A PUT of the settings needs all three fields. A PUT of a resource replaces all but its attributes.
//! A second POST of a scope overwrites the first.

use super::hazard::Hazard::Opens;
use super::hazard::{When, rule};
use super::owner::written_owner;
use super::{
    CLIENT, Compare, Field, Kind, PERMISSION, POLICY, RESOURCE as RESOURCE_NAME, Routes, SCOPE as SCOPE_NAME,
    SETTINGS as SETTINGS_NAME, Sent, Unset, Unsets, Version, children, field, is_fine_grained, policy,
    server_owned, shorthand,
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
        collection: "",
        own: "{up}/authz/resource-server",
        find: "{up}/authz/resource-server",
        id: "id",
        row: "",
    },
    unset: Unsets { text: Unset::Null, key: Unset::Omit, empty_keys_vanish: false },
    not_in_put: &["resources", "scopes", "policies", "authorizationSchema"],
    respell: Some(shorthand::expand),
    takes: super::any_field,
    is_fixed,
};

pub(super) static SCOPE: Kind = Kind {
    name: SCOPE_NAME,
    title: "authorization scope",
    representation: |_| "ScopeRepresentation",
    key: "name",
    under: &[CLIENT],
    fields: &[server_owned("id"), server_owned("policies"), server_owned("resources")],
    hazards: &[],
    routes: Routes {
        collection: "{up}/authz/resource-server/scope",
        own: "{up}/authz/resource-server/scope/{id}",
        find: "{up}/authz/resource-server/scope?max=-1&deep=false&name={name}",
        id: "id",
        row: "",
    },
    unset: Unsets { text: Unset::Null, key: Unset::Omit, empty_keys_vanish: false },
    not_in_put: &["policies", "resources"],
    respell: None,
    takes: super::any_field,
    is_fixed,
};

pub(super) static RESOURCE: Kind = Kind {
    name: RESOURCE_NAME,
    title: "resource",
    representation: |_| "ResourceRepresentation",
    key: "name",
    under: &[CLIENT],
    fields: &[
        server_owned("_id"),
        Field { compare: Compare::Refs(SCOPE_NAME), ..field("scopes") },
        Field { compare: Compare::Owner, sent: Sent::Fixed, ..field("owner") },
    ],
    hazards: &[],
    routes: Routes {
        collection: "{up}/authz/resource-server/resource",
        own: "{up}/authz/resource-server/resource/{id}",
        find: "{up}/authz/resource-server/resource?max=-1&deep=false&exactName=true&name={name}",
        id: "_id",
        row: "",
    },
    unset: Unsets { text: Unset::Null, key: Unset::Omit, empty_keys_vanish: false },
    not_in_put: &["owner"],
    respell: Some(respell_resource),
    takes: super::any_field,
    is_fixed,
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
