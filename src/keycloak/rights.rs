//! Which role allows what, and what the credential in use may do in a realm.
//!
//! Keycloak answers 200 with an empty list, or with a stub of the realm, to somebody who may not look. So
//! rights are known before anything is concluded from an absence: from the roles in the access token where it
//! carries them (service accounts), otherwise from one small reading request per part (`admin-cli` tokens carry
//! none). What neither tells is `Unknown`: ask for the thing itself, and take a 403 for a no.

use std::collections::BTreeSet;

use serde_json::Value;

use super::openid::claims;
use super::{Request, Secret};

/// Whether a credential may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    Yes,
    No,
    /// Only trying tells.
    Unknown,
}

impl Right {
    /// Says whether it is sure that the credential may.
    pub fn is_yes(self) -> bool {
        self == Right::Yes
    }

    pub(super) fn of(held: bool) -> Right {
        if held { Right::Yes } else { Right::No }
    }

    /// Returns what holds for something that needs both.
    pub(super) fn and(self, other: Right) -> Right {
        match (self, other) {
            (Right::No, _) | (_, Right::No) => Right::No,
            (Right::Yes, Right::Yes) => Right::Yes,
            (Right::Unknown, _) | (_, Right::Unknown) => Right::Unknown,
        }
    }
}

/// What brings a right.
enum By {
    /// Any of these roles of `realm-management`.
    Roles(&'static [&'static str]),
    /// Any of these roles; and where the server is new enough, which roles do not tell, another right.
    RolesOrPerhaps(&'static [&'static str], &'static str),
    /// All of these rights together.
    Rights(&'static [&'static str]),
    /// A role of `master`.
    Master,
}

/// Every right that is asked about, in the order in which they are told, and what brings it as measured on 26.0 and 26.7.
/// Most are called like the role that is meant for nothing else.
const RIGHTS: [(&str, By); 18] = [
    // The whole realm with roles, flows, required actions, components, user profile.
    ("view-realm", By::Roles(&["view-realm", "manage-realm"])),
    // Users, groups, their members and role mappings.
    ("view-users", By::Roles(&["view-users", "manage-users"])),
    // Clients, client roles, client scopes.
    ("view-clients", By::Roles(&["view-clients", "manage-clients"])),
    // Lists of resources, scopes, policies and permissions. Newer servers let those who see clients see them too.
    (
        "view-authorization",
        By::RolesOrPerhaps(&["view-authorization", "manage-authorization"], "view-clients"),
    ),
    ("view-identity-providers", By::Roles(&["view-identity-providers", "manage-identity-providers"])),
    ("view-events", By::Roles(&["view-events", "manage-events"])),
    ("view-organizations", By::Roles(&["view-organizations", "manage-organizations", "manage-realm"])),
    // Workflows, which nobody else may even see.
    ("realm-admin", By::Roles(&["realm-admin"])),
    ("manage-realm", By::Roles(&["manage-realm"])),
    ("manage-users", By::Roles(&["manage-users"])),
    ("manage-clients", By::Roles(&["manage-clients"])),
    ("manage-authorization", By::RolesOrPerhaps(&["manage-authorization"], "manage-clients")),
    ("manage-identity-providers", By::Roles(&["manage-identity-providers"])),
    ("manage-events", By::Roles(&["manage-events"])),
    ("manage-organizations", By::Roles(&["manage-organizations", "manage-realm"])),
    // `partial-export` with clients, groups and roles, authorization settings included.
    ("partial-export", By::Rights(&["manage-realm", "view-users", "view-clients"])),
    // `authz/resource-server/settings` of one client.
    ("authorization-settings", By::Roles(&["manage-authorization", "manage-clients"])),
    // New realms.
    ("create-realm", By::Master),
];

/// What a credential may do in one realm: an answer per right of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    answers: [Right; RIGHTS.len()],
    /// Fine-grained permissions may show it a part of every list; then an object that is not in a list, and that a
    /// search for its exact name does not find, may be there all the same.
    pub sees_parts: bool,
}

impl Rights {
    /// Returns the rights with an answer for each name.
    pub(super) fn each(answer: impl FnMut(&'static str) -> Right) -> Rights {
        Rights { answers: RIGHTS.map(|(name, _)| name).map(answer), sees_parts: false }
    }

    /// Returns the names of all rights.
    pub fn names() -> impl Iterator<Item = &'static str> {
        RIGHTS.iter().map(|it| it.0)
    }

    /// Returns every right with its name, in a fixed order.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, Right)> {
        RIGHTS.iter().map(|it| it.0).zip(self.answers)
    }

    /// Returns whether the credential has a right, by its name in the table; of a name that is not there only trying tells.
    pub fn named(&self, name: &str) -> Right {
        self.parts().find(|it| it.0 == name).map_or(Right::Unknown, |it| it.1)
    }

    /// Returns the rights that the same answer holds for.
    pub(super) fn all(right: Right) -> Rights {
        Rights::each(|_| right)
    }

    /// Returns the rights with another answer to one of them.
    pub(super) fn but(self, name: &str, right: Right) -> Rights {
        let answers = Rights::each(|it| if it == name { right } else { self.named(it) });
        Rights { sees_parts: self.sees_parts, ..answers }
    }

    /// Returns the rights with everything unknown taken from another source.
    pub(super) fn or(self, other: Rights) -> Rights {
        let either = |name: &'static str| match self.named(name) {
            Right::Unknown => other.named(name),
            known @ (Right::Yes | Right::No) => known,
        };
        Rights { sees_parts: self.sees_parts, ..Rights::each(either) }
    }

    /// Returns what roles of `realm-management` allow.
    pub(super) fn of_roles(roles: &BTreeSet<&str>, may_create_realms: bool) -> Rights {
        let may_create = Right::of(may_create_realms);
        if roles.contains("realm-admin") {
            return Rights::all(Right::Yes).but("create-realm", may_create);
        }
        let any = |names: &[&str]| Right::of(names.iter().any(|name| roles.contains(name)));
        // What is made of other rights comes behind them.
        let by_roles = |by: &By| match by {
            By::Roles(names) | By::RolesOrPerhaps(names, _) => any(names),
            By::Rights(_) => Right::Unknown,
            By::Master => may_create,
        };
        let by_roles = Rights { answers: RIGHTS.map(|(_, by)| by_roles(&by)), sees_parts: false };
        let whole = RIGHTS.map(|(name, by)| match (by_roles.named(name), by) {
            (Right::No, By::RolesOrPerhaps(_, other)) if by_roles.named(other).is_yes() => Right::Unknown,
            (_, By::Rights(all)) => all.iter().map(|it| by_roles.named(it)).fold(Right::Yes, Right::and),
            (answer, _) => answer,
        });
        Rights { answers: whole, sees_parts: false }
    }
}

/// The realm whose accounts may hold rights in every realm.
pub(super) const MASTER: &str = "master";

/// Returns the client, in the realm of an account, whose roles are rights in a realm.
pub(super) fn rights_client(account_realm: &str, realm: &str) -> Option<String> {
    match account_realm {
        MASTER => Some(format!("{realm}-realm")),
        own if own == realm => Some("realm-management".to_owned()),
        _ => None,
    }
}

/// Returns the rights that a token's own roles say, if it carries any for the realm.
pub(super) fn from_token(token: &Secret, realm: &str) -> Option<Rights> {
    let claims = claims(token.expose())?;
    let issuer_realm = claims.get("iss").and_then(Value::as_str)?.rsplit_once("/realms/")?.1;
    let roles = |pointer: &[&str]| -> BTreeSet<&str> {
        let found = pointer.iter().try_fold(&claims, |at, name| at.get(name)).and_then(Value::as_array);
        found.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let of_realm = roles(&["realm_access", "roles"]);
    let create = issuer_realm == MASTER && of_realm.contains("create-realm");
    if issuer_realm == MASTER && of_realm.contains("admin") {
        return Some(Rights::all(Right::Yes));
    }
    let client = rights_client(issuer_realm, realm)?;
    let of_client = roles(&["resource_access", &client, "roles"]);
    if of_client.is_empty() { None } else { Some(Rights::of_roles(&of_client, create)) }
}

type Roles = &'static [&'static str];

/// Returns the roles of `realm-management` (in `master`: of `<realm>-realm`) that allow a request.
pub fn needs(request: &Request) -> &'static [&'static str] {
    let path = request.path.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let either = |read: Roles, write: Roles| if request.is_read() { read } else { write };
    let below = match segments.as_slice() {
        ["realms"] => return either(&[], &["create-realm"]),
        ["realms", _, below @ ..] => below,
        _ => return &[],
    };
    match below {
        ["partial-export"] => &["manage-realm", "view-clients", "view-users"],
        ["users", "profile", ..] => either(&["view-realm"], &["manage-realm"]),
        ["roles", _, "users" | "groups"] => either(&["view-realm", "view-users"], &["manage-realm"]),
        ["clients", _, "roles", _, "users" | "groups"] => {
            either(&["view-clients", "view-users"], &["manage-clients"])
        }
        ["users" | "groups" | "attack-detection", ..] => either(&["view-users"], &["manage-users"]),
        ["clients", _, "authz", "resource-server", "settings"] => &["manage-authorization"],
        ["clients", _, "authz", ..] => either(&["view-authorization"], &["manage-authorization"]),
        ["clients", _, "evaluate-scopes", "generate-example-access-token", ..] => {
            &["view-clients", "view-users"]
        }
        ["clients" | "client-scopes" | "client-templates", ..] => {
            either(&["view-clients"], &["manage-clients"])
        }
        ["identity-provider", "import-config"] => &["manage-identity-providers"],
        ["identity-provider", ..] => either(&["view-identity-providers"], &["manage-identity-providers"]),
        ["events" | "admin-events", ..] => either(&["view-events"], &["manage-events"]),
        ["organizations", ..] => either(&["view-organizations"], &["manage-organizations"]),
        ["workflows", ..] => &["realm-admin"],
        _ => either(&["view-realm"], &["manage-realm"]),
    }
}

#[cfg(test)]
mod tests;
