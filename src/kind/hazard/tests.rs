//! Every hazard that there has to be, with a change that has it and one that has not.

use serde_json::{Value, json};

use super::super::{KINDS, NEWEST, OLDEST, kind, realm_address};
use super::*;
use crate::change::Why;
use crate::kind::{
    AUTHENTICATOR_CONFIG, CLIENT, CLIENT_POLICY, CLIENT_PROFILE, COMPONENT, COMPONENT_MAPPER, EXECUTION,
    FEDERATED_IDENTITY, IDENTITY_PROVIDER, IDENTITY_PROVIDER_MAPPER, MAPPER, ORGANIZATION, PROFILE_ATTRIBUTE,
    SETTINGS, USER, USER_PROFILE, WORKFLOW,
};
use crate::state::KindName;
use crate::text::At;

const KEY: &str = "org.keycloak.keys.KeyProvider\u{1f}k";
const DIRECTORY: &str = "org.keycloak.storage.UserStorageProvider\u{1f}people";
const REGISTRATION: &str =
    "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy\u{1f}anonymous\u{1f}hosts";

/// What changes, from what to what; the words that plans must use.
type Row = (KindName, &'static str, &'static str, Value, Value, &'static [&'static str]);

fn steps(uses: &[&str]) -> Value {
    uses.iter().map(|it| json!({ "uses": it })).collect()
}

fn rows() -> Vec<Row> {
    let realm = REALM;
    let mut rows: Vec<Row> = vec![
        (realm, "", "enabled", json!(true), json!(false), &["locks_out"]),
        (realm, "", "enabled", json!(false), json!(true), &[]),
        (realm, "", "sslRequired", json!("external"), json!("none"), &["opens"]),
        (realm, "", "sslRequired", json!("external"), json!("all"), &["locks_out"]),
        (realm, "", "sslRequired", json!("none"), json!("external"), &["locks_out"]),
        (realm, "", "sslRequired", json!("all"), json!("external"), &[]),
        (realm, "", "registrationAllowed", json!(false), json!(true), &["opens"]),
        (realm, "", "registrationAllowed", json!(true), json!(false), &[]),
        (realm, "", "organizationsEnabled", json!(true), json!(false), &["locks_out"]),
        (realm, "", "organizationsEnabled", json!(false), json!(true), &[]),
        (ORGANIZATION, "o", "enabled", json!(true), json!(false), &["locks_out"]),
        (ORGANIZATION, "o", "", Value::Null, Value::Null, &["locks_out"]),
        (WORKFLOW, "w", "enabled", json!(false), json!(true), &["locks_out"]),
        (WORKFLOW, "w", "enabled", json!(true), json!(false), &[]),
        (WORKFLOW, "w", "on", json!("user-created"), Value::Null, &["locks_out"]),
        (WORKFLOW, "w", "if", Value::Null, json!("has-role(a)"), &["locks_out"]),
        (WORKFLOW, "w", "schedule.after", json!("1d"), json!("1h"), &["locks_out"]),
        (WORKFLOW, "w", "steps", json!([]), steps(&["notify-user"]), &[]),
        (WORKFLOW, "w", "steps", steps(&["notify-user", "delete-user"]), steps(&["delete-user"]), &[]),
        (
            WORKFLOW,
            "w",
            "steps",
            Value::Null,
            steps(&["notify-user", "delete-user", "join-group", "disable-client"]),
            &["deletes", "opens", "breaks_clients"],
        ),
        (WORKFLOW, "w", "steps", Value::Null, steps(&["disable-user"]), &["locks_out"]),
        (
            WORKFLOW,
            "w",
            "steps",
            json!([{ "uses": "delete-user", "after": "30d" }]),
            json!([{ "uses": "delete-user", "after": "1d" }]),
            &["deletes"],
        ),
        (realm, "", "bruteForceProtected", json!(true), json!(false), &["opens"]),
        (realm, "", "passwordPolicy", json!("length(8)"), Value::Null, &["opens"]),
        (realm, "", "passwordPolicy", json!("length(8)"), json!("length(12)"), &[]),
        (realm, "", "loginWithEmailAllowed", json!(true), json!(false), &["locks_out"]),
        (realm, "", "defaultSignatureAlgorithm", json!("RS256"), json!("ES256"), &["logs_out"]),
        (realm, "", "revokeRefreshToken", json!(false), json!(true), &["logs_out"]),
        (realm, "", "offlineSessionMaxLifespanEnabled", json!(false), json!(true), &["logs_out"]),
        (realm, "", "clientSessionMaxLifespan", json!(0), json!(600), &["logs_out"]),
        (realm, "", "clientSessionMaxLifespan", json!(600), json!(0), &[]),
        (
            realm,
            "",
            "attributes.frontendUrl",
            Value::Null,
            json!("https://a.example.org"),
            &["breaks_clients"],
        ),
        (
            realm,
            "",
            "attributes.frontendUrl",
            json!("https://a.example.org"),
            Value::Null,
            &["breaks_clients"],
        ),
        (realm, "", "attributes.cibaInterval", json!("5"), json!("6"), &[]),
        (realm, "", "displayName", json!("a"), json!("b"), &[]),
        (CLIENT_PROFILE, "p", "executors", json!([]), json!([{ "executor": "a" }]), &["breaks_clients"]),
        (CLIENT_POLICY, "p", "enabled", json!(false), json!(true), &["breaks_clients"]),
        (CLIENT_POLICY, "p", "enabled", json!(true), json!(false), &["opens"]),
        (CLIENT_POLICY, "p", "enabled", json!(true), Value::Null, &["opens"]),
        (CLIENT_POLICY, "p", "", Value::Null, Value::Null, &["opens"]),
        (CLIENT_POLICY, "p", "conditions", json!([]), json!([{ "condition": "a" }]), &["breaks_clients"]),
        (CLIENT_POLICY, "p", "profiles", json!(["a"]), json!(["b"]), &["breaks_clients"]),
        (USER_PROFILE, "", "unmanagedAttributePolicy", Value::Null, json!("ENABLED"), &["opens"]),
        (USER_PROFILE, "", "unmanagedAttributePolicy", json!("ENABLED"), json!("ADMIN_EDIT"), &[]),
        (PROFILE_ATTRIBUTE, "a", "permissions.edit", json!(["admin"]), json!(["admin", "user"]), &["opens"]),
        (PROFILE_ATTRIBUTE, "a", "permissions.edit", json!(["user"]), json!(["admin"]), &[]),
        (EXECUTION, "otp", "", Value::Null, Value::Null, &["opens"]),
        (EXECUTION, "otp", "requirement", json!("REQUIRED"), json!("DISABLED"), &["opens"]),
        (EXECUTION, "otp", "requirement", json!("REQUIRED"), json!("CONDITIONAL"), &["opens"]),
        (EXECUTION, "otp", "requirement", json!("REQUIRED"), json!("ALTERNATIVE"), &["opens"]),
        (EXECUTION, "otp", "requirement", json!("DISABLED"), json!("REQUIRED"), &["locks_out"]),
        (EXECUTION, "otp", "priority", json!(10), json!(20), &["locks_out"]),
        (AUTHENTICATOR_CONFIG, "", "", Value::Null, Value::Null, &["opens"]),
        (AUTHENTICATOR_CONFIG, "", "config.*", json!("a"), json!("b"), &["opens"]),
        (AUTHENTICATOR_CONFIG, "", "config.negate", Value::Null, json!("true"), &["opens"]),
        (AUTHENTICATOR_CONFIG, "", "config.condUserRole", json!("reader"), Value::Null, &["opens"]),
        (AUTHENTICATOR_CONFIG, "", "alias", json!("a"), json!("b"), &[]),
        (CLIENT, "c", "authenticationFlowBindingOverrides.browser", json!("a"), json!("b"), &["locks_out"]),
        (
            CLIENT,
            "c",
            "authenticationFlowBindingOverrides.direct_grant",
            json!("a"),
            Value::Null,
            &["locks_out"],
        ),
        (IDENTITY_PROVIDER, "idp", "firstBrokerLoginFlowAlias", Value::Null, json!("b"), &["locks_out"]),
        (IDENTITY_PROVIDER, "idp", "postBrokerLoginFlowAlias", json!("a"), Value::Null, &["locks_out"]),
        (IDENTITY_PROVIDER, "idp", "enabled", json!(true), json!(false), &["locks_out"]),
        (IDENTITY_PROVIDER, "idp", "trustEmail", json!(false), json!(true), &["opens"]),
        (IDENTITY_PROVIDER, "idp", "config.clientId", json!("a"), json!("b"), &["locks_out"]),
        (IDENTITY_PROVIDER, "idp", "displayName", json!("a"), json!("b"), &[]),
        (IDENTITY_PROVIDER_MAPPER, "m", "config.role", Value::Null, json!("reader"), &["opens"]),
        (IDENTITY_PROVIDER_MAPPER, "m", "config.role", json!("reader"), Value::Null, &[]),
        (IDENTITY_PROVIDER_MAPPER, "m", "config.group", Value::Null, json!("/staff"), &["opens"]),
        (IDENTITY_PROVIDER_MAPPER, "m", "config.group", json!("/staff"), Value::Null, &[]),
        (IDENTITY_PROVIDER, "idp", "linkOnly", json!(false), json!(true), &["locks_out"]),
        (IDENTITY_PROVIDER, "idp", "linkOnly", json!(true), json!(false), &[]),
        (IDENTITY_PROVIDER, "idp", "hideOnLogin", json!(false), json!(true), &["locks_out"]),
        (IDENTITY_PROVIDER, "idp", "hideOnLogin", json!(true), json!(false), &[]),
        (COMPONENT, KEY, "config.enabled", json!(["true"]), json!(["false"]), &["logs_out"]),
        (COMPONENT, KEY, "config.active", json!(["true"]), json!(["false"]), &[]),
        (COMPONENT, KEY, "config.algorithm", json!(["RS256"]), json!(["PS256"]), &["logs_out"]),
        (COMPONENT, KEY, "config.algorithm", Value::Null, json!(["PS256"]), &[]),
        (COMPONENT, KEY, "config.secretSize", json!(["64"]), json!(["128"]), &["logs_out"]),
        (COMPONENT, KEY, "config.keystore", json!(["/a"]), json!(["/b"]), &["logs_out"]),
        (COMPONENT, KEY, "config.keyAlias", json!(["a"]), json!(["b"]), &["logs_out"]),
        (COMPONENT, KEY, "providerId", json!("rsa-generated"), json!("ecdsa-generated"), &["logs_out"]),
        (COMPONENT, DIRECTORY, "providerId", json!("ldap"), json!("kerberos"), &["locks_out"]),
        (
            COMPONENT,
            DIRECTORY,
            "config.customUserSearchFilter",
            Value::Null,
            json!(["(a=b)"]),
            &["locks_out"],
        ),
        (COMPONENT, REGISTRATION, "providerId", json!("trusted-hosts"), json!("scope"), &["opens"]),
        (COMPONENT, REGISTRATION, "config.max-clients", json!(["200"]), json!(["201"]), &["opens"]),
        (COMPONENT, REGISTRATION, "config.max-clients", json!(["0"]), json!(["1"]), &["opens"]),
        (COMPONENT, REGISTRATION, "config.max-clients", json!(["200"]), json!(["100"]), &[]),
        (COMPONENT, KEY, "config.privateKey", json!("a"), json!("b"), &["logs_out"]),
        (COMPONENT, KEY, "config.keySize", json!(["2048"]), json!(["4096"]), &["logs_out"]),
        (COMPONENT, KEY, "config.ecdsaEllipticCurveKey", json!(["P-256"]), json!(["P-384"]), &["logs_out"]),
        (COMPONENT, KEY, "config.eddsaEllipticCurveKey", json!(["Ed25519"]), json!(["Ed448"]), &["logs_out"]),
        (COMPONENT, KEY, "config.priority", json!(["1"]), json!(["2"]), &[]),
        (COMPONENT, DIRECTORY, "config.enabled", json!(["true"]), json!(["false"]), &["locks_out"]),
        (
            COMPONENT,
            DIRECTORY,
            "config.connectionUrl",
            json!(["ldap://a"]),
            json!(["ldap://b"]),
            &["locks_out"],
        ),
        (COMPONENT, DIRECTORY, "config.usersDn", json!(["ou=a"]), json!(["ou=b"]), &["locks_out"]),
        (COMPONENT, DIRECTORY, "config.editMode", json!(["READ_ONLY"]), json!(["WRITABLE"]), &["locks_out"]),
        (COMPONENT, DIRECTORY, "config.usernameLDAPAttribute", json!(["uid"]), json!(["cn"]), &["locks_out"]),
        (COMPONENT, DIRECTORY, "config.trustEmail", json!(["false"]), json!(["true"]), &["opens"]),
        (COMPONENT, DIRECTORY, "config.keySize", json!(["1"]), json!(["2"]), &[]),
        (
            COMPONENT,
            REGISTRATION,
            "config.client-uris-must-match",
            json!(["true"]),
            json!(["false"]),
            &["opens"],
        ),
        (
            COMPONENT,
            REGISTRATION,
            "config.host-sending-registration-request-must-match",
            json!(["true"]),
            json!(["false"]),
            &["opens"],
        ),
        (COMPONENT, KEY, "", Value::Null, Value::Null, &["logs_out"]),
        (COMPONENT, DIRECTORY, "", Value::Null, Value::Null, &["deletes"]),
        (COMPONENT, REGISTRATION, "", Value::Null, Value::Null, &["opens"]),
        (COMPONENT_MAPPER, "m", "", Value::Null, Value::Null, &[]),
        (IDENTITY_PROVIDER, "idp", "", Value::Null, Value::Null, &["locks_out"]),
        (COMPONENT_MAPPER, "m", "config.role", Value::Null, json!(["reader"]), &["opens"]),
        (COMPONENT_MAPPER, "m", "config.role", json!(["reader"]), Value::Null, &[]),
        (COMPONENT_MAPPER, "m", "config.group", Value::Null, json!(["/staff"]), &["opens"]),
        (COMPONENT_MAPPER, "m", "config.roles.dn", json!(["ou=a"]), json!(["ou=b"]), &["opens"]),
        (COMPONENT_MAPPER, "m", "config.groups.dn", json!(["ou=a"]), json!(["ou=b"]), &["opens"]),
        (CLIENT, "web", "enabled", json!(true), json!(false), &["locks_out"]),
        (CLIENT, "web", "publicClient", json!(false), json!(true), &["drops_secret"]),
        (CLIENT, "web", "publicClient", json!(true), json!(false), &["breaks_clients"]),
        (CLIENT, "web", "authorizationServicesEnabled", json!(true), json!(false), &["deletes"]),
        (CLIENT, "web", "serviceAccountsEnabled", json!(true), json!(false), &["deletes"]),
        (CLIENT, "web", "fullScopeAllowed", json!(false), json!(true), &["opens"]),
        (CLIENT, "web", "fullScopeAllowed", json!(true), json!(false), &[]),
        (CLIENT, "admin-cli", "fullScopeAllowed", json!(true), json!(false), &["locks_out"]),
        (CLIENT, "security-admin-console", "fullScopeAllowed", json!(true), json!(false), &["locks_out"]),
        (CLIENT, "web", "redirectUris", json!(["https://a/*"]), json!([]), &["breaks_clients"]),
        (CLIENT, "web", "redirectUris", json!(["https://a/*"]), Value::Null, &["breaks_clients"]),
        (CLIENT, "web", "redirectUris", json!(["https://a/*"]), json!(["https://b/*"]), &[]),
        (CLIENT, "web", "redirectUris", json!([]), json!(["https://b/*"]), &[]),
        (CLIENT, "web", "redirectUris", json!(["https://a/*"]), json!(["https://a/*", "*"]), &["opens"]),
        (CLIENT, "web", "redirectUris", json!([]), json!(["https://*"]), &["opens"]),
        (CLIENT, "web", "redirectUris", json!(["*"]), json!(["*", "https://a/*"]), &[]),
        (CLIENT, "web", "webOrigins", json!([]), json!(["*"]), &["opens"]),
        (CLIENT, "web", "webOrigins", json!([]), json!(["+"]), &[]),
        (CLIENT, "web", "protocol", json!("openid-connect"), json!("saml"), &["breaks_clients"]),
        (
            CLIENT,
            "web",
            "clientAuthenticatorType",
            json!("client-secret"),
            json!("client-jwt"),
            &["breaks_clients"],
        ),
        (CLIENT, "web", "standardFlowEnabled", json!(true), json!(false), &["breaks_clients"]),
        (CLIENT, "web", "implicitFlowEnabled", json!(true), json!(false), &["breaks_clients"]),
        (CLIENT, "web", "directAccessGrantsEnabled", json!(true), json!(false), &["breaks_clients"]),
        (CLIENT, "web", "bearerOnly", json!(false), json!(true), &["breaks_clients"]),
        (CLIENT, "web", "secret", json!("a"), json!("b"), &["breaks_clients"]),
        (CLIENT, "web", "attributes.client.session.idle.timeout", Value::Null, json!("60"), &["logs_out"]),
        (CLIENT, "web", "attributes.client.session.idle.timeout", json!("60"), json!("90"), &[]),
        (CLIENT, "web", "baseUrl", json!("/a"), json!("/b"), &[]),
        (USER, "eric", "enabled", json!(true), json!(false), &["locks_out"]),
        (USER, "eric", "email", json!("a@b"), json!("b@b"), &[]),
        (FEDERATED_IDENTITY, "hub", "", Value::Null, Value::Null, &["locks_out"]),
        (FEDERATED_IDENTITY, "hub", "userId", json!("1"), json!("2"), &["locks_out", "opens"]),
        (FEDERATED_IDENTITY, "hub", "userName", json!("eric"), json!("erik"), &[]),
        (SETTINGS, "", "policyEnforcementMode", json!("ENFORCING"), json!("DISABLED"), &["opens"]),
        (SETTINGS, "", "policyEnforcementMode", json!("ENFORCING"), json!("PERMISSIVE"), &["opens"]),
        (SETTINGS, "", "policyEnforcementMode", json!("PERMISSIVE"), json!("ENFORCING"), &[]),
    ];
    for flow in [
        "browserFlow",
        "registrationFlow",
        "directGrantFlow",
        "resetCredentialsFlow",
        "clientAuthenticationFlow",
        "dockerAuthenticationFlow",
        "firstBrokerLoginFlow",
    ] {
        rows.push((realm, "", flow, json!("a"), json!("b"), &["locks_out"]));
    }
    for lifespan in [
        "ssoSessionIdleTimeout",
        "ssoSessionMaxLifespan",
        "ssoSessionIdleTimeoutRememberMe",
        "ssoSessionMaxLifespanRememberMe",
        "offlineSessionIdleTimeout",
        "offlineSessionMaxLifespan",
        "clientSessionIdleTimeout",
        "clientSessionMaxLifespan",
        "clientOfflineSessionIdleTimeout",
        "clientOfflineSessionMaxLifespan",
    ] {
        rows.push((realm, "", lifespan, json!(600), json!(60), &["logs_out"]));
        rows.push((realm, "", lifespan, json!(60), json!(600), &[]));
    }
    for key in ["trusted-hosts", "allowed-client-scopes", "allowed-protocol-mapper-types"] {
        let field: &'static str = format!("config.{key}").leak();
        rows.push((COMPONENT, REGISTRATION, field, json!(["a"]), json!(["b", "a"]), &["opens"]));
        rows.push((COMPONENT, REGISTRATION, field, json!(["a", "b"]), json!(["b"]), &[]));
    }
    for key in ["validateSignature", "wantAssertionsSigned", "filteredByClaim"] {
        let field: &'static str = format!("config.{key}").leak();
        rows.push((IDENTITY_PROVIDER, "idp", field, json!("true"), json!("false"), &["opens"]));
        rows.push((IDENTITY_PROVIDER, "idp", field, json!("true"), Value::Null, &["opens"]));
        rows.push((IDENTITY_PROVIDER, "idp", field, Value::Null, json!("false"), &[]));
        rows.push((IDENTITY_PROVIDER, "idp", field, json!("false"), json!("true"), &[]));
    }
    for key in [
        "tokenUrl",
        "userInfoUrl",
        "jwksUrl",
        "issuer",
        "publicKeySignatureVerifier",
        "idpEntityId",
        "metadataDescriptorUrl",
        "signingCertificate",
        "claimFilterName",
        "claimFilterValue",
        "hostedDomain",
    ] {
        let field: &'static str = format!("config.{key}").leak();
        rows.push((IDENTITY_PROVIDER, "idp", field, json!("a"), json!("b"), &["opens"]));
        rows.push((IDENTITY_PROVIDER, "idp", field, json!("a"), Value::Null, &["opens"]));
        rows.push((IDENTITY_PROVIDER, "idp", field, Value::Null, json!("a"), &[]));
    }
    for key in
        ["entityId", "authorizationUrl", "singleSignOnServiceUrl", "principalType", "principalAttribute"]
    {
        let field: &'static str = format!("config.{key}").leak();
        rows.push((IDENTITY_PROVIDER, "idp", field, json!("a"), json!("b"), &["locks_out"]));
    }
    for field in ["rootUrl", "baseUrl"] {
        for client in ["admin-cli", "security-admin-console"] {
            rows.push((CLIENT, client, field, json!("/a"), json!("/b"), &["locks_out"]));
        }
    }
    for client in ["admin-cli", "security-admin-console"] {
        rows.push((CLIENT, client, "redirectUris", json!(["/a"]), json!(["/b"]), &["locks_out"]));
        rows.push((CLIENT, client, "webOrigins", json!(["+"]), json!([]), &["locks_out"]));
    }
    for key in [
        "client.session.idle.timeout",
        "client.session.max.lifespan",
        "client.offline.session.idle.timeout",
        "client.offline.session.max.lifespan",
    ] {
        let field: &'static str = format!("attributes.{key}").leak();
        rows.push((CLIENT, "web", field, json!("600"), json!("60"), &["logs_out"]));
        rows.push((CLIENT, "web", field, json!("60"), json!("600"), &[]));
    }
    for key in [
        "access.token.signed.response.alg",
        "id.token.signed.response.alg",
        "user.info.response.signature.alg",
        "saml.signature.algorithm",
    ] {
        let field: &'static str = format!("attributes.{key}").leak();
        rows.push((CLIENT, "web", field, json!("RS256"), json!("ES256"), &["logs_out"]));
    }
    let pattern = "attributes.x509.allow.regex.pattern.comparison";
    rows.push((CLIENT, "web", pattern, json!("false"), json!("true"), &["opens"]));
    for key in [
        "pkce.code.challenge.method",
        "jwks.url",
        "jwks.string",
        "use.jwks.url",
        "jwt.credential.public.key",
        "jwt.credential.certificate",
        "jwt.credential.issuer",
        "jwt.credential.sub",
        "x509.subjectdn",
        "saml.signing.certificate",
        "saml.encryption.certificate",
    ] {
        let field: &'static str = format!("attributes.{key}").leak();
        rows.push((CLIENT, "web", field, json!("a"), json!("b"), &["breaks_clients"]));
    }
    // Without it, whoever sends a challenge still comes in.
    rows.push((CLIENT, "web", "attributes.pkce.code.challenge.method", json!("S256"), Value::Null, &[]));
    rows
}

fn address(kind: KindName, name: &str) -> Address {
    match kind {
        REALM => realm_address(),
        SETTINGS => Address::top(CLIENT, "web").child(SETTINGS, ""),
        MAPPER => Address::top(CLIENT, "web").child(MAPPER, name),
        _ => Address::top(kind, name),
    }
}

/// A value as the comparison sees it: through the same reading as every other.
fn node(value: &Value) -> Option<Node> {
    fn of(value: &Value) -> Is {
        match value {
            Value::Null => Is::Null,
            Value::Bool(it) => Is::Bool(*it),
            Value::Number(it) => Is::Number(it.to_string().into()),
            Value::String(it) => Is::Text(it.as_str().into()),
            Value::Array(items) => Is::List(items.iter().map(|it| Node::new(At::SERVER, of(it))).collect()),
            Value::Object(map) => Is::Map(
                map.iter().map(|(key, it)| (key.as_str().into(), Node::new(At::SERVER, of(it)))).collect(),
            ),
        }
    }
    (!value.is_null()).then(|| Node::new(At::SERVER, of(value)))
}

fn change(path: &str, from: &Value, to: &Value) -> FieldChange {
    let path = match path.split_once('.') {
        Some((field, key)) => Path::key(field, key),
        None => Path::field(path),
    };
    let to = node(to).map_or(To::Unset, To::Value);
    FieldChange { path, from: node(from), to, why: Why::ManifestChanged, at: At::SERVER }
}

fn judged(at: &Address, change: &FieldChange, version: Version) -> Vec<(&'static str, String)> {
    let rules = kind(at.kind()).hazards.iter();
    rules.filter_map(|it| Some((it.hazard.name(), it.judge(at, change, "shop", version)?))).collect()
}

#[test]
fn every_hazard_has_its_field() {
    for (kind, name, path, from, to, expected) in rows() {
        let at = address(kind, name);
        // Without a field it goes.
        let found = match path {
            "" => hazards_of_delete(&at).into_iter().map(|(it, words)| (it.hazard.name(), words)).collect(),
            _ => judged(&at, &change(path, &from, &to), NEWEST),
        };
        let words: Vec<&str> = found.iter().map(|it| it.0).collect();
        assert_eq!(words, expected, "{kind} {name} {path} {from} {to}");
        for (_, message) in found {
            assert!(message.starts_with(path) && !message.contains(['{', '}']), "{message}");
        }
    }
}

#[test]
fn every_rule_is_tried() {
    for kind in KINDS {
        for rule in kind.hazards {
            let is_about = |row: &Row| {
                let path = if rule.key.is_empty() {
                    rule.field.to_owned()
                } else {
                    format!("{}.{}", rule.field, rule.key)
                };
                row.0 == kind.name && row.2 == path && row.5.contains(&rule.hazard.name())
            };
            assert!(kind.name == MAPPER || rows().iter().any(is_about), "{} {}", kind.name, rule.field);
        }
    }
}

#[test]
fn a_mapper_opens_the_administration_only_where_the_server_believes_tokens() {
    let at = address(MAPPER, "x");
    for (role, realm, version, opens) in [
        ("realm-management.manage-users", "shop", OLDEST, true),
        ("realm-management.realm-admin", "shop", OLDEST, true),
        ("realm-management.manage-users", "shop", NEWEST, false),
        ("web.manage-users", "shop", OLDEST, false),
        ("reader", "shop", OLDEST, false),
        ("admin", "master", OLDEST, true),
        ("shop-realm.manage-users", "master", OLDEST, true),
    ] {
        let change = change("config.role", &Value::Null, &json!(role));
        let rules = kind(MAPPER).hazards.iter();
        let found = rules.filter_map(|it| it.judge(&at, &change, realm, version)).count();
        assert_eq!(found > 0, opens, "{role} in {realm} of {version}");
    }
}
