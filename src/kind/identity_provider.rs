//! Identity providers: where users come from who log in elsewhere.
//!
//! A PUT replaces all of one; a masked secret in it is kept, one that is left out is gone. The provider stays what it was
//! created with, whatever a PUT says, and so does the alias on 26.7. Measured on 26.0.8 and 26.7.5.

pub(super) mod mapper;

use super::hazard::Hazard::{LocksOut, Opens};
use super::hazard::{When, of_key, rule};
use super::{
    Beside, CREATED, Choice, Created, Field, Kind, ORDINARY, ROUTES, Routes, Sent, Unasked, Unset, Unsets,
    choice, field, flow, former_permissions, organization, server_owned,
};

pub(super) static IDENTITY_PROVIDER: Kind = Kind {
    name: super::IDENTITY_PROVIDER,
    title: "identity provider",
    representation: |_| "IdentityProviderRepresentation",
    key: "alias",
    fields: &[
        server_owned("internalId"),
        // What it can be used for follows from its provider.
        server_owned("types"),
        Field { sent: Sent::Fixed, choices: PROVIDERS, ..field("providerId") },
        Field { secret_keys: &["clientSecret"], beside: SECRETS, ..field("config") },
        flow::bound("firstBrokerLoginFlowAlias", "basic-flow"),
        flow::bound("postBrokerLoginFlowAlias", "basic-flow"),
        // Organizations write it.
        server_owned("organizationId"),
        // Relics: flows decide that.
        server_owned("updateProfileFirstLogin"),
        server_owned("updateProfileFirstLoginMode"),
        former_permissions("take it out: no permission is for an identity provider any more"),
    ],
    hazards: &[
        rule(LocksOut, "", When::Goes, "whoever logs in through {it} cannot any more"),
        rule(LocksOut, "enabled", When::Is("false"), "locks out whoever logs in through {it}"),
        rule(
            LocksOut,
            "firstBrokerLoginFlowAlias",
            When::Changed,
            "decides who gets an account that logs in through {it} for the first time",
        ),
        rule(
            LocksOut,
            "postBrokerLoginFlowAlias",
            When::Changed,
            "decides what else is asked of whoever logs in through {it}",
        ),
        rule(Opens, "trustEmail", When::Is("true"), "lets {it} say whose account an e-mail address is"),
        of_key(LocksOut, ("config", "clientId"), When::Replaced, "changes as whom the realm logs in at {it}"),
    ],
    routes: Routes {
        collection: "identity-provider/instances",
        own: "identity-provider/instances/{name}",
        find: "identity-provider/instances/{name}",
        list: "identity-provider/instances?max=-1",
        needs: "view-identity-providers",
        id: "internalId",
        location_is_id: false,
        ..ROUTES
    },
    unset: Unsets { text: Unset::Null, key: Unset::Omit, empty_keys_vanish: true },
    new: Created {
        recorded_as: |_, _| "identity-provider".to_owned(),
        needs: &[("providerId", "say of which type it is, as `providerId: oidc`")],
        unasked: &[Unasked::Enabled],
        ..CREATED
    },
    refuses: organization::refused_provider,
    are_made_along: true,
    takes_in_names: |it| !matches!(it, '/' | ' '),
    comes_with_realm: true,
    ..ORDINARY
};

const PROVIDERS: &[Choice] = &[choice("identity provider", |it, _| {
    &it.providers("org.keycloak.broker.provider.IdentityProvider")
        | &it.providers("org.keycloak.broker.social.SocialIdentityProvider")
})];

/// Where the secret goes, and for whom it is.
const SECRETS: &[Beside] = &[Beside { secret: "clientSecret", keys: &["clientId", "tokenUrl", "issuer"] }];
