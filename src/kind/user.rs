//! Users: attributes, credentials, roles, groups; service accounts of clients.
//!
//! Usernames and e-mail addresses are lower-cased by the server. A PUT with `attributes` but without
//! e-mail and names clears those three, so a user is always read, overlaid and written whole.

pub(super) mod federated_identity;

use std::collections::BTreeMap;

use super::behaviour::{Becomes, Behaviour, New};
use super::created::refs;
use super::hazard::Hazard::LocksOut;
use super::hazard::{When, rule};
use super::{
    CREATED, Choice, Compare, Covers, Created, DEFAULT_ROLE, FEDERATED_IDENTITY, Field, FoundBy, GROUP, Kind,
    Link, ORDINARY, OthersAre, REALM, ROLE, ROUTES, Referred, Routes, Sent, ServerInfo, Stays, Unasked,
    Unset, Unsets, children, choice, client_roles, field, formerly_permitted, links, realm_address, relic,
    server_owned,
};
use crate::state::{Address, Node, Object, State};

pub(super) static USER: Kind = Kind {
    name: super::USER,
    title: "user",
    representation: |_| "UserRepresentation",
    key: "username",
    fields: &[
        server_owned("id"),
        server_owned("access"),
        server_owned("createdTimestamp"),
        server_owned("disableableCredentialTypes"),
        server_owned("notBefore"),
        Field { is_telling: true, ..server_owned("origin") },
        server_owned("self"),
        server_owned("totp"),
        server_owned("userProfileMetadata"),
        server_owned("serviceAccountClientId"),
        Field { is_telling: true, ..server_owned("federationLink") },
        Field { compare: Compare::Folded, ..field("username") },
        Field { compare: Compare::Folded, ..field("email") },
        // The server refuses an id that another credential has: a realm made of the export of another one beside it.
        Field {
            sent: Sent::CreateOnly,
            secret_keys: &["value", "secretData"],
            server_keys: &[("id", "")],
            ..field("credentials")
        },
        Field {
            sent: Sent::CreateOnly,
            choices: &[Choice {
                others_are: OthersAre::Dropped,
                ..choice("required action", |it, _| ServerInfo::all(&it.required_actions))
            }],
            ..field("requiredActions")
        },
        Field { stays: Stays::DefaultRole, ..links("realmRoles", ROLE, Link::Mappings("role-mappings")) },
        client_roles(),
        links("groups", GROUP, Link::Each("groups")),
        children("federatedIdentities", |_| FEDERATED_IDENTITY),
        relic("applicationRoles", "say `clientRoles`: applications are clients"),
        // A create and an update leave them out without a word, and only a DELETE has a path (26.0.8 and 26.7.5).
        relic(
            "clientConsents",
            "take it out: users consent at their login, and `consentRequired: false` of a client asks for none",
        ),
        // What wallets were given.
        server_owned("issuedVerifiableCredentials"),
        relic("socialLinks", "say `federatedIdentities`"),
        // Users that say it are refused otherwise (400 on 26.7.5).
        relic(
            "verifiableCredentials",
            "take it out: a server takes it with the experimental feature `OID4VC_VCI` alone",
        ),
        formerly_permitted!("Users"),
    ],
    hazards: &[rule(LocksOut, "enabled", When::Is("false"), "locks out {it}")],
    routes: Routes {
        collection: "users",
        own: "users/{id}",
        find: "users?exact=true&username={name}",
        found_by: FoundBy::NameInAnyCase,
        list: "users?briefRepresentation=false",
        covers: Covers::Named,
        needs: "view-users",
        ..ROUTES
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
        "federatedIdentities",
    ],
    referred: Referred::ByKnownId,
    new: Created { recorded_as: |_, _| "user".to_owned(), unasked: &[Unasked::Enabled], ..CREATED },
    refuses: super::refused::whole::user,
    behaviour: &OfUsers,
    reenabled: "enabled",
    are_people: true,
    hidden_without: "a role that shows every user (fine-grained permissions may hide some)",
    are_made_along: true,
    also_named_by: "email",
    // Where realms name their users by e-mail address, a name need not be said.
    else_named_by: "email",
    defaults_of: &[REALM],
    is_renamed: true,
    ..ORDINARY
};

struct OfUsers;

impl Behaviour for OfUsers {
    /// The default role and the default groups of the realm.
    fn derive(&self, made: &mut Object, new: New<'_>) {
        let unknown = || Address::top(ROLE, DEFAULT_ROLE);
        let default_role = new.state.default_role.clone().unwrap_or_else(unknown);
        made.fields.insert("realmRoles".into(), refs([default_role]));
        let groups = new.state.get(&realm_address()).and_then(|it| it.get("defaultGroups")).cloned();
        made.fields.insert("groups".into(), groups.unwrap_or_else(|| refs([])));
    }

    /// E-mail addresses name those who have one (seen on 26.0 and 26.7, where a search by name still finds the old one alone).
    fn name_shown<'a>(&self, user: &'a Object, name: &'a str, realm: Becomes<'_>) -> &'a str {
        match user.text("email") {
            email if !email.is_empty() && realm.is_on(EMAIL_NAMES) => email,
            _ => name,
        }
    }

    /// By the e-mail addresses that name them then, or by their usernames as long as they may change before or then.
    fn may_be_renamed(&self, _: &Object, realm: Becomes<'_>) -> bool {
        realm.is_on(EMAIL_NAMES)
            || realm.is_on("editUsernameAllowed")
            || realm.realm.is_true("editUsernameAllowed")
    }
}

/// Returns those of a user's credentials that can be set anew: passwords as they are. Everything else goes with a create, or
/// never.
pub fn passwords(credentials: &Node) -> impl Iterator<Item = &Node> {
    credentials.items().iter().filter(|it| it.get("value").is_some_and(|it| !it.is_null()))
}

/// Returns the address of a user of this name, which the server keeps in lower case.
pub fn user(name: &str) -> Address {
    Address::top(super::USER, name.to_lowercase())
}

/// The switch that makes e-mail addresses usernames.
pub const EMAIL_NAMES: &str = "registrationEmailAsUsername";

/// Gives users the names that the server gives them where a realm takes e-mail addresses for usernames.
///
/// A username that they say beside it is what they were called: it tells which account is meant until the server renames it.
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
    for (old, new) in &renamed {
        if let Some(object) = state.objects.get_mut(old).filter(|_| old != new) {
            object.formerly.get_or_insert_with(|| old.clone());
        }
    }
    super::rename(state, &renamed);
}
