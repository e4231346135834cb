//! Who gains or loses what by a plan: one line per group of decisions, with the chain that causes it.

use super::{Page, Style, counted, few, painted, paragraphs};
use crate::access::{AccessChange, AdministrationChange, Answer, ChangeOfAccess, Impact, Ways};
use crate::kind::kind;
use crate::report::asked::link;
use crate::report::natural;
use crate::report::safe::one_line;

/// Of those who lose or may lose, so many are named before they are only counted. Whoever gains is named.
const NAMES: usize = 20;

/// So many clients are named before they are only counted.
const WAYS: usize = 6;

/// Renders who gains or loses what between two states.
pub fn impact_text(impact: &Impact, style: &Style) -> String {
    paragraphs(style, &[lines(impact, style)])
}

pub(super) fn impact(page: &Page<'_>) -> Vec<String> {
    let is_told = |it: &&Impact| it.decisions > 0 || !it.administration.is_empty();
    let impact = page.plan.access.as_ref().filter(|it| is_told(it) && !page.plan.is_empty());
    impact.map(|it| lines(it, page.style)).unwrap_or_default()
}

fn lines(impact: &Impact, style: &Style) -> Vec<String> {
    let dim = |text: &str| painted(style.dim, text);
    let looked = format!("{}, and administration, each before and after", domain(impact));
    let words = match (impact.is_nothing(), impact.undecided) {
        (true, 0) => format!("nobody gains or loses anything; {looked}"),
        // What cannot be told may well be what the plan changes.
        (true, _) => format!("nobody certainly gains or loses anything; {looked}"),
        (false, _) if impact.decisions == 0 => "who administers this realm".to_owned(),
        (false, _) => looked,
    };
    let mut out = vec![format!("{}   {words}", painted(style.title, "Access impact"))];
    out.extend(impact.administration.iter().flat_map(|it| administration(style, it)));
    out.extend(impact.changes.iter().flat_map(|it| group(style, it)));
    if impact.undecided > 0 {
        out.push(format!(
            "  ? {} cannot be told from here afterwards",
            counted(impact.undecided, "decision")
        ));
    }
    if let Some(outside) = impact.outside.filter(|it| *it > 0) {
        let lie = if outside == 1 { "lies" } else { "lie" };
        let words = format!("{} {lie} outside these personas (--access all-users)", counted(outside, "user"));
        out.push(format!("  {}", dim(&words)));
    }
    for (address, count) in &impact.members {
        let [one, several] = kind(address.kind()).members.map_or(["has", "have"], |it| it.verbs);
        let verb = if *count == 1 { one } else { several };
        let who = counted(*count, "undeclared user");
        let words =
            format!("{who} {verb} {}, which changes (--access all-users)", one_line(&address.to_string()));
        out.push(format!("  {}", dim(&words)));
    }
    out.extend(impact.notes.iter().map(|it| format!("  {}", dim(&one_line(it)))));
    out
}

/// Returns what was looked at, in words.
fn domain(impact: &Impact) -> String {
    let servers = match impact.servers {
        0 | 1 => String::new(),
        several => format!(" on resources of {}", counted(several, "client")),
    };
    let shares = match impact.shares {
        0 => String::new(),
        some => format!(" with {}", counted(some, "share")),
    };
    format!(
        "{} of {} through {}{servers}{shares}",
        counted(impact.decisions, "decision"),
        counted(impact.personas, "persona"),
        counted(impact.entrances, "client")
    )
}

fn group(style: &Style, change: &AccessChange) -> Vec<String> {
    let word = word(change.change, style);
    let is_loss = matches!(change.change, ChangeOfAccess::Lost | ChangeOfAccess::MaybeLost);
    let most = if is_loss && !style.full { NAMES } else { usize::MAX };
    let who = people(&change.personas, change.undeclared, most);
    let scope = change.scope.as_deref().map_or_else(|| "access".to_owned(), one_line);
    let client = one_line(change.client.name());
    let on = names(&change.resources, most);
    // A chain ends in what the line above it says already.
    let chain = match change.via.split_last() {
        Some((_, inner)) if !inner.is_empty() => inner,
        _ => &change.via,
    };
    let chain: Vec<String> = chain.iter().map(link).collect();
    let cause = change.cause.as_ref().map(|it| format!("because of {}", one_line(&it.to_string())));
    let unsure = match (change.before, change.after) {
        (Answer::Unknown, Answer::Unknown) => "   hangs on what changes, and cannot be told",
        (_, Answer::Unknown) => "   cannot be told afterwards",
        (Answer::Unknown, _) => "   could not be told before",
        _ => "",
    };
    let through = through(&change.through, style);
    let first = [
        format!("  {word} {who}   {scope} on {on} of {client}{through} ({}){unsure}", change.count),
        format!("      {}", painted(style.dim, &chain.join(" > "))),
    ];
    let cause = cause.map(|it| format!("      {}", painted(style.dim, &it)));
    first.into_iter().chain(cause).collect()
}

fn administration(style: &Style, change: &AdministrationChange) -> Vec<String> {
    let word = word(change.change, style);
    let through = through(&change.through, style);
    let who = format!("{}{through}", people(&change.personas, change.undeclared, usize::MAX));
    let roles: Vec<String> = change.roles.iter().map(|it| one_line(it.name())).collect();
    let roles = roles.join(", ");
    let chain: Vec<String> = change.via.iter().map(link).collect();
    let cause = change.cause.as_ref().map(|it| format!("because of {}", one_line(&it.to_string())));
    let first = [
        format!("  {word} {who}   administration of this realm: {roles}"),
        format!("      {}", painted(style.dim, &chain.join(" > "))),
    ];
    let cause = cause.map(|it| format!("      {}", painted(style.dim, &it)));
    first.into_iter().chain(cause).collect()
}

fn word(change: ChangeOfAccess, style: &Style) -> String {
    let (word, ansi) = match change {
        ChangeOfAccess::Gained => ("gains", style.create),
        ChangeOfAccess::MaybeGained => ("may gain", style.create),
        ChangeOfAccess::Lost => ("loses", style.delete),
        ChangeOfAccess::MaybeLost => ("may lose", style.delete),
        ChangeOfAccess::Unknown => ("?", style.update),
    };
    painted(ansi, word)
}

/// Returns who it is about in words, so many by name.
fn people(personas: &[String], undeclared: usize, most: usize) -> String {
    let called: Vec<String> = personas.iter().map(|it| called(it)).collect();
    let who = names(&called, most);
    if undeclared == 0 {
        return who;
    }
    let others = counted(undeclared, "undeclared user");
    if who.is_empty() { others } else { format!("{who} and {others}") }
}

/// Returns the clients through which people come, in words, unless those are all.
pub(in crate::report) fn through(ways: &Ways, style: &Style) -> String {
    let ways = ways.names();
    if ways.is_empty() {
        return String::new();
    }
    format!(" through {}", names(&ways, if style.full { usize::MAX } else { WAYS }))
}

/// A persona in words: those that are made up stand for whoever is like them.
fn called(persona: &str) -> String {
    match persona.split_once('/') {
        Some(("role" | "client", _)) => format!("whoever has {persona}"),
        Some(("group", _)) => format!("whoever is in {persona}"),
        _ if persona == "any-user" => "any user".to_owned(),
        _ => persona.to_owned(),
    }
}

fn names(all: &[String], most: usize) -> String {
    let mut all: Vec<String> = all.iter().map(|it| one_line(it)).collect();
    all.sort_by(|a, b| natural::names(a, b));
    let named = few(&all, most);
    if all.len() > most.saturating_add(1) { format!("{named} (--full names them)") } else { named }
}

#[cfg(test)]
mod tests {
    use super::super::{Style, plan_text};
    use crate::access::{AccessChange, Answer, ChangeOfAccess, Impact, Step, Ways};
    use crate::change::{Action, Change, Why};
    use crate::diff::Diff;
    use crate::kind::parse_address;
    use crate::plan::Plan;
    use crate::text::{At, Files};

    #[test]
    fn gains_and_losses_are_grouped_with_their_chain_and_cause() {
        let address = |text: &str| parse_address(text).expect("an address");
        let step = |of: Option<&str>, text: &str| Step { address: of.map(address), text: text.to_owned() };
        let names = |count: usize| (0..count).map(|it| format!("p{it}")).collect();
        let change = |change, personas: usize, undeclared| AccessChange {
            client: address("client/demo"),
            change,
            scope: Some("view".to_owned()),
            before: Answer::Deny,
            after: Answer::Permit,
            personas: names(personas),
            undeclared,
            resources: vec!["Eric space".to_owned()],
            through: Ways::default(),
            via: vec![
                step(Some("user/p0"), "p0"),
                step(Some("client/demo/authz/policy/Only Eric"), "policy holds"),
                step(Some("client/demo/authz/permission/P"), "permission grants"),
                step(None, "view on Eric space"),
            ],
            cause: Some(address("client/demo/authz/permission/P")),
            count: personas,
        };
        let changes = vec![Change {
            object: address("role/x"),
            action: Action::Create,
            why: Why::ManifestChanged,
            fields: Vec::new(),
            adopted: false,
            at: At::SERVER,
        }];
        let access = Impact {
            changes: vec![change(ChangeOfAccess::Gained, 5, 0), change(ChangeOfAccess::MaybeLost, 1, 7)],
            decisions: 12,
            undecided: 1,
            personas: 6,
            entrances: 2,
            members: [(address("group/staff"), 4), (address("role/x"), 1)].into(),
            ..Impact::default()
        };
        let plan = Plan {
            realm: "r".to_owned(),
            server: "https://sso.example.org".to_owned(),
            exists: true,
            diff: Diff { changes, ..Diff::default() },
            access: Some(access),
            ..Plan::default()
        };
        let text = plan_text(&plan, &Files::default(), &Style::plain());
        let section = text.split("\n\n").nth(2).unwrap_or_default();
        assert_eq!(
            section,
            "Access impact   12 decisions of 6 personas through 2 clients, and\n    administration, each before and after\n  \
             gains p0, p1, p2, p3, p4   view on Eric space of demo (5)\n      \
             p0 > policy `Only Eric` holds > permission `P` grants\n      \
             because of client/demo/authz/permission/P\n  \
             may lose p0 and 7 undeclared users   view on Eric space of demo (1)\n      \
             p0 > policy `Only Eric` holds > permission `P` grants\n      \
             because of client/demo/authz/permission/P\n  \
             ? 1 decision cannot be told from here afterwards\n  \
             4 undeclared users are in group/staff, which changes (--access all-users)\n  \
             1 undeclared user has role/x, which changes (--access all-users)"
        );
    }
}
