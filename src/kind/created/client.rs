//! What the server derives for a new client from what was said and from its realm.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::{has_service_account, refs};
use crate::kind::realm_address;
use crate::kind::{CLIENT_SCOPE, NEWEST, Version};
use crate::state::{Address, Is, Node, Object, State};
use crate::text::At;

/// The realm's default scopes of the client's protocol.
pub(super) fn default_scopes(made: &mut Object, object: &Object, state: &State, version: Version) {
    let protocol =
        if object.text("protocol").is_empty() { "openid-connect" } else { object.text("protocol") };
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
            && version >= NEWEST
            && state.contains(&service_account)
        {
            scopes.push(service_account);
        }
        made.fields.insert(to.into(), refs(scopes));
    }
}

/// What an update of a client brings with it: a public client keeps no secret, and the scope of service
/// accounts comes and goes with the account.
pub fn switched(before: &Object, after: &mut Object, state: &State, version: Version) {
    if after.is_true("publicClient") {
        after.fields.remove("secret");
    }
    let scope = Address::top(CLIENT_SCOPE, "service_account");
    if version < NEWEST || has_service_account(before) == has_service_account(after) {
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

/// Fields that follow from others, unless they are said themselves.
pub(super) fn derived(made: &mut Object, address: &Address, object: &Object) {
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
