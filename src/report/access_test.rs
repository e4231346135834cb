//! What access tests came to, for people: failures with their chains, counts, and what nothing tested.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::link;
use super::safe::one_line;
use super::text::{Style, counted, padded, painted, width};
use crate::access::test::{Case, Count, Heard, Results, Rule, TestOutcome, Tested};
use crate::access::{Doubt, Step, Verdict};
use crate::state::Address;
use crate::text::Files;

/// How many groups of cases a document lists before it only counts; JSON and `JUnit` have all.
const GROUPS: usize = 40;
/// How many names a line lists before it only counts.
const NAMES: usize = 3;
const PERMISSIONS: usize = 10;

/// Renders what is not as wanted, document by document, then the counts.
pub fn tests_text(results: &Results, files: &Files, style: &Style) -> String {
    let mut out = String::new();
    for tested in &results.tested {
        let lines = document(results, tested, files, style);
        if !lines.is_empty() {
            out += &lines.join("\n");
            out += "\n\n";
        }
    }
    out += &summary(results, style).join("\n");
    out.push('\n');
    out
}

/// Returns PERMIT, DENY or UNKNOWN.
pub(super) fn verdict(permit: Option<bool>) -> &'static str {
    match permit {
        Some(true) => "PERMIT",
        Some(false) => "DENY",
        None => "UNKNOWN",
    }
}

/// Returns what the server said in one word.
pub(super) fn heard(case: &Case) -> &'static str {
    match &case.server {
        Heard::Nothing => "",
        Heard::NotAsked(_) => "not asked",
        Heard::Said { permit, .. } => verdict(Some(*permit)),
        Heard::Failed(_) => "ERROR",
    }
}

/// Cases that a reader sees as one: alike but for the resource.
struct Group<'a> {
    case: &'a Case,
    persona: &'a str,
    resources: Vec<&'a str>,
}

fn groups(tested: &Tested) -> Vec<Group<'_>> {
    let mut found: BTreeMap<_, Group<'_>> = BTreeMap::new();
    let mut order = Vec::new();
    for case in tested.cases.iter().filter(|it| it.outcome() != TestOutcome::Pass) {
        let persona = tested.personas[case.persona].name.as_str();
        let key = (case.at, case.outcome(), persona, &case.scope, case.offline(), heard(case), reasons(case));
        let group = found.entry(key.clone()).or_insert_with(|| {
            order.push(key);
            Group { case, persona, resources: Vec::new() }
        });
        group.resources.push(&case.resource);
    }
    order.iter().filter_map(|it| found.remove(it)).collect()
}

fn document(results: &Results, tested: &Tested, files: &Files, style: &Style) -> Vec<String> {
    let groups = groups(tested);
    if groups.is_empty() {
        return Vec::new();
    }
    let file = files.name(tested.at.file).map(one_line).unwrap_or_default();
    let head = format!("{file}  {}", one_line(tested.client.name()));
    let rows: Vec<[String; 4]> = groups
        .iter()
        .map(|it| {
            let label = match it.case.outcome() {
                TestOutcome::Fail | TestOutcome::Pass => "FAIL",
                TestOutcome::Split => "SPLIT",
                TestOutcome::Error => "ERROR",
                TestOutcome::Unknown => "?",
            };
            let scope = it.case.scope.as_deref().map_or_else(|| "access".to_owned(), one_line);
            [label.to_owned(), one_line(it.persona), scope, names(&it.resources)]
        })
        .collect();
    let column = |at: usize| rows.iter().map(|it| width(&it[at])).max().unwrap_or(0);
    let widths = [5, column(1), column(2), column(3)];
    let to = (widths.iter().sum::<usize>() + 10).max(width(&head) + 4);
    let server = results.oracle.as_ref().map(|it| format!("server({})", it.0.name())).unwrap_or_default();
    let line = |text: &str, columns: [&str; 3]| {
        let [want, offline, server] = columns;
        format!("{}{}{}{server}", padded(text, to), padded(want, 9), padded(offline, 9)).trim_end().to_owned()
    };
    let title = line(&head, ["want", "offline", &server]);
    let mut out = vec![painted(style.title, &title)];
    for (group, [label, persona, scope, resources]) in groups.iter().zip(&rows).take(GROUPS) {
        let text = format!(
            "  {} {}  {}  {resources}",
            padded(label, widths[0]),
            padded(persona, widths[1]),
            padded(scope, widths[2])
        );
        let case = group.case;
        let text = line(&text, [verdict(Some(case.permit)), verdict(case.offline()), heard(case)]);
        let shown = match case.outcome() {
            TestOutcome::Unknown => text.replacen('?', &painted(style.update, "?"), 1),
            _ => text.replacen(label.as_str(), &painted(style.refuse, label), 1),
        };
        out.push(shown);
        out.extend(reasons(case).iter().map(|it| format!("        {}", painted(style.dim, it))));
        out.push(format!("        {}", place(case, files)));
    }
    if groups.len() > GROUPS {
        out.push(format!("  … and {} more like these", groups.len() - GROUPS));
    }
    out
}

/// Why it came out so.
pub(super) fn reasons(case: &Case) -> Vec<String> {
    let mut out = Vec::new();
    if let Heard::Failed(message) = &case.server {
        out.push(one_line(&format!("the server says: {message}")));
    }
    out.extend(change_of_mind(case));
    match &case.decision.verdict {
        Verdict::Unknown { doubts, .. } if case.offline().is_none() => {
            out.extend(doubts.iter().map(|it: &Doubt| one_line(&it.to_string())));
        }
        _ => out.extend(Some(chain(&case.decision.path)).filter(|it| !it.is_empty())),
    }
    if let Heard::Said { unknown, .. } = &case.server
        && case.outcome() == TestOutcome::Split
        && !unknown.is_empty()
    {
        let named: Vec<String> =
            unknown.iter().map(|(name, of)| format!("permission `{name}` ({of})")).collect();
        out.push(one_line(&format!(
            "the server also counts {}, which is not in what was read of it",
            named.join(", ")
        )));
    }
    out.extend(case.lacking.iter().map(|it| one_line(&format!("does not go through {it}"))));
    out.extend(case.decision.notes.iter().map(|it| one_line(it)));
    out
}

/// Returns both answers of a server that answered differently when it was asked again.
fn change_of_mind(case: &Case) -> Option<String> {
    match case.server {
        Heard::Said { permit, .. } if case.changed_mind => Some(format!(
            "the server changed its mind: {}, and {} when it was asked again",
            verdict(Some(!permit)),
            verdict(Some(permit))
        )),
        _ => None,
    }
}

/// The chain between the persona and the resource, both of which the line says already.
pub(super) fn chain(path: &[Step]) -> String {
    let inner = path.get(1..path.len().saturating_sub(1)).unwrap_or_default();
    inner.iter().map(link).collect::<Vec<_>>().join(" > ")
}

fn place(case: &Case, files: &Files) -> String {
    let line = files.position(case.at).map(|it| format!("line {}", it.line)).unwrap_or_default();
    match (&case.why, case.rule) {
        (Some(why), _) => format!("{line}: \"{}\"", one_line(why)),
        (None, Rule::Expect) => line,
        (None, Rule::Otherwise) => format!("{line}: otherwise {}", verdict(Some(case.permit))),
        (None, Rule::Never) => format!("{line}: never"),
    }
}

fn names(all: &[&str]) -> String {
    let shown: Vec<String> = all.iter().take(NAMES).map(|it| one_line(it)).collect();
    match all.len().saturating_sub(NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn summary(results: &Results, style: &Style) -> Vec<String> {
    let count = results.count();
    let permissions = &results.permissions;
    let reached = permissions.values().filter(|it| **it).count();
    let coverage = match permissions.len() {
        0 => String::new(),
        all => format!("   coverage {reached} of {}", counted(all, "permission")),
    };
    let line = format!("{}: {}{coverage}", counted(count.all(), "case"), counts(&count));
    let is_clean = count.passed == count.all();
    let mut out = vec![if is_clean { painted(style.create, &line) } else { painted(style.title, &line) }];
    out.extend(not_asked(results, &count));
    out.extend(changed_minds(results, &count));
    let never: Vec<&(String, Address)> = results.never_tested().collect();
    if !never.is_empty() {
        let clients: BTreeSet<_> = permissions.keys().map(|(realm, it)| (realm, it.parent())).collect();
        let name = |(_, address): &&(String, Address)| match (address.parent(), clients.len()) {
            (Some(client), 2..) => format!("{}/permission/{}", client.name(), address.name()),
            _ => format!("permission/{}", address.name()),
        };
        let shown: Vec<String> = never.iter().take(PERMISSIONS).map(|it| one_line(&name(it))).collect();
        let more = never.len().saturating_sub(PERMISSIONS);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        out.push(format!("never tested: {}{rest}", shown.join(", ")));
    }
    out
}

/// Returns "101 pass (6 decided by the server alone), 6 fail, 1 split".
pub(super) fn counts(count: &Count) -> String {
    let alone = match count.by_server_alone {
        0 => String::new(),
        more => format!(" ({more} decided by the server alone)"),
    };
    let some = |count: usize, word: &str| (count > 0).then(|| format!("{count} {word}"));
    [
        Some(format!("{} pass{alone}", count.passed)),
        some(count.failed, "fail"),
        some(count.split, "split"),
        some(count.errors, if count.errors == 1 { "error" } else { "errors" }),
        some(count.unknown, "undecided"),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(", ")
}

/// A case that passes in the end is listed nowhere else.
fn changed_minds(results: &Results, count: &Count) -> Vec<String> {
    if count.changed_mind == 0 {
        return Vec::new();
    }
    let cases = results.tested.iter().flat_map(|it| it.cases.iter().map(move |case| (it, case)));
    let shown = cases.filter_map(|(tested, case)| {
        let persona = &tested.personas[case.persona].name;
        let scope = case.scope.as_deref().unwrap_or("access");
        let told = change_of_mind(case)?;
        Some(format!("  {}", one_line(&format!("{persona}  {scope}  {}: {told}", case.resource))))
    });
    let head = format!("{} answered differently at first:", counted(count.changed_mind, "case"));
    [head].into_iter().chain(shown.take(NAMES)).collect()
}

/// What the server was not asked counts by what the evaluator says alone; so it is said how much that is.
fn not_asked(results: &Results, count: &Count) -> Option<String> {
    if count.not_asked == 0 {
        return None;
    }
    let mut by_reason: BTreeMap<&str, usize> = BTreeMap::new();
    for case in results.cases() {
        if let Heard::NotAsked(why) = case.server {
            *by_reason.entry(why).or_default() += 1;
        }
    }
    let reasons: Vec<String> = by_reason.into_iter().map(|(why, count)| format!("{why} ({count})")).collect();
    Some(format!("{} not asked of the server, decided offline: {}", count.not_asked, reasons.join("; ")))
}

#[cfg(test)]
mod tests;
