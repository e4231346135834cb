//! From ids to names, by what was read: policies keep ids, people write names.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{rows, section, str_of};
use crate::state::encoded;

/// What an id stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    As(String),
    /// Nothing has this id any more; the server keeps such ids, exports drop them.
    Nothing,
    /// The part that it would stand in was not read.
    Unread {
        needs: &'static str,
    },
}

/// Names by id, of one part of a realm; nothing where the part was not read as a whole.
struct Part {
    names: BTreeMap<String, String>,
    missing: Option<&'static str>,
}

impl Part {
    fn name_of_id(&self, id: &str) -> Named {
        match (self.names.get(id), self.missing) {
            (Some(name), _) => Named::As(name.clone()),
            (None, None) => Named::Nothing,
            (None, Some(needs)) => Named::Unread { needs },
        }
    }
}

/// Names of everything that a policy may refer to, spelled as references are.
pub(super) struct Names {
    roles: Part,
    groups: Part,
    clients: Part,
    client_scopes: Part,
    users: Part,
}

impl Names {
    /// Takes the names from a realm in the shape of an export; lists that are not in it were not read.
    pub(super) fn of_realm(realm: &Map<String, Value>) -> Self {
        let needs = |key: &str| section(key).needs(None);
        let missing = |key: &str| (!realm.contains_key(key)).then(|| needs(key));
        let ids = |key: &str, name: &str| -> BTreeMap<String, String> {
            rows(realm, key).iter().filter_map(|it| pair(it, name)).collect()
        };
        let mut groups = BTreeMap::new();
        for group in rows(realm, "groups") {
            add_group(group, &mut groups);
        }
        let roles = realm.get("roles");
        let part = |key: &str| roles.and_then(|it| it.get(key));
        let mut names = BTreeMap::new();
        for row in part("realm").and_then(Value::as_array).into_iter().flatten() {
            names.extend(pair(row, "name").map(|(id, name)| (id, encoded(&name))));
        }
        for (client, rows) in part("client").and_then(Value::as_object).into_iter().flatten() {
            for row in rows.as_array().into_iter().flatten() {
                names.extend(pair(row, "name").map(|(id, name)| (id, client_role(client, &name))));
            }
        }
        let missing_roles = match (part("realm"), part("client")) {
            (None, _) => Some(needs("roles")),
            (_, None) => Some(needs("clients")),
            _ => None,
        };
        Self {
            roles: Part { names, missing: missing_roles },
            groups: Part { names: groups, missing: missing("groups") },
            clients: Part { names: ids("clients", "clientId"), missing: missing("clients") },
            client_scopes: Part { names: ids("clientScopes", "name"), missing: missing("clientScopes") },
            users: Part { names: ids("users", "username"), missing: Some(needs("users")) },
        }
    }

    /// Adds users that were asked for by id, and says that those without a row do not exist.
    pub(super) fn learn_users<'a>(&mut self, rows: impl IntoIterator<Item = &'a Value>) {
        self.users.names.extend(rows.into_iter().filter_map(|it| pair(it, "username")));
        self.users.missing = None;
    }

    /// Returns what an id in a field of a policy stands for.
    pub(super) fn of_field(&self, field: &str, id: &str) -> Named {
        match field {
            "roles" => self.roles.name_of_id(id),
            "groups" => self.groups.name_of_id(id),
            "clients" => self.clients.name_of_id(id),
            "clientScopes" => self.client_scopes.name_of_id(id),
            "users" => self.users.name_of_id(id),
            _ => Named::As(id.to_owned()),
        }
    }
}

/// Spells a role of a client as references do.
pub(super) fn client_role(client: &str, role: &str) -> String {
    format!("{}/{}", encoded(client), encoded(role))
}

fn pair(row: &Value, name: &str) -> Option<(String, String)> {
    Some((str_of(row, "id")?.to_owned(), str_of(row, name)?.to_owned()))
}

fn add_group(row: &Value, out: &mut BTreeMap<String, String>) {
    out.extend(pair(row, "path"));
    for child in row.get("subGroups").and_then(Value::as_array).into_iter().flatten() {
        add_group(child, out);
    }
}
