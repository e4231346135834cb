//! Who may administer the realm itself: the roles that the admin console and the admin API ask for.

use std::collections::BTreeSet;

use super::realm::Realm;
use crate::kind::{SCOPE, SETTINGS, Version, is_administration};
use crate::state::{Address, Is, Node, Object, State};
use crate::text::At;

/// Returns whom questions about the administration of a realm are put to, as others are to a client with authorization:
/// no object of any realm has this address.
pub fn administration() -> Address {
    Address::top(SETTINGS, "administration")
}

/// Returns a state in which the administration of the realm is there like a client with authorization, for what reads
/// names out of states.
pub(super) fn with_administration(state: &State, version: Version) -> State {
    let mut out = state.clone();
    let realm = Realm::compile(state, version);
    let Some(server) = &realm.administration else { return out };
    let scope = |it: &Address| Node::new(At::SERVER, Is::Ref(it.clone()));
    let mut resource = Object::new(At::SERVER);
    let scopes = server.scopes.addresses.iter().map(scope).collect();
    resource.fields.insert("scopes".into(), Node::new(At::SERVER, Is::List(scopes)));
    out.objects.extend(server.scopes.addresses.iter().map(|it| (it.clone(), Object::new(At::SERVER))));
    out.objects.extend(server.resources.addresses.iter().map(|it| (it.clone(), resource.clone())));
    out
}

impl Realm {
    /// Returns whether a role of administration brings another one along, by their names.
    pub fn brings(&self, whole: &str, part: &str) -> bool {
        let roles = self.administration_role(whole).zip(self.administration_role(part));
        whole != part && roles.is_some_and(|(whole, part)| self.is_part(&part, &whole))
    }

    /// Returns a role of administration by the name that questions have for it.
    pub(super) fn administration_role(&self, name: &str) -> Option<Address> {
        let server = self.administration.as_ref()?;
        let at = server.scopes.get(&administration().child(SCOPE, name))?;
        Some(server.permissions.addresses[at].clone())
    }

    /// Returns the people who hold a role in whatever way: enabled users, no service accounts.
    pub(super) fn holders(&self, role: &Address) -> BTreeSet<Address> {
        let Some(role) = self.roles.get(role) else { return BTreeSet::new() };
        let people = self.users.addresses.iter().zip(&self.user_entries);
        people
            .filter(|(_, it)| it.enabled && it.account_of.is_none())
            .filter(|(_, it)| self.counting(self.deep_roles(&it.roles, &it.groups), None).has(role))
            .map(|(address, _)| address.clone())
            .collect()
    }

    /// Returns the roles of this realm's administration that a user holds in whatever way, and that tokens may carry.
    pub(super) fn administration(&self, user: &Address, realm: &str) -> BTreeSet<Address> {
        let Some(entry) = self.users.get(user).map(|it| &self.user_entries[it]) else {
            return BTreeSet::new();
        };
        self.administration_by(&entry.roles, &entry.groups, entry.account_of, realm)
    }

    /// Returns the roles of this realm's administration that follow from these and from these groups, for people or for the
    /// service account of a client.
    pub(super) fn administration_by(
        &self,
        roles: &[usize],
        groups: &[usize],
        account_of: Option<usize>,
        realm: &str,
    ) -> BTreeSet<Address> {
        let held = self.counting(self.deep_roles(roles, groups), account_of);
        let held = held.iter().map(|it| &self.roles.addresses[it]);
        held.filter(|it| is_administration(it, realm)).cloned().collect()
    }

    /// Returns those of the roles that no other of them brings along: the rest needs no word of its own.
    pub(super) fn wholes(&self, roles: &BTreeSet<Address>) -> Vec<Address> {
        let comes_with = |it: &Address| roles.iter().any(|other| other != it && self.is_part(it, other));
        roles.iter().filter(|it| !comes_with(it)).cloned().collect()
    }

    /// Returns whether who has a role has this one by it.
    pub(super) fn is_part(&self, role: &Address, of: &Address) -> bool {
        let positions = self.roles.get(role).zip(self.roles.get(of));
        positions.is_some_and(|(role, of)| self.closures[of].has(role))
    }

    /// Returns the service account of a client.
    pub(super) fn service_account(&self, client: &Address) -> Option<&Address> {
        let client = self.clients.get(client)?;
        let at = self.user_entries.iter().position(|it| it.account_of == Some(client))?;
        Some(&self.users.addresses[at])
    }
}
