//! What owners of resources share with others: permissions of type `uma`, which no list and no export shows.
//!
//! They are asked for by owner, of clients with resources that users own or whose access their owner manages.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::authz::{name_ids, name_targets, set, unpack, users_by_id};
use super::names::Names;
use super::wire::Wire;
use super::{Draft, at, is_true, rows, section, str_of};
use crate::keycloak::Error;
use crate::kind::segment;

/// A share as the server says it, and the policies that say with whom.
struct Share {
    client: String,
    /// The id of the client.
    id: String,
    row: Value,
    with: Vec<Value>,
}

/// Adds to a draft what is shared. Returns the names of the users whom something is shared with, and of the owners.
pub(super) async fn read(wire: &Wire<'_>, draft: &mut Draft) -> Result<BTreeSet<String>, Error> {
    let sharing: Vec<&Value> = rows(&draft.realm, "clients").iter().filter(|it| may_share(it)).collect();
    if sharing.is_empty() {
        return Ok(BTreeSet::new());
    }
    let read = try_join_all(sharing.iter().map(|it| of_client(wire, it))).await?;
    let sharing: Vec<String> = sharing.into_iter().map(|it| client_id(it).to_owned()).collect();
    let mut shares = Vec::new();
    let mut people = BTreeSet::new();
    for (client, read) in sharing.iter().zip(read) {
        match read {
            Some((found, owners)) => {
                shares.extend(found);
                people.extend(owners);
            }
            None => draft.miss(section("permissions"), Some(at("clients", client))),
        }
    }
    let mut names = Names::of_realm(&draft.realm);
    let named = shares.iter().flat_map(|it| &it.with).filter_map(|it| it.get("users")?.as_array()).flatten();
    let users = users_by_id(wire, named.filter_map(Value::as_str).map(str::to_owned).collect()).await?;
    if let Some(users) = &users {
        names.learn_users(users);
        people.extend(users.iter().filter_map(|it| str_of(it, "username")).map(str::to_owned));
    }
    let mut of_client: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for share in shares {
        let objects = objects(&share, &names);
        of_client.entry(share.client).or_default().extend(objects);
    }
    for client in draft.realm.get_mut("clients").and_then(Value::as_array_mut).into_iter().flatten() {
        let shares = of_client.remove(client_id(client)).unwrap_or_default();
        let Some(settings) = client.get_mut("authorizationSettings").and_then(Value::as_object_mut) else {
            continue;
        };
        if let Value::Array(policies) = settings.entry("policies").or_insert_with(|| json!([])) {
            policies.extend(shares);
        }
    }
    Ok(people)
}

/// Returns whether anybody may have shared a resource of a client.
fn may_share(client: &Value) -> bool {
    let resources = client.pointer("/authorizationSettings/resources").and_then(Value::as_array);
    resources.into_iter().flatten().any(|it| is_true(it, "ownerManagedAccess") || it.get("owner").is_some())
}

fn client_id(client: &Value) -> &str {
    str_of(client, "clientId").unwrap_or_default()
}

/// Returns the id and the name of whom a resource belongs to: where nobody is named, the client itself.
fn owner(resource: &Value, client: &Value) -> Option<(String, String)> {
    let (id, name) = match resource.get("owner") {
        Some(owner) => (str_of(owner, "id")?, str_of(owner, "name")?),
        None => (str_of(client, "id")?, client_id(client)),
    };
    Some((id.to_owned(), name.to_owned()))
}

/// Returns the shares of a client's resources and the users who own some; nothing where they may not be seen.
async fn of_client(wire: &Wire<'_>, client: &Value) -> Result<Option<(Vec<Share>, BTreeSet<String>)>, Error> {
    let id = str_of(client, "id").unwrap_or_default();
    let server = format!("clients/{}/authz/resource-server", segment(id));
    let known = client.pointer("/authorizationSettings/resources").and_then(Value::as_array);
    let known = known.and_then(|it| it.iter().map(|it| owner(it, client)).collect());
    // An export names owners, and says no ids.
    let owners: BTreeMap<String, String> = match known {
        Some(owners) => owners,
        None => match wire.rows(&format!("{server}/resource?max=-1&deep=false")).await? {
            Some(rows) => rows.iter().filter_map(|it| owner(it, client)).collect(),
            None => return Ok(None),
        },
    };
    let paths = owners.keys().map(|it| format!("{server}/policy?owner={}&fields=*&max=-1", segment(it)));
    let owned = try_join_all(paths.map(async |path| wire.rows(&path).await)).await?;
    let Some(owned) = owned.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
    let rows: Vec<Value> = owned.into_iter().flatten().collect();
    let (shares, parts): (Vec<Value>, Vec<Value>) =
        rows.into_iter().partition(|it| str_of(it, "type") == Some("uma"));
    let by_id: BTreeMap<&str, &Value> = parts.iter().filter_map(|it| Some((str_of(it, "id")?, it))).collect();
    let with = try_join_all(shares.iter().map(async |share| {
        let id = segment(str_of(share, "id").unwrap_or_default());
        let rows = wire.all_rows(&format!("{server}/policy/{id}/associatedPolicies")).await?;
        let whole = |row: &Value| {
            let id = str_of(row, "id")?;
            let mut policy = (*by_id.get(id)?).clone();
            unpack(&mut policy);
            Some(policy)
        };
        // A part that no list shows leaves the share unknown.
        Ok::<_, Error>(rows.iter().map(|it| whole(it).unwrap_or_else(|| it.clone())).collect())
    }))
    .await?;
    let share = |(row, with)| Share { client: client_id(client).to_owned(), id: id.to_owned(), row, with };
    let people = owners.into_iter().filter(|it| it.0 != id).map(|it| it.1).collect();
    Ok(Some((shares.into_iter().zip(with).map(share).collect(), people)))
}

/// Returns a share as permissions are written, and the policies that say with whom it is. Where one of these cannot be
/// said, a `condition` stands for that.
fn objects(share: &Share, names: &Names) -> Vec<Value> {
    let mut out = Vec::new();
    let mut permission = share.row.clone();
    name_targets(&mut permission, &share.id);
    for part in &share.with {
        let mut part = part.clone();
        let is_whole = part.get("config").is_some() && name_ids(&mut part, names).is_ok();
        if !is_whole {
            set(&mut permission, "condition", Value::from("unknown"));
        }
        out.push(part);
    }
    let named = out.iter().filter_map(|it| it.get("name").cloned()).collect();
    set(&mut permission, "policies", named);
    out.push(permission);
    out
}
