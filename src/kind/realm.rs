//! The realm: its plain fields, its default client scopes and groups, and what it holds.
//!
//! A realm is always read, overlaid and written whole: several omitted fields fall back to defaults
//! (`oauth2DeviceCodeLifespan`, `cibaExpiresIn`, on 26.0 all security headers). Measured on 26.0.8 and 26.7.5.

mod behaviour;
mod hazards;

use super::takes::SIGNS;
use super::{
    Beside, CLIENT, CLIENT_POLICIES, CLIENT_PROFILES, CLIENT_SCOPE, COMPONENT, CREATED, Compare, Created,
    FLOW, Field, Form, GROUP, IDENTITY_PROVIDER, IDENTITY_PROVIDER_MAPPER, Judges, Kind, LOCALIZATION, Link,
    MIDDLE, NOBODY, Needs, ORDINARY, ORGANIZATION, Others, PERMISSION, REQUIRED_ACTION, Sent, ServerInfo,
    Stays, Takes, USER, USER_PROFILE, Unasked, Unset, Unsets, WORKFLOW, cannot_be_unset, children,
    client_scope, field, flow, links, one_of, relic, server_owned, useless, user_profile, workflow,
};
use crate::state::{Node, Object};
use crate::text::{Code, Key, Note, Tree, TreeIs};

pub(super) static REALM: Kind = Kind {
    name: super::REALM,
    title: "realm",
    representation: |_| "RealmRepresentation",
    key: "",
    fields: &[
        server_owned("id"),
        server_owned("realm"),
        server_owned("keycloakVersion"),
        server_owned("defaultRole"),
        server_owned("otpSupportedApplications"),
        server_owned("codeSecret"),
        Field {
            compare: Compare::Folded,
            takes: &[one_of("", &["all", "external", "none"])],
            ..cannot_be_unset("sslRequired")
        },
        Field {
            takes: &[Takes { others: Others::Unused, ..one_of("", &["totp", "hotp"]) }],
            ..field("otpPolicyType")
        },
        // With others every request for a token is answered by 500 (26.0.8 and 26.7.5).
        Field {
            takes: &[Takes { others: Others::Unused, ..one_of("", SIGNS) }],
            ..field("defaultSignatureAlgorithm")
        },
        Field { unset: Some(Unset::Null), ..field("eventsExpiration") },
        Field {
            // Ids, which differ on each server.
            server_keys: &[("adminPermissionsClientId", ""), ("firstBrokerLoginFlowId", "")],
            // Clients name its levels of authentication.
            judges: OF_CLIENTS,
            takes: &[
                number("actionTokenGeneratedByUserLifespan.*"),
                number("cibaExpiresIn"),
                number("cibaInterval"),
                number("maxTemporaryLockouts"),
                number("oauth2DeviceCodeLifespan"),
                number("oauth2DevicePollingInterval"),
                number("parRequestUriLifespan"),
            ],
            ..cannot_be_unset("attributes")
        },
        Field { unset: Some(Unset::Never), ..flow::bound("browserFlow", "basic-flow") },
        // A key that is left out stays on 26.7 and goes on 26.0; null removes it on both.
        Field { unset_key: Some(Unset::Null), ..cannot_be_unset("browserSecurityHeaders") },
        Field { unset: Some(Unset::Never), ..flow::bound("clientAuthenticationFlow", "client-flow") },
        Field { unset: Some(Unset::Never), ..flow::bound("directGrantFlow", "basic-flow") },
        Field { unset: Some(Unset::Never), ..flow::bound("dockerAuthenticationFlow", "basic-flow") },
        Field { unset: Some(Unset::Never), ..flow::bound("firstBrokerLoginFlow", "basic-flow") },
        Field { unset: Some(Unset::Never), ..flow::bound("registrationFlow", "basic-flow") },
        Field { unset: Some(Unset::Never), ..flow::bound("resetCredentialsFlow", "basic-flow") },
        cannot_be_unset("webAuthnPolicyAttestationConveyancePreference"),
        cannot_be_unset("webAuthnPolicyAuthenticatorAttachment"),
        cannot_be_unset("webAuthnPolicyPasswordlessAttestationConveyancePreference"),
        cannot_be_unset("webAuthnPolicyPasswordlessAuthenticatorAttachment"),
        cannot_be_unset("webAuthnPolicyPasswordlessRequireResidentKey"),
        cannot_be_unset("webAuthnPolicyPasswordlessResidentKey"),
        cannot_be_unset("webAuthnPolicyPasswordlessRpEntityName"),
        cannot_be_unset("webAuthnPolicyPasswordlessSignatureAlgorithms"),
        cannot_be_unset("webAuthnPolicyPasswordlessUserVerificationRequirement"),
        cannot_be_unset("webAuthnPolicyRequireResidentKey"),
        cannot_be_unset("webAuthnPolicyResidentKey"),
        cannot_be_unset("webAuthnPolicyRpEntityName"),
        cannot_be_unset("webAuthnPolicySignatureAlgorithms"),
        cannot_be_unset("webAuthnPolicyUserVerificationRequirement"),
        Field {
            secret_keys: &["password", "authTokenClientSecret"],
            needs: SMTP_NEEDS,
            beside: SMTP_SECRETS,
            whole: true,
            ..field("smtpServer")
        },
        Field {
            turns_off: &["loginWithEmailAllowed", "registrationEmailAsUsername"],
            judges: OF_USERS,
            ..field("duplicateEmailsAllowed")
        },
        Field { choices: &[useless("login theme", |it, _| it.themes("login"))], ..field("loginTheme") },
        Field { choices: &[useless("account theme", |it, _| it.themes("account"))], ..field("accountTheme") },
        Field { choices: &[useless("admin theme", |it, _| it.themes("admin"))], ..field("adminTheme") },
        Field { choices: &[useless("email theme", |it, _| it.themes("email"))], ..field("emailTheme") },
        Field {
            choices: &[useless("event listener", |it, _| ServerInfo::all(&it.event_listeners))],
            ..field("eventsListeners")
        },
        Field {
            choices: &[useless("event type", |it, _| ServerInfo::all(&it.event_types))],
            ..field("enabledEventTypes")
        },
        Field { judges: OF_USERS, ..field("loginWithEmailAllowed") },
        Field { judges: OF_USERS, ..field(super::user::EMAIL_NAMES) },
        Field {
            judges: Judges { kinds: &[USER], allows: &["true"], ..NOBODY },
            ..field("editUsernameAllowed")
        },
        Field { judges: OF_USERS, ..field("passwordPolicy") },
        Field { judges: OF_LANGUAGES, ..field("internationalizationEnabled") },
        Field { judges: OF_LANGUAGES, ..field("supportedLocales") },
        Field { judges: OF_TEXTS, ..field("defaultLocale") },
        Field { judges: OF_CLIENTS, ..field("ssoSessionIdleTimeout") },
        Field { judges: OF_CLIENTS, ..field("ssoSessionMaxLifespan") },
        Field { judges: OF_CLIENTS, ..field("ssoSessionIdleTimeoutRememberMe") },
        Field { judges: OF_CLIENTS, ..field("ssoSessionMaxLifespanRememberMe") },
        Field { judges: OF_CLIENTS, ..field("rememberMe") },
        Field {
            features: &[("", "ORGANIZATION")],
            judges: Judges { kinds: &[ORGANIZATION], allows: &["true"], ..NOBODY },
            ..field("organizationsEnabled")
        },
        Field {
            // While it is off, nothing that a permission says is checked, and none can be made for single objects (500 on 26.7.5).
            judges: Judges { kinds: &[PERMISSION], allows: &["true"], ..NOBODY },
            ..field("adminPermissionsEnabled")
        },
        Field { features: &[("", "SCIM_API")], ..field("scimApiEnabled") },
        Field { features: &[("", "OID4VC_VCI")], ..field("verifiableCredentialsEnabled") },
        Field {
            stays: Stays::BuiltIn,
            excludes: "defaultOptionalClientScopes",
            list: "default",
            expects: client_scope::BASIC,
            ..links("defaultDefaultClientScopes", CLIENT_SCOPE, Link::Each("default-default-client-scopes"))
        },
        Field {
            stays: Stays::BuiltIn,
            excludes: "defaultDefaultClientScopes",
            list: "optional",
            ..links("defaultOptionalClientScopes", CLIENT_SCOPE, Link::Each("default-optional-client-scopes"))
        },
        links("defaultGroups", GROUP, Link::Each("default-groups")),
        Field { sent: Sent::Roles, ..field("roles") },
        Field { sent: Sent::ScopeMappings, ..field("scopeMappings") },
        Field { sent: Sent::ScopeMappings, ..field("clientScopeMappings") },
        children("groups", |_| GROUP),
        children("users", |_| USER),
        children("clients", |_| CLIENT),
        children("clientScopes", |_| CLIENT_SCOPE),
        Field { sent: Sent::Child(USER_PROFILE), ..field("userProfile") },
        Field { sent: Sent::Child(CLIENT_PROFILES), ..field("clientProfiles") },
        Field { sent: Sent::Child(CLIENT_POLICIES), ..field("clientPolicies") },
        children("authenticationFlows", |_| FLOW),
        children("requiredActions", |_| REQUIRED_ACTION),
        children("organizations", |_| ORGANIZATION),
        children("workflows", |_| WORKFLOW),
        children("identityProviders", |_| IDENTITY_PROVIDER),
        Field { sent: Sent::ChildrenOf(IDENTITY_PROVIDER_MAPPER), ..field("identityProviderMappers") },
        Field { sent: Sent::ChildrenBy(COMPONENT, "providerType"), ..field("components") },
        Field { sent: Sent::ChildrenByName(LOCALIZATION, "texts"), ..field("localizationTexts") },
        // A POST makes a client of whatever stands there, a PUT reads none of it (26.7.5).
        Field {
            server_keys: &[("id", ""), ("clientId", "admin-permissions")],
            ..relic("adminPermissionsClient", "say it as the client `admin-permissions` among `clients`")
        },
        relic("applicationScopeMappings", "say `clientScopeMappings`: applications are clients"),
        relic("applications", "say `clients`: applications are clients"),
        relic("clientTemplates", "say `clientScopes`, which came in their place"),
        relic("defaultRoles", "say them among the `composites` of the default role"),
        relic("federatedUsers", "take it out: a directory brings in its users"),
        relic("messageBundles", "say `localizationTexts`"),
        relic("oauthClients", "say `clients`: they are clients"),
        relic("protocolMappers", "say them in clients and client scopes"),
        relic("socialProviders", "say `identityProviders`"),
        relic("userFederationMappers", "say `components`, which came in their place"),
        relic("userFederationProviders", "say `components`, which came in their place"),
        relic("passwordCredentialGrantAllowed", "say `directAccessGrantsEnabled` of clients"),
        relic("social", "say `identityProviders`"),
        relic("updateProfileOnInitialSocialLogin", "say `firstBrokerLoginFlowAlias` of identity providers"),
        relic("privateKey", "say `components`, by which keys are made"),
        relic("publicKey", "say `components`, by which keys are made"),
        relic("certificate", "say `components`, by which keys are made"),
    ],
    hazards: hazards::HAZARDS,
    unset: Unsets { text: Unset::EmptyText, key: Unset::Omit, empty_keys_vanish: false },
    not_in_put: &[
        "defaultDefaultClientScopes",
        "defaultOptionalClientScopes",
        "defaultGroups",
        "users",
        "clients",
    ],
    normalize: Some(normalize),
    new: Created { unasked: &[Unasked::Enabled], ..CREATED },
    switches: &["adminPermissionsEnabled"],
    behaviour: &behaviour::OfRealms,
    comes_with_realm: true,
    is_everybodys: true,
    check: super::check::password_policy,
    refuses: super::refused::whole::realm,
    ..ORDINARY
};

/// Says whether a field is written only once the realm is there. A POST takes the policy of one-time passwords only
/// whole: without `otpPolicyType` it ignores the policy, and with it missing fields become zero and nothing, after
/// which 26.7 may answer every GET of the realm with 500. A PUT lays them over the server's defaults.
pub fn waits_for_the_realm(field: &str) -> bool {
    field.starts_with("otpPolicy")
}

const OF_USERS: Judges = Judges { kinds: &[USER], ..NOBODY };
/// Users have a language, and there are texts in it.
const OF_LANGUAGES: Judges = Judges { kinds: &[USER, LOCALIZATION], ..NOBODY };
const OF_TEXTS: Judges = Judges { kinds: &[LOCALIZATION], ..NOBODY };
const OF_CLIENTS: Judges = Judges { kinds: &[CLIENT], ..NOBODY };

/// On 26.0 what is not needed is stored all the same.
const SMTP_NEEDS: &[Needs] = &[
    Needs { keys: &["user", "password", "authType"], key: "auth", value: "true", since: MIDDLE },
    Needs {
        keys: &["authTokenUrl", "authTokenScope", "authTokenClientId", "authTokenClientSecret"],
        key: "authType",
        value: "token",
        since: MIDDLE,
    },
];

const SMTP_SECRETS: &[Beside] = &[
    Beside { secret: "password", keys: &["host", "port", "user"] },
    Beside { secret: "authTokenClientSecret", keys: &["host", "port", "authTokenUrl", "authTokenClientId"] },
];

/// Returns the name that a realm says its default role has.
pub fn said_default_role(realm: &Object) -> Option<&Node> {
    realm.get("defaultRole")
}

/// An attribute that the server reads as a number.
const fn number(key: &'static str) -> Takes {
    Takes { key, form: Form::Integer, others: Others::BreakRealm }
}

/// Returns whether users of a realm may choose a language, which is then kept among their attributes.
pub fn has_languages(realm: &Object) -> bool {
    realm.is_true("internationalizationEnabled")
}

/// Attributes that show a field once more become that field, unless it is there: in a PUT the field wins, so both have to
/// say the same.
fn normalize(tree: &Tree, notes: &mut Vec<Note>) -> Tree {
    let mut entries: Vec<(Key, Tree)> = Vec::new();
    let mut fields: Vec<(Key, Tree)> = Vec::new();
    let mut headers: Vec<(Key, Tree)> = Vec::new();
    let tree = &*workflow::apart(tree, notes);
    for (key, value) in user_profile::apart(tree, notes).entries() {
        let TreeIs::Map(attributes) = &value.is else {
            let policy = value.scalar().filter(|_| &*key.name == "passwordPolicy");
            let value = policy.map_or_else(|| value.clone(), |it| Tree::new(value.at, tidied(it)));
            entries.push((key.clone(), value));
            continue;
        };
        if &*key.name != "attributes" {
            entries.push((key.clone(), value.clone()));
            continue;
        }
        let mut kept = Vec::new();
        for (key, value) in attributes {
            if let Some(header) = key.name.strip_prefix("_browser_header.") {
                headers.push((Key { at: key.at, name: header.into() }, value.clone()));
                continue;
            }
            match shows(&key.name) {
                None => kept.push((key.clone(), value.clone())),
                Some(field) if tree.get(&field).is_none() && value.scalar().is_some() => {
                    fields.push((Key { at: key.at, name: field.into() }, value.clone()));
                }
                Some(field) => notes.extend(contradiction(&field, tree.get(&field), &key.name, value)),
            }
        }
        entries.push((key.clone(), Tree::new(value.at, TreeIs::Map(kept))));
    }
    entries.extend(fields);
    add_headers(&mut entries, headers, notes);
    let mut whole = Tree::new(tree.at, TreeIs::Map(entries));
    flow::join(&mut whole, notes);
    whole
}

/// A password policy without what the server leaves out of it.
fn tidied(policy: &str) -> TreeIs {
    let parts: Vec<&str> = policy.split(" and ").map(str::trim).filter(|it| !it.is_empty()).collect();
    TreeIs::Text(parts.join(" and ").into())
}

/// Adds headers that attributes show to the field that holds them; what the field says wins.
fn add_headers(entries: &mut Vec<(Key, Tree)>, headers: Vec<(Key, Tree)>, notes: &mut Vec<Note>) {
    let Some((first, _)) = headers.first() else { return };
    let at = first.at;
    let field = "browserSecurityHeaders";
    let place = entries.iter().position(|(key, _)| &*key.name == field).unwrap_or_else(|| {
        entries.push((Key { at, name: field.into() }, Tree::new(at, TreeIs::Map(Vec::new()))));
        entries.len() - 1
    });
    if let TreeIs::Map(said) = &mut entries[place].1.is {
        for (key, value) in headers {
            match said.iter().find(|(it, _)| it.name == key.name) {
                Some((_, is)) => {
                    let attribute = format!("_browser_header.{}", key.name);
                    notes.extend(contradiction(
                        &format!("{field}.{}", key.name),
                        Some(is),
                        &attribute,
                        &value,
                    ));
                }
                None => said.push((key, value)),
            }
        }
    }
}

/// Returns that a field and the attribute that shows it say different things.
fn contradiction(field: &str, is: Option<&Tree>, attribute: &str, shown: &Tree) -> Option<Note> {
    let (is, shows) = (is?.scalar()?, shown.scalar()?);
    let title =
        format!("`{field}` and the attribute `{attribute}` are one setting, and say different things");
    let note = Note::error(Code::DuplicateKey, title, shown.at, format!("the field says `{is}`"));
    (is != shows).then(|| note.help("say it once, as the field"))
}

/// Returns the field that an attribute shows.
fn shows(attribute: &str) -> Option<String> {
    let field = match attribute.strip_prefix("webAuthnPolicy").and_then(|it| it.strip_suffix("Passwordless"))
    {
        Some(policy) => format!("webAuthnPolicyPasswordless{policy}"),
        None => match attribute {
            "realmReusableOtpCode" => "otpPolicyCodeReusable".to_owned(),
            "client-policies.profiles" => "clientProfiles".to_owned(),
            "client-policies.policies" => "clientPolicies".to_owned(),
            _ => attribute.to_owned(),
        },
    };
    super::field_type("RealmRepresentation", &field).map(|_| field)
}
