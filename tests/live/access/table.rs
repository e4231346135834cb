//! The comparison of two realms answers as single decisions do: against a realm without anything, what is
//! gained is what is permitted.

use std::collections::BTreeSet;

use realmwright::access::{
    AccessQuestion, ChangeOfAccess, ImpactQuestion, Persona, Realm, Through, decide, impact,
};
use realmwright::kind::{CLIENT, NEWEST, USER};
use realmwright::state::{Address, State};

use super::random::USERS;

/// Persona, resource, scope, and whether it is known.
type Permit = (String, String, Option<String>, bool);

/// Returns what the two disagree on.
pub(crate) fn disagreement(realm: &Realm) -> Option<String> {
    let rs = Address::top(CLIENT, "rs");
    let users: Vec<String> = (0..USERS).map(|it| format!("u{it}")).collect();
    let mut single: BTreeSet<Permit> = BTreeSet::new();
    for user in &users {
        let persona = Persona::user(Address::top(USER, user.as_str()));
        for (resource, scopes) in realm.resources(&rs) {
            let asked: Vec<Option<&str>> =
                if scopes.is_empty() { vec![None] } else { scopes.into_iter().map(Some).collect() };
            for scope in asked {
                let scopes: Vec<String> = scope.iter().map(|it| (*it).to_owned()).collect();
                let question = AccessQuestion {
                    client: &rs,
                    resource: Some(resource),
                    scopes: &scopes,
                    persona: &persona,
                };
                let known = match decide(realm, &question).grants(scope) {
                    Some(false) => continue,
                    grants => grants == Some(true),
                };
                single.insert((user.clone(), resource.to_owned(), scope.map(str::to_owned), known));
            }
        }
    }
    let terms = ImpactQuestion { realm: "any", changes: &[], declared: &|_| true, at: None };
    let found = impact(&Realm::compile(&State::default(), NEWEST), realm, &terms);
    let mut all: BTreeSet<Permit> = BTreeSet::new();
    // A single decision asks through the resource server itself.
    let is_itself = |it: &Through| it.client == rs && it.scopes.is_empty();
    let through_itself =
        found.changes.iter().filter(|it| it.through.ways.is_empty() || it.through.ways.iter().any(is_itself));
    for change in through_itself {
        let known = change.change == ChangeOfAccess::Gained;
        for persona in change.personas.iter().filter(|it| users.contains(it)) {
            all.extend(
                change.resources.iter().map(|it| (persona.clone(), it.clone(), change.scope.clone(), known)),
            );
        }
    }
    let only = |left: &BTreeSet<Permit>, right: &BTreeSet<Permit>| -> Vec<Permit> {
        left.difference(right).cloned().collect()
    };
    (single != all)
        .then(|| format!("decided alone: {:?}\ncompared: {:?}", only(&single, &all), only(&all, &single)))
}
