//! Documents, good and bad, and what becomes of their cases.

use jiff::tz::TimeZone;

use super::*;
use crate::access::Realm;
use crate::diff::on_a_new_realm;
use crate::kind::{NEWEST, USER};
use crate::manifest::{Project, load_texts};
use crate::report::{Color, notes};
use crate::state::{Pattern, State};
use crate::text::{json_of_tree, parse_yaml};

const MANIFEST: &str = r"
realm: test
roles: { realm: [{ name: boss, composites: { client: { demo: [reader] } } }], client: { demo: [{ name: reader }] } }
groups: [{ name: eo, subGroups: [{ name: readers, clientRoles: { demo: [reader] } }] }]
users:
  - { username: alice, clientRoles: { demo: [reader] } }
  - { username: ben, groups: [/eo/readers] }
  - { username: carla, realmRoles: [boss] }
  - { username: dora }
clients:
  - { clientId: app }
  - clientId: demo
    secret: { fromEnv: X }
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{ name: view }, { name: edit }]
      resources:
        - { name: Space, uris: [/space/*], scopes: [view, edit] }
        - { name: Open, uris: [/open/*], scopes: [view] }
        - { name: Door }
      policies:
        - { name: Readers, type: role, roles: [demo/reader] }
        - { name: Members, type: group, groups: [/eo/readers] }
        - { name: Only alice, type: user, users: [alice] }
        - { name: Mornings, type: time, hour: 8, hourEnd: 11 }
      permissions:
        - { name: Space permission, type: scope, resources: [Space], scopes: [view], decisionStrategy: AFFIRMATIVE, policies: [Only alice, Members, Readers] }
        - { name: Edit permission, type: scope, resources: [Space], scopes: [edit], policies: [Readers, Mornings] }
        - { name: Open permission, type: resource, resources: [Open], policies: [Only alice] }
";

/// A document and its manifest, read.
struct Read {
    files: crate::text::Files,
    state: State,
    test: Option<Test>,
    notes: Vec<crate::text::Note>,
}

fn read(document: &str, external: &[Pattern]) -> Read {
    let loaded = load_texts(&[("realm.yaml", MANIFEST), ("test.yaml", document)], &Project::default());
    let state = on_a_new_realm("test", &loaded.realms[0].state, NEWEST);
    let stages = [Stage { realm: "test", state: &state, version: NEWEST }];
    let reading = Reading { stages: &stages, zone: &TimeZone::UTC, at: None, external };
    let mut notes = loaded.notes.clone();
    let mut test = None;
    for document in &loaded.tests {
        let (read, found) = reading.read(&document.tree);
        test = read;
        notes.extend(found);
    }
    Read { files: loaded.files, state, test, notes }
}

fn run(body: &str) -> Tested {
    let read = read(&format!("kind: AccessTest\nresourceServer: demo\n{body}"), &[]);
    assert_eq!(notes(&read.files, &read.notes, Color::Never), "");
    let realm = Realm::compile(&read.state, NEWEST);
    let users: Vec<Address> = read
        .state
        .objects
        .keys()
        .filter(|it| it.kind() == USER && read.state.objects[*it].made_by.is_none())
        .cloned()
        .collect();
    read.test.expect("it is clear what it is about").run(&realm, &users)
}

/// `persona scope resource: outcome` of every case that did not pass.
fn wrong(tested: &Tested) -> Vec<String> {
    let cases = tested.cases.iter().filter(|it| it.outcome() != TestOutcome::Pass);
    cases
        .map(|it| {
            let scope = it.scope.as_deref().unwrap_or("-");
            format!("{} {scope} {}: {:?}", tested.personas[it.persona].name, it.resource, it.outcome())
        })
        .collect()
}

#[test]
fn each_bad_document_has_messages_with_places_and_a_way_out() {
    let mut text = String::new();
    for case in include_str!("cases.yaml").split("## ").skip(1) {
        let (title, document) = case.split_once('\n').expect("a title and a document");
        let read = read(document, &[]);
        text.extend(["## ", title, "\n", &notes(&read.files, &read.notes, Color::Never), "\n"]);
    }
    snapbox::assert_data_eq!(text, snapbox::file!["messages.txt"].raw());
}

#[test]
fn what_is_external_may_be_named_and_is_undecided() {
    let document = "kind: AccessTest\nresourceServer: demo\npersonas: { shared: { roles: [shared-x] } }\n\
                    expect: [{ resources: [Space, Elsewhere], shared: { permit: [view] } }]\n";
    let external = ["role/shared-*", "client/demo/authz/resource/Elsewhere"].map(Pattern::new);
    let read = read(document, &external);
    assert_eq!(notes(&read.files, &read.notes, Color::Never), "");
    let tested = read.test.expect("a test").run(&Realm::compile(&read.state, NEWEST), &[]);
    assert_eq!(wrong(&tested), ["shared view Elsewhere: Unknown", "shared view Space: Unknown"]);
}

#[test]
fn a_resource_server_that_is_declared_elsewhere_is_left_to_plans_and_servers() {
    let read =
        read("kind: AccessTest\nresourceServer: theirs\notherwise: DENY\n", &[Pattern::new("client/theirs")]);
    assert!(read.test.is_none() && !read.notes.iter().any(crate::text::Note::is_error));
    assert_eq!(read.notes.len(), 1);
}

#[test]
fn permits_denials_and_the_rest() {
    let tested = run("personas: { alice: { user: alice }, dora: { user: dora } }\n\
         expect:\n- { resources: [Space], alice: { permit: [view], deny: [edit] }, dora: { permit: [view] } }\n\
         otherwise: DENY\n");
    // What hinges on the time is undecided without one; alice may view Open, which nobody expected.
    let expected = ["alice edit Space: Unknown", "dora view Space: Fail", "alice view Open: Fail"];
    assert_eq!(wrong(&tested), expected);
    // Two personas, four questions each: Space twice, Open, and Door without scope.
    assert_eq!(Count::of(&tested.cases), Count { passed: 5, failed: 2, unknown: 1, ..Count::default() });
    let timed = run(
        "personas: { alice: { user: alice, at: \"2026-01-05T09:00\" }, late: { user: alice, at: \"2026-01-05T12:00\" } }\n\
         expect:\n- { resources: [Space], alice: { permit: true }, late: { permit: [view], deny: [edit] } }\n",
    );
    assert_eq!(wrong(&timed), [""; 0]);
}

#[test]
fn a_way_is_held_against_every_way_there_is() {
    for (who, via, passes) in [
        // The first policy that holds is the user's; the chain shows that one alone.
        ("user: alice", "role/reader", true),
        ("user: alice", "policy/Only alice", true),
        ("user: alice", "client/demo/authz/permission/Space permission", true),
        ("user: alice", "group/eo/readers", false),
        ("user: ben", "group/eo/readers", true),
        ("user: ben", "policy/Only alice", false),
        ("user: carla", "role/boss", true),
        ("user: carla", "role/reader", true),
        ("user: carla", "policy/Members", false),
        ("groups: [/eo/readers]", "role/reader", true),
    ] {
        let tested = run(&format!(
            "personas: {{ who: {{ {who} }} }}\n\
             expect: [{{ resources: [Space], who: {{ permit: [view], via: [{via}] }} }}]\n"
        ));
        assert_eq!(tested.cases[0].offline(), Some(true), "{who}");
        assert_eq!(tested.cases[0].outcome() == TestOutcome::Pass, passes, "{who} via {via}");
    }
}

#[test]
fn never_is_about_everybody_but_those_whom_the_exceptions_mean() {
    let never = |personas: &str, rest: &str| {
        wrong(&run(&format!(
            "personas: {personas}\nnever: [{{ scopes: [view], resources: [Space]{rest} }}]\n"
        )))
    };
    let all = ["client/demo/role/reader", "group/eo/readers", "alice", "ben", "carla"];
    let failing =
        |names: &[&str]| -> Vec<String> { names.iter().map(|it| format!("{it} view Space: Fail")).collect() };
    assert_eq!(never("{}", ""), failing(&all));
    // A role means whoever has it, however.
    assert_eq!(never("{ reader: { roles: [demo/reader] } }", ", except: [reader]"), [""; 0]);
    assert_eq!(
        never("{ member: { groups: [/eo/readers] } }", ", except: [member]"),
        failing(&["client/demo/role/reader", "alice", "carla"])
    );
    // A user means that user, under whatever name.
    assert_eq!(
        never("{ her: { user: alice, at: \"2026-01-05T09:00\" } }", ", except: [her]"),
        failing(&["client/demo/role/reader", "group/eo/readers", "ben", "carla"])
    );
    assert_eq!(
        never("{ ben: { user: ben }, dora: { user: dora } }", ", personas: [ben, dora]"),
        failing(&["ben"])
    );
}

#[test]
fn only_what_is_expected_counts_as_tested() {
    let tested = run("personas: { dora: { user: dora } }\n\
         expect: [{ resources: [Space], dora: { deny: [view] } }]\notherwise: DENY\nnever: [{ scopes: [edit], personas: [dora] }]\n");
    let state = read("", &[]).state;
    let mut results = Results::default();
    let realm = Realm::compile(&state, NEWEST);
    results.count_in(&tested.realm, &realm, &tested.client);
    results.add(&realm, tested);
    let never: Vec<&str> = results.never_tested().map(|it| it.1.name()).collect();
    assert_eq!(never, ["Edit permission", "Open permission"]);
    assert_eq!(results.coverage(), 33);
}

#[test]
fn the_server_fills_in_what_is_undecided_and_must_not_disagree() {
    let tested = run("personas: { alice: { user: alice } }\n\
         expect: [{ resources: [Space], alice: { permit: [view, edit] } }]\n");
    let case = |scope: &str, server: Heard| {
        let case = tested.cases.iter().find(|it| it.scope.as_deref() == Some(scope)).expect("a case");
        Case { server, ..case.clone() }
    };
    let said = |permit| Heard::Said { permit, unknown: Vec::new() };
    for (scope, server, outcome) in [
        ("view", Heard::Nothing, TestOutcome::Pass),
        ("view", Heard::NotAsked("it is made up"), TestOutcome::Pass),
        ("view", said(true), TestOutcome::Pass),
        ("view", said(false), TestOutcome::Split),
        ("view", Heard::Failed("500".to_owned()), TestOutcome::Error),
        ("edit", Heard::Nothing, TestOutcome::Unknown),
        ("edit", said(true), TestOutcome::Pass),
        ("edit", said(false), TestOutcome::Fail),
    ] {
        assert_eq!(case(scope, server.clone()).outcome(), outcome, "{scope} {server:?}");
    }
    let count = Count::of(&[case("edit", said(true)), case("view", Heard::NotAsked("it is made up"))]);
    assert_eq!(count, Count { passed: 2, by_server_alone: 1, not_asked: 1, ..Count::default() });
}

#[test]
fn a_server_is_asked_only_about_those_it_can_know() {
    let tested = run(
        "personas:\n  alice: { user: alice }\n  made-up: { roles: [boss] }\n  more: { user: alice, roles: [boss] }\n  \
         nobody: { anonymous: true }\n  account: { serviceAccount: demo }\n  scoped: { user: alice, scopes: [email] }\n  \
         narrow: { user: alice, client: account-console }\n  early: { user: alice, at: \"2026-01-05T03:00\" }\notherwise: DENY\n",
    );
    let realm = Realm::compile(&read("", &[]).state, NEWEST);
    let why = |persona: &str, scope: &str, oracle| {
        let is = |it: &&Case| {
            tested.personas[it.persona].name == persona
                && it.scope.as_deref() == Some(scope)
                && it.resource == "Space"
        };
        let case = tested.cases.iter().find(is).expect("a case");
        not_asked(&realm, &tested, case, oracle).is_some()
    };
    for (persona, evaluate, token) in [
        ("alice", false, false),
        ("made-up", true, true),
        ("more", true, true),
        ("nobody", true, true),
        ("account", true, false),
        ("scoped", true, false),
        ("narrow", true, false),
        ("early", false, false),
    ] {
        assert_eq!(why(persona, "view", Oracle::Evaluate), evaluate, "{persona} by evaluate");
        assert_eq!(why(persona, "view", Oracle::Token), token, "{persona} by token");
    }
    // Only the time of evaluate can be set.
    assert!(why("early", "edit", Oracle::Token) && !why("early", "edit", Oracle::Evaluate));
}

#[test]
fn the_committed_schema_is_current_and_knows_what_reading_knows() {
    let text = format!("{:#}\n", schema());
    let path = std::path::Path::new("schemas/access-test.json");
    if std::env::var_os("REALMWRIGHT_UPDATE").is_some() {
        std::fs::write(path, &text).expect("the schema can be written");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == text, "{} is out of date: run the tests with REALMWRIGHT_UPDATE=1", path.display());
    let keys = |value: &serde_json::Value| -> Vec<String> {
        let mut keys: Vec<String> = value.as_object().into_iter().flatten().map(|it| it.0.clone()).collect();
        keys.sort();
        keys
    };
    let sorted = |known: &[&str]| {
        let mut known: Vec<String> = known.iter().map(|it| (*it).to_owned()).collect();
        known.sort();
        known
    };
    let schema = schema();
    assert_eq!(keys(&schema["properties"]), sorted(document::KEYS));
    assert_eq!(keys(&schema["$defs"]["persona"]["properties"]), sorted(crate::access::cast::KEYS));
    assert_eq!(keys(&schema["$defs"]["expected"]["properties"]), sorted(expect::KEYS));
    assert_eq!(keys(&schema["$defs"]["never"]["properties"]), sorted(never::KEYS));
}

#[test]
fn the_schema_accepts_the_example_and_flags_what_reading_would_refuse() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let is_fine = |text: &str| {
        let (documents, notes) = parse_yaml(0, text);
        notes.is_empty() && documents.iter().all(|it| validator.is_valid(&json_of_tree(it)))
    };
    let folder = std::path::Path::new("examples/realm-config/access");
    let path = folder.join("demo.yaml");
    let text = std::fs::read_to_string(&path).expect("the example can be read");
    assert!(is_fine(&text), "{}", path.display());
    let named = text.lines().next().and_then(|it| it.split_once("$schema=")).expect("it names its schema");
    assert!(folder.join(named.1).is_file(), "{} is not there", named.1);
    for (body, fine) in [
        ("otherwise: DENY", true),
        ("", false),
        ("otherwise: deny", false),
        ("expect: [{ resources: [a], eric: { permit: true } }]", true),
        ("expect: [{ resources: [a], eric: { permit: [] } }]", false),
        ("expect: [{ resources: [a], eric: { permits: [view] } }]", false),
        ("expect: [{ resources: [a] }]", false),
        ("expect: [{ eric: { permit: [view] } }]", false),
        ("never: [{ scopes: [view], except: [eric] }]", true),
        ("never: [{ except: [eric] }]", false),
        ("otherwise: DENY\npersonas: { eric: {} }", false),
        ("otherwise: DENY\npersona: { eric: { user: eric } }", false),
    ] {
        let text = format!("kind: AccessTest\nresourceServer: demo\n{body}\n");
        assert_eq!(is_fine(&text), fine, "{body}");
    }
    let of_administration =
        "kind: AccessTest\nadministration: true\nexpect: [{ eric: { deny: [realm-admin] } }]\n";
    assert!(is_fine(of_administration));
}
