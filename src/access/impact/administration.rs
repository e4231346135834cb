//! Who comes to administer the realm, or no longer does: by roles given directly, by groups, composites and the default
//! role, and by accounts that are enabled.
//!
//! Mappers that put such roles into tokens open nothing on 26.7 (measured on 26.7.5: every admin call stays 403), and on
//! 26.0 what the role opens, to whoever comes through the client (measured on 26.0.8: somebody without any role made
//! groups and changed users).

use std::collections::{BTreeMap, BTreeSet};

use super::{AccessChange, ChangeOfAccess, ImpactQuestion};
use crate::access::chain::{Held, Step};
use crate::access::realm::Realm;
use crate::access::through::Ways;
use crate::kind::is_administration;
use crate::state::Address;

/// People who gain or lose the same roles for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AdministrationChange {
    /// Not certain where it hangs on what nobody can tell of a token.
    pub change: ChangeOfAccess,
    /// Of roles that are part of one another, the whole alone.
    pub roles: Vec<Address>,
    /// Declared users, service accounts and made-up personas, by name.
    pub personas: Vec<String>,
    /// How many users it concerns who are not declared.
    pub undeclared: usize,
    /// Through which clients they come to it, where only their tokens bring it.
    pub through: Ways,
    /// How the first persona comes to the first role, or came.
    pub via: Vec<Step>,
    /// The change that causes it, where it can be told.
    pub cause: Option<Address>,
}

/// Somebody on one side, by what they hold.
#[derive(Default)]
struct Holder {
    address: Option<Address>,
    roles: Vec<usize>,
    groups: Vec<usize>,
    /// The client whose service account it is.
    account_of: Option<usize>,
}

/// What is the same for everybody of a group: whether it is gained, the roles, and the cause.
type Group = (bool, Vec<Address>, Option<Address>);

pub(super) fn changes(sides: [&Realm; 2], terms: &ImpactQuestion<'_>) -> Vec<AdministrationChange> {
    let people = sides.map(|it| holders(it, terms.realm));
    let names: BTreeSet<&String> = people.iter().flat_map(BTreeMap::keys).collect();
    let nobody = Holder::default();
    let mut found: BTreeMap<Group, (Vec<&String>, Vec<Step>)> = BTreeMap::new();
    for name in names {
        let both = [0, 1].map(|it: usize| people[it].get(name).unwrap_or(&nobody));
        let [before, after] = [0, 1].map(|it: usize| administration(sides[it], both[it], terms.realm));
        for (gained, side, roles) in [(true, 1, &after - &before), (false, 0, &before - &after)] {
            let realm: &Realm = sides[side];
            let roles = realm.wholes(&roles);
            let Some(first) = roles.first() else { continue };
            let via = chain(realm, name, both[side], first);
            let cause = cause(&via, both[side], terms);
            found.entry((gained, roles, cause)).or_insert_with(|| (Vec::new(), via)).0.push(name);
        }
    }
    let is_declared = |it: &&&String| {
        let addresses = || people.iter().filter_map(|all| all.get(**it)?.address.as_ref());
        addresses().all(|it| (terms.declared)(it) || is_service_account(sides, it))
    };
    let told = |((gained, roles, cause), (names, via)): (Group, (Vec<&String>, Vec<Step>))| {
        let personas: Vec<String> = names.iter().filter(is_declared).map(|it| (*it).clone()).collect();
        let undeclared = names.len() - personas.len();
        let through = Ways::default();
        let change = if gained { ChangeOfAccess::Gained } else { ChangeOfAccess::Lost };
        AdministrationChange { change, roles, personas, undeclared, through, via, cause }
    };
    found.into_iter().map(told).collect()
}

/// Returns what tokens alone bring or take: all such changes but for those that are told as roles that people hold.
pub(super) fn by_tokens(
    changes: Vec<AccessChange>,
    told: &[AdministrationChange],
    realms: [&Realm; 2],
) -> Vec<AdministrationChange> {
    let mut found: Vec<AdministrationChange> = Vec::new();
    for change in changes {
        if change.change == ChangeOfAccess::Unknown {
            continue;
        }
        let Some(role) =
            change.scope.and_then(|it| realms.iter().find_map(|realm| realm.administration_role(&it)))
        else {
            continue;
        };
        let covers = |it: &&AdministrationChange| {
            let brings = |whole: &Address| realms.iter().any(|realm| realm.is_part(&role, whole));
            it.change.is_gain() == change.change.is_gain()
                && it.roles.iter().any(|it| *it == role || brings(it))
        };
        let known: Vec<&AdministrationChange> = told.iter().filter(covers).collect();
        let is_new = |name: &String| !known.iter().any(|it| it.personas.contains(name));
        let personas: Vec<String> = change.personas.into_iter().filter(is_new).collect();
        let undeclared = change.undeclared.saturating_sub(known.iter().map(|it| it.undeclared).sum());
        if personas.is_empty() && undeclared == 0 {
            continue;
        }
        let AccessChange { change, through, via, cause, .. } = change;
        let it =
            AdministrationChange { change, roles: vec![role], personas, undeclared, through, via, cause };
        let same = |other: &&mut AdministrationChange| {
            (other.change, other.undeclared) == (it.change, it.undeclared)
                && (&other.personas, &other.through, &other.cause) == (&it.personas, &it.through, &it.cause)
        };
        match found.iter_mut().find(same) {
            Some(known) => known.roles.extend(it.roles),
            None => found.push(it),
        }
    }
    found
}

fn is_service_account(sides: [&Realm; 2], user: &Address) -> bool {
    sides.iter().any(|it| it.users.get(user).is_some_and(|at| it.user_entries[at].account_of.is_some()))
}

/// Returns everybody who may hold roles: any user, users who can log in, and whoever has a role or is in a group.
fn holders(realm: &Realm, name: &str) -> BTreeMap<String, Holder> {
    // Nobody gets a token there.
    if !realm.enabled {
        return BTreeMap::new();
    }
    let any = Holder {
        roles: realm.default_role.into_iter().collect(),
        groups: realm.default_groups.clone(),
        ..Holder::default()
    };
    let mut out = BTreeMap::from([("any-user".to_owned(), any)]);
    for (at, (address, entry)) in realm.users.addresses.iter().zip(&realm.user_entries).enumerate() {
        if !realm.is_off(at) {
            let (roles, groups) = (entry.roles.clone(), entry.groups.clone());
            let (name, account_of) = (address.name().to_owned(), entry.account_of);
            let address = Some(address.clone());
            out.insert(name, Holder { address, roles, groups, account_of });
        }
    }
    for (at, address) in realm.roles.addresses.iter().enumerate() {
        let leads = !realm.composites[at].is_empty() && Some(at) != realm.default_role;
        if leads && !is_administration(address, name) {
            out.insert(address.to_string(), Holder { roles: vec![at], ..Holder::default() });
        }
    }
    for (at, address) in realm.groups.addresses.iter().enumerate() {
        out.insert(address.to_string(), Holder { groups: vec![at], ..Holder::default() });
    }
    out
}

/// Returns the roles of administration that somebody holds; of a role, those that it is composed of.
fn administration(realm: &Realm, holder: &Holder, name: &str) -> BTreeSet<Address> {
    let mut held = realm.administration_by(&holder.roles, &holder.groups, holder.account_of, name);
    held.retain(|it| !IDLE.contains(&it.name()));
    held
}

/// Roles that alone open nothing (measured on 26.7.5).
const IDLE: &[&str] = &["query-clients", "query-groups", "query-realms", "query-users"];

fn chain(realm: &Realm, name: &str, holder: &Holder, role: &Address) -> Vec<Step> {
    let first = Step { address: holder.address.clone(), text: name.to_owned() };
    let held = Held { realm, roles: &holder.roles, groups: &holder.groups };
    let steps = realm.roles.get(role).and_then(|it| held.role(it)).unwrap_or_default();
    std::iter::once(first).chain(steps).collect()
}

/// Returns the most telling change among what a chain goes through.
fn cause(via: &[Step], holder: &Holder, terms: &ImpactQuestion<'_>) -> Option<Address> {
    let rank = |it: &Address| terms.changes.iter().position(|change| change == it);
    let all = via.iter().filter_map(|it| it.address.as_ref()).chain(&holder.address);
    let told = all.filter_map(|it| Some((rank(it)?, it.clone()))).min().map(|it| it.1);
    let only = || terms.changes.first().filter(|_| terms.changes.len() == 1).cloned();
    told.or_else(only)
}
