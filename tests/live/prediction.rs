//! What is planned is what the realm then holds, object by object: told as stories, and over random sequences
//! of edits, removals and foreign hands. [`Ours::apply`](crate::ours::Ours::apply) compares after each step.
//!
//! `REALMWRIGHT_TEST_SEQUENCES=30` runs more sequences, `REALMWRIGHT_TEST_SEED=7` begins with another one;
//! a failure names its seed.

use std::collections::BTreeSet;

use realmwright::kind::{
    CLIENT, CLIENT_SCOPE, COMPONENT, COMPONENT_MAPPER, GROUP, NEWEST, OLDEST, ORGANIZATION, PERMISSION,
    POLICY, REALM, ROLE, USER, Version, WORKFLOW, main_field,
};
use realmwright::state::Address;
use serde_json::{Value, json};

use crate::ours::{Ours, is_known_to};
use crate::realms::edit::{edit, is_fixed, mend};
use crate::realms::everything::everything;
use crate::realms::flat::{Flat, manifest};
use crate::realms::random::Random;
use crate::server::Server;
use crate::{Needs, Trial, asked_for};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "prediction::a_realm_of_everything_grows_changes_and_goes_as_planned",
            needs: Needs::Newest,
            run: |it| grows_changes_and_goes(it, "prediction-story", NEWEST),
        },
        Trial {
            name: "prediction::a_realm_of_everything_grows_changes_and_goes_as_planned_on_the_oldest",
            needs: Needs::Oldest,
            run: |it| grows_changes_and_goes(it, "prediction-story", OLDEST),
        },
        Trial {
            name: "prediction::foreign_objects_stay_or_go_as_planned",
            needs: Needs::Newest,
            run: foreign_objects,
        },
        Trial {
            name: "prediction::what_a_client_loses_when_it_is_turned_off_goes_as_planned",
            needs: Needs::Newest,
            run: turned_off,
        },
        Trial {
            name: "prediction::what_a_client_loses_when_it_is_turned_off_goes_as_planned_on_the_oldest",
            needs: Needs::Oldest,
            run: turned_off,
        },
        Trial {
            name: "prediction::permissions_over_administration_go_as_planned",
            needs: Needs::Newest,
            run: over_administration,
        },
        Trial {
            name: "prediction::random_sequences_go_as_planned",
            needs: Needs::Newest,
            run: |it| sequences(it, 3),
        },
    ]
}

/// A realm with nothing of ours, in which users may have attributes that no profile names.
fn empty(server: &Server, realm: &str) -> Result<(), String> {
    server.fresh_realm(realm)?;
    let mut profile = server.get(&format!("/{realm}/users/profile"))?;
    profile["unmanagedAttributePolicy"] = json!("ENABLED");
    server.put(&format!("/{realm}/users/profile"), &profile)?;
    Ok(())
}

fn grows_changes_and_goes(server: &Server, realm: &str, version: Version) -> Result<(), String> {
    empty(server, realm)?;
    let mut ours = Ours::new(server, realm)?;
    let mut step = |title: &str, flat: &Flat| {
        ours.apply(&manifest(realm, flat), true).map_err(|it| format!("{title}: {it}"))
    };
    let varied = |choice| {
        let mut flat = everything(&mut |_, _| choice);
        flat.retain(|it, _| is_known_to(version, it));
        flat
    };
    let first = varied(0);
    step("create", &first)?;
    step("change", &varied(1))?;
    step("change again", &varied(2))?;
    step("back", &first)?;
    step("with nothing said of any of it", &bare(&first))?;
    step("with everything said again", &first)?;
    let mut less = first.clone();
    less.retain(|it, _| !matches!(it.kind(), ROLE | PERMISSION) && it.name() != "eric");
    mend(&mut less);
    step("without roles and permissions", &less)?;
    less.retain(|it, _| it.kind() != CLIENT_SCOPE && it.ancestor(GROUP).is_none());
    mend(&mut less);
    step("without scopes and groups", &less)?;
    step("everything again", &first)?;
    less.retain(|it, _| it.ancestor(CLIENT).is_none() && it.kind() != USER);
    mend(&mut less);
    step("without clients and users", &less)?;
    step("nothing", &Flat::new())?;
    Ok(())
}

/// Permissions over administration come with their switch, change, go with what they are for, and stay when that is off.
fn over_administration(server: &Server) -> Result<(), String> {
    let realm = "prediction-administration";
    empty(server, realm)?;
    let mut ours = Ours::new(server, realm)?;
    let permission = |name: &str, of_type: &str, scope: &str, targets: &[&str]| {
        let mut it = json!({ "name": name, "type": "scope", "resourceType": of_type, "scopes": [scope], "policies": ["P"] });
        if !targets.is_empty() {
            it["resources"] = json!(targets);
        }
        it
    };
    let whole = |is_on: bool, users: &[&str], permissions: Vec<Value>| {
        json!({
            "realm": realm, "adminPermissionsEnabled": is_on,
            "roles": { "realm": [{ "name": "r" }] },
            "groups": [{ "name": "g", "subGroups": [{ "name": "sub" }] }],
            "users": users.iter().map(|it| json!({ "username": it })).collect::<Vec<_>>(),
            "clients": [{ "clientId": "shop" }, { "clientId": "admin-permissions", "authorizationSettings": {
                "policies": [{ "name": "P", "type": "role", "roles": ["r"] }], "permissions": permissions,
            } }],
        })
    };
    let all = [
        permission("A", "Users", "view", &["ann"]),
        permission("B", "Users", "view", &["ann", "bob"]),
        permission("C", "Groups", "view-members", &["/g/sub"]),
        permission("D", "Clients", "view", &["shop"]),
        permission("E", "Roles", "map-role", &["r"]),
        permission("F", "Users", "manage", &[]),
    ];
    let mut step =
        |title: &str, manifest: Value| ours.apply(&manifest, true).map_err(|it| format!("{title}: {it}"));
    step("create", whole(true, &["ann", "bob"], all.to_vec()))?;
    let mut fewer = all.to_vec();
    fewer[0] = permission("A", "Users", "manage", &["bob"]);
    fewer[2] = permission("C", "Groups", "view", &["/g"]);
    fewer[3] = permission("D", "Clients", "view", &["Clients"]);
    step("change", whole(true, &["ann", "bob"], fewer.clone()))?;
    fewer[1] = permission("B", "Users", "view", &["bob"]);
    step("without somebody", whole(true, &["bob"], fewer.clone()))?;
    step("off", whole(false, &["bob"], fewer))?;
    step("nothing", whole(true, &[], Vec::new())).map(drop)
}

/// Returns the same objects with nothing declared of them but what they cannot be without.
fn bare(flat: &Flat) -> Flat {
    let mut bare = flat.clone();
    for (address, fields) in &mut bare {
        let of = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let needed: &[&str] = match address.kind() {
            POLICY => &[main_field(&of).unwrap_or_default()],
            PERMISSION => &["policies", "resources", "scopes"],
            // Their providers cannot do without.
            COMPONENT | COMPONENT_MAPPER => &["config"],
            // Nor can an old server's organizations, and none without the switch.
            REALM => &["organizationsEnabled"],
            ORGANIZATION => &["domains"],
            WORKFLOW => &["steps"],
            _ => &[],
        };
        fields.retain(|name, _| is_fixed(name) || needed.contains(&name.as_str()));
    }
    bare
}

fn foreign_objects(server: &Server) -> Result<(), String> {
    let realm = "prediction-foreign";
    empty(server, realm)?;
    let mut ours = Ours::new(server, realm)?;
    ours.also = BTreeSet::from(["stranger".to_owned()]);
    let mut flat = everything(&mut |_, _| 0);
    ours.apply(&manifest(realm, &flat), true)?;
    // A stranger holds our role and sits in our group; their role has ours in it; their policies name our things.
    let at = |path: &str| format!("/{realm}/{path}");
    let role = |name: &str| server.get(&at(&format!("roles/{name}")));
    server.post(&at("users"), &json!({ "username": "stranger", "enabled": true }))?;
    let stranger = server.get(&at("users?exact=true&username=stranger"))?[0]["id"].clone();
    let stranger = stranger.as_str().ok_or("no id of the stranger")?.to_owned();
    let (plain, extra) = (role("plain")?, role("extra")?);
    server.post(&at(&format!("users/{stranger}/role-mappings/realm")), &json!([plain, extra]))?;
    let ops = server.get(&at("group-by-path/ops"))?["id"].as_str().ok_or("no group")?.to_owned();
    server.put(&at(&format!("users/{stranger}/groups/{ops}")), &json!({}))?;
    server.post(&at("roles"), &json!({ "name": "theirs" }))?;
    server.post(&at("roles/theirs/composites"), &json!([plain, extra]))?;
    server.post(&at(&format!("groups/{ops}/children")), &json!({ "name": "under ours" }))?;
    let demo = server.get(&at("clients?clientId=demo"))?[0]["id"].as_str().ok_or("no client")?.to_owned();
    let authz = at(&format!("clients/{demo}/authz/resource-server"));
    let both = json!({ "name": "theirs", "roles": [{ "id": plain["id"] }, { "id": extra["id"] }] });
    server.post(&format!("{authz}/policy/role"), &both)?;
    server.post(&format!("{authz}/resource"), &json!({ "name": "theirs", "uris": ["/theirs"] }))?;
    server.post(
        &format!("{authz}/permission/resource"),
        &json!({ "name": "their permission", "resources": ["One", "theirs"], "policies": ["theirs", "roles"] }),
    )?;
    ours.apply(&manifest(realm, &flat), true)?;
    // Our role, group, resource and policy go from under them.
    flat.retain(|it, _| !matches!(it.to_string().as_str(), "role/extra" | "group/ops"));
    flat.retain(|it, _| {
        !matches!(
            it.to_string().as_str(),
            "client/demo/authz/resource/One" | "client/demo/authz/policy/roles"
        )
    });
    mend(&mut flat);
    ours.apply(&manifest(realm, &flat), true)?;
    flat.retain(|it, _| it.ancestor(CLIENT).is_none_or(|it| it.name() != "demo"));
    mend(&mut flat);
    ours.apply(&manifest(realm, &flat), true)?;
    Ok(())
}

/// Authorization and service account go with the switch that made them, and come back with it.
fn turned_off(server: &Server) -> Result<(), String> {
    let realm = "prediction-off";
    empty(server, realm)?;
    let mut ours = Ours::new(server, realm)?;
    let mut step = |title: &str, fields: Value| {
        let manifest = json!({ "realm": realm, "clients": [fields] });
        ours.apply(&manifest, true).map_err(|it| format!("{title}: {it}"))
    };
    let on = json!({
        "clientId": "c", "serviceAccountsEnabled": true, "authorizationServicesEnabled": true, "publicClient": false,
        "authorizationSettings": {
            "scopes": [{ "name": "view" }],
            "resources": [{ "name": "R", "scopes": ["view"] }],
            "policies": [{ "name": "P", "type": "role", "roles": ["offline_access"] }],
            "permissions": [{ "name": "Q", "type": "resource", "resources": ["R"], "policies": ["P"] }],
        },
    });
    step("on", on.clone())?;
    step(
        "without authorization",
        json!({ "clientId": "c", "serviceAccountsEnabled": true, "authorizationServicesEnabled": false }),
    )?;
    step("on again", on.clone())?;
    step(
        "without both",
        json!({ "clientId": "c", "serviceAccountsEnabled": false, "authorizationServicesEnabled": false }),
    )?;
    step("and again", on)?;
    step(
        "public",
        json!({
            "clientId": "c", "serviceAccountsEnabled": false, "authorizationServicesEnabled": false,
            "publicClient": true
        }),
    )?;
    step("gone", json!({ "clientId": "other" }))?;
    Ok(())
}

fn sequences(server: &Server, usual: u64) -> Result<(), String> {
    let count = asked_for("SEQUENCES").unwrap_or(usual);
    let first = asked_for("SEED").unwrap_or(1);
    let mut wrong = Vec::new();
    for seed in first..first + count {
        if let Err(error) = sequence(server, seed) {
            wrong.push(format!("REALMWRIGHT_TEST_SEED={seed}: {error}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n\n")) }
}

const STEPS: usize = 8;

fn sequence(server: &Server, seed: u64) -> Result<(), String> {
    // Several runs may share a server.
    let realm = &format!("prediction-random-{seed}-{}", std::process::id());
    empty(server, realm)?;
    let mut ours = Ours::new(server, realm)?;
    let mut random = Random::new(seed);
    let mut flat = everything(&mut |_, _| random.below(3));
    let all: Vec<Address> = flat.keys().cloned().collect();
    // Not everything at first.
    let missing = random.below(10);
    for _ in 0..missing {
        flat.remove(random.one(&all));
    }
    mend(&mut flat);
    let mut story = Vec::new();
    for step in 0..STEPS {
        let before = flat.clone();
        if step > 0 {
            for _ in 0..=random.below(4) {
                story.push(edit(&mut flat, &all, &mut random));
            }
            mend(&mut flat);
            if random.below(2) == 0 {
                story.push(meddle(server, realm, &flat, &mut random)?);
            }
        }
        let prune = random.below(3) > 0;
        story.push(format!("apply, prune {prune}"));
        match ours.apply(&manifest(realm, &flat), prune) {
            Ok(_) => {}
            Err(refused) if refused.starts_with("refused: ") => {
                story.push(refused);
                flat = before;
            }
            Err(error) => return Err(format!("step {step}: {error}\nafter {}", story.join("; "))),
        }
    }
    server.no_realm(realm)?;
    Ok(())
}

/// Somebody else does something in the realm.
fn meddle(server: &Server, realm: &str, flat: &Flat, random: &mut Random) -> Result<String, String> {
    let at = |path: &str| format!("/{realm}/{path}");
    let name = format!("foreign {}", random.below(1000));
    let done = match random.below(6) {
        0 => server.call(reqwest::Method::POST, &at("roles"), Some(&json!({ "name": name })))?,
        1 => server.call(reqwest::Method::POST, &at("groups"), Some(&json!({ "name": name })))?,
        2 => server.call(
            reqwest::Method::POST,
            &at("clients"),
            Some(&json!({ "clientId": name, "serviceAccountsEnabled": true })),
        )?,
        3 => {
            // One of our roles gets another description, and goes into a foreign role.
            let (_, mut role) = server.call(reqwest::Method::GET, &at("roles/plain"), None)?;
            if role["id"].is_null() {
                return Ok("nothing".to_owned());
            }
            role["description"] = json!(name);
            server.put(&at("roles/plain"), &role)?;
            server.post(&at("roles"), &json!({ "name": format!("{name} around") })).ok();
            let path = at(&format!("roles/{name} around/composites"));
            server.call(reqwest::Method::POST, &path, Some(&json!([role])))?
        }
        4 => {
            let groups = flat.keys().filter(|it| it.kind() == GROUP && it.parent().is_none());
            let ours: Vec<&Address> = groups.collect();
            if ours.is_empty() {
                return Ok("nothing".to_owned());
            }
            let path = at(&format!("group-by-path/{}", random.one(&ours).name()));
            let (_, group) = server.call(reqwest::Method::GET, &path, None)?;
            let Some(id) = group["id"].as_str() else { return Ok("nothing".to_owned()) };
            server.call(reqwest::Method::DELETE, &at(&format!("groups/{id}")), None)?
        }
        _ => {
            let rows = server.get(&at("clients?clientId=demo"))?;
            let Some(id) = rows[0]["id"].as_str() else { return Ok("nothing".to_owned()) };
            let path = at(&format!("clients/{id}/authz/resource-server/resource"));
            server.call(reqwest::Method::POST, &path, Some(&json!({ "name": name, "scopes": ["view"] })))?
        }
    };
    Ok(format!("somebody: {name} ({})", done.0))
}
