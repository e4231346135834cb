//! Access tests on manifests, on plans and on real servers.

use quick_xml::events::Event;
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::server::Server;
use crate::tree::{Tree, check, list, same, sorted, word};
use crate::unruly::{Asked, Do, Unruly};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("access_tests::manifests_are_tested_without_a_server", without_a_server),
        newest("access_tests::the_server_agrees_by_evaluate_and_by_token", the_server_agrees),
        Trial {
            name: "access_tests::the_oldest_version_agrees_too",
            needs: Needs::Oldest,
            run: |server| agrees(server, "live-access-tests-old", 3),
        },
        newest("access_tests::what_an_owner_shares_is_decided_as_the_server_does", shares_are_decided),
        newest("access_tests::resources_of_one_name_are_as_many_as_they_have_owners", owners_are_told_apart),
        Trial {
            name: "access_tests::resources_of_one_name_have_owners_on_the_oldest_version_too",
            needs: Needs::Oldest,
            run: owners_are_told_apart,
        },
        newest("access_tests::a_server_that_changes_its_mind_is_told_of", a_change_of_mind),
        newest("access_tests::a_plan_that_breaks_a_test_is_refused", a_broken_test_refuses),
    ]
}

/// The name of the only document of the example.
const DOCUMENT: &str = "access/demo.yaml";

fn without_a_server(server: &Server) -> Result<(), String> {
    let tree = Tree::example("live-access-tests-offline")?;
    let ran = tree.run(server, &["test"])?.expect(0)?;
    ran.says("97 cases: 97 pass   coverage 8 of 12 permissions")?;
    tree.run(server, &["test", "--min-coverage", "100"])?.expect(2)?;
    let of_demo = ["test", "--resource-server", "demo", "--min-coverage", "100", "--strict"];
    tree.run(server, &of_demo)?.expect(0)?.says("coverage 8 of 8 permissions")?;
    let ran = tree.run(server, &["test", "--resource-server", "dmo"])?.expect(1)?;
    ran.says("no client `dmo` of live-access-tests-offline has authorization")?;

    let one = ["test", "--format", "json", "--filter", "persona=alice;scope=view;resource=Premium*"];
    let json = tree.run(server, &one)?.expect(0)?.json()?;
    check(json["summary"]["cases"] == 2, "one expected, one forbidden to everybody", &json)?;
    check(json["server"] == Value::Null && json["oracle"] == Value::Null, "no server took part", &json)?;

    // No case at all is most likely a slip.
    tree.run(server, &["test", "--filter", "persona=alcie"])?.expect(1)?.says("no case")?;
    tree.run(server, &["test", "--filter", "persona=alcie", "--allow-empty"])?.expect(0)?;
    for wrong in [["--filter", "user=alice"], ["--report", "html=x"], ["--oracle", "token"]] {
        tree.run(server, &[&["test"], &wrong[..]].concat())?.expect(64)?;
    }

    let lost = ["test", "--report", "junit=nowhere/tests.xml"];
    tree.run(server, &lost)?.expect(1)?.says("cannot write nowhere/tests.xml: there is no folder nowhere")?;

    // Manifests that cannot be read are told in JSON, too.
    tree.edit("users.yaml", "username: alice", "usernam: alice")?;
    let json = tree.run(server, &["test", "--format", "json"])?.expect(1)?.json()?;
    check(list(&json["errors"]).iter().any(|it| it["code"] == "RW0103"), "the error is there", &json)?;
    tree.edit("users.yaml", "usernam: alice", "username: alice")?;

    tree.edit(DOCUMENT, "alice: { deny: [view], why: Alice", "alice: { permit: [view], why: Alice")?;
    let ran =
        tree.run(server, &["test", "--report", "junit=a.xml", "--report", "json=a.report"])?.expect(2)?;
    ran.says("FAIL  alice  view  Premium resource   PERMIT   DENY")?;
    ran.says("lacks role user-premium > policy `Only Premium User Policy` does not hold")?;
    ran.says("\"Alice has not paid for the premium services\"")?;
    let suite = junit(&tree.read("a.xml")?)?;
    same("JUnit", &suite, &["97 tests, 1 failures, 0 errors, 0 skipped", "97 testcase, 1 failure"])?;
    let written: Value = serde_json::from_str(&tree.read("a.report")?).map_err(|it| it.to_string())?;
    check(written["summary"]["failed"] == 1, "the JSON file says the same", &written["summary"])?;

    // What is undecided fails only where that is asked for.
    tree.edit(DOCUMENT, "alice: { permit: [view], why: Alice", "alice: { deny: [view], why: Alice")?;
    tree.edit(DOCUMENT, "historian: { user: eric, at: \"2024-06-03T09:00\" }", "historian: { user: eric }")?;
    tree.run(server, &["test"])?.expect(0)?.says("1 undecided")?;
    tree.run(server, &["test", "--strict", "--report", "junit=b.xml"])?.expect(2)?;
    let suite = junit(&tree.read("b.xml")?)?;
    same("JUnit", &suite, &["97 tests, 1 failures, 0 errors, 0 skipped", "97 testcase, 1 failure"])?;

    // A document with an error is said by every command, and no file is written.
    tree.edit(DOCUMENT, "resources: [Premium resource]\n    eric", "resources: [Premum resource]\n    eric")?;
    tree.run(server, &["validate"])?.expect(1)?.says("RW0604")?;
    tree.run(server, &["test", "--report", "junit=c.xml"])?.expect(1)?;
    check(tree.read("c.xml").is_err(), "no file of a run that did not take place", &Value::Null)
}

fn the_server_agrees(server: &Server) -> Result<(), String> {
    agrees(server, "live-access-tests", 0)
}

fn agrees(server: &Server, name: &str, default_opens: usize) -> Result<(), String> {
    server.no_realm(name)?;
    let tree = Tree::example(name)?;
    server.one_at_a_time(|| tree.apply(server, &[]))?;
    let proxy = Proxy::before(server)?;
    for (oracle, reasons) in [
        (
            "evaluate",
            [
                "evaluate takes a service account for a user: use --oracle token",
                "it has no token",
                "it is made up",
            ],
        ),
        ("token", ["it has no token", "it hinges on the time, and a token is judged now", "it is made up"]),
    ] {
        let args = ["test", "--server", "--oracle", oracle, "--format", "json"];
        let json = tree.run_at(&proxy.url, server, &args)?.json()?;
        let is_ours = |it: &&Value| it["resource"] != "Default Resource";
        let cases: Vec<&Value> = list(&json["cases"]).iter().filter(is_ours).collect();
        let passed = cases.iter().filter(|it| it["result"] == "pass").count();
        check(passed == 97 && cases.len() == 97, "everything passes", &json["summary"])?;
        let asked = cases.iter().filter(|it| it["server"].is_string()).count();
        check(asked > 20, "much was asked of the server", &json["summary"])?;
        // 26.0 gives every new resource server a resource of its own, which JavaScript opens to everybody.
        let theirs = list(&json["cases"]).iter().filter(|it| it["resource"] == "Default Resource");
        let opened = theirs.filter(|it| it["result"] == "fail").count();
        check(opened == default_opens, "only the server can tell that, and it does", &json["summary"])?;
        let whys = list(&json["cases"]).iter().map(|it| word(&it["not_asked"])).filter(|it| !it.is_empty());
        let mut whys = sorted(whys);
        whys.dedup();
        same("why not", &whys, &reasons)?;
    }
    // Questions are POSTs too, and so are logins and logouts of personas.
    let is_write = |it: &String| !it.contains("/policy/evaluate") && !it.contains("/openid-connect/");
    let writes: Vec<String> = proxy.writes().into_iter().filter(is_write).collect();
    same("nothing was written", &writes, &[])?;
    server.no_realm(name)
}

fn shares_are_decided(server: &Server) -> Result<(), String> {
    let name = "live-access-tests-share";
    server.no_realm(name)?;
    let tree = Tree::example(name)?;
    server.one_at_a_time(|| tree.apply(server, &[]))?;
    let realm = server.realm(name);
    let eric = realm.get(&realm.user("eric")?)?["id"].clone();
    let own = json!({
        "name": "Notes", "uris": ["/notes/*"], "scopes": ["view"], "owner": { "id": eric }, "ownerManagedAccess": true
    });
    let made = server.post(&format!("/{name}{}/resource", realm.authz("demo")?), &own)?;
    let owner = realm.login("demo", "demo-secret", "eric", "eric-password")?;
    tree.write(
        "access/rest.yaml",
        "kind: AccessTest\nresourceServer: demo\npersonas: { alice: { user: alice } }\notherwise: DENY\n",
    )?;
    let asked = || -> Result<Value, String> {
        let args = ["test", "--server", "--filter", "resource=Notes@eric;persona=alice", "--format", "json"];
        tree.run(server, &args)?.json()
    };
    check(asked()?["summary"]["passed"] == 2, "nobody shared anything yet", &Value::Null)?;
    server.share(
        name,
        &owner,
        &word(&made["_id"]),
        &json!({ "name": "for alice", "scopes": ["view"], "users": ["alice"] }),
    )?;
    let json = asked()?;
    check(json["summary"]["failed"] == 2 && json["summary"]["split"] == 0, "both see what is shared", &json)?;
    check(json["cases"][0]["offline"] == "PERMIT" && json["cases"][0]["server"] == "PERMIT", "alice", &json)?;
    let ran = tree.run(server, &["access", "why", "alice", "view", "Notes", "--server"])?.expect(0)?;
    ran.says("PERMIT: alice may do `view` on `Notes@eric`")?;
    ran.says("for alice")?;
    server.no_realm(name)
}

fn owners_are_told_apart(server: &Server) -> Result<(), String> {
    let name = "live-access-tests-owners";
    server.no_realm(name)?;
    let manifest = |permissions: &str, bobs: &str| {
        format!(
            "users:
  - {{ username: alice, enabled: true, email: a@e.org, firstName: A, lastName: A }}
  - {{ username: bob@e.org, enabled: true, email: bob@e.org, firstName: B, lastName: B }}
clients:
  - clientId: rs
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      scopes: [{{ name: read }}]
      resources: [{{ name: photo, scopes: [read] }}, {{ name: photo, owner: alice, scopes: [read] }}{bobs}]
      policies: [{{ name: A, type: user, users: [alice] }}, {{ name: B, type: user, users: [bob@e.org] }}]
      permissions: [{permissions}]
"
        )
    };
    let on = |resource: &str, policy: &str| {
        format!(
            "{{ name: {resource}, type: scope, resources: [{resource}], scopes: [read], policies: [{policy}] }}"
        )
    };
    let bobs = ", { name: photo, owner: bob@e.org, scopes: [read] }";
    let all = [on("photo", "A"), on("photo@alice", "B"), on("photo@bob@e.org", "A")].join(", ");
    let tree = Tree::of(name, &manifest(&all, bobs))?;
    tree.write(
        "realmwright.yaml",
        &format!("owner: team\nrealms: {{ {name}: {{ path: ., create: true }} }}\n"),
    )?;
    let expects = |permits: &[(&str, &str)]| {
        let permits = permits.iter().map(|(resource, who)| {
            format!("  - {{ resources: [{resource}], {who}: {{ permit: [read] }} }}\n")
        });
        let personas = "personas: { alice: { user: alice }, bob: { user: bob@e.org } }";
        let permits: String = permits.collect();
        let test =
            format!("kind: AccessTest\nresourceServer: rs\n{personas}\nexpect:\n{permits}otherwise: DENY\n");
        tree.write("access/rs.yaml", &test)
    };
    expects(&[("photo", "alice"), ("photo@alice", "bob"), ("photo@bob@e.org", "alice")])?;
    server.one_at_a_time(|| tree.apply(server, &[]))?;
    tree.is_clean(server)?;
    // 26.0 gives the client a resource of its own, decided by a script.
    let asked = ["test", "--server", "--filter", "resource=photo*", "--format", "json"];
    let json = tree.run(server, &asked)?.expect(0)?.json()?;
    let summary = &json["summary"];
    check(summary["cases"].as_u64() >= Some(6) && summary["split"] == 0, "both say the same", &json)?;

    // What is meant by the name of one alone stays that one while others go.
    let fewer = manifest(&[on("photo", "A"), on("photo@alice", "A")].join(", "), "");
    tree.manifest(&fewer)?;
    expects(&[("photo", "alice"), ("photo@alice", "alice")])?;
    let plan = tree.plan(server, &["--prune"])?;
    let expected = [
        "delete client/rs/authz/permission/photo@bob@e.org",
        "delete client/rs/authz/resource/photo@bob@e.org",
        "update client/rs/authz/permission/photo@alice",
    ];
    same("the plan", &sorted(plan.changes().into_iter()), &expected)?;
    tree.apply(server, &["--prune"])?;
    tree.is_clean(server)?;
    let rows =
        server.get(&format!("/{name}{}/resource?max=-1&deep=false", server.realm(name).authz("rs")?))?;
    let owners = sorted(list(&rows).iter().map(|it| word(&it["owner"]["name"])));
    check(owners.iter().filter(|it| *it != "bob@e.org").count() >= 2, "two are left", &rows)?;
    check(!owners.contains(&"bob@e.org".to_owned()), "his is gone", &rows)?;
    server.no_realm(name)
}

/// Right after writes a busy server may miss a permission, and not when it is asked again.
fn a_change_of_mind(server: &Server) -> Result<(), String> {
    let name = "live-access-tests-mind";
    server.no_realm(name)?;
    let tree = Tree::example(name)?;
    server.one_at_a_time(|| tree.apply(server, &[]))?;
    let nothing = Do::Answer(200, "Content-Type: application/json", "{\"results\":[]}");
    let denied = Do::Answer(403, "Content-Type: application/json", "{\"error\":\"access_denied\"}");
    let of = |filter: &'static str| ["test", "--server", "--filter", filter, "--format", "json"];
    for (oracle, answer) in [("evaluate", nothing), ("token", denied)] {
        let is_question = |it: &Asked| {
            it.path.ends_with("/policy/evaluate") || (it.is_login() && it.body.contains("uma-ticket"))
        };
        let proxy =
            Unruly::before(
                server,
                move |it| if is_question(it) && it.before == 0 { answer } else { Do::Pass },
            )?;
        let args = [&of("persona=eric;resource=Premium*;scope=view")[..], &["--oracle", oracle]].concat();
        let json = tree.run_at(&proxy.url, server, &args)?.expect(0)?.json()?;
        check(json["summary"]["split"] == 0, "its second answer counts", &json)?;
        let changed = json["summary"]["changed_mind"].as_u64();
        check(changed.is_some_and(|it| it > 0), "its first one is told", &json)?;
        check(json["cases"][0]["server"] == "PERMIT", "the one that counts", &json)?;
    }
    server.no_realm(name)
}

fn a_broken_test_refuses(server: &Server) -> Result<(), String> {
    let name = "live-access-tests-plan";
    server.no_realm(name)?;
    let tree = Tree::example(name)?;
    server.one_at_a_time(|| tree.apply(server, &[]))?;
    tree.edit(
        "users.yaml",
        "- { type: password, value: { fromEnv: ALICE_PASSWORD } }\n    realmRoles: [user]",
        "- { type: password, value: { fromEnv: ALICE_PASSWORD } }\n    realmRoles: [user, user-premium]",
    )?;
    let plan = tree.plan(server, &[])?;
    same("the change", &plan.changes(), &["update user/alice"])?;
    same("the refusal", &plan.refusals(), &["access-test client/demo"])?;
    check(plan.0["applyable"] == false, "it is not to be applied", &plan.0["applyable"])?;
    let tests = &plan.0["tests"];
    // `never` excepts whoever has the role, which she then would.
    check(tests["failed"] == 1 && tests["passed"] == 95, "one test fails", tests)?;
    let failure = &tests["failures"][0];
    check(failure["persona"] == "alice" && failure["already"] == false, "hers", failure)?;
    check(failure["want"] == "DENY" && failure["got"] == "PERMIT", "she would be let in", failure)?;
    tree.run(server, &["plan"])?.expect(0)?.says("Access tests   95 pass, 1 fail")?;
    tree.run(server, &["plan", "--detailed-exitcode"])?.expect(3)?;

    let proxy = Proxy::before(server)?;
    // Neither a yes nor a part of the manifests leads around it.
    for more in [&[][..], &["--only", "user/**"][..]] {
        let args = [&["apply", "--auto-approve"], more].concat();
        tree.run_at(&proxy.url, server, &args)?.expect(3)?.says("1 access test would fail")?;
    }
    same("nothing was written", &proxy.writes(), &[])?;

    // One that fails already today refuses what it has nothing to do with, too.
    server.realm(name).grant("alice", "user-premium")?;
    tree.edit("roles.yaml", "Users of the premium services", "Who uses the premium services")?;
    let failure = &tree.plan(server, &[])?.0["tests"]["failures"][0];
    check(failure["already"] == true, "it fails whatever this plan does", failure)?;
    tree.refused(server, &[])?.says("fails already today")?;

    // Who agrees says so in the test.
    tree.edit(
        DOCUMENT,
        "alice: { deny: [view], why: Alice has not paid for the premium services }",
        "alice: { permit: [view] }",
    )?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

/// Returns what a `JUnit` file says of itself, and what is in it. It must be well-formed.
fn junit(text: &str) -> Result<Vec<String>, String> {
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut head, mut cases, mut failures) = (None, 0, 0);
    loop {
        match reader.read_event().map_err(|it| it.to_string())? {
            Event::Start(it) | Event::Empty(it) => match it.name().as_ref() {
                "testsuites" => {
                    let value = |name: &str| -> Result<String, String> {
                        let found = it.try_get_attribute(name).map_err(|it| it.to_string())?;
                        Ok(found.map(|it| it.value.into_owned()).unwrap_or_default())
                    };
                    head = Some(format!(
                        "{} tests, {} failures, {} errors, {} skipped",
                        value("tests")?,
                        value("failures")?,
                        value("errors")?,
                        value("skipped")?
                    ));
                }
                "testcase" => cases += 1,
                "failure" => failures += 1,
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(vec![head.ok_or("no suites")?, format!("{cases} testcase, {failures} failure")])
}
