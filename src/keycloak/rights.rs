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

/// What a credential may do in one realm; named after the roles of `realm-management`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The whole realm with roles, flows, required actions, components, user profile.
    pub view_realm: Right,
    /// Users, groups, their members and role mappings.
    pub view_users: Right,
    /// Clients, client roles, client scopes.
    pub view_clients: Right,
    /// Lists of resources, scopes, policies and permissions.
    pub view_authorization: Right,
    pub view_identity_providers: Right,
    pub view_events: Right,
    pub view_organizations: Right,
    pub manage_realm: Right,
    pub manage_users: Right,
    pub manage_clients: Right,
    pub manage_authorization: Right,
    pub manage_identity_providers: Right,
    pub manage_events: Right,
    pub manage_organizations: Right,
    /// `partial-export` with clients, groups and roles, authorization settings included.
    pub partial_export: Right,
    /// `authz/resource-server/settings` of one client.
    pub authorization_settings: Right,
    /// New realms (a right in `master`).
    pub create_realm: Right,
    /// Fine-grained permissions may show it a part of every list; then an object that is not in a list, and that a
    /// search for its exact name does not find, may be there all the same.
    pub sees_parts: bool,
}

impl Rights {
    /// Returns every right with its name, in a fixed order.
    pub fn parts(&self) -> [(&'static str, Right); 17] {
        [
            ("view-realm", self.view_realm),
            ("view-users", self.view_users),
            ("view-clients", self.view_clients),
            ("view-authorization", self.view_authorization),
            ("view-identity-providers", self.view_identity_providers),
            ("view-events", self.view_events),
            ("view-organizations", self.view_organizations),
            ("manage-realm", self.manage_realm),
            ("manage-users", self.manage_users),
            ("manage-clients", self.manage_clients),
            ("manage-authorization", self.manage_authorization),
            ("manage-identity-providers", self.manage_identity_providers),
            ("manage-events", self.manage_events),
            ("manage-organizations", self.manage_organizations),
            ("partial-export", self.partial_export),
            ("authorization-settings", self.authorization_settings),
            ("create-realm", self.create_realm),
        ]
    }

    /// Returns whether the credential has a right, by its name in [`Self::parts`].
    pub fn named(&self, name: &str) -> Right {
        self.parts().into_iter().find(|it| it.0 == name).map_or(Right::Unknown, |it| it.1)
    }

    /// Returns the rights that the same answer holds for.
    pub(super) fn all(right: Right) -> Rights {
        Rights {
            view_realm: right,
            view_users: right,
            view_clients: right,
            view_authorization: right,
            view_identity_providers: right,
            view_events: right,
            view_organizations: right,
            manage_realm: right,
            manage_users: right,
            manage_clients: right,
            manage_authorization: right,
            manage_identity_providers: right,
            manage_events: right,
            manage_organizations: right,
            partial_export: right,
            authorization_settings: right,
            create_realm: right,
            sees_parts: false,
        }
    }

    /// Returns the rights with everything unknown taken from another source.
    pub(super) fn or(self, other: Rights) -> Rights {
        let or = |own: Right, other: Right| if own == Right::Unknown { other } else { own };
        Rights {
            view_realm: or(self.view_realm, other.view_realm),
            view_users: or(self.view_users, other.view_users),
            view_clients: or(self.view_clients, other.view_clients),
            view_authorization: or(self.view_authorization, other.view_authorization),
            view_identity_providers: or(self.view_identity_providers, other.view_identity_providers),
            view_events: or(self.view_events, other.view_events),
            view_organizations: or(self.view_organizations, other.view_organizations),
            manage_realm: or(self.manage_realm, other.manage_realm),
            manage_users: or(self.manage_users, other.manage_users),
            manage_clients: or(self.manage_clients, other.manage_clients),
            manage_authorization: or(self.manage_authorization, other.manage_authorization),
            manage_identity_providers: or(self.manage_identity_providers, other.manage_identity_providers),
            manage_events: or(self.manage_events, other.manage_events),
            manage_organizations: or(self.manage_organizations, other.manage_organizations),
            partial_export: or(self.partial_export, other.partial_export),
            authorization_settings: or(self.authorization_settings, other.authorization_settings),
            create_realm: or(self.create_realm, other.create_realm),
            sees_parts: self.sees_parts,
        }
    }

    /// Returns what roles of `realm-management` allow, as measured on 26.0 and 26.7.
    pub(super) fn of_roles(roles: &BTreeSet<&str>, may_create_realms: bool) -> Rights {
        if roles.contains("realm-admin") {
            return Rights { create_realm: Right::of(may_create_realms), ..Rights::all(Right::Yes) };
        }
        let any = |names: &[&str]| Right::of(names.iter().any(|name| roles.contains(name)));
        let view_users = any(&["view-users", "manage-users"]);
        let view_clients = any(&["view-clients", "manage-clients"]);
        let manage_realm = any(&["manage-realm"]);
        // Newer servers let those who see clients see their authorization too; 26.0 does not.
        let or_by_clients = |held: Right, by: Right| match (held, by) {
            (Right::No, Right::Yes) => Right::Unknown,
            (held, _) => held,
        };
        let manage_clients = any(&["manage-clients"]);
        Rights {
            view_realm: any(&["view-realm", "manage-realm"]),
            view_users,
            view_clients,
            view_authorization: or_by_clients(
                any(&["view-authorization", "manage-authorization"]),
                view_clients,
            ),
            view_identity_providers: any(&["view-identity-providers", "manage-identity-providers"]),
            view_events: any(&["view-events", "manage-events"]),
            view_organizations: any(&["view-organizations", "manage-organizations", "manage-realm"]),
            manage_realm,
            manage_users: any(&["manage-users"]),
            manage_clients,
            manage_authorization: or_by_clients(any(&["manage-authorization"]), manage_clients),
            manage_identity_providers: any(&["manage-identity-providers"]),
            manage_events: any(&["manage-events"]),
            manage_organizations: any(&["manage-organizations", "manage-realm"]),
            partial_export: manage_realm.and(view_users).and(view_clients),
            authorization_settings: any(&["manage-authorization", "manage-clients"]),
            create_realm: Right::of(may_create_realms),
            sees_parts: false,
        }
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
        _ => either(&["view-realm"], &["manage-realm"]),
    }
}

#[cfg(test)]
mod tests;
