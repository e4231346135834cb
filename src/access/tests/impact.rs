//! What edits that look harmless do to access.

use serde_json::{Value, json};

use super::{chain, role_policy, state};
use crate::access::{ChangeOfAccess, Decision, Impact, ImpactQuestion, Realm, Verdict, classes, impact};
use crate::kind::{CLIENT, GROUP, NEWEST, PERMISSION, POLICY, ROLE, SETTINGS, USER, kind, lift_object};
use crate::state::{Address, Is, Node, State};
use crate::text::{At, tree_of_json};

fn authorization() -> Value {
    json!({
        "policyEnforcementMode": "ENFORCING",
        "scopes": [{ "name": "view" }],
        "resources": [
            { "name": "/eric/1", "scopes": [{ "name": "view" }] },
            { "name": "/eric/2", "scopes": [{ "name": "view" }] },
            { "name": "open", "scopes": [{ "name": "view" }] },
        ],
        "policies": [
            role_policy("readers", "r3"), role_policy("others", "r2"), role_policy("base", "base"),
            { "name": "eric", "type": "resource", "resources": ["/eric/1", "/eric/2"], "policies": ["readers", "others"] },
            { "name": "open", "type": "resource", "resources": ["open"], "policies": ["base"] },
        ],
    })
}

/// Replaces one object by what this JSON says.
fn edited(of: &State, address: &Address, json: &Value) -> State {
    let mut state = of.clone();
    let mut lifted =
        lift_object(kind(address.kind()), &tree_of_json(json), address.parent().as_ref()).into_live();
    let object = lifted.objects.remove(address).expect("the edit is of this object");
    let fields = &mut state.objects.get_mut(address).expect("it was there").fields;
    fields.extend(object.fields);
    state
}

fn compared(before: &State, after: &State, changes: &[Address]) -> Impact {
    let declared = |it: &Address| it.name() != "u2";
    let terms = ImpactQuestion { realm: "demo", changes, declared: &declared, at: None };
    impact(&Realm::compile(before, NEWEST), &Realm::compile(after, NEWEST), &terms)
}

fn lines(impact: &Impact) -> Vec<String> {
    let line = |it: &crate::access::AccessChange| {
        format!(
            "{:?} {} [{}] +{} on [{}]{} because of {}",
            it.change,
            it.scope.as_deref().unwrap_or("-"),
            it.personas.join(" "),
            it.undeclared,
            it.resources.join(" "),
            it.through,
            it.cause.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
        )
    };
    impact.changes.iter().map(line).collect()
}

#[test]
fn nothing_changes_where_nothing_is_changed() {
    let state = state(&authorization());
    let impact = compared(&state, &state, &[]);
    assert_eq!(lines(&impact), Vec::<String>::new());
    // Seven users and a service account, anonymous, any-user, and three roles.
    assert_eq!((impact.personas, impact.undeclared), (13, 1), "{impact:?}");
    // Eleven of them through one of four clients, of which two make the same tokens here.
    assert_eq!(impact.decisions, (11 * 3 + 2) * 3);
}

#[test]
fn edits_that_look_harmless_show_who_gains_and_why() {
    let before = state(&authorization());
    let rs = Address::top(CLIENT, "rs");
    let default = Address::top(ROLE, "default-roles-demo");
    let r1 = Address::top(ROLE, "r1");
    let group = Address::top(GROUP, "A");
    let permission = rs.child(PERMISSION, "eric");
    let settings = rs.child(SETTINGS, "");
    let user = Address::top(USER, "none");
    for (address, json, expected) in [
        (
            &permission,
            json!({ "name": "eric", "type": "resource", "decisionStrategy": "AFFIRMATIVE" }),
            vec![
                "Gained view [boss role/r2 role/r3 u12] +1 on [/eric/1 /eric/2] through rs because of client/rs/authz/permission/eric",
            ],
        ),
        (
            &r1,
            json!({ "name": "r1", "composites": { "realm": ["base"] } }),
            vec![
                "Gained view [in-a in-b u1 u12] +0 on [open] through rs because of role/r1",
                "Gained view [service-account-rs] +0 on [open] because of role/r1",
            ],
        ),
        (
            &group,
            json!({ "name": "A", "realmRoles": ["r2", "r3"] }),
            vec!["Gained view [group/A in-a in-b] +0 on [/eric/1 /eric/2] through rs because of group/A"],
        ),
        (
            &default,
            json!({ "name": "default-roles-demo", "composites": { "realm": [] } }),
            vec![
                "Lost view [any-user role/r2 role/r3] +0 on [open] through rs because of role/default-roles-demo",
            ],
        ),
        (
            &settings,
            json!({ "policyEnforcementMode": "DISABLED" }),
            vec![
                "Gained view [any-user role/base role/r2 role/r3] +0 on [/eric/1 /eric/2] \
                 through rs because of client/rs/authz/settings",
                "Gained view [any-user role/base role/r2 role/r3] +0 on [/eric/1 /eric/2 open] \
                 through bare, light, narrow because of client/rs/authz/settings",
                "Gained view [boss in-a in-b none service-account-rs u1 u12] +1 on [/eric/1 /eric/2 open] \
                 because of client/rs/authz/settings",
            ],
        ),
        (
            &user,
            json!({ "username": "none", "realmRoles": ["r2", "r3", "base"] }),
            vec!["Gained view [none] +0 on [/eric/1 /eric/2 open] through rs because of user/none"],
        ),
    ] {
        let after = edited(&before, address, &json);
        let impact = compared(&before, &after, std::slice::from_ref(address));
        assert_eq!(lines(&impact), expected, "{address}");
    }
}

#[test]
fn a_client_that_no_longer_passes_on_all_roles_takes_access_away() {
    let before = state(&authorization());
    let rs = Address::top(CLIENT, "rs");
    let base =
        edited(&before, &Address::top(USER, "u1"), &json!({ "username": "u1", "realmRoles": ["base"] }));
    let after = edited(&base, &rs, &json!({ "clientId": "rs", "fullScopeAllowed": false }));
    let impact = compared(&base, &after, std::slice::from_ref(&rs));
    assert_eq!(
        lines(&impact),
        ["Lost view [any-user role/base role/r2 role/r3 u1] +0 on [open] through rs because of client/rs"]
    );
    let mut mapped = after.clone();
    let base = Node::new(At::SERVER, Is::Ref(Address::top(ROLE, "base")));
    let client = mapped.objects.get_mut(&rs).expect("it is there");
    client.fields.insert("scopeMappings".into(), Node::new(At::SERVER, Is::List(vec![base])));
    let impact = compared(&after, &mapped, std::slice::from_ref(&rs));
    assert_eq!(
        lines(&impact),
        ["Gained view [any-user role/base role/r2 role/r3 u1] +0 on [open] through rs because of client/rs"],
        "what is mapped is passed on, with all that it is composed of"
    );
}

/// What an open permission gives to everybody is no gain of a role that is new, either.
#[test]
fn who_comes_with_a_plan_had_nothing_before_and_loses_nothing() {
    let mut authz = authorization();
    let policies = authz["policies"].as_array_mut().expect("a list");
    policies.push(json!({ "name": "late", "type": "client", "clients": ["late"] }));
    policies.push(role_policy("new", "new"));
    policies.push(json!({ "name": "for late", "type": "resource", "decisionStrategy": "AFFIRMATIVE",
        "resources": ["/eric/1"], "policies": ["late", "new"] }));
    authz["decisionStrategy"] = json!("AFFIRMATIVE");
    let after = |with: bool| {
        let mut state = state(&authz);
        let json = json!({ "realm": "demo", "roles": { "realm": [{ "name": "new" }] },
            "clients": [{ "clientId": "late" }], "users": [{ "username": "dora", "realmRoles": ["base", "new"] }] });
        if with {
            let more = crate::kind::lift_realm(&tree_of_json(&json)).into_live();
            state.objects.extend(more.objects.into_iter().filter(|it| it.0.kind() != crate::kind::REALM));
        }
        state
    };
    let made = [Address::top(CLIENT, "late"), Address::top(ROLE, "new"), Address::top(USER, "dora")];
    assert_eq!(
        lines(&compared(&after(false), &after(true), &made)),
        [
            "Gained view [any-user boss in-a in-b none role/base role/new role/r2 role/r3 u1 u12] +1 on [/eric/1] \
             through late because of client/late",
            "Gained view [role/new] +0 on [/eric/1] through rs because of role/new",
            "Gained view [dora] +0 on [/eric/1] through late because of client/late",
            "Gained view [dora] +0 on [/eric/1] through rs because of role/new",
            "Gained view [dora] +0 on [open] through rs because of user/dora",
        ]
    );
    let back = lines(&compared(&after(true), &after(false), &made));
    assert!(back.len() == 5 && back.iter().all(|it| it.starts_with("Lost ")), "{back:?}");
}

#[test]
fn a_deleted_policy_opens_what_it_kept_closed() {
    let before = state(&authorization());
    let policy = Address::top(CLIENT, "rs").child(POLICY, "others");
    let mut after = before.clone();
    after.objects.remove(&policy);
    let impact = compared(&before, &after, &[policy]);
    assert_eq!(
        lines(&impact),
        [
            "Gained view [boss role/r3] +0 on [/eric/1 /eric/2] through rs because of client/rs/authz/policy/others"
        ]
    );
    assert_eq!(impact.count(ChangeOfAccess::Gained), 4);
    let change = &impact.changes[0];
    let decision = Decision { verdict: Verdict::Deny, path: change.via.clone(), notes: Vec::new() };
    assert_eq!(
        chain(&decision),
        "user/boss (boss) > role/parent (role parent) > role/r3 (role r3) > \
         client/rs/authz/policy/readers (policy holds) > client/rs/authz/permission/eric (permission grants) > \
         client/rs/authz/resource/%2Feric%2F1 (view on /eric/1)"
    );
}

#[test]
fn personas_that_no_policy_can_tell_apart_are_one_class() {
    let realm = Realm::compile(&state(&authorization()), NEWEST);
    let classes = classes(&realm, &Address::top(CLIENT, "rs"));
    let members: Vec<String> = classes.iter().map(|it| it.members.join(" ")).collect();
    assert_eq!(
        members,
        [
            "anonymous",
            "any-user role/base role/r2 role/r3",
            "service-account-rs boss in-a in-b none u1 u12 u2",
        ]
    );
}
