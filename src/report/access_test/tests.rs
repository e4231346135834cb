//! Access tests as people, pipelines and CI systems see them.

use serde_json::Value;

use super::*;
use crate::access::Decision;
use crate::access::test::Oracle;
use crate::kind::parse_address;
use crate::report::{tests_json, tests_junit};
use crate::text::At;

const FILE: &str = "kind: AccessTest\nresourceServer: demo\nexpect: []\notherwise: DENY\nnever: []\n";

fn step(of: Option<&str>, text: &str) -> Step {
    Step { address: of.map(|it| parse_address(it).expect("an address")), text: text.to_owned() }
}

/// A run with one case of each outcome, and names that a terminal or an XML reader would obey.
fn results() -> (Results, Files) {
    let mut files = Files::default();
    let file = files.add("access/demo.yaml", FILE);
    let line = |line: usize| {
        let start = FILE.split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
        let start = u32::try_from(start).expect("a short file");
        At { file, start, end: start + 1 }
    };
    let path = vec![
        step(Some("user/bob"), "bob"),
        step(Some("role/reader"), "role reader"),
        step(Some("client/demo/authz/policy/Readers"), "policy holds"),
        step(Some("client/demo/authz/permission/Eric"), "permission grants"),
        step(Some("client/demo/authz/resource/a"), "view on a"),
    ];
    let permit = |path: &[Step]| Decision {
        verdict: Verdict::Permit { scopes: BTreeSet::from(["view".to_owned()]) },
        path: path.to_vec(),
        notes: Vec::new(),
    };
    let deny = Decision { verdict: Verdict::Deny, path: Vec::new(), notes: Vec::new() };
    let policy = parse_address("client/demo/authz/policy/Hours").expect("an address");
    let unknown = Decision {
        verdict: Verdict::Unknown {
            scopes: BTreeSet::new(),
            maybe: None,
            doubts: vec![Doubt::Time { policy, limits: vec!["hour 9 to 17".to_owned()], within: Some(true) }],
        },
        path: Vec::new(),
        notes: Vec::new(),
    };
    let said = |permit| Heard::Said { permit, unknown: Vec::new() };
    let case = |resource: &str, permit: bool, decision: &Decision, server: Heard| Case {
        persona: 0,
        resource: resource.to_owned(),
        scope: Some("view".to_owned()),
        permit,
        rule: Rule::Expect,
        why: None,
        at: line(3),
        decision: decision.clone(),
        lacking: Vec::new(),
        server,
        changed_mind: false,
    };
    let share = Heard::Said { permit: true, unknown: vec![("share".to_owned(), "uma".to_owned())] };
    let persona = |name: &str| crate::access::Persona { name: name.to_owned(), ..Default::default() };
    let cases = vec![
        case("a", true, &permit(&path), said(true)),
        Case { why: Some("ADR-7 <&> \"x\"".to_owned()), ..case("a", false, &permit(&path), said(true)) },
        Case { why: Some("ADR-7 <&> \"x\"".to_owned()), ..case("b", false, &permit(&path), said(true)) },
        Case { lacking: vec!["group/eo".to_owned()], ..case("c", true, &permit(&path), said(true)) },
        Case { rule: Rule::Otherwise, at: line(4), ..case("d", false, &deny, share) },
        Case { scope: None, ..case("e", false, &deny, Heard::Failed("500 oh".to_owned())) },
        Case {
            persona: 1,
            rule: Rule::Never,
            at: line(5),
            ..case("f", false, &unknown, Heard::NotAsked("it is made up"))
        },
        Case { persona: 1, ..case("g", false, &unknown, said(false)) },
        Case { changed_mind: true, ..case("h", true, &permit(&path), said(true)) },
        Case { changed_mind: true, ..case("i", false, &permit(&path), said(true)) },
    ];
    let tested = Tested {
        realm: "eoepca".to_owned(),
        client: parse_address("client/demo").expect("an address"),
        at: line(2),
        personas: vec![persona("bob"), persona("::evil\u{1b}[2J\u{fffe}")],
        cases,
    };
    let permission = |name: &str| {
        let address = parse_address(&format!("client/demo/authz/permission/{name}"));
        ("eoepca".to_owned(), address.expect("an address"))
    };
    let permissions = BTreeMap::from([(permission("Eric"), true), (permission("Ops"), false)]);
    let oracle = Some((Oracle::Evaluate, "https://sso.example.org".to_owned()));
    (Results { tested: vec![tested], permissions, oracle }, files)
}

#[test]
fn text_lists_what_is_not_as_wanted_and_counts_the_rest() {
    let (mut clean, files) = results();
    let text = tests_text(&clean, &files, &Style::plain());
    snapbox::assert_data_eq!(text, snapbox::file!["text.txt"].raw());
    clean.oracle = None;
    clean.permissions.clear();
    clean.tested[0].cases.truncate(1);
    assert_eq!(tests_text(&clean, &files, &Style::plain()), "1 case: 1 pass\n");
}

#[test]
fn long_lists_are_cut_in_text_alone() {
    let (mut results, files) = results();
    let one = results.tested[0].cases[1].clone();
    results.tested[0].cases = (0..200)
        .map(|it| Case { why: Some(format!("reason {it}")), persona: 0, ..one.clone() })
        .map(|it| Case {
            at: At { start: it.at.start, ..it.at },
            lacking: vec![it.why.clone().unwrap_or_default()],
            ..it
        })
        .collect();
    let text = tests_text(&results, &files, &Style::plain());
    assert!(text.contains("  … and 160 more like these\n"), "{text}");
    assert_eq!(tests_json(&results, &files)["cases"].as_array().map(Vec::len), Some(200));
}

#[test]
fn json_has_every_case_with_its_result() {
    let (results, files) = results();
    let json = tests_json(&results, &files);
    let all = |field: &str| -> Vec<&Value> {
        json["cases"].as_array().into_iter().flatten().map(|it| &it[field]).collect()
    };
    let results = ["pass", "fail", "fail", "fail", "split", "error", "unknown", "pass", "pass", "fail"];
    assert_eq!(all("result"), results);
    assert_eq!(all("line"), [3, 3, 3, 3, 4, 3, 5, 3, 3, 3]);
    let summary = &json["summary"];
    for (field, count) in [
        ("cases", 10),
        ("passed", 3),
        ("failed", 4),
        ("changed_mind", 2),
        ("split", 1),
        ("errors", 1),
        ("unknown", 1),
        ("decided_by_server_alone", 1),
        ("not_asked", 1),
    ] {
        assert_eq!(summary[field], count, "{field}");
    }
    assert_eq!(json["coverage"]["percent"], 50);
    assert_eq!(json["coverage"]["never_tested"][0]["address"], "client/demo/authz/permission/Ops");
    assert_eq!(json["cases"][6]["not_asked"], "it is made up");
    assert_eq!(json["cases"][0]["path"][1], "role/reader");
}

#[test]
fn junit_is_well_formed_whatever_names_hold() {
    let (results, files) = results();
    let xml = String::from_utf8(tests_junit(&results, &files, false)).expect("UTF-8");
    snapbox::assert_data_eq!(xml.as_str(), snapbox::file!["junit.xml"].raw());
    let mut reader = quick_xml::Reader::from_str(&xml);
    loop {
        match reader.read_event().expect("well-formed") {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Start(it) | quick_xml::events::Event::Empty(it) => {
                assert!(it.attributes().all(|it| it.is_ok()), "{it:?}");
            }
            _ => {}
        }
    }
    let strict = String::from_utf8(tests_junit(&results, &files, true)).expect("UTF-8");
    assert!(
        strict.contains("failures=\"6\" errors=\"1\" skipped=\"0\"") && !strict.contains("<skipped"),
        "{strict}"
    );
}
