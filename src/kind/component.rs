//! Components: what a realm is built of that is configured by properties: keys, user federation, policies of client
//! registration.
//!
//! One is known by what it provides (`providerType`), by its sub-type where it has one, and by its name, which Keycloak lets
//! several have. A PUT merges `config` by key, and one that is null goes; a mask keeps a secret, and so does leaving it
//! out. With another `providerType` in a PUT no component of the realm can be read any more. Measured on 26.0.8 and
//! 26.7.5.

mod defaults;
pub(super) mod directory;
mod ldap;
pub(super) mod mapper;

use std::collections::BTreeSet;

use super::hazard::Hazard::{Deletes, LocksOut, LogsOut, Opens};
use super::hazard::{HazardRule, When, of_key, rule};
use super::{
    Beside, CREATED, Choice, Created, Field, Kind, ORDINARY, ROUTES, Routes, Sent, ServerInfo, Unset, Unsets,
    cannot_be_unset, choice, field,
};
use crate::state::Object;

const KEYS: &str = "org.keycloak.keys.KeyProvider";
const FEDERATION: &str = "org.keycloak.storage.UserStorageProvider";
const REGISTRATION: &str = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";

pub(super) static COMPONENT: Kind = Kind {
    name: super::COMPONENT,
    title: "component",
    representation: |_| "ComponentRepresentation",
    qualified_by: &["providerType", "subType"],
    else_named_by: "providerId",
    fields: &[
        super::server_owned("id"),
        super::server_owned("parentId"),
        Field { sent: Sent::Fixed, choices: TYPES, ..field("providerType") },
        Field { sent: Sent::Fixed, ..field("subType") },
        Field { choices: PROVIDERS, ..cannot_be_unset("providerId") },
        Field {
            secret_keys: &["bindCredential"],
            beside: SECRETS,
            takes: defaults::TAKES,
            ..field("config")
        },
        Field { sent: Sent::ChildrenBy(super::COMPONENT_MAPPER, "providerType"), ..field("subComponents") },
    ],
    hazards: HAZARDS,
    routes: ROUTES_OF_COMPONENTS,
    unset: UNSETS,
    new: Created { recorded_as: |_, _| "component/keys".to_owned(), needs: PROVIDED, ..CREATED },
    check: defaults::check,
    refuses: defaults::refuses,
    names_in_texts: defaults::NAMED,
    switches: &["config"],
    behaviour: &defaults::OfComponents,
    comes_with_realm: true,
    ..ORDINARY
};

/// Where components are, whatever they stand under.
const ROUTES_OF_COMPONENTS: Routes = Routes {
    collection: "components",
    own: "components/{id}",
    find: "components",
    list: "components",
    ..ROUTES
};

const UNSETS: Unsets = Unsets { text: Unset::Null, key: Unset::Null, empty_keys_vanish: true };

const PROVIDED: &[(&str, &str)] =
    &[("providerId", "say what provides it: keys have `providerId: rsa-generated`, for instance")];
const TYPES: &[Choice] =
    &[choice("type of component", |it, _| it.components.keys().map(String::as_str).collect())];
const PROVIDERS: &[Choice] = &[choice("provider of this type", providers)];

fn providers<'a>(info: &'a ServerInfo, component: &Object) -> BTreeSet<&'a str> {
    info.providers(component.text("providerType"))
}

/// Where the secret goes, and for whom it is.
const SECRETS: &[Beside] = &[Beside { secret: "bindCredential", keys: &["connectionUrl", "bindDn"] }];

static HAZARDS: &[HazardRule] = &[
    goes(KEYS, LogsOut, "what {it} signed ends with it: sessions and tokens"),
    goes(FEDERATION, Deletes, "the users that came from {it} go with it, and all that they have"),
    goes(REGISTRATION, Opens, "nobody who registers a client is held to {it} any more"),
    of_type(KEYS, LogsOut, "enabled", When::Is("false"), "ends what it signed: sessions and tokens"),
    becomes(KEYS, LogsOut, "ends what it signed: sessions and tokens"),
    becomes(FEDERATION, LocksOut, "asks something else who its users are"),
    becomes(REGISTRATION, Opens, "no longer holds who registers a client to what it did"),
    of_type(KEYS, LogsOut, "algorithm", When::Replaced, "ends what it signed: sessions and tokens"),
    of_type(
        KEYS,
        LogsOut,
        "keystore",
        When::Replaced,
        "ends what the former key signed: sessions and tokens",
    ),
    of_type(
        KEYS,
        LogsOut,
        "keyAlias",
        When::Replaced,
        "ends what the former key signed: sessions and tokens",
    ),
    of_type(KEYS, LogsOut, "secretSize", When::Replaced, "draws a new key, which ends what it signed"),
    of_type(
        KEYS,
        LogsOut,
        "privateKey",
        When::Replaced,
        "ends what the former key signed: sessions and tokens",
    ),
    of_type(KEYS, LogsOut, "keySize", When::Replaced, "draws a new key, which ends what it signed"),
    of_type(
        KEYS,
        LogsOut,
        "ecdsaEllipticCurveKey",
        When::Replaced,
        "draws a new key, which ends what it signed",
    ),
    of_type(
        KEYS,
        LogsOut,
        "eddsaEllipticCurveKey",
        When::Replaced,
        "draws a new key, which ends what it signed",
    ),
    of_type(FEDERATION, LocksOut, "enabled", When::Is("false"), "locks out the users of {it}"),
    of_type(FEDERATION, LocksOut, "connectionUrl", When::Replaced, "asks another server who its users are"),
    of_type(
        FEDERATION,
        LocksOut,
        "usernameLDAPAttribute",
        When::Replaced,
        "names its users by another attribute",
    ),
    of_type(FEDERATION, LocksOut, "usersDn", When::Replaced, "looks for its users elsewhere"),
    of_type(
        FEDERATION,
        LocksOut,
        "editMode",
        When::Replaced,
        "decides anew what of its users can be changed",
    ),
    of_type(FEDERATION, LocksOut, "customUserSearchFilter", When::Changed, "chooses its users otherwise"),
    of_type(FEDERATION, Opens, "trustEmail", When::Is("true"), "takes addresses of {it} as verified"),
    of_type(
        REGISTRATION,
        Opens,
        "host-sending-registration-request-must-match",
        When::Is("false"),
        "lets any host register clients",
    ),
    of_type(
        REGISTRATION,
        Opens,
        "client-uris-must-match",
        When::Is("false"),
        "takes clients with any address",
    ),
    of_type(REGISTRATION, Opens, "max-clients", When::Raised, "lets more clients be registered"),
    of_type(REGISTRATION, Opens, "trusted-hosts", When::Gains(&[]), "may register clients, too"),
    of_type(
        REGISTRATION,
        Opens,
        "allowed-client-scopes",
        When::Gains(&[]),
        "may be asked for by whoever registers a client",
    ),
    of_type(
        REGISTRATION,
        Opens,
        "allowed-protocol-mapper-types",
        When::Gains(&[]),
        "may be used by whoever registers a client",
    ),
];

const fn goes(of: &'static str, hazard: super::Hazard, does: &'static str) -> HazardRule {
    HazardRule { part: of, ..rule(hazard, "", When::Goes, does) }
}

/// The side effect of another provider on components of a type.
const fn becomes(of: &'static str, hazard: super::Hazard, does: &'static str) -> HazardRule {
    HazardRule { part: of, ..rule(hazard, "providerId", When::Replaced, does) }
}

/// One side effect of one key of the configuration of components of a type.
const fn of_type(
    of: &'static str,
    hazard: super::Hazard,
    key: &'static str,
    when: When,
    does: &'static str,
) -> HazardRule {
    HazardRule { part: of, ..of_key(hazard, ("config", key), when, does) }
}
