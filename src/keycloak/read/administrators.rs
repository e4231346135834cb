//! Who administers a realm: users who hold its administrators' role, directly, through other roles or groups.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use serde_json::{Map, Value};

use super::holders::{Holders, LIST};
use super::wire::Wire;
use super::{rows, str_of, text};
use crate::keycloak::Error;
use crate::kind::{administrator, segment};

/// A role by the client that has it, empty for those of the realm, and its name.
type Role<'a> = (&'a str, &'a str);

/// Returns the names of all users who administer the realm, service accounts among them.
pub(super) async fn names(
    wire: &Wire<'_>,
    realm: &Map<String, Value>,
    holders: &Holders<'_>,
) -> Result<BTreeSet<String>, Error> {
    let target = administrator(&text(realm, "realm").unwrap_or_default());
    let client = target.parent();
    let target = (client.as_ref().map_or("", |it| it.name()), target.name());
    let roles = carrying(realm, target);
    let groups = carrying_groups(realm, &roles);
    let of_realm = holders.realm_roles.iter().filter(|it| roles.contains(&("", **it)));
    let of_clients =
        holders.client_roles.iter().filter(|(_, client, role)| roles.contains(&(*client, *role)));
    let paths = of_realm
        .map(|role| format!("roles/{}/users?{LIST}", segment(role)))
        .chain(of_clients.map(|(id, _, role)| format!("clients/{id}/roles/{}/users?{LIST}", segment(role))))
        .chain(groups.iter().map(|id| format!("groups/{id}/members?{LIST}")));
    let lists = try_join_all(paths.map(async |path| wire.all_rows(&path).await)).await?;
    let names = lists.iter().flatten().filter_map(|it| str_of(it, "username"));
    Ok(names.map(str::to_lowercase).collect())
}

/// Returns a role and everything that is composed of it.
fn carrying<'a>(realm: &'a Map<String, Value>, target: Role<'a>) -> BTreeSet<Role<'a>> {
    let roles = realm.get("roles");
    let mut all: Vec<(Role<'a>, BTreeSet<Role<'a>>)> = Vec::new();
    let mut add = |client: &'a str, list: Option<&'a Value>| {
        for role in list.and_then(Value::as_array).into_iter().flatten() {
            let Some(name) = str_of(role, "name") else { continue };
            all.push(((client, name), held(role.get("composites"), "realm", "client")));
        }
    };
    add("", roles.and_then(|it| it.get("realm")));
    for (client, list) in
        roles.and_then(|it| it.get("client")).and_then(Value::as_object).into_iter().flatten()
    {
        add(client, Some(list));
    }
    let mut out = BTreeSet::from([target]);
    loop {
        let more: Vec<Role<'_>> = all
            .iter()
            .filter(|(role, parts)| !out.contains(role) && !parts.is_disjoint(&out))
            .map(|(role, _)| *role)
            .collect();
        if more.is_empty() {
            return out;
        }
        out.extend(more);
    }
}

/// Returns the roles that a representation lists under these keys.
fn held<'a>(value: Option<&'a Value>, of_realm: &str, of_clients: &str) -> BTreeSet<Role<'a>> {
    let texts = |value: Option<&'a Value>| {
        value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    };
    let clients = value.and_then(|it| it.get(of_clients)).and_then(Value::as_object).into_iter().flatten();
    let of_clients =
        clients.flat_map(|(client, names)| texts(Some(names)).map(move |it| (client.as_str(), it)));
    texts(value.and_then(|it| it.get(of_realm))).map(|it| ("", it)).chain(of_clients).collect()
}

/// Returns the ids of the groups that give one of these roles; what a group gives, those under it give too.
fn carrying_groups<'a>(realm: &'a Map<String, Value>, roles: &BTreeSet<Role<'_>>) -> Vec<&'a str> {
    fn walk<'a>(group: &'a Value, above: bool, roles: &BTreeSet<Role<'_>>, out: &mut Vec<&'a str>) {
        let gives = above || !held(Some(group), "realmRoles", "clientRoles").is_disjoint(roles);
        out.extend(str_of(group, "id").filter(|_| gives));
        for child in group.get("subGroups").and_then(Value::as_array).into_iter().flatten() {
            walk(child, gives, roles, out);
        }
    }
    let mut out = Vec::new();
    for group in rows(realm, "groups") {
        walk(group, false, roles, &mut out);
    }
    out
}
