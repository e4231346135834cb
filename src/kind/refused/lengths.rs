//! Texts that are longer than the column that they go into: the server answers 400 or 500.

use super::{each_text, texts, words_of_field};
use crate::kind::{
    AUTHENTICATOR_CONFIG, CLIENT, CLIENT_SCOPE, COMPONENT, COMPONENT_MAPPER, FEDERATED_IDENTITY, FLOW, GROUP,
    IDENTITY_PROVIDER, IDENTITY_PROVIDER_MAPPER, LOCALIZATION, MAPPER, ORGANIZATION, ORGANIZATION_GROUP,
    PERMISSION, POLICY, REALM, REQUIRED_ACTION, RESOURCE, ROLE, SCOPE, own_name, title,
};
use crate::state::{Address, KindName, Object, PART, SecretRef, SecretSource};
use crate::text::{At, Code, Note};

/// What most columns hold.
const MOST: usize = 255;

/// How long the texts of a field may be, in characters. What is not here has no limit that anybody met, and
/// users have the limits of the user profile.
const LIMITS: &[(KindName, &[&str], usize)] = &[
    (REALM, &["loginTheme", "accountTheme", "adminTheme", "emailTheme", "defaultLocale"], MOST),
    (REALM, &["eventsListeners", "enabledEventTypes", "supportedLocales", "smtpServer"], MOST),
    (REALM, &["passwordPolicy"], 2550),
    (ROLE, &["description", "attributes"], MOST),
    (GROUP, &["description", "attributes"], MOST),
    (FLOW, &["description"], MOST),
    (REQUIRED_ACTION, &["name"], MOST),
    (IDENTITY_PROVIDER, &["displayName"], MOST),
    (FEDERATED_IDENTITY, &["userId", "userName"], MOST),
    (AUTHENTICATOR_CONFIG, &["alias"], MOST),
    (CLIENT, &["name", "description", "rootUrl", "baseUrl", "adminUrl", "redirectUris", "webOrigins"], MOST),
    (CLIENT, &["clientAuthenticatorType", "secret"], MOST),
    (CLIENT_SCOPE, &["description"], MOST),
    (CLIENT_SCOPE, &["attributes"], 2048),
    (ORGANIZATION, &["name", "attributes"], MOST),
    (ORGANIZATION, &["redirectUrl"], 2048),
    (ORGANIZATION, &["description"], 4000),
    (ORGANIZATION_GROUP, &["description", "attributes"], MOST),
    (SCOPE, &["displayName", "iconUri"], MOST),
    (RESOURCE, &["displayName", "type", "icon_uri", "uris", "attributes"], MOST),
    (POLICY, &["description"], MOST),
    (PERMISSION, &["description"], MOST),
];

/// The kinds whose names go into a column of this size.
const NAMED: &[KindName] = &[
    LOCALIZATION,
    FLOW,
    ORGANIZATION,
    ORGANIZATION_GROUP,
    IDENTITY_PROVIDER,
    IDENTITY_PROVIDER_MAPPER,
    COMPONENT,
    COMPONENT_MAPPER,
    ROLE,
    GROUP,
    CLIENT,
    CLIENT_SCOPE,
    MAPPER,
    SCOPE,
    RESOURCE,
    POLICY,
    PERMISSION,
];

/// Maps whose keys are stored.
const MAPS: &[&str] = &["attributes", "config", "smtpServer", "browserSecurityHeaders"];

pub(super) fn check(address: &Address, object: &Object, notes: &mut Vec<Note>) {
    let kind = address.kind();
    let mut secrets = Vec::new();
    let mut too_long = |what: String, is: usize, most: usize, at| {
        let words = format!("{what} is too long: {is} characters");
        notes.push(
            Note::error(Code::TooLong, words, at, format!("Keycloak stores {most}")).help("shorten it"),
        );
    };
    // What qualifies a name is stored elsewhere.
    let name = own_name(address, object).rsplit(PART).next().unwrap_or_default();
    let length = name.chars().count();
    if NAMED.contains(&kind) && length > MOST {
        too_long(format!("the name of {}", title(address)), length, MOST, object.at);
    }
    for (_, fields, most) in LIMITS.iter().filter(|(it, _, _)| *it == kind) {
        for field in *fields {
            each_text(object, field, "", &mut |text, at| {
                let length = text.chars().count();
                if length > *most {
                    too_long(format!("a text in {}", words_of_field(field, "", address)), length, *most, at);
                }
            });
            if let Some(node) = object.get(field) {
                node.each_secret(&mut |secret, at| {
                    secrets.extend(long_secret(secret, at, *most, field, address));
                });
            }
        }
    }
    for map in MAPS {
        let keys = object.get(map).and_then(|it| it.as_map()).into_iter().flatten();
        for (key, node) in keys {
            let length = key.chars().count();
            if length > MOST {
                let mut at = node.at;
                texts(node, &mut |_, it| at = it);
                too_long(format!("a key in {}", words_of_field(map, "", address)), length, MOST, at);
            }
        }
    }
    notes.extend(secrets);
}

/// A secret that is written out and too long; how long it is stays hidden.
fn long_secret(secret: &SecretRef, at: At, most: usize, field: &str, address: &Address) -> Option<Note> {
    let SecretSource::Literal(text) = &secret.source else { return None };
    let words = format!("a secret in {} is too long", words_of_field(field, "", address));
    let note = Note::error(Code::TooLong, words, at, format!("Keycloak stores {most} characters"));
    (text.chars().count() > most).then(|| note.help("shorten it"))
}
