//! Policies and permissions, in both spellings: the typed one, and the export's, whose `config` holds JSON
//! in strings and which puts permissions among the policies.
//!
//! The typed endpoints are used for reading and writing; what they do not know passes through the generic one.

use super::owner::written_name;
use super::{
    CLIENT, CLIENT_SCOPE, CREATED, Choice, Compare, Covers, Created, Field, GROUP, Kind, Losing, ORDINARY,
    OthersAre, PERMISSION as PERMISSION_NAME, POLICY as POLICY_NAME, RESOURCE, ROLE, ROUTES, Routes, SCOPE,
    Sent, Spelling, TARGETS, Types, USER, Unset, choice, field, is_fine_grained, server_owned,
};
use crate::state::KindName;
use crate::text::{Code, Key, Note, Tree, TreeIs, parse_yaml};

/// One type of policy: its representation class and where the export keeps each field.
pub(super) struct PolicyType {
    pub(super) name: &'static str,
    pub(super) representation: &'static str,
    /// The field without which it decides nothing, or denies everybody.
    pub(super) main: &'static str,
    /// Key in the export's `config`, our field, and whether its text is JSON.
    config: &'static [(&'static str, &'static str, bool)],
}

pub(super) static TYPES: &[PolicyType] = &[
    PolicyType {
        name: "role",
        representation: "RolePolicyRepresentation",
        main: "roles",
        config: &[("roles", "roles", true), ("fetchRoles", "fetchRoles", false)],
    },
    PolicyType {
        name: "user",
        representation: "UserPolicyRepresentation",
        main: "users",
        config: &[("users", "users", true)],
    },
    PolicyType {
        name: "group",
        representation: "GroupPolicyRepresentation",
        main: "groups",
        config: &[("groups", "groups", true), ("groupsClaim", "groupsClaim", false)],
    },
    PolicyType {
        name: "client",
        representation: "authorization.ClientPolicyRepresentation",
        main: "clients",
        config: &[("clients", "clients", true)],
    },
    PolicyType {
        name: "client-scope",
        representation: "ClientScopePolicyRepresentation",
        main: "clientScopes",
        config: &[("clientScopes", "clientScopes", true)],
    },
    PolicyType {
        name: "regex",
        representation: "RegexPolicyRepresentation",
        main: "pattern",
        config: &[
            ("pattern", "pattern", false),
            ("targetClaim", "targetClaim", false),
            ("targetContextAttributes", "targetContextAttributes", false),
        ],
    },
    PolicyType {
        name: "time",
        representation: "TimePolicyRepresentation",
        main: "",
        config: &[
            ("nbf", "notBefore", false),
            ("noa", "notOnOrAfter", false),
            ("dayMonth", "dayMonth", false),
            ("dayMonthEnd", "dayMonthEnd", false),
            ("month", "month", false),
            ("monthEnd", "monthEnd", false),
            ("year", "year", false),
            ("yearEnd", "yearEnd", false),
            ("hour", "hour", false),
            ("hourEnd", "hourEnd", false),
            ("minute", "minute", false),
            ("minuteEnd", "minuteEnd", false),
        ],
    },
    PolicyType {
        name: "aggregate",
        representation: "AggregatePolicyRepresentation",
        main: "policies",
        config: &[("applyPolicies", "policies", true)],
    },
    PolicyType {
        name: "js",
        representation: "JSPolicyRepresentation",
        main: "code",
        config: &[("code", "code", false)],
    },
    PolicyType {
        name: "resource",
        representation: "ResourcePermissionRepresentation",
        main: "policies",
        config: &[
            ("applyPolicies", "policies", true),
            ("resources", "resources", true),
            ("defaultResourceType", "resourceType", false),
        ],
    },
    PolicyType {
        name: "scope",
        representation: "ScopePermissionRepresentation",
        main: "policies",
        config: &[
            ("applyPolicies", "policies", true),
            ("resources", "resources", true),
            ("scopes", "scopes", true),
            ("defaultResourceType", "resourceType", false),
        ],
    },
    PolicyType {
        name: "uma",
        representation: "UmaPermissionRepresentation",
        main: "",
        config: &[
            ("applyPolicies", "policies", true),
            ("resources", "resources", true),
            ("scopes", "scopes", true),
            ("condition", "condition", false),
        ],
    },
];

/// What the export adds to the `config` of any policy that was saved with it.
const ASSOCIATED: &[&str] = &["applyPolicies", "resources", "scopes"];

/// Returns the entry of a policy type, or `None` for custom ones, which pass through as they are.
pub(super) fn policy_type(name: &str) -> Option<&'static PolicyType> {
    TYPES.iter().find(|it| it.name == name)
}

/// Returns whether a policy or permission of a type has a field. The classes of all types share fields that
/// most types do not have: the server answers 500 to some, and forgets others.
fn has_field(type_name: &str, field: &str) -> bool {
    const ALL: &[&str] = &["description", "type", "logic", "decisionStrategy"];
    policy_type(type_name)
        .is_none_or(|it| ALL.contains(&field) || it.config.iter().any(|(_, name, _)| *name == field))
}

fn representation(name: &str) -> &'static str {
    policy_type(name).map_or("PolicyRepresentation", |it| it.representation)
}

pub(super) fn is_permission(tree: &Tree) -> bool {
    tree.get("type").and_then(Tree::scalar).is_some_and(|it| PERMISSION_TYPES.contains(&it))
}

const PERMISSION_TYPES: &[&str] = &["resource", "scope", "uma"];

/// Of each type, what a recorded policy was made with.
const TYPE_NAMES: &[Choice] =
    &[Choice { others_are: OthersAre::RefusedType, ..choice("type of policy", |it, _| it.policy_types()) }];

pub(super) static POLICY: Kind = Kind {
    name: POLICY_NAME,
    title: "policy",
    representation,
    under: &[CLIENT],
    fields: &[
        server_owned("id"),
        server_owned("owner"),
        server_owned("resourcesData"),
        server_owned("scopesData"),
        Field { sent: Sent::Fixed, choices: TYPE_NAMES, ..field("type") },
        Field { compare: Compare::RefItems { kind: ROLE, id: "id", option: "required" }, ..field("roles") },
        Field {
            compare: Compare::RefItems { kind: GROUP, id: "path", option: "extendChildren" },
            ..field("groups")
        },
        Field {
            compare: Compare::RefItems { kind: CLIENT_SCOPE, id: "id", option: "required" },
            deleted_with_last_target: true,
            ..field("clientScopes")
        },
        // What is left out of a PUT stays.
        Field { unset: Some(Unset::EmptyText), ..field("groupsClaim") },
        Field { compare: Compare::Refs(USER), ..field("users") },
        Field { compare: Compare::Refs(CLIENT), ..field("clients") },
        Field { compare: Compare::Refs(POLICY_NAME), ..field("policies") },
    ],
    routes: Routes {
        collection: "{up}/authz/resource-server/policy/{type}",
        own: "{up}/authz/resource-server/policy/{type}/{id}",
        find: "{up}/authz/resource-server/policy?max=-1&permission=false&name={name}",
        list: "{up}/authz/resource-server/policy?max=-1&permission=false",
        covers: Covers::Brief,
        needs: "view-authorization",
        ..ROUTES
    },
    not_in_put: &["resourcesData", "scopesData", "owner"],
    normalize: Some(normalize),
    has_field: |of, field| PERMISSION_TYPES.contains(&of) || has_field(of, field),
    new: Created {
        recorded_as: |_, it| format!("authz/policy/{}", it.text("type")),
        needs: &[("type", "say what decides, as `type: role`")],
        ..CREATED
    },
    losing: Losing::AccessAndSense,
    shares_names: true,
    comes_with_realm: true,
    turn_to_go: 1,
    acts_where_named: true,
    check: super::check::policy,
    types: Types::KnownAndOthers,
    spellings: &[Spelling::Config, Spelling::NamesInMaps],
    ..ORDINARY
};

pub(super) static PERMISSION: Kind = Kind {
    name: PERMISSION_NAME,
    title: "permission",
    representation,
    under: &[CLIENT],
    fields: &[
        server_owned("id"),
        server_owned("owner"),
        server_owned("resourcesData"),
        server_owned("scopesData"),
        Field { sent: Sent::Fixed, ..field("type") },
        // A permission for all of a type stays one for all of that when it is made one of another type (26.7.5).
        Field { sent: Sent::FixedOf(is_fine_grained), ..field("resourceType") },
        Field { compare: Compare::Refs(POLICY_NAME), deleted_with_last_target: true, ..field("policies") },
        Field {
            compare: Compare::Refs(RESOURCE),
            deleted_with_last_target: true,
            by_id: TARGETS,
            ..field(TARGETS)
        },
        Field {
            compare: Compare::Refs(SCOPE),
            sent: Sent::Always,
            deleted_with_last_target: true,
            follows: "resources",
            ..field("scopes")
        },
    ],
    routes: Routes {
        collection: "{up}/authz/resource-server/permission/{type}",
        own: "{up}/authz/resource-server/permission/{type}/{id}",
        find: "{up}/authz/resource-server/permission?max=-1&name={name}",
        list: "{up}/authz/resource-server/permission?max=-1&fields=*",
        covers: Covers::Brief,
        needs: "view-authorization",
        ..ROUTES
    },
    not_in_put: &["resourcesData", "scopesData", "owner"],
    normalize: Some(normalize),
    has_field: |of, field| !PERMISSION_TYPES.contains(&of) || has_field(of, field),
    new: Created {
        recorded_as: |_, it| format!("authz/permission/{}", it.text("type")),
        needs: &[("type", "say what it is for: `type: resource` or `type: scope`")],
        ..CREATED
    },
    losing: Losing::Access,
    shares_names: true,
    comes_with_realm: true,
    turn_to_go: 0,
    check: super::check::permission,
    refuses: super::refused::fine_grained::check,
    behaviour: &super::administered::OfPermissions,
    types: Types::Known,
    spellings: &[Spelling::Config, Spelling::NamesInMaps],
    ..ORDINARY
};

/// Moves what the export keeps in `config` to typed fields, and lets short forms stand for long ones.
fn normalize(tree: &Tree, notes: &mut Vec<Note>) -> Tree {
    let known = tree.get("type").and_then(Tree::scalar).and_then(policy_type);
    let mut entries: Vec<(Key, Tree)> = Vec::new();
    for (key, value) in tree.entries() {
        match (&*key.name, known) {
            ("config", Some(known)) => {
                if !matches!(value.is, TreeIs::Map(_) | TreeIs::Null) {
                    notes.push(Note::error(
                        Code::WrongForm,
                        format!("`config` is {}, not a map", value.what()),
                        value.at,
                        "expected a map",
                    ));
                }
                for (key, value) in value.entries() {
                    // Exports show what a policy is associated with; only permissions decide by it.
                    if ASSOCIATED.contains(&&*key.name) && !known.config.iter().any(|it| it.0 == &*key.name) {
                        continue;
                    }
                    if let Some(entry) = from_config(known, key, value, notes) {
                        entries.push(entry);
                    }
                }
            }
            ("resources" | "scopes" | "policies", _) => entries.push((key.clone(), names(value))),
            ("roles" | "clientScopes", _) => entries.push((key.clone(), items(value, "id"))),
            ("groups", _) => entries.push((key.clone(), items(value, "path"))),
            _ => entries.push((key.clone(), value.clone())),
        }
    }
    Tree::new(tree.at, TreeIs::Map(entries))
}

fn from_config(known: &PolicyType, key: &Key, value: &Tree, notes: &mut Vec<Note>) -> Option<(Key, Tree)> {
    let Some((_, field, json)) = known.config.iter().find(|(name, _, _)| *name == &*key.name) else {
        // Unknown keys keep their place among the fields, where they get the usual note.
        return Some((key.clone(), value.clone()));
    };
    let key = Key { at: key.at, name: (*field).into() };
    if !json {
        return Some((key, value.clone()));
    }
    let text = value.scalar().unwrap_or("");
    if text.is_empty() {
        return None;
    }
    let (documents, problems) = parse_yaml(value.at.file, text);
    match documents.into_iter().next() {
        Some(document) if problems.is_empty() && matches!(document.is, TreeIs::List(_)) => {
            let mut list = document;
            place(&mut list, value);
            let list = match *field {
                "roles" | "clientScopes" => items(&list, "id"),
                "groups" => items(&list, "path"),
                _ => names(&list),
            };
            Some((key, list))
        }
        _ => {
            notes.push(
                Note::error(
                    Code::WrongForm,
                    format!("`{field}` in `config` is not a list in JSON"),
                    value.at,
                    "expected text like `[\"name\"]`",
                )
                .help("or write the list itself as a field of the policy"),
            );
            None
        }
    }
}

/// Gives every node of a value that was written inside a text the place of that text.
fn place(tree: &mut Tree, text: &Tree) {
    tree.at = text.at;
    match &mut tree.is {
        TreeIs::List(list) => list.iter_mut().for_each(|it| place(it, text)),
        TreeIs::Map(entries) => {
            for (key, value) in entries {
                key.at = text.at;
                place(value, text);
            }
        }
        TreeIs::Null | TreeIs::Bool(_) | TreeIs::Number(_) | TreeIs::Text(_) => {}
    }
}

/// A list of names, where an item may also be a map with a `name`, and the owner of a resource.
fn names(tree: &Tree) -> Tree {
    let TreeIs::List(list) = &tree.is else { return tree.clone() };
    let called = |it: &Tree| match it.get("name") {
        Some(name) if it.get("owner").is_some() => Tree::text(name.at, written_name(it)),
        Some(name) => name.clone(),
        None => it.clone(),
    };
    Tree::new(tree.at, TreeIs::List(list.iter().map(called).collect()))
}

/// A list of maps, where an item may also be the bare reference.
fn items(tree: &Tree, id: &str) -> Tree {
    let TreeIs::List(list) = &tree.is else { return tree.clone() };
    let list = list
        .iter()
        .map(|it| match it.is {
            TreeIs::Text(_) | TreeIs::Number(_) | TreeIs::Bool(_) => {
                Tree::new(it.at, TreeIs::Map(vec![(Key { at: it.at, name: id.into() }, it.clone())]))
            }
            TreeIs::Map(_) | TreeIs::List(_) | TreeIs::Null => it.clone(),
        })
        .collect();
    Tree::new(tree.at, TreeIs::List(list))
}

/// Returns the field without which a policy of a type decides nothing, empty where there is no single one;
/// `None` for types that Keycloak does not come with.
pub fn main_field(policy_type_name: &str) -> Option<&'static str> {
    policy_type(policy_type_name).map(|it| it.main)
}

/// Returns the types of policy, or those of permission, that Keycloak comes with.
pub fn policy_types(kind: KindName) -> impl Iterator<Item = &'static str> {
    TYPES
        .iter()
        .map(|it| it.name)
        .filter(move |it| PERMISSION_TYPES.contains(it) == (kind == PERMISSION_NAME))
}
