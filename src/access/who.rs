//! Who may do one thing: personas whom the same chain leads there, together.

use std::collections::BTreeMap;

use super::chain::{Doubt, Step, Verdict};
use super::decide::{Question, decide};
use super::persona::Persona;
use super::realm::Realm;
use crate::state::Address;

/// Who may, who may not, and of whom it cannot be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    pub permitted: Vec<Alike>,
    pub unknown: Vec<Alike>,
    /// By name.
    pub denied: Vec<String>,
}

/// Personas for whom it comes about in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// By name.
    pub personas: Vec<String>,
    /// The chain of the first of them, without its ends.
    pub via: Vec<Step>,
    pub doubts: Vec<Doubt>,
    /// What does not change the answer but the reader should know.
    pub notes: Vec<String>,
}

/// What is the same for all of a group: whether it is unknown, the chain, the doubts and the notes.
type Same = (bool, Vec<Step>, Vec<Doubt>, Vec<String>);

/// Answers for every persona whether it may do this to a resource; without a scope, for the resource as a whole.
pub fn who(
    realm: &Realm,
    client: &Address,
    resource: &str,
    scope: Option<&str>,
    personas: &[Persona],
) -> Who {
    let mut out = Who::default();
    let mut groups: BTreeMap<Same, Vec<usize>> = BTreeMap::new();
    let scopes: Vec<String> = scope.iter().map(|it| (*it).to_owned()).collect();
    for (at, persona) in personas.iter().enumerate() {
        let question = Question { client, resource: Some(resource), scopes: &scopes, persona };
        let decision = decide(realm, &question);
        let grants = decision.grants(scope);
        if grants == Some(false) {
            out.denied.push(persona.name.clone());
            continue;
        }
        let doubts = match decision.verdict {
            Verdict::Unknown { doubts, .. } if grants.is_none() => doubts,
            Verdict::Unknown { .. } | Verdict::Permit { .. } | Verdict::Deny => Vec::new(),
        };
        let mut via = decision.path;
        if via.len() > 1 {
            via.pop();
            via.remove(0);
        }
        groups.entry((grants.is_none(), via, doubts, decision.notes)).or_default().push(at);
    }
    // In the order in which the personas were given.
    let mut groups: Vec<(Same, Vec<usize>)> = groups.into_iter().collect();
    groups.sort_by_key(|it| it.1[0]);
    for ((is_unknown, via, doubts, notes), members) in groups {
        let names = members.iter().map(|it| personas[*it].name.clone()).collect();
        let alike = Alike { personas: names, via, doubts, notes };
        if is_unknown { out.unknown.push(alike) } else { out.permitted.push(alike) }
    }
    out
}
