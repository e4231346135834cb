//! Users: attributes, credentials, roles, groups; service accounts of clients.
//!
//! Usernames and e-mail addresses are lower-cased by the server. A PUT with `attributes` but without
//! e-mail and names clears those three, so a user is always read, overlaid and written whole.

use std::collections::BTreeMap;

use super::hazard::Hazard::LocksOut;
use super::hazard::{When, rule};
use super::{
    Compare, Field, GROUP, Kind, Link, ROLE, Routes, Sent, Stays, Unset, Unsets, field, links, not_yet,
    server_owned,
};
use crate::state::{Address, Node, Object, State};

pub(super) static USER: Kind = Kind {
    name: super::USER,
    title: "user",
    representation: |_| "UserRepresentation",
    key: "username",
    under: &[],
    fields: &[
        server_owned("id"),
        server_owned("access"),
        server_owned("createdTimestamp"),
        server_owned("disableableCredentialTypes"),
        server_owned("notBefore"),
        server_owned("origin"),
        server_owned("self"),
        server_owned("totp"),
        server_owned("userProfileMetadata"),
        server_owned("serviceAccountClientId"),
        server_owned("federationLink"),
        Field { compare: Compare::Folded, ..field("username") },
        Field { compare: Compare::Folded, ..field("email") },
        Field { sent: Sent::CreateOnly, secret_keys: &["value", "secretData"], ..field("credentials") },
        Field { sent: Sent::CreateOnly, ..field("requiredActions") },
        Field { stays: Stays::DefaultRole, ..links("realmRoles", ROLE, Link::Mappings("role-mappings")) },
        Field {
            compare: Compare::ClientRoles,
            sent: Sent::Links(Link::Mappings("role-mappings")),
            ..field("clientRoles")
        },
        links("groups", GROUP, Link::Each("groups")),
        not_yet("applicationRoles"),
        not_yet("clientConsents"),
        not_yet("federatedIdentities"),
        not_yet("issuedVerifiableCredentials"),
        not_yet("socialLinks"),
        not_yet("verifiableCredentials"),
    ],
    hazards: &[rule(LocksOut, "enabled", When::Is("false"), "locks out {it}")],
    routes: Routes {
        collection: "users",
        own: "users/{id}",
        find: "users?exact=true&username={name}",
        id: "id",
        row: "",
    },
    unset: Unsets { text: Unset::EmptyText, key: Unset::Omit, empty_keys_vanish: true },
    not_in_put: &[
        "access",
        "userProfileMetadata",
        "realmRoles",
        "clientRoles",
        "groups",
        "credentials",
        "disableableCredentialTypes",
    ],
    respell: None,
    takes: super::any_field,
    is_fixed: super::never_fixed,
};

/// Returns whether users can be renamed while a realm becomes what is said of it: by the e-mail addresses that name them then,
/// or by their usernames as long as they may change before or then.
pub fn renames_users(realm: &Object, said: Option<&Object>) -> bool {
    let becomes = |field: &str| {
        let said = said.and_then(|it| it.get(field)).or_else(|| realm.get(field));
        said.and_then(Node::as_bool) == Some(true)
    };
    becomes("registrationEmailAsUsername")
        || becomes("editUsernameAllowed")
        || realm.is_true("editUsernameAllowed")
}

/// Gives users the names that the server gives them where a realm takes e-mail addresses for usernames.
pub fn name_users_by_email(state: &mut State) {
    let mut renamed: BTreeMap<Address, Address> = BTreeMap::new();
    for (address, object) in &state.objects {
        let email = object.text("email").to_lowercase();
        let name = Address::top(super::USER, email.as_str());
        let is_taken = renamed.values().any(|it| *it == name) || state.contains(&name);
        if address.kind() == super::USER && !email.is_empty() && !is_taken {
            renamed.insert(address.clone(), name);
        }
    }
    super::rename(state, renamed);
}
