//! Identity providers: where users come from who log in elsewhere.
//!
//! A PUT replaces all of one; a masked secret in it is kept, one that is left out is gone. The provider stays what it was
//! created with, whatever a PUT says, and so does the alias on 26.7. Measured on 26.0.8 and 26.7.5.

pub(super) mod mapper;

use super::hazard::Hazard::{LocksOut, Opens};
use super::hazard::{Hazard, HazardRule, When, of_key, rule};
use super::refused::{Judge, Severe, wrong_sign};
use super::takes::is_of_alias;
use super::{
    Beside, CREATED, Choice, Created, Field, Kind, ORDINARY, Others, ROUTES, Routes, Sent, Takes, Unasked,
    Unset, Unsets, choice, field, flow, former_permissions, one_of, organization, server_owned,
};
use crate::state::{Address, Object};
use crate::text::Note;

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
        Field { secret_keys: &["clientSecret"], beside: SECRETS, takes: TAKES, ..field("config") },
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
        rule(LocksOut, "linkOnly", When::Is("true"), "locks out whoever logs in through {it}"),
        rule(LocksOut, "hideOnLogin", When::Is("true"), "takes {it} from the page on which people log in"),
        of_config(LocksOut, "clientId", When::Replaced, AS_WHOM),
        of_config(LocksOut, "entityId", When::Replaced, AS_WHOM),
        of_config(LocksOut, "authorizationUrl", When::Replaced, ELSEWHERE),
        of_config(LocksOut, "singleSignOnServiceUrl", When::Replaced, ELSEWHERE),
        of_config(LocksOut, "principalType", When::Changed, NAMED_BY),
        of_config(LocksOut, "principalAttribute", When::Changed, NAMED_BY),
        of_config(Opens, "tokenUrl", When::Replaced, BELIEVES),
        of_config(Opens, "userInfoUrl", When::Replaced, BELIEVES),
        of_config(Opens, "jwksUrl", When::Replaced, BELIEVES),
        of_config(Opens, "issuer", When::Replaced, BELIEVES),
        of_config(Opens, "publicKeySignatureVerifier", When::Replaced, BELIEVES),
        of_config(Opens, "idpEntityId", When::Replaced, BELIEVES),
        of_config(Opens, "metadataDescriptorUrl", When::Replaced, BELIEVES),
        of_config(Opens, "signingCertificate", When::Replaced, BELIEVES),
        of_config(Opens, "validateSignature", When::Was("true"), UNSIGNED),
        of_config(Opens, "wantAssertionsSigned", When::Was("true"), UNSIGNED),
        of_config(Opens, "filteredByClaim", When::Was("true"), OTHERS),
        of_config(Opens, "claimFilterName", When::Replaced, OTHERS),
        of_config(Opens, "claimFilterValue", When::Replaced, OTHERS),
        of_config(Opens, "hostedDomain", When::Replaced, OTHERS),
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
    refuses: refused,
    are_made_along: true,
    comes_with_realm: true,
    ..ORDINARY
};

/// Whoever came once is taken over again in one of these ways.
const TAKES: &[Takes] =
    &[Takes { others: Others::BreakLogins, ..one_of("syncMode", &["IMPORT", "LEGACY", "FORCE"]) }];

const AS_WHOM: &str = "changes as whom the realm logs in at {it}";
const ELSEWHERE: &str = "sends whoever logs in through {it} elsewhere";
const NAMED_BY: &str = "says otherwise which user of {it} is whose account";
const BELIEVES: &str = "has somebody else say who logs in through {it}";
const UNSIGNED: &str = "believes what nobody signed to come from {it}";
const OTHERS: &str = "lets others in through {it}";

const fn of_config(hazard: Hazard, key: &'static str, when: When, does: &'static str) -> HazardRule {
    of_key(hazard, ("config", key), when, does)
}

const PROVIDERS: &[Choice] = &[choice("identity provider", |it, _| {
    &it.providers("org.keycloak.broker.provider.IdentityProvider")
        | &it.providers("org.keycloak.broker.social.SocialIdentityProvider")
})];

/// Where the secret goes, and for whom it is.
const SECRETS: &[Beside] = &[Beside { secret: "clientSecret", keys: &["clientId", "tokenUrl", "issuer"] }];

/// Finds an alias that only a new one is refused for: files that make a realm, and 26.0 at a rename, take any.
fn refused(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    if !judge.before.contains(address)
        && let Some(Note { code, title, help, marks, .. }) =
            wrong_sign(address, address.name(), whole.at, is_of_alias)
    {
        let label = format!("{} in a new one", marks.first().map_or("", |it| &it.label));
        let at = judge.desired(address).map_or(whole.at, |it| it.at);
        notes.push(Note { help, ..judge.note(Severe::Error, code, title, at, label) });
    }
    organization::refused_provider(judge, address, whole, notes);
}
