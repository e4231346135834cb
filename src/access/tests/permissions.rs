//! How permissions add up: strategies, modes, types, owners.

use serde_json::{Value, json};

use super::{ask, realm, role_policy, user, word};

fn resource(name: &str) -> Value {
    json!({ "name": name, "scopes": [{ "name": "read" }, { "name": "write" }] })
}

fn server(mode: &str, strategy: &str, resources: &[Value], permissions: &[Value]) -> Value {
    let mut policies = vec![role_policy("p1", "r1"), role_policy("p2", "r2"), role_policy("p3", "r3")];
    policies.extend(permissions.iter().cloned());
    json!({
        "policyEnforcementMode": mode,
        "decisionStrategy": strategy,
        "scopes": [{ "name": "read" }, { "name": "write" }, { "name": "lone" }],
        "resources": resources,
        "policies": policies,
    })
}

fn on(name: &str, policies: &[&str]) -> Value {
    json!({ "name": name, "type": "resource", "resources": ["R"], "policies": policies })
}

fn scope(name: &str, scope: &str, policies: &[&str]) -> Value {
    json!({ "name": name, "type": "scope", "resources": ["R"], "scopes": [scope], "policies": policies })
}

struct Row {
    mode: &'static str,
    strategy: &'static str,
    permissions: Vec<Value>,
    /// Who, the scopes asked for, the answer.
    answers: &'static [(&'static str, &'static [&'static str], &'static str)],
}

#[test]
fn permissions_add_up_as_measured() {
    let rows = [
        Row {
            mode: "ENFORCING",
            strategy: "UNANIMOUS",
            permissions: vec![on("a", &["p1"]), on("b", &["p2"])],
            answers: &[("u1", &[], "DENY"), ("u12", &[], "PERMIT read write")],
        },
        Row {
            mode: "ENFORCING",
            strategy: "AFFIRMATIVE",
            permissions: vec![on("a", &["p1"]), on("b", &["p2"])],
            answers: &[("u1", &[], "PERMIT read write"), ("none", &[], "DENY")],
        },
        // The logic of a permission is stored and ignored.
        Row {
            mode: "ENFORCING",
            strategy: "UNANIMOUS",
            permissions: vec![
                json!({ "name": "a", "type": "resource", "resources": ["R"], "policies": ["p1"],
                "logic": "NEGATIVE" }),
            ],
            answers: &[("u1", &[], "PERMIT read write"), ("u2", &[], "DENY")],
        },
        Row {
            mode: "ENFORCING",
            strategy: "UNANIMOUS",
            permissions: vec![],
            answers: &[("u1", &[], "DENY")],
        },
        Row {
            mode: "PERMISSIVE",
            strategy: "UNANIMOUS",
            permissions: vec![],
            answers: &[("u1", &[], "PERMIT read write")],
        },
        Row {
            mode: "PERMISSIVE",
            strategy: "UNANIMOUS",
            permissions: vec![on("a", &["p1"])],
            answers: &[("u2", &[], "DENY")],
        },
        Row {
            mode: "DISABLED",
            strategy: "UNANIMOUS",
            permissions: vec![on("a", &["p1"])],
            answers: &[("u2", &[], "PERMIT read write"), ("u2", &["lone"], "DENY")],
        },
        // Without policies a permission is skipped, and yet applies.
        Row {
            mode: "PERMISSIVE",
            strategy: "UNANIMOUS",
            permissions: vec![on("a", &[])],
            answers: &[("u1", &[], "DENY")],
        },
        Row {
            mode: "ENFORCING",
            strategy: "UNANIMOUS",
            permissions: vec![on("a", &[]), on("b", &["p1"])],
            answers: &[("u1", &[], "PERMIT read write")],
        },
        Row {
            mode: "ENFORCING",
            strategy: "UNANIMOUS",
            permissions: vec![on("a", &["p1"]), scope("b", "write", &["p2"])],
            answers: &[
                ("u1", &[], "PERMIT read"),
                ("u2", &[], "DENY"),
                ("u12", &[], "PERMIT read write"),
                ("u1", &["write"], "DENY"),
                ("u1", &["read"], "PERMIT read"),
            ],
        },
        Row {
            mode: "ENFORCING",
            strategy: "AFFIRMATIVE",
            permissions: vec![on("a", &["p1"]), scope("b", "write", &["p2"])],
            answers: &[("u1", &[], "PERMIT read write"), ("u2", &[], "PERMIT write")],
        },
        // Permissive opens only what no permission touches at all.
        Row {
            mode: "PERMISSIVE",
            strategy: "UNANIMOUS",
            permissions: vec![scope("b", "write", &["p2"])],
            answers: &[("u2", &[], "PERMIT write"), ("u2", &["read"], "DENY"), ("u1", &["read"], "DENY")],
        },
        Row {
            mode: "PERMISSIVE",
            strategy: "UNANIMOUS",
            permissions: vec![
                json!({ "name": "b", "type": "scope", "scopes": ["write"], "policies": ["p2"] }),
            ],
            answers: &[
                ("u1", &["read"], "PERMIT read"),
                ("u1", &["write"], "DENY"),
                ("u2", &["write"], "PERMIT write"),
            ],
        },
        // A scope permission for all resources and one for this add up by the server's strategy.
        Row {
            mode: "ENFORCING",
            strategy: "UNANIMOUS",
            permissions: vec![
                json!({ "name": "all", "type": "scope", "scopes": ["read"], "policies": ["p1"] }),
                scope("one", "read", &["p2"]),
            ],
            answers: &[("u1", &["read"], "DENY"), ("u12", &["read"], "PERMIT read")],
        },
    ];
    for Row { mode, strategy, permissions, answers } in rows {
        let realm = realm(&server(mode, strategy, &[resource("R")], &permissions));
        for (name, scopes, expected) in answers {
            let decision = ask(&realm, &user(name), "R", scopes);
            assert_eq!(word(&decision), *expected, "{mode} {strategy} {permissions:?} {name} {scopes:?}");
        }
    }
}

#[test]
fn a_permission_for_a_resource_overrides_one_for_its_type() {
    let mut typed = resource("R");
    typed["type"] = json!("urn:t");
    let by_type = json!({ "name": "typed", "type": "resource", "resourceType": "urn:t", "policies": ["p1"] });
    for (strategy, name, expected) in [
        ("UNANIMOUS", "u2", "PERMIT read write"),
        ("UNANIMOUS", "u1", "DENY"),
        ("AFFIRMATIVE", "u1", "PERMIT read write"),
        ("AFFIRMATIVE", "none", "DENY"),
    ] {
        let permissions = [by_type.clone(), on("one", &["p2"])];
        let realm = realm(&server("ENFORCING", strategy, &[typed.clone()], &permissions));
        assert_eq!(word(&ask(&realm, &user(name), "R", &[])), expected, "{strategy} {name}");
    }
    // Without policies a permission for a type does not apply at all.
    let empty = json!({ "name": "typed", "type": "resource", "resourceType": "urn:t", "policies": [] });
    let realm = realm(&server("PERMISSIVE", "UNANIMOUS", &[typed], &[empty]));
    assert_eq!(word(&ask(&realm, &user("none"), "R", &[])), "PERMIT read write");
}

#[test]
fn users_resources_take_over_scopes_and_permissions_of_their_type() {
    let of = |name: &str, owner: Option<&str>, scopes: &[&str], managed: bool| {
        let scopes: Vec<Value> = scopes.iter().map(|it| json!({ "name": it })).collect();
        let mut resource =
            json!({ "name": name, "type": "urn:t", "scopes": scopes, "ownerManagedAccess": managed });
        if let Some(owner) = owner {
            resource["owner"] = json!({ "name": owner });
        }
        resource
    };
    let resources = [
        of("R", None, &["read"], false),
        of("S", None, &["write"], false),
        of("mine", Some("u1"), &["lone"], true),
    ];
    let permissions = [on("model", &["p2"])];
    let enforcing = realm(&server("ENFORCING", "UNANIMOUS", &resources, &permissions));
    for (name, asked, expected) in [
        ("u2", "mine@u1", "PERMIT lone read write"),
        // The owner has no access by being the owner.
        ("u1", "mine@u1", "DENY"),
        ("u2", "R", "PERMIT read"),
        ("u2", "S", "DENY"),
    ] {
        assert_eq!(word(&ask(&enforcing, &user(name), asked, &[])), expected, "{name} {asked}");
    }
    // Permissive does not open what its owner manages.
    let permissive = realm(&server("PERMISSIVE", "UNANIMOUS", &resources, &[]));
    assert_eq!(word(&ask(&permissive, &user("u2"), "mine@u1", &[])), "DENY");
    assert_eq!(word(&ask(&permissive, &user("u2"), "S", &[])), "PERMIT write");
    // 26.0 does.
    let state = super::state(&server("PERMISSIVE", "UNANIMOUS", &resources, &[]));
    let old = crate::access::Realm::compile(&state, crate::kind::OLDEST);
    assert_eq!(word(&ask(&old, &user("u2"), "mine@u1", &[])), "PERMIT lone read write");
}

#[test]
fn where_the_servers_own_order_is_not_fixed_the_answer_is_unknown() {
    let model = json!({ "name": "R", "type": "urn:t", "scopes": [{ "name": "read" }] });
    let mine = json!({ "name": "mine", "type": "urn:t", "owner": { "name": "u1" }, "scopes": [{ "name": "write" }] });
    let named = |name: &str, policy: &str| json!({ "name": name, "type": "scope", "resources": ["mine"], "scopes": ["read"], "policies": [policy] });
    let permissions = [named("a", "p1"), named("b", "p2")];
    let decided = |strategy: &str, name: &str| {
        let realm = realm(&server("ENFORCING", strategy, &[model.clone(), mine.clone()], &permissions));
        word(&ask(&realm, &user(name), "mine@u1", &["read"]))
    };
    assert_eq!(decided("UNANIMOUS", "u1"), "UNKNOWN");
    assert_eq!(decided("UNANIMOUS", "u12"), "PERMIT read");
    assert_eq!(decided("AFFIRMATIVE", "u1"), "PERMIT read");
}

#[test]
fn a_resource_without_scopes_is_denied_when_anything_denies() {
    let bare = json!({ "name": "R" });
    let permissions = [on("a", &["p1"]), scope("b", "read", &["p2"])];
    let realm = realm(&server("ENFORCING", "UNANIMOUS", &[bare], &permissions));
    assert_eq!(word(&ask(&realm, &user("u1"), "R", &[])), "DENY");
    assert_eq!(word(&ask(&realm, &user("u12"), "R", &[])), "PERMIT");
}

#[test]
fn a_scope_without_resources_is_decided_by_what_names_only_scopes() {
    let wide = json!({ "name": "lone", "type": "scope", "scopes": ["lone"], "policies": ["p1"] });
    let realm = realm(&server("ENFORCING", "UNANIMOUS", &[resource("R")], &[wide]));
    let client = crate::state::Address::top(crate::kind::CLIENT, "rs");
    let scopes = ["lone".to_owned()];
    for (name, expected) in [("u1", "PERMIT lone"), ("u2", "DENY")] {
        let persona = user(name);
        let question = crate::access::AccessQuestion {
            client: &client,
            resource: None,
            scopes: &scopes,
            persona: &persona,
        };
        assert_eq!(word(&crate::access::decide(&realm, &question)), expected, "{name}");
    }
}

#[test]
fn what_an_owner_shares_adds_to_what_permissions_say() {
    let owned = |managed: bool| {
        json!({ "name": "R", "owner": { "name": "u1" }, "ownerManagedAccess": managed,
            "scopes": [{ "name": "read" }, { "name": "write" }] })
    };
    let policy =
        |name: &str, of: &str, field: &str, names: &[&str]| json!({ "name": name, "type": of, field: names });
    let of_policies = [
        policy("bob", "user", "users", &["u2"]),
        policy("eve", "user", "users", &["in-a"]),
        policy("narrow", "client", "clients", &["narrow"]),
        policy("in a", "group", "groups", &["/A"]),
    ];
    let share = |policies: &[&str], strategy: &str, condition: &str| {
        json!({ "name": "s", "type": "uma", "resources": ["R"], "scopes": ["read"], "policies": policies,
            "decisionStrategy": strategy, "condition": condition })
    };
    let with = |policies: &[&str]| share(policies, "UNANIMOUS", "");
    for (managed, permissions, answers) in [
        (true, vec![with(&["bob"])], &[("u2", "PERMIT read"), ("u1", "PERMIT read"), ("none", "DENY")][..]),
        // What is shared no more grants nothing, and is still there.
        (false, vec![with(&["bob"])], &[("u2", "PERMIT"), ("none", "DENY")]),
        // Whom a share does not name it denies.
        (true, vec![with(&["bob"]), on("a", &["p1"])], &[("u2", "PERMIT read"), ("u12", "PERMIT write")]),
        (true, vec![with(&["p1", "narrow"])], &[("u12", "DENY")]),
        (true, vec![with(&["in a"])], &[("in-a", "PERMIT read"), ("in-b", "DENY")]),
        // 26.0 makes a policy for each user, and asks for all of them.
        (true, vec![with(&["bob", "eve"])], &[("u2", "DENY"), ("in-a", "DENY"), ("u1", "PERMIT read")]),
        // With nobody, it is there for its owner alone.
        (true, vec![with(&[])], &[("u1", "PERMIT read"), ("u2", "DENY")]),
        // One that is not UNANIMOUS keeps its owner out, and with nobody nobody else.
        (true, vec![share(&[], "AFFIRMATIVE", "")], &[("u1", "DENY"), ("u2", "DENY")]),
        (
            true,
            vec![share(&[], "AFFIRMATIVE", ""), on("a", &["p1"])],
            &[("u1", "PERMIT write"), ("u12", "PERMIT read write"), ("none", "DENY")],
        ),
        (true, vec![share(&["bob", "eve"], "AFFIRMATIVE", "")], &[("u2", "PERMIT read"), ("u1", "DENY")]),
        (true, vec![share(&["bob"], "UNANIMOUS", "js")], &[("u2", "UNKNOWN")]),
    ] {
        let permissions: Vec<Value> = of_policies.iter().cloned().chain(permissions).collect();
        let realm = realm(&server("ENFORCING", "UNANIMOUS", &[owned(managed)], &permissions));
        for (name, expected) in answers {
            let decision = ask(&realm, &user(name), "R@u1", &[]);
            assert_eq!(word(&decision), *expected, "{managed} {permissions:?} {name}");
        }
    }
}
