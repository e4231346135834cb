//! What the server makes of a new object: its defaults, and what it makes with it.
//!
//! Recorded per minor version (`schemas/keycloak/<minor>/create-defaults.json`).

mod client;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

pub use client::switched;

use super::{
    CLIENT, CLIENT_SCOPE, GROUP, MAPPER, NEWEST, PERMISSION, POLICY, REALM, RESOURCE, ROLE, SETTINGS, USER,
    Version, kind, lift_object, realm_address,
};
use crate::state::{Address, Is, Node, Object, State};
use crate::text::{At, tree_of_json};

type Recorded = BTreeMap<String, Value>;

static DEFAULTS: LazyLock<[Recorded; 2]> = LazyLock::new(|| {
    [
        include_str!("../../schemas/keycloak/26.7/create-defaults.json"),
        include_str!("../../schemas/keycloak/26.0/create-defaults.json"),
    ]
    .map(|text| {
        serde_json::from_str(text).expect("the recorded defaults are committed and checked by a test")
    })
});

/// The recording to take for a version: the nearest lower one.
fn recording(version: Version) -> usize {
    usize::from(version < NEWEST)
}

/// Returns the user profile that every new realm has.
pub(super) fn user_profile(version: Version) -> Value {
    DEFAULTS[recording(version)]["user-profile"]["reads"].clone()
}

/// Returns the new object as the server will show it: defaults for what `object` does not say.
///
/// `state` is the realm it is created in: default client scopes, default groups and the default role count.
pub fn created(address: &Address, object: &Object, state: &State, version: Version) -> Object {
    let mut made = Object::new(At::SERVER);
    if let Some(reads) = recorded(address, object, version) {
        let lifted =
            lift_object(kind(address.kind()), &tree_of_json(&reads), address.parent().as_ref()).into_live();
        // Without its owner it has another address.
        let name = super::own_name(address, object);
        let found =
            lifted.objects.into_iter().find(|(it, _)| it.kind() == address.kind() && it.name() == name);
        made.fields = found.map(|it| it.1.fields).unwrap_or_default();
    }
    if address.kind() == CLIENT {
        client::default_scopes(&mut made, object, state, version);
        client::derived(&mut made, address, object);
    }
    if address.kind() == USER {
        let unknown = || Address::top(ROLE, super::DEFAULT_ROLE);
        let default_role = state.default_role.clone().unwrap_or_else(unknown);
        made.fields.insert("realmRoles".into(), refs([default_role]));
        let groups = state.get(&realm_address()).and_then(|it| it.get("defaultGroups")).cloned();
        made.fields.insert("groups".into(), groups.unwrap_or_else(|| refs([])));
    }
    made
}

fn recorded(address: &Address, object: &Object, version: Version) -> Option<Value> {
    let defaults = &DEFAULTS[recording(version)];
    let entry = match address.kind() {
        ROLE if address.parent().is_some() => "client-role".to_owned(),
        ROLE => "realm-role".to_owned(),
        GROUP => "group".to_owned(),
        USER => "user".to_owned(),
        CLIENT if object.text("protocol") == "saml" => "client/saml".to_owned(),
        CLIENT => "client".to_owned(),
        CLIENT_SCOPE => "client-scope".to_owned(),
        SETTINGS => "client/authorization/settings".to_owned(),
        RESOURCE => "authz/resource".to_owned(),
        POLICY => format!("authz/policy/{}", object.text("type")),
        PERMISSION => format!("authz/permission/{}", object.text("type")),
        _ => return None,
    };
    let mut reads = defaults.get(&entry)?.get("reads")?.clone();
    let map = reads.as_object_mut()?;
    // The recording's own name and references are no defaults.
    map.insert(
        kind(address.kind()).key.to_owned(),
        Value::String(super::own_name(address, object).to_owned()),
    );
    map.remove("");
    for example in [
        "roles",
        "users",
        "groups",
        "clients",
        "clientScopes",
        "pattern",
        "targetClaim",
        "hour",
        "hourEnd",
        "owner",
    ] {
        if matches!(address.kind(), POLICY | PERMISSION | RESOURCE) {
            map.remove(example);
        }
    }
    Some(reads)
}

pub(super) fn has_service_account(client: &Object) -> bool {
    client.is_true("serviceAccountsEnabled") || client.is_true("authorizationServicesEnabled")
}

/// Returns the objects that the server makes together with a client that looks like this.
pub fn spawned(
    address: &Address,
    client: &Object,
    state: &State,
    version: Version,
) -> Vec<(Address, Object)> {
    if address.kind() != CLIENT || !has_service_account(client) {
        return Vec::new();
    }
    let mut spawned = Vec::new();
    let user = super::service_account(address);
    let mut account = created(&user, &Object::new(At::SERVER), state, version);
    account.fields.insert("enabled".into(), Node::bool(At::SERVER, true));
    if client.is_true("authorizationServicesEnabled") {
        let protection = address.child(ROLE, "uma_protection");
        account.fields.insert("clientRoles".into(), refs([protection.clone()]));
        spawned.push((protection.clone(), created(&protection, &Object::new(At::SERVER), state, version)));
        let settings = address.child(SETTINGS, "");
        spawned.push((settings.clone(), created(&settings, &Object::new(At::SERVER), state, version)));
    }
    spawned.push((user, account));
    if let Some(extra) = recorded_with_client(address, client, version) {
        spawned.extend(extra);
    }
    for (_, object) in &mut spawned {
        object.made_by = Some(address.clone());
    }
    spawned.retain(|(it, _)| !state.contains(it));
    spawned
}

/// Returns the objects that go with a switch of a client that is off: its authorization, its service account.
pub fn switched_off(address: &Address, client: &Object, state: &State) -> Vec<Address> {
    if address.kind() != CLIENT {
        return Vec::new();
    }
    let mut gone: Vec<Address> = Vec::new();
    // A client that becomes public loses its authorization without a word.
    if !client.is_true("authorizationServicesEnabled") || client.is_true("publicClient") {
        let authorization = [SETTINGS, super::SCOPE, RESOURCE, POLICY, PERMISSION];
        gone.extend(
            state.under(address).map(|it| it.0).filter(|it| authorization.contains(&it.kind())).cloned(),
        );
    }
    if !has_service_account(client) {
        let accounts = state
            .objects
            .iter()
            .filter(|(it, object)| it.kind() == USER && object.made_by.as_ref() == Some(address));
        gone.extend(accounts.map(|it| it.0.clone()));
    }
    gone
}

/// Returns what of a client goes off where an object goes with its switch.
pub fn part_of_client(gone: &Address) -> &'static str {
    if gone.kind() == USER { "the service account" } else { "the authorization" }
}

/// Mappers, and on 26.0 the default resource, policy and permission of an authorization client.
fn recorded_with_client(
    address: &Address,
    client: &Object,
    version: Version,
) -> Option<Vec<(Address, Object)>> {
    let (entry, name) = if client.is_true("authorizationServicesEnabled") {
        ("client/authorization", "recorded-authorization")
    } else {
        ("client/service-accounts", "recorded-accounts")
    };
    let exported =
        DEFAULTS[recording(version)].get(entry)?.get("exported")?.get(format!("clients/{name}"))?;
    let text = exported.to_string().replace(name, address.name());
    let value: Value = serde_json::from_str(&text).ok()?;
    let state = lift_object(kind(CLIENT), &tree_of_json(&value), None).into_live();
    Some(state.objects.into_iter().filter(|(it, _)| it.is_under(address) && it.kind() != SETTINGS).collect())
}

fn refs(addresses: impl IntoIterator<Item = Address>) -> Node {
    let items = addresses.into_iter().map(|it| Node::new(At::SERVER, Is::Ref(it))).collect();
    Node::new(At::SERVER, Is::List(items))
}

/// Returns the field that a create sends although nobody mentioned it: a realm and a user that are not said to
/// be disabled are meant to be used (the server would disable them); a client scope is for `OpenID` Connect and
/// a mapper for the protocol of what it stands under (the server refuses both without a protocol).
pub fn sent_unasked(address: &Address, state: &State) -> Option<(&'static str, Node)> {
    let openid = "openid-connect";
    match address.kind() {
        USER | REALM => Some(("enabled", Node::bool(At::SERVER, true))),
        CLIENT_SCOPE => Some(("protocol", Node::text(At::SERVER, openid))),
        MAPPER => {
            let parent = address.parent();
            let protocol = parent.as_ref().and_then(|it| state.get(it)).map(|it| it.text("protocol"));
            Some(("protocol", Node::text(At::SERVER, protocol.filter(|it| !it.is_empty()).unwrap_or(openid))))
        }
        _ => None,
    }
}
