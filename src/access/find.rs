//! What a person means who asks: clients and scopes by name, resources by name, by a pattern, or by a concrete URI.

use super::uri::{Known, found};
use crate::kind::{CLIENT, GROUP, PERMISSION, RESOURCE, ROLE, SCOPE, SETTINGS, USER, Version, own_name};
use crate::state::{Address, KindName, Known as Seen, Live, Node, Object, State, stars_match};

/// Returns the names of the resources of a client that a text means, in order; none where there is none.
///
/// A name is itself, or those of this name that users own where the server has none. With `*` it is every resource
/// whose name or one of whose URIs the pattern covers, `*` being any text. Anything else is a concrete URI, which means
/// what a server of this version finds for it: one resource, or those that carry this very URI.
pub fn resources(state: &State, version: Version, client: &Address, text: &str) -> Vec<String> {
    let named = named(state, client, text);
    if !named.is_empty() {
        return named;
    }
    let all = state.under(client).filter(|(it, _)| it.kind() == RESOURCE);
    if text.contains('*') {
        return all
            .filter(|(it, object)| {
                stars_match(text, it.name()) || uris(object).any(|uri| stars_match(text, uri))
            })
            .map(|(it, _)| it.name().to_owned())
            .collect();
    }
    if text.is_empty() {
        return Vec::new();
    }
    let all: Vec<Known<'_>> = all
        .map(|(it, object)| Known {
            name: it.name(),
            uris: uris(object).collect(),
            is_own: object.get("owner").and_then(Node::as_ref).is_none(),
        })
        .collect();
    found(&all, text, version).into_iter().map(str::to_owned).collect()
}

/// Returns the resources of a client that a text names letter by letter: the one of this name, or else those with this
/// very URI. `*` stands for itself.
pub fn exact_resources(state: &State, client: &Address, text: &str) -> Vec<String> {
    let named = named(state, client, text);
    if !named.is_empty() {
        return named;
    }
    let all = state.under(client).filter(|(it, _)| it.kind() == RESOURCE);
    let named = all.filter(|(_, object)| uris(object).any(|uri| uri == text));
    named.map(|(it, _)| it.name().to_owned()).collect()
}

fn named(state: &State, client: &Address, text: &str) -> Vec<String> {
    if state.contains(&client.child(RESOURCE, text)) {
        return vec![text.to_owned()];
    }
    let all =
        state.under(client).filter(|(it, object)| it.kind() == RESOURCE && own_name(it, object) == text);
    all.map(|(it, _)| it.name().to_owned()).collect()
}

/// Returns the clients that have authorization.
pub fn resource_servers(state: &State) -> Vec<Address> {
    state.objects.keys().filter(|it| it.kind() == SETTINGS).filter_map(Address::parent).collect()
}

/// Returns the client of this name, if there is one.
pub fn client(state: &State, name: &str) -> Option<Address> {
    Some(Address::top(CLIENT, name)).filter(|it| state.contains(it))
}

/// Returns the names of all clients.
pub fn client_names(state: &State) -> impl Iterator<Item = &str> {
    state.objects.keys().filter(|it| it.kind() == CLIENT).map(Address::name)
}

/// Returns the names of all resources of a client.
pub fn resource_names<'a>(state: &'a State, client: &'a Address) -> impl Iterator<Item = &'a str> {
    names_of(state, client, RESOURCE)
}

/// Returns the names of all authorization scopes of a client.
pub fn scope_names<'a>(state: &'a State, client: &'a Address) -> impl Iterator<Item = &'a str> {
    names_of(state, client, SCOPE)
}

/// Returns whether a client has an authorization scope of this name.
pub fn has_scope(state: &State, client: &Address, name: &str) -> bool {
    state.contains(&client.child(SCOPE, name))
}

/// Returns whether a client has a permission of this name.
pub fn has_permission(state: &State, client: &Address, name: &str) -> bool {
    state.contains(&client.child(PERMISSION, name))
}

fn names_of<'a>(state: &'a State, client: &'a Address, kind: KindName) -> impl Iterator<Item = &'a str> {
    state.under(client).map(|it| it.0).filter(move |it| it.kind() == kind).map(Address::name)
}

/// Returns what of a realm could not be seen and every answer hangs on, and what the credential lacks for that.
pub fn unseen(live: &Live) -> Option<(&'static str, &'static str)> {
    let all = [(USER, "users"), (GROUP, "groups"), (ROLE, "roles"), (CLIENT, "clients")];
    all.into_iter().find_map(|(kind, plural)| match live.known(kind, None) {
        Seen::Not { needs } => Some((plural, *needs)),
        Seen::All | Seen::Only(_) => None,
    })
}

fn uris(object: &Object) -> impl Iterator<Item = &str> {
    object.get("uris").map_or(&[][..], Node::items).iter().filter_map(Node::as_text)
}
