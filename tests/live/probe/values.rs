//! Two values for every field: by its type, and by a table where the server takes only some.

use realmwright::kind::{
    AUTHENTICATOR_CONFIG, CLIENT, CLIENT_POLICY, CLIENT_PROFILE, CLIENT_SCOPE, COMPONENT, COMPONENT_MAPPER,
    EXECUTION, FLOW, GROUP, IDENTITY_PROVIDER, IDENTITY_PROVIDER_MAPPER, Kind, MAPPER, ORGANIZATION,
    ORGANIZATION_GROUP, PERMISSION, POLICY, PROFILE_ATTRIBUTE, REALM, REQUIRED_ACTION, RESOURCE, ROLE,
    SETTINGS, Type, USER, WORKFLOW,
};
use realmwright::state::KindName;
use serde_json::{Value, json};

/// Returns two different values, or one and the same where the server knows only one.
pub(super) fn values(kind: &Kind, name: &str, of: &Type) -> (Value, Value) {
    special(kind.name, name).unwrap_or_else(|| by_type(name, of))
}

fn by_type(name: &str, of: &Type) -> (Value, Value) {
    match of {
        Type::Text | Type::Any | Type::Class(_) => (json!(format!("{name} A")), json!(format!("{name} B"))),
        Type::Boolean => (json!(true), json!(false)),
        Type::Integer | Type::Number => (json!(1001), json!(1002)),
        Type::Enum(words) => (json!(words[0]), json!(words[words.len() - 1])),
        Type::List(_) => (json!(["a", "b"]), json!(["b", "c", "d"])),
        Type::Map(item) if matches!(**item, Type::List(_)) => {
            (json!({ "k": ["a", "b"], "l": ["x"] }), json!({ "k": ["b"], "l": ["x", "y"] }))
        }
        Type::Map(item) if **item == Type::Integer => (json!({ "k": 1, "l": 2 }), json!({ "k": 3, "l": 2 })),
        Type::Map(_) => (json!({ "k": "a", "l": "x" }), json!({ "k": "b", "l": "y" })),
    }
}

fn special(kind: KindName, name: &str) -> Option<(Value, Value)> {
    let found = match (kind, name) {
        (WORKFLOW, "on") => (json!("user-created"), json!("user-authenticated or USER_CREATED")),
        (WORKFLOW, "if") => (json!("has-role(r1)"), json!("not is-member-of(/g1)")),
        (WORKFLOW, "schedule") => {
            (json!({ "after": "1d", "batch-size": 5 }), json!({ "after": "P2D", "batch-size": 6 }))
        }
        (WORKFLOW, "concurrency") => (
            json!({ "cancel-in-progress": "true", "restart-in-progress": "user-created" }),
            json!({ "cancel-in-progress": "user-created", "restart-in-progress": "true" }),
        ),
        (WORKFLOW, "steps") => (
            json!([{ "uses": "notify-user", "with": { "k": ["a", "b"], "l": "true" } }, { "uses": "disable-user", "after": "1d" }]),
            json!([{ "uses": "disable-user", "after": "2d" }, { "uses": "notify-user" }, { "uses": "notify-user" }]),
        ),
        // A client's session may not outlive the realm's.
        (REALM, name) if name.starts_with("client") && name.contains("Session") => (json!(501), json!(502)),
        // Without its feature a server keeps these off.
        (REALM, "scimApiEnabled" | "verifiableCredentialsEnabled") => (json!(false), json!(false)),
        (REALM, "enabled") => (json!(true), json!(true)),
        (REALM, "accountTheme" | "adminTheme" | "emailTheme" | "loginTheme") => {
            (json!("base"), json!("keycloak"))
        }
        (REALM, "browserFlow") => (json!("browser"), json!("direct grant")),
        (REALM, "directGrantFlow") => (json!("direct grant"), json!("browser")),
        (REALM, "registrationFlow") => (json!("registration"), json!("browser")),
        (REALM, "resetCredentialsFlow") => (json!("reset credentials"), json!("browser")),
        (REALM, "clientAuthenticationFlow") => (json!("clients"), json!("clients")),
        (REALM, "dockerAuthenticationFlow") => (json!("docker auth"), json!("browser")),
        (REALM, "firstBrokerLoginFlow") => (json!("first broker login"), json!("browser")),
        (REALM, "sslRequired") => (json!("external"), json!("all")),
        (REALM, "defaultSignatureAlgorithm") => (json!("RS256"), json!("PS256")),
        (REALM, "defaultLocale") => (json!("en"), json!("de")),
        (REALM, "supportedLocales") => (json!(["en", "de"]), json!(["de", "en", "fr"])),
        (REALM, "enabledEventTypes") => (json!(["LOGIN", "LOGOUT"]), json!(["LOGIN"])),
        (REALM, "eventsListeners") => (json!(["jboss-logging"]), json!(["jboss-logging", "email"])),
        (REALM, "otpPolicyType") => (json!("totp"), json!("hotp")),
        (REALM, "otpPolicyAlgorithm") => (json!("HmacSHA1"), json!("HmacSHA256")),
        (REALM, "otpPolicyDigits") => (json!(6), json!(8)),
        (REALM, "passwordPolicy") => (json!("length(8)"), json!("length(9) and digits(1)")),
        (REALM, "smtpServer") => (
            json!({ "host": "a.example.org", "from": "a@example.org", "port": "25" }),
            json!({ "host": "b.example.org", "from": "b@example.org", "port": "26" }),
        ),
        (REALM, "browserSecurityHeaders") => {
            (json!({ "xFrameOptions": "DENY" }), json!({ "xFrameOptions": "SAMEORIGIN" }))
        }
        (REALM, "attributes") => (json!({ "k": "a", "l": "x" }), json!({ "k": "b", "l": "y" })),
        (REALM, "defaultGroups") => (json!(["/g1"]), json!(["/g1", "/g2"])),
        (REALM, "defaultDefaultClientScopes") => (json!(["s1"]), json!(["s1", "s2"])),
        (REALM, "defaultOptionalClientScopes") => (json!(["s3"]), json!(["s3", "s4"])),
        (REALM, "requiredCredentials") => (json!(["password"]), json!(["password"])),
        (REALM, "duplicateEmailsAllowed") => (json!(false), json!(true)),
        (REALM, name) if name.starts_with("webAuthnPolicy") => web_authn(name)?,
        (CLIENT | CLIENT_SCOPE | MAPPER, "protocol") => (json!("openid-connect"), json!("openid-connect")),
        (CLIENT, "clientAuthenticatorType") => (json!("client-secret"), json!("client-jwt")),
        (CLIENT, "rootUrl" | "baseUrl" | "adminUrl") => {
            (json!("https://a.example.org"), json!("https://b.example.org/b"))
        }
        (CLIENT, "redirectUris" | "webOrigins") => {
            (json!(["https://a.example.org"]), json!(["https://a.example.org", "https://b.example.org"]))
        }
        (CLIENT, "publicClient" | "bearerOnly") => (json!(false), json!(false)),
        (CLIENT, "serviceAccountsEnabled" | "authorizationServicesEnabled") => (json!(true), json!(true)),
        (CLIENT, "defaultClientScopes") => (json!(["s1"]), json!(["s1", "s2"])),
        (CLIENT, "optionalClientScopes") => (json!(["s3"]), json!(["s3", "s4"])),
        (MAPPER, "protocolMapper") => {
            (json!("oidc-usermodel-attribute-mapper"), json!("oidc-hardcoded-claim-mapper"))
        }
        (MAPPER, "config") => (
            json!({ "user.attribute": "a", "claim.name": "a", "claim.value": "v", "jsonType.label": "String" }),
            json!({ "user.attribute": "b", "claim.name": "b", "claim.value": "w", "jsonType.label": "String" }),
        ),
        (CLIENT, "authenticationFlowBindingOverrides") => (
            json!({ "browser": "browser", "direct_grant": "direct grant" }),
            json!({ "browser": "registration", "direct_grant": "direct grant" }),
        ),
        (FLOW, "providerId") => (json!("basic-flow"), json!("basic-flow")),
        (FLOW, "topLevel") => (json!(true), json!(true)),
        (EXECUTION, "authenticator") => {
            (json!("identity-provider-redirector"), json!("identity-provider-redirector"))
        }
        (EXECUTION, "requirement") => (json!("ALTERNATIVE"), json!("REQUIRED")),
        (AUTHENTICATOR_CONFIG, "config") => {
            (json!({ "defaultProvider": "a" }), json!({ "defaultProvider": "b" }))
        }
        (REQUIRED_ACTION, "providerId") => (json!("TERMS_AND_CONDITIONS"), json!("TERMS_AND_CONDITIONS")),
        (CLIENT_PROFILE, "executors") => (
            json!([{ "executor": "secure-session", "configuration": {} }, { "executor": "pkce-enforcer", "configuration": { "auto-configure": false } }]),
            json!([{ "executor": "pkce-enforcer", "configuration": { "auto-configure": true } }, { "executor": "secure-session", "configuration": {} }]),
        ),
        (CLIENT_POLICY, "conditions") => (
            json!([{ "condition": "client-roles", "configuration": { "roles": ["a"] } }]),
            json!([{ "condition": "client-roles", "configuration": { "roles": ["a", "b"] } }]),
        ),
        (CLIENT_POLICY, "mode") => (json!("STRICT"), json!("DEFAULT")),
        (CLIENT_POLICY, "profiles") => {
            (json!(["fapi-1-baseline"]), json!(["fapi-1-baseline", "fapi-1-advanced"]))
        }
        (PROFILE_ATTRIBUTE, "group") => (json!("user-metadata"), json!("user-metadata")),
        (PROFILE_ATTRIBUTE, "required") => (json!({ "scopes": ["email"] }), json!({ "scopes": ["profile"] })),
        (PROFILE_ATTRIBUTE, "defaultValue") => (json!("a@b.org"), json!("b@b.org")),
        (PROFILE_ATTRIBUTE, "selector") => (json!({ "scopes": ["email"] }), json!({ "scopes": ["profile"] })),
        (PROFILE_ATTRIBUTE, "permissions") => (
            json!({ "view": ["admin"], "edit": ["admin"] }),
            json!({ "view": ["admin", "user"], "edit": ["admin"] }),
        ),
        (PROFILE_ATTRIBUTE, "validations") => {
            (json!({ "length": { "max": 9 }, "email": {} }), json!({ "length": { "max": 10 }, "email": {} }))
        }
        (IDENTITY_PROVIDER, "providerId") => (json!("oidc"), json!("oidc")),
        (IDENTITY_PROVIDER, "firstBrokerLoginFlowAlias" | "postBrokerLoginFlowAlias") => {
            (json!("first broker login"), json!("browser"))
        }
        (IDENTITY_PROVIDER_MAPPER, "identityProviderMapper") => {
            (json!("oidc-user-attribute-idp-mapper"), json!("hardcoded-attribute-idp-mapper"))
        }
        (COMPONENT, "providerId") => (json!("hmac-generated"), json!("hmac-generated")),
        (COMPONENT, "config") => (
            json!({ "priority": ["1"], "algorithm": ["HS256"] }),
            json!({ "priority": ["2"], "algorithm": ["HS384"] }),
        ),
        (COMPONENT_MAPPER, "providerId") => {
            (json!("msad-user-account-control-mapper"), json!("msad-user-account-control-mapper"))
        }
        (COMPONENT_MAPPER, "config") => (
            json!({ "always.read.enabled.value.from.ldap": ["true"], "ldap.password.policy.hints.enabled": ["true"] }),
            json!({ "always.read.enabled.value.from.ldap": ["false"], "ldap.password.policy.hints.enabled": ["true"] }),
        ),
        (ORGANIZATION, "redirectUrl") => (json!("https://a.org/"), json!("https://b.org/x?y#z")),
        (ORGANIZATION | ORGANIZATION_GROUP, "members") => (json!(["user1", "user2"]), json!(["user2"])),
        (ORGANIZATION, "identityProviders") => (json!(["i1", "i2"]), json!(["i2"])),
        (USER | GROUP | ORGANIZATION_GROUP, "realmRoles") => (json!(["r1", "r2"]), json!(["r2"])),
        (USER | GROUP | ORGANIZATION_GROUP, "clientRoles") => {
            (json!({ "other": ["c1", "c2"] }), json!({ "other": ["c2"] }))
        }
        (USER, "groups") => (json!(["/g1", "/g2"]), json!(["/g2"])),
        (USER, "email") => (json!("A@Example.org"), json!("b@example.org")),
        (USER, "credentials") => {
            let of = |text: &str| json!([{ "type": "password", "value": text }]);
            (of("a"), of("a"))
        }
        (USER, "requiredActions") => (json!(["UPDATE_PASSWORD"]), json!(["UPDATE_PASSWORD"])),
        (ROLE, "composites") => {
            (json!({ "realm": ["r1"], "client": { "other": ["c1"] } }), json!({ "realm": ["r2"] }))
        }
        (RESOURCE, "scopes") => (json!(["s1"]), json!(["s1", "s2"])),
        (RESOURCE, "uris") => (json!(["/a", "/b/*"]), json!(["/b/*"])),
        (SETTINGS, "decisionStrategy") => (json!("AFFIRMATIVE"), json!("UNANIMOUS")),
        (POLICY, "roles") => (
            json!([{ "id": "r1", "required": true }]),
            json!([{ "id": "r1" }, { "id": "other/c1", "required": true }]),
        ),
        (POLICY, "groups") => (
            json!([{ "path": "/g1", "extendChildren": true }]),
            json!([{ "path": "/g1" }, { "path": "/g2", "extendChildren": true }]),
        ),
        (POLICY, "clientScopes") => {
            (json!(["s1"]), json!([{ "id": "s1", "required": true }, { "id": "s2" }]))
        }
        (POLICY, "users") => (json!(["user1"]), json!(["user1", "user2"])),
        (POLICY, "clients") => (json!(["other"]), json!(["other", "rs"])),
        (POLICY | PERMISSION, "policies") => (json!(["p1"]), json!(["p1", "p2"])),
        (PERMISSION, "resources") => (json!(["x1"]), json!(["x2"])),
        (PERMISSION, "scopes") => (json!(["s1"]), json!(["s1", "s2"])),
        (POLICY, "notBefore") => (json!("2025-01-01 00:00:00"), json!("2025-02-01 00:00:00")),
        (POLICY, "notOnOrAfter") => (json!("2035-01-01 00:00:00"), json!("2035-02-01 00:00:00")),
        (POLICY, "year") => (json!("2025"), json!("2026")),
        (POLICY, "yearEnd") => (json!("2030"), json!("2031")),
        (POLICY, "month" | "dayMonth" | "hour" | "minute") => (json!("2"), json!("3")),
        (POLICY, "monthEnd" | "dayMonthEnd" | "hourEnd" | "minuteEnd") => (json!("8"), json!("9")),
        (POLICY, "pattern") => (json!("^a$"), json!("^b$")),
        _ => return None,
    };
    Some(found)
}

fn web_authn(name: &str) -> Option<(Value, Value)> {
    let found = if name.ends_with("UserVerificationRequirement") {
        (json!("required"), json!("preferred"))
    } else if name.ends_with("AttestationConveyancePreference") {
        (json!("none"), json!("direct"))
    } else if name.ends_with("AuthenticatorAttachment") {
        (json!("platform"), json!("cross-platform"))
    } else if name.ends_with("RequireResidentKey") {
        (json!("Yes"), json!("No"))
    } else if name.ends_with("ResidentKey") {
        (json!("required"), json!("preferred"))
    } else if name.ends_with("SignatureAlgorithms") {
        (json!(["ES256"]), json!(["ES256", "RS256"]))
    } else if name.ends_with("Mediation") {
        (json!("conditional"), json!("optional"))
    } else if name.ends_with("RpId") {
        (json!("a.example.org"), json!("b.example.org"))
    } else if name.ends_with("ExtraOrigins") {
        (json!(["https://a.example.org"]), json!(["https://b.example.org"]))
    } else {
        return None;
    };
    Some(found)
}

/// Fields whose values depend on each other: they change in the same step.
pub(super) fn moves_with(kind: KindName, name: &str) -> &str {
    match (kind, name) {
        (REALM, "duplicateEmailsAllowed" | "loginWithEmailAllowed" | "registrationEmailAsUsername") => {
            "loginWithEmailAllowed"
        }
        (REALM, "defaultLocale" | "supportedLocales" | "internationalizationEnabled") => "defaultLocale",
        // Authorization needs the service account.
        (CLIENT, "serviceAccountsEnabled" | "authorizationServicesEnabled") => "serviceAccountsEnabled",
        (MAPPER, _) => "config",
        (PERMISSION, "resources" | "resourceType") => "resources",
        (POLICY, name) => ["notBefore", "year", "month", "dayMonth", "hour", "minute"]
            .into_iter()
            .find(|it| name.starts_with(it))
            .unwrap_or(name),
        _ => name,
    }
}
