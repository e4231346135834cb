//! Client scopes with their mappers.

use super::{
    CREATED, Covers, Created, Field, Kind, MAPPER, ORDINARY, ROUTES, Routes, Unasked, Unset, Unsets,
    cannot_be_unset, children, one_of, scope_mapping, server_owned,
};

/// Puts `sub` into access tokens, since Keycloak 25.
pub(super) const BASIC: &str = "basic";

pub(super) static CLIENT_SCOPE: Kind = Kind {
    name: super::CLIENT_SCOPE,
    title: "client scope",
    representation: |_| "ClientScopeRepresentation",
    fields: &[
        server_owned("id"),
        Field {
            takes: &[one_of(
                "parameterized.scope.type",
                &["string", "custom", "boolean", "integer", "username", "delegation"],
            )],
            features: &[("is.dynamic.scope", "DYNAMIC_SCOPES"), ("dynamic.scope.regexp", "DYNAMIC_SCOPES")],
            ..cannot_be_unset("attributes")
        },
        Field { choices: super::client::PROTOCOLS, ..cannot_be_unset("protocol") },
        scope_mapping::OF_REALM,
        scope_mapping::OF_CLIENTS,
        children("protocolMappers", |_| MAPPER),
    ],
    routes: Routes {
        collection: "client-scopes",
        own: "client-scopes/{id}",
        find: "client-scopes",
        list: "client-scopes",
        covers: Covers::Brief,
        needs: "view-clients",
        ..ROUTES
    },
    unset: Unsets { text: Unset::EmptyText, key: Unset::Null, empty_keys_vanish: false },
    not_in_put: &["protocolMappers"],
    has_field: |_, field| !scope_mapping::is_one(field),
    new: Created { recorded_as: |_, _| "client-scope".to_owned(), unasked: &[Unasked::Protocol], ..CREATED },
    hidden_without: "a role that shows every client scope (fine-grained permissions may hide some)",
    comes_with_realm: true,
    acts_where_named: true,
    check: super::check::name,
    ..ORDINARY
};
