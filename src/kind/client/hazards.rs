//! What changes of a client do to those who use it.

use crate::kind::hazard::Hazard::{BreaksClients, Deletes, DropsSecret, LocksOut, LogsOut, Opens};
use crate::kind::hazard::{HazardRule, When, of_key, rule};

/// Through these clients administrators reach the realm: the API and the console.
const ADMIN: &[&str] = &["admin-cli", "security-admin-console"];

/// Addresses that are every address.
const ANYWHERE: &[&str] = &["*", "http*", "https*", "http:*", "https:*", "http://*", "https://*"];

pub(super) const HAZARDS: &[HazardRule] = &[
    rule(LocksOut, "enabled", When::Is("false"), "locks out whoever uses {it}"),
    // Of a client with authorization it also deletes that, without a word.
    rule(
        DropsSecret,
        "publicClient",
        When::Is("true"),
        "drops the secret of {it}, and its authorization if it has one",
    ),
    rule(
        BreaksClients,
        "publicClient",
        When::Is("false"),
        "asks whoever uses {it} for a secret that they do not have",
    ),
    rule(
        Deletes,
        "authorizationServicesEnabled",
        When::Is("false"),
        "deletes every resource, policy and permission of {it}",
    ),
    rule(
        Deletes,
        "serviceAccountsEnabled",
        When::Is("false"),
        "deletes the service account of {it} with all its roles",
    ),
    rule(Opens, "fullScopeAllowed", When::Is("true"), "puts every role of a user into the tokens of {it}"),
    HazardRule {
        of: ADMIN,
        ..rule(
            LocksOut,
            "fullScopeAllowed",
            When::Is("false"),
            "locks out all administrators of the realm: tokens of {it} no longer carry their roles",
        )
    },
    console("rootUrl"),
    console("baseUrl"),
    console("redirectUris"),
    console("webOrigins"),
    rule(Opens, "redirectUris", When::Gains(ANYWHERE), "sends whoever logs in through {it} to any address"),
    rule(
        BreaksClients,
        "redirectUris",
        When::Emptied,
        "leaves {it} no address to come back to after a login",
    ),
    rule(Opens, "webOrigins", When::Gains(&["*"]), "lets scripts of every web site use {it}"),
    rule(BreaksClients, "secret", When::Replaced, "keeps out whoever still uses the old secret of {it}"),
    rule(BreaksClients, "protocol", When::Changed, "breaks whoever uses {it} by the old protocol"),
    rule(
        BreaksClients,
        "clientAuthenticatorType",
        When::Changed,
        "asks whoever uses {it} for another proof than before",
    ),
    of_key(
        LocksOut,
        ("authenticationFlowBindingOverrides", "browser"),
        When::Changed,
        "decides how everybody logs in with a browser through {it}",
    ),
    of_key(
        LocksOut,
        ("authenticationFlowBindingOverrides", "direct_grant"),
        When::Changed,
        "decides how everybody logs in with a password through {it}",
    ),
    rule(BreaksClients, "standardFlowEnabled", When::Is("false"), "ends logins with a browser through {it}"),
    rule(BreaksClients, "implicitFlowEnabled", When::Is("false"), "ends implicit logins through {it}"),
    rule(
        BreaksClients,
        "directAccessGrantsEnabled",
        When::Is("false"),
        "ends logins with a password through {it}",
    ),
    rule(BreaksClients, "bearerOnly", When::Is("true"), "ends all logins through {it}"),
    of_key(
        BreaksClients,
        ("attributes", "pkce.code.challenge.method"),
        When::Set,
        "keeps out whoever logs in through {it} in another way",
    ),
    algorithm("access.token.signed.response.alg"),
    algorithm("id.token.signed.response.alg"),
    algorithm("user.info.response.signature.alg"),
    algorithm("saml.signature.algorithm"),
    key("jwks.url"),
    key("jwks.string"),
    key("use.jwks.url"),
    key("jwt.credential.public.key"),
    key("jwt.credential.certificate"),
    key("jwt.credential.issuer"),
    key("jwt.credential.sub"),
    key("x509.subjectdn"),
    of_key(
        Opens,
        ("attributes", "x509.allow.regex.pattern.comparison"),
        When::Is("true"),
        "takes the subject of certificates of {it} for a pattern",
    ),
    key("saml.signing.certificate"),
    key("saml.encryption.certificate"),
    session("client.session.idle.timeout"),
    session("client.session.max.lifespan"),
    session("client.offline.session.idle.timeout"),
    session("client.offline.session.max.lifespan"),
];

const fn console(field: &'static str) -> HazardRule {
    let does = "locks out the administrators who use {it}, unless the server has it there";
    HazardRule { of: ADMIN, ..rule(LocksOut, field, When::Changed, does) }
}

const fn algorithm(key: &'static str) -> HazardRule {
    let does = "has {it} sign otherwise: whoever expects the old algorithm refuses that";
    of_key(LogsOut, ("attributes", key), When::Changed, does)
}

const fn key(key: &'static str) -> HazardRule {
    let does = "keeps out whoever uses {it} with the old key";
    of_key(BreaksClients, ("attributes", key), When::Replaced, does)
}

const fn session(key: &'static str) -> HazardRule {
    of_key(LogsOut, ("attributes", key), When::Lowered, "ends sessions of {it} that are older")
}
