//! What every realm has from the start, by name as it was recorded from each supported server. Nobody deletes it.
//!
//! The default role is not among these names: which one it is, the realm says (`State::default_role`).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::fresh::fresh_realm;
use super::recorded::of_each;
use super::{CLIENT, ROLE, Version, kind};
use crate::state::Address;

static NAMES: LazyLock<Vec<(Version, BTreeSet<Address>)>> = LazyLock::new(|| {
    of_each(|it| {
        let fresh = fresh_realm("any", it.version);
        fresh.objects.into_keys().filter(|it| Some(it) != fresh.default_role.as_ref()).collect()
    })
});

/// Roles of `master` alone.
const OF_MASTER: &[&str] = &["admin", "create-realm"];

/// Returns what the newest recorded server puts into a new realm, but for its default role.
pub fn built_ins() -> &'static BTreeSet<Address> {
    &NAMES.last().expect("there are recordings").1
}

/// Returns whether an object came with its realm, on a server of this version. A realm may be older than its server,
/// so what an older one made counts, too.
pub fn is_built_in(address: &Address, realm: &str, version: Version) -> bool {
    // What stands once under its parent came with that.
    let kind = kind(address.kind());
    let is_single = kind.key.is_empty() && kind.routes.collection.is_empty();
    let recorded = || {
        let oldest = NAMES[0].0;
        NAMES.iter().any(|(it, names)| (*it <= version || *it == oldest) && names.contains(address))
    };
    is_single || recorded() || is_admin_permissions(address) || (realm == "master" && is_of_master(address))
}

/// The client that the server makes once fine-grained permissions are turned on. Nobody else may have one of this name.
pub fn is_admin_permissions(address: &Address) -> bool {
    *address == admin_permissions()
}

pub(super) fn admin_permissions() -> Address {
    Address::top(CLIENT, "admin-permissions")
}

/// Returns whether an object belongs to fine-grained permissions: it is their client, or stands below it. Before 26.2 a
/// client of this name is like any other.
pub fn is_fine_grained(address: &Address, version: Version) -> bool {
    version >= Version::of(26, 2) && address.ancestor(CLIENT).is_some_and(|it| is_admin_permissions(&it))
}

/// `master` has a client for every realm, by which its own administrators administer that realm.
fn is_of_master(address: &Address) -> bool {
    match address.parent() {
        None if address.kind() == ROLE => OF_MASTER.contains(&address.name()),
        None => address.kind() == CLIENT && address.name().ends_with("-realm"),
        Some(_) => is_of_a_realm(address),
    }
}

/// Returns whether an object of `master` is a role that lets administer one realm: those of `REALM-realm` are called
/// as the roles of that realm's own `realm-management`.
pub(super) fn is_of_a_realm(address: &Address) -> bool {
    let Some(client) = address.parent() else { return false };
    let management = Address::top(CLIENT, "realm-management").child(address.kind(), address.name());
    address.kind() == ROLE && client.name().ends_with("-realm") && built_ins().contains(&management)
}

#[cfg(test)]
mod tests {
    use super::super::{NEWEST, OLDEST, parse_address};
    use super::*;

    #[test]
    fn what_came_with_a_realm_is_known_by_the_recorded_names_and_by_nothing_that_looks_like_them() {
        for (address, realm, version, is) in [
            ("client/account", "shop", NEWEST, true),
            ("client/account/role/manage-account", "shop", NEWEST, true),
            ("client/account/role/ours", "shop", NEWEST, false),
            ("client/realm-management/role/realm-admin", "shop", OLDEST, true),
            ("client/admin-permissions", "shop", NEWEST, true),
            ("client/shop-realm", "shop", NEWEST, false),
            ("client/shop-realm", "master", NEWEST, true),
            ("client/shop-realm/role/manage-users", "master", NEWEST, true),
            ("client/shop-realm/role/ours", "master", NEWEST, false),
            ("client/shop-realm/role/manage-users", "shop", NEWEST, false),
            ("role/offline_access", "shop", NEWEST, true),
            ("role/default-roles-x", "shop", NEWEST, false),
            ("role/default-roles-any", "shop", NEWEST, false),
            ("role/admin", "shop", NEWEST, false),
            ("role/admin", "master", NEWEST, true),
            ("client-scope/basic", "shop", OLDEST, true),
            ("client-scope/profile/mapper/nickname", "shop", NEWEST, true),
            ("client-scope/profile/mapper/ours", "shop", NEWEST, false),
            ("client-scope/service_account", "shop", NEWEST, true),
            ("client-scope/service_account", "shop", OLDEST, false),
            ("client-scope/basic", "shop", Version::of(25, 0), true),
            ("group/account", "shop", NEWEST, false),
            ("user/admin", "master", NEWEST, false),
            ("client/ours/authz/settings", "shop", NEWEST, true),
            ("realm", "shop", NEWEST, true),
        ] {
            let at = parse_address(address).expect("an address");
            assert_eq!(is_built_in(&at, realm, version), is, "{address} in {realm} of {version}");
        }
    }
}
