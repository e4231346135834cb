//! Random realms with authorization, as one document that the server imports.

use serde_json::{Map, Value, json};

pub(crate) const USERS: usize = 6;
const ROLES: usize = 5;
const RESOURCES: usize = 8;
pub(crate) const SCOPES: &[&str] = &["v", "w", "x"];
pub(crate) const GROUPS: &[&str] = &["/g0", "/g0/x", "/g0/x/y", "/g1", "/g01"];
pub(crate) const TYPES: &[&str] = &["urn:a", "urn:b", "urn:_"];

/// Attributes beyond the usual ones are allowed: otherwise mappers see them, and the admin API does not.
const PROFILE: &str = r#"{"attributes":[{"name":"username"},{"name":"email"},{"name":"firstName"},
    {"name":"lastName"}],"unmanagedAttributePolicy":"ENABLED"}"#;

/// Small (`SplitMix64`), and the same on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        it ^ (it >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or(0)
    }

    pub(crate) fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    pub(crate) fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Some of these, each with an even chance.
    pub(crate) fn some<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        items.iter().filter(|_| self.one_in(2)).cloned().collect()
    }

    fn id(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFF,
            low >> 52,
            low & 0xFFFF_FFFF_FFFF
        )
    }

    pub(crate) fn time(&mut self) -> String {
        format!(
            "2026-{:02}-{:02} {:02}:{:02}:{:02}",
            self.below(12) + 1,
            self.below(28) + 1,
            self.below(24),
            self.below(60),
            self.below(60)
        )
    }
}

fn role_names() -> Vec<String> {
    (0..ROLES).map(|it| format!("r{it}")).collect()
}

/// A whole realm: roles, groups, users, client scopes and four clients, one of them with authorization.
pub(crate) fn setup(random: &mut Random) -> Value {
    let name = format!("access-{:08x}", random.next() & 0xFFFF_FFFF);
    let names = role_names();
    let roles: Vec<Value> = (0..ROLES)
        .map(|at| {
            let composed = at + 1 < ROLES && random.one_in(3);
            let mut role = json!({ "name": names[at] });
            if composed {
                let realm = vec![names[at + 1 + random.below(ROLES - at - 1)].clone()];
                let client = if random.one_in(2) { json!({ "rs": ["c0"] }) } else { json!({}) };
                role["composite"] = json!(true);
                role["composites"] = json!({ "realm": realm, "client": client });
            }
            role
        })
        .collect();
    let mut group = |name: &str, children: Vec<Value>| {
        let roles: Vec<String> = random.some(&names).into_iter().take(2).collect();
        let roles = if random.one_in(2) { roles } else { Vec::new() };
        let client = if random.one_in(3) { json!({ "rs": ["c1"] }) } else { json!({}) };
        json!({ "name": name, "realmRoles": roles, "clientRoles": client, "subGroups": children })
    };
    let deepest = group("y", Vec::new());
    let deep = group("x", vec![deepest]);
    let groups = vec![group("g0", vec![deep]), group("g1", Vec::new()), group("g01", Vec::new())];
    let users: Vec<Value> = (0..USERS).map(|at| user(random, at)).collect();
    let clients = clients(random);
    json!({
        SHARES: shares(random, &clients[0]["authorizationSettings"]["resources"]),
        "realm": name,
        "enabled": true,
        "sslRequired": "none",
        "passwordPolicy": "hashAlgorithm(pbkdf2-sha256) and hashIterations(1)",
        "roles": {
            "realm": roles,
            "client": { "rs": [{ "name": "c0" }, { "name": "c1" }], "narrow": [{ "name": "n0", "composite": true,
                "composites": { "realm": ["r1"] } }] },
        },
        "groups": groups,
        "users": users,
        "clientScopes": client_scopes(),
        "components": { "org.keycloak.userprofile.UserProfileProvider": [
            { "providerId": "declarative-user-profile", "config": { "kc.user.profile.config": [PROFILE] } },
        ] },
        "clients": clients,
        "scopeMappings": scope_mappings(random, &role_names()),
        "clientScopeMappings": { "rs": scope_mappings(random, &["c0".to_owned(), "c1".to_owned()]) },
    })
}

/// The key of what owners share once the realm is there, which is no part of it.
pub(crate) const SHARES: &str = "shares";

/// What owners share of resources whose access they manage; now and then that ends later on, which ends no share.
pub(crate) fn shares(random: &mut Random, resources: &Value) -> Vec<Value> {
    let users: Vec<String> = (0..USERS).map(|it| format!("u{it}")).collect();
    let mut out = Vec::new();
    for resource in resources.as_array().into_iter().flatten() {
        for at in 0..random.below(3) {
            if resource["ownerManagedAccess"] != true
                || resource["scopes"].as_array().is_none_or(Vec::is_empty)
            {
                continue;
            }
            let scopes: Vec<Value> = resource["scopes"].as_array().cloned().unwrap_or_default();
            let scopes: Vec<&Value> = scopes.iter().map(|it| &it["name"]).collect();
            let name = resource["name"].as_str().unwrap_or("");
            let mut share = json!({ "name": format!("share{at} of {name}"), "scopes": [random.of(&scopes)] });
            if !random.one_in(8) {
                share["users"] = json!(random.some(&users).into_iter().take(2).collect::<Vec<_>>());
            }
            for (field, all) in [
                ("roles", &["r0", "r1", "rs/c0"][..]),
                ("groups", &["/g0", "/g0/x", "/g1"]),
                ("clients", &["wide", "narrow"]),
            ] {
                if random.one_in(6) {
                    share[field] = json!([*random.of(all)]);
                }
            }
            if random.one_in(3) {
                share["decisionStrategy"] = json!("AFFIRMATIVE");
            }
            out.push(
                json!({ "resource": resource["_id"], "owner": resource["owner"]["name"], "share": share,
                "ends": random.one_in(5) }),
            );
        }
    }
    out
}

/// Which roles the tokens of clients without full scope may carry, and which scopes are for holders of roles.
fn scope_mappings(random: &mut Random, roles: &[String]) -> Vec<Value> {
    let mut out = Vec::new();
    for (holder, name) in
        [("client", "narrow"), ("clientScope", "s0"), ("clientScope", "s1"), ("clientScope", "s2")]
    {
        if random.one_in(3) {
            let roles: Vec<String> = random.some(roles).into_iter().filter(|_| random.one_in(2)).collect();
            out.push(json!({ holder: name, "roles": roles }));
        }
    }
    out
}

pub(crate) fn user(random: &mut Random, at: usize) -> Value {
    let names = role_names();
    let roles: Vec<String> = random.some(&names).into_iter().filter(|_| random.one_in(2)).collect();
    let mut client = Map::new();
    if random.one_in(3) {
        client.insert("rs".to_owned(), json!([format!("c{}", random.below(2))]));
    }
    if random.one_in(3) {
        client.insert("narrow".to_owned(), json!(["n0"]));
    }
    let groups: Vec<&str> = GROUPS.iter().filter(|_| random.one_in(4)).copied().collect();
    let mut attributes = Map::new();
    if random.one_in(2) {
        attributes.insert("dept".to_owned(), json!([*random.of(&["a", "b", "ab"])]));
    }
    if random.one_in(2) {
        attributes.insert("tags".to_owned(), json!(random.some(&["t1", "t2", "t3"])));
    }
    json!({
        "username": format!("u{at}"),
        "enabled": true,
        "email": format!("u{at}@example.org"),
        "emailVerified": random.one_in(2),
        "firstName": "U",
        "lastName": format!("{at}"),
        "attributes": attributes,
        "credentials": [{ "type": "password", "value": "p" }],
        "realmRoles": roles,
        "clientRoles": client,
        "groups": groups,
    })
}

pub(crate) fn mapper(name: &str, provider: &str, config: &Value) -> Value {
    let mut config = config.clone();
    config["access.token.claim"] = json!("true");
    json!({ "name": name, "protocol": "openid-connect", "protocolMapper": provider, "config": config })
}

fn client_scopes() -> Vec<Value> {
    let scope = |name: &str, shown: &str, mappers: Vec<Value>| {
        json!({ "name": name, "protocol": "openid-connect", "protocolMappers": mappers,
            "attributes": { "include.in.token.scope": shown } })
    };
    vec![
        scope("basic", "false", vec![mapper("sub", "oidc-sub-mapper", &json!({}))]),
        scope(
            "roles",
            "false",
            vec![
                mapper(
                    "realm roles",
                    "oidc-usermodel-realm-role-mapper",
                    &json!({ "claim.name": "realm_access.roles", "multivalued": "true", "jsonType.label": "String" }),
                ),
                mapper(
                    "client roles",
                    "oidc-usermodel-client-role-mapper",
                    &json!({ "claim.name": "resource_access.${client_id}.roles", "multivalued": "true",
                        "jsonType.label": "String" }),
                ),
            ],
        ),
        scope("s0", "true", Vec::new()),
        scope("s1", "true", Vec::new()),
        scope("s2", "false", Vec::new()),
    ]
}

fn clients(random: &mut Random) -> Vec<Value> {
    let mut out = Vec::new();
    for name in ["rs", "wide", "narrow", "light"] {
        let mut mappers = Vec::new();
        if !random.one_in(3) {
            mappers.push(mapper(
                "dept",
                "oidc-usermodel-attribute-mapper",
                &json!({ "claim.name": "org.dept", "user.attribute": "dept", "jsonType.label": "String" }),
            ));
        }
        if !random.one_in(3) {
            mappers.push(mapper(
                "tags",
                "oidc-usermodel-attribute-mapper",
                &json!({ "claim.name": "tags", "user.attribute": "tags", "multivalued": "true",
                    "jsonType.label": "String" }),
            ));
        }
        if !random.one_in(3) {
            let full = if random.one_in(2) { "true" } else { "false" };
            mappers.push(mapper(
                "groups",
                "oidc-group-membership-mapper",
                &json!({ "claim.name": "groups", "full.path": full }),
            ));
        }
        mappers.push(mapper(
            "mail",
            "oidc-usermodel-property-mapper",
            &json!({ "claim.name": "email", "user.attribute": "email", "jsonType.label": "String" }),
        ));
        mappers.push(mapper(
            "verified",
            "oidc-usermodel-property-mapper",
            &json!({ "claim.name": "email_verified", "user.attribute": "emailVerified",
                "jsonType.label": "boolean" }),
        ));
        let mut scopes = vec!["basic", "s2"];
        if !random.one_in(5) {
            scopes.push("s0");
        }
        if !random.one_in(6) {
            scopes.push("roles");
        }
        let mut client = json!({
            "clientId": name,
            "secret": "secret",
            "publicClient": false,
            "serviceAccountsEnabled": name != "narrow" && name != "light",
            "directAccessGrantsEnabled": true,
            "fullScopeAllowed": name != "narrow",
            "defaultClientScopes": scopes,
            "optionalClientScopes": ["s1"],
            "protocolMappers": mappers,
        });
        if name == "light" {
            client["attributes"] = json!({ "client.use.lightweight.access.token.enabled": "true" });
        }
        if name == "rs" {
            client["authorizationServicesEnabled"] = json!(true);
            client["authorizationSettings"] = settings(random);
        }
        out.push(client);
    }
    out
}

fn settings(random: &mut Random) -> Value {
    let mut policies = Vec::new();
    for at in 0..8 {
        policies.push(leaf(random, at));
    }
    // Aggregates never reach one policy twice, which the server refuses.
    let mut free: Vec<String> = (0..8).map(|it| format!("p{it}")).collect();
    for at in 0..2 + random.below(2) {
        let mut children = Vec::new();
        for _ in 0..=random.below(3) {
            if free.len() > 1 {
                children.push(free.remove(random.below(free.len())));
            }
        }
        let name = format!("agg{at}");
        policies.push(policy(
            random,
            &name,
            "aggregate",
            &json!({ "applyPolicies": json!(children).to_string() }),
        ));
        free.push(name);
    }
    let names: Vec<String> =
        policies.iter().filter_map(|it| it["name"].as_str().map(str::to_owned)).collect();
    // By name the server finds only resources of its own.
    let ids: Vec<String> = (0..RESOURCES).map(|_| random.id()).collect();
    let resources: Vec<Value> = (0..RESOURCES).map(|at| resource(random, &ids, at)).collect();
    for at in 0..4 + random.below(6) {
        policies.push(permission(random, at, &names, &ids));
    }
    json!({
        "policyEnforcementMode": *random.of(&["ENFORCING", "ENFORCING", "ENFORCING", "PERMISSIVE", "PERMISSIVE", "DISABLED"]),
        "decisionStrategy": *random.of(&["UNANIMOUS", "AFFIRMATIVE"]),
        "scopes": SCOPES.iter().map(|it| json!({ "name": it })).collect::<Vec<_>>(),
        "resources": resources,
        "policies": policies,
    })
}

fn policy(random: &mut Random, name: &str, of: &str, config: &Value) -> Value {
    json!({
        "name": name,
        "type": of,
        "logic": if random.one_in(4) { "NEGATIVE" } else { "POSITIVE" },
        "decisionStrategy": *random.of(&["UNANIMOUS", "AFFIRMATIVE", "CONSENSUS"]),
        "config": config,
    })
}

pub(crate) fn leaf(random: &mut Random, at: usize) -> Value {
    let name = format!("p{at}");
    let (of, config) = match random.below(11) {
        0..=2 => {
            let mut all = role_names();
            all.extend(["rs/c0".to_owned(), "rs/c1".to_owned(), "narrow/n0".to_owned()]);
            let count = 1 + random.below(3);
            let roles: Vec<Value> = (0..count)
                .map(|_| {
                    let name = all.remove(random.below(all.len()));
                    json!({ "id": name, "required": random.one_in(3) })
                })
                .collect();
            let fetch = random.one_in(3).to_string();
            ("role", json!({ "roles": json!(roles).to_string(), "fetchRoles": fetch }))
        }
        3 => {
            let users: Vec<String> = (0..USERS).map(|it| format!("u{it}")).collect();
            ("user", json!({ "users": json!(random.some(&users)).to_string() }))
        }
        4 | 5 => {
            let groups: Vec<Value> = random
                .some(GROUPS)
                .into_iter()
                .map(|it| json!({ "path": it, "extendChildren": random.one_in(2) }))
                .collect();
            let mut config = json!({ "groups": json!(groups).to_string() });
            if random.one_in(2) {
                config["groupsClaim"] = json!("groups");
            }
            ("group", config)
        }
        6 => ("client", json!({ "clients": json!(random.some(&["rs", "wide", "narrow"])).to_string() })),
        7 => {
            let scopes: Vec<Value> = random
                .some(&["s0", "s1", "s2"])
                .into_iter()
                .map(|it| json!({ "id": it, "required": random.one_in(2) }))
                .collect();
            ("client-scope", json!({ "clientScopes": json!(scopes).to_string() }))
        }
        8 | 9 => {
            let (target, pattern) = *random.of(&[
                ("org.dept", "a"),
                ("org.dept", "a.*"),
                ("org.dept", "[ab]+"),
                ("email", r"u[12]@example\.org"),
                ("email", "(?i)U0@.*"),
                ("email_verified", "true"),
                ("realm_access.roles", ".*r1.*"),
                ("realm_access.roles", r"\[r1\]"),
                ("realm_access.roles[0]", "r.*"),
                ("groups", "/?g0"),
                ("tags", "t[1-3]"),
                ("tags", "t1"),
                ("azp", "rs|wide"),
                ("scope", ".*s1.*"),
                ("scope", "s0 s1"),
                ("scope", "openid.*"),
                ("nothing", ".*"),
                ("sub", ".+"),
                ("sub", "[0-9a-f-]{36}"),
                ("azp.deeper", ".*"),
            ]);
            (
                "regex",
                json!({ "targetClaim": target, "pattern": pattern, "targetContextAttributes": "false" }),
            )
        }
        _ => ("time", time(random)),
    };
    policy(random, &name, of, &config)
}

pub(crate) fn time(random: &mut Random) -> Value {
    let mut config = Map::new();
    if random.one_in(2) {
        config.insert("nbf".to_owned(), json!(random.time()));
    }
    if random.one_in(2) {
        config.insert("noa".to_owned(), json!(random.time()));
    }
    for (name, most) in [("dayMonth", 31), ("month", 12), ("hour", 23), ("minute", 59)] {
        if random.one_in(3) {
            config.insert(name.to_owned(), json!(random.below(most).to_string()));
            if !random.one_in(4) {
                config.insert(format!("{name}End"), json!(random.below(most + 1).to_string()));
            }
        }
    }
    Value::Object(config)
}

pub(crate) fn resource(random: &mut Random, ids: &[String], at: usize) -> Value {
    let scopes: Vec<Value> = random.some(SCOPES).into_iter().map(|it| json!({ "name": it })).collect();
    let mut resource = json!({ "_id": ids[at], "name": format!("res{at}"), "scopes": scopes, "uris": [] });
    if !random.one_in(3) {
        resource["type"] = json!(*random.of(TYPES));
    }
    if random.one_in(3) {
        resource["owner"] = json!({ "name": format!("u{}", random.below(USERS)) });
    }
    resource["ownerManagedAccess"] = json!(random.one_in(3));
    resource
}

pub(crate) fn permission(random: &mut Random, at: usize, policies: &[String], ids: &[String]) -> Value {
    let mut chosen = Vec::new();
    if !random.one_in(8) {
        for _ in 0..=random.below(3) {
            let name = random.of(policies).clone();
            if !chosen.contains(&name) {
                chosen.push(name);
            }
        }
    }
    let mut config = json!({ "applyPolicies": json!(chosen).to_string() });
    let resources: Vec<String> = (0..=random.below(2)).map(|_| random.of(ids).clone()).collect();
    let is_scope = random.one_in(2);
    if is_scope {
        let mut scopes = random.some(SCOPES);
        if scopes.is_empty() {
            scopes.push(SCOPES[0]);
        }
        config["scopes"] = json!(json!(scopes).to_string());
    }
    match random.below(3) {
        0 => config["defaultResourceType"] = json!(*random.of(TYPES)),
        1 if is_scope => {}
        _ => config["resources"] = json!(json!(resources).to_string()),
    }
    policy(random, &format!("perm{at}"), if is_scope { "scope" } else { "resource" }, &config)
}
