//! Every kind of edit of a manifest that can move access, as a table.

use serde_json::{Value, json};

use super::parts::{
    authz, client, default_role, entry, forget, has, named, names, of_config, one, policies_of, toggle,
};
use crate::access::random::{
    GROUPS, Random, SCOPES, TYPES, USERS, leaf, mapper, permission, resource, time, user,
};

/// Changes a manifest and says how; nothing where it does not apply.
type Does = fn(&mut Value, &mut Random) -> Option<String>;

/// The kinds of edits, in words.
pub(super) const EDITS: &[(&str, Does)] = &[
    ("a user gets or loses a role", |it, random| {
        let name = one(it, "users", "username", random)?;
        let role = one(&it["roles"], "realm", "name", random)?;
        toggle(&mut entry(it, "users", "username", &name)?["realmRoles"], &role)
    }),
    ("a user gets or loses a role of a client", |it, random| {
        let name = one(it, "users", "username", random)?;
        let (of, role) = *random.of(&[("rs", "c0"), ("rs", "c1"), ("narrow", "n0")]);
        toggle(&mut entry(it, "users", "username", &name)?["clientRoles"][of], role)
    }),
    ("a user joins or leaves a group", |it, random| {
        let name = one(it, "users", "username", random)?;
        let group = word_of(random, GROUPS).to_owned();
        let _ = group_of(it, &group)?;
        toggle(&mut entry(it, "users", "username", &name)?["groups"], &group)
    }),
    ("what a user is like changes", |it, random| {
        let name = one(it, "users", "username", random)?;
        let other = user(random, 0);
        let it = entry(it, "users", "username", &name)?;
        it["attributes"] = other["attributes"].clone();
        it["emailVerified"] = other["emailVerified"].clone();
        Some(name)
    }),
    ("a user is disabled or enabled", |it, random| {
        let name = one(it, "users", "username", random)?;
        Some(flip(&mut entry(it, "users", "username", &name)?["enabled"]))
    }),
    ("a user comes or goes", |it, random| {
        let at = random.below(USERS);
        let name = format!("u{at}");
        if has(&it["users"], "username", &name) {
            let owns = authz(it)["resources"].as_array()?.iter().any(|it| it["owner"]["name"] == *name);
            return if owns { None } else { forget(it, "users", "username", &name) };
        }
        let new = user(random, at);
        it["users"].as_array_mut()?.push(new);
        Some(format!("+ {name}"))
    }),
    ("a group gets or loses a role", |it, random| {
        let role = one(&it["roles"], "realm", "name", random)?;
        toggle(&mut group_of(it, word_of(random, GROUPS))?["realmRoles"], &role)
    }),
    ("a group gets or loses a role of a client", |it, random| {
        let role = word_of(random, &["c0", "c1"]);
        toggle(&mut group_of(it, word_of(random, GROUPS))?["clientRoles"]["rs"], role)
    }),
    ("a role gets or loses a part", |it, random| {
        let roles = names(&it["roles"]["realm"], "name");
        let whole = random.of(&roles).clone();
        // Parts come behind, so that no role is part of itself.
        let parts: Vec<&String> = roles.iter().filter(|it| **it > whole).collect();
        let part = (*parts.get(random.below(parts.len().max(1)))?).clone();
        let role = entry(&mut it["roles"], "realm", "name", &whole)?;
        toggle(&mut role["composites"]["realm"], &part)
    }),
    ("a role gets or loses a role of a client", |it, random| {
        let whole = one(&it["roles"], "realm", "name", random)?;
        let role = entry(&mut it["roles"], "realm", "name", &whole)?;
        toggle(&mut role["composites"]["client"]["rs"], word_of(random, &["c0", "c1"]))
    }),
    ("the default role gets or loses a part", |it, random| {
        let part = one(&it["roles"], "realm", "name", random)?;
        toggle(&mut default_role(it)["composites"]["realm"], &part)
    }),
    ("a role goes", |it, random| {
        let role = one(&it["roles"], "realm", "name", random)?;
        forget(it, "roles/realm", "name", &role)
    }),
    ("a role comes", |it, random| {
        let name = format!("r{}", random.below(7));
        let roles = it["roles"]["realm"].as_array_mut()?;
        let is_new = !roles.iter().any(|it| it["name"] == *name);
        is_new.then(|| roles.push(json!({ "name": name })))?;
        Some(name)
    }),
    ("a service account gets or loses a role", |it, random| {
        let role = one(&it["roles"], "realm", "name", random)?;
        let of = *random.of(&["rs", "wide"]);
        (client(it, of)?["serviceAccountsEnabled"] == true).then_some(())?;
        let name = format!("service-account-{of}");
        if !has(&it["accounts"], "username", &name) {
            let account = json!({ "username": name, "serviceAccountClientId": of, "realmRoles": [] });
            it["accounts"].as_array_mut()?.push(account);
        }
        toggle(&mut entry(it, "accounts", "username", &name)?["realmRoles"], &role)
    }),
    ("a client scope moves between the lists of a client", |it, random| {
        let scope = (*random.of(&["s0", "s1", "s2", "roles", "basic"])).to_owned();
        has(&it["clientScopes"], "name", &scope).then_some(())?;
        let of = one_client(it, random)?;
        let client = client(it, &of)?;
        let [default, optional] =
            ["defaultClientScopes", "optionalClientScopes"].map(|it| named(&client[it], &scope));
        let (from, to) = match (default, optional) {
            (true, _) if random.one_in(2) => (Some("defaultClientScopes"), Some("optionalClientScopes")),
            (true, _) => (Some("defaultClientScopes"), None),
            (_, true) if random.one_in(2) => (Some("optionalClientScopes"), None),
            (_, true) => (Some("optionalClientScopes"), Some("defaultClientScopes")),
            _ => (None, Some("defaultClientScopes")),
        };
        for list in [from, to].into_iter().flatten() {
            toggle(&mut client[list], &scope);
        }
        Some(format!("{scope} of {of}: {from:?} to {to:?}"))
    }),
    ("a scope mapping comes or goes", |it, random| {
        let (holder, name) = *random.of(&[
            ("client", "narrow"),
            ("client", "narrow"),
            ("clientScope", "s0"),
            ("clientScope", "s1"),
            ("clientScope", "s2"),
        ]);
        let is_there = holder == "client" || has(&it["clientScopes"], "name", name);
        is_there.then_some(())?;
        let of_client = random.one_in(3);
        let role = if of_client { "c0".to_owned() } else { one(&it["roles"], "realm", "name", random)? };
        let all = if of_client { &mut it["clientScopeMappings"]["rs"] } else { &mut it["scopeMappings"] };
        let all = all.as_array_mut()?;
        let at = all.iter().position(|it| it[holder] == name).unwrap_or(all.len());
        if at == all.len() {
            all.push(json!({ holder: name, "roles": [] }));
        }
        toggle(&mut all[at]["roles"], &role)
    }),
    ("full scope is switched", |it, random| {
        let of = one_client(it, random)?;
        let is = flip(&mut client(it, &of)?["fullScopeAllowed"]);
        Some(format!("{of} {is}"))
    }),
    ("a mapper of a client comes or goes", |it, random| {
        let of = one_client(it, random)?;
        let new = some_mapper(it, random)?;
        exchange(&mut client(it, &of)?["protocolMappers"], new).map(|it| format!("{of} {it}"))
    }),
    ("a mapper of a client scope comes or goes", |it, random| {
        let of = one(it, "clientScopes", "name", random)?;
        let new = some_mapper(it, random)?;
        let scope = entry(it, "clientScopes", "name", &of)?;
        exchange(&mut scope["protocolMappers"], new).map(|it| format!("{of} {it}"))
    }),
    ("any mapper goes", |it, random| {
        let of = one_client(it, random)?;
        let mappers = client(it, &of)?["protocolMappers"].as_array_mut()?;
        (!mappers.is_empty()).then_some(())?;
        let gone = mappers.remove(random.below(mappers.len()));
        Some(format!("{of} {}", gone["name"]))
    }),
    ("a client makes light tokens or not", |it, random| {
        let of = one_client(it, random)?;
        let value = &mut client(it, &of)?["attributes"]["client.use.lightweight.access.token.enabled"];
        *value = json!((value != "true").to_string());
        Some(format!("{of} {value}"))
    }),
    ("a client is disabled or enabled", |it, random| {
        let of = *random.of(&["wide", "narrow", "light"]);
        let enabled = &mut client(it, of)?["enabled"];
        *enabled = json!(*enabled == false);
        Some(format!("{of} {enabled}"))
    }),
    ("a client logs people in or not", |it, random| {
        let of = one_client(it, random)?;
        let is = flip(&mut client(it, &of)?["directAccessGrantsEnabled"]);
        Some(format!("{of} {is}"))
    }),
    ("a client has an account or not", |it, _| {
        let is = flip(&mut client(it, "wide")?["serviceAccountsEnabled"]);
        it["accounts"].as_array_mut()?.retain(|it| it["serviceAccountClientId"] != "wide");
        Some(is)
    }),
    ("a client goes", |it, random| {
        let of = *random.of(&["light", "wide"]);
        client(it, of)?;
        forget(it, "clients", "clientId", of)
    }),
    ("a client scope is in tokens or not", |it, random| {
        let of = *random.of(&["s0", "s1", "s2"]);
        let value = &mut entry(it, "clientScopes", "name", of)?["attributes"]["include.in.token.scope"];
        *value = json!((value != "true").to_string());
        Some(format!("{of} {value}"))
    }),
    ("a client scope goes", |it, random| {
        let of = *random.of(&["s0", "s1", "s2"]);
        forget(it, "clientScopes", "name", of)
    }),
    ("a policy is another", |it, random| {
        let at = random.below(8);
        let new = leaf(random, at);
        of_config(it, &new)?;
        let old = entry(authz(it), "policies", "name", new["name"].as_str()?)?;
        // A policy keeps its type; another one of the name is another object.
        let is_same = old["type"] == new["type"];
        *old = new;
        Some(format!("{} {}", old["name"], if is_same { "with other values" } else { "of another type" }))
    }),
    ("a policy is turned round", |it, random| {
        let policy = some_policy(it, random, false)?;
        let logic = &mut policy["logic"];
        *logic = json!(if *logic == "NEGATIVE" { "POSITIVE" } else { "NEGATIVE" });
        Some(format!("{} {}", policy["name"], policy["logic"]))
    }),
    ("a policy or permission counts otherwise", |it, random| {
        let is_permission = random.one_in(2);
        let policy = some_policy(it, random, is_permission)?;
        policy["decisionStrategy"] = json!(random.of(&["UNANIMOUS", "AFFIRMATIVE", "CONSENSUS"]));
        Some(format!("{} {}", policy["name"], policy["decisionStrategy"]))
    }),
    ("a policy comes", |it, random| {
        let mut new = leaf(random, 8);
        of_config(it, &new)?;
        let name = format!("p{}", 8 + random.below(3));
        new["name"] = json!(name);
        (!has(&authz(it)["policies"], "name", &name)).then_some(())?;
        authz(it)["policies"].as_array_mut()?.insert(0, new);
        let permission = some_policy(it, random, true)?;
        let mut applied = policies_of(permission);
        applied.push(name.clone());
        permission["config"]["applyPolicies"] = json!(json!(applied).to_string());
        Some(format!("{name} in {}", permission["name"]))
    }),
    ("a policy goes", |it, random| {
        let name = some_policy(it, random, false)?["name"].as_str()?.to_owned();
        forget(it, "policies", "name", &name)
    }),
    ("a permission comes or is another", |it, random| {
        let policies: Vec<String> = authz(it)["policies"].as_array()?.iter().filter_map(name_of).collect();
        let ids = names(&authz(it)["resources"], "_id");
        let at = random.below(10);
        let new = permission(random, at, &policies, &ids);
        (!policies_of(&new).is_empty()).then_some(())?;
        let name = new["name"].as_str()?.to_owned();
        let all = authz(it)["policies"].as_array_mut()?;
        all.retain(|it| it["name"] != *name);
        all.push(new);
        Some(name)
    }),
    ("a permission goes", |it, random| {
        let name = some_policy(it, random, true)?["name"].as_str()?.to_owned();
        forget(it, "policies", "name", &name)
    }),
    ("a resource changes", |it, random| {
        let name = one(authz(it), "resources", "name", random)?;
        let new = resource(random, &[String::new()], 0);
        let old = entry(authz(it), "resources", "name", &name)?;
        for field in ["scopes", "type"] {
            old[field] = new[field].clone();
        }
        Some(name)
    }),
    ("owners manage a resource or not", |it, random| {
        let name = one(authz(it), "resources", "name", random)?;
        let is = flip(&mut entry(authz(it), "resources", "name", &name)?["ownerManagedAccess"]);
        Some(format!("{name} {is}"))
    }),
    ("a resource changes hands", |it, random| {
        let name = one(authz(it), "resources", "name", random)?;
        let owner = one(it, "users", "username", random)?;
        let old = entry(authz(it), "resources", "name", &name)?;
        let is_other = old["owner"]["name"] != *owner;
        old["owner"] = if is_other { json!({ "name": owner }) } else { Value::Null };
        Some(format!("{name} {}", old["owner"]))
    }),
    ("a resource goes", |it, random| {
        let name = one(authz(it), "resources", "name", random)?;
        forget(it, "resources", "name", &name)
    }),
    ("a resource comes", |it, random| {
        let (scopes, of) = (random.some(SCOPES), *random.of(TYPES));
        let name = format!("new{}", random.below(3));
        let resources = authz(it)["resources"].as_array_mut()?;
        let is_new = !resources.iter().any(|it| it["name"] == *name);
        let scopes: Vec<Value> = scopes.iter().map(|it| json!({ "name": it })).collect();
        is_new.then(|| resources.push(json!({ "_id": name, "name": name, "type": of, "scopes": scopes })))?;
        Some(name)
    }),
    ("enforcement changes", |it, random| {
        authz(it)["policyEnforcementMode"] = json!(random.of(&["ENFORCING", "PERMISSIVE", "DISABLED"]));
        Some(authz(it)["policyEnforcementMode"].to_string())
    }),
    ("permissions count otherwise", |it, random| {
        authz(it)["decisionStrategy"] = json!(random.of(&["UNANIMOUS", "AFFIRMATIVE"]));
        Some(authz(it)["decisionStrategy"].to_string())
    }),
    ("a user becomes an administrator or is none", |it, random| {
        let name = one(it, "users", "username", random)?;
        administers(&mut entry(it, "users", "username", &name)?["clientRoles"], random)
    }),
    ("a group becomes administrators or is none", |it, random| {
        administers(&mut group_of(it, word_of(random, GROUPS))?["clientRoles"], random)
    }),
    ("a role becomes administration or is none", |it, random| {
        let whole = one(&it["roles"], "realm", "name", random)?;
        let role = entry(&mut it["roles"], "realm", "name", &whole)?;
        administers(&mut role["composites"]["client"], random)
    }),
    ("everybody becomes an administrator or is none", |it, random| {
        administers(&mut default_role(it)["composites"]["client"], random)
    }),
    ("a time policy comes", |it, random| {
        let policy = json!({ "name": "clock", "type": "time", "logic": "POSITIVE", "config": time(random) });
        (!has(&authz(it)["policies"], "name", "clock")).then_some(())?;
        authz(it)["policies"].as_array_mut()?.insert(0, policy);
        let permission = some_policy(it, random, true)?;
        let mut applied = policies_of(permission);
        applied.push("clock".to_owned());
        permission["config"]["applyPolicies"] = json!(json!(applied).to_string());
        Some(format!("in {}", permission["name"]))
    }),
];

/// Roles of administration that are given and taken.
const ADMINISTRATION: &[&str] =
    &["manage-users", "view-users", "manage-clients", "manage-realm", "view-events", "realm-admin"];

fn administers(roles: &mut Value, random: &mut Random) -> Option<String> {
    toggle(&mut roles["realm-management"], word_of(random, ADMINISTRATION))
}

fn flip(value: &mut Value) -> String {
    *value = json!(*value != true);
    value.to_string()
}

fn word_of(random: &mut Random, words: &[&'static str]) -> &'static str {
    let word: &&str = random.of(words);
    word
}

fn name_of(object: &Value) -> Option<String> {
    let is_permission = matches!(object["type"].as_str(), Some("resource" | "scope"));
    (!is_permission).then(|| object["name"].as_str().map(str::to_owned))?
}

fn one_client(realm: &Value, random: &mut Random) -> Option<String> {
    one(realm, "clients", "clientId", random)
}

/// A policy, or a permission.
fn some_policy<'a>(realm: &'a mut Value, random: &mut Random, is_permission: bool) -> Option<&'a mut Value> {
    let all = authz(realm)["policies"].as_array_mut()?.iter_mut();
    let mut these: Vec<&mut Value> = all.filter(|it| name_of(it).is_none() == is_permission).collect();
    if these.is_empty() { None } else { Some(these.swap_remove(random.below(these.len()))) }
}

fn group_of<'a>(realm: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    let mut parts = path.trim_start_matches('/').split('/');
    let mut at = entry(realm, "groups", "name", parts.next()?)?;
    for part in parts {
        at = entry(at, "subGroups", "name", part)?;
    }
    Some(at)
}

/// Adds a mapper, or removes the one of its name.
fn exchange(mappers: &mut Value, new: Value) -> Option<String> {
    if mappers.is_null() {
        *mappers = json!([]);
    }
    let mappers = mappers.as_array_mut()?;
    let before = mappers.len();
    mappers.retain(|it| it["name"] != new["name"]);
    let name = new["name"].to_string();
    if mappers.len() < before {
        return Some(format!("- {name}"));
    }
    mappers.push(new);
    Some(format!("+ {name}"))
}

/// A mapper that may put a role or a claim into tokens which policies ask for.
fn some_mapper(realm: &Value, random: &mut Random) -> Option<Value> {
    let role = one(&realm["roles"], "realm", "name", random)?;
    let claim = |name: &str, value: &str, of: &str| json!({ "claim.name": name, "claim.value": value, "jsonType.label": of });
    let hard = "oidc-hardcoded-claim-mapper";
    Some(match random.below(10) {
        0 | 1 => mapper("hard role", "oidc-hardcoded-role-mapper", &json!({ "role": role })),
        2 => mapper("hard client role", "oidc-hardcoded-role-mapper", &json!({ "role": "rs.c0" })),
        3 => mapper(
            "admin role",
            "oidc-hardcoded-role-mapper",
            &json!({ "role": "realm-management.manage-users" }),
        ),
        4 => mapper(
            "called",
            "oidc-role-name-mapper",
            &json!({ "role": role, "new.role.name": *random.of(&["r0", "r1", "rs.c1", "else"]) }),
        ),
        5 => mapper("dept of all", hard, &claim("org.dept", word_of(random, &["a", "b"]), "String")),
        6 => mapper("tags of all", hard, &claim("tags", "t1", "String")),
        7 => mapper("verified all", hard, &claim("email_verified", "true", "boolean")),
        8 => mapper("roles of all", hard, &claim("realm_access", r#"{"roles":["r1"]}"#, "JSON")),
        _ => mapper(
            "groups",
            "oidc-group-membership-mapper",
            &json!({ "claim.name": "groups", "full.path": random.of(&["true", "false"]) }),
        ),
    })
}
