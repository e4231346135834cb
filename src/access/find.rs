//! Which resources a person means: by name, by a pattern, or by a concrete URI.

use super::uri::{Known, found};
use crate::kind::{RESOURCE, SETTINGS, Version, own_name};
use crate::state::{Address, Node, Object, State, stars_match};

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

fn uris(object: &Object) -> impl Iterator<Item = &str> {
    object.get("uris").map_or(&[][..], Node::items).iter().filter_map(Node::as_text)
}
