//! Client scopes with their mappers.

use super::{Field, Kind, MAPPER, Routes, Unset, Unsets, children, kept, scope_mapping, server_owned};

/// Puts `sub` into access tokens, since Keycloak 25.
pub(super) const BASIC: &str = "basic";

pub(super) static CLIENT_SCOPE: Kind = Kind {
    name: super::CLIENT_SCOPE,
    title: "client scope",
    representation: |_| "ClientScopeRepresentation",
    key: "name",
    under: &[],
    fields: &[
        server_owned("id"),
        Field {
            features: &[("is.dynamic.scope", "DYNAMIC_SCOPES"), ("dynamic.scope.regexp", "DYNAMIC_SCOPES")],
            ..kept("attributes")
        },
        kept("protocol"),
        scope_mapping::OF_REALM,
        scope_mapping::OF_CLIENTS,
        children("protocolMappers", |_| MAPPER),
    ],
    hazards: &[],
    routes: Routes {
        collection: "client-scopes",
        own: "client-scopes/{id}",
        find: "client-scopes",
        id: "id",
        row: "",
    },
    unset: Unsets { text: Unset::EmptyText, key: Unset::Null, empty_keys_vanish: false },
    not_in_put: &["protocolMappers"],
    respell: None,
    takes: |_, field| !scope_mapping::is_one(field),
    is_fixed: super::never_fixed,
};
