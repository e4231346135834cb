//! Policies and permissions in words.

use super::one_line;
use crate::access::{
    Asks, CoveredBy, Doubt, Holds, PermissionSays, PolicySays, RoleAsked, Step, Strategy, Tie, is_script,
};
use crate::kind::wire_name;
use crate::state::Address;

/// Returns a name between backticks.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", one_line(name))
}

fn names<'a>(all: impl Iterator<Item = &'a Address>) -> Vec<String> {
    all.map(|it| quoted(&wire_name(it))).collect()
}

fn listed(one: &str, many: &str, names: &[String]) -> String {
    match names {
        [name] => format!("{one} {name}"),
        names => format!("{many} {}", names.join(", ")),
    }
}

/// What of several roles or scopes counts: the required ones, if there are any.
fn wanted<T>(all: &[T], is_required: impl Fn(&T) -> bool) -> (Vec<&T>, bool) {
    let required: Vec<&T> = all.iter().filter(|it| is_required(it)).collect();
    if required.is_empty() { (all.iter().collect(), false) } else { (required, true) }
}

/// Returns what a policy asks for, after "asks for".
fn condition(asks: &Asks) -> String {
    match asks {
        Asks::Roles(roles) => {
            let (roles, all) = wanted(roles, |it: &RoleAsked| it.required);
            let many = if all { "all of the roles" } else { "one of the roles" };
            listed("the role", many, &names(roles.iter().map(|it| &it.role)))
        }
        Asks::Users { users, .. } => listed("the user", "one of the users", &names(users.iter())),
        Asks::Groups { groups, claim, .. } => {
            let words: Vec<String> = groups
                .iter()
                .map(|(it, below)| {
                    format!("{}{}", quoted(&wire_name(it)), if *below { " or a group below it" } else { "" })
                })
                .collect();
            let by = claim.as_ref().map(|it| format!(", as claim {} of the token says", quoted(it)));
            format!("a member of {}{}", words.join(", "), by.unwrap_or_default())
        }
        Asks::Clients { clients, .. } => {
            listed("requests of the client", "requests of one of the clients", &names(clients.iter()))
        }
        Asks::ClientScopes(scopes) => {
            let (scopes, all) = wanted(scopes, |it| it.1);
            let many = if all {
                "a token with all of the client scopes"
            } else {
                "a token with one of the client scopes"
            };
            listed("a token with the client scope", many, &names(scopes.iter().map(|it| &it.0)))
        }
        Asks::Claim { claim, pattern, of_request: false } => {
            format!("a token whose claim {} matches {}", quoted(claim), quoted(pattern))
        }
        Asks::Claim { claim, pattern, of_request: true } => {
            format!("a request whose attribute {} matches {}", quoted(claim), quoted(pattern))
        }
        Asks::Time(limits) => format!("a certain time ({})", one_line(&limits.join(", "))),
        Asks::Policies { policies, strategy } => needs(*strategy, policies.len()),
        Asks::Code(of_type) if is_script(of_type) => "a yes of its JavaScript".to_owned(),
        Asks::Code(of_type) => format!("a yes of its type {}, an extension of the server", quoted(of_type)),
    }
}

/// Returns how many of the policies of a permission have to say yes.
fn needs(strategy: Strategy, count: usize) -> String {
    match (strategy, count) {
        (_, 0) => "a yes from its policies, of which there are none".to_owned(),
        (_, 1) => "a yes from its policy".to_owned(),
        (Strategy::Unanimous, count) => format!("a yes from each of its {count} policies"),
        (Strategy::Affirmative, count) => format!("a yes from one of its {count} policies"),
        (Strategy::Consensus, count) => format!("more yes than no from its {count} policies"),
    }
}

/// Returns what a policy asks for and what it says of a persona.
pub(super) fn policy(policy: &PolicySays, persona: &str) -> String {
    let says = match policy.says {
        Holds::Yes => "yes",
        Holds::No => "no",
        Holds::Unknown => "not known from here",
        Holds::Fails => "the server fails on it",
    };
    let met = match policy.says {
        Holds::Yes => Some(!policy.negative),
        Holds::No => Some(policy.negative),
        Holds::Unknown | Holds::Fails => None,
    };
    let because = match met {
        // A yes is told by the chain that leads there, a no needs its reason.
        Some(met) if policy.says == Holds::No || policy.negative => reason(&policy.asks, met, persona),
        None if policy.says == Holds::Fails && matches!(policy.asks, Asks::ClientScopes(_)) => {
            Some("as the token has no scope at all".to_owned())
        }
        _ => None,
    };
    let because = because.map(|it| format!(", {it}")).unwrap_or_default();
    let condition = condition(&policy.asks);
    let asks = match (&policy.asks, policy.negative) {
        (_, false) => format!("asks for {condition}"),
        (Asks::Roles(_), true) => format!("says yes to all but those with {condition}"),
        (Asks::Users { .. }, true) => format!("says yes to all but {condition}"),
        (Asks::Groups { .. }, true) => format!("says yes to all who are not {condition}"),
        (_, true) => format!("says yes to all but {condition}"),
    };
    format!("policy {} {asks}: {says}{because}", quoted(policy.address.name()))
}

/// The persona has the role, and the token does not say so.
fn is_out_of_sight(role: &RoleAsked) -> bool {
    role.way.is_some() && !role.is_seen
}

fn reason(asks: &Asks, met: bool, persona: &str) -> Option<String> {
    let who = one_line(persona);
    Some(match asks {
        Asks::Roles(roles) => {
            let unseen = roles.iter().find(|it| is_out_of_sight(it));
            match (met, unseen, &roles[..]) {
                (true, ..) => format!("{who} has it"),
                (false, _, []) => "it names no role that is there".to_owned(),
                (false, Some(role), _) => {
                    format!(
                        "{who} has {}, but the client's tokens do not carry it",
                        quoted(&wire_name(&role.role))
                    )
                }
                (false, None, [_]) => format!("{who} does not have it"),
                (false, None, _) => format!("{who} does not have what is asked for"),
            }
        }
        Asks::Users { is_itself: true, .. } => {
            "a client that asks for itself is no user to Keycloak, not even its own service account"
                .to_owned()
        }
        Asks::Users { .. } => format!("{who} {} meant", if met { "is" } else { "is not" }),
        Asks::Groups { .. } => format!("{who} {} a member", if met { "is" } else { "is not" }),
        Asks::Clients { asking, .. } => format!("it is {} that asks", quoted(asking.name())),
        Asks::ClientScopes(_) => format!("the token {}", if met { "has it" } else { "does not have it" }),
        Asks::Claim { .. } => if met { "it does" } else { "it does not" }.to_owned(),
        Asks::Time(_) => if met { "it is that time" } else { "it is another time" }.to_owned(),
        Asks::Policies { .. } | Asks::Code(_) => return None,
    })
}

/// Returns the links from a persona to what a policy asks for, where it is met.
pub(super) fn way(asks: &Asks) -> Vec<(String, &Step)> {
    let steps: Vec<&Step> = match asks {
        Asks::Roles(roles) => {
            let seen = |it: &&RoleAsked| it.is_seen;
            let first = roles.iter().filter(seen).find(|it| it.required);
            let first = first.or_else(|| roles.iter().find(seen));
            first.and_then(|it| it.way.as_ref()).into_iter().flatten().collect()
        }
        Asks::Groups { through, .. } => through.iter().collect(),
        Asks::Users { .. }
        | Asks::Clients { .. }
        | Asks::ClientScopes(_)
        | Asks::Claim { .. }
        | Asks::Time(_)
        | Asks::Policies { .. }
        | Asks::Code(_) => Vec::new(),
    };
    let before = std::iter::once(None).chain(steps.iter().copied().map(Some));
    let words = steps.iter().zip(before).map(|(step, before)| {
        let name = step.address.as_ref().map(|it| quoted(&wire_name(it))).unwrap_or_default();
        match step.tie(before) {
            Some(Tie::IsIn) => format!("is a member of group {name}"),
            Some(Tie::IsBelow) => format!("which is below group {name}"),
            Some(Tie::Has) => format!("has the role {name}"),
            Some(Tie::Gives) => format!("which gives the role {name}"),
            Some(Tie::Includes) => format!("which includes the role {name}"),
            None => one_line(&step.text),
        }
    });
    words.zip(steps.iter().copied()).collect()
}

/// Returns what a permission covers and needs.
pub(super) fn permission(permission: &PermissionSays, what: &str) -> String {
    let covers = match permission.covers {
        CoveredBy::Named => format!("covers {what}"),
        CoveredBy::OfType => format!("covers {what}, as everything of its type"),
        CoveredBy::Model => format!("covers {what}, as a resource of the same type is named"),
        CoveredBy::Anywhere => format!("covers {what}, as every resource with this scope"),
        CoveredBy::Members => format!("covers {what}, as the user is in a group"),
        CoveredBy::All => format!("covers {what}, as all of the type, and denies all of it where it says no"),
        CoveredBy::Role => String::new(),
    };
    let says = match permission.says {
        Some(Holds::Yes) => "granted",
        Some(Holds::No) => "not granted",
        Some(Holds::Unknown) => "not known from here",
        Some(Holds::Fails) => "the server fails on it",
        None => "skipped",
    };
    if permission.covers == CoveredBy::Role {
        return format!("the role {} is enough: {says}", quoted(&wire_name(&permission.address)));
    }
    let needs = needs(permission.strategy, permission.policies.len());
    format!("permission {} {covers}, and needs {needs}: {says}", quoted(permission.address.name()))
}

/// Returns what a persona would have to be or have for a policy to say yes, after "would have to".
pub(super) fn need(policy: &PolicySays) -> String {
    let (has, not) = if policy.negative { ("not ", "") } else { ("", "not ") };
    match &policy.asks {
        Asks::Roles(roles) if roles.is_empty() => {
            format!("{not}be let in by {}, which names no role", quoted(policy.address.name()))
        }
        Asks::Roles(roles) if !policy.negative && roles.iter().any(is_out_of_sight) => {
            format!("ask with a token that carries {}", condition(&policy.asks))
        }
        Asks::Roles(_) => format!("{has}have {}", condition(&policy.asks)),
        Asks::Users { users, is_itself: true } => {
            let user = listed("the user", "one of the users", &names(users.iter()));
            format!("{has}ask as {user} through another client")
        }
        Asks::Users { .. } | Asks::Groups { .. } => format!("{has}be {}", condition(&policy.asks)),
        Asks::Clients { clients, .. } => {
            let by = listed("the client", "one of the clients", &names(clients.iter()));
            format!("{has}ask through {by}")
        }
        Asks::ClientScopes(_) | Asks::Claim { .. } => format!("{has}ask with {}", condition(&policy.asks)),
        Asks::Time(_) => format!("{has}ask at {}", condition(&policy.asks)),
        Asks::Policies { policies, strategy } if !policy.negative => needed(policies, *strategy),
        Asks::Policies { .. } | Asks::Code(_) => {
            format!("get a yes from policy {}", quoted(policy.address.name()))
        }
    }
}

/// Returns what all or some of several policies would need.
pub(super) fn needed(policies: &[PolicySays], strategy: Strategy) -> String {
    let lacking: Vec<String> = policies.iter().filter(|it| it.says != Holds::Yes).map(need).collect();
    let joint = if strategy == Strategy::Unanimous { " and " } else { ", or " };
    lacking.join(joint)
}

/// Returns how a doubt is settled.
pub(super) fn way_out(doubt: &Doubt) -> String {
    let ask = "ask the server itself: `realmwright test --server`";
    match doubt {
        Doubt::Type { policy, of_type } if is_script(of_type) => {
            format!("Policy {} is JavaScript, which only the server runs: {ask}", quoted(policy.name()))
        }
        Doubt::Type { policy, .. } => {
            format!("Policy {} is decided by an extension of the server: {ask}", quoted(policy.name()))
        }
        Doubt::Time { policy, .. } => format!(
            "Policy {} looks at the clock: say when, with `--at now` or `--at 2026-01-05T09:00`",
            quoted(policy.name())
        ),
        Doubt::Token { policy } => format!(
            "Policy {} looks at the token, and what stands there is not known from here: give the persona its `claims`, or {ask}",
            quoted(policy.name())
        ),
        Doubt::Request { policy, target } => format!(
            "Policy {} looks at {}, which the application may send along with its request: {ask}",
            quoted(policy.name()),
            quoted(target)
        ),
        Doubt::Fails { policy } => format!(
            "Policy {} makes the server answer with an error to such a token: mend the policy, or what it reads of the token",
            quoted(policy.name())
        ),
        Doubt::Spoiled { mapper } => format!(
            "Mapper {} writes a claim in a form that the server may not read back, and then it refuses the token: mend the mapper, or {ask}",
            quoted(mapper.name())
        ),
        Doubt::Shared { permission } => format!(
            "Permission {} is decided by an extension of the server, or shares with whom nobody may see: {ask}",
            quoted(permission.name())
        ),
        Doubt::Several { resource } => format!(
            "There are several resources {}, and which of them a permission means cannot be told: {ask}",
            quoted(resource.name())
        ),
        Doubt::Order => {
            "Permissions contradict each other, and the server takes them in no fixed order: make them agree"
                .to_owned()
        }
        Doubt::NotThere(what) => one_line(what),
    }
}
