//! Edits during which somebody could be let in on the way: eight told ones, and as many random ones as wanted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::random::Random;

/// A realm before and after an edit, as manifests without a name.
pub(crate) struct Edit {
    pub(crate) name: String,
    pub(crate) before: Value,
    pub(crate) after: Value,
}

/// What the manifests of an edit say: everything else is the same on both sides.
#[derive(Clone, Default)]
struct Side {
    settings: Value,
    policies: Vec<Value>,
    permissions: Vec<Value>,
    /// Composites of role `extra`, roles of group `g`, and both of user `plain`.
    extra: Value,
    group: Value,
    plain_roles: Value,
    plain_groups: Value,
    /// The logins of a frontend whose tokens say `premium` of everybody; null where there is none.
    frontend: Value,
}

fn side(settings: Value, policies: Vec<Value>, permissions: Vec<Value>) -> Side {
    Side {
        settings,
        policies,
        permissions,
        extra: json!([]),
        group: json!([]),
        plain_roles: json!(["basic"]),
        plain_groups: json!([]),
        frontend: Value::Null,
    }
}

fn role(name: &str, roles: &[&str]) -> Value {
    let roles: Vec<Value> = roles.iter().map(|it| json!({ "id": it, "required": roles.len() > 1 })).collect();
    json!({ "name": name, "type": "role", "roles": roles })
}

fn over(name: &str, resource: &str, policy: &str) -> Value {
    json!({ "name": name, "type": "resource", "resources": [resource], "policies": [policy] })
}

fn manifest(side: &Side) -> Value {
    let mut settings = side.settings.clone();
    settings["scopes"] = json!([{ "name": "view" }]);
    if settings.get("resources").is_none() {
        settings["resources"] =
            json!([{ "name": "r", "scopes": ["view"] }, { "name": "o", "scopes": ["view"] }]);
    }
    settings["policies"] = json!(side.policies);
    settings["permissions"] = json!(side.permissions);
    let user = |name: &str, roles: &Value, groups: &Value| {
        json!({ "username": name, "email": format!("{name}@example.org"), "firstName": name, "lastName": "L",
            "realmRoles": roles, "groups": groups })
    };
    let rs = json!({ "clientId": "rs", "serviceAccountsEnabled": true, "authorizationServicesEnabled": true,
        "authorizationSettings": settings });
    let frontend = side.frontend.as_object().map(|logins| {
        let mapper = json!({ "name": "all are premium", "protocol": "openid-connect",
            "protocolMapper": "oidc-hardcoded-role-mapper", "config": { "role": "premium" } });
        let mut client = json!({ "clientId": "frontend", "standardFlowEnabled": false,
            "redirectUris": ["https://frontend.example.org/*"], "protocolMappers": [mapper] });
        client.as_object_mut().into_iter().for_each(|it| it.extend(logins.clone()));
        client
    });
    let clients: Vec<Value> = [rs].into_iter().chain(frontend).collect();
    json!({
        "roles": { "realm": [
            { "name": "basic" }, { "name": "premium" }, { "name": "admin" },
            { "name": "extra", "composites": { "realm": side.extra } } ] },
        "groups": [{ "name": "g", "realmRoles": side.group }],
        "users": [
            user("plain", &side.plain_roles, &side.plain_groups),
            user("prem", &json!(["basic", "premium"]), &json!([])),
            user("adm", &json!(["basic", "admin"]), &json!([])) ],
        "clients": clients,
    })
}

/// The told ones. One resource server, resources `r` and `o`, everybody holds `basic`.
pub(crate) fn told() -> Vec<Edit> {
    let enforcing = || json!({ "policyEnforcementMode": "ENFORCING", "decisionStrategy": "UNANIMOUS" });
    let with =
        |mode: &str, strategy: &str| json!({ "policyEnforcementMode": mode, "decisionStrategy": strategy });
    let roles =
        || vec![role("is basic", &["basic"]), role("is premium", &["premium"]), role("is admin", &["admin"])];
    let rules = |permissions: Vec<Value>| side(enforcing(), roles(), permissions);
    let policies = |more: &[Value]| [roles(), more.to_vec()].concat();
    let aggregate = |children: &[&str]| json!({ "name": "ag", "type": "aggregate", "policies": children });
    let held = |change: &dyn Fn(&mut Side)| {
        let mut side = rules(vec![over("m", "r", "is premium")]);
        change(&mut side);
        side
    };
    let wide = || over("wide", "r", "is basic");
    let let_in = |logins: &Value, policy: &str| {
        let mut side = rules(vec![over("m", "r", policy)]);
        side.frontend.clone_from(logins);
        side
    };
    let (shut, open) =
        (json!({ "directAccessGrantsEnabled": false }), json!({ "directAccessGrantsEnabled": true }));
    let device =
        |on: bool| json!({ "attributes": { "oauth2.device.authorization.grant.enabled": on.to_string() } });
    let pairs = [
        (
            "a frontend is switched on that a policy keeps out",
            let_in(&shut, "is premium"),
            let_in(&open, "is admin"),
        ),
        (
            "devices may log in at a frontend that a policy keeps out",
            let_in(&device(false), "is premium"),
            let_in(&device(true), "is admin"),
        ),
        (
            "a frontend comes that a policy keeps out",
            let_in(&Value::Null, "is premium"),
            let_in(&open, "is admin"),
        ),
        (
            "a frontend is switched off before a policy lets it in",
            let_in(&open, "is admin"),
            let_in(&shut, "is premium"),
        ),
        (
            "a permission takes the place of another",
            rules(vec![wide(), over("narrow", "r", "is premium")]),
            rules(vec![wide(), over("narrow2", "r", "is admin")]),
        ),
        (
            "a policy moves to another permission and widens",
            side(
                enforcing(),
                policies(&[role("p", &["premium"]), role("q", &["admin"])]),
                vec![over("m", "r", "p"), over("mo", "o", "q")],
            ),
            side(
                enforcing(),
                policies(&[role("p", &["basic"]), role("n", &["premium"])]),
                vec![over("m", "r", "n"), over("mo", "o", "p")],
            ),
        ),
        (
            "all permissions have to grant where one was enough",
            side(with("ENFORCING", "AFFIRMATIVE"), roles(), vec![over("narrow", "r", "is premium")]),
            side(with("ENFORCING", "UNANIMOUS"), roles(), vec![over("narrow", "r", "is premium"), wide()]),
        ),
        (
            "enforcement replaces the only permission",
            side(with("PERMISSIVE", "UNANIMOUS"), roles(), vec![over("m", "r", "is premium")]),
            side(with("ENFORCING", "UNANIMOUS"), roles(), vec![]),
        ),
        (
            "somebody joins a group that loses its role",
            held(&|it| it.group = json!(["premium"])),
            held(&|it| it.plain_groups = json!(["/g"])),
        ),
        (
            "somebody gets a role that loses another",
            held(&|it| it.extra = json!(["premium"])),
            held(&|it| it.plain_roles = json!(["basic", "extra"])),
        ),
        (
            "an aggregate moves to another permission and widens",
            side(
                enforcing(),
                policies(&[aggregate(&["is premium", "is basic"])]),
                vec![over("m", "r", "ag"), over("mo", "o", "is premium")],
            ),
            side(
                enforcing(),
                policies(&[aggregate(&["is basic"])]),
                vec![over("m", "r", "is premium"), over("mo", "o", "ag")],
            ),
        ),
        (
            "a permission moves to another resource",
            rules(vec![over("n", "r", "is premium"), over("w", "o", "is basic")]),
            rules(vec![
                over("w", "r", "is basic"),
                over("n", "r", "is premium"),
                over("n2", "o", "is basic"),
            ]),
        ),
        (
            "two permissions on a resource that had none",
            rules(vec![]),
            rules(vec![over("one", "r", "is premium"), over("two", "r", "is admin")]),
        ),
        (
            "both permissions of a resource go",
            rules(vec![over("one", "r", "is premium"), over("two", "r", "is admin")]),
            rules(vec![]),
        ),
        (
            "two policies change places",
            side(
                enforcing(),
                policies(&[role("p", &["premium"]), role("q", &["admin"])]),
                vec![over("m", "r", "p"), over("mo", "o", "q")],
            ),
            side(
                enforcing(),
                policies(&[role("p", &["admin"]), role("q", &["premium"])]),
                vec![over("m", "r", "q"), over("mo", "o", "p")],
            ),
        ),
    ];
    let pairs = pairs.into_iter().chain(half_way(&roles));
    let edit = |(name, before, after): (&str, Side, Side)| Edit {
        name: name.to_owned(),
        before: manifest(&before),
        after: manifest(&after),
    };
    pairs.map(edit).collect()
}

/// Edits that random ones found: rules and resources that meet only half way.
fn half_way(roles: &dyn Fn() -> Vec<Value>) -> Vec<(&'static str, Side, Side)> {
    let rules = |mode: &str, strategy: &str, resources: Value, permissions: Vec<Value>| {
        let settings =
            json!({ "policyEnforcementMode": mode, "decisionStrategy": strategy, "resources": resources });
        side(settings, roles(), permissions)
    };
    let typed =
        || json!({ "name": "typed", "type": "resource", "resourceType": "t", "policies": ["is basic"] });
    let r = |scopes: &[&str]| json!([{ "name": "r", "scopes": scopes }]);
    let with_new =
        || json!([{ "name": "r", "scopes": ["view"] }, { "name": "n", "type": "t", "scopes": ["view"] }]);
    let (one, two) = (over("one", "n", "is premium"), over("two", "n", "is admin"));
    let both = || vec![one.clone(), two.clone()];
    vec![
        (
            "a new resource is of a type that opens it",
            rules("ENFORCING", "UNANIMOUS", r(&["view"]), vec![typed()]),
            rules("ENFORCING", "UNANIMOUS", with_new(), vec![typed(), one.clone()]),
        ),
        (
            "a new resource where what nothing covers is open",
            rules("PERMISSIVE", "UNANIMOUS", r(&["view"]), vec![typed()]),
            rules("PERMISSIVE", "UNANIMOUS", with_new(), vec![typed(), one.clone()]),
        ),
        (
            "a new resource where one permission is enough and what nothing covers is open",
            rules("PERMISSIVE", "AFFIRMATIVE", r(&["view"]), vec![]),
            rules("PERMISSIVE", "AFFIRMATIVE", with_new(), both()),
        ),
        (
            "a new resource comes as all permissions have to grant",
            rules("PERMISSIVE", "AFFIRMATIVE", r(&["view"]), vec![]),
            rules("PERMISSIVE", "UNANIMOUS", with_new(), both()),
        ),
        (
            "a resource gets a scope as its permission goes",
            rules("ENFORCING", "UNANIMOUS", r(&[]), vec![over("wide", "r", "is basic")]),
            rules("ENFORCING", "UNANIMOUS", r(&["view"]), vec![]),
        ),
        (
            "a permission of a type comes as its resource goes",
            rules("ENFORCING", "UNANIMOUS", with_new(), vec![]),
            rules("ENFORCING", "UNANIMOUS", r(&["view"]), vec![typed()]),
        ),
    ]
}

const ROLES: &[&str] = &["r0", "r1", "r2"];
const LEAVES: &[&str] = &["role0", "role1", "role2", "user0", "group0", "not0"];

/// A random realm as named parts, which an edit exchanges.
type Parts = BTreeMap<String, Value>;

/// Returns a random edit of a random realm: the same for the same number everywhere.
pub(crate) fn random(seed: u64) -> Edit {
    let mut random = Random::new(seed);
    let mut parts = Parts::new();
    for name in names() {
        if !is_optional(&name) || random.below(3) > 0 {
            parts.insert(name.clone(), part(&name, &mut random));
        }
    }
    let before = whole(&parts);
    let all = names();
    for _ in 0..=random.below(6) {
        let name = random.one(&all).clone();
        if is_optional(&name) && random.below(3) == 0 {
            parts.remove(&name);
        } else {
            parts.insert(name.clone(), part(&name, &mut random));
        }
    }
    Edit { name: format!("random {seed}"), before, after: whole(&parts) }
}

fn names() -> Vec<String> {
    let named = |kind: &str, names: &[&str]| -> Vec<String> {
        names.iter().map(|it| format!("{kind}/{it}")).collect()
    };
    [
        named("role", ROLES),
        named("group", &["g0", "g1"]),
        named("user", &["una", "ule", "udo"]),
        named("settings", &[""]),
        named("resource", &["a", "b", "c"]),
        named("policy", LEAVES),
        named("policy", &["all0", "all1"]),
        named("permission", &["m0", "m1", "m2", "m3", "m4"]),
    ]
    .concat()
}

fn is_optional(name: &str) -> bool {
    ["permission/", "user/", "policy/", "resource/"].iter().any(|it| name.starts_with(it))
}

fn some(random: &mut Random, of: &[&str]) -> Vec<String> {
    of.iter().filter(|_| random.below(2) == 0).map(|it| (*it).to_owned()).collect()
}

fn at_least_one(random: &mut Random, of: &[&str]) -> Vec<String> {
    let some = some(random, of);
    if some.is_empty() { vec![(*random.one(of)).to_owned()] } else { some }
}

fn part(name: &str, random: &mut Random) -> Value {
    let (kind, name) = name.split_once('/').expect("a kind and a name");
    match kind {
        // A role is made of those behind it only.
        "role" => {
            let at = ROLES.iter().position(|it| *it == name).expect("one of them");
            let composites = if random.below(2) == 0 { some(random, &ROLES[at + 1..]) } else { Vec::new() };
            json!({ "composites": { "realm": composites } })
        }
        "group" => json!({ "realmRoles": some(random, ROLES) }),
        "user" => json!({ "realmRoles": some(random, ROLES), "groups": some(random, &["/g0", "/g1"]),
            "email": format!("{name}@example.org"), "firstName": "F", "lastName": "L" }),
        "settings" => json!({
            "policyEnforcementMode": random.one(&["ENFORCING", "ENFORCING", "PERMISSIVE", "DISABLED"]),
            "decisionStrategy": random.one(&["UNANIMOUS", "UNANIMOUS", "AFFIRMATIVE"]),
        }),
        "resource" => json!({ "scopes": some(random, &["v", "w"]), "type": random.one(&["", "t"]) }),
        "policy" => policy(name, random),
        _ => permission(name, random),
    }
}

fn policy(name: &str, random: &mut Random) -> Value {
    let logic = if name.starts_with("not") { "NEGATIVE" } else { "POSITIVE" };
    let strategy = *random.one(&["UNANIMOUS", "AFFIRMATIVE"]);
    if name.starts_with("user") {
        return json!({ "type": "user", "users": at_least_one(random, &["una", "ule", "udo"]) });
    }
    if name.starts_with("group") {
        let groups = at_least_one(random, &["/g0", "/g1"]);
        return json!({ "type": "group", "groups": groups.iter().map(|it| json!({ "path": it })).collect::<Vec<_>>() });
    }
    if name.starts_with("all") {
        // No policy is reached twice, which the server refuses.
        let of = if name == "all0" { &LEAVES[..3] } else { &LEAVES[3..] };
        return json!({ "type": "aggregate", "decisionStrategy": strategy, "policies": at_least_one(random, of) });
    }
    let required = random.below(3) == 0;
    let roles = at_least_one(random, ROLES);
    let roles: Vec<Value> = roles.iter().map(|it| json!({ "id": it, "required": required })).collect();
    json!({ "type": "role", "logic": logic, "roles": roles })
}

fn permission(name: &str, random: &mut Random) -> Value {
    let policies =
        at_least_one(random, &["role0", "role1", "role2", "user0", "group0", "not0", "all0", "all1"]);
    let policies: Vec<String> = policies.into_iter().take(2).collect();
    let strategy = *random.one(&["UNANIMOUS", "AFFIRMATIVE"]);
    let mut out = json!({ "decisionStrategy": strategy, "policies": policies });
    match name {
        "m3" => {
            out["type"] = json!("scope");
            out["scopes"] = json!(at_least_one(random, &["v", "w"]));
        }
        "m4" => {
            out["type"] = json!("resource");
            out["resourceType"] = json!("t");
        }
        _ => {
            out["type"] = json!("resource");
            out["resources"] = json!(at_least_one(random, &["a", "b", "c"]));
        }
    }
    out
}

/// The manifest of parts, without references that lead nowhere and what cannot be without them.
fn whole(parts: &Parts) -> Value {
    let mut parts = parts.clone();
    loop {
        let there: BTreeSet<String> = parts.keys().cloned().collect();
        let mut gone = Vec::new();
        for (name, value) in &mut parts {
            for (field, kind) in [("policies", "policy"), ("resources", "resource"), ("users", "user")] {
                let Some(list) = value.get_mut(field).and_then(Value::as_array_mut) else { continue };
                list.retain(|it| there.contains(&format!("{kind}/{}", it.as_str().unwrap_or(""))));
                if list.is_empty() {
                    gone.push(name.clone());
                }
            }
        }
        if gone.is_empty() {
            break;
        }
        parts.retain(|it, _| !gone.contains(it));
    }
    let of = |kind: &str, key: &str| -> Vec<Value> {
        let here = parts.iter().filter_map(|(name, value)| Some((name.strip_prefix(kind)?, value)));
        here.map(|(name, value)| {
            let mut object = value.as_object().cloned().unwrap_or_else(Map::new);
            object.insert(key.to_owned(), json!(name));
            Value::Object(object)
        })
        .collect()
    };
    let mut settings = parts["settings/"].clone();
    settings["scopes"] = json!([{ "name": "v" }, { "name": "w" }]);
    settings["resources"] = json!(of("resource/", "name"));
    settings["policies"] = json!(of("policy/", "name"));
    settings["permissions"] = json!(of("permission/", "name"));
    json!({
        "roles": { "realm": of("role/", "name") },
        "groups": of("group/", "name"),
        "users": of("user/", "username"),
        "clients": [{ "clientId": "rs", "serviceAccountsEnabled": true, "authorizationServicesEnabled": true,
            "authorizationSettings": settings }],
    })
}
