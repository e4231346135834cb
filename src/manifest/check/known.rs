//! What references may name: what is declared, what every realm has, what the project says is elsewhere.

use super::super::load::Desired;
use super::super::project::Project;
use crate::kind::{
    CLIENT, DEFAULT_ROLE, GROUP, ROLE, SETTINGS, USER, built_ins, default_role_name, service_account_of,
};
use crate::state::{Address, KindName};
use crate::text::nearest;

pub(super) struct Known<'a> {
    pub(super) desired: &'a Desired,
    pub(super) project: &'a Project,
}

impl Known<'_> {
    /// Returns whether something stands, or will stand, at an address.
    pub(super) fn has(&self, address: &Address) -> bool {
        self.desired.state.contains(address)
            || built_ins().contains(address)
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
            return service_account_of(address, &self.desired.state).is_some();
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
        self.desired.state.objects.keys().chain(built_ins())
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
