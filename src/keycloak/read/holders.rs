//! What of a realm users can have: whom to ask for it.

use serde_json::{Map, Value};

use super::{rows, str_of};

/// Whole lists of users, of whom only the ids count.
pub(super) const LIST: &str = "max=-1&briefRepresentation=true";

/// Everything that users can have: roles and groups.
pub(super) struct Holders<'a> {
    pub(super) realm_roles: Vec<&'a str>,
    /// Id and name of the client, name of the role.
    pub(super) client_roles: Vec<(&'a str, &'a str, &'a str)>,
    /// Id and path.
    pub(super) groups: Vec<(&'a str, &'a str)>,
}

impl<'a> Holders<'a> {
    pub(super) fn of_realm(realm: &'a Map<String, Value>) -> Self {
        let roles = realm.get("roles");
        let list = |value: Option<&'a Value>| value.and_then(Value::as_array).into_iter().flatten();
        let realm_roles =
            list(roles.and_then(|it| it.get("realm"))).filter_map(|it| str_of(it, "name")).collect();
        let mut client_roles = Vec::new();
        for client in rows(realm, "clients") {
            let (Some(id), Some(name)) = (str_of(client, "id"), str_of(client, "clientId")) else { continue };
            let its = roles.and_then(|it| it.get("client")).and_then(|it| it.get(name));
            client_roles.extend(list(its).filter_map(|it| Some((id, name, str_of(it, "name")?))));
        }
        let mut groups = Vec::new();
        for group in rows(realm, "groups") {
            add_group(group, &mut groups);
        }
        Self { realm_roles, client_roles, groups }
    }
}

fn add_group<'a>(group: &'a Value, out: &mut Vec<(&'a str, &'a str)>) {
    if let (Some(id), Some(path)) = (str_of(group, "id"), str_of(group, "path")) {
        out.push((id, path));
    }
    for child in group.get("subGroups").and_then(Value::as_array).into_iter().flatten() {
        add_group(child, out);
    }
}
