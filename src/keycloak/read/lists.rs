//! The realm list by list, for a credential that may view and not export.
//!
//! Every list is asked with `max=-1`: without it the server cuts after a hundred rows and does not say so.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::names::Names;
use super::wire::Wire;
use super::{
    Draft, at, authz, client_roles, groups, is_true, may_view, scope_mappings, section, sections,
    service_accounts, str_of,
};
use crate::keycloak::{Error, Rights};
use crate::kind::{kind, realm_address};
use crate::state::Address;

/// A client with what hangs on it, as ids.
struct Client {
    row: Value,
    /// Roles with their composites; nothing where they may not be seen.
    roles: Option<Vec<Role>>,
    account: Option<Value>,
    authz: authz::Lists,
    mappings: Option<Value>,
}

struct Role {
    row: Value,
    composites: Vec<Value>,
}

/// Reads the lists that these rights allow; that of the clients may have been read already.
pub(super) async fn read(
    wire: &Wire<'_>,
    rights: &Rights,
    clients: Option<Vec<Value>>,
) -> Result<Draft, Error> {
    let realm = wire.get("");
    let list = async |name: &str| sections::list(wire, rights, section(name)).await;
    let roles = async { with_composites(wire, list("roles").await?).await };
    let sees_groups = rights.named(section("groups").needs(None)).is_yes();
    let tree = async {
        // Those who may only query get empty lists.
        let tree = if may_view(rights, section("groups")) { groups::read(wire).await? } else { None };
        Ok(tree.filter(|it| sees_groups || !it.is_empty()))
    };
    let of_clients = async {
        let rows = match clients {
            Some(rows) if may_view(rights, section("clients")) => Some(rows),
            _ => list("clients").await?,
        };
        // Every realm has clients.
        let Some(rows) = rows.filter(|it| !it.is_empty()) else { return Ok(None) };
        try_join_all(rows.into_iter().map(|row| client(wire, rights, row))).await.map(Some)
    };
    let names_of = async |path: &'static str, key: &'static str, may: bool| {
        let rows = if may { wire.rows(path).await? } else { None };
        Ok::<_, Error>(
            rows.map(|rows| rows.iter().filter_map(|it| str_of(it, key).map(Value::from)).collect::<Value>()),
        )
    };
    let scopes = async {
        let Some(rows) = list("clientScopes").await? else { return Ok(None) };
        let rows = rows.into_iter().map(async |row| {
            let mappings = scope_mappings::read(wire, "client-scopes", &row).await?;
            Ok::<_, Error>((row, mappings))
        });
        try_join_all(rows).await.map(Some)
    };
    // Without a look at groups this list is empty, whatever the realm says.
    let may_groups = sees_groups && may_view(rights, kind(realm_address().kind()));
    let may_scopes = may_view(rights, section("clientScopes"));
    let (
        realm,
        roles,
        tree,
        clients,
        scopes,
        default_groups,
        default_scopes,
        optional_scopes,
        sections,
        documents,
    ) = tokio::try_join!(
        realm,
        roles,
        tree,
        of_clients,
        scopes,
        names_of("default-groups", "path", may_groups),
        names_of("default-default-client-scopes", "name", may_scopes),
        names_of("default-optional-client-scopes", "name", may_scopes),
        sections::read(wire, rights),
        sections::documents(wire, true),
    )?;
    let mut draft = Draft::of_realm(Map::new());
    if let Value::Object(realm) = realm {
        draft.realm = realm;
    }
    // To those who may not view it, the server shows a stub.
    if !draft.realm.contains_key("sslRequired") {
        draft.realm.retain(|key, _| key == "realm");
        draft.is_stub = true;
    }
    for (field, names) in [
        ("defaultGroups", default_groups),
        ("defaultDefaultClientScopes", default_scopes),
        ("defaultOptionalClientScopes", optional_scopes),
    ] {
        draft.realm.remove(field);
        match names {
            Some(names) => {
                draft.realm.insert(field.to_owned(), names);
            }
            None => {
                draft.unread.insert((realm_address(), field));
            }
        }
    }
    let scopes = scopes.map(|rows| {
        let rows = rows.into_iter().map(|(row, mappings)| {
            scope_mappings::put(&mut draft, "clientScope", str_of(&row, "name"), mappings);
            row
        });
        rows.collect::<Value>()
    });
    put(&mut draft, "clientScopes", scopes);
    put(&mut draft, "groups", tree.map(Value::from));
    sections::put(&mut draft, sections);
    sections::put_documents(&mut draft, documents);
    assemble(wire, draft, roles, clients).await
}

fn put(draft: &mut Draft, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        draft.realm.insert(key.to_owned(), value);
    } else {
        draft.realm.remove(key);
        draft.miss(section(key), None);
    }
}

async fn client(wire: &Wire<'_>, rights: &Rights, row: Value) -> Result<Client, Error> {
    let id = str_of(&row, "id").unwrap_or_default().to_owned();
    let roles = async {
        let rows = wire.rows(&sections::list_of_client(section("roles"), &id)).await?;
        with_composites(wire, rows).await
    };
    let account = async {
        if is_true(&row, "serviceAccountsEnabled") && may_view(rights, section("users")) {
            service_accounts::read(wire, &row).await
        } else {
            Ok(None)
        }
    };
    let authz = async {
        if is_true(&row, "authorizationServicesEnabled") {
            authz::lists(wire, &id, rights).await
        } else {
            Ok(authz::Lists::None)
        }
    };
    let mappings = scope_mappings::read(wire, "clients", &row);
    let (roles, account, authz, mappings) = tokio::try_join!(roles, account, authz, mappings)?;
    Ok(Client { row, roles, account, authz, mappings })
}

async fn with_composites(wire: &Wire<'_>, rows: Option<Vec<Value>>) -> Result<Option<Vec<Role>>, Error> {
    let Some(rows) = rows else { return Ok(None) };
    let roles = rows.into_iter().map(async |row| {
        let composites = match str_of(&row, "id").filter(|_| is_true(&row, "composite")) {
            // By id: a name may hold anything.
            Some(id) => wire.all_rows(&format!("roles-by-id/{id}/composites")).await?,
            None => Vec::new(),
        };
        Ok(Role { row, composites })
    });
    try_join_all(roles).await.map(Some)
}

/// Puts roles, clients, service accounts and authorization together, with names for ids.
async fn assemble(
    wire: &Wire<'_>,
    mut draft: Draft,
    realm_roles: Option<Vec<Role>>,
    clients: Option<Vec<Client>>,
) -> Result<Draft, Error> {
    let client_ids: BTreeMap<String, String> = clients
        .iter()
        .flatten()
        .filter_map(|it| Some((str_of(&it.row, "id")?.to_owned(), str_of(&it.row, "clientId")?.to_owned())))
        .collect();
    let mut roles = Map::new();
    match realm_roles {
        Some(rows) => {
            let rows = named_roles(rows, None, &client_ids, &mut draft);
            roles.insert("realm".to_owned(), rows);
        }
        None => draft.miss(section("roles"), None),
    }
    let mut rows = Vec::new();
    let mut accounts = Vec::new();
    let mut authz = Vec::new();
    if let Some(clients) = clients {
        let mut of_clients = Map::new();
        for client in clients {
            let Some(name) = str_of(&client.row, "clientId").map(str::to_owned) else { continue };
            let address = at("clients", &name);
            match client.roles {
                Some(list) => {
                    let list = named_roles(list, Some(&address), &client_ids, &mut draft);
                    of_clients.insert(name, list);
                }
                None => draft.miss(section("roles"), Some(address.clone())),
            }
            scope_mappings::put(&mut draft, "client", str_of(&client.row, "clientId"), client.mappings);
            accounts.extend(client.account);
            authz.push((address, client.authz));
            rows.push(client.row);
        }
        roles.insert("client".to_owned(), Value::Object(of_clients));
        draft.realm.insert("users".to_owned(), Value::from(accounts));
    } else {
        draft.miss(section("clients"), None);
    }
    draft.realm.insert("roles".to_owned(), Value::Object(roles));
    let has_clients = !rows.is_empty();
    if has_clients {
        draft.realm.insert("clients".to_owned(), Value::from(rows));
    }
    let mut names = Names::of_realm(&draft.realm);
    authz::learn_users(wire, authz.iter().map(|(_, it)| it), &mut names).await?;
    let mut settings: Vec<Option<Value>> = Vec::new();
    for (address, lists) in authz {
        settings.push(authz::settings(lists, &address, &names, &mut draft));
    }
    let clients = draft.realm.get_mut("clients").and_then(Value::as_array_mut).into_iter().flatten();
    for (client, settings) in clients.zip(settings) {
        if let (Some(client), Some(settings)) = (client.as_object_mut(), settings) {
            client.insert("authorizationSettings".to_owned(), settings);
        }
    }
    Ok(draft)
}

/// Gives roles their composites by name. A role whose composites cannot be named is left out, as unknown.
fn named_roles(
    roles: Vec<Role>,
    client: Option<&Address>,
    clients: &BTreeMap<String, String>,
    draft: &mut Draft,
) -> Value {
    let mut rows = Vec::new();
    for mut role in roles {
        let mut of_realm = Vec::new();
        let mut of_clients = Vec::new();
        let mut is_named = true;
        for child in &role.composites {
            let Some(name) = str_of(child, "name") else { continue };
            if !is_true(child, "clientRole") {
                of_realm.push(name);
                continue;
            }
            match str_of(child, "containerId").and_then(|id| clients.get(id)) {
                Some(client) => of_clients.push((client.as_str(), name)),
                None => is_named = false,
            }
        }
        if !is_named {
            draft.miss_for_lack_of(section("clients").needs(None), section("roles"), client.cloned());
            continue;
        }
        if !role.composites.is_empty()
            && let Some(row) = role.row.as_object_mut()
        {
            let mut composites = Map::new();
            if !of_realm.is_empty() {
                composites.insert("realm".to_owned(), json!(of_realm));
            }
            if !of_clients.is_empty() {
                composites.insert("client".to_owned(), client_roles(of_clients));
            }
            row.insert("composites".to_owned(), Value::Object(composites));
        }
        rows.push(role.row);
    }
    Value::from(rows)
}
