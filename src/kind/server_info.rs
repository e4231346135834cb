//! What a server has installed and switched on, which decides what it takes: types of mappers and policies,
//! themes, event listeners, features. One answer of `GET serverinfo` says all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;

use super::recorded::{nearest, of_each, parsed};
use super::version::Version;

/// Names by what they are names of.
type Names = BTreeSet<String>;

/// What `GET serverinfo` says, as far as anything asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerInfo {
    /// Types of protocol mappers, by protocol.
    pub mappers: BTreeMap<String, Names>,
    /// Protocols of clients and client scopes.
    pub protocols: Names,
    /// Themes, by what they are for: `login`, `account`, `admin`, `email`.
    pub themes: BTreeMap<String, Names>,
    pub policies: Names,
    pub event_listeners: Names,
    pub event_types: Names,
    pub required_actions: Names,
    /// Providers of components, and of whatever else is configured by properties, by the class of what they provide.
    pub components: BTreeMap<String, Names>,
    /// Of what sort each property of executors and conditions of client policies is, by provider and name.
    pub properties: BTreeMap<String, BTreeMap<String, String>>,
    pub client_authenticators: Names,
    /// What executions may be of, by what sort of it that is.
    pub authenticators: BTreeMap<String, Names>,
    pub client_policy_conditions: Names,
    pub client_policy_executors: Names,
    pub workflow_conditions: Names,
    pub workflow_events: Names,
    pub workflow_steps: Names,
    pub password_policies: Names,
    pub password_hashes: Names,
    /// Whether each known feature is on.
    pub features: BTreeMap<String, bool>,
}

/// What a server of each recorded version has when nothing is added or switched.
static RECORDED: LazyLock<Vec<(Version, ServerInfo)>> =
    LazyLock::new(|| of_each(|it| ServerInfo::read(&parsed(it.server_info))));

/// What executions may be of: steps of flows, forms and their parts, and ways for clients to prove who they are.
const AUTHENTICATORS: &[&str] =
    &["authenticator", "client-authenticator", "form-action", "form-authenticator"];

impl ServerInfo {
    /// Reads an answer of `GET serverinfo`, or the part of one that is recorded.
    pub fn read(answer: &Value) -> Self {
        let providers = |spi: &str| match answer.pointer(&format!("/providers/{spi}/providers")) {
            Some(Value::Object(map)) => map.keys().cloned().collect(),
            _ => Names::new(),
        };
        let features = items(answer.get("features"));
        Self {
            mappers: named(answer.get("protocolMapperTypes"), "id"),
            protocols: providers("login-protocol"),
            themes: named(answer.get("themes"), "name"),
            policies: providers("policy"),
            event_listeners: providers("eventsListener"),
            event_types: items(answer.pointer("/enums/eventType"))
                .filter_map(|it| it.as_str().map(str::to_owned))
                .collect(),
            required_actions: providers("required-action"),
            components: named(answer.get("componentTypes"), "id"),
            properties: properties(answer.get("componentTypes")),
            client_authenticators: providers("client-authenticator"),
            authenticators: AUTHENTICATORS.iter().map(|it| ((*it).to_owned(), providers(it))).collect(),
            client_policy_conditions: providers("client-policy-condition"),
            client_policy_executors: providers("client-policy-executor"),
            workflow_conditions: providers("workflow-condition"),
            workflow_events: providers("workflow-event"),
            workflow_steps: providers("workflow-step"),
            password_policies: names(answer.get("passwordPolicies"), "id"),
            password_hashes: providers("password-hashing"),
            features: features
                .filter_map(|it| Some((it.get("name")?.as_str()?.to_owned(), it.get("enabled")?.as_bool()?)))
                .collect(),
        }
    }

    /// Returns what a server has when nothing is added to it or switched, as the nearest recorded version that is
    /// not newer says.
    pub fn recorded(version: Version) -> &'static Self {
        nearest(&RECORDED, version)
    }

    /// Returns the names of what the server has of some sort.
    pub fn all(names: &Names) -> BTreeSet<&str> {
        names.iter().map(String::as_str).collect()
    }

    /// Returns the providers of a class.
    pub fn providers(&self, of: &str) -> BTreeSet<&str> {
        self.components.get(of).map(Self::all).unwrap_or_default()
    }

    /// Returns the types of policies that it decides by. Old servers name the one for scripts also where they may not run any.
    pub fn policy_types(&self) -> BTreeSet<&str> {
        let runs = |it: &&str| *it != "js" || self.feature("SCRIPTS") != Some(false);
        Self::all(&self.policies).into_iter().filter(runs).collect()
    }

    pub fn themes(&self, of: &str) -> BTreeSet<&str> {
        self.themes.get(of).map(Self::all).unwrap_or_default()
    }

    /// Returns whether a feature is on; nothing where the server knows no such feature.
    pub fn feature(&self, name: &str) -> Option<bool> {
        self.features.get(name).copied()
    }
}

fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

fn names(list: Option<&Value>, key: &str) -> Names {
    items(list).filter_map(|it| it.get(key)?.as_str().map(str::to_owned)).collect()
}

fn named(map: Option<&Value>, key: &str) -> BTreeMap<String, Names> {
    let map = map.and_then(Value::as_object).into_iter().flatten();
    map.map(|(name, list)| (name.clone(), names(Some(list), key))).collect()
}

fn properties(classes: Option<&Value>) -> BTreeMap<String, BTreeMap<String, String>> {
    let classes = classes.and_then(Value::as_object).into_iter().flatten();
    let of_policies = classes.filter(|it| it.0.starts_with("org.keycloak.services.clientpolicy."));
    let text = |value: &Value, key: &str| value.get(key)?.as_str().map(str::to_owned);
    let of_one = |it: &Value| {
        let all = items(it.get("properties"));
        Some((text(it, "id")?, all.filter_map(|it| Some((text(it, "name")?, text(it, "type")?))).collect()))
    };
    of_policies.flat_map(|(_, list)| items(Some(list))).filter_map(of_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{NEWEST, OLDEST};

    #[test]
    fn the_recordings_say_what_a_plain_server_has() {
        let (old, new) = (ServerInfo::recorded(OLDEST), ServerInfo::recorded(NEWEST));
        assert_eq!(ServerInfo::recorded(Version::of(26, 3)), old);
        for info in [old, new] {
            assert!(info.mappers["openid-connect"].contains("oidc-audience-mapper"));
            assert!(info.protocols.contains("saml") && info.policies.contains("time"));
            assert!(info.themes["login"].contains("keycloak.v2"));
            assert!(info.event_types.contains("LOGIN") && info.event_listeners.contains("jboss-logging"));
            assert!(info.required_actions.contains("UPDATE_PASSWORD"));
            assert!(info.client_authenticators.contains("client-jwt"));
            assert!(
                info.password_policies.contains("notUsername") && info.password_hashes.contains("argon2")
            );
            assert_eq!(info.feature("SCRIPTS"), Some(false));
        }
        assert_eq!((old.feature("ORGANIZATION"), new.feature("ORGANIZATION")), (Some(true), Some(true)));
        assert_eq!((old.feature("SCIM_API"), new.feature("SCIM_API")), (None, Some(false)));
    }
}
