//! Which permissions the cases of a test are about.

use std::collections::{BTreeMap, BTreeSet};

use super::{Rule, Tested};
use crate::access::decide::order;
use crate::access::realm::{PermissionType, Realm};
use crate::kind::RESOURCE;
use crate::state::Address;

/// Returns the permissions of a document's resource server, each with whether a case of `expect` reached it: it
/// applies to the resource and the scope that are asked for.
///
/// `otherwise` and `never` are about everything, so that they would count every permission as tested.
pub fn reached(realm: &Realm, tested: &Tested) -> BTreeMap<Address, bool> {
    let Some(server) = realm.server(&tested.client) else { return BTreeMap::new() };
    // What users share is theirs to test.
    let all = server.permissions.addresses.iter().zip(&server.permission_entries);
    let mut out: BTreeMap<Address, bool> = all
        .filter(|(_, it)| it.of != PermissionType::Share)
        .map(|(address, _)| (address.clone(), false))
        .collect();
    let asked: BTreeSet<(&str, Option<&str>)> = tested
        .cases
        .iter()
        .filter(|it| it.rule == Rule::Expect)
        .map(|it| (it.resource.as_str(), it.scope.as_deref()))
        .collect();
    for (resource, scope) in asked {
        let Some(at) = server.resources.get(&tested.client.child(RESOURCE, resource)) else { continue };
        let scope = scope.and_then(|it| server.scopes.addresses.iter().position(|at| at.name() == it));
        let requested: BTreeSet<usize> = match scope {
            Some(scope) => BTreeSet::from([scope]),
            None => server.resource_entries[at].all.clone(),
        };
        for (permission, _) in order(server, Some(at), &requested) {
            let entry = &server.permission_entries[permission];
            let is_apart = entry.of == PermissionType::Scope
                && !requested.is_empty()
                && entry.scopes.is_disjoint(&requested);
            if !is_apart && let Some(known) = out.get_mut(&server.permissions.addresses[permission]) {
                *known = true;
            }
        }
    }
    out
}
