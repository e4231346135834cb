use super::*;
use crate::kind::{fresh_realm, lift_realm};
use crate::text::{Severity, parse_yaml};

/// Everything that is said of a manifest against a new realm of a version, one line each.
fn said(text: &str, version: Version, is_sure: bool) -> Vec<String> {
    let (trees, _) = parse_yaml(0, text);
    let lifted = lift_realm(&trees[0]);
    let mut state = fresh_realm("r", version);
    for (address, object) in &lifted.pieces {
        let there = state.objects.get_or_insert_with(address.clone(), || Object::new(object.at));
        there.fields.extend(object.fields.clone());
    }
    let before = fresh_realm("r", version);
    let profile = UserProfile::of_realm(&state, version);
    let server = ServerInfo::recorded(version);
    let mut desired = State::default();
    for (address, object) in &lifted.pieces {
        desired.objects.insert(address.clone(), object.clone());
    }
    let judge = Judge {
        desired: &desired,
        before: &before,
        state: &state,
        server,
        profile: profile.as_ref(),
        version,
        is_sure,
    };
    let mut lines = Vec::new();
    for (address, object) in &lifted.pieces {
        let notes = refused_anywhere(address, object).into_iter();
        let notes = notes.chain(refused(&judge, address, object)).chain(refused_whole(&judge, address));
        for note in notes {
            let severity = if note.severity == Severity::Error { "error" } else { "warning" };
            lines.push(format!("{severity} {}", note.title));
        }
    }
    lines
}

/// Inputs with what 26.7.5 and 26.0.8 make of them: `!` refuses it, `~` keeps or drops it without a use.
#[test]
fn what_servers_refuse_is_known_of_each_version() {
    let cases: &[(&str, &str, &str)] = &[
        ("browserFlow: clients", "!", "!"),
        ("firstBrokerLoginFlow: first broker login", "", ""),
        ("loginTheme: nosuch", "~", "~"),
        ("eventsListeners: [jboss-logging, nope]", "~", "~"),
        ("localizationTexts: { en: { k: v } }", "", ""),
        ("localizationTexts: { de: { k: v } }", "~", "~"),
        ("{ internationalizationEnabled: true, localizationTexts: { de: { k: v } } }", "~", "~"),
        (
            "{ internationalizationEnabled: true, supportedLocales: [de-CH], localizationTexts: { de: {} } }",
            "",
            "",
        ),
        (
            "{ internationalizationEnabled: true, supportedLocales: [de], localizationTexts: { de-CH: {} } }",
            "~",
            "~",
        ),
        ("{ internationalizationEnabled: true, defaultLocale: de, localizationTexts: { de: {} } }", "", ""),
        ("localizationTexts: { '..': { k: v } }", "!", "!"),
        ("enabledEventTypes: [LOGIN, NOSUCH]", "~", "~"),
        ("passwordPolicy: nosuch(1)", "!", "!"),
        ("passwordPolicy: length(x)", "!", "!"),
        ("passwordPolicy: hashAlgorithm(nosuch)", "!", "!"),
        ("passwordPolicy: length(8) and digits(1) and notUsername(undefined)", "", ""),
        ("sslRequired: sometimes", "!", "!"),
        ("sslRequired: EXTERNAL", "", ""),
        ("failureFactor: -1", "!", ""),
        ("accessTokenLifespan: 2147483648", "!", "!"),
        ("clientSessionIdleTimeout: 100000", "!", ""),
        ("attributes: { parRequestUriLifespan: abc }", "!", "!"),
        ("attributes: { actionTokenGeneratedByUserLifespan.verify-email: abc }", "!", "!"),
        ("passwordPolicy: passwordBlacklist(words.txt)", "~", "~"),
        ("passwordPolicy: length(8) and length(9)", "!", "!"),
        ("smtpServer: { host: h }", "!", ""),
        ("smtpServer: { host: h, from: nobody }", "!", ""),
        ("smtpServer: { host: h, from: 'A <a@x.org>' }", "!", ""),
        ("smtpServer: { host: h, from: ü@x.org }", "!", ""),
        ("smtpServer: { host: h, from: ü@x.org, allowutf8: 'true' }", "", ""),
        ("smtpServer: { host: h, from: a@bücher.de, replyTo: a b }", "!", ""),
        ("smtpServer: { host: h, from: a@localhost, replyTo: '', envelopeFrom: bad, port: abc }", "", ""),
        ("browserSecurityHeaders: { xFrameOptions: \"SAMEORIGIN\\n\" }", "!", "!"),
        ("browserSecurityHeaders: { xFrameOptions: \"a\\rb\" }", "", ""),
        ("accessCodeLifespanLogin: 0", "!", "!"),
        ("maxSecondaryAuthFailures: -1", "!", ""),
        ("ssoSessionIdleTimeout: -1", "!", ""),
        ("attributes: { acr.loa.map: garbage }", "", ""),
        ("clients: [{ clientId: a, attributes: { acr.loa.map: garbage } }]", "!", ""),
        ("clients: [{ clientId: a, attributes: { acr.loa.map: '{\"gold\":\"x\"}' } }]", "!", ""),
        ("clients: [{ clientId: a, attributes: { default.acr.values: nope } }]", "!", "!"),
        ("clients: [{ clientId: a, attributes: { default.acr.values: '1' } }]", "", ""),
        ("clients: [{ clientId: a, attributes: { default.acr.values: '2' } }]", "!", "!"),
        ("clients: [{ clientId: a, attributes: { minimum.acr.value: nope } }]", "!", ""),
        (
            "clients: [{ clientId: a, attributes: { acr.loa.map: '{\"gold\":\"2\"}', default.acr.values: gold##1 } }]",
            "",
            "",
        ),
        (
            "clients: [{ clientId: a, attributes: { acr.loa.map: '{\"gold\":\"2\"}', default.acr.values: '2' } }]",
            "!",
            "!",
        ),
        (
            "attributes: { acr.loa.map: '{\"gold\":\"2\"}' }\nclients: [{ clientId: a, attributes: { default.acr.values: gold } }]",
            "",
            "",
        ),
        (
            "clients: [{ clientId: a, attributes: { use.jwks.string: 'true', use.jwks.url: 'true' } }]",
            "!",
            "!",
        ),
        ("clients: [{ clientId: a, attributes: { ciba.backchannel.token.delivery.mode: ping } }]", "!", "!"),
        (
            "clientProfiles: { profiles: [{ name: p, executors: [{ executor: pkce-enforcer, configuration: {} }] }] }",
            "!",
            "!",
        ),
        (
            "clientProfiles: { profiles: [{ name: p, executors: [{ executor: dpop-bind-enforcer, configuration: {} }] }] }",
            "!",
            "",
        ),
        (
            "clientPolicies: { policies: [{ name: o, conditions: [{ condition: client-updater-source-host, configuration: {} }] }] }",
            "!",
            "!",
        ),
        (
            "clients: [{ clientId: a, clientAuthenticatorType: federated-jwt, attributes: { jwt.credential.issuer: nope } }]",
            "~",
            "~",
        ),
        (
            "{ identityProviders: [{ alias: ci, providerId: oidc }], clients: [{ clientId: a, clientAuthenticatorType: federated-jwt, attributes: { jwt.credential.issuer: ci } }] }",
            "",
            "~",
        ),
        (
            "clients: [{ clientId: a, attributes: { ciba.backchannel.auth.request.signing.alg: HS256 } }]",
            "!",
            "!",
        ),
        (
            "clients: [{ clientId: a, protocol: saml, attributes: { saml_artifact_binding_url: x y } }]",
            "!",
            "!",
        ),
        (
            "clients: [{ clientId: a, redirectUris: ['https://a.org/*', 'https://b.org/*'], protocolMappers: [{ name: m, protocol: openid-connect, protocolMapper: oidc-sha256-pairwise-sub-mapper }] }]",
            "!",
            "!",
        ),
        (
            "clients: [{ clientId: a, protocolMappers: [{ name: m, protocol: openid-connect, protocolMapper: oidc-sha256-pairwise-sub-mapper }] }]",
            "!",
            "!",
        ),
        (
            "clients: [{ clientId: a, redirectUris: [/x], protocolMappers: [{ name: m, protocol: openid-connect, protocolMapper: oidc-sha256-pairwise-sub-mapper }] }]",
            "!",
            "!",
        ),
        (
            "clients: [{ clientId: a, redirectUris: ['https://a.org/*'], protocolMappers: [{ name: m, protocol: openid-connect, protocolMapper: oidc-sha256-pairwise-sub-mapper, config: { sectorIdentifierUri: garbage } }] }]",
            "!",
            "!",
        ),
        (
            "clients: [{ clientId: a, redirectUris: [/x, 'https://a.org:8443/*', 'http://a.org/x'], rootUrl: 'https://a.org', protocolMappers: [{ name: m, protocol: openid-connect, protocolMapper: oidc-sha256-pairwise-sub-mapper }, { name: n, protocol: openid-connect, protocolMapper: oidc-sha256-pairwise-sub-mapper }] }]",
            "",
            "",
        ),
        (
            "clientScopes: [{ name: s, protocol: openid-connect, attributes: { is.dynamic.scope: 'true' } }]",
            "",
            "!",
        ),
        (
            "clientScopes: [{ name: s, protocol: openid-connect, attributes: { is.parameterized.scope: 'true' } }]",
            "!",
            "",
        ),
        (
            "clientScopes: [{ name: s, protocol: openid-connect, attributes: { is.parameterized.scope: 'true', parameterized.scope.type: custom } }]",
            "!",
            "",
        ),
        ("scimApiEnabled: true", "!", ""),
        ("scimApiEnabled: false\norganizationsEnabled: true", "", ""),
        ("verifiableCredentialsEnabled: true", "!", "!"),
        ("groups: [{ name: ' ' }]", "!", "!"),
        ("registrationEmailAsUsername: true\nusers: [{ username: una }]", "!", "!"),
        (
            "users: [{ username: una, credentials: [{ type: password, credentialData: garbage, secretData: { fromEnv: S } }] }]",
            "!",
            "!",
        ),
        ("users: [{ username: una, credentials: [{ type: password, credentialData: '{}' }] }]", "!", "!"),
        ("users: [{ username: una, credentials: [{ type: password }] }]", "!", "!"),
        ("users: [{ username: una, credentials: [{ type: otp, value: { fromEnv: S } }] }]", "!", "!"),
        (
            "users: [{ username: una, credentials: [{ type: otp, credentialData: '{}', secretData: { fromEnv: S, version: 1 } }] }]",
            "!",
            "!",
        ),
        (
            "users: [{ username: una, federatedIdentities: [{ identityProvider: a, userName: una }] }]",
            "!",
            "!",
        ),
        ("users: [{ username: una, federatedIdentities: [{ identityProvider: a, userId: '1' }] }]", "", ""),
        (
            "users: [{ username: una, credentials: [{ type: otp, credentialData: '{\"digits\":6}', secretData: '[]' }] }]",
            "!",
            "!",
        ),
        (
            "users: [{ username: una, email: a@x.org, firstName: U, lastName: N, credentials: [{ type: nosuch, credentialData: '{}', secretData: '{}' }] }]",
            "~",
            "~",
        ),
        (
            "users: [{ username: una, email: a@x.org, firstName: U, lastName: N, credentials: [{ type: password, credentialData: '{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}', secretData: '{\"value\":\"YWJj\",\"salt\":\"YWJj\"}' }] }]",
            "",
            "",
        ),
        (
            "users: [{ username: una, email: a@x.org, firstName: U, lastName: N, credentials: [{ type: password, credentialData: '{\"hashIterations\":27500,\"algorithm\":\"bcrypt\",\"additionalParameters\":{}}', secretData: '{\"value\":\"YWJj\",\"salt\":\"YWJj\"}' }] }]",
            "~",
            "~",
        ),
        ("users: [{ username: una, credentials: [{ value: a }, { value: b }] }]", "!", "!"),
        (
            "{ userProfile: { unmanagedAttributePolicy: ADMIN_VIEW }, users: [{ username: una, email: a@x.org, firstName: U, lastName: N, attributes: { shoe: ['44'] } }] }",
            "!",
            "",
        ),
        ("clients: [{ clientId: a, protocol: openid }]", "!", "!"),
        ("clients: [{ clientId: a, protocol: docker-v2 }]", "!", "!"),
        ("clients: [{ clientId: a, clientAuthenticatorType: nope }]", "~", "~"),
        ("clients: [{ clientId: a, attributes: { client.session.idle.timeout: '36000' } }]", "!", ""),
        ("clients: [{ clientId: a, redirectUris: [not a url] }]", "!", "!"),
        ("clients: [{ clientId: a, redirectUris: ['https://a.org/b#f'] }]", "!", "!"),
        ("clients: [{ clientId: a, redirectUris: ['javascript:alert(1)'] }]", "!", "!"),
        ("clients: [{ clientId: a, redirectUris: ['${x}/y'] }]", "!", "!"),
        (
            "clients: [{ clientId: a, redirectUris: ['*', /x, 'https://*', +, 'custom:/cb', 'https://a..org'] }]",
            "",
            "",
        ),
        ("clients: [{ clientId: a, rootUrl: x y }]", "!", "!"),
        ("clients: [{ clientId: a, rootUrl: /x }]", "!", "!"),
        ("clients: [{ clientId: a, rootUrl: '${authBaseUrl}', baseUrl: /realms/r/a/ }]", "", ""),
        ("clients: [{ clientId: a, baseUrl: a.org }]", "!", "!"),
        ("clients: [{ clientId: a, adminUrl: not a url }]", "!", ""),
        ("clients: [{ clientId: a, attributes: { policyUri: 'javascript:x' } }]", "!", "!"),
        (
            "clients: [{ clientId: a, attributes: { post.logout.redirect.uris: 'https://a.org/*##+' } }]",
            "",
            "",
        ),
        (
            "clients: [{ clientId: a, attributes: { post.logout.redirect.uris: 'https://a.org/*##x y' } }]",
            "!",
            "",
        ),
        ("clients: [{ clientId: a, attributes: { ciba.backchannel.token.delivery.mode: nope } }]", "!", "!"),
        ("clients: [{ clientId: a, attributes: { access.token.lifespan: 5m } }]", "~", "~"),
        ("defaultSignatureAlgorithm: FOO", "~", "~"),
        ("clients: [{ clientId: a, publicClient: true, secret: abcdefgh }]", "~", "~"),
        (
            "clients: [{ clientId: a, protocolMappers: [{ name: m, protocol: openid-connect, protocolMapper: saml-role-list-mapper }] }]",
            "~",
            "~",
        ),
        ("browserFlow: forms", "!", "!"),
        ("clients: [{ clientId: a, attributes: { access.token.lifespan: '99999999999' } }]", "~", "~"),
        ("clients: [{ clientId: a, attributes: { access.token.lifespan: '-5' } }]", "", ""),
        ("clients: [{ clientId: a, attributes: { access.token.signed.response.alg: 5m } }]", "~", "~"),
        ("clients: [{ clientId: a, attributes: { access.token.signed.response.alg: ES256 } }]", "", ""),
        ("clientScopes: [{ name: a, protocol: openid }]", "!", "!"),
        (
            "clients: [{ clientId: a, protocolMappers: [{ name: m, protocol: openid-connect, protocolMapper: nope }] }]",
            "!",
            "!",
        ),
        (
            "clients: [{ clientId: a, protocolMappers: [{ name: m, protocol: nope, protocolMapper: oidc-audience-mapper }] }]",
            "~",
            "~",
        ),
        ("clients: [{ clientId: a, protocolMappers: [{ name: m, protocol: openid-connect }] }]", "!", "!"),
        (
            "clients: [{ clientId: a, authorizationSettings: { policies: [{ name: p, type: js, code: x }] } }]",
            "!",
            "!",
        ),
        (
            "clients: [{ clientId: a, authorizationSettings: { policies: [{ name: p, type: nope }] } }]",
            "!",
            "!",
        ),
        (
            "clients: [{ clientId: a, authorizationSettings: { resources: [{ name: p, uris: [/a/**] }] } }]",
            "!",
            "",
        ),
        (
            "clients: [{ clientId: a, authorizationSettings: { resources: [{ name: p, uris: ['/a/{x'] }] } }]",
            "!",
            "",
        ),
        (
            "clients: [{ clientId: a, authorizationSettings: { resources: [{ name: p, uris: ['/a/{id}/*', '/*.html', a/b, '/a?b=c', '/a/{x}{y}'] }] } }]",
            "",
            "",
        ),
        ("roles: { realm: [{ name: '..' }] }", "!", "!"),
        ("users: [{ username: una, email: not-a-mail }]", "!", "!"),
        ("users: [{ username: a b }]", "!", "!"),
        ("users: [{ username: ab, email: a@x.org }]", "!", "!"),
        ("users: [{ username: una, firstName: 'U<b>' }]", "!", "!"),
        ("users: [{ username: una, attributes: { phone: ['1'] } }]", "!", "!"),
        ("users: [{ username: una, requiredActions: [NOPE] }]", "~", "~"),
        (
            "passwordPolicy: length(12)\nusers: [{ username: una, email: a@x.org, firstName: U, lastName: N, credentials: [{ type: password, value: short }] }]",
            "!",
            "!",
        ),
        ("users: [{ username: una, credentials: [{ type: password, value: x }] }]", "~", "~"),
    ];
    let mark = |lines: &[String]| match lines {
        [] => "",
        lines if lines.iter().any(|it| it.starts_with("error")) => "!",
        _ => "~",
    };
    let mut wrong = Vec::new();
    for (text, newest, oldest) in cases {
        for (version, expected) in [(NEWEST, newest), (OLDEST, oldest)] {
            let lines = said(text, version, true);
            if mark(&lines) != *expected {
                wrong.push(format!("{version} {text}: {lines:#?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What 26.4.7 takes and refuses, and what nobody measured of the minors around it.
#[test]
fn what_came_between_is_known_of_recorded_minors() {
    let cases = [
        ("clients: [{ clientId: ' ' }]", "!"),
        ("clients: [{ clientId: a, attributes: { minimum.acr.value: nope } }]", "!"),
        ("failureFactor: -1", "!"),
        ("smtpServer: { host: h }", "!"),
        ("clients: [{ clientId: a, adminUrl: not a url }]", ""),
        ("clients: [{ clientId: a, attributes: { acr.loa.map: garbage } }]", ""),
        ("clients: [{ clientId: a, attributes: { client.session.idle.timeout: '999999' } }]", ""),
        ("clientSessionIdleTimeout: 100000", ""),
        ("smtpServer: { host: h, from: nobody }", ""),
    ];
    let sign = |text: &str, version: Version| match &said(text, version, true)[..] {
        [] => "",
        [one] if one.starts_with("error") => "!",
        _ => "~",
    };
    for (text, at_26_4) in cases {
        assert_eq!(sign(text, Version::of(26, 4)), at_26_4, "{text}");
        let is_newer = at_26_4.is_empty();
        assert_eq!(sign(text, Version::of(26, 2)), "~", "{text}");
        assert_eq!(sign(text, Version::of(26, 5)), if is_newer { "~" } else { "!" }, "{text}");
        assert_eq!(sign(text, NEWEST), "!", "{text}");
    }
}

#[test]
fn texts_longer_than_their_columns_are_refused() {
    let long = "y".repeat(256);
    for (text, is_fine) in [
        (format!("loginTheme: {long}"), false),
        (format!("attributes: {{ foo: {long} }}"), true),
        (format!("roles: {{ realm: [{{ name: {long} }}] }}"), false),
        (format!("roles: {{ realm: [{{ name: a, attributes: {{ k: [{long}] }} }}] }}"), false),
        (format!("groups: [{{ name: a, attributes: {{ {long}: [x] }} }}]"), false),
        (format!("clients: [{{ clientId: a, name: {long} }}]"), false),
        (format!("clients: [{{ clientId: a, attributes: {{ k: {long} }} }}]"), true),
        (format!("clientScopes: [{{ name: a, attributes: {{ k: {long} }} }}]"), true),
        (
            format!(
                "users: [{{ username: una, federatedIdentities: [{{ identityProvider: a, userId: {long} }}] }}]"
            ),
            false,
        ),
        (format!("clientScopes: [{{ name: a, attributes: {{ k: {} }} }}]", "y".repeat(2049)), false),
    ] {
        let lines = said(&text, NEWEST, true);
        let errors = lines.iter().filter(|it| it.starts_with("error")).count();
        assert_eq!(errors == 0, is_fine, "{text}\n{lines:#?}");
    }
}

#[test]
fn without_a_server_what_it_decides_is_only_a_warning() {
    let text =
        "browserFlow: clients\nclients: [{ clientId: a, protocol: openid, adminUrl: x y, rootUrl: x y }]";
    let lines = said(text, NEWEST, false);
    let marks: Vec<&str> = lines.iter().map(|it| it.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(marks, ["warning", "error", "warning", "warning"], "{lines:#?}");
}

#[test]
fn the_server_is_asked_only_for_what_not_every_plain_one_has() {
    let asks = |text: &str| {
        let (trees, _) = parse_yaml(0, text);
        asks_server_info(&lift_realm(&trees[0]).into_live())
    };
    assert!(!asks("loginTheme: keycloak\nclients: [{ clientId: a, protocol: saml }]"));
    assert!(asks("loginTheme: ours"));
    assert!(asks("clients: [{ clientId: a, protocolMappers: [{ name: m, protocolMapper: ours }] }]"));
}
