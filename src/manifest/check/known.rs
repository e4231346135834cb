//! What references may name: what is declared, what every realm has, what the project says is elsewhere.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;

use super::super::load::Desired;
use super::super::project::Project;
use crate::kind::{CLIENT, CLIENT_SCOPE, DEFAULT_ROLE, GROUP, ROLE, SETTINGS, USER, default_role_name};
use crate::state::{Address, KindName, Object};
use crate::text::nearest;

pub(super) struct Known<'a> {
    pub(super) desired: &'a Desired,
    pub(super) project: &'a Project,
}

/// What a new realm holds, by the newest recording.
static BUILT_IN: LazyLock<BTreeSet<Address>> = LazyLock::new(|| {
    let realm: Value = serde_json::from_str(include_str!("../../../schemas/keycloak/26.7/fresh-realm.json"))
        .expect("the recording is committed");
    let names = |list: &Value, key: &str| -> Vec<String> {
        let items = list.as_array().into_iter().flatten();
        items.filter_map(|it| it[key].as_str()).map(str::to_owned).collect()
    };
    let mut known = BTreeSet::new();
    known.extend(names(&realm["clients"], "clientId").into_iter().map(|it| Address::top(CLIENT, it)));
    known.extend(names(&realm["clientScopes"], "name").into_iter().map(|it| Address::top(CLIENT_SCOPE, it)));
    known.extend(names(&realm["roles"]["realm"], "name").into_iter().map(|it| Address::top(ROLE, it)));
    for (client, roles) in realm["roles"]["client"].as_object().into_iter().flatten() {
        let client = Address::top(CLIENT, client.as_str());
        known.extend(names(roles, "name").into_iter().map(|it| client.child(ROLE, it)));
    }
    known
});

impl Known<'_> {
    /// Returns whether something stands, or will stand, at an address.
    pub(super) fn has(&self, address: &Address) -> bool {
        self.desired.state.contains(address)
            || BUILT_IN.contains(address)
            || self.is_default_role(address)
            || self.is_spawned(address)
            || self.project.external.iter().any(|it| it.covers(address))
    }

    fn is_default_role(&self, address: &Address) -> bool {
        let name = address.name();
        address.kind() == ROLE
            && address.steps().len() == 1
            && (name == DEFAULT_ROLE || name == default_role_name(&self.desired.realm))
    }

    /// What the server makes along with a client.
    fn is_spawned(&self, address: &Address) -> bool {
        if address.kind() == USER {
            let Some(client) = address.name().strip_prefix("service-account-") else { return false };
            let has_account = |it: &Object| it.is_true("serviceAccountsEnabled");
            if self.desired.state.get(&Address::top(CLIENT, client)).is_some_and(has_account) {
                return true;
            }
            // Usernames are lower-cased, client ids are not.
            return self.desired.state.objects.iter().any(|(it, object)| {
                it.kind() == CLIENT && it.name().to_lowercase() == client && has_account(object)
            });
        }
        let Some(client) = address.parent().filter(|it| it.kind() == CLIENT) else { return false };
        address.kind() == ROLE
            && address.name() == "uma_protection"
            && self.desired.state.get(&client).is_some_and(|it| {
                it.is_true("authorizationServicesEnabled")
                    || self.desired.state.contains(&client.child(SETTINGS, ""))
            })
    }

    /// Returns everything of a kind that is declared or built in, and has this name.
    pub(super) fn named<'k>(&'k self, kind: KindName, name: &'k str) -> impl Iterator<Item = &'k Address> {
        self.all().filter(move |it| it.kind() == kind && it.name() == name)
    }

    fn all(&self) -> impl Iterator<Item = &Address> {
        self.desired.state.objects.keys().chain(BUILT_IN.iter())
    }

    /// Returns what somebody most likely meant who named `address` in `from`.
    pub(super) fn near(&self, address: &Address, from: &Address) -> Option<Address> {
        // The right name in another place: a role of a client, a group further down.
        if matches!(address.kind(), ROLE | GROUP)
            && let Some(elsewhere) = self.named(address.kind(), address.name()).next()
        {
            return Some(elsewhere.clone());
        }
        let parent = address.parent();
        let siblings =
            self.all().filter(|it| it.kind() == address.kind() && it.parent() == parent && *it != from);
        let name = nearest(address.name(), siblings.map(Address::name))?;
        Some(match parent {
            Some(parent) => parent.child(address.kind(), name),
            None => Address::top(address.kind(), name),
        })
    }
}
