//! What a policy says of a subject.

use std::collections::BTreeMap;

use super::bits::Bits;
use super::claims::{self, Found};
use super::compile::group_matches;
use super::persona::{OPENID, Subject};
use super::realm::{PolicyIs, Realm, Required, Server, Strategy};
use super::time::Says;
use crate::state::Address;
use crate::text::java_regex::FullMatch;

/// What a policy or permission says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    No,
    Yes,
    Unknown,
    /// The server answers the whole request with an error.
    Fails,
}

/// How far somebody gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Denied,
    Unknown,
    Permitted,
}

impl From<Holds> for Level {
    fn from(holds: Holds) -> Self {
        match holds {
            Holds::No => Self::Denied,
            Holds::Unknown | Holds::Fails => Self::Unknown,
            Holds::Yes => Self::Permitted,
        }
    }
}

impl From<bool> for Holds {
    fn from(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }
}

impl From<Option<bool>> for Holds {
    fn from(is: Option<bool>) -> Self {
        is.map_or(Self::Unknown, Self::from)
    }
}

impl Holds {
    fn swapped(self, negative: bool) -> Self {
        match self {
            Self::No if negative => Self::Yes,
            Self::Yes if negative => Self::No,
            it => it,
        }
    }
}

/// Returns what every policy of a server says of a subject, by position.
pub(super) fn outcomes(realm: &Realm, server: &Server, subject: &Subject) -> Vec<Holds> {
    some_outcomes(realm, server, subject, 0..server.policy_entries.len())
}

/// Returns what every policy of a server says of many subjects: by policy, then by subject.
pub(super) fn columns(realm: &Realm, server: &Server, subjects: &[Subject]) -> Vec<Vec<Holds>> {
    let holders = Holders::of(realm, subjects);
    let says = |policy: &PolicyIs, it: &Subject| leaf(realm, it, policy).unwrap_or(Holds::Unknown);
    let column = |policy: &PolicyIs| match holders.asked_for(policy) {
        None => subjects.iter().map(|it| says(policy, it)).collect(),
        Some(some) => {
            let mut column = vec![Holds::No; subjects.len()];
            for at in some {
                column[at] = says(policy, &subjects[at]);
            }
            column
        }
    };
    let mut out: Vec<Vec<Holds>> = server.policy_entries.iter().map(|it| column(&it.is)).collect();
    let is_aggregate = |at: &usize| matches!(server.policy_entries[*at].is, PolicyIs::Aggregate { .. });
    let aggregates: Vec<usize> = (0..out.len()).filter(is_aggregate).collect();
    if !aggregates.is_empty() {
        let said = |subject: usize| {
            let all = with_leaves(server, aggregates.iter().copied(), &|at| out[at][subject]);
            aggregates.iter().map(|at| all[*at]).collect()
        };
        let rows: Vec<Vec<Holds>> = (0..subjects.len()).map(said).collect();
        for (number, at) in aggregates.iter().enumerate() {
            out[*at] = rows.iter().map(|it| it[number]).collect();
        }
    }
    for (at, column) in out.iter_mut().enumerate().filter(|(at, _)| !is_aggregate(at)) {
        let negative = server.policy_entries[at].negative;
        for it in column {
            *it = it.swapped(negative);
        }
    }
    out
}

/// Subjects by what most policies ask for.
struct Holders<'a> {
    by_role: Vec<Vec<usize>>,
    by_token: Vec<Vec<usize>>,
    /// Those of whose token it is not known which roles it carries.
    unknown: Vec<usize>,
    by_group: Vec<Vec<usize>>,
    identities: BTreeMap<&'a Address, Vec<usize>>,
}

impl<'a> Holders<'a> {
    fn of(realm: &Realm, subjects: &'a [Subject]) -> Self {
        let mut out = Self {
            by_role: vec![Vec::new(); realm.roles.len()],
            by_token: vec![Vec::new(); realm.roles.len()],
            unknown: Vec::new(),
            by_group: vec![Vec::new(); realm.groups.len()],
            identities: BTreeMap::new(),
        };
        for (at, subject) in subjects.iter().enumerate() {
            for role in subject.roles.iter() {
                out.by_role[role].push(at);
            }
            for group in &subject.groups {
                out.by_group[*group].push(at);
            }
            match &subject.token_roles {
                Some(roles) => {
                    for role in roles.iter() {
                        out.by_token[role].push(at);
                    }
                }
                None => out.unknown.push(at),
            }
            if let Some(identity) = &subject.identity {
                out.identities.entry(identity).or_default().push(at);
            }
        }
        out
    }

    /// Returns the subjects of whom a policy may say anything but no; nothing where that may be all of them.
    fn asked_for(&self, policy: &PolicyIs) -> Option<Vec<usize>> {
        match policy {
            PolicyIs::Role { roles, from_database: true } => {
                Some(roles.iter().flat_map(|it| &self.by_role[it.of]).copied().collect())
            }
            PolicyIs::Role { roles, from_database: false } => {
                let holders = roles.iter().flat_map(|it| &self.by_token[it.of]);
                Some(holders.chain(&self.unknown).copied().collect())
            }
            PolicyIs::User { users } => {
                Some(users.iter().filter_map(|it| self.identities.get(it)).flatten().copied().collect())
            }
            PolicyIs::Group { claim: None, direct, .. } => {
                Some(direct.iter().flat_map(|it| &self.by_group[it]).copied().collect())
            }
            PolicyIs::Group { claim: Some(_), .. }
            | PolicyIs::Client { .. }
            | PolicyIs::ClientScope { .. }
            | PolicyIs::Regex { .. }
            | PolicyIs::Time(_)
            | PolicyIs::Aggregate { .. }
            | PolicyIs::Unknown { .. } => None,
        }
    }
}

/// Returns what these policies say, and what they are made of; the others are not looked at.
pub(super) fn some_outcomes(
    realm: &Realm,
    server: &Server,
    subject: &Subject,
    wanted: impl Iterator<Item = usize>,
) -> Vec<Holds> {
    let says = |at: usize| leaf(realm, subject, &server.policy_entries[at].is).unwrap_or(Holds::Unknown);
    with_leaves(server, wanted, &says)
}

/// Returns what policies say when their leaves, before their own logic, say this.
pub(super) fn with_leaves(
    server: &Server,
    wanted: impl Iterator<Item = usize>,
    leaf: &dyn Fn(usize) -> Holds,
) -> Vec<Holds> {
    let mut out = vec![Holds::Unknown; server.policy_entries.len()];
    let mut known = Bits::default();
    for at in wanted {
        settle(server, leaf, at, &mut out, &mut known);
    }
    out
}

fn settle(
    server: &Server,
    leaf: &dyn Fn(usize) -> Holds,
    at: usize,
    out: &mut [Holds],
    known: &mut Bits,
) -> Holds {
    if !known.insert(at) {
        return out[at];
    }
    // Met again below itself, it is a cycle, which the server does not survive either.
    out[at] = Holds::Fails;
    let policy = &server.policy_entries[at];
    let says = match &policy.is {
        PolicyIs::Aggregate { policies, strategy } => {
            let children: Vec<Holds> =
                policies.iter().map(|it| settle(server, leaf, *it, out, known)).collect();
            combined(*strategy, children.into_iter())
        }
        PolicyIs::Role { .. }
        | PolicyIs::User { .. }
        | PolicyIs::Group { .. }
        | PolicyIs::Client { .. }
        | PolicyIs::ClientScope { .. }
        | PolicyIs::Regex { .. }
        | PolicyIs::Time(_)
        | PolicyIs::Unknown { .. } => leaf(at),
    };
    let holds = says.swapped(policy.negative);
    out[at] = holds;
    holds
}

/// Combines what policies say; without any, the answer is no.
pub(super) fn combined(strategy: Strategy, policies: impl Iterator<Item = Holds>) -> Holds {
    let (mut yes, mut no, mut unknown) = (0_usize, 0_usize, 0_usize);
    for holds in policies {
        match holds {
            Holds::Yes => yes += 1,
            Holds::No => no += 1,
            Holds::Unknown => unknown += 1,
            Holds::Fails => return Holds::Fails,
        }
    }
    if yes + no + unknown == 0 {
        return Holds::No;
    }
    let (surely, surely_not) = match strategy {
        Strategy::Unanimous => (no + unknown == 0, no > 0),
        Strategy::Affirmative => (yes > 0, yes + unknown == 0),
        Strategy::Consensus => (yes > no + unknown, yes + unknown <= no),
    };
    match (surely, surely_not) {
        (true, _) => Holds::Yes,
        (_, true) => Holds::No,
        _ => Holds::Unknown,
    }
}

/// Returns what a policy says before its logic; nothing for an aggregate.
pub(super) fn leaf(realm: &Realm, subject: &Subject, policy: &PolicyIs) -> Option<Holds> {
    Some(match policy {
        PolicyIs::Role { roles, from_database: true } => any_of(roles, |it| subject.roles.has(it)).into(),
        PolicyIs::Role { roles, from_database: false } => match &subject.token_roles {
            Some(held) => any_of(roles, |it| held.has(it)).into(),
            // Nobody has a role that is not there.
            None if roles.is_empty() => Holds::No,
            None => Holds::Unknown,
        },
        PolicyIs::User { users } => subject.identity.as_ref().is_some_and(|it| users.contains(it)).into(),
        PolicyIs::Group { groups, claim, direct } => {
            let values = match claim {
                Some(claim) => match subject.claims.values(claim) {
                    None if groups.is_empty() => return Some(Holds::No),
                    None => return Some(Holds::Unknown),
                    Some(values) => values,
                },
                None => Vec::new(),
            };
            if values.is_empty() {
                subject.groups.iter().any(|it| direct.has(*it)).into()
            } else {
                values.iter().any(|it| group_matches(realm, groups, it)).into()
            }
        }
        PolicyIs::Client { clients } => clients.contains(&subject.client).into(),
        // A token without scopes has no such claim, which the server does not expect.
        PolicyIs::ClientScope { scopes } if subject.scopes.is_empty() && !scopes.is_empty() => Holds::Fails,
        PolicyIs::ClientScope { scopes } => {
            let name = |it: usize| realm.client_scopes.addresses[it].name();
            any_of(scopes, |it| subject.scopes.iter().any(|scope| scope == name(it))).into()
        }
        PolicyIs::Regex { pattern, .. } if pattern.of_any_text() == Some(false) => Holds::No,
        PolicyIs::Regex { target, of_request: true, .. } => {
            if claims::may_be_sent(target) {
                Holds::Unknown
            } else {
                Holds::No
            }
        }
        PolicyIs::Regex { target, of_request: false, pattern, .. } => {
            regex(pattern, &subject.claims.find(target))
        }
        PolicyIs::Time(window) => match window.at(subject.now) {
            Says::Yes => Holds::Yes,
            Says::No => Holds::No,
            Says::Fails => Holds::Fails,
            Says::CannotTell => Holds::Unknown,
        },
        PolicyIs::Unknown { .. } => Holds::Unknown,
        PolicyIs::Aggregate { .. } => return None,
    })
}

/// All that are required, and at least one.
fn any_of(items: &[Required], has: impl Fn(usize) -> bool) -> bool {
    items.iter().all(|it| !it.required || has(it.of)) && items.iter().any(|it| has(it.of))
}

fn regex(pattern: &FullMatch, found: &Found<'_>) -> Holds {
    if pattern.is_broken() && !matches!(found, Found::Missing | Found::Maybe) {
        return Holds::Fails;
    }
    match found {
        Found::Missing => Holds::No,
        Found::Fails => Holds::Fails,
        Found::Text(text) => pattern.matches(text).into(),
        Found::First(items) => agreed(items.iter().map(|it| pattern.matches(it))),
        Found::Whole(items) => in_any_order(pattern, items, ["[", ", ", "]"]),
        Found::Scopes(items) => match items.split_first() {
            Some((first, [])) => pattern.matches(first).into(),
            Some((first, rest)) if first == OPENID => in_any_order(pattern, rest, ["openid ", " ", ""]),
            _ => in_any_order(pattern, items, ["", " ", ""]),
        },
        Found::Opaque => pattern.of_any_text().into(),
        Found::Maybe => Holds::Unknown,
    }
}

/// Matches a text of these words, whatever their order; with what stands before, between and behind them.
fn in_any_order(pattern: &FullMatch, words: &[String], [before, between, behind]: [&str; 3]) -> Holds {
    if words.len() <= 4 {
        let orders = orders(words);
        let texts = orders.iter().map(|it| format!("{before}{}{behind}", it.join(between)));
        return agreed(texts.map(|it| pattern.matches(&it)));
    }
    match pattern.contained() {
        Some(text) if before.contains(text) || words.iter().any(|it| it.contains(text)) => Holds::Yes,
        Some(text) if ![before, between, behind].iter().any(|it| it.chars().any(|it| text.contains(it))) => {
            Holds::No
        }
        _ => pattern.of_any_text().into(),
    }
}

fn agreed(mut answers: impl Iterator<Item = Option<bool>>) -> Holds {
    let Some(first) = answers.next().flatten() else { return Holds::Unknown };
    if answers.all(|it| it == Some(first)) { first.into() } else { Holds::Unknown }
}

fn orders(items: &[String]) -> Vec<Vec<&str>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |at: usize| {
        let rest: Vec<String> =
            items.iter().enumerate().filter(|(it, _)| *it != at).map(|(_, it)| it.clone()).collect();
        let of_rest: Vec<Vec<String>> =
            orders(&rest).into_iter().map(|it| it.into_iter().map(str::to_owned).collect()).collect();
        of_rest.into_iter().map(move |it| {
            let mut order = vec![items[at].as_str()];
            order
                .extend(it.iter().filter_map(|name| items.iter().find(|it| *it == name)).map(String::as_str));
            order
        })
    };
    (0..items.len()).flat_map(with_first).collect()
}
