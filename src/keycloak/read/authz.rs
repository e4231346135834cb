//! Authorization of a client, read by lists and put into the shape of an export.
//!
//! The lists hold everything but which policies a permission or an aggregate applies; that is asked from the
//! side with fewer objects. Rows of those answers are good for ids only: they call every policy positive and
//! unanimous, whatever it is.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::names::{Named, Names};
use super::wire::Wire;
use super::{Draft, section, sections, str_of};
use crate::keycloak::{Error, ErrorKind, Right, Rights};
use crate::kind::{KINDS, Kind, listed_name, segment};
use crate::state::Address;

/// Lists in JSON that policies keep as texts in `config`, and the fields that they are.
const PACKED: &[(&str, &str)] = &[
    ("roles", "roles"),
    ("users", "users"),
    ("groups", "groups"),
    ("clients", "clients"),
    ("clientScopes", "clientScopes"),
    ("applyPolicies", "policies"),
    ("resources", "resources"),
    ("scopes", "scopes"),
];

/// Types of policies whose `config` is known; others keep theirs as it is.
const KNOWN_TYPES: &[&str] =
    &["role", "user", "group", "client", "client-scope", "aggregate", "resource", "scope", "uma"];

/// Where a client has them.
const SETTINGS: &str = "authorizationSettings";

/// Returns whether a kind is shown to those who may view the authorization of clients.
fn is_of_authorization(kind: &Kind) -> bool {
    kind.routes.needs == section(SETTINGS).routes.needs
}

/// What the lists of one client brought.
pub(super) enum Lists {
    /// The client has no authorization.
    None,
    Unreadable,
    Read(Box<Server>),
}

pub(super) struct Server {
    pub(super) client: String,
    pub(super) settings: Value,
    pub(super) scopes: Vec<Value>,
    pub(super) resources: Vec<Value>,
    pub(super) policies: Vec<Value>,
    pub(super) permissions: Vec<Value>,
    /// Ids of the policies that a permission or aggregate applies, by its id.
    pub(super) applied: BTreeMap<String, BTreeSet<String>>,
}

pub(super) async fn lists(wire: &Wire<'_>, client: &str, rights: &Rights) -> Result<Lists, Error> {
    let settings = section(SETTINGS);
    if rights.named(settings.routes.needs) == Right::No {
        return Ok(Lists::Unreadable);
    }
    let server = sections::own_of_client(settings, client);
    let paths = ["scopes", "resources", "policies", "permissions"]
        .map(|it| sections::list_of_client(section(it), client));
    let [scopes, resources, policies, permissions] = &paths;
    let (settings, scopes, resources, policies, permissions) = tokio::try_join!(
        wire.value(&server),
        wire.rows(scopes),
        wire.rows(resources),
        wire.rows(policies),
        wire.rows(permissions),
    )?;
    let (Some(settings), Some(scopes), Some(resources), Some(mut policies), Some(permissions)) =
        (settings, scopes, resources, policies, permissions)
    else {
        return Ok(Lists::Unreadable);
    };
    policies.iter_mut().for_each(unpack);
    let applied = applied(wire, &server, &policies, &permissions).await?;
    Ok(Lists::Read(Box::new(Server {
        client: client.to_owned(),
        settings,
        scopes,
        resources,
        policies,
        permissions,
        applied,
    })))
}

async fn applied(
    wire: &Wire<'_>,
    server: &str,
    policies: &[Value],
    permissions: &[Value],
) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
    let ids = |rows: &[Value]| -> Vec<String> {
        rows.iter().filter_map(|it| str_of(it, "id")).map(str::to_owned).collect()
    };
    let aggregates = policies.iter().filter(|it| str_of(it, "type") == Some("aggregate"));
    let mut appliers = ids(permissions);
    appliers.extend(aggregates.filter_map(|it| str_of(it, "id")).map(str::to_owned));
    let policies = ids(policies);
    let ask_policies = policies.len() < appliers.len();
    let (asked, path) =
        if ask_policies { (&policies, "dependentPolicies") } else { (&appliers, "associatedPolicies") };
    let answers = try_join_all(asked.iter().map(async |id| {
        let rows = wire.all_rows(&format!("{server}/policy/{id}/{path}")).await?;
        Ok::<_, Error>(ids(&rows))
    }))
    .await?;
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (asked, others) in asked.iter().zip(answers) {
        for other in others {
            let (applier, policy) =
                if ask_policies { (other, asked.clone()) } else { (asked.clone(), other) };
            out.entry(applier).or_default().insert(policy);
        }
    }
    Ok(out)
}

/// Asks for the users that policies name and that are not known yet.
pub(super) async fn learn_users<'a>(
    wire: &Wire<'_>,
    lists: impl Iterator<Item = &'a Lists>,
    names: &mut Names,
) -> Result<(), Error> {
    let mut ids = BTreeSet::new();
    for list in lists {
        let Lists::Read(server) = list else { continue };
        let users =
            server.policies.iter().filter_map(|it| it.get("users").and_then(Value::as_array)).flatten();
        ids.extend(
            users
                .filter_map(Value::as_str)
                .filter(|id| matches!(names.of_field("users", id), Named::Unread { .. }))
                .map(str::to_owned),
        );
    }
    if let Some(rows) = users_by_id(wire, ids).await? {
        names.learn_users(&rows);
    }
    Ok(())
}

/// Returns the users with these ids who are there; nothing where users may not be seen.
pub(super) async fn users_by_id(wire: &Wire<'_>, ids: BTreeSet<String>) -> Result<Option<Vec<Value>>, Error> {
    let paths = ids.iter().map(|id| format!("users/{}", segment(id)));
    let rows = try_join_all(paths.map(async |path| match wire.get(&path).await {
        Ok(row) => Ok(Some(row)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(Value::Null)),
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden { .. }) => Ok(None),
        Err(error) => Err(error),
    }))
    .await?;
    Ok(rows.into_iter().collect())
}

/// Puts the lists together with names for ids; what cannot be named is recorded as missing.
pub(super) fn settings(lists: Lists, client: &Address, names: &Names, draft: &mut Draft) -> Option<Value> {
    let server = match lists {
        Lists::None => return None,
        Lists::Unreadable => {
            for kind in KINDS.iter().filter(|it| is_of_authorization(it)) {
                draft.miss(kind, Some(client.clone()));
            }
            return None;
        }
        Lists::Read(server) => *server,
    };
    let policy_names: BTreeMap<&str, &str> =
        server.policies.iter().filter_map(|it| Some((str_of(it, "id")?, str_of(it, "name")?))).collect();
    let applied = |row: &Value| -> Value {
        let ids = str_of(row, "id").and_then(|id| server.applied.get(id)).into_iter().flatten();
        let mut applied: Vec<&str> = ids.filter_map(|id| policy_names.get(id.as_str()).copied()).collect();
        applied.sort_unstable();
        json!(applied)
    };
    let mut policies = Vec::new();
    for row in &server.policies {
        let mut policy = row.clone();
        if str_of(row, "type") == Some("aggregate") {
            set(&mut policy, "policies", applied(row));
        }
        match name_ids(&mut policy, names) {
            Ok(()) => policies.push(policy),
            Err(needs) => draft.miss_for_lack_of(needs, section("policies"), Some(client.clone())),
        }
    }
    for row in &server.permissions {
        let mut permission = row.clone();
        name_targets(&mut permission, &server.client);
        set(&mut permission, "policies", applied(row));
        policies.push(permission);
    }
    let mut resources = server.resources;
    for resource in &mut resources {
        let owner = resource.pointer("/owner/id").and_then(Value::as_str);
        if owner == Some(&server.client)
            && let Some(resource) = resource.as_object_mut()
        {
            resource.remove("owner");
        }
    }
    let mut settings = server.settings;
    for (key, rows) in [("scopes", server.scopes), ("resources", resources), ("policies", policies)] {
        set(&mut settings, key, Value::from(rows));
    }
    Some(settings)
}

/// Replaces the ids of resources and scopes in a permission of a client by the names that come along.
pub(super) fn name_targets(permission: &mut Value, client: &str) {
    let Some(permission) = permission.as_object_mut() else { return };
    for (data, field) in [("resourcesData", "resources"), ("scopesData", "scopes")] {
        let rows = permission.remove(data);
        let rows = rows.as_ref().and_then(Value::as_array).into_iter().flatten();
        let listed: Vec<Value> = rows.filter_map(|it| listed_name(it, client).map(Value::from)).collect();
        permission.insert(field.to_owned(), Value::from(listed));
    }
}

pub(super) fn set(value: &mut Value, key: &str, to: Value) {
    if let Some(map) = value.as_object_mut() {
        map.insert(key.to_owned(), to);
    }
}

/// Replaces ids in the fields of a policy by names; ids of nothing are dropped, as exports do.
pub(super) fn name_ids(policy: &mut Value, names: &Names) -> Result<(), &'static str> {
    let mut missing = None;
    for (field, key) in
        [("roles", "id"), ("clientScopes", "id"), ("groups", "id"), ("users", ""), ("clients", "")]
    {
        each_item(policy, field, key, &mut |id| match names.of_field(field, id) {
            Named::As(name) => Some(name),
            Named::Nothing => None,
            Named::Unread { needs } => {
                missing = Some(needs);
                None
            }
        });
    }
    for group in policy.get_mut("groups").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(group) = group.as_object_mut()
            && let Some(path) = group.remove("id")
        {
            group.insert("path".to_owned(), path);
        }
    }
    missing.map_or(Ok(()), Err)
}

/// Replaces the text of every item of a list (its value under `key`, or the item itself), or drops the item.
pub(super) fn each_item(
    policy: &mut Value,
    field: &str,
    key: &str,
    replace: &mut dyn FnMut(&str) -> Option<String>,
) {
    let Some(items) = policy.get_mut(field).and_then(Value::as_array_mut) else { return };
    items.retain_mut(|item| {
        let slot = if key.is_empty() { Some(item) } else { item.get_mut(key) };
        match slot {
            Some(Value::String(text)) => match replace(text) {
                Some(new) => {
                    *text = new;
                    true
                }
                None => false,
            },
            _ => true,
        }
    });
}

pub(super) fn each_policy(settings: &mut Value, f: &mut dyn FnMut(&mut Value)) {
    settings.get_mut("policies").and_then(Value::as_array_mut).into_iter().flatten().for_each(f);
}

/// Moves lists that are kept as texts in `config` to the fields that they are.
pub(super) fn unpack(policy: &mut Value) {
    if !str_of(policy, "type").is_some_and(|it| KNOWN_TYPES.contains(&it)) {
        return;
    }
    let Some(config) = policy.get_mut("config").and_then(Value::as_object_mut) else { return };
    let mut lists = Map::new();
    for (key, field) in PACKED {
        let parsed = config.get(*key).and_then(Value::as_str).and_then(|it| serde_json::from_str(it).ok());
        if let Some(list @ Value::Array(_)) = parsed {
            config.remove(*key);
            lists.insert((*field).to_owned(), list);
        }
    }
    if let Some(policy) = policy.as_object_mut() {
        policy.extend(lists);
    }
}

/// Makes both sources say the same: empty lists only where they mean something.
pub(super) fn spell(settings: &mut Value) {
    each_policy(settings, &mut |policy| {
        let kind = str_of(policy, "type").unwrap_or_default().to_owned();
        let Some(policy) = policy.as_object_mut() else { return };
        let is_permission = matches!(kind.as_str(), "resource" | "scope");
        for field in ["resources", "scopes"] {
            if is_permission && policy.get(field).and_then(Value::as_array).is_some_and(Vec::is_empty) {
                policy.remove(field);
            }
        }
        if is_permission || kind == "aggregate" {
            policy.entry("policies").or_insert_with(|| json!([]));
        }
    });
}
