//! What changes of a realm do to those who use it.

use crate::kind::hazard::Hazard::{BreaksClients, LocksOut, LogsOut, Opens};
use crate::kind::hazard::{HazardRule, When, of_key, rule};

pub(super) const HAZARDS: &[HazardRule] = &[
    rule(LocksOut, "enabled", When::Is("false"), "locks out whoever uses {it}"),
    flow("browserFlow", "decides how everybody logs in with a browser"),
    flow("directGrantFlow", "decides how everybody logs in with a password and no browser"),
    flow("registrationFlow", "decides how everybody registers"),
    flow("resetCredentialsFlow", "decides how everybody gets in who forgot a password"),
    flow("clientAuthenticationFlow", "decides how every client proves who it is"),
    flow("dockerAuthenticationFlow", "decides how everybody logs in with Docker"),
    flow(
        "firstBrokerLoginFlow",
        "decides how everybody gets in who comes from an identity provider for the first time",
    ),
    rule(
        LocksOut,
        "organizationsEnabled",
        When::Is("false"),
        "locks out whoever an organization manages, and switches off the identity providers of all",
    ),
    rule(Opens, "sslRequired", When::Is("none"), "lets passwords and tokens of {it} travel unencrypted"),
    rule(LocksOut, "sslRequired", When::Is("all"), "locks out whoever uses {it} over plain http"),
    rule(
        LocksOut,
        "sslRequired",
        When::Turns("none", "external"),
        "locks out whoever uses {it} over plain http from outside of private networks",
    ),
    rule(Opens, "registrationAllowed", When::Is("true"), "lets everybody make an account"),
    rule(Opens, "bruteForceProtected", When::Is("false"), "lets everybody guess passwords without end"),
    rule(Opens, "passwordPolicy", When::Emptied, "lets everybody choose any password"),
    rule(LocksOut, "loginWithEmailAllowed", When::Is("false"), "locks out whoever logs in by e-mail address"),
    rule(
        LogsOut,
        "defaultSignatureAlgorithm",
        When::Changed,
        "has {it} sign otherwise: whoever expects the old algorithm refuses that",
    ),
    rule(LogsOut, "revokeRefreshToken", When::Is("true"), "ends sessions that use a refresh token twice"),
    rule(
        LogsOut,
        "offlineSessionMaxLifespanEnabled",
        When::Is("true"),
        "ends offline sessions that are older",
    ),
    session("ssoSessionIdleTimeout"),
    session("ssoSessionMaxLifespan"),
    session("ssoSessionIdleTimeoutRememberMe"),
    session("ssoSessionMaxLifespanRememberMe"),
    session("offlineSessionIdleTimeout"),
    session("offlineSessionMaxLifespan"),
    session("clientSessionIdleTimeout"),
    session("clientSessionMaxLifespan"),
    session("clientOfflineSessionIdleTimeout"),
    session("clientOfflineSessionMaxLifespan"),
    of_key(
        BreaksClients,
        ("attributes", "frontendUrl"),
        When::Changed,
        "changes the issuer of all tokens: whoever expects the old one refuses them",
    ),
];

const fn flow(field: &'static str, does: &'static str) -> HazardRule {
    rule(LocksOut, field, When::Changed, does)
}

const fn session(field: &'static str) -> HazardRule {
    rule(LogsOut, field, When::Lowered, "ends sessions that are older")
}
