//! Which permissions the cases of a test are about.

use std::collections::BTreeSet;

use super::{Rule, Tested};
use crate::access::decide::order;
use crate::access::realm::{PermissionType, Realm};
use crate::kind::RESOURCE;
use crate::state::Address;

/// Returns the permissions of a client that tests are for: what users share is theirs.
pub(super) fn to_test(realm: &Realm, client: &Address) -> Vec<Address> {
    let Some(server) = realm.server(client) else { return Vec::new() };
    let all = server.permissions.addresses.iter().zip(&server.permission_entries);
    all.filter(|(_, it)| it.of != PermissionType::Share).map(|it| it.0.clone()).collect()
}

/// Returns the permissions that a case of `expect` reached: they apply to the resource and the scope that are asked for.
///
/// `otherwise` and `never` are about everything, so that they would count every permission as tested.
pub(super) fn reached(realm: &Realm, tested: &Tested) -> BTreeSet<Address> {
    let Some(server) = realm.server(&tested.client) else { return BTreeSet::new() };
    let mut out = BTreeSet::new();
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
        let reached =
            order(server, Some(at), &requested).into_iter().filter(|it| server.covers(*it, &requested));
        out.extend(reached.map(|it| server.permissions.addresses[it.0].clone()));
    }
    out
}
