//! Why: the chain from a subject over groups, roles, policies and permissions to a scope on a resource.

mod doubt;
mod ways;

use std::cell::Cell;
use std::collections::BTreeSet;

use doubt::doubts;
pub use doubt::{Doubt, is_script};

use super::decide::{Answered, order, says};
use super::persona::Subject;
use super::policy::Holds;
use super::realm::{Mode, PermissionType, PolicyIs, Realm, Required, Server, Strategy};
use crate::kind::{GROUP, PERMISSION, POLICY, RESOURCE, ROLE};
use crate::state::Address;

/// What is decided, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub verdict: Verdict,
    /// From the subject to the resource, or to where it breaks.
    pub path: Vec<Step>,
    /// What does not change the verdict but the reader should know, such as a disabled user.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Permitted, with these scopes; none on a resource that has none, or a permit of nothing.
    Permit {
        scopes: BTreeSet<String>,
    },
    Deny,
    Unknown {
        /// Granted whatever the doubts come to.
        scopes: BTreeSet<String>,
        /// Granted if they come to the right thing; nothing where that is not known of any.
        maybe: Option<BTreeSet<String>>,
        doubts: Vec<Doubt>,
    },
}

/// One link of a chain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The object it is about, if it is one.
    pub address: Option<Address>,
    /// The link in words.
    pub text: String,
}

/// How a link of a chain hangs on the one before it, or on the persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// The persona is in the group.
    IsIn,
    /// The group before is below this one.
    IsBelow,
    /// The persona has the role.
    Has,
    /// The group before gives the role.
    Gives,
    /// The role before includes this one.
    Includes,
}

/// Returns whether an object says who may do what: a policy or a permission.
pub fn is_rule(address: &Address) -> bool {
    matches!(address.kind(), POLICY | PERMISSION)
}

impl Step {
    /// Returns the policy or permission that it is about, if it is one.
    pub fn rule(&self) -> Option<&Address> {
        self.address.as_ref().filter(|it| is_rule(it))
    }

    /// Returns whether it is the resource, in which a chain ends.
    pub fn is_resource(&self) -> bool {
        self.address.as_ref().is_some_and(|it| it.kind() == RESOURCE)
    }

    /// Returns how it hangs on the link before it; nothing where it is about no group or role.
    pub fn tie(&self, before: Option<&Self>) -> Option<Tie> {
        let kind = |it: &Self| it.address.as_ref().map(Address::kind);
        match (before.and_then(kind), kind(self)?) {
            (None, GROUP) => Some(Tie::IsIn),
            (Some(GROUP), GROUP) => Some(Tie::IsBelow),
            (None, ROLE) => Some(Tie::Has),
            (Some(GROUP), ROLE) => Some(Tie::Gives),
            (Some(ROLE), ROLE) => Some(Tie::Includes),
            _ => None,
        }
    }

    fn new(address: Option<&Address>, text: impl Into<String>) -> Self {
        Self { address: address.cloned(), text: text.into() }
    }
}

impl Decision {
    pub(super) fn unknown(doubt: Doubt) -> Self {
        Self {
            path: vec![Step::new(None, doubt.to_string())],
            verdict: Verdict::Unknown { scopes: BTreeSet::new(), maybe: None, doubts: vec![doubt] },
            notes: Vec::new(),
        }
    }

    /// Returns what leaves it open whether a scope is granted; nothing where that is known.
    pub fn doubts(&self, scope: Option<&str>) -> &[Doubt] {
        match &self.verdict {
            Verdict::Unknown { doubts, .. } if self.grants(scope).is_none() => doubts,
            Verdict::Unknown { .. } | Verdict::Permit { .. } | Verdict::Deny => &[],
        }
    }

    /// Returns whether a scope is granted, where it is known; without a scope, whether the resource is. A permit
    /// may be of other scopes, or of nothing.
    pub fn grants(&self, scope: Option<&str>) -> Option<bool> {
        match (&self.verdict, scope) {
            (Verdict::Permit { .. }, None) => Some(true),
            (Verdict::Permit { scopes }, Some(scope)) => Some(scopes.contains(scope)),
            (Verdict::Deny, _) => Some(false),
            (Verdict::Unknown { scopes, .. }, Some(scope)) if scopes.contains(scope) => Some(true),
            // No outcome grants it.
            (Verdict::Unknown { maybe: Some(maybe), .. }, Some(scope)) if !maybe.contains(scope) => {
                Some(false)
            }
            (Verdict::Unknown { .. }, _) => None,
        }
    }
}

/// What a decision is explained from.
pub(super) struct Why<'a> {
    pub(super) realm: &'a Realm,
    pub(super) server: &'a Server,
    pub(super) subject: &'a Subject,
    pub(super) outcomes: &'a [Holds],
    /// Set when a step tells how this very subject comes to something.
    is_personal: Cell<bool>,
}

impl<'a> Why<'a> {
    pub(super) fn new(
        realm: &'a Realm,
        server: &'a Server,
        subject: &'a Subject,
        outcomes: &'a [Holds],
    ) -> Self {
        Self { realm, server, subject, outcomes, is_personal: Cell::new(false) }
    }

    /// Returns whether a chain so far tells how this very subject comes to something, so that it may be another one
    /// for others with the same outcomes.
    pub(super) fn is_personal(&self) -> bool {
        self.is_personal.get()
    }

    /// Puts an answer into names and adds the chain.
    pub(super) fn explained(&self, resource: Option<usize>, answer: &Answered) -> Decision {
        let names = |scopes: &BTreeSet<usize>| -> BTreeSet<String> {
            scopes.iter().map(|it| self.server.scopes.addresses[*it].name().to_owned()).collect()
        };
        let is_unknown = matches!(answer.permit, Holds::Unknown | Holds::Fails) || !answer.maybe.is_empty();
        let verdict = if is_unknown {
            let doubts = match &self.subject.spoiled {
                Some(mapper) => vec![Doubt::Spoiled { mapper: mapper.clone() }],
                None => doubts(self.server, resource, answer, self.outcomes),
            };
            let maybe = (answer.permit != Holds::Fails).then(|| names(&answer.maybe));
            Verdict::Unknown { scopes: names(&answer.granted), maybe, doubts }
        } else if answer.permit == Holds::Yes {
            Verdict::Permit { scopes: names(&answer.granted) }
        } else {
            Verdict::Deny
        };
        Decision { verdict, path: self.path(resource, answer), notes: self.subject.notes.clone() }
    }

    fn path(&self, resource: Option<usize>, answer: &Answered) -> Vec<Step> {
        let mut path = vec![Step::new(
            self.subject.user.map(|it| &self.realm.users.addresses[it]),
            self.subject.name.clone(),
        )];
        if self.subject.anonymous {
            path.push(Step::new(None, "has no token"));
            return path;
        }
        let target = self.target(resource, answer);
        if let Some(mapper) = &self.subject.spoiled {
            let words = format!("mapper {} may make the token unusable", mapper.name());
            path.push(Step::new(Some(mapper), words));
            path.push(target);
            return path;
        }
        if self.server.mode == Mode::Disabled {
            path.push(Step::new(
                Some(&self.server.settings),
                "enforcement is disabled: everything is permitted",
            ));
            path.push(target);
            return path;
        }
        let order = order(self.server, resource, &answer.requested);
        match self.deciding(&order, answer) {
            Some(permission) => {
                let entry = &self.server.permission_entries[permission];
                let holds = says(self.server, permission, self.outcomes);
                let wanted = holds.unwrap_or(Holds::No);
                let mut steps = self.policies(&entry.policies, entry.strategy, wanted, 0);
                let noun = if entry.of == PermissionType::Share {
                    // Nobody wrote its policies.
                    steps.retain(|it| it.address.as_ref().is_none_or(|it| it.kind() != POLICY));
                    "share"
                } else {
                    "permission"
                };
                path.extend(steps);
                let says = match wanted {
                    Holds::Yes => "grants",
                    Holds::No => "denies",
                    Holds::Unknown => "is undecided",
                    Holds::Fails => "fails",
                };
                let address = &self.server.permissions.addresses[permission];
                // Who has a role of administration needs no permission.
                if !self.is_role(permission) {
                    path.push(Step::new(Some(address), format!("{noun} {says}")));
                }
            }
            None if order.is_empty() && answer.permit == Holds::Yes => {
                path.push(Step::new(
                    Some(&self.server.settings),
                    "no permission applies, and enforcement is permissive",
                ));
            }
            None if order.is_empty() => path.push(Step::new(None, "no permission applies")),
            None => path.push(Step::new(None, "no permission that applies grants this")),
        }
        path.push(target);
        path
    }

    /// Returns whether a permission is none, but a role of administration.
    fn is_role(&self, permission: usize) -> bool {
        self.server.permissions.addresses[permission].kind() == ROLE
    }

    fn target(&self, resource: Option<usize>, answer: &Answered) -> Step {
        let scopes: Vec<&str> =
            answer.requested.iter().map(|it| self.server.scopes.addresses[*it].name()).collect();
        let address = resource.map(|it| &self.server.resources.addresses[it]);
        let on = address.map_or("any resource", Address::name);
        let address = address.filter(|_| !self.server.is_administration());
        let text = if scopes.is_empty() { on.to_owned() } else { format!("{} on {on}", scopes.join(", ")) };
        Step::new(address, text)
    }

    /// The permission that the answer hangs on: for a permit the first that grants, for a denial the first
    /// that denies, otherwise the first that is undecided.
    fn deciding(&self, order: &[(usize, u8)], answer: &Answered) -> Option<usize> {
        let wanted = match answer.permit {
            Holds::Yes if answer.granted.is_empty() && !answer.requested.is_empty() => Holds::No,
            _ if !answer.maybe.is_empty() && answer.permit == Holds::Yes => Holds::Unknown,
            it => it,
        };
        let first = |wanted: Holds| {
            let says = |it: &(usize, u8)| says(self.server, it.0, self.outcomes);
            let mut those = order.iter().filter(|it| says(it) == Some(wanted));
            those.find(|it| self.server.counts(**it, &answer.requested, Some(wanted))).map(|it| it.0)
        };
        first(wanted)
            .or_else(|| first(Holds::No))
            .or_else(|| if wanted == Holds::Yes { first(Holds::Yes) } else { None })
    }

    /// The steps of the policies that made a permission or an aggregate say what it says.
    fn policies(&self, policies: &[usize], strategy: Strategy, wanted: Holds, depth: usize) -> Vec<Step> {
        let mut deciding = policies.iter().copied().filter(|it| self.outcomes[*it] == wanted);
        // One is enough to see where one decides; all are needed where all must agree.
        let all = (strategy == Strategy::Unanimous && wanted == Holds::Yes)
            || (strategy == Strategy::Affirmative && wanted == Holds::No);
        let chosen: Vec<usize> = if all { deciding.collect() } else { deciding.next().into_iter().collect() };
        chosen.into_iter().flat_map(|it| self.policy(it, depth)).collect()
    }

    fn policy(&self, policy: usize, depth: usize) -> Vec<Step> {
        let entry = &self.server.policy_entries[policy];
        let says = self.outcomes[policy];
        let inner = if entry.negative {
            match says {
                Holds::Yes => Holds::No,
                Holds::No => Holds::Yes,
                it => it,
            }
        } else {
            says
        };
        let mut steps = match &entry.is {
            PolicyIs::Aggregate { policies, strategy } if depth < 8 => {
                self.policies(policies, *strategy, inner, depth + 1)
            }
            PolicyIs::Role { roles, from_database } => self.roles(roles, inner == Holds::Yes, *from_database),
            PolicyIs::Group { groups, .. } => {
                self.groups(&groups.iter().map(|it| it.group).collect::<Vec<_>>(), inner)
            }
            PolicyIs::Client { clients } => {
                let asking = &self.realm.clients.addresses[self.subject.client];
                let is =
                    if clients.contains(&self.subject.client) { "asks through" } else { "asks only through" };
                vec![Step::new(Some(asking), format!("{is} client {}", asking.name()))]
            }
            PolicyIs::ClientScope { scopes } => scopes
                .iter()
                .map(|it| &self.realm.client_scopes.addresses[it.of])
                .filter(|it| {
                    self.subject.scopes.iter().any(|name| name == it.name()) == (inner == Holds::Yes)
                })
                .take(1)
                .map(|it| {
                    let has = if inner == Holds::Yes { "has" } else { "lacks" };
                    Step::new(Some(it), format!("token {has} client scope {}", it.name()))
                })
                .collect(),
            PolicyIs::Regex { target, .. } if inner == Holds::No => {
                vec![Step::new(None, format!("claim {target} does not match"))]
            }
            PolicyIs::Regex { target, .. } => vec![Step::new(None, format!("claim {target}"))],
            PolicyIs::User { .. }
            | PolicyIs::Time(_)
            | PolicyIs::Unknown { .. }
            | PolicyIs::Aggregate { .. } => Vec::new(),
        };
        let text = match says {
            Holds::Yes if entry.negative => "policy holds, as its condition is not met (NEGATIVE)",
            Holds::No if entry.negative => "policy does not hold, as its condition is met (NEGATIVE)",
            Holds::Yes => "policy holds",
            Holds::No => "policy does not hold",
            Holds::Unknown => "policy is not known",
            Holds::Fails => "policy makes the server fail",
        };
        let text = match &entry.is {
            PolicyIs::Time(window) if says == Holds::Unknown => {
                let only = if entry.negative { "outside of" } else { "within" };
                format!("policy holds only {only} its window ({})", window.limits().join(", "))
            }
            _ => text.to_owned(),
        };
        let address = &self.server.policies.addresses[policy];
        if address.kind() != ROLE {
            steps.push(Step::new(Some(address), text));
        }
        steps
    }

    fn roles(&self, roles: &[Required], holds: bool, from_database: bool) -> Vec<Step> {
        let carried =
            if from_database { Some(&self.subject.roles) } else { self.subject.token_roles.as_ref() };
        let has = |it: &&Required| carried.is_some_and(|all| all.has(it.of));
        if holds {
            let held = roles.iter().find(|it| it.required && has(it)).or_else(|| roles.iter().find(has));
            return held.map(|it| self.role(it.of)).unwrap_or_default();
        }
        let lacks = |it: &&Required| !has(it);
        let lacking = roles.iter().find(|it| it.required && lacks(it)).or_else(|| roles.iter().find(lacks));
        let Some(lacking) = lacking else { return vec![Step::new(None, "the policy names no role")] };
        let address = &self.realm.roles.addresses[lacking.of];
        if self.subject.roles.has(lacking.of) {
            let asking = &self.realm.clients.addresses[self.subject.client];
            let mut steps = self.role(lacking.of);
            steps.push(Step::new(
                Some(asking),
                format!("tokens of client {} do not carry {}", asking.name(), short(address)),
            ));
            return steps;
        }
        vec![Step::new(Some(address), format!("lacks role {}", short(address)))]
    }

    /// How the subject comes to a role: directly, or through a group, and through composites.
    pub(super) fn role(&self, role: usize) -> Vec<Step> {
        self.is_personal.set(true);
        let Subject { direct_roles, groups, .. } = self.subject;
        let held = Held { realm: self.realm, roles: direct_roles, groups };
        held.role(role).unwrap_or_else(|| self.mapped(role))
    }

    /// How the token comes to a role that nobody has to hold.
    fn mapped(&self, role: usize) -> Vec<Step> {
        let address = &self.realm.roles.addresses[role];
        let by = self.subject.mapped.iter().find(|it| it.0 == role).map(|it| &it.1);
        let mapper = by.map(|it| {
            let words = format!("mapper {} puts role {} into the token", it.name(), short(address));
            Step::new(Some(it), words)
        });
        vec![mapper.unwrap_or_else(|| Step::new(Some(address), "role in the token"))]
    }

    pub(super) fn group(&self, group: usize) -> Step {
        self.is_personal.set(true);
        in_group(self.realm, group)
    }

    fn groups(&self, groups: &[usize], inner: Holds) -> Vec<Step> {
        if inner == Holds::Yes {
            let of = |it: &&usize| groups.iter().any(|group| self.realm.with_parents(&[**it]).has(*group));
            return self.subject.groups.iter().find(of).map(|it| self.group(*it)).into_iter().collect();
        }
        let paths: Vec<&str> = groups.iter().map(|it| self.realm.group_entries[*it].path.as_str()).collect();
        let first = groups.first().map(|it| &self.realm.groups.addresses[*it]);
        vec![Step::new(first, format!("not in {}", paths.join(", ")))]
    }
}

fn in_group(realm: &Realm, group: usize) -> Step {
    let path = &realm.group_entries[group].path;
    Step::new(Some(&realm.groups.addresses[group]), format!("group {path}"))
}

/// What somebody holds directly.
pub(super) struct Held<'a> {
    pub(super) realm: &'a Realm,
    pub(super) roles: &'a [usize],
    pub(super) groups: &'a [usize],
}

impl Held<'_> {
    /// Returns how one comes to a role: directly, or through a group, and through composites.
    pub(super) fn role(&self, role: usize) -> Option<Vec<Step>> {
        let realm = self.realm;
        let mut steps = Vec::new();
        let leads = |it: &&usize| realm.closures[**it].has(role);
        let from = if let Some(from) = self.roles.iter().find(leads) {
            *from
        } else {
            let (group, from) = realm.with_parents(self.groups).iter().find_map(|group| {
                realm.group_entries[group].roles.iter().find(leads).map(|it| (group, *it))
            })?;
            let of_group = |it: &&usize| realm.with_parents(&[**it]).has(group);
            if let Some(member) = self.groups.iter().find(of_group) {
                steps.push(in_group(realm, *member));
            }
            if !self.groups.contains(&group) {
                steps.push(in_group(realm, group));
            }
            from
        };
        let mut at = from;
        loop {
            let address = &realm.roles.addresses[at];
            steps.push(Step::new(Some(address), format!("role {}", short(address))));
            if at == role || steps.len() > 40 {
                break;
            }
            let Some(next) = realm.composites[at].iter().filter(|it| **it != at).find(leads) else { break };
            at = *next;
        }
        Some(steps)
    }
}

/// A role as policies spell it.
pub(super) fn short(address: &Address) -> String {
    match address.parent() {
        Some(client) => format!("{}/{}", client.name(), address.name()),
        None => address.name().to_owned(),
    }
}
