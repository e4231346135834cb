//! What goes with a delete: a policy that is one of two of a permission, one that is the last, and what others
//! have hung on it.

use serde_json::{Value, json};

use crate::realm::Realm;
use crate::server::Server;
use crate::tree::{Tree, check, same};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("cascade::one_of_two_policies_goes_and_the_permission_stays", one_of_two_policies_goes),
        newest(
            "cascade::the_last_policy_goes_with_its_permission_or_after_it_was_rewired",
            the_last_policy_goes,
        ),
        newest("cascade::a_permission_of_others_is_refused_or_consented_to", a_permission_of_others),
        newest("cascade::a_policy_is_never_emptied", a_policy_is_never_emptied),
        newest("cascade::what_others_put_below_ours_is_refused_or_consented_to", below_ours),
    ]
}

fn manifest(policies: &[&str], permissions: &[(&str, &str)]) -> String {
    let mut text = "
roles: { realm: [{ name: user }] }
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      resources: [{ name: R, uris: [/r] }]
"
    .to_owned();
    let policies: Vec<String> =
        policies.iter().map(|it| format!("{{ name: {it}, type: role, roles: [user] }}")).collect();
    let permissions: Vec<String> = permissions
        .iter()
        .map(|(name, policies)| {
            format!("{{ name: {name}, type: resource, resources: [R], policies: [{policies}] }}")
        })
        .collect();
    text.push_str(&["      policies: [", &policies.join(", "), "]\n"].concat());
    text.push_str(&["      permissions: [", &permissions.join(", "), "]\n"].concat());
    text
}

fn start(server: &Server, name: &str) -> Result<Tree, String> {
    server.fresh_realm(name)?;
    let tree = Tree::of(name, &manifest(&["One", "Two"], &[("Both", "One, Two"), ("Single", "Two")]))?;
    tree.apply(server, &[])?;
    Ok(tree)
}

fn applied_by(realm: &Realm<'_>, permission: &str) -> Result<Vec<String>, String> {
    realm.of_policy("demo", permission, "associatedPolicies")
}

fn one_of_two_policies_goes(server: &Server) -> Result<(), String> {
    let name = "live-cascade-two";
    let tree = start(server, name)?;
    let realm = server.realm(name);
    // While the permission still names it, nothing is even sent.
    tree.manifest(&manifest(&["Two"], &[("Both", "One, Two"), ("Single", "Two")]))?;
    tree.run(server, &["plan", "--prune"])?.expect(1)?.says("One")?;

    let before = realm.policy("demo", "Both")?;
    tree.manifest(&manifest(&["Two"], &[("Both", "Two"), ("Single", "Two")]))?;
    let plan = tree.plan(server, &["--prune"])?;
    same(
        "the plan",
        &plan.changes(),
        &["delete client/demo/authz/policy/One", "update client/demo/authz/permission/Both"],
    )?;
    same("no side effects", &plan.cascades(), &[])?;
    tree.apply(server, &["--prune"])?;
    same("what decides now", &applied_by(&realm, "Both")?, &["Two"])?;
    check(realm.policy("demo", "Both")?["id"] == before["id"], "it is the same permission", &before)?;
    check(realm.policy("demo", "One")?.is_null(), "the policy is gone", &Value::Null)?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn the_last_policy_goes(server: &Server) -> Result<(), String> {
    let name = "live-cascade-last";
    let tree = start(server, name)?;
    let realm = server.realm(name);
    // Its permission without any policy: never sent.
    tree.manifest(&manifest(&["One"], &[("Both", "One"), ("Single", "")]))?;
    tree.run(server, &["apply", "--prune", "--auto-approve"])?.expect(1)?.says("Single")?;

    // Rewired first, and therefore still there.
    let before = realm.policy("demo", "Single")?;
    tree.manifest(&manifest(&["One"], &[("Both", "One"), ("Single", "One")]))?;
    tree.apply(server, &["--prune"])?;
    check(realm.policy("demo", "Two")?.is_null(), "the policy is gone", &Value::Null)?;
    check(realm.policy("demo", "Single")?["id"] == before["id"], "its permission stays", &before)?;
    same("what decides now", &applied_by(&realm, "Single")?, &["One"])?;

    // The permission goes with it.
    tree.manifest(&manifest(&["Three"], &[("Both", "Three")]))?;
    same(
        "the plan",
        &tree.plan(server, &["--prune"])?.changes(),
        &[
            "create client/demo/authz/policy/Three",
            "delete client/demo/authz/permission/Single",
            "delete client/demo/authz/policy/One",
            "update client/demo/authz/permission/Both",
        ],
    )?;
    tree.apply(server, &["--prune"])?;
    check(realm.policy("demo", "Single")?.is_null(), "the permission is gone", &Value::Null)?;
    same("what decides now", &applied_by(&realm, "Both")?, &["Three"])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn a_permission_of_others(server: &Server) -> Result<(), String> {
    let name = "live-cascade-others";
    let tree = start(server, name)?;
    let realm = server.realm(name);
    realm.make("demo", "policy/role", &json!({ "name": "Theirs", "roles": [{ "id": "user" }] }))?;
    for (permission, policies) in [("Theirs alone", json!(["One"])), ("Theirs too", json!(["One", "Theirs"]))]
    {
        let body = json!({ "name": permission, "resources": ["R"], "policies": policies });
        realm.make("demo", "permission/resource", &body)?;
    }
    tree.manifest(&manifest(&["Two"], &[("Both", "Two"), ("Single", "Two")]))?;
    let plan = tree.plan(server, &["--prune"])?;
    same(
        "what happens to others",
        &plan.cascades(),
        &[
            "disappears client/demo/authz/permission/Theirs alone",
            "loses client/demo/authz/permission/Theirs too",
        ],
    )?;
    same("what needs a yes", &plan.consents(), &["cascade=2"])?;
    check(plan.0["applyable"] == false, "not applyable", &plan.0["applyable"])?;
    tree.run(server, &["plan", "--prune", "--detailed-exitcode"])?.expect(3)?;
    tree.refused(server, &["--prune"])?.says("cascade=2")?;
    tree.refused(server, &["--prune", "--allow", "cascade=1"])?;
    same("nothing was written", &applied_by(&realm, "Both")?, &["One", "Two"])?;
    same("nor taken", &applied_by(&realm, "Theirs alone")?, &["One"])?;

    tree.apply(server, &["--prune", "--allow", "cascade=2"])?;
    check(realm.policy("demo", "Theirs alone")?.is_null(), "it is gone", &Value::Null)?;
    same("this one is left with its own", &applied_by(&realm, "Theirs too")?, &["Theirs"])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn a_policy_is_never_emptied(server: &Server) -> Result<(), String> {
    let name = "live-cascade-empty";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let clients =
        "clients: [{ clientId: demo, serviceAccountsEnabled: true, authorizationServicesEnabled: true }]\n";
    let tree = Tree::of(name, &format!("roles: {{ realm: [{{ name: ours }}] }}\n{clients}"))?;
    tree.apply(server, &[])?;
    let negative = json!({ "name": "Not these", "logic": "NEGATIVE", "roles": [{ "id": "ours" }] });
    realm.make("demo", "policy/role", &negative)?;
    tree.manifest(clients)?;
    let plan = tree.plan(server, &["--prune"])?;
    same("what is refused", &plan.refusals(), &["emptied client/demo/authz/policy/Not these"])?;
    same("no consent helps", &plan.consents(), &[])?;
    tree.refused(server, &["--prune", "--allow", "cascade=9", "--allow", "hazards=9"])?.says("Not these")?;
    realm.get("/roles/ours")?;
    let policy = realm.policy("demo", "Not these")?;
    check(policy["roles"][0]["id"].is_string(), "the policy still has its role", &policy)?;
    server.no_realm(name)
}

/// A group with a subgroup of others, a client with a role and a policy of others: all of it goes along.
fn below_ours(server: &Server) -> Result<(), String> {
    let name = "live-cascade-below";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(
        name,
        "groups: [{ name: team, subGroups: [{ name: inner }] }]\nclients: [{ clientId: demo, serviceAccountsEnabled: true, authorizationServicesEnabled: true }]\nroles: { realm: [{ name: user }] }\n",
    )?;
    tree.apply(server, &[])?;
    let team = realm.group("team")?;
    realm.post(&format!("{team}/children"), &json!({ "name": "theirs" }))?;
    let demo = realm.client("demo")?;
    realm.post(&format!("{demo}/roles"), &json!({ "name": "theirs" }))?;
    realm.make("demo", "policy/role", &json!({ "name": "Theirs", "roles": [{ "id": "user" }] }))?;
    let member = json!({ "username": "theirs", "groups": ["/team/inner"] });
    realm.post("/users", &member)?;

    tree.manifest("roles: { realm: [{ name: user }] }\n")?;
    let plan = tree.plan(server, &["--prune"])?;
    let cascades = plan.cascades();
    let with = |it: &str| format!("disappears {it}");
    same("what needs a yes", &plan.consents(), &["cascade=3"])?;
    for theirs in ["group/team/theirs", "client/demo/role/theirs", "client/demo/authz/policy/Theirs"] {
        check(cascades.contains(&with(theirs)), theirs, &json!(cascades))?;
    }
    // What the server made with the client is listed, and nobody else's.
    for made in ["user/service-account-demo", "client/demo/role/uma_protection"] {
        check(cascades.contains(&with(made)), made, &json!(cascades))?;
    }
    tree.refused(server, &["--prune"])?;
    realm.get(&team)?;
    realm.get(&demo)?;
    tree.apply(server, &["--prune", "--allow", "cascade=3"])?;
    check(realm.group("team").is_err() && realm.client("demo").is_err(), "they are gone", &Value::Null)?;
    same("the member stays, without the group", &realm.groups_of("theirs")?, &[])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}
