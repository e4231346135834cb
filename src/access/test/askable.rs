//! Who can be asked of a server: it knows no made-up personas, and each way to ask it sees less than a token.

use std::collections::BTreeSet;

use super::{Case, Tested};
use crate::access::administration::administration;
use crate::access::bits::Bits;
use crate::access::chain::{Doubt, Verdict};
use crate::access::decide::{AccessQuestion, decide};
use crate::access::persona::{Persona, Subjects};
use crate::access::realm::Realm;
use crate::state::Address;

/// How a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oracle {
    /// `policy/evaluate` of the admin API.
    Evaluate,
    /// A real token of the persona, and with it the request that a resource server makes.
    Token,
}

impl Oracle {
    /// Returns its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluate",
            Self::Token => "token",
        }
    }
}

/// Returns why a server cannot be asked about a case; nothing where it can.
pub fn not_asked(realm: &Realm, tested: &Tested, case: &Case, oracle: Oracle) -> Option<&'static str> {
    let persona = &tested.personas[case.persona];
    if let Some(why) = made_up(persona) {
        return Some(why);
    }
    if tested.client == administration() {
        return Some("no server answers about administration but by real calls");
    }
    match oracle {
        Oracle::Evaluate => not_evaluated(realm, &tested.client, persona),
        Oracle::Token => hinges_on_time(realm, &tested.client, persona, case)
            .then_some("it hinges on the time, and a token is judged now"),
    }
}

fn made_up(persona: &Persona) -> Option<&'static str> {
    if persona.anonymous {
        return Some("it has no token");
    }
    if persona.user.is_none() && persona.service_account.is_none() {
        return Some("it is made up");
    }
    let adds = !persona.roles.is_empty() || !persona.groups.is_empty() || !persona.claims.is_empty();
    (adds || persona.default_roles).then_some("it has more than the user has")
}

/// `policy/evaluate` mints a token of its own, which is not always the one that the client would get.
fn not_evaluated(realm: &Realm, client: &Address, persona: &Persona) -> Option<&'static str> {
    let server = realm.server(client)?;
    if persona.service_account.is_some() {
        return Some("evaluate takes a service account for a user: use --oracle token");
    }
    if !persona.scopes.is_empty() {
        return Some("evaluate cannot ask for client scopes: use --oracle token");
    }
    let subject = Subjects::default().subject(realm, server, persona);
    let carried: BTreeSet<usize> = subject.token_roles.iter().flat_map(Bits::iter).collect();
    let all_carried = subject.roles.iter().all(|it| carried.contains(&it));
    (!all_carried)
        .then_some("the asking client's tokens carry fewer roles than evaluate looks at: use --oracle token")
}

fn hinges_on_time(realm: &Realm, client: &Address, persona: &Persona, case: &Case) -> bool {
    if persona.at.is_none() {
        return false;
    }
    let timeless = Persona { at: None, ..persona.clone() };
    let scopes: Vec<String> = case.scope.iter().cloned().collect();
    let question =
        AccessQuestion { client, resource: Some(&case.resource), scopes: &scopes, persona: &timeless };
    match decide(realm, &question).verdict {
        Verdict::Unknown { doubts, .. } => doubts.iter().any(|it| matches!(it, Doubt::Time { .. })),
        Verdict::Permit { .. } | Verdict::Deny => false,
    }
}
