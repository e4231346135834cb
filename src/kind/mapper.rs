//! Protocol mappers of clients and client scopes.
//!
//! A PUT needs the id, replaces `config`, and ignores name and protocol. A GET of mappers shows keys that are not
//! stored (`userinfo.token.claim` as `id.token.claim`, `introspection.token.claim` as `access.token.claim`); the
//! representation of what they stand under, like the export, shows what is stored.

use super::hazard::Hazard::Opens;
use super::hazard::{When, of_key};
use super::{
    CLIENT, CLIENT_SCOPE, CREATED, Created, Field, Kind, NEWEST, ORDINARY, ROUTES, Routes, Sent, ServerInfo,
    Unasked, Unset, Unsets, cannot_be_unset, choice, field, server_owned, useless,
};

pub(super) static MAPPER: Kind = Kind {
    name: super::MAPPER,
    title: "protocol mapper",
    representation: |_| "ProtocolMapperRepresentation",
    under: &[CLIENT, CLIENT_SCOPE],
    fields: &[
        server_owned("id"),
        server_owned("consentRequired"),
        server_owned("consentText"),
        Field {
            sent: Sent::Fixed,
            choices: &[useless("protocol", |it, _| it.mappers.keys().map(String::as_str).collect())],
            ..field("protocol")
        },
        Field {
            choices: &[choice("type of protocol mapper", |it, _| {
                it.mappers.values().flat_map(ServerInfo::all).collect()
            })],
            ..cannot_be_unset("protocolMapper")
        },
    ],
    hazards: &[
        // The admin API of 26.0 believes roles in tokens, that of 26.7 looks users up.
        of_key(
            Opens,
            ("config", "role"),
            When::Administers(NEWEST),
            "lets everybody administer the realm who logs in through what {it} stands under",
        ),
    ],
    routes: Routes {
        collection: "{up}/protocol-mappers/models",
        own: "{up}/protocol-mappers/models/{id}",
        find: "{up}/protocol-mappers/models",
        row: "protocolMappers",
        needs: "view-clients",
        ..ROUTES
    },
    unset: Unsets { text: Unset::Null, key: Unset::Omit, empty_keys_vanish: true },
    is_fixed: super::client::is_fixed,
    new: Created {
        needs: &[(
            "protocolMapper",
            "say of which type it is, as `protocolMapper: oidc-usermodel-attribute-mapper`",
        )],
        unasked: &[Unasked::Protocol],
        ..CREATED
    },
    comes_with_realm: true,
    is_judged_with_parent: true,
    ..ORDINARY
};
