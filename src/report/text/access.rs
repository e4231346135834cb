//! Who gains or loses what by a plan: one line per group of decisions, with the chain that causes it.

use super::{Page, counted, painted};
use crate::access::{AccessChange, ChangeOfAccess, Step};
use crate::kind::{PERMISSION, POLICY};
use crate::report::safe::one_line;

/// How many groups of decisions a text lists before it only counts; JSON has all.
const LINES: usize = 30;
/// How many personas or resources of a group a line names.
const NAMES: usize = 3;

pub(super) fn impact(page: &Page<'_>) -> Vec<String> {
    let Some(impact) = page.plan.access.as_ref().filter(|it| it.decisions > 0 && !page.plan.is_empty())
    else {
        return Vec::new();
    };
    let looked = format!(
        "{} of {}, each before and after",
        counted(impact.decisions, "decision"),
        counted(impact.personas, "persona")
    );
    let words =
        if impact.changes.is_empty() { format!("nobody gains or loses anything; {looked}") } else { looked };
    let mut out = vec![page.title("Access impact", &words)];
    out.extend(impact.changes.iter().take(LINES).flat_map(|it| group(page, it)));
    let more = impact.changes.len().saturating_sub(LINES);
    if more > 0 {
        out.push(format!("  {}", page.dim(&format!("… and {more} more groups of decisions"))));
    }
    if impact.undecided > 0 {
        out.push(format!(
            "  ? {} cannot be told from here afterwards",
            counted(impact.undecided, "decision")
        ));
    }
    out.extend(impact.notes.iter().map(|it| format!("  {}", page.dim(&one_line(it)))));
    out
}

fn group(page: &Page<'_>, change: &AccessChange) -> [String; 2] {
    let (word, style) = match change.change {
        ChangeOfAccess::Gained => ("gains", page.style.create),
        ChangeOfAccess::MaybeGained => ("may gain", page.style.create),
        ChangeOfAccess::Lost => ("loses", page.style.delete),
        ChangeOfAccess::MaybeLost => ("may lose", page.style.delete),
        ChangeOfAccess::Unknown => ("?", page.style.update),
    };
    let mut who = names(&change.personas);
    if change.undeclared > 0 {
        let others = counted(change.undeclared, "undeclared user");
        who = if who.is_empty() { others } else { format!("{who} and {others}") };
    }
    let scope = change.scope.as_deref().map_or_else(|| "access".to_owned(), one_line);
    let client = one_line(change.client.name());
    let on = names(&change.resources);
    let chain: Vec<String> = change.via.iter().map(link).collect();
    let cause =
        change.cause.as_ref().map(|it| format!("   by {}", one_line(&it.to_string()))).unwrap_or_default();
    [
        format!("  {} {who}   {scope} on {on} of {client} ({})", painted(style, word), change.count),
        format!("      {}", page.dim(&format!("{}{cause}", chain.join(" > ")))),
    ]
}

/// One link of a chain; policies and permissions are named.
pub(in crate::report) fn link(step: &Step) -> String {
    let named = step.address.as_ref().filter(|it| matches!(it.kind(), POLICY | PERMISSION));
    let text = match (named, step.text.split_once(' ')) {
        (Some(address), Some((word, rest))) if !step.text.contains(address.name()) => {
            format!("{word} `{}` {rest}", address.name())
        }
        _ => step.text.clone(),
    };
    one_line(&text)
}

fn names(all: &[String]) -> String {
    let shown: Vec<String> = all.iter().take(NAMES).map(|it| one_line(it)).collect();
    let more = all.len().saturating_sub(NAMES);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::super::{Style, plan_text};
    use crate::access::{AccessChange, Answer, ChangeOfAccess, Impact, Step};
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
            "Access impact   12 decisions of 6 personas, each before and after\n  \
             gains p0, p1, p2 and 2 more   view on Eric space of demo (5)\n      \
             p0 > policy `Only Eric` holds > permission `P` grants > view on Eric space   by client/demo/authz/permission/P\n  \
             may lose p0 and 7 undeclared users   view on Eric space of demo (1)\n      \
             p0 > policy `Only Eric` holds > permission `P` grants > view on Eric space   by client/demo/authz/permission/P\n  \
             ? 1 decision cannot be told from here afterwards\n"
        );
    }
}
