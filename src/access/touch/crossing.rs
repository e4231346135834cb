//! Permissions that reach a resource only half way: in the form of one side, a resource in the form of the other.

use std::collections::{BTreeMap, BTreeSet};

use super::Covers;
use crate::access::bounds::ResourceScope;
use crate::access::compile::is_like;
use crate::access::realm::{PermissionType, Realm, Server};
use crate::kind::{PERMISSION, RESOURCE};
use crate::state::Address;

/// Spots on which a permission has its say on neither side, and would have it in between.
#[derive(Default)]
pub(super) struct Crossings {
    /// By permissions as they will be, as long as the resource is as it was.
    pub(super) late: BTreeMap<Address, BTreeSet<usize>>,
    /// By permissions as they were, once the resource is as it will be.
    pub(super) early: BTreeMap<Address, BTreeSet<usize>>,
    /// All spots of `early`.
    pub(super) reached: BTreeSet<usize>,
}

impl Crossings {
    /// Looks at every changed permission beside every changed resource.
    pub(super) fn of(
        realms: [&Realm; 2],
        changed: &BTreeSet<&Address>,
        positions: &BTreeMap<ResourceScope, usize>,
        covers: &[[Covers; 2]],
    ) -> Self {
        let mut out = Self::default();
        let of_kind = |kind| changed.iter().filter(move |it| it.kind() == kind).copied();
        let resources: BTreeSet<&Address> = of_kind(RESOURCE).collect();
        for permission in of_kind(PERMISSION) {
            let client = permission.parent();
            let servers = realms.map(|it| client.as_ref().and_then(|client| it.server(client)));
            let [Some(before), Some(after)] = servers else { continue };
            for (is_late, says, stands) in [(true, after, before), (false, before, after)] {
                for resource in candidates(says, permission, &resources) {
                    for scope in reached(says, permission, stands, resource) {
                        let Some(spot) = positions.get(&(resource.clone(), scope)) else { continue };
                        if covers[*spot].iter().any(|it| it.contains_key(permission)) {
                            continue;
                        }
                        let spots = if is_late { &mut out.late } else { &mut out.early };
                        spots.entry(permission.clone()).or_default().insert(*spot);
                        if !is_late {
                            out.reached.insert(*spot);
                        }
                    }
                }
            }
        }
        out
    }
}

/// The changed resources that a permission may reach.
fn candidates<'a>(says: &Server, permission: &Address, changed: &BTreeSet<&'a Address>) -> Vec<&'a Address> {
    let Some(of) = says.permissions.get(permission).map(|it| &says.permission_entries[it]) else {
        return Vec::new();
    };
    if of.resources.is_empty() || !of.resource_type.is_empty() {
        let client = permission.parent();
        return changed.iter().filter(|it| it.parent() == client).copied().collect();
    }
    let named = of.resources.iter().map(|it| &says.resources.addresses[*it]);
    named.filter_map(|it| changed.get(it).copied()).collect()
}

/// The scopes of a resource of one side on which a permission of the other side has its say.
fn reached(says: &Server, permission: &Address, stands: &Server, resource: &Address) -> Vec<Option<Address>> {
    let of = says.permissions.get(permission).map(|it| &says.permission_entries[it]);
    let over = stands.resources.get(resource).map(|it| &stands.resource_entries[it]);
    let (Some(of), Some(over)) = (of, over) else { return Vec::new() };
    let names = says.resources.get(resource).is_some_and(|it| of.resources.contains(&it));
    let is_of_type =
        !of.resource_type.is_empty() && !over.of_type.is_empty() && is_like(&of.resource_type, &over.of_type);
    let is_of_scopes = of.of == PermissionType::Scope;
    let is_wide = is_of_scopes && of.resources.is_empty() && of.resource_type.is_empty();
    if !names && !is_of_type && !is_wide {
        return Vec::new();
    }
    if over.all.is_empty() {
        return if is_of_scopes { Vec::new() } else { vec![None] };
    }
    let scopes = over.all.iter().map(|it| &stands.scopes.addresses[*it]);
    let has_say =
        |it: &&Address| !is_of_scopes || says.scopes.get(it).is_some_and(|scope| of.scopes.contains(&scope));
    scopes.filter(has_say).cloned().map(Some).collect()
}
