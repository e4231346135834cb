//! The whole realm in one request: the partial export, and client secrets, which it masks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::names::client_role;
use super::wire::Wire;
use super::{Draft, authz, str_of};
use crate::keycloak::Error;
use crate::state::encoded;

/// Asks for the export.
pub(super) async fn ask(wire: &Wire<'_>) -> Result<Value, Error> {
    wire.read_by_post("partial-export?exportClients=true&exportGroupsAndRoles=true").await
}

/// Takes an export for what it is, with secrets from a list of clients where there is one.
pub(super) fn draft(export: Value, listed: Option<Vec<Value>>) -> Draft {
    let Value::Object(mut realm) = export else { return Draft::default() };
    show_secrets(&mut realm, &listed.unwrap_or_default());
    let roles = Roles::of_realm(&realm);
    let mut draft = Draft::of_realm(realm);
    for client in draft.realm.get_mut("clients").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(settings) = client.get_mut("authorizationSettings") else { continue };
        authz::each_policy(settings, &mut |policy| {
            authz::unpack(policy);
            authz::each_item(policy, "roles", "id", &mut |text| Some(roles.spelled(text)));
        });
    }
    draft
}

/// Replaces the mask of each secret by what the list of clients says. Where an export shows no mask, there is no secret.
fn show_secrets(realm: &mut Map<String, Value>, listed: &[Value]) {
    let secrets: BTreeMap<&str, &str> =
        listed.iter().filter_map(|it| Some((str_of(it, "id")?, str_of(it, "secret")?))).collect();
    for client in realm.get_mut("clients").and_then(Value::as_array_mut).into_iter().flatten() {
        let secret = str_of(client, "id").and_then(|id| secrets.get(id)).copied();
        let is_public = client.get("publicClient").and_then(Value::as_bool) == Some(true);
        let Some(client) = client.as_object_mut() else { continue };
        match secret {
            Some(secret) => drop(client.insert("secret".to_owned(), Value::from(secret))),
            None if !is_public => drop(client.entry("secret").or_insert(Value::Null)),
            None => {}
        }
    }
}

/// The roles of a realm, to tell `client/role` from a realm role with a slash in its name.
struct Roles {
    of_realm: BTreeSet<String>,
    of_clients: BTreeMap<String, BTreeSet<String>>,
}

impl Roles {
    fn of_realm(realm: &Map<String, Value>) -> Self {
        let names = |list: Option<&Value>| -> BTreeSet<String> {
            let list = list.and_then(Value::as_array).into_iter().flatten();
            list.filter_map(|it| str_of(it, "name")).map(str::to_owned).collect()
        };
        let roles = realm.get("roles");
        let clients = roles.and_then(|it| it.get("client")).and_then(Value::as_object).into_iter().flatten();
        Self {
            of_realm: names(roles.and_then(|it| it.get("realm"))),
            of_clients: clients.map(|(client, list)| (client.clone(), names(Some(list)))).collect(),
        }
    }

    /// Spells a role as references do. Where both readings exist the export does not tell which is meant: the
    /// realm's role is taken, and the lists would be needed to be sure.
    fn spelled(&self, text: &str) -> String {
        if self.of_realm.contains(text) {
            return encoded(text);
        }
        let of_client = text.match_indices('/').find_map(|(at, _)| {
            let (client, role) = (&text[..at], &text[at + 1..]);
            self.of_clients.get(client).is_some_and(|it| it.contains(role)).then(|| client_role(client, role))
        });
        of_client.unwrap_or_else(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn roles_with_slashes_are_told_from_roles_of_clients() {
        let Value::Object(realm) = json!({
            "roles": {
                "realm": [{ "name": "a" }, { "name": "b/c" }, { "name": "100%" }],
                "client": { "app": [{ "name": "x/y" }], "https://sp/1": [{ "name": "r" }] },
            }
        }) else {
            panic!("a map")
        };
        let roles = Roles::of_realm(&realm);
        for (text, spelled) in [
            ("a", "a"),
            ("b/c", "b%2Fc"),
            ("100%", "100%25"),
            ("app/x/y", "app/x%2Fy"),
            ("https://sp/1/r", "https:%2F%2Fsp%2F1/r"),
            ("gone/role", "gone/role"),
        ] {
            assert_eq!(roles.spelled(text), spelled);
        }
    }
}
