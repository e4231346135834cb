//! What owners share, as permissions and policies like others: each share of a resource lets its owner in, and beside
//! the owner the users, roles, groups and clients that it names.

use std::collections::{BTreeMap, BTreeSet};

use super::{leaves, strategy};
use crate::access::realm::{
    Applied, Interned, Permission, PermissionType, Policy, PolicyIs, Resource, Strategy,
};
use crate::kind::POLICY;
use crate::state::{Address, Object};

/// The authorization of one client while shares are put into it.
pub(super) struct Shares<'a> {
    pub(super) client: &'a Address,
    pub(super) policies: &'a mut Interned,
    pub(super) policy_entries: &'a mut Vec<Policy>,
    pub(super) permissions: &'a mut Interned,
    pub(super) permission_entries: &'a mut Vec<Permission>,
}

impl Shares<'_> {
    /// Puts the owner of what is shared before the policies that say with whom it is.
    pub(super) fn fill(&mut self, objects: &[&Object], resources: &[Resource]) {
        for (at, object) in objects.iter().enumerate() {
            if self.permission_entries[at].of != PermissionType::Share {
                continue;
            }
            let share = self.permissions.addresses[at].clone();
            let strategy = strategy(object);
            let mut with = Vec::new();
            let parts = self.permission_entries[at].policies.clone();
            if !parts.is_empty() {
                let all = PolicyIs::Aggregate { policies: parts, strategy };
                with.push(self.add(share.child(POLICY, "with"), false, all));
            }
            let resource = self.permission_entries[at].resources.first();
            let owner = resource.and_then(|it| resources[*it].owner.clone());
            self.settle(at, owner, strategy == Strategy::Unanimous, with);
        }
    }

    /// Shares of a resource of the server reach users' resources of its type, each of which has its own owner.
    pub(super) fn reach(&mut self, resources: &mut [Resource]) {
        let mut known: BTreeMap<(usize, Address), usize> = BTreeMap::new();
        for resource in resources {
            let Some(owner) = resource.owner.clone() else { continue };
            for Applied { permission, phase } in &mut resource.applied {
                if *phase == 3 && self.permission_entries[*permission].of == PermissionType::Share {
                    let of = *permission;
                    *permission = *known.entry((of, owner.clone())).or_insert_with(|| self.again(of, &owner));
                }
            }
        }
    }

    /// Adds a share once more, for resources of another owner.
    fn again(&mut self, share: usize, owner: &Address) -> usize {
        let Permission { policies, resources, scopes, .. } = &self.permission_entries[share];
        let (of_owner, with) = (policies[0], policies[1..].to_vec());
        let copy = Permission {
            of: PermissionType::Share,
            strategy: Strategy::Unanimous,
            policies: Vec::new(),
            resources: resources.clone(),
            scopes: scopes.clone(),
            resource_type: String::new(),
            leaves: Vec::new(),
        };
        self.permission_entries.push(copy);
        let at = self.permissions.push(self.permissions.addresses[share].clone());
        let lets_in = !self.policy_entries[of_owner].negative;
        self.settle(at, Some(owner.clone()), lets_in, with);
        at
    }

    /// Puts the owner, who stands for himself whoever is named, before whom a share names. A share that is not
    /// UNANIMOUS keeps its own owner out (measured on 26.0.8 and 26.7.5).
    fn settle(&mut self, at: usize, owner: Option<Address>, lets_in: bool, with: Vec<usize>) {
        let of = PolicyIs::User { users: BTreeSet::from([owner.unwrap_or_else(|| self.client.clone())]) };
        let owner = self.add(self.permissions.addresses[at].child(POLICY, "owner"), !lets_in, of);
        let entry = &mut self.permission_entries[at];
        entry.policies = [owner].into_iter().chain(with).collect();
        entry.strategy = if lets_in { Strategy::Affirmative } else { Strategy::Unanimous };
        entry.leaves = leaves(self.policy_entries, &entry.policies);
    }

    fn add(&mut self, address: Address, negative: bool, is: PolicyIs) -> usize {
        self.policy_entries.push(Policy { negative, is });
        self.policies.push(address)
    }
}
