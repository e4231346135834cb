//! Access tests as a `JUnit` file, which CI systems show test by test.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::access_test::{heard, reasons, verdict};
use super::safe;
use crate::access::test::{Case, Heard, Results, TestOutcome, Tested};
use crate::text::Files;

/// Returns the cases as `JUnit` XML: one suite per document, one test per case. What is undecided is skipped, or
/// fails where `unknown_fails`.
pub fn tests_junit(results: &Results, files: &Files, unknown_fails: bool) -> Vec<u8> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    write(&mut writer, results, files, unknown_fails).expect("memory takes everything");
    let mut out = writer.into_inner();
    out.push(b'\n');
    out
}

/// Text that XML may hold: the two characters that are left are in no version of it.
fn one_line(text: &str) -> String {
    safe::one_line(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

struct Counts {
    tests: String,
    failures: String,
    errors: String,
    skipped: String,
}

fn counted<'a>(cases: impl Iterator<Item = &'a Case>, unknown_fails: bool) -> Counts {
    let (mut tests, mut failures, mut errors, mut skipped) = (0, 0, 0, 0);
    for case in cases {
        tests += 1;
        match case.outcome() {
            TestOutcome::Pass => {}
            TestOutcome::Fail | TestOutcome::Split => failures += 1,
            TestOutcome::Error => errors += 1,
            TestOutcome::Unknown if unknown_fails => failures += 1,
            TestOutcome::Unknown => skipped += 1,
        }
    }
    let text = |it: usize| it.to_string();
    Counts { tests: text(tests), failures: text(failures), errors: text(errors), skipped: text(skipped) }
}

impl Counts {
    fn attributes(&self) -> [(&str, &str); 4] {
        [
            ("tests", &self.tests),
            ("failures", &self.failures),
            ("errors", &self.errors),
            ("skipped", &self.skipped),
        ]
    }
}

fn write(
    writer: &mut Writer<Vec<u8>>,
    results: &Results,
    files: &Files,
    unknown_fails: bool,
) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = counted(results.cases(), unknown_fails);
    writer
        .create_element("testsuites")
        .with_attribute(("name", "realmwright test"))
        .with_attributes(all.attributes())
        .write_inner_content(|writer| {
            results.tested.iter().try_for_each(|it| suite(writer, it, files, unknown_fails))
        })?;
    Ok(())
}

fn suite(
    writer: &mut Writer<Vec<u8>>,
    tested: &Tested,
    files: &Files,
    unknown_fails: bool,
) -> io::Result<()> {
    let file = files.name(tested.at.file).map(one_line).unwrap_or_default();
    let counts = counted(tested.cases.iter(), unknown_fails);
    writer
        .create_element("testsuite")
        .with_attribute(("name", file.as_str()))
        .with_attributes(counts.attributes())
        .write_inner_content(|writer| {
            tested.cases.iter().try_for_each(|it| case(writer, tested, it, files, unknown_fails))
        })?;
    Ok(())
}

fn case(
    writer: &mut Writer<Vec<u8>>,
    tested: &Tested,
    case: &Case,
    files: &Files,
    unknown_fails: bool,
) -> io::Result<()> {
    let persona = one_line(&tested.personas[case.persona].name);
    let scope = case.scope.as_deref().map_or_else(|| "access".to_owned(), one_line);
    let name = format!("{persona} › {scope} › {}", one_line(&case.resource));
    let client = one_line(tested.client.name());
    let mut element = writer.create_element("testcase");
    element = element.with_attribute(("name", name.as_str())).with_attribute(("classname", client.as_str()));
    if let Some(position) = files.position(case.at) {
        element = element
            .with_attribute(("file", one_line(&position.file).as_str()))
            .with_attribute(("line", position.line.to_string().as_str()));
    }
    let server = match &case.server {
        Heard::Nothing => String::new(),
        _ => format!(", the server says {}", heard(case)),
    };
    let got = format!("want {}, offline {}{server}", verdict(Some(case.permit)), verdict(case.offline()));
    let why = case.why.iter().cloned().chain(reasons(case));
    let text = why.map(|it| one_line(&it)).collect::<Vec<_>>().join("\n");
    let (tag, kind) = match case.outcome() {
        TestOutcome::Pass => {
            element.write_empty()?;
            return Ok(());
        }
        TestOutcome::Fail => ("failure", "FAIL"),
        TestOutcome::Split => ("failure", "SPLIT"),
        TestOutcome::Error => ("error", "ERROR"),
        TestOutcome::Unknown if unknown_fails => ("failure", "UNKNOWN"),
        TestOutcome::Unknown => ("skipped", ""),
    };
    element.write_inner_content(|writer| {
        let mut inner = writer.create_element(tag).with_attribute(("message", got.as_str()));
        if !kind.is_empty() {
            inner = inner.with_attribute(("type", kind));
        }
        inner.write_text_content(BytesText::new(&text))?;
        Ok(())
    })?;
    Ok(())
}
