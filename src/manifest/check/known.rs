//! What references may name: what is declared, what every realm has, what the project says is elsewhere.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::super::load::Desired;
use super::super::project::Project;
use crate::kind::{Owned, built_ins, comes_along, is_default_role, kind, wire_name};
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
    /// Groups, which nest, by the paths that requests name them with.
    by_path: BTreeMap<String, Vec<&'a Address>>,
    owned: Owned,
    compared: Cell<usize>,
}

impl<'a> Known<'a> {
    pub(super) fn new(desired: &'a Desired, project: &'a Project) -> Self {
        let mut by_name: BTreeMap<KindName, BTreeMap<_, Vec<_>>> = BTreeMap::new();
        let (mut by_parent, mut by_path) = (BTreeMap::new(), BTreeMap::new());
        for address in desired.state.objects.keys().chain(built_ins()) {
            let name = address.kind();
            by_name.entry(name).or_default().entry(address.name()).or_default().push(address);
            by_parent.entry((name, address.parent())).or_insert_with(Vec::new).push(address);
            if kind(name).nests() {
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
            || is_default_role(address, &self.desired.realm)
            || comes_along(address, &self.desired.state)
            || self.project.external.iter().any(|it| it.covers(address))
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
        if kind(address.kind()).has_several_places()
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
