//! Random edits of what is declared, and what keeps the rest valid.

use std::collections::BTreeSet;

use realmwright::kind::{
    CLIENT, CLIENT_POLICY, CLIENT_PROFILE, COMPONENT, COMPONENT_MAPPER, DEFAULT_ROLE, EXECUTION,
    FEDERATED_IDENTITY, FLOW, IDENTITY_PROVIDER, NEWEST, ORGANIZATION, ORGANIZATION_GROUP, PERMISSION,
    POLICY, REALM, ROLE, USER, is_built_in, lift_realm, main_field,
};
use realmwright::state::{Address, Found, Live};
use realmwright::text::tree_of_json;
use serde_json::{Map, Value, json};

use super::everything::varied;
use super::flat::{Flat, manifest};
use super::random::Random;

/// Changes what is declared, and says how.
pub(crate) fn edit(flat: &mut Flat, all: &[Address], random: &mut Random) -> String {
    let address = random.one(all).clone();
    match random.below(4) {
        0 if address.kind() != REALM => {
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
pub(crate) fn is_fixed(name: &str) -> bool {
    matches!(
        name,
        "type"
            | "providerType"
            | "providerId"
            | "protocol"
            | "protocolMapper"
            | "owner"
            | "authenticator"
            | "flowAlias"
            | "topLevel"
            | "publicClient"
            | "serviceAccountsEnabled"
            | "authorizationServicesEnabled"
            | "targetClaim"
            | "hour"
            | "resourceType"
            | "steps"
    )
}

/// Removes every reference that leads nowhere, and every object that cannot be without it.
pub(crate) fn mend(flat: &mut Flat) {
    loop {
        let orphans: Vec<Address> = flat
            .keys()
            .filter(|it| it.parent().is_some_and(|up| !flat.contains_key(&up)))
            .chain(flat.keys().filter(|it| is_orphaned_account(it, flat)))
            .cloned()
            .collect();
        for orphan in &orphans {
            flat.remove(orphan);
        }
        let state = lift_realm(&tree_of_json(&manifest("r", flat))).into_live();
        let mut live = Live::default();
        live.state = state;
        let known = |it: &Address| {
            matches!(live.find(it), Found::Is(_))
                || is_built_in(it, "r", NEWEST)
                || (it.kind() == ROLE && it.name() == DEFAULT_ROLE)
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
            // Names in texts lead somewhere, too.
            if address.kind() == CLIENT_POLICY {
                let is_there = |it: &Value| {
                    let name = it.as_str().unwrap_or_default();
                    name.starts_with("fapi") || flat.contains_key(&Address::top(CLIENT_PROFILE, name))
                };
                let kept = flat[&address].get("profiles").and_then(Value::as_array);
                let kept: Option<Vec<Value>> =
                    kept.map(|it| it.iter().filter(|it| is_there(it)).cloned().collect());
                let fields = flat.get_mut(&address).expect("nothing is removed here");
                fields.extend(kept.map(|it| ("profiles".to_owned(), Value::from(it))));
            }
            // Only members of an organization are in its groups.
            if address.kind() == ORGANIZATION_GROUP {
                let members = |it: &Address| flat.get(it)?.get("members")?.as_array().cloned();
                let all = address.ancestor(ORGANIZATION).and_then(|it| members(&it)).unwrap_or_default();
                let kept = members(&address).map(|it| it.into_iter().filter(|it| all.contains(it)).collect());
                let fields = flat.get_mut(&address).expect("nothing is removed here");
                fields.extend(kept.map(|it: Vec<Value>| ("members".to_owned(), Value::from(it))));
            }
            let fields = &flat[&address];
            let needs = |names: &[&str]| names.iter().all(|it| fields.get(*it).is_none_or(is_empty));
            let is_empty = match address.kind() {
                POLICY => {
                    let main = main_field(fields["type"].as_str().unwrap_or_default());
                    main.is_some_and(|it| !it.is_empty() && needs(&[it]))
                }
                PERMISSION => {
                    needs(&["policies"])
                        || (fields["type"] == "scope" && needs(&["scopes"]))
                        || (fields["type"] == "resource" && needs(&["resources", "resourceType"]))
                }
                FEDERATED_IDENTITY => {
                    let provider = Address::top(IDENTITY_PROVIDER, address.last_name());
                    needs(&["userId"]) || !flat.contains_key(&provider)
                }
                EXECUTION => needs(&["authenticator", "flowAlias"]),
                // It goes with what names it.
                FLOW => {
                    fields.get("topLevel") == Some(&json!(false))
                        && !flat.values().any(|it| it.get("flowAlias") == Some(&json!(address.name())))
                }
                // Their providers cannot do without, and a role that is given to everybody is there.
                COMPONENT | COMPONENT_MAPPER => fields.get("config").is_none_or(|it| {
                    let role = it.get("role").and_then(Value::as_str);
                    role.is_some_and(|it| !flat.contains_key(&Address::top(ROLE, it)))
                }),
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
