//! What access tests say of the realm as a plan would make it.

use std::collections::BTreeMap;

use super::{Page, painted};
use crate::access::test::Rule;
use crate::plan::FailedTest;
use crate::report::access_test::{chain, counts, verdict};
use crate::report::safe::one_line;

/// How many groups of failures a text lists before it only counts; JSON has all.
const LINES: usize = 20;

pub(super) fn tests(page: &Page<'_>) -> Vec<String> {
    let Some(tests) = page.plan.tests.as_ref().filter(|it| it.count.all() > 0) else { return Vec::new() };
    let mut out = vec![page.title("Access tests", &counts(&tests.count))];
    let mut groups: BTreeMap<_, Vec<&FailedTest>> = BTreeMap::new();
    for it in &tests.failures {
        groups.entry((it.at, &it.persona, &it.scope, it.already, chain(&it.path))).or_default().push(it);
    }
    for ((at, persona, scope, already, chain), group) in groups.iter().take(LINES) {
        let first = group[0];
        let scope = scope.as_deref().map_or_else(|| "access".to_owned(), one_line);
        let on = one_line(&first.resource);
        let on = if group.len() > 1 { format!("{on} and {} more", group.len() - 1) } else { on };
        let place = page.place(*at).map(|it| format!("{it}  ")).unwrap_or_default();
        let never = if first.rule == Rule::Never { " never" } else { "" };
        let want = verdict(Some(first.permit));
        let way = if first.lacking.is_empty() { "" } else { " by another way" };
        let today = if *already { " (fails already today)" } else { "" };
        out.push(format!(
            "  {} {place}{} / {scope} / {on}   want {want}{never}, would be {}{way}{today}",
            painted(page.style.refuse, "FAIL"),
            one_line(persona),
            verdict(Some(first.got)),
        ));
        out.extend(Some(chain).filter(|it| !it.is_empty()).map(|it| format!("      {}", page.dim(it))));
        let lacking = first.lacking.iter();
        out.extend(lacking.map(|it| format!("      does not go through {}", one_line(it))));
        out.extend(first.why.iter().map(|it| format!("      \"{}\"", one_line(it))));
    }
    let more = groups.len().saturating_sub(LINES);
    out.extend((more > 0).then(|| format!("  {}", page.dim(&format!("… and {more} more like these")))));
    out
}
