//! Personas that no policy of a client can tell apart.

use super::persona::{Persona, Subjects, personas};
use super::realm::Realm;
use super::table::table;
use crate::state::Address;

/// Personas for whom every decision of a client is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Their names, in the order they were given.
    pub members: Vec<String>,
}

/// Folds the personas of [`personas`] and every user that the realm knows into classes for one client.
pub fn classes(realm: &Realm, client: &Address) -> Vec<Class> {
    let Some(server) = realm.server(client) else { return Vec::new() };
    let all = everybody(realm, client, None);
    let mut subjects = Subjects::default();
    let subjects: Vec<_> = all.iter().map(|it| subjects.subject(realm, server, it)).collect();
    let table = table(realm, server, &subjects);
    let names = |members: &[usize]| members.iter().map(|it| all[*it].name.clone()).collect();
    table.classes.iter().map(|it| Class { members: names(it) }).collect()
}

/// Every persona of a client, and after them every user who is not a service account.
pub(super) fn everybody(realm: &Realm, client: &Address, at: Option<jiff::civil::DateTime>) -> Vec<Persona> {
    let people = realm.users.addresses.iter().zip(&realm.user_entries);
    let people = people.filter(|(_, it)| it.account_of.is_none()).map(|(it, _)| Persona::user(it.clone()));
    personas(realm, client).into_iter().chain(people).map(|it| Persona { at, ..it }).collect()
}
