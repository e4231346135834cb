//! What is taken over from a login at an identity provider.
//!
//! A POST takes the provider that the body names, whatever its path says. A PUT replaces `config`; any type is taken.
//! Measured on 26.0.8 and 26.7.5.

use crate::kind::hazard::Hazard::Opens;
use crate::kind::hazard::{When, of_key};
use crate::kind::{
    CREATED, Choice, Created, Field, IDENTITY_PROVIDER, Kind, ORDINARY, ROUTES, Routes, SaysParent, Unset,
    Unsets, cannot_be_unset, server_owned, useless,
};

pub(in crate::kind) static MAPPER: Kind = Kind {
    name: crate::kind::IDENTITY_PROVIDER_MAPPER,
    title: "identity provider mapper",
    representation: |_| "IdentityProviderMapperRepresentation",
    says_parent: SaysParent::ByName("identityProviderAlias"),
    under: &[IDENTITY_PROVIDER],
    fields: &[
        server_owned("id"),
        server_owned("identityProviderAlias"),
        Field { choices: TYPES, ..cannot_be_unset("identityProviderMapper") },
    ],
    hazards: &[
        of_key(
            Opens,
            ("config", "role"),
            When::Set,
            "gives it to whoever logs in through what {it} stands under",
        ),
        of_key(
            Opens,
            ("config", "group"),
            When::Set,
            "takes in whoever logs in through what {it} stands under",
        ),
    ],
    routes: Routes {
        collection: "{up}/mappers",
        own: "{up}/mappers/{id}",
        find: "{up}/mappers",
        list: "{up}/mappers",
        needs: "view-identity-providers",
        ..ROUTES
    },
    unset: Unsets { text: Unset::Null, key: Unset::Omit, empty_keys_vanish: true },
    new: Created {
        recorded_as: |_, _| "identity-provider-mapper".to_owned(),
        needs: &[(
            "identityProviderMapper",
            "say of which type it is, as `identityProviderMapper: oidc-user-attribute-idp-mapper`",
        )],
        ..CREATED
    },
    // After what they stand under.
    are_made_along: true,
    comes_with_realm: true,
    ..ORDINARY
};

const TYPES: &[Choice] = &[useless("type of identity provider mapper", |it, _| {
    it.providers("org.keycloak.broker.provider.IdentityProviderMapper")
})];
