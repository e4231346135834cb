//! Everything that a permit may be owed to: not one chain, but each object on any of them.

use std::collections::BTreeSet;

use super::{Step, Why};
use crate::access::decide::{Answered, order, says};
use crate::access::policy::Holds;
use crate::access::realm::PolicyIs;
use crate::state::Address;

impl Why<'_> {
    /// Returns the permissions that grant, their policies that hold, and the roles and groups that make these hold.
    ///
    /// Which of several comes first in a chain depends on the order in which a server lists them.
    pub(in crate::access) fn ways(&self, resource: Option<usize>, answer: &Answered) -> BTreeSet<Address> {
        let user = self.subject.user.map(|it| self.realm.users.addresses[it].clone());
        let mut out: BTreeSet<Address> = user.into_iter().collect();
        for (permission, phase) in order(self.server, resource, &answer.requested) {
            let entry = &self.server.permission_entries[permission];
            if self.server.covers((permission, phase), &answer.requested)
                && says(self.server, permission, self.outcomes) == Some(Holds::Yes)
            {
                out.insert(self.server.permissions.addresses[permission].clone());
                self.holding(&entry.policies, &mut out, 0);
            }
        }
        out
    }

    fn holding(&self, policies: &[usize], out: &mut BTreeSet<Address>, depth: usize) {
        for policy in policies.iter().copied().filter(|it| self.outcomes[*it] == Holds::Yes) {
            let entry = &self.server.policy_entries[policy];
            out.insert(self.server.policies.addresses[policy].clone());
            match &entry.is {
                // One that holds because its condition is not met is owed to nothing.
                _ if entry.negative => {}
                PolicyIs::Aggregate { policies, .. } if depth < 8 => self.holding(policies, out, depth + 1),
                PolicyIs::Role { roles, .. } => {
                    for role in roles.iter().filter(|it| self.subject.roles.has(it.of)) {
                        self.holders(role.of, out);
                    }
                }
                PolicyIs::Group { groups, .. } => {
                    let is_in = |it: &&usize| {
                        groups.iter().any(|group| self.realm.with_parents(&[**it]).has(group.group))
                    };
                    for group in self.subject.groups.iter().filter(is_in) {
                        out.extend(self.group(*group).address);
                    }
                    let parents = self.realm.with_parents(&self.subject.groups);
                    let named = groups.iter().filter(|it| parents.has(it.group));
                    out.extend(named.filter_map(|it| self.group(it.group).address));
                }
                PolicyIs::User { .. }
                | PolicyIs::Client { .. }
                | PolicyIs::ClientScope { .. }
                | PolicyIs::Regex { .. }
                | PolicyIs::Time(_)
                | PolicyIs::Aggregate { .. }
                | PolicyIs::Unknown { .. } => {
                    out.extend(self.policy(policy, 0).into_iter().filter_map(|it: Step| it.address));
                }
            }
        }
    }

    /// Every role and group by which the subject has a role.
    fn holders(&self, role: usize, out: &mut BTreeSet<Address>) {
        let realm = self.realm;
        let mut from: Vec<usize> = self.subject.direct_roles.clone();
        for group in &self.subject.groups {
            for above in realm.with_parents(&[*group]).iter() {
                let brings: Vec<usize> = realm.group_entries[above]
                    .roles
                    .iter()
                    .copied()
                    .filter(|it| realm.closures[*it].has(role))
                    .collect();
                if !brings.is_empty() {
                    out.extend(
                        [self.group(*group), self.group(above)].into_iter().filter_map(|it| it.address),
                    );
                    from.extend(brings);
                }
            }
        }
        // Whatever stands between a role that is held and this one.
        for held in from.into_iter().filter(|it| realm.closures[*it].has(role)) {
            let between = realm.closures[held].iter().filter(|it| realm.closures[*it].has(role));
            out.extend(between.map(|it| realm.roles.addresses[it].clone()));
        }
    }
}
