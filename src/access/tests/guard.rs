//! What guards let pass and what they block.

use std::collections::BTreeSet;

use serde_json::json;

use crate::access::{ImpactQuestion, Myself, Realm, Watch, guards, impact};
use crate::change::{Action, Change, FieldChange, Path, To, Why};
use crate::kind::{CLIENT, NEWEST, USER, lift_realm};
use crate::manifest::{ForbidGain, Guards};
use crate::state::{Address, Is, Node, Pattern, State};
use crate::text::{At, tree_of_json};

/// `boss` administers through role `chief`, `deputy` through a group, `robot` as a service account; `eve` has
/// these roles, and whoever is premium may view the lounge.
fn state(chief: &[&str], board: &[&str], eve: &[&str]) -> State {
    let realm = json!({
        "realm": "r",
        "defaultRole": { "name": "default-roles-r" },
        "roles": {
            "realm": [
                { "name": "default-roles-r" }, { "name": "premium" },
                { "name": "chief", "composites": { "client": { "realm-management": chief } } },
            ],
            "client": { "realm-management": [
                { "name": "realm-admin", "composites": { "client": { "realm-management": ["manage-users"] } } },
                { "name": "manage-users" },
            ] },
        },
        "groups": [{ "name": "board", "clientRoles": { "realm-management": board } }],
        "users": [
            { "username": "boss", "enabled": true, "realmRoles": ["chief"] },
            { "username": "away", "enabled": false, "realmRoles": ["chief"] },
            { "username": "deputy", "enabled": true, "groups": ["/board"] },
            { "username": "eve", "enabled": true, "realmRoles": eve },
            { "username": "service-account-robot", "serviceAccountClientId": "robot", "realmRoles": ["chief"] },
        ],
        "clients": [
            { "clientId": "realm-management" },
            { "clientId": "robot", "serviceAccountsEnabled": true },
            { "clientId": "rs", "authorizationServicesEnabled": true, "authorizationSettings": {
                "scopes": [{ "name": "view" }],
                "resources": [{ "name": "Lounge", "uris": ["/lounge/*"], "scopes": [{ "name": "view" }] }],
                "policies": [
                    { "name": "premium", "type": "role", "fetchRoles": true, "roles": [{ "id": "premium" }] },
                    { "name": "lounge", "type": "resource", "resources": ["Lounge"], "policies": ["premium"] },
                ],
            } },
        ],
    });
    lift_realm(&tree_of_json(&realm)).into_live()
}

/// Judges the way from a realm to this one, as `pass|block id: message`.
fn judged(planned: &State, rules: &Guards, myself: &Myself, changes: &[Change]) -> Vec<String> {
    let live = state(&["realm-admin"], &["realm-admin"], &[]);
    let [before, after] = [&live, planned].map(|it| Realm::compile(it, NEWEST));
    let terms =
        ImpactQuestion { realm: "demo", changes: &[], declared: &|it| it.name() != "deputy", at: None };
    let watch = Watch {
        guards: rules,
        elsewhere: &[],
        protect: &[Pattern::new("user/deputy")],
        realm: "r",
        changes,
        before: &before,
        after: &after,
        planned,
        version: NEWEST,
        impact: &impact(&before, &after, &terms),
        myself,
        federated: &BTreeSet::new(),
        sees_users: true,
    };
    let line = |it: crate::access::Guard| {
        format!("{} {}: {}", if it.passes { "pass" } else { "block" }, it.id, it.message)
    };
    guards(&watch).into_iter().map(line).collect()
}

fn admins(least: usize) -> Guards {
    Guards { min_admins: Some((least, At::SERVER)), ..Guards::default() }
}

#[test]
fn people_who_administer_are_counted_whatever_way_they_come_to_it() {
    let elsewhere = Myself::Elsewhere;
    let same = state(&["realm-admin"], &["realm-admin"], &[]);
    let told = "people who hold realm-admin: 2 (boss, deputy) before,";
    assert_eq!(
        judged(&same, &admins(2), &elsewhere, &[]),
        [format!("pass minAdmins: {told} 2 (boss, deputy) after; at least 2")]
    );
    // Part of the administration is not all of it.
    let fewer = state(&["manage-users"], &["realm-admin"], &[]);
    assert_eq!(
        judged(&fewer, &admins(2), &elsewhere, &[]),
        [format!("block minAdmins: {told} 1 (deputy) after; at least 2")]
    );
    let nobody = state(&[], &[], &[]);
    assert_eq!(
        judged(&nobody, &admins(1), &elsewhere, &[]),
        [
            format!("block minAdmins: {told} nobody after; at least 1"),
            "block protect: user `deputy` is protected and would lose client/realm-management/role/realm-admin".to_owned(),
        ]
    );
}

#[test]
fn the_login_in_use_keeps_its_roles_and_its_way_in() {
    let rules = Guards { keep_self: Some(At::SERVER), ..Guards::default() };
    let same = state(&["realm-admin"], &["realm-admin"], &[]);
    let fewer = state(&["manage-users"], &["realm-admin"], &[]);
    let boss = Address::top(USER, "boss");
    let robot = Address::top(CLIENT, "robot");
    let update = |object: &Address, field: &str, is: Is| Change {
        object: object.clone(),
        action: Action::Update,
        why: Why::ManifestChanged,
        fields: vec![FieldChange {
            path: Path::field(field),
            from: None,
            to: To::Value(Node::new(At::SERVER, is)),
            why: Why::ManifestChanged,
            at: At::SERVER,
        }],
        adopted: false,
        at: At::SERVER,
    };
    let off = |object: &Address| update(object, "enabled", Is::Bool(false));
    let gone = Change { action: Action::Delete, fields: Vec::new(), ..off(&boss) };
    let lost = "which is logged in here, loses client/realm-management/role/realm-admin";
    for (planned, myself, changes, expected) in [
        (
            &same,
            Myself::User(boss.clone()),
            vec![],
            "pass keepSelf: user `boss` keeps what it has".to_owned(),
        ),
        (
            &fewer,
            Myself::Elsewhere,
            vec![],
            "pass keepSelf: the credential in use belongs to another realm".to_owned(),
        ),
        (&fewer, Myself::User(boss.clone()), vec![], format!("block keepSelf: user `boss`, {lost}")),
        (&fewer, Myself::Client(robot.clone()), vec![], format!("block keepSelf: client `robot`, {lost}")),
        (
            &same,
            Myself::User(boss.clone()),
            vec![off(&boss)],
            "block keepSelf: user `boss`, which is logged in here, has another enabled".to_owned(),
        ),
        (
            &same,
            Myself::User(boss.clone()),
            vec![gone],
            "block keepSelf: user `boss`, which is logged in here, is deleted".to_owned(),
        ),
        // What happens to somebody else, or opens.
        (
            &same,
            Myself::User(boss.clone()),
            vec![off(&robot)],
            "pass keepSelf: user `boss` keeps what it has".to_owned(),
        ),
        (
            &same,
            Myself::Client(robot.clone()),
            vec![update(&robot, "enabled", Is::Bool(true))],
            "pass keepSelf: client `robot` keeps what it has".to_owned(),
        ),
        (
            &same,
            Myself::Client(robot.clone()),
            vec![update(&robot, "secret", Is::Null)],
            "block keepSelf: client `robot`, which is logged in here, has another secret".to_owned(),
        ),
        (
            &same,
            Myself::Unknown,
            vec![],
            "block keepSelf: the token in use does not say whose it is, so nobody can tell what it keeps"
                .to_owned(),
        ),
    ] {
        assert_eq!(judged(planned, &rules, &myself, &changes), [expected], "{myself:?}");
    }
}

#[test]
fn gains_are_forbidden_by_persona_resource_scope_and_client() {
    let rule = |persona: &str, resource: &str, scope: &str, client: &str| Guards {
        forbid_gain: vec![ForbidGain {
            persona: persona.to_owned(),
            resource: resource.to_owned(),
            scope: scope.to_owned(),
            client: client.to_owned(),
            administration: None,
            at: At::SERVER,
        }],
        ..Guards::default()
    };
    let gains = state(&["realm-admin"], &["realm-admin"], &["premium"]);
    let blocked = "block forbidGain: eve gains view on Lounge of rs";
    for (rules, expected) in [
        (rule("eve", "*", "*", "*"), blocked),
        (rule("*", "/lounge/*", "view", "rs"), blocked),
        (rule("e*", "Lounge", "v*", "r*"), blocked),
        (
            rule("eve", "*", "edit", "*"),
            "block forbidGain: no authorization scope is called edit, so nobody can tell whether this rule is kept",
        ),
        (
            rule("eve", "*", "*", "other"),
            "block forbidGain: no client with authorization is called other, so nobody can tell whether this rule is kept",
        ),
        (
            rule("eve", "/bar/*", "*", "*"),
            "block forbidGain: no resource is called /bar/*, so nobody can tell whether this rule is kept",
        ),
        (rule("boss", "*", "*", "*"), "pass forbidGain: boss gains nothing"),
    ] {
        assert_eq!(judged(&gains, &rules, &Myself::Elsewhere, &[]), [expected]);
    }
}
