//! What is planned is what the realm then holds, object by object: told as stories, and over random sequences
//! of edits, removals and foreign hands. [`Ours::apply`](crate::ours::Ours::apply) compares after each step.
//!
//! `REALMWRIGHT_TEST_SEQUENCES=30` runs more sequences, `REALMWRIGHT_TEST_SEED=7` begins with another one;
//! a failure names its seed.

use std::collections::BTreeSet;

use realmwright::kind::{CLIENT, CLIENT_SCOPE, GROUP, PERMISSION, POLICY, ROLE, USER, kind, lift_realm};
use realmwright::state::{Address, Found, Live};
use realmwright::text::tree_of_json;
use serde_json::{Map, Value, json};

use crate::everything::{everything, varied};
use crate::flat::{Flat, manifest};
use crate::ours::Ours;
use crate::server::Server;
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "prediction::a_realm_of_everything_grows_changes_and_goes_as_planned",
            needs: Needs::Newest,
            run: |it| grows_changes_and_goes(it, "prediction-story"),
        },
        Trial {
            name: "prediction::a_realm_of_everything_grows_changes_and_goes_as_planned_on_the_oldest",
            needs: Needs::Oldest,
            run: |it| grows_changes_and_goes(it, "prediction-story"),
        },
        Trial {
            name: "prediction::foreign_objects_stay_or_go_as_planned",
            needs: Needs::Newest,
            run: foreign_objects,
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

fn grows_changes_and_goes(server: &Server, realm: &str) -> Result<(), String> {
    empty(server, realm)?;
    let mut ours = Ours::new(server, realm)?;
    let mut step = |title: &str, flat: &Flat| {
        ours.apply(&manifest(realm, flat), true).map_err(|it| format!("{title}: {it}"))
    };
    let first = everything(&mut |_, _| 0);
    step("create", &first)?;
    step("change", &everything(&mut |_, _| 1))?;
    step("change again", &everything(&mut |_, _| 2))?;
    step("back", &first)?;
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

fn sequences(server: &Server, usual: u64) -> Result<(), String> {
    let number = |name: &str| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    let count = number("REALMWRIGHT_TEST_SEQUENCES").unwrap_or(usual);
    let first = number("REALMWRIGHT_TEST_SEED").unwrap_or(1);
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
    let realm = "prediction-random";
    empty(server, realm)?;
    let mut ours = Ours::new(server, realm)?;
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
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
    Ok(())
}

/// Changes what is declared, and says how.
fn edit(flat: &mut Flat, all: &[Address], random: &mut Random) -> String {
    let address = random.one(all).clone();
    match random.below(4) {
        0 if address.kind() != realmwright::kind::REALM => {
            flat.retain(|it, _| *it != address && !it.is_under(&address));
            format!("without {address}")
        }
        1 if flat.contains_key(&address) => {
            let fields = flat.get_mut(&address).expect("just seen");
            let names: Vec<String> = fields.keys().filter(|it| !is_fixed(it)).cloned().collect();
            if names.is_empty() {
                return "nothing".to_owned();
            }
            let name = random.one(&names).clone();
            fields.remove(&name);
            format!("{address} without {name}")
        }
        _ => {
            if let Some(parent) = address.parent()
                && !flat.contains_key(&parent)
            {
                return "nothing".to_owned();
            }
            flat.insert(address.clone(), varied(&address, &mut |_| random.below(3)));
            format!("{address} varied")
        }
    }
}

/// What an object cannot change, or cannot be without.
fn is_fixed(name: &str) -> bool {
    matches!(
        name,
        "type"
            | "protocol"
            | "protocolMapper"
            | "owner"
            | "publicClient"
            | "serviceAccountsEnabled"
            | "authorizationServicesEnabled"
            | "targetClaim"
            | "hour"
            | "resourceType"
    )
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

/// Removes every reference that leads nowhere, and every object that cannot be without it.
fn mend(flat: &mut Flat) {
    loop {
        let orphans: Vec<Address> = flat
            .keys()
            .filter(|it| it.parent().is_some_and(|up| !flat.contains_key(&up)))
            .chain(flat.keys().filter(|it| is_orphaned_account(it, flat)))
            .cloned()
            .collect();
        orphans.iter().for_each(|it| {
            flat.remove(it);
        });
        let state = lift_realm(&tree_of_json(&manifest("r", flat))).into_live();
        let mut live = Live::default();
        live.state = state;
        let known = |it: &Address| {
            matches!(live.find(it), Found::Is(_))
                || (kind(it.kind()).built_in)(it)
                || (it.kind() == ROLE && it.name() == realmwright::kind::DEFAULT_ROLE)
        };
        let mut is_clean = orphans.is_empty();
        let addresses: Vec<Address> = flat.keys().cloned().collect();
        for address in addresses {
            let names: Vec<String> = flat[&address].keys().cloned().collect();
            for name in names {
                let fields = flat.get_mut(&address).expect("nothing is removed here");
                let value = fields[&name].clone();
                let good = without_broken(&address, fields, &name, &value, &known);
                if good.as_ref() != Some(&value) {
                    is_clean = false;
                    match good {
                        Some(good) => fields.insert(name, good),
                        None => fields.remove(&name),
                    };
                }
            }
            let fields = &flat[&address];
            let needs = |names: &[&str]| names.iter().all(|it| fields.get(*it).is_none_or(is_empty));
            let is_empty = match address.kind() {
                POLICY => {
                    let main = realmwright::kind::main_field(fields["type"].as_str().unwrap_or_default());
                    main.is_some_and(|it| !it.is_empty() && needs(&[it]))
                }
                PERMISSION => {
                    needs(&["policies"])
                        || (fields["type"] == "scope" && needs(&["scopes"]))
                        || (fields["type"] == "resource" && needs(&["resources", "resourceType"]))
                }
                _ => address.name() == "Owned" && needs(&["owner"]),
            };
            if is_empty {
                is_clean = false;
                flat.remove(&address);
            }
        }
        if is_clean {
            return;
        }
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn is_orphaned_account(address: &Address, flat: &Flat) -> bool {
    let Some(client) = address.name().strip_prefix("service-account-") else { return false };
    address.kind() == USER && !flat.keys().any(|it| it.kind() == CLIENT && it.name().to_lowercase() == client)
}

/// Returns a value without list items that refer to nothing; none where what is broken is no list.
fn without_broken(
    address: &Address,
    fields: &Map<String, Value>,
    name: &str,
    value: &Value,
    known: &dyn Fn(&Address) -> bool,
) -> Option<Value> {
    let is_good = |value: &Value| {
        let mut alone = Map::from_iter([(name.to_owned(), value.clone())]);
        alone.extend(fields.get("type").map(|it| ("type".to_owned(), it.clone())));
        let mut flat = Flat::new();
        let mut above = address.parent();
        while let Some(it) = above {
            above = it.parent();
            flat.insert(it, Map::new());
        }
        flat.insert(address.clone(), alone);
        let lifted = lift_realm(&tree_of_json(&manifest("r", &flat))).into_live();
        let here: BTreeSet<&Address> = lifted.objects.keys().collect();
        let mut good = true;
        for object in lifted.objects.values() {
            object.each_ref(&mut |_, it, _| good &= known(it) || (here.contains(it) && it != address));
        }
        good
    };
    if is_good(value) {
        return Some(value.clone());
    }
    let items = value.as_array()?;
    Some(items.iter().filter(|it| is_good(&json!([it]))).cloned().collect())
}

/// Xorshift: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits fit") % limit
    }

    fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}
