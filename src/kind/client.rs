//! Clients: every plain field, the secret, default and optional client scopes; mappers and authorization
//! stand under them.
//!
//! A PUT without `authorizationServicesEnabled` deletes the whole resource server, so a client is always
//! read, overlaid and written whole. A secret that is left out is kept. Scopes count only at their endpoint.

mod behaviour;
mod exported;
mod hazards;

pub(super) use behaviour::has_service_account;
pub use behaviour::part_of_client;
pub use exported::complete_export;

use super::takes::SIGNS;
use super::{
    CLIENT_SCOPE, CREATED, Choice, Compare, Covers, Created, FLOW, Field, Form, KEYS, Kind, Link, MAPPER,
    NEWEST, ORDINARY, Others, PERMISSION, POLICY, REALM, RESOURCE, ROLE, ROUTES, Routes, SCOPE, SETTINGS,
    Sent, ServerInfo, Stays, Takes, USER, Unset, Unsets, Version, cannot_be_unset, children, choice, field,
    flow, formerly_permitted, is_admin_permissions, links, one_of, relic, scope_mapping, server_owned,
    service_account_of, useless,
};
use crate::state::{Address, Object, State};

pub(super) const PROTOCOLS: &[Choice] = &[choice("protocol", |it, _| ServerInfo::all(&it.protocols))];

/// The client that has the roles of administration.
const ADMINISTRATION: &str = "realm-management";

/// What a client may have a flow of its own for.
const BINDINGS: &[&str] = &["browser", "direct_grant"];

/// Without these scopes tokens lose `sub`, roles and origins.
const TOKENS: Stays = Stays::Scopes {
    // Every update of a client brings it back.
    always: &["service_account"],
    adopted: &["basic", "acr", "web-origins", "roles"],
};

/// Attributes that take few words, or a number.
const ATTRIBUTES: &[Takes] = &[
    one_of("ciba.backchannel.token.delivery.mode", &["poll", "ping"]),
    one_of(
        "ciba.backchannel.auth.request.signing.alg",
        &["ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512", "none"],
    ),
    // With others every request for a token is answered by 500 (26.0.8 and 26.7.5).
    Takes { others: Others::Unused, ..one_of("access.token.signed.response.alg", SIGNS) },
    Takes { key: "access.token.lifespan", form: Form::Integer, others: Others::BreakTokens },
];

pub(super) static CLIENT: Kind = Kind {
    name: super::CLIENT,
    title: "client",
    representation: |_| "ClientRepresentation",
    key: "clientId",
    fields: &[
        server_owned("id"),
        server_owned("access"),
        server_owned("notBefore"),
        server_owned("origin"),
        Field {
            server_keys: &[
                ("realm_client", "false"),
                // A policy that rotates secrets decides these; an update leaves what is left of an old secret.
                ("client.secret.creation.time", ""),
                ("client.secret.expiration.time", ""),
                ("client.secret.remaining.expiration.time", ""),
                ("client.secret.rotated", ""),
                ("client.secret.rotated.creation.time", ""),
                ("client.secret.rotated.expiration.time", ""),
            ],
            takes: ATTRIBUTES,
            choices: &[Choice { key: "login_theme", ..useless("login theme", |it, _| it.themes("login")) }],
            ..cannot_be_unset("attributes")
        },
        // Said in a POST, it makes a client public, lets it take passwords, and overrides two attributes.
        Field { implied: "openid-connect", choices: PROTOCOLS, ..cannot_be_unset("protocol") },
        Field {
            choices: &[useless("client authenticator", |it, _| ServerInfo::all(&it.client_authenticators))],
            ..field("clientAuthenticatorType")
        },
        // Nodes register themselves.
        server_owned("registeredNodes"),
        server_owned("registrationAccessToken"),
        Field {
            compare: Compare::Secret,
            drawn_with: &[("publicClient", None), ("bearerOnly", Some(NEWEST))],
            ..field("secret")
        },
        Field {
            stays: TOKENS,
            excludes: "optionalClientScopes",
            list: "default",
            expects: super::client_scope::BASIC,
            same_protocol: true,
            ..links("defaultClientScopes", CLIENT_SCOPE, Link::Each("default-client-scopes"))
        },
        Field {
            stays: TOKENS,
            excludes: "defaultClientScopes",
            list: "optional",
            same_protocol: true,
            ..links("optionalClientScopes", CLIENT_SCOPE, Link::Each("optional-client-scopes"))
        },
        scope_mapping::OF_REALM,
        scope_mapping::OF_CLIENTS,
        children("protocolMappers", |_| MAPPER),
        Field { sent: Sent::Child(SETTINGS), ..field("authorizationSettings") },
        Field {
            compare: Compare::RefMap(FLOW),
            by_id: "authenticationFlowBindingOverrides",
            unset_key: Some(Unset::EmptyText),
            choices: &[Choice { key: KEYS, ..useless("binding", |_, _| BINDINGS.iter().copied().collect()) }],
            ..flow::bound("authenticationFlowBindingOverrides", "basic-flow")
        },
        relic("clientTemplate", "say `defaultClientScopes`"),
        relic("defaultRoles", "say them among the `composites` of the default role"),
        relic("directGrantsOnly", "say `standardFlowEnabled: false` and `directAccessGrantsEnabled: true`"),
        relic("useTemplateConfig", "say it in the client"),
        relic("useTemplateMappers", "say `defaultClientScopes`"),
        relic("useTemplateScope", "say `defaultClientScopes`"),
        formerly_permitted!("Clients"),
    ],
    hazards: hazards::HAZARDS,
    routes: Routes {
        collection: "clients",
        own: "clients/{id}",
        find: "clients?clientId={name}",
        list: "clients?max=-1",
        covers: Covers::Brief,
        needs: "view-clients",
        ..ROUTES
    },
    unset: Unsets { text: Unset::EmptyText, key: Unset::Null, empty_keys_vanish: true },
    not_in_put: &[
        "protocolMappers",
        "secret",
        "access",
        "authorizationSettings",
        "defaultClientScopes",
        "optionalClientScopes",
    ],
    has_field: |_, field| !scope_mapping::is_one(field),
    is_fixed,
    new: Created { recorded_as, ..CREATED },
    switches: &["authorizationServicesEnabled", "publicClient", "serviceAccountsEnabled"],
    behaviour: &behaviour::OfClients,
    reenabled: "enabled",
    hidden_without: "a role that shows every client (fine-grained permissions may hide some)",
    comes_with_realm: true,
    defaults_of: &[REALM],
    keep_ledgers: true,
    check: super::check::authorization,
    refuses: super::refused::whole::client,
    ..ORDINARY
};

/// Returns what cannot be changed where the server lets nobody write an object, and what to do then.
pub fn words_of_fixed(address: &Address) -> (String, &'static str) {
    let top = address.steps().first().map(|it| Address::top(it.kind, it.name.clone()));
    let of = super::title(top.as_ref().unwrap_or(address));
    let is_former = top.is_some_and(|it| it.name() == ADMINISTRATION)
        && [SETTINGS, SCOPE, RESOURCE, POLICY, PERMISSION].contains(&address.kind());
    if is_former {
        // There former versions kept permissions over administration.
        let help =
            "say permissions over administration in the client `admin-permissions`, with `resourceType`";
        (format!("the authorization of {of}"), help)
    } else {
        (of, "take it out of the manifests: it stays as it is")
    }
}

/// Returns the address of what a client decides by.
pub fn settings_of(client: &Address) -> Address {
    client.child(SETTINGS, "")
}

/// Returns whether the server makes something along with what is declared: the account of a client, the role of the
/// protection API, and what administration by fine-grained permissions brings.
pub fn comes_along(address: &Address, declared: &State) -> bool {
    if address.kind() == USER {
        return service_account_of(address, declared).is_some();
    }
    let Some(client) = address.parent().filter(|it| it.kind() == super::CLIENT) else { return false };
    // Which scopes there are hangs on the version; resources go by the ids of what they stand for.
    let is_fine_grained = is_admin_permissions(&client) && matches!(address.kind(), SCOPE | RESOURCE);
    let has_authorization =
        |it: &Object| it.is_true("authorizationServicesEnabled") || declared.contains(&settings_of(&client));
    is_fine_grained
        || address.kind() == ROLE
            && address.name() == "uma_protection"
            && declared.get(&client).is_some_and(has_authorization)
}

fn recorded_as(_: &Address, client: &Object) -> String {
    if client.text("protocol") == "saml" { "client/saml" } else { "client" }.to_owned()
}

/// Since 26.7 (26.0 takes it) every write to the client that holds the administration roles is answered 403, also by
/// administrators, also below it.
pub(super) fn is_fixed(address: &Address, version: Version) -> bool {
    let client = address.ancestor(super::CLIENT);
    version >= NEWEST && client.is_some_and(|it| it.name() == ADMINISTRATION)
}
/// Returns the field with a secret by which a client never proves itself: it is public, has a key, or asks for nothing.
pub fn idle_secret(address: &Address, client: &Object) -> Option<&'static str> {
    let by = client.text("clientAuthenticatorType");
    let is_asked = !client.is_true("publicClient")
        && !client.is_true("bearerOnly")
        && (by.is_empty() || by.starts_with("client-secret"));
    (address.kind() == super::CLIENT && !is_asked).then_some("secret")
}
