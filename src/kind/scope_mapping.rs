//! Scope mappings: the roles that tokens of a client without full scope may carry beside the client's own, and the
//! roles of which a user needs one for a client scope to apply.
//!
//! A realm representation lists them by role (`scopeMappings` those of the realm, `clientScopeMappings` those of
//! each client); they are links of the client or client scope that has them, written at its `scope-mappings`.

use super::{CLIENT, CLIENT_SCOPE, Compare, Field, Link, ROLE, Sent};
use crate::state::{Address, Is, Node, Object};
use crate::text::{Code, Key, Note, Reader, Tree, TreeIs};

pub(super) const OF_REALM: Field = Field {
    compare: Compare::Refs(ROLE),
    sent: Sent::Links(Link::Mappings("scope-mappings")),
    ..super::field("scopeMappings")
};

pub(super) const OF_CLIENTS: Field = Field {
    compare: Compare::ClientRoles,
    sent: Sent::Links(Link::Mappings("scope-mappings")),
    ..super::field("clientScopeMappings")
};

/// Returns whether a field is written at the realm and not at the object that it is of.
pub(super) fn is_one(field: &str) -> bool {
    [OF_REALM.name, OF_CLIENTS.name].contains(&field)
}

/// Returns whether an object is named by scope mappings alone, which make nothing.
pub fn is_only_mapped(object: &Object) -> bool {
    !object.fields.is_empty() && object.fields.keys().all(|it| is_one(it))
}

/// Reads both lists of a realm: `[{client, roles}]`, and a map of client to such lists.
pub(super) fn lift(key: &Key, value: &Tree, notes: &mut Vec<Note>) -> Vec<(Address, Object)> {
    let mut reader = Reader { notes, not_yet: &[] };
    if &*key.name == OF_REALM.name {
        return rows(key, value, None, &mut reader);
    }
    let clients = reader.map(key, value).iter();
    let clients: Vec<(&Key, &Tree)> = clients.map(|(key, value)| (key, value)).collect();
    clients
        .into_iter()
        .flat_map(|(client, value)| {
            rows(client, value, Some(&Address::top(CLIENT, client.name.clone())), &mut reader)
        })
        .collect()
}

fn rows(key: &Key, value: &Tree, of: Option<&Address>, reader: &mut Reader<'_>) -> Vec<(Address, Object)> {
    if !matches!(value.is, TreeIs::List(_) | TreeIs::Null) {
        reader.wrong(key, value, "a list");
    }
    value.items().iter().filter_map(|it| row(it, of, reader)).collect()
}

fn row(tree: &Tree, of: Option<&Address>, reader: &mut Reader<'_>) -> Option<(Address, Object)> {
    let (mut holder, mut roles, mut at) = (None, Vec::new(), tree.at);
    for (key, value) in reader.entries(tree, "a scope mapping", &["self", "client", "clientScope", "roles"]) {
        match &*key.name {
            "client" => holder = reader.text(key, value).map(|it| Address::top(CLIENT, it)),
            "clientScope" => holder = reader.text(key, value).map(|it| Address::top(CLIENT_SCOPE, it)),
            "roles" => {
                at = value.at;
                let names = reader.texts(key, value);
                roles = names.into_iter().zip(value.items()).collect();
            }
            _ => {}
        }
    }
    if holder.is_none() {
        reader.notes.push(
            Note::error(
                Code::Missing,
                "a scope mapping of nobody",
                tree.at,
                "needs `client` or `clientScope`",
            )
            .help("write `{ client: NAME, roles: [NAME] }`"),
        );
    }
    let role = |name: String| match of {
        Some(client) => client.child(ROLE, name),
        None => Address::top(ROLE, name),
    };
    let refs = roles.into_iter().map(|(name, it)| Node::new(it.at, Is::Ref(role(name))));
    let mut object = Object::new(tree.at);
    let field = if of.is_some() { OF_CLIENTS.name } else { OF_REALM.name };
    object.fields.insert(field.into(), Node::new(at, Is::List(refs.collect())));
    Some((holder?, object))
}
