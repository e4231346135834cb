//! One decision, in the server's own order: which permissions apply, what each says, how they add up.

use std::collections::BTreeSet;

use super::chain::{Decision, Doubt, Verdict, Why};
use super::fine_grained::{Granted, granted};
use super::persona::{Persona, Subject, Subjects};
use super::policy::{Holds, combined, some_outcomes, with_leaves};
use super::realm::{Mode, PermissionType, PolicyIs, Realm, Server, Strategy};
use crate::state::Address;

/// May this persona do these things to this resource of this client?
#[derive(Clone, Debug)]
pub struct AccessQuestion<'a> {
    /// The client whose resources these are.
    pub client: &'a Address,
    /// The name of a resource; nothing asks for a scope wherever it is.
    pub resource: Option<&'a str>,
    /// Names of scopes; none asks for all that the resource has.
    pub scopes: &'a [String],
    pub persona: &'a Persona,
}

/// Decides as the server would.
pub fn decide(realm: &Realm, question: &AccessQuestion<'_>) -> Decision {
    let Some(server) = realm.server(question.client) else {
        return Decision::unknown(Doubt::NotThere(format!("{} has no authorization", question.client)));
    };
    let subject = Subjects::default().subject(realm, server, question.persona);
    let mut asked = BTreeSet::new();
    for name in question.scopes {
        match server.scopes.addresses.iter().position(|it| it.name() == name) {
            Some(scope) => {
                asked.insert(scope);
            }
            None => return Decision::unknown(Doubt::NotThere(format!("there is no scope {name}"))),
        }
    }
    let Some(name) = question.resource else { return anywhere(realm, server, &subject, &asked) };
    let Some(resource) = server.resources.addresses.iter().position(|it| it.name() == name) else {
        return Decision::unknown(Doubt::NotThere(format!("there is no resource {name}")));
    };
    on(realm, server, &subject, Some(resource), &asked)
}

/// A scope wherever it is: permitted when it is on any resource that has it.
fn anywhere(realm: &Realm, server: &Server, subject: &Subject, asked: &BTreeSet<usize>) -> Decision {
    let has = |it: &usize| !server.resource_entries[*it].own.is_disjoint(asked);
    let having: Vec<usize> = (0..server.resource_entries.len()).filter(has).collect();
    if having.is_empty() {
        return on(realm, server, subject, None, asked);
    }
    let rank = |it: &Decision| match it.verdict {
        Verdict::Permit { .. } => 0,
        Verdict::Unknown { .. } => 1,
        Verdict::Deny => 2,
    };
    let decisions = having.into_iter().map(|it| on(realm, server, subject, Some(it), asked));
    decisions.min_by_key(rank).expect("at least one resource has the scope")
}

/// Decides for one resource and explains it.
pub(super) fn on(
    realm: &Realm,
    server: &Server,
    subject: &Subject,
    resource: Option<usize>,
    asked: &BTreeSet<usize>,
) -> Decision {
    if let Some(missing) = &subject.missing {
        return Decision::unknown(Doubt::NotThere(missing.clone()));
    }
    let entry = resource.map(|it| &server.resource_entries[it]);
    let order = order(server, resource, entry.map_or(asked, |it| &it.all));
    let outcomes = some_outcomes(realm, server, subject, policies(server, &order));
    let answer = answer(server, subject, resource, asked, &outcomes);
    Why::new(realm, server, subject, &outcomes).explained(resource, &answer)
}

/// Returns every object that a permit may be owed to.
pub(super) fn ways(
    realm: &Realm,
    server: &Server,
    subject: &Subject,
    resource: usize,
    asked: &BTreeSet<usize>,
) -> BTreeSet<Address> {
    let order = order(server, Some(resource), &server.resource_entries[resource].all);
    let outcomes = some_outcomes(realm, server, subject, policies(server, &order));
    let answer = answer(server, subject, Some(resource), asked, &outcomes);
    Why::new(realm, server, subject, &outcomes).ways(Some(resource), &answer)
}

/// A verdict in positions, and what it came from.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) requested: BTreeSet<usize>,
    pub(super) permit: Holds,
    /// Scopes granted for sure.
    pub(super) granted: BTreeSet<usize>,
    /// Scopes that may be granted.
    pub(super) maybe: BTreeSet<usize>,
    /// Policies that are unknown, by position; they could change the answer.
    pub(super) unknown: Vec<usize>,
    /// Where nothing but times is unknown: whether it is permitted only within all of their windows, or only outside
    /// of all; nothing where neither.
    pub(super) within: Option<bool>,
    pub(super) order_dependent: bool,
    /// What comes of it for each combination of what the unknown policies say; twice where the server's order decides.
    pub(super) runs: Vec<[Ran; 2]>,
}

/// Beyond this many unknown policies under one resource, their combinations are not tried one by one.
pub(super) const MOST_UNKNOWN: usize = 10;

/// Decides by what the policies say.
pub(super) fn answer(
    server: &Server,
    subject: &Subject,
    resource: Option<usize>,
    asked: &BTreeSet<usize>,
    outcomes: &[Holds],
) -> Answered {
    let entry = resource.map(|it| &server.resource_entries[it]);
    let requested: BTreeSet<usize> = match entry {
        Some(entry) if asked.is_empty() => entry.all.clone(),
        Some(entry) => entry.all.intersection(asked).copied().collect(),
        None => asked.clone(),
    };
    let mut out = Answered {
        requested: requested.clone(),
        permit: Holds::No,
        granted: BTreeSet::new(),
        maybe: BTreeSet::new(),
        unknown: Vec::new(),
        within: None,
        order_dependent: false,
        runs: Vec::new(),
    };
    let nothing_left = requested.is_empty() && !asked.is_empty();
    let disabled_without = server.mode == Mode::Disabled && requested.is_empty();
    if subject.anonymous || nothing_left || (disabled_without && entry.is_some_and(|it| !it.own.is_empty())) {
        return out;
    }
    if subject.spoiled.is_some() || entry.is_some_and(|it| it.several) {
        out.permit = Holds::Unknown;
        out.maybe = requested;
        return out;
    }
    let order = order(server, resource, &requested);
    if server.mode != Mode::Disabled {
        let applies = |it: &(usize, u8)| server.permission_entries[it.0].of == PermissionType::Other;
        if order.iter().any(applies) {
            out.permit = Holds::Unknown;
            out.maybe = requested;
            return out;
        }
    }
    let leaves: BTreeSet<usize> =
        order.iter().flat_map(|it| server.permission_entries[it.0].leaves.iter().copied()).collect();
    let fails = |it: &(usize, u8)| says(server, it.0, outcomes) == Some(Holds::Fails);
    let any_fails = leaves.iter().any(|it| outcomes[*it] == Holds::Fails) || order.iter().any(fails);
    if server.mode != Mode::Disabled && any_fails {
        out.permit = Holds::Fails;
        out.maybe = requested;
        return out;
    }
    let unknown: Vec<usize> = leaves.into_iter().filter(|it| outcomes[*it] == Holds::Unknown).collect();
    if unknown.len() > MOST_UNKNOWN {
        out.permit = Holds::Unknown;
        out.maybe = requested;
        out.unknown = unknown;
        return out;
    }
    let mut runs = Vec::new();
    for choice in 0..1_usize << unknown.len() {
        let settled;
        let outcomes = if unknown.is_empty() {
            outcomes
        } else {
            settled = with_leaves(server, policies(server, &order), &|at| match unknown
                .iter()
                .position(|it| *it == at)
            {
                Some(bit) => (choice & (1 << bit) != 0).into(),
                // Outcomes hold the policy's own logic already, which is applied once more.
                None => before_logic(server, outcomes, at),
            });
            &settled
        };
        let says = |permission: usize| says(server, permission, outcomes);
        let strict = run(server, resource, &requested, &order, &says, true);
        let loose = if strict.order_dependent {
            out.order_dependent = true;
            run(server, resource, &requested, &order, &says, false)
        } else {
            strict.clone()
        };
        runs.push([strict, loose]);
    }
    out.granted.clone_from(&requested);
    for run in runs.iter().flatten() {
        out.granted = out.granted.intersection(&run.granted).copied().collect();
        out.maybe.extend(&run.granted);
    }
    out.maybe = out.maybe.difference(&out.granted).copied().collect();
    let is_time = |it: &usize| matches!(server.policy_entries[*it].is, PolicyIs::Time(_));
    if !out.order_dependent && !unknown.is_empty() && unknown.iter().all(is_time) {
        // In the order of the choices: the first is outside of every window, the last within all.
        let grants = |it: &Ran| it.permit && (requested.is_empty() || !it.granted.is_empty());
        let permits: Vec<usize> = (0..runs.len()).filter(|it| grants(&runs[*it][0])).collect();
        out.within = match permits.as_slice() {
            [0] => Some(false),
            [only] if only + 1 == runs.len() => Some(true),
            _ => None,
        };
    }
    let mut permits = runs.iter().flatten().map(|it| it.permit);
    out.permit = match (permits.clone().all(|it| it), permits.any(|it| it)) {
        (true, _) => Holds::Yes,
        (_, false) => Holds::No,
        _ => Holds::Unknown,
    };
    out.unknown = unknown;
    out.runs = runs;
    out
}

pub(super) fn policies<'a>(server: &'a Server, order: &'a [(usize, u8)]) -> impl Iterator<Item = usize> + 'a {
    order.iter().flat_map(|it| server.permission_entries[it.0].policies.iter().copied())
}

/// Returns the policies that have a say about a resource, those within aggregates among them.
pub(super) fn heard(server: &Server, resource: usize) -> Vec<usize> {
    let order = order(server, Some(resource), &server.resource_entries[resource].all);
    let mut open: Vec<usize> = policies(server, &order).collect();
    let mut seen = BTreeSet::new();
    while let Some(at) = open.pop() {
        if let PolicyIs::Aggregate { policies, .. } = &server.policy_entries[at].is
            && !seen.contains(&at)
        {
            open.extend(policies);
        }
        seen.insert(at);
    }
    seen.into_iter().collect()
}

fn before_logic(server: &Server, outcomes: &[Holds], at: usize) -> Holds {
    match outcomes[at] {
        Holds::Yes if server.policy_entries[at].negative => Holds::No,
        Holds::No if server.policy_entries[at].negative => Holds::Yes,
        it => it,
    }
}

/// Returns what a permission says; nothing when it has no policies and is skipped.
pub(super) fn says(server: &Server, permission: usize, outcomes: &[Holds]) -> Option<Holds> {
    says_by(server, permission, |it| outcomes[it])
}

/// Returns what a permission says by what its policies say.
pub(super) fn says_by(server: &Server, permission: usize, outcome: impl Fn(usize) -> Holds) -> Option<Holds> {
    let entry = &server.permission_entries[permission];
    // Whether an unknown policy matters is known only with all permissions together.
    let says = combined(entry.strategy, entry.policies.iter().map(|it| outcome(*it)));
    // Shared with nobody, it lets in or keeps out the owner alone (measured on 26.0.8 and 26.7.5).
    let is_idle = || match entry.policies.as_slice() {
        [owner] if entry.of == PermissionType::Share => {
            let of_others = if server.policy_entries[*owner].negative { Holds::Yes } else { Holds::No };
            says == of_others
        }
        _ => false,
    };
    (!server.is_skipped(permission) && !is_idle()).then_some(says)
}

/// Returns the permissions that apply and their phases, in the server's order.
pub(super) fn order(
    server: &Server,
    resource: Option<usize>,
    requested: &BTreeSet<usize>,
) -> Vec<(usize, u8)> {
    let applied = resource.map(|it| server.resource_entries[it].applied.as_slice()).unwrap_or_default();
    let wide = server.scope_wide.iter().filter(|it| meets(server, **it, requested)).map(|it| (*it, 4));
    applied.iter().map(|it| (it.permission, it.phase)).chain(wide).collect()
}

fn meets(server: &Server, permission: usize, requested: &BTreeSet<usize>) -> bool {
    !server.permission_entries[permission].scopes.is_disjoint(requested)
}

/// The outcome when every permission is known.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    permit: bool,
    granted: BTreeSet<usize>,
    order_dependent: bool,
}

impl Ran {
    /// Returns whether it permits a scope; nothing stands for the resource as a whole.
    pub(super) fn permits(&self, scope: Option<usize>) -> bool {
        self.permit && scope.is_none_or(|it| self.granted.contains(&it))
    }

    fn deny() -> Self {
        Self { permit: false, granted: BTreeSet::new(), order_dependent: false }
    }

    fn permit(granted: BTreeSet<usize>) -> Self {
        Self { permit: true, granted, order_dependent: false }
    }
}

/// The server's own evaluation. Where permissions of one phase both deny and clear an inherited scope, the
/// server's order is not fixed: `strict` takes it as denied.
fn run(
    server: &Server,
    resource: Option<usize>,
    requested: &BTreeSet<usize>,
    order: &[(usize, u8)],
    says: &dyn Fn(usize) -> Option<Holds>,
    strict: bool,
) -> Ran {
    let entry = resource.map(|it| &server.resource_entries[it]);
    if server.mode == Mode::Disabled {
        return Ran::permit(requested.clone());
    }
    if order.is_empty() {
        let opens = server.mode == Mode::Permissive
            && (server.opens_managed || entry.is_none_or(|it| !it.owner_managed));
        return if opens { Ran::permit(requested.clone()) } else { Ran::deny() };
    }
    if server.is_fine_grained {
        let Granted { scopes, order_dependent } = granted(server, requested, order, says, strict);
        return Ran { permit: !scopes.is_empty(), granted: scopes, order_dependent };
    }
    let is_owned = entry.is_some_and(|it| it.owner.is_some());
    let (mut granted, mut denied, mut shared) = (BTreeSet::new(), BTreeSet::new(), None::<BTreeSet<usize>>);
    let (mut named, mut any_deny, mut any) = (false, false, false);
    let mut order_dependent = false;
    for phase in order.chunk_by(|left, right| left.1 == right.1) {
        let (mut added, mut cleared) = (BTreeSet::new(), BTreeSet::new());
        for (permission, phase) in phase {
            let Some(holds) = says(*permission) else { continue };
            any = true;
            let it = &server.permission_entries[*permission];
            let is_scope = it.of == PermissionType::Scope;
            let is_of_resource = it.of == PermissionType::Resource;
            let names = *phase == 1;
            if holds == Holds::Yes {
                if it.of == PermissionType::Share {
                    if entry.is_some_and(|it| it.owner_managed) {
                        let is_asked = |scope: &&usize| requested.is_empty() || requested.contains(scope);
                        shared.get_or_insert_default().extend(it.scopes.iter().filter(is_asked));
                    }
                } else if is_scope {
                    for scope in it.scopes.intersection(requested) {
                        granted.insert(*scope);
                        if entry.is_some_and(|it| !it.own.contains(scope)) {
                            denied.remove(scope);
                            cleared.insert(*scope);
                        }
                    }
                } else {
                    granted.extend(requested);
                }
                named |= names && (!is_scope || is_owned);
            } else {
                any_deny = true;
                let denies: &BTreeSet<usize> = if is_of_resource { requested } else { &it.scopes };
                let applies = names || if is_of_resource { !named } else { it.resources.is_empty() };
                if applies {
                    denied.extend(denies);
                    added.extend(denies);
                }
            }
        }
        for scope in added.intersection(&cleared) {
            order_dependent = true;
            if strict {
                denied.insert(*scope);
            } else {
                denied.remove(scope);
            }
        }
    }
    if !any {
        return Ran::deny();
    }
    if server.strategy == Strategy::Affirmative {
        denied = denied.difference(&granted).copied().collect();
        order_dependent = false;
    }
    let mut granted: BTreeSet<usize> = granted.difference(&denied).copied().collect();
    if let Some(shared) = shared {
        granted.extend(shared);
        let nothing = granted.is_empty() && entry.is_some_and(|it| !it.own.is_empty());
        return Ran { permit: !nothing, granted, order_dependent };
    }
    let nothing = granted.is_empty() && (any_deny || (!named && !requested.is_empty()));
    Ran { permit: !nothing, granted, order_dependent }
}

/// Returns whether a policy can be known from a state at all.
pub(super) fn doubt(server: &Server, policy: usize, within: Option<bool>) -> Doubt {
    let address = server.policies.addresses[policy].clone();
    match &server.policy_entries[policy].is {
        PolicyIs::Unknown { of_type } => Doubt::Type { policy: address, of_type: of_type.clone() },
        PolicyIs::Time(window) => Doubt::Time { policy: address, limits: window.limits(), within },
        PolicyIs::Regex { of_request: true, target, .. } => {
            Doubt::Request { policy: address, target: target.clone() }
        }
        PolicyIs::Regex { .. } | PolicyIs::Group { .. } | PolicyIs::Role { .. } => {
            Doubt::Token { policy: address }
        }
        PolicyIs::User { .. }
        | PolicyIs::Client { .. }
        | PolicyIs::ClientScope { .. }
        | PolicyIs::Aggregate { .. } => Doubt::Fails { policy: address },
    }
}
