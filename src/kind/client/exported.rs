//! What exports leave unsaid, because Keycloak's own import adds it: service accounts of clients with
//! authorization, and authorization scopes that only resources name.

use std::collections::BTreeSet;
use std::path::Path;

use crate::kind::{CLIENT, RESOURCE, SCOPE, title};
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note, Tree};

/// Adds what an import would add to the clients of a document that are written as an export writes them.
pub fn complete_export(
    document: &Tree,
    path: &Path,
    pieces: &mut Vec<(Address, Object)>,
    notes: &mut Vec<Note>,
) {
    let is_export =
        document.get("keycloakVersion").is_some() || path.extension().is_some_and(|it| it == "json");
    for client in document.get("clients").map_or(&[][..], Tree::items) {
        let Some(settings) = client.get("authorizationSettings") else { continue };
        let Some(name) = client.get("clientId").and_then(Tree::scalar) else { continue };
        let lists = [settings.get("policies"), settings.get("permissions")];
        let has_config =
            lists.into_iter().flatten().flat_map(Tree::items).any(|it| it.get("config").is_some());
        if is_export || has_config {
            let address = Address::top(CLIENT, name);
            if let Some((_, client)) = pieces.iter_mut().find(|(it, _)| *it == address) {
                confidential(&address, client, notes);
            }
            scopes(&address, pieces);
        }
    }
}

/// A client with authorization has a service account, and is neither public nor bearer-only.
fn confidential(address: &Address, client: &mut Object, notes: &mut Vec<Note>) {
    let Some(switch) = client.get("authorizationServicesEnabled").filter(|it| it.as_bool() == Some(true))
    else {
        return;
    };
    let at = switch.at;
    if !client.is_true("serviceAccountsEnabled") {
        client.fields.insert("serviceAccountsEnabled".into(), Node::bool(at, true));
        let words = format!("{} gets a service account", title(address));
        notes.push(
            Note::remark(
                Code::NeedsServiceAccount,
                words,
                at,
                "authorization needs one, and an import makes it",
            )
            .help("say `serviceAccountsEnabled: true`"),
        );
    }
    for field in ["publicClient", "bearerOnly"] {
        let Some(node) = client.fields.get_mut(field).filter(|it| it.as_bool() == Some(true)) else {
            continue;
        };
        let place = node.at;
        *node = Node::bool(place, false);
        let words = format!("{} becomes confidential: it has authorization", title(address));
        notes.push(
            Note::warning(Code::ImpossibleAuthorization, words, place, "an import takes this as false")
                .and(at, "authorization is declared here")
                .help(format!("say `{field}: false`, or take the authorization out")),
        );
    }
}

/// A resource brings the scopes that it names.
fn scopes(client: &Address, pieces: &mut Vec<(Address, Object)>) {
    let declared: BTreeSet<Address> = pieces.iter().map(|it| it.0.clone()).collect();
    let mut missing: Vec<(Address, Object)> = Vec::new();
    for (_, resource) in pieces.iter().filter(|(it, _)| it.kind() == RESOURCE && it.is_under(client)) {
        resource.each_ref(&mut |_, scope, at| {
            let is_known = declared.contains(scope) || missing.iter().any(|it| it.0 == *scope);
            if scope.kind() == SCOPE && !is_known {
                missing.push((scope.clone(), Object::new(at)));
            }
        });
    }
    pieces.extend(missing);
}
