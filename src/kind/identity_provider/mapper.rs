//! What is taken over from a login at an identity provider.
//!
//! A POST takes the provider that the body names, whatever its path says. A PUT replaces `config`; any type is taken.
//! Measured on 26.0.8 and 26.7.5.

use crate::kind::hazard::Hazard::Opens;
use crate::kind::hazard::{When, of_key};
use crate::kind::refused::Judge;
use crate::kind::refused::names::{Names, Nobody, names_nobody};
use crate::kind::{
    CREATED, Choice, Created, Field, GROUP, IDENTITY_PROVIDER, Kind, ORDINARY, Others, ROLE, ROUTES, Routes,
    SaysParent, Takes, Unset, Unsets, cannot_be_unset, field, one_of, server_owned, useless,
};
use crate::state::{Address, Object};
use crate::text::Note;

pub(in crate::kind) static MAPPER: Kind = Kind {
    name: crate::kind::IDENTITY_PROVIDER_MAPPER,
    title: "identity provider mapper",
    representation: |_| "IdentityProviderMapperRepresentation",
    says_parent: SaysParent::ByName("identityProviderAlias"),
    under: &[IDENTITY_PROVIDER],
    fields: &[
        server_owned("id"),
        server_owned("identityProviderAlias"),
        Field {
            takes: &[Takes { others: Others::BreakLogins, ..one_of("syncMode", SYNC) }],
            ..field("config")
        },
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
    refuses: refused,
    names_in_texts: &[ROLE, GROUP],
    // After what they stand under.
    are_made_along: true,
    comes_with_realm: true,
    ..ORDINARY
};

/// When a mapper is asked: each time, the first time only, or as its provider says.
const SYNC: &[&str] = &["INHERIT", "IMPORT", "LEGACY", "FORCE"];

/// Whatever its type, one that has these gives them, if they are there.
const NAMES: &[Names] = &[
    Names { provider: "", key: "role", kind: ROLE, others: Nobody::Unused },
    Names { provider: "", key: "group", kind: GROUP, others: Nobody::Unused },
];

/// Finds roles and groups that are not there.
fn refused(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    notes.extend(names_nobody(judge, (address, whole), NAMES.iter()));
}

const TYPES: &[Choice] = &[useless("type of identity provider mapper", |it, _| {
    it.providers("org.keycloak.broker.provider.IdentityProviderMapper")
})];
