//! The parts of a realm that is declared as an export writes it: found by name, and forgotten with what names them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::access::random::{Random, SHARES, setup};
use crate::tree::{list, word};

/// The names of the entries of a list.
pub(super) fn names(all: &Value, key: &str) -> Vec<String> {
    list(all).iter().map(|it| word(&it[key])).collect()
}

/// One of them; nothing where there is none.
pub(super) fn one(of: &Value, all: &str, key: &str, random: &mut Random) -> Option<String> {
    let names = names(&of[all], key);
    (!names.is_empty()).then(|| random.of(&names).clone())
}

pub(super) fn has(all: &Value, key: &str, name: &str) -> bool {
    list(all).iter().any(|it| it[key] == name)
}

pub(super) fn named(all: &Value, name: &str) -> bool {
    list(all).iter().any(|it| it == name)
}

pub(super) fn entry<'a>(of: &'a mut Value, all: &str, key: &str, name: &str) -> Option<&'a mut Value> {
    of[all].as_array_mut()?.iter_mut().find(|it| it[key] == name)
}

pub(super) fn client<'a>(realm: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    entry(realm, "clients", "clientId", name)
}

/// The authorization of the one client that has any.
pub(super) fn authz(realm: &mut Value) -> &mut Value {
    let clients = realm["clients"].as_array_mut().into_iter().flatten();
    let rs = clients.into_iter().find(|it| it["clientId"] == "rs");
    &mut rs.expect("the resource server never goes")["authorizationSettings"]
}

pub(super) fn default_role(realm: &mut Value) -> &mut Value {
    &mut realm["default role"]
}

/// Adds a name to a list, or takes it away, and says which.
pub(super) fn toggle(all: &mut Value, name: &str) -> Option<String> {
    if all.is_null() {
        *all = json!([]);
    }
    let all = all.as_array_mut()?;
    let before = all.len();
    all.retain(|it| it != name);
    if all.len() < before {
        return Some(format!("- {name}"));
    }
    all.push(json!(name));
    Some(format!("+ {name}"))
}

/// The policies that a permission or an aggregate applies.
pub(super) fn policies_of(of: &Value) -> Vec<String> {
    texts(of, "applyPolicies").iter().map(word).collect()
}

fn texts(of: &Value, field: &str) -> Vec<Value> {
    of["config"][field].as_str().and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default()
}

/// Returns whether everything that a policy names is there, and it names something.
pub(super) fn of_config(realm: &mut Value, policy: &Value) -> Option<()> {
    let mut groups = Vec::new();
    paths(&realm["groups"], "", &mut groups);
    for (field, there) in [
        ("roles", [names(&realm["roles"]["realm"], "name"), client_roles(realm)].concat()),
        ("users", names(&realm["users"], "username")),
        ("groups", groups),
        ("clients", names(&realm["clients"], "clientId")),
        ("clientScopes", names(&realm["clientScopes"], "name")),
    ] {
        if policy["config"][field].is_null() {
            continue;
        }
        let named = texts(policy, field);
        let is_there = |it: &Value| there.contains(&named_by(it));
        (!named.is_empty() && named.iter().all(is_there)).then_some(())?;
    }
    let is_endless = policy["type"] == "time" && policy["config"].as_object()?.is_empty();
    (!is_endless).then_some(())
}

fn client_roles(realm: &Value) -> Vec<String> {
    let of = |client: &str| {
        let names = names(&realm["roles"]["client"][client], "name");
        names.into_iter().map(|it| format!("{client}/{it}")).collect::<Vec<_>>()
    };
    [of("rs"), of("narrow")].concat()
}

fn paths(groups: &Value, above: &str, out: &mut Vec<String>) {
    for group in list(groups) {
        let path = format!("{above}/{}", word(&group["name"]));
        paths(&group["subGroups"], &path, out);
        out.push(path);
    }
}

/// What an item of a policy's list names: itself, or by id or path.
fn named_by(item: &Value) -> String {
    let word = |it: &Value| it.as_str().map(str::to_owned);
    word(item).or_else(|| word(&item["id"])).or_else(|| word(&item["path"])).unwrap_or_default()
}

/// Takes something out of the realm, and whatever names it; policies and permissions that would be empty go as well.
pub(super) fn forget(realm: &mut Value, all: &str, key: &str, name: &str) -> Option<String> {
    let id = match all {
        "policies" | "resources" => {
            let entry = entry(authz(realm), all, key, name)?;
            let id = word(&entry["_id"]);
            authz(realm)[all].as_array_mut()?.retain(|it| it[key] != name);
            id
        }
        _ => {
            let (of, all) = all.split_once('/').map_or((None, all), |(of, all)| (Some(of), all));
            let of = match of {
                Some(of) => &mut realm[of],
                None => &mut *realm,
            };
            entry(of, all, key, name)?;
            of[all].as_array_mut()?.retain(|it| it[key] != name);
            String::new()
        }
    };
    let fields: &[&str] = match all {
        "policies" => &["applyPolicies"],
        "resources" => &["resources"],
        "users" => &["users"],
        "clients" => &["clients"],
        "clientScopes" => &["clientScopes"],
        _ => &["roles"],
    };
    loop {
        let mut empty = Vec::new();
        for policy in authz(realm)["policies"].as_array_mut()? {
            for field in fields {
                let mut items = texts(policy, field);
                let before = items.len();
                items.retain(|it| !names_it(it, name, &id));
                if items.len() == before {
                    continue;
                }
                if items.is_empty() {
                    empty.push(word(&policy["name"]));
                }
                policy["config"][*field] = json!(json!(items).to_string());
            }
        }
        if empty.is_empty() {
            break;
        }
        for policy in empty {
            forget(realm, "policies", "name", &policy);
        }
    }
    match all {
        "roles/realm" => everywhere(realm, &["realmRoles", "realm", "roles"], name),
        "clientScopes" => {
            everywhere(realm, &["defaultClientScopes", "optionalClientScopes"], name);
            holders(realm, "clientScope", name);
        }
        "clients" => {
            holders(realm, "client", name);
            let account = format!("service-account-{name}");
            realm["accounts"].as_array_mut()?.retain(|it| it["username"] != *account);
        }
        _ => {}
    }
    if all == "roles/realm" {
        for holder in ["clients", "clientScopes"] {
            for of in realm[holder].as_array_mut()? {
                let mappers = of["protocolMappers"].as_array_mut().into_iter();
                mappers.for_each(|it| it.retain(|it| it["config"]["role"] != name));
            }
        }
    }
    Some(format!("- {name}"))
}

fn names_it(item: &Value, name: &str, id: &str) -> bool {
    let named = named_by(item);
    named == name || (!id.is_empty() && named == id)
}

/// Takes a name out of all lists of these names.
fn everywhere(at: &mut Value, fields: &[&str], name: &str) {
    match at {
        Value::Object(map) => {
            for (field, value) in map {
                if let (true, Some(items)) = (fields.contains(&field.as_str()), value.as_array_mut()) {
                    items.retain(|it| it != name);
                }
                everywhere(value, fields, name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|it| everywhere(it, fields, name)),
        _ => {}
    }
}

/// Takes away what is mapped for a client or client scope.
fn holders(realm: &mut Value, holder: &str, name: &str) {
    let keep = |all: &mut Value| {
        all.as_array_mut().into_iter().for_each(|it| it.retain(|it| it[holder] != name));
    };
    keep(&mut realm["scopeMappings"]);
    let of_clients = realm["clientScopeMappings"].as_object_mut();
    of_clients.into_iter().flat_map(|it| it.values_mut()).for_each(keep);
}

/// A random realm to begin with. Its default role and the accounts of its clients are kept apart.
pub(super) fn base(random: &mut Random) -> Value {
    let mut realm = setup(random);
    let map = realm.as_object_mut().expect("a realm");
    for field in [SHARES, "components", "realm"] {
        map.remove(field);
    }
    map.insert("default role".to_owned(), json!({}));
    map.insert("accounts".to_owned(), json!([]));
    for client in realm["clients"].as_array_mut().expect("clients") {
        // Whoever logs in does so as the test does.
        client["standardFlowEnabled"] = json!(false);
    }
    // What a manifest names, it names by name.
    let mut ids = BTreeMap::new();
    for resource in authz(&mut realm)["resources"].as_array_mut().expect("resources") {
        ids.insert(word(&resource["_id"]), word(&resource["name"]));
        resource["_id"] = resource["name"].clone();
    }
    for policy in authz(&mut realm)["policies"].as_array_mut().expect("policies") {
        let resources = texts(policy, "resources");
        if !resources.is_empty() {
            let resources: Vec<&String> = resources.iter().filter_map(|it| ids.get(it.as_str()?)).collect();
            policy["config"]["resources"] = json!(json!(resources).to_string());
        }
    }
    // What a manifest cannot declare: policies of nothing, and permissions without policies.
    let policies = authz(&mut realm)["policies"].clone();
    for policy in list(&policies) {
        let is_idle = policy["config"].get("applyPolicies").is_some() && policies_of(policy).is_empty();
        if is_idle || of_config(&mut realm, policy).is_none() {
            forget(&mut realm, "policies", "name", &word(&policy["name"]));
        }
    }
    realm
}

/// Times of the day go by while a test runs.
const OF_A_DAY: &[&str] = &["hour", "hourEnd", "minute", "minuteEnd"];

/// The manifest: what is kept apart stands where manifests have it.
pub(super) fn manifest(realm: &Value, name: &str) -> Value {
    let mut out = realm.clone();
    let map = out.as_object_mut().expect("a realm");
    let (default, accounts) = (map.remove("default role"), map.remove("accounts"));
    out["realm"] = json!(name);
    let mut default = default.unwrap_or_default();
    default["name"] = json!(format!("default-roles-{name}"));
    out["roles"]["realm"].as_array_mut().expect("roles").push(default);
    for resource in authz(&mut out)["resources"].as_array_mut().expect("resources") {
        resource.as_object_mut().expect("a resource").remove("_id");
    }
    for policy in authz(&mut out)["policies"].as_array_mut().expect("policies") {
        if let (true, Some(config)) = (policy["type"] == "time", policy["config"].as_object_mut()) {
            config.retain(|it, _| !OF_A_DAY.contains(&it.as_str()));
            let from = config.entry("nbf").or_insert(json!("2020-01-01 00:00:00")).clone();
            // The server takes no end before the beginning, where it is not imported.
            config.retain(|it, value| it != "noa" || word(value) > word(&from));
        }
    }
    let users = out["users"].as_array_mut().expect("users");
    users.extend(list(&accounts.unwrap_or_default()).iter().cloned());
    out
}
