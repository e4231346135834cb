//! What the server does with a client beyond its fields: scopes and origins that follow, the service account and the
//! authorization that come and go with a switch.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha1::{Digest as _, Sha1};

use crate::kind::behaviour::{Behaviour, New};
use crate::kind::created::{created, recording, refs};
use crate::kind::{
    CLIENT, CLIENT_SCOPE, MIDDLE, PERMISSION, POLICY, RESOURCE, ROLE, SCOPE, SETTINGS, USER, Version, kind,
    lift_object, protocol, realm_address, service_account,
};
use crate::state::{Address, Is, Node, Object, State};
use crate::text::{At, tree_of_json};

/// What an authorization client has that goes with its switch.
const AUTHORIZATION: &[crate::state::KindName] = &[SETTINGS, SCOPE, RESOURCE, POLICY, PERMISSION];

pub(super) struct OfClients;

impl Behaviour for OfClients {
    fn derive(&self, made: &mut Object, new: New<'_>) {
        default_scopes(made, new.object, new.state, new.version);
        derived(made, new.address, new.object);
    }

    /// The service account, and of a client with authorization its settings, a role, and on 26.0 a default resource, policy
    /// and permission; mappers, too.
    fn makes_along(&self, new: New<'_>) -> Vec<(Address, Object)> {
        let New { address, object: client, state, version } = new;
        if !has_service_account(client) {
            return Vec::new();
        }
        let made = |it: &Address| created(it, &Object::new(At::SERVER), state, version);
        let mut along = Vec::new();
        let user = service_account(address);
        let mut account = made(&user);
        account.fields.insert("enabled".into(), Node::bool(At::SERVER, true));
        if client.is_true("authorizationServicesEnabled") {
            let (protection, settings) = (address.child(ROLE, "uma_protection"), address.child(SETTINGS, ""));
            account.fields.insert("clientRoles".into(), refs([protection.clone()]));
            along.extend([(protection.clone(), made(&protection)), (settings.clone(), made(&settings))]);
        }
        along.push((user, account));
        along.extend(recorded_along(address, client, version).unwrap_or_default());
        along
    }

    /// The scope of service accounts comes and goes with the account.
    fn switches(&self, before: &Object, after: &mut Object, state: &State, version: Version) {
        let scope = Address::top(CLIENT_SCOPE, "service_account");
        if version < MIDDLE || has_service_account(before) == has_service_account(after) {
            return;
        }
        let is_on = has_service_account(after);
        if let Some(Node { is: Is::List(scopes), .. }) = after.fields.get_mut("defaultClientScopes") {
            scopes.retain(|it| it.as_ref() != Some(&scope));
            if is_on && state.contains(&scope) {
                scopes.push(Node::new(At::SERVER, Is::Ref(scope)));
            }
        }
    }

    fn drops_along(&self, address: &Address, client: &Object, state: &State) -> Vec<Address> {
        let mut gone: Vec<Address> = Vec::new();
        // A client that becomes public loses its authorization without a word.
        if !client.is_true("authorizationServicesEnabled") || client.is_true("publicClient") {
            let all = state.under(address).map(|it| it.0);
            gone.extend(all.filter(|it| AUTHORIZATION.contains(&it.kind())).cloned());
        }
        if !has_service_account(client) {
            let users = state.objects.iter().filter(|(it, _)| it.kind() == USER);
            gone.extend(users.filter(|it| it.1.made_by.as_ref() == Some(address)).map(|it| it.0.clone()));
        }
        gone
    }
}

/// Returns what of a client goes off where an object goes with its switch.
pub fn part_of_client(gone: &Address) -> &'static str {
    if gone.kind() == USER { "the service account" } else { "the authorization" }
}

pub(in crate::kind) fn has_service_account(client: &Object) -> bool {
    client.is_true("serviceAccountsEnabled") || client.is_true("authorizationServicesEnabled")
}

/// Mappers, and on 26.0 the default resource, policy and permission of an authorization client.
fn recorded_along(address: &Address, client: &Object, version: Version) -> Option<Vec<(Address, Object)>> {
    let (entry, name) = if client.is_true("authorizationServicesEnabled") {
        ("client/authorization", "recorded-authorization")
    } else {
        ("client/service-accounts", "recorded-accounts")
    };
    let exported = recording(entry, version)?.get("exported")?.get(format!("clients/{name}"))?;
    let text = exported.to_string().replace(name, address.name());
    let value: Value = serde_json::from_str(&text).ok()?;
    let state = lift_object(kind(CLIENT), &tree_of_json(&value), None).into_live();
    Some(state.objects.into_iter().filter(|(it, _)| it.is_under(address) && it.kind() != SETTINGS).collect())
}

/// The realm's default scopes of the client's protocol.
fn default_scopes(made: &mut Object, object: &Object, state: &State, version: Version) {
    let protocol = protocol([Some(object)]);
    let realm = state.get(&realm_address());
    for (from, to) in [
        ("defaultDefaultClientScopes", "defaultClientScopes"),
        ("defaultOptionalClientScopes", "optionalClientScopes"),
    ] {
        let mut scopes: Vec<Address> = realm
            .and_then(|it| it.get(from))
            .map(|it| it.items().iter().filter_map(|it| it.as_ref().cloned()).collect())
            .unwrap_or_default();
        scopes.retain(|it| state.get(it).is_some_and(|scope| scope.text("protocol") == protocol));
        let service_account = Address::top(CLIENT_SCOPE, "service_account");
        if to == "defaultClientScopes"
            && has_service_account(object)
            && version >= MIDDLE
            && state.contains(&service_account)
        {
            scopes.push(service_account);
        }
        made.fields.insert(to.into(), refs(scopes));
    }
}

/// Fields that follow from others, unless they are said themselves.
fn derived(made: &mut Object, address: &Address, object: &Object) {
    if object.is_true("consentRequired") {
        made.fields.insert("fullScopeAllowed".into(), Node::bool(At::SERVER, false));
    }
    let redirects = object.get("redirectUris").map(Node::items).unwrap_or_default();
    let origins: BTreeSet<&str> = redirects.iter().filter_map(Node::as_text).filter_map(origin).collect();
    if !origins.is_empty() {
        let origins = origins.into_iter().map(|it| Node::text(At::SERVER, it)).collect();
        made.fields.insert("webOrigins".into(), Node::new(At::SERVER, Is::List(origins)));
    }
    if object.text("protocol") == "saml" {
        let hash = STANDARD.encode(Sha1::digest(address.name().as_bytes()));
        if let Some(Node { is: Is::Map(attributes), .. }) = made.fields.get_mut("attributes") {
            attributes.insert("saml.artifact.binding.identifier".into(), Node::text(At::SERVER, hash));
        }
    }
}

/// Returns scheme, host and port of a web address.
fn origin(uri: &str) -> Option<&str> {
    let after = uri.strip_prefix("https://").or_else(|| uri.strip_prefix("http://"))?;
    let host = after.split(['/', '?', '#']).next()?;
    Some(&uri[..uri.len() - after.len() + host.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_stands_before_the_path_of_web_addresses() {
        for (uri, expected) in [
            ("https://a.example.org/*", Some("https://a.example.org")),
            ("http://a.example.org:80", Some("http://a.example.org:80")),
            ("/relative", None),
            ("app://a", None),
            ("*", None),
        ] {
            assert_eq!(origin(uri), expected, "{uri}");
        }
    }
}
