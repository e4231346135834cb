//! Fine-grained permissions over administration: the client `admin-permissions`, decided as Keycloak decides it.
//!
//! Measured on 26.7.5 with tokens of limited administrators and real calls of the admin API: a role of administration
//! opens what it opens before any permission is looked at; `manage` brings no `view`; what is for one object overrides
//! what is for all of its type; and a permission for all of a type that says no denies everything of that type, whatever
//! its own scopes, but for what a permission for the very object grants.

use std::collections::BTreeSet;

use super::{Interned, administration};
use crate::access::realm::{
    Applied, Permission, PermissionType, Policy, PolicyIs, Realm, Required, Resource, Strategy, Tier,
};
use crate::kind::{RESOURCE, ROLE, TARGETS, realm_address, resource_for, stands_for, type_of};
use crate::state::{Address, State};

/// The types whose objects permissions are for, which are the names of resources, too.
const USERS: &str = "Users";
const GROUPS: &str = "Groups";

/// What roles open by themselves: of a type these scopes, for who has all of these roles (measured on 26.7.5).
const OPENED: &[(&str, &[&str], &[&str])] = &[
    (USERS, &["view", "manage", "map-roles", "manage-group-membership", "reset-password"], &["manage-users"]),
    (USERS, &["view"], &["view-users"]),
    (USERS, &["impersonate"], &["impersonation"]),
    (
        GROUPS,
        &[
            "view",
            "manage",
            "view-members",
            "manage-members",
            "manage-membership",
            "manage-membership-of-members",
        ],
        &["manage-users"],
    ),
    (GROUPS, &["view", "view-members"], &["view-users"]),
    (GROUPS, &["impersonate-members"], &["impersonation"]),
    ("Clients", &["view", "manage", "map-roles-composite", "map-roles-client-scope"], &["manage-clients"]),
    ("Clients", &["view"], &["view-clients"]),
    ("Clients", &["map-roles"], &["manage-users"]),
    ("Roles", &["map-role"], &["manage-users"]),
    ("Roles", &["map-role-composite", "map-role-client-scope"], &["manage-realm", "manage-clients"]),
    ("Organizations", &["view", "manage"], &["manage-organizations"]),
    ("Organizations", &["view", "manage"], &["manage-realm"]),
    ("Organizations", &["view"], &["view-organizations"]),
];

/// Puts the roles beside the policies and permissions, as policies that ask for them and permissions of these. Their
/// addresses are those of the roles, which nothing else of a client has.
pub(super) fn add_roles(
    realm: &Realm,
    scopes: &Interned,
    (policies, policy_entries): (&mut Interned, &mut Vec<Policy>),
    (permissions, permission_entries): (&mut Interned, &mut Vec<Permission>),
) {
    let Some(client) = administration::client(realm).map(|it| &realm.clients.addresses[it]) else { return };
    for (of_type, opens, roles) in OPENED {
        let of_client = |it: &&str| client.child(ROLE, *it);
        let roles: Vec<Address> = roles.iter().map(of_client).collect();
        let Some(positions) = roles.iter().map(|it| realm.roles.get(it)).collect::<Option<Vec<usize>>>()
        else {
            continue;
        };
        let first = policy_entries.len();
        for (role, of) in roles.iter().zip(positions) {
            let roles = vec![Required { of, required: true }];
            let is = PolicyIs::Role { roles, from_database: true };
            policy_entries.push(Policy { negative: false, is });
            policies.push(role.clone());
        }
        let of_permission: Vec<usize> = (first..policy_entries.len()).collect();
        permission_entries.push(Permission {
            of: PermissionType::Scope,
            strategy: Strategy::Unanimous,
            leaves: of_permission.clone(),
            policies: of_permission,
            resources: BTreeSet::new(),
            scopes: (0..scopes.len()).filter(|it| opens.contains(&scopes.addresses[*it].name())).collect(),
            resource_type: (*of_type).to_owned(),
        });
        permissions.push(roles[0].clone());
    }
}

/// Works out which permissions there are for each resource: it stands for all of a type, or for one object.
pub(super) fn apply(
    state: &State,
    realm: &Realm,
    table: &Interned,
    resources: &mut [Resource],
    permissions: (&Interned, &[Permission]),
) {
    let is_on = state.get(&realm_address()).is_some_and(|it| it.is_true("adminPermissionsEnabled"));
    let is_role = |at: usize| permissions.0.addresses[at].kind() == ROLE;
    let is_for_all: Vec<bool> = permissions.0.addresses.iter().map(|it| is_for_all(state, it)).collect();
    let groups_of = |user: &Address| {
        let user = realm.users.get(user);
        user.map(|it| realm.with_parents(&realm.user_entries[it].groups)).unwrap_or_default()
    };
    let resource_of = |group: usize| {
        let client = table.addresses.first()?.parent()?;
        table.get(&resource_for(&client, &realm.groups.addresses[group]))
    };
    for (at, resource) in resources.iter_mut().enumerate() {
        let target = stands_for(&table.addresses[at]);
        let of_type = target.as_ref().and_then(type_of).unwrap_or(table.addresses[at].name());
        let groups = target.as_ref().map(groups_of).unwrap_or_default();
        let of_groups: BTreeSet<usize> = groups.iter().filter_map(resource_of).collect();
        let mut applied: Vec<Applied> = Vec::new();
        for (permission, it) in permissions.1.iter().enumerate() {
            let is_of = |wanted: &str| it.resource_type == wanted;
            let tier = if is_role(permission) {
                is_of(of_type).then_some(Tier::Role)
            } else if !is_on || it.policies.is_empty() {
                None
            } else if is_of(of_type) && is_for_all[permission] {
                Some(Tier::AllOfType)
            } else if it.resources.contains(&at) {
                Some(Tier::Object)
            } else if is_of(GROUPS) && is_for_all[permission] {
                groups.iter().next().map(|_| Tier::AllGroups)
            } else {
                (!it.resources.is_disjoint(&of_groups)).then_some(Tier::Group)
            };
            applied.extend(tier.map(|it| Applied { permission, phase: it as u8 }));
        }
        applied.sort_by_key(|it| it.phase);
        resource.applied = applied;
    }
}

/// Returns whether a permission is for all of its type: it names nothing else. One without anything, as it is made while they are
/// off, is for nothing.
fn is_for_all(state: &State, permission: &Address) -> bool {
    let mut targets = state.get(permission).into_iter().flat_map(|it| it.refs(TARGETS)).peekable();
    targets.peek().is_some() && targets.all(|it| it.kind() == RESOURCE)
}
