//! What each type of policy says, on one permission over one resource.

use serde_json::{Value, json};

use super::{ask, chain, realm, role_policy, state, through, user, word};
use crate::access::persona::{Subject, Subjects};
use crate::access::policy::Holds;
use crate::access::table::{Resource, table};
use crate::access::{Persona, Realm, Verdict};
use crate::kind::{CLIENT, NEWEST, Version};
use crate::state::Address;

/// Decides with one policy, alone and in a table with others; `others` are policies it is made of.
fn with(policy: &Value, others: &[Value], persona: &Persona) -> String {
    on_version(NEWEST, policy, others, persona)
}

fn on_version(version: Version, policy: &Value, others: &[Value], persona: &Persona) -> String {
    let mut policy = policy.clone();
    policy["name"] = json!("p");
    let mut policies = others.to_vec();
    policies.push(policy.clone());
    policies.push(json!({ "name": "it", "type": "resource", "resources": ["R"], "policies": ["p"] }));
    let authorization = json!({ "resources": [{ "name": "R" }], "policies": policies });
    let realm = Realm::compile(&state(&authorization), version);
    let said = word(&ask(&realm, persona, "R", &[]));
    assert_eq!(in_table(&realm, persona), said, "{policy} {persona:?}");
    said
}

/// Returns what a table of many says of one of them.
fn in_table(realm: &Realm, persona: &Persona) -> &'static str {
    let server = realm.server(&Address::top(CLIENT, "rs")).expect("has authorization");
    let people = [user("u1"), persona.clone(), user("none"), through("boss", "narrow"), account("rs")];
    let mut tokens = Subjects::default();
    let subjects: Vec<Subject> = people.iter().map(|it| tokens.subject(realm, server, it)).collect();
    let table = table(realm, server, &subjects);
    let resource = Resource::of(&table, 0);
    match resource.rows[resource.row_of[table.class_of[1]]].answers[0] {
        Holds::Yes => "PERMIT",
        Holds::No => "DENY",
        Holds::Unknown | Holds::Fails => "UNKNOWN",
    }
}

fn account(client: &str) -> Persona {
    Persona { service_account: Some(Address::top(CLIENT, client)), ..Persona::default() }
}

fn scoped(name: &str, scope: &str) -> Persona {
    Persona { scopes: vec![scope.to_owned()], ..user(name) }
}

fn claiming(name: &str, value: Value) -> Persona {
    Persona { claims: [(name.to_owned(), value)].into(), ..user("none") }
}

#[test]
fn role_policies_hold_as_measured() {
    let any = json!({ "type": "role", "roles": [{ "id": "r1" }, { "id": "r2" }] });
    let all = json!({ "type": "role", "roles": [{ "id": "r1", "required": true }, { "id": "r2", "required": true }] });
    let mixed = json!({ "type": "role", "roles": [{ "id": "r1", "required": true }, { "id": "r2" }] });
    let gone = json!({ "type": "role", "roles": [{ "id": "deleted", "required": true }, { "id": "r1" }] });
    let deep = json!({ "type": "role", "roles": [{ "id": "r3" }] });
    let of_client = json!({ "type": "role", "roles": [{ "id": "rs/reader" }] });
    let fetched = json!({ "type": "role", "roles": [{ "id": "r1" }], "fetchRoles": true });
    let default = json!({ "type": "role", "roles": [{ "id": "base" }] });
    let none = json!({ "type": "role", "roles": [] });
    let all_but_none = json!({ "type": "role", "roles": [], "logic": "NEGATIVE" });
    let any_user = Persona { default_roles: true, ..Persona::default() };
    for (policy, persona, expected) in [
        (&any, user("u2"), "PERMIT"),
        (&any, user("none"), "DENY"),
        (&all, user("u1"), "DENY"),
        (&all, user("u12"), "PERMIT"),
        (&mixed, user("u1"), "PERMIT"),
        (&mixed, user("u2"), "DENY"),
        (&gone, user("u1"), "PERMIT"),
        (&deep, user("boss"), "PERMIT"),
        (&of_client, user("boss"), "PERMIT"),
        (&any, user("in-b"), "PERMIT"),
        (&any, through("u1", "narrow"), "DENY"),
        (&any, through("u1", "light"), "DENY"),
        (&any, through("u1", "bare"), "DENY"),
        (&fetched, through("u1", "light"), "PERMIT"),
        (&fetched, through("u1", "narrow"), "PERMIT"),
        (&default, any_user, "PERMIT"),
        (&any, account("rs"), "PERMIT"),
        (&none, user("u1"), "DENY"),
        (&all_but_none, user("none"), "PERMIT"),
    ] {
        assert_eq!(with(policy, &[], &persona), expected, "{policy} {persona:?}");
    }
}

#[test]
fn user_client_and_client_scope_policies_hold_as_measured() {
    let users = json!({ "type": "user", "users": ["u1", "service-account-rs"] });
    let clients = json!({ "type": "client", "clients": ["narrow"] });
    let extra = json!({ "type": "client-scope", "clientScopes": [{ "id": "extra" }] });
    let both = json!({ "type": "client-scope", "clientScopes": [
        { "id": "extra", "required": true }, { "id": "always", "required": true } ] });
    for (policy, persona, expected) in [
        (&users, user("u1"), "PERMIT"),
        (&users, user("u2"), "DENY"),
        // A client's own service account goes by the client's id.
        (&users, account("rs"), "DENY"),
        (&clients, through("none", "narrow"), "PERMIT"),
        (&clients, user("none"), "DENY"),
        (&extra, user("none"), "DENY"),
        (&extra, scoped("none", "extra"), "PERMIT"),
        (&both, scoped("none", "extra"), "PERMIT"),
        (&both, user("none"), "DENY"),
        // A token without scopes makes the server fail.
        (&extra, through("none", "narrow"), "UNKNOWN"),
        (&extra, Persona { scopes: vec!["openid".to_owned()], ..through("none", "narrow") }, "DENY"),
    ] {
        assert_eq!(with(policy, &[], &persona), expected, "{policy} {persona:?}");
    }
}

#[test]
fn group_policies_hold_as_measured() {
    let direct = json!({ "type": "group", "groups": [{ "path": "/A" }] });
    let below = json!({ "type": "group", "groups": [{ "path": "/A", "extendChildren": true }] });
    let claimed = json!({ "type": "group", "groupsClaim": "groups", "groups": [{ "path": "/A" }] });
    let missing = json!({ "type": "group", "groupsClaim": "nothing", "groups": [{ "path": "/A" }] });
    for (policy, persona, expected) in [
        (&direct, user("in-a"), "PERMIT"),
        (&direct, user("in-b"), "DENY"),
        (&below, user("in-b"), "PERMIT"),
        (&below, user("none"), "DENY"),
        (&claimed, user("in-a"), "PERMIT"),
        (&missing, user("in-a"), "PERMIT"),
        (&claimed, claiming("groups", json!(["A"])), "PERMIT"),
        (&claimed, claiming("groups", json!(["/A"])), "PERMIT"),
        (&claimed, claiming("groups", json!("AB")), "DENY"),
        (&claimed, claiming("groups", json!(["/A/B"])), "DENY"),
    ] {
        assert_eq!(with(policy, &[], &persona), expected, "{policy} {persona:?}");
    }
}

/// CVE-2026-18203, as measured on 26.0.8 and 26.7.5.
#[test]
fn a_group_with_those_below_was_every_path_that_begins_alike() {
    let children = |it: bool| json!({ "type": "group", "groupsClaim": "groups", "groups": [{ "path": "/A", "extendChildren": it }] });
    for (version, of_like_paths) in [
        (Version::of(26, 0), true),
        (Version::of(26, 5).with_patch(9), true),
        (Version::of(26, 6).with_patch(7), true),
        (Version::of(26, 6).with_patch(8), false),
        (Version::of(26, 7).with_patch(4), true),
        (Version::of(26, 7).with_patch(5), false),
        (NEWEST, false),
        (Version::of(26, 8).with_patch(0), false),
        (Version::of(27, 0), false),
    ] {
        let may = |it: &Value, group: &str| on_version(version, it, &[], &claiming("groups", json!([group])));
        let expected = if of_like_paths { "PERMIT" } else { "DENY" };
        assert_eq!(may(&children(true), "/AB"), expected, "{version} {:?}", version.patch);
        assert_eq!(may(&children(true), "/A/B"), "PERMIT");
        assert_eq!(may(&children(true), "AB"), "DENY");
        assert_eq!(may(&children(false), "/AB"), "DENY");
    }
}

#[test]
fn since_26_8_a_name_alone_means_a_group_at_the_top() {
    for (path, is_26_7, is_26_8) in [("/A", "PERMIT", "PERMIT"), ("/A/B", "PERMIT", "DENY")] {
        let name = path.rsplit('/').next().unwrap_or_default();
        let policy = json!({ "type": "group", "groupsClaim": "groups", "groups": [{ "path": path }] });
        let persona = claiming("groups", json!([name]));
        assert_eq!(on_version(NEWEST, &policy, &[], &persona), is_26_7, "{path}");
        assert_eq!(on_version(Version::of(26, 8), &policy, &[], &persona), is_26_8, "{path}");
    }
}

#[test]
fn regex_policies_hold_as_measured() {
    let regex =
        |target: &str, pattern: &str| json!({ "type": "regex", "targetClaim": target, "pattern": pattern });
    let context = |target: &str| json!({ "type": "regex", "targetClaim": target, "pattern": "rs", "targetContextAttributes": true });
    for (policy, persona, expected) in [
        (regex("org.dept", "sales"), user("u1"), "PERMIT"),
        (regex("org.dept", "sale"), user("u1"), "DENY"),
        (regex("org.dept", "Sales"), user("u1"), "DENY"),
        (regex("org.dept", "sales"), user("u2"), "DENY"),
        (regex("fixed", "on"), user("u2"), "PERMIT"),
        (regex("fixed", ""), user("u2"), "DENY"),
        (regex("sub", ".+"), user("u2"), "UNKNOWN"),
        (regex("realm_access.roles[0]", "r1"), user("u1"), "PERMIT"),
        (regex("realm_access.roles", ".*r1.*"), user("u12"), "PERMIT"),
        (regex("realm_access.roles", "r1"), user("u1"), "DENY"),
        (regex("realm_access.roles", r"\[r1\]"), user("u1"), "PERMIT"),
        (regex("tags", "[ab]"), user("u1"), "PERMIT"),
        (regex("tags", "a"), user("u1"), "UNKNOWN"),
        (regex("tags", "c"), user("u1"), "DENY"),
        // Which of several scopes comes first differs from realm to realm; without any there is no such claim.
        (regex("scope", "always"), user("u1"), "PERMIT"),
        (regex("scope", "always extra"), scoped("u1", "extra"), "UNKNOWN"),
        (regex("scope", "(always|extra| )+"), scoped("u1", "extra"), "PERMIT"),
        (regex("scope", "extra.*extra"), scoped("u1", "extra"), "DENY"),
        (regex("scope", "openid always"), scoped("u1", "openid"), "PERMIT"),
        (regex("scope", ".*"), through("u1", "narrow"), "DENY"),
        (
            regex("scope", "openid"),
            Persona { scopes: vec!["openid".to_owned()], ..through("u1", "narrow") },
            "PERMIT",
        ),
        (regex("flag", "true"), claiming("flag", json!(true)), "PERMIT"),
        (regex("fixed.deeper", ".*"), user("u1"), "UNKNOWN"),
        (regex("fixed", "("), user("u1"), "UNKNOWN"),
        (context(r"kc\.client\.id"), user("u1"), "DENY"),
        (context("kc.client.id"), user("u1"), "DENY"),
        (context("ip"), user("u1"), "UNKNOWN"),
    ] {
        assert_eq!(with(&policy, &[], &persona), expected, "{policy} {persona:?}");
    }
}

#[test]
fn aggregates_hold_as_measured() {
    let others =
        [role_policy("a", "r1"), role_policy("b", "r2"), json!({ "name": "js", "type": "js", "code": "1" })];
    let of = |strategy: &str, policies: &[&str], logic: &str| json!({ "type": "aggregate", "decisionStrategy": strategy, "logic": logic, "policies": policies });
    for (policy, name, expected) in [
        (of("UNANIMOUS", &["a", "b"], "POSITIVE"), "u12", "PERMIT"),
        (of("UNANIMOUS", &["a", "b"], "POSITIVE"), "u1", "DENY"),
        (of("AFFIRMATIVE", &["a", "b"], "POSITIVE"), "u1", "PERMIT"),
        (of("CONSENSUS", &["a", "b"], "POSITIVE"), "u1", "DENY"),
        (of("CONSENSUS", &["a", "b"], "POSITIVE"), "u12", "PERMIT"),
        (of("UNANIMOUS", &["a", "b"], "NEGATIVE"), "u1", "PERMIT"),
        (of("UNANIMOUS", &[], "POSITIVE"), "u1", "DENY"),
        (of("UNANIMOUS", &[], "NEGATIVE"), "u1", "PERMIT"),
        // What cannot change the answer stays silent.
        (of("UNANIMOUS", &["a", "js"], "POSITIVE"), "u2", "DENY"),
        (of("UNANIMOUS", &["a", "js"], "POSITIVE"), "u1", "UNKNOWN"),
        (of("AFFIRMATIVE", &["a", "js"], "POSITIVE"), "u1", "PERMIT"),
        (of("CONSENSUS", &["a", "b", "js"], "POSITIVE"), "u12", "PERMIT"),
        (of("CONSENSUS", &["a", "b", "js"], "POSITIVE"), "u1", "UNKNOWN"),
    ] {
        assert_eq!(with(&policy, &others, &user(name)), expected, "{policy} {name}");
    }
}

#[test]
fn an_aggregate_that_reaches_itself_makes_the_server_fail() {
    let policy = json!({ "type": "aggregate", "policies": ["q"] });
    let other = json!({ "name": "q", "type": "aggregate", "policies": ["p"] });
    assert_eq!(with(&policy, &[other], &user("u1")), "UNKNOWN");
}

#[test]
fn time_decides_only_when_it_is_known() {
    let policy = json!({ "type": "time", "hour": "9", "hourEnd": "17" });
    let at = |time: &str| Persona { at: time.parse().ok(), ..user("u1") };
    assert_eq!(with(&policy, &[], &at("2026-01-05T03:00:00")), "DENY");
    assert_eq!(with(&policy, &[], &at("2026-01-05T17:59:00")), "PERMIT");
    assert_eq!(with(&policy, &[], &user("u1")), "UNKNOWN");
}

#[test]
fn one_unknown_policy_is_the_same_unknown_everywhere() {
    let resource = json!({ "name": "R", "scopes": [{ "name": "view" }] });
    let authorization = json!({ "scopes": [{ "name": "view" }], "resources": [resource],
        "decisionStrategy": "AFFIRMATIVE", "policies": [
        { "name": "js", "type": "js", "code": "1" },
        { "name": "not js", "type": "aggregate", "logic": "NEGATIVE", "policies": ["js"] },
        { "name": "one", "type": "resource", "resources": ["R"], "policies": ["js"] },
        { "name": "other", "type": "resource", "resources": ["R"], "policies": ["not js"] },
    ] });
    assert_eq!(word(&ask(&realm(&authorization), &user("u1"), "R", &[])), "PERMIT view");
}

#[test]
fn chains_tell_how_a_subject_comes_to_its_access() {
    let authorization = json!({
        "scopes": [{ "name": "view" }],
        "resources": [{ "name": "R", "scopes": [{ "name": "view" }] }],
        "policies": [role_policy("readers", "rs/reader"), role_policy("ones", "r1"),
            { "name": "it", "type": "scope", "decisionStrategy": "AFFIRMATIVE", "scopes": ["view"],
              "resources": ["R"], "policies": ["readers", "ones"] }],
    });
    let realm = realm(&authorization);
    for (persona, expected) in [
        (
            user("boss"),
            "user/boss (boss) > role/parent (role parent) > client/rs/role/reader (role rs/reader) > \
            client/rs/authz/policy/readers (policy holds) > client/rs/authz/permission/it (permission grants) > \
            client/rs/authz/resource/R (view on R)",
        ),
        (
            user("in-b"),
            "user/in-b (in-b) > group/A/B (group /A/B) > group/A (group /A) > role/r1 (role r1) > \
            client/rs/authz/policy/ones (policy holds) > client/rs/authz/permission/it (permission grants) > \
            client/rs/authz/resource/R (view on R)",
        ),
        (
            through("boss", "light"),
            "user/boss (boss) > role/r1 (lacks role r1) > \
            client/rs/authz/policy/ones (policy does not hold) > role/parent (role parent) > \
            client/rs/role/reader (role rs/reader) > client/light (tokens of client light do not carry rs/reader) > \
            client/rs/authz/policy/readers (policy does not hold) > \
            client/rs/authz/permission/it (permission denies) > client/rs/authz/resource/R (view on R)",
        ),
        (
            Persona { name: "nobody".to_owned(), anonymous: true, ..Persona::default() },
            "nobody > has no token",
        ),
    ] {
        assert_eq!(chain(&ask(&realm, &persona, "R", &["view"])), expected);
    }
}

#[test]
fn somebody_who_is_not_there_is_unknown() {
    let authorization = json!({ "resources": [{ "name": "R" }], "policyEnforcementMode": "DISABLED" });
    let realm = realm(&authorization);
    let decision = ask(&realm, &user("nobody"), "R", &[]);
    assert!(matches!(decision.verdict, Verdict::Unknown { .. }), "{decision:?}");
    assert_eq!(chain(&decision), "user nobody is not known");
    assert_eq!(word(&ask(&realm, &user("u1"), "elsewhere", &[])), "UNKNOWN");
}
