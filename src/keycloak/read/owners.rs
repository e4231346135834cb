//! Which resource a permission means where several owners have one of its name: an export says the name alone.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::Value;

use super::authz::{each_policy, name_targets, set};
use super::wire::Wire;
use super::{Draft, at, rows, section, sections, str_of};
use crate::keycloak::Error;

/// Permissions as lists show them, by the id of the client; nothing where they may not be seen.
pub(super) type Listed = BTreeMap<String, Option<Vec<Value>>>;

/// Asks for the permissions that name a resource of several owners.
pub(super) async fn read(wire: &Wire<'_>, draft: &Draft) -> Result<Listed, Error> {
    let unclear = rows(&draft.realm, "clients").iter().filter(|it| is_unclear(it));
    let lists = unclear.filter_map(|it| str_of(it, "id")).map(async |id| {
        let rows = wire.rows(&sections::list_of_client(section("permissions"), id)).await?;
        Ok::<_, Error>((id.to_owned(), rows))
    });
    Ok(try_join_all(lists).await?.into_iter().collect())
}

/// Makes the permissions of a draft name the owners of what they are for.
pub(super) fn put(draft: &mut Draft, mut listed: Listed) {
    let mut unseen = Vec::new();
    for client in draft.realm.get_mut("clients").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some((id, rows)) = str_of(client, "id").and_then(|it| listed.remove_entry(it)) else { continue };
        let Some(rows) = rows else {
            unseen.extend(str_of(client, "clientId").map(|it| at("clients", it)));
            continue;
        };
        let mut targets: BTreeMap<String, Value> = BTreeMap::new();
        for mut row in rows {
            name_targets(&mut row, &id);
            if let (Some(name), Some(resources)) = (str_of(&row, "name"), row.get("resources")) {
                targets.insert(name.to_owned(), resources.clone());
            }
        }
        client.get_mut("authorizationSettings").into_iter().for_each(|settings| {
            each_policy(settings, &mut |it| {
                let resources = str_of(it, "name").and_then(|name| targets.remove(name));
                if let Some(resources) = resources.filter(|_| it.get("resources").is_some()) {
                    set(it, "resources", resources);
                }
            });
        });
    }
    for client in unseen {
        draft.miss(section("permissions"), Some(client));
    }
}

/// Returns whether a permission of a client names a resource that several have.
fn is_unclear(client: &Value) -> bool {
    let list = |field: &str| {
        let list = client.pointer(&format!("/authorizationSettings/{field}")).and_then(Value::as_array);
        list.into_iter().flatten()
    };
    let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
    twice.extend(list("resources").filter_map(|it| str_of(it, "name")).filter(|it| !seen.insert(*it)));
    let named = list("policies").filter_map(|it| it.get("resources")?.as_array()).flatten();
    !twice.is_empty() && named.filter_map(Value::as_str).any(|it| twice.contains(it))
}
