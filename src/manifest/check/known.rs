//! What references may name: what is declared, what every realm has, what the project says is elsewhere.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::super::load::Desired;
use super::super::project::Project;
use crate::kind::{
    CLIENT, DEFAULT_ROLE, GROUP, Owned, RESOURCE, ROLE, SCOPE, SETTINGS, USER, built_ins, default_role_name,
    is_admin_permissions, service_account_of, wire_name,
};
use crate::state::{Address, KindName};
use crate::text::nearest;

/// So many names are compared in search of what somebody may have meant; a run with more mistakes has no use for
/// further hints.
const MOST: usize = 500_000;

pub(super) struct Known<'a> {
    pub(super) desired: &'a Desired,
    project: &'a Project,
    /// Everything that is declared or built in.
    by_name: BTreeMap<KindName, BTreeMap<&'a str, Vec<&'a Address>>>,
    by_parent: BTreeMap<(KindName, Option<Address>), Vec<&'a Address>>,
    /// Groups by the paths that requests name them with.
    by_path: BTreeMap<String, Vec<&'a Address>>,
    owned: Owned,
    compared: Cell<usize>,
}

impl<'a> Known<'a> {
    pub(super) fn new(desired: &'a Desired, project: &'a Project) -> Self {
        let mut by_name: BTreeMap<KindName, BTreeMap<_, Vec<_>>> = BTreeMap::new();
        let (mut by_parent, mut by_path) = (BTreeMap::new(), BTreeMap::new());
        for address in desired.state.objects.keys().chain(built_ins()) {
            let kind = address.kind();
            by_name.entry(kind).or_default().entry(address.name()).or_default().push(address);
            by_parent.entry((kind, address.parent())).or_insert_with(Vec::new).push(address);
            if kind == GROUP {
                by_path.entry(wire_name(address)).or_insert_with(Vec::new).push(address);
            }
        }
        let owned = Owned::of(&[&desired.state]);
        Self { desired, project, by_name, by_parent, by_path, owned, compared: Cell::new(0) }
    }
}

impl Known<'_> {
    /// Returns whether something stands, or will stand, at an address.
    pub(super) fn has(&self, address: &Address) -> bool {
        self.desired.state.contains(address)
            || self.owned.meant(address).is_some()
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
        // Which scopes there are hangs on the version; resources go by the ids of what they stand for.
        let is_fine_grained = is_admin_permissions(&client) && matches!(address.kind(), SCOPE | RESOURCE);
        is_fine_grained
            || address.kind() == ROLE
                && address.name() == "uma_protection"
                && self.desired.state.get(&client).is_some_and(|it| {
                    it.is_true("authorizationServicesEnabled")
                        || self.desired.state.contains(&client.child(SETTINGS, ""))
                })
    }

    /// Returns everything of a kind that is declared or built in, and has this name.
    pub(super) fn named(&self, kind: KindName, name: &str) -> &[&Address] {
        self.by_name.get(&kind).and_then(|it| it.get(name)).map_or(&[], Vec::as_slice)
    }

    /// Returns the groups that requests name with this path.
    pub(super) fn at_path(&self, path: &str) -> &[&Address] {
        self.by_path.get(path).map_or(&[], Vec::as_slice)
    }

    /// Returns what somebody most likely meant who named `address` in `from`.
    pub(super) fn near(&self, address: &Address, from: &Address) -> Option<Address> {
        // The right name in another place: a role of a client, a group further down.
        if matches!(address.kind(), ROLE | GROUP)
            && let Some(elsewhere) = self.named(address.kind(), address.name()).first()
        {
            return Some((*elsewhere).clone());
        }
        if let Some(owned) = self.owned.named(address).first() {
            return Some(owned.clone());
        }
        let parent = address.parent();
        let siblings = self.by_parent.get(&(address.kind(), parent.clone())).map_or(&[][..], Vec::as_slice);
        self.compared.set(self.compared.get().saturating_add(siblings.len()));
        if self.compared.get() > MOST {
            return None;
        }
        let siblings = siblings.iter().filter(|it| **it != from);
        let name = nearest(address.name(), siblings.map(|it| it.name()))?;
        Some(match parent {
            Some(parent) => parent.child(address.kind(), name),
            None => Address::top(address.kind(), name),
        })
    }
}
