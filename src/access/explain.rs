//! The whole of a decision: every permission that covers what is asked for, every policy it asks, and what each
//! of them says of the persona. The chain of a [`Decision`] is the one thread of it that decides.

use std::collections::BTreeSet;

use super::chain::{Decision, Doubt, Step, Why};
use super::decide::{AccessQuestion, decide, doubt, order, policies, says};
use super::persona::{Subject, Subjects};
use super::policy::{Holds, some_outcomes};
use super::realm::{Mode, PermissionType, PolicyIs, Realm, Required, Server, Strategy, Tier};
use crate::kind::{CLIENT, ROLE};
use crate::state::Address;

/// A decision with everything that it comes from.
#[derive(Clone, Debug)]
pub struct Explanation {
    pub decision: Decision,
    /// The settings of the client's authorization.
    pub settings: Address,
    pub mode: Mode,
    /// How the permissions add up.
    pub strategy: Strategy,
    pub anonymous: bool,
    /// The scopes that the resource has.
    pub has: Vec<String>,
    /// The permissions that cover what is asked for, in the server's order.
    pub permissions: Vec<PermissionSays>,
}

/// A permission, and what it says.
#[derive(Clone, Debug)]
pub struct PermissionSays {
    pub address: Address,
    pub covers: CoveredBy,
    pub strategy: Strategy,
    /// Nothing where it has no policies: the server skips it.
    pub says: Option<Holds>,
    pub policies: Vec<PolicySays>,
}

/// Why a permission covers a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoveredBy {
    /// It names the resource.
    Named,
    /// It is for resources of this type.
    OfType,
    /// It names a resource of the same type that is the server's own.
    Model,
    /// It is for the scope, wherever it is.
    Anywhere,
    /// It is none: a role of administration comes before permissions.
    Role,
    /// It is for the members of a group that the user is in.
    Members,
    /// It is for all of a type, and where it says no, it denies what others grant for all of it.
    All,
}

impl CoveredBy {
    fn of_tier(phase: u8) -> Self {
        const MEMBERS: [u8; 2] = [Tier::Group as u8, Tier::AllGroups as u8];
        match phase {
            0 => Self::Role,
            it if MEMBERS.contains(&it) => Self::Members,
            it if it == Tier::AllOfType as u8 => Self::All,
            _ => Self::Named,
        }
    }
}

/// A policy, and what it says.
#[derive(Clone, Debug)]
pub struct PolicySays {
    pub address: Address,
    pub says: Holds,
    /// It says no where its condition is met.
    pub negative: bool,
    pub asks: Asks,
    /// Why it cannot be known.
    pub doubt: Option<Doubt>,
}

impl PolicySays {
    /// Returns whether it is no policy but a role itself, as administration asks for.
    pub fn is_a_role(&self) -> bool {
        self.address.kind() == ROLE
    }
}

/// What a policy asks for.
#[derive(Clone, Debug)]
pub enum Asks {
    /// Any of these roles, and all that are required.
    Roles(Vec<RoleAsked>),
    /// Any of these users; and whether a client asks for itself, which then goes by no user at all.
    Users {
        users: Vec<Address>,
        is_itself: bool,
    },
    /// Any of these groups, with or without those below; and the one that the persona is in.
    Groups {
        groups: Vec<(Address, bool)>,
        claim: Option<String>,
        through: Option<Step>,
    },
    /// Any of these clients; and the one that asks.
    Clients {
        clients: Vec<Address>,
        asking: Address,
    },
    /// Any of these client scopes, and all that are required: whether it is, and whether the token has it.
    ClientScopes(Vec<(Address, bool, bool)>),
    Claim {
        claim: String,
        pattern: String,
        of_request: bool,
    },
    /// The limits in words.
    Time(Vec<String>),
    Policies {
        policies: Vec<PolicySays>,
        strategy: Strategy,
    },
    /// What code of this type says.
    Code(String),
}

/// A role that a policy asks for.
#[derive(Clone, Debug)]
pub struct RoleAsked {
    pub role: Address,
    pub required: bool,
    /// How the persona comes to it; nothing where it lacks the role.
    pub way: Option<Vec<Step>>,
    /// Whether the policy sees it: not when the client's tokens do not carry it.
    pub is_seen: bool,
}

/// Explains what [`decide`] says; nothing where the client, the resource or the scope is not there.
pub fn explain(realm: &Realm, question: &AccessQuestion<'_>) -> Option<Explanation> {
    let server = realm.server(question.client)?;
    let name = question.resource?;
    let resource = server.resources.addresses.iter().position(|it| it.name() == name)?;
    let scope = |name: &String| server.scopes.addresses.iter().position(|it| it.name() == name);
    let asked: BTreeSet<usize> = question.scopes.iter().map(scope).collect::<Option<_>>()?;
    let subject = Subjects::default().subject(realm, server, question.persona);
    let all = &server.resource_entries[resource].all;
    let requested: BTreeSet<usize> =
        if asked.is_empty() { all.clone() } else { all.intersection(&asked).copied().collect() };
    let order = order(server, Some(resource), &requested);
    let outcomes = some_outcomes(realm, server, &subject, policies(server, &order));
    let tree = Tree { realm, server, subject: &subject, outcomes: &outcomes };
    let counts = |it: &&(usize, u8)| server.counts(**it, &requested, says(server, it.0, &outcomes));
    Some(Explanation {
        decision: decide(realm, question),
        settings: server.settings.clone(),
        mode: server.mode,
        strategy: server.strategy,
        anonymous: subject.anonymous,
        has: all.iter().map(|it| server.scopes.addresses[*it].name().to_owned()).collect(),
        permissions: order.iter().filter(counts).map(|it| tree.permission(*it)).collect(),
    })
}

struct Tree<'a> {
    realm: &'a Realm,
    server: &'a Server,
    subject: &'a Subject,
    outcomes: &'a [Holds],
}

/// An aggregate within aggregates beyond this depth is shown without its parts.
const DEEPEST: usize = 8;

impl Tree<'_> {
    fn permission(&self, (permission, phase): (usize, u8)) -> PermissionSays {
        let entry = &self.server.permission_entries[permission];
        let is_other = entry.of == PermissionType::Other;
        PermissionSays {
            address: self.server.permissions.addresses[permission].clone(),
            covers: match phase {
                _ if self.server.is_fine_grained => CoveredBy::of_tier(phase),
                _ if self.server.is_administration() => CoveredBy::Role,
                1 => CoveredBy::Named,
                2 => CoveredBy::OfType,
                3 => CoveredBy::Model,
                _ => CoveredBy::Anywhere,
            },
            strategy: entry.strategy,
            says: if is_other { Some(Holds::Unknown) } else { says(self.server, permission, self.outcomes) },
            policies: entry.policies.iter().map(|it| self.policy(*it, 0)).collect(),
        }
    }

    fn policy(&self, policy: usize, depth: usize) -> PolicySays {
        let entry = &self.server.policy_entries[policy];
        let says = self.outcomes[policy];
        let is_known = matches!(says, Holds::Yes | Holds::No);
        let is_leaf = !matches!(entry.is, PolicyIs::Aggregate { .. });
        PolicySays {
            address: self.server.policies.addresses[policy].clone(),
            says,
            negative: entry.negative,
            asks: self.asks(&entry.is, depth),
            doubt: match says {
                Holds::Fails if is_leaf => {
                    Some(Doubt::Fails { policy: self.server.policies.addresses[policy].clone() })
                }
                _ => (!is_known && is_leaf).then(|| doubt(self.server, policy, None)),
            },
        }
    }

    fn asks(&self, policy: &PolicyIs, depth: usize) -> Asks {
        let realm = self.realm;
        match policy {
            PolicyIs::Role { roles, from_database } => {
                Asks::Roles(roles.iter().map(|it| self.role(*it, *from_database)).collect())
            }
            PolicyIs::User { users } => Asks::Users {
                users: users.iter().cloned().collect(),
                is_itself: self.subject.identity.as_ref().is_some_and(|it| it.kind() == CLIENT),
            },
            PolicyIs::Group { groups, claim, direct } => {
                let why = self.why();
                let through = self.subject.groups.iter().find(|it| direct.has(**it));
                Asks::Groups {
                    groups: groups
                        .iter()
                        .map(|it| (realm.groups.addresses[it.group].clone(), it.children))
                        .collect(),
                    claim: claim.clone(),
                    through: through.map(|it| why.group(*it)),
                }
            }
            PolicyIs::Client { clients } => Asks::Clients {
                clients: clients.iter().map(|it| realm.clients.addresses[*it].clone()).collect(),
                asking: realm.clients.addresses[self.subject.client].clone(),
            },
            PolicyIs::ClientScope { scopes } => {
                let one = |it: &Required| {
                    let address = realm.client_scopes.addresses[it.of].clone();
                    let has = self.subject.scopes.iter().any(|scope| scope == address.name());
                    (address, it.required, has)
                };
                Asks::ClientScopes(scopes.iter().map(one).collect())
            }
            PolicyIs::Regex { target, of_request, written, .. } => {
                Asks::Claim { claim: target.clone(), pattern: written.clone(), of_request: *of_request }
            }
            PolicyIs::Time(window) => Asks::Time(window.limits()),
            PolicyIs::Aggregate { policies, strategy } => {
                let shown = if depth < DEEPEST { policies.as_slice() } else { &[] };
                let policies = shown.iter().map(|it| self.policy(*it, depth + 1)).collect();
                Asks::Policies { policies, strategy: *strategy }
            }
            PolicyIs::Unknown { of_type } => Asks::Code(of_type.clone()),
        }
    }

    fn role(&self, asked: Required, from_database: bool) -> RoleAsked {
        let subject = self.subject;
        let carried = if from_database { Some(&subject.roles) } else { subject.token_roles.as_ref() };
        let is_seen = carried.is_some_and(|it| it.has(asked.of));
        let has = is_seen || subject.roles.has(asked.of);
        RoleAsked {
            role: self.realm.roles.addresses[asked.of].clone(),
            required: asked.required,
            way: has.then(|| self.why().role(asked.of)),
            is_seen,
        }
    }

    fn why(&self) -> Why<'_> {
        Why::new(self.realm, self.server, self.subject, self.outcomes)
    }
}
