//! What access tests say of the realm as a plan would make it.

use std::collections::BTreeMap;

use super::{Page, painted};
use crate::access::test::Rule;
use crate::plan::FailedTest;
use crate::report::access_test::{chain, counts, verdict};
use crate::report::safe::one_line;

pub(super) fn tests(page: &Page<'_>) -> Vec<String> {
    let Some(tests) = page.plan.tests.as_ref().filter(|it| it.count.all() > 0) else { return Vec::new() };
    let mut out = vec![page.title("Access tests", &counts(&tests.count))];
    let mut groups: BTreeMap<_, Vec<&FailedTest>> = BTreeMap::new();
    for it in &tests.failures {
        groups.entry((it.at, &it.persona, &it.scope, it.already, chain(&it.path))).or_default().push(it);
    }
    for ((at, persona, scope, already, chain), group) in groups {
        let first = group[0];
        let scope = scope.as_deref().map_or_else(|| "access".to_owned(), one_line);
        let on = group.iter().map(|it| one_line(&it.resource)).collect::<Vec<_>>().join(", ");
        let place = page.place(at).map(|it| format!("{it}  ")).unwrap_or_default();
        let never = if first.rule == Rule::Never { " never" } else { "" };
        let want = verdict(Some(first.permit));
        let way = if first.lacking.is_empty() { "" } else { " by another way" };
        let today = if already { " (fails already today)" } else { "" };
        out.push(format!(
            "  {} {place}{} / {scope} / {on}   want {want}{never}, would be {}{way}{today}",
            painted(page.style.refuse, "FAIL"),
            one_line(persona),
            verdict(Some(first.got)),
        ));
        out.extend(Some(chain).filter(|it| !it.is_empty()).map(|it| format!("      {}", page.dim(&it))));
        let lacking = first.lacking.iter();
        out.extend(lacking.map(|it| format!("      does not go through {}", one_line(it))));
        out.extend(first.why.iter().map(|it| format!("      \"{}\"", one_line(it))));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Style, plan_text};
    use crate::access::test::{Count, Rule};
    use crate::kind::parse_address;
    use crate::plan::{AccessTests, FailedTest, Plan};
    use crate::text::{At, Files};

    #[test]
    fn a_plan_that_breaks_a_test_says_which_and_is_refused() {
        let mut files = Files::default();
        let file = files.add("access/demo.yaml", "kind: AccessTest\n");
        let failed = |resource: &str, persona: &str, already| FailedTest {
            client: parse_address("client/demo").expect("an address"),
            persona: persona.to_owned(),
            resource: resource.to_owned(),
            scope: Some("view".to_owned()),
            rule: Rule::Expect,
            permit: false,
            got: true,
            path: Vec::new(),
            lacking: Vec::new(),
            why: Some("ADR-7".to_owned()),
            at: At { file, start: 0, end: 4 },
            already,
        };
        let mut plan = Plan { realm: "r".to_owned(), exists: true, ..Plan::default() };
        plan.add_tests(AccessTests {
            count: Count { passed: 4, failed: 3, unknown: 1, ..Count::default() },
            failures: vec![failed("a", "bob", false), failed("b", "bob", false), failed("a", "eve", true)],
        });
        let text = plan_text(&plan, &files, &Style::plain());
        let end = text.find("Access tests").map(|it| &text[it..]).unwrap_or_default();
        assert_eq!(
            end,
            "Access tests   4 pass, 3 fail, 1 undecided\n  \
             FAIL access/demo.yaml:1  bob / view / a, b   want DENY, would be PERMIT\n      \"ADR-7\"\n  \
             FAIL access/demo.yaml:1  eve / view / a   want DENY, would be PERMIT (fails\n      already today)\n      \"ADR-7\"\n\n\
             Refused   apply would write nothing\n  \
             x 3 access tests would fail after this plan [access-test]   access/demo.yaml:1\n\n\
             Verdict   apply would write nothing: 1 refusal\n  none; 0 as declared\n"
        );
        plan.refusals.clear();
        plan.add_tests(AccessTests {
            count: Count { passed: 4, unknown: 1, ..Count::default() },
            failures: Vec::new(),
        });
        assert!(plan.refusals.is_empty(), "what is undecided refuses nothing");
    }
}
