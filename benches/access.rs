//! How long it takes to compare who may do what in a large realm: every user, resource and scope, twice.
//!
//! Run by hand: `cargo bench --bench access`.

use std::io::Write as _;
use std::time::Instant;

use realmwright::access::{Realm, Terms, classes, impact};
use realmwright::kind::{CLIENT, NEWEST, PERMISSION, ROLE, kind, lift_object, lift_realm};
use realmwright::state::{Address, State};
use realmwright::text::tree_of_json;
use serde_json::{Value, json};

const USERS: usize = 2_000;
const RESOURCES: usize = 1_200;
const ROLES: usize = 300;
const GROUPS: usize = 200;

fn main() {
    let before = realm();
    let role = Address::top(ROLE, "r7");
    let permission = Address::top(CLIENT, "rs").child(PERMISSION, "perm3");
    let edits = [
        (&role, json!({ "name": "r7", "composites": { "realm": ["r8", "r9"] } })),
        (&permission, json!({ "name": "perm3", "type": "resource", "decisionStrategy": "UNANIMOUS" })),
    ];
    let mut after = before.clone();
    for (address, json) in &edits {
        let lifted = lift_object(kind(address.kind()), &tree_of_json(json), address.parent().as_ref());
        let fields = lifted.into_live().objects.remove(*address).expect("lifted under this address").fields;
        after.objects.get_mut(*address).expect("in the realm").fields.extend(fields);
    }
    for round in 0..3 {
        let started = Instant::now();
        let (old, new) = (Realm::compile(&before, NEWEST), Realm::compile(&after, NEWEST));
        let compiled = started.elapsed();
        let changes = [role.clone(), permission.clone()];
        let terms = Terms { changes: &changes, declared: &|_| true, at: None };
        let impact = impact(&old, &new, &terms);
        let line = format!(
            "round {round}: {} personas in {} classes, {} decisions on each side, {} change in {} rows, \
             {} undecided; {:?} for all, {compiled:?} of them to compile\n",
            impact.personas,
            classes(&old, &Address::top(CLIENT, "rs")).len(),
            impact.decisions,
            impact.changes.iter().map(|it| it.count).sum::<usize>(),
            impact.changes.len(),
            impact.undecided,
            started.elapsed(),
        );
        std::io::stdout().write_all(line.as_bytes()).expect("stdout takes a line");
    }
}

/// A realm where nearly every user is told apart by some policy.
fn realm() -> State {
    let roles: Vec<Value> = (0..ROLES).map(|it| json!({ "name": format!("r{it}") })).collect();
    let groups: Vec<Value> = (0..GROUPS)
        .map(|it| json!({ "name": format!("g{it}"), "realmRoles": [format!("r{}", it % ROLES)] }))
        .collect();
    let users: Vec<Value> = (0..USERS)
        .map(|it| {
            json!({
                "username": format!("u{it}"),
                "realmRoles": [format!("r{}", it * 7 % ROLES), format!("r{}", it * 13 % ROLES)],
                "groups": [format!("/g{}", it % GROUPS)],
            })
        })
        .collect();
    let scopes: Vec<Value> = ["view", "edit", "delete"].iter().map(|it| json!({ "name": it })).collect();
    let resources: Vec<Value> =
        (0..RESOURCES).map(|it| json!({ "name": format!("res{it}"), "scopes": scopes })).collect();
    let mut policies: Vec<Value> = (0..RESOURCES)
        .map(|it| {
            let name = format!("p{it}");
            match it % 4 {
                0 | 1 => json!({ "name": name, "type": "role", "roles": [{ "id": format!("r{}", it % ROLES) }] }),
                2 => json!({ "name": name, "type": "user", "users": [format!("u{}", it % USERS)] }),
                _ => json!({ "name": name, "type": "group", "groups": [{ "path": format!("/g{}", it % GROUPS) }] }),
            }
        })
        .collect();
    policies.extend((0..RESOURCES).map(|it| {
        let of = [format!("p{it}"), format!("p{}", (it + 1) % RESOURCES)];
        json!({ "name": format!("perm{it}"), "type": if it % 2 == 0 { "scope" } else { "resource" },
            "decisionStrategy": "AFFIRMATIVE", "policies": of, "resources": [format!("res{it}")],
            "scopes": if it % 2 == 0 { json!(["view", "edit"]) } else { Value::Null } })
    }));
    let mapper = json!({ "name": "roles", "protocol": "openid-connect",
        "protocolMapper": "oidc-usermodel-realm-role-mapper",
        "config": { "claim.name": "realm_access.roles", "access.token.claim": "true" } });
    let document = json!({
        "realm": "large",
        "roles": { "realm": roles },
        "groups": groups,
        "users": users,
        "clientScopes": [{ "name": "roles", "protocol": "openid-connect", "protocolMappers": [mapper] }],
        "clients": [{ "clientId": "rs", "fullScopeAllowed": true, "authorizationServicesEnabled": true,
            "defaultClientScopes": ["roles"],
            "authorizationSettings": { "scopes": scopes, "resources": resources, "policies": policies } }],
    });
    lift_realm(&tree_of_json(&document)).into_live()
}
