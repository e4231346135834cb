//! The realm of the seed, declared: each row of the notebook proven on the server.

use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::realm::claims;
use crate::server::Server;
use crate::tree::{Tree, check, list, same, sorted, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("seed::logins_of_every_kind_work", logins_of_every_kind_work),
        newest("seed::the_example_makes_the_realm_of_the_notebook", the_example_on_the_newest),
        Trial {
            name: "seed::the_example_works_on_the_oldest_version_too",
            needs: Needs::Oldest,
            run: the_example_on_the_oldest,
        },
        newest("seed::policies_of_every_type_refer_by_name", policies_of_every_type_refer_by_name),
        newest("seed::an_edit_is_one_update_and_a_removal_deletes_exactly_it", edit_and_removal_of_a_policy),
        newest("seed::resources_are_registered_updated_and_removed", resources_come_change_and_go),
        newest("seed::a_resource_goes_with_its_policies_and_permission", a_resource_goes_with_its_shorthand),
    ]
}

/// Row 1: user and password, and client credentials (the view-only service account) in `viewer`.
fn logins_of_every_kind_work(server: &Server) -> Result<(), String> {
    server.fresh_realm("live-seed-login")?;
    let realm = server.realm("live-seed-login");
    let mut tree = Tree::of("live-seed-login", "roles: { realm: [{ name: x }] }\n")?;
    same("as the administrator", &tree.plan(server, &[])?.writes(), &["create role/x"])?;

    tree.set("REALMWRIGHT_PASSWORD", "wrong");
    tree.run(server, &["plan"])?.expect(1)?.says("password")?;

    // A client of the realm itself, which may manage it.
    realm.post("/clients", &json!({ "clientId": "ci", "secret": "s", "serviceAccountsEnabled": true }))?;
    realm.administer("service-account-ci", &["realm-admin"])?;
    tree.set("REALMWRIGHT_CLIENT_ID", "ci");
    tree.set("REALMWRIGHT_CLIENT_SECRET", "s");
    tree.apply(server, &["--auth-realm", "live-seed-login"])?;
    check(realm.get("/roles/x")?["name"] == "x", "a client's credentials made the role", &Value::Null)?;
    server.no_realm("live-seed-login")
}

fn the_example_on_the_newest(server: &Server) -> Result<(), String> {
    the_example(server, "live-seed")
}

fn the_example_on_the_oldest(server: &Server) -> Result<(), String> {
    the_example(server, "live-seed-old")
}

/// Rows 4, 6, 7, 8, 10, 14, 16, 20 and 21.
fn the_example(server: &Server, name: &str) -> Result<(), String> {
    server.no_realm(name)?;
    let tree = Tree::example(name)?;
    server.one_at_a_time(|| tree.apply(server, &[]))?;
    let realm = server.realm(name);

    // 4 and 6: eric and alice can log in, and their tokens carry their roles.
    let eric = realm.login("demo", "demo-secret", "eric", "eric-password")?;
    let alice = realm.login("demo", "demo-secret", "alice", "alice-password")?;
    let roles = |token: &str| -> Result<Vec<String>, String> {
        let claims = claims(token)?;
        let names = list(&claims["realm_access"]["roles"]).iter().map(word);
        Ok(sorted(names.filter(|it| it.starts_with("user"))))
    };
    same("eric's roles", &roles(&eric)?, &["user", "user-premium"])?;
    same("alice's roles", &roles(&alice)?, &["user"])?;
    same("eric's groups", &realm.groups_of("eric")?, &["/Demo group"])?;

    // 7: the client.
    let demo = realm.get(&realm.client("demo")?)?;
    for field in ["serviceAccountsEnabled", "directAccessGrantsEnabled", "authorizationServicesEnabled"] {
        check(demo[field] == true, field, &demo[field])?;
    }
    let account =
        [("grant_type", "client_credentials"), ("client_id", "demo"), ("client_secret", "demo-secret")];
    let (status, _) = server.token(name, &account)?;
    check(status.is_success(), "the service account of demo gets a token", &Value::Null)?;

    // 8: resources with both spellings of their uris, and no other ones.
    for (resource, uri) in
        [("Premium resource", "/protected/premium/*"), ("Eric space", "/eric/*"), ("Alice space", "/alice/*")]
    {
        let found = realm.resource("demo", resource)?;
        check(found["uris"] == json!([uri]) && found["scopes"][0]["name"] == "view", resource, &found)?;
    }

    // 10: permissions, by what they cover and apply.
    let premium = realm.policy("demo", "Premium permission")?;
    check(
        premium["decisionStrategy"] == "UNANIMOUS" && premium["logic"] == "POSITIVE",
        "defaults",
        &premium,
    )?;
    same("resources", &realm.of_policy("demo", "Premium permission", "resources")?, &["Premium resource"])?;
    let policies = realm.of_policy("demo", "Premium permission", "associatedPolicies")?;
    same("policies", &policies, &["Only Premium User Policy"])?;
    let shared = realm.policy("demo", "Shared permission")?;
    check(shared["type"] == "scope" && shared["decisionStrategy"] == "AFFIRMATIVE", "as declared", &shared)?;

    // 16 and 20: the shorthand makes what the Identity API makes.
    for (client, resource) in [("demo", "Eric resource"), ("dummy-service", "Eric space2")] {
        let policy = realm.policy(client, &format!("{resource} User Policy"))?;
        let eric = realm.get(&realm.user("eric")?)?;
        check(policy["type"] == "user" && policy["users"] == json!([eric["id"]]), resource, &policy)?;
        let permission = format!("{resource} Permission");
        let policies = realm.of_policy(client, &permission, "associatedPolicies")?;
        same(&permission, &policies, &[&format!("{resource} User Policy")])?;
        same(&permission, &realm.of_policy(client, &permission, "resources")?, &[resource])?;
    }
    let both = realm.of_policy("dummy-service", "Alice space2 Permission", "associatedPolicies")?;
    same("both hold", &both, &["Alice space2 Role Policy", "Alice space2 User Policy"])?;

    // What it all is for: Keycloak decides as the notebook wants, on both clients.
    for (client, resource, by_eric, by_alice) in [
        ("demo", "Premium resource", true, false),
        ("demo", "Eric space", true, false),
        ("demo", "Alice space", false, true),
        ("demo", "Eric resource", true, false),
        ("demo", "A resource", true, true),
        ("demo", "Shared resource", true, true),
        ("demo", "Archive", false, false),
        ("demo-app", "Eric space", true, false),
        ("demo-app", "Alice space", false, true),
        ("dummy-service", "Eric space2", true, false),
        ("dummy-service", "Alice space2", false, true),
    ] {
        for (who, token, wanted) in [("eric", &eric, by_eric), ("alice", &alice, by_alice)] {
            if !server.decides(name, token, client, resource, wanted)? {
                return Err(format!("{client} {resource}: {who}: not {wanted}"));
            }
        }
    }

    // 21: nothing already exists for a second apply, not even the ledger and the lock.
    let proxy = Proxy::before(server)?;
    tree.run_at(&proxy.url, server, &["apply", "--auto-approve"])?.expect(0)?;
    same("writes of the second apply", &proxy.writes(), &[])?;
    check(proxy.passed().len() > 3, "the proxy sees what is sent", &json!(proxy.passed().len()))?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

/// Row 9: the policies that the notebook makes through the Identity API.
fn policies_of_every_type_refer_by_name(server: &Server) -> Result<(), String> {
    let name = "live-seed-policies";
    server.fresh_realm(name)?;
    let tree = Tree::example(name)?;
    tree.apply(server, &[])?;
    let realm = server.realm(name);
    let id = |path: String| -> Result<Value, String> { Ok(realm.get(&path)?["id"].clone()) };
    let (alice, group) = (id(realm.user("alice")?)?, id(realm.group("Demo group")?)?);
    let (demo, scope) = (id(realm.client("demo")?)?, id(realm.client_scope("view")?)?);
    let premium = id("/roles/user-premium".to_owned())?;
    for (policy, kind, field, value) in [
        ("Only Premium User Policy", "role", "roles", json!([{ "id": premium, "required": false }])),
        ("Role policy", "role", "roles", json!([{ "id": premium, "required": false }])),
        ("Only Alice User Policy", "user", "users", json!([alice])),
        ("User policy", "user", "users", json!([alice])),
        ("My Policy", "client", "clients", json!([demo])),
        ("Scope Policy", "client-scope", "clientScopes", json!([{ "id": scope, "required": false }])),
        (
            "Group policy",
            "group",
            "groups",
            json!([{ "id": group, "path": "/Demo group", "extendChildren": true }]),
        ),
        ("Regex policy", "regex", "pattern", json!(".*")),
        ("Regex policy", "regex", "targetClaim", json!("preferred_username")),
        ("Time policy", "time", "year", json!("2023")),
        ("Time policy", "time", "yearEnd", json!("2024")),
    ] {
        let found = realm.policy("demo", policy)?;
        check(found["type"] == kind, policy, &found)?;
        let (mut is, mut wanted) = (found[field].clone(), value);
        // A group's path is there on some versions only.
        for it in [&mut is, &mut wanted] {
            if field == "groups"
                && let Some(map) = it[0].as_object_mut()
            {
                map.shift_remove("path");
            }
        }
        check(is == wanted, &format!("{policy}: {field} is {wanted}"), &found)?;
    }
    let parts = realm.of_policy("demo", "Aggregated policy", "associatedPolicies")?;
    same("parts", &parts, &["My Policy", "Role policy"])?;
    // The default role has another name in each realm, and is asked for as it is now rather than by the token.
    let authenticated = realm.policy("demo", "A resource Authenticated Policy")?;
    let default = id(format!("/roles/default-roles-{name}"))?;
    check(authenticated["roles"][0]["id"] == default, "the default role", &authenticated)?;
    check(authenticated["fetchRoles"] == true, "roles are fetched", &authenticated)?;
    server.no_realm(name)
}

const ONE_OF_EACH: &str = "
roles: { realm: [{ name: user }] }
groups: [{ name: team }]
clientScopes: [{ name: view, protocol: openid-connect }]
users:
  - { username: eric, email: eric@example.org, firstName: E, lastName: E }
  - { username: alice, email: alice@example.org, firstName: A, lastName: A }
clients:
  - clientId: demo
    serviceAccountsEnabled: true
    authorizationServicesEnabled: true
    authorizationSettings:
      policies:
        - { name: User policy, type: user, users: [eric] }
        - { name: Of role, type: role, roles: [user] }
        - { name: Of group, type: group, groups: [/team] }
        - { name: Of client, type: client, clients: [demo] }
        - { name: Of scope, type: client-scope, clientScopes: [view] }
        - { name: Of regex, type: regex, targetClaim: email, pattern: .* }
        - { name: Of time, type: time, hour: 8, hourEnd: 18 }
        - { name: Of others, type: aggregate, policies: [User policy, Of role] }
";

/// Row 9: then update eric → alice, then delete.
fn edit_and_removal_of_a_policy(server: &Server) -> Result<(), String> {
    let name = "live-seed-edit";
    server.fresh_realm(name)?;
    let tree = Tree::of(name, ONE_OF_EACH)?;
    tree.apply(server, &[])?;
    let realm = server.realm(name);

    tree.edit("realm.yaml", "users: [eric]", "users: [alice]")?;
    same("the plan", &tree.plan(server, &[])?.changes(), &["update client/demo/authz/policy/User policy"])?;
    let proxy = Proxy::before(server)?;
    tree.run_at(&proxy.url, server, &["apply", "--auto-approve"])?.expect(0)?;
    let policy = realm.policy("demo", "User policy")?;
    let path = format!("{}/policy/user/{}", realm.authz("demo")?, word(&policy["id"]));
    same("the writes", &proxy.writes_beside_ours(), &[&format!("PUT /{name}{path} 201")])?;
    let alice = realm.get(&realm.user("alice")?)?;
    check(policy["users"] == json!([alice["id"]]), "the policy names alice", &policy)?;

    // Each type goes alone; what names another one goes first.
    for line in
        ["Of others", "Of role", "Of group", "Of client", "Of scope", "Of regex", "Of time", "User policy"]
    {
        let before = realm.names("demo", "policy")?;
        tree.cut("realm.yaml", &format!("        - {{ name: {line},"), "\n")?;
        let address = format!("client/demo/authz/policy/{line}");
        same("without --prune", &tree.plan(server, &[])?.left_behind(), &[&address])?;
        same("nothing goes", &tree.plan(server, &[])?.changes(), &[])?;
        same("with --prune", &tree.plan(server, &["--prune"])?.changes(), &[&format!("delete {address}")])?;
        tree.apply(server, &["--prune"])?;
        let after = realm.names("demo", "policy")?;
        let rest: Vec<&str> = before.iter().map(String::as_str).filter(|it| *it != line).collect();
        same("what stays", &after, &rest)?;
    }
    server.no_realm(name)
}

/// Row 15: register, update name, uris, attributes, scopes, ownerManagedAccess and displayName, delete.
fn resources_come_change_and_go(server: &Server) -> Result<(), String> {
    let name = "live-seed-resource";
    server.fresh_realm(name)?;
    let manifest = |resources: &str| {
        format!(
            "clients:\n  - clientId: demo\n    serviceAccountsEnabled: true\n    authorizationServicesEnabled: true\n    authorizationSettings:\n      scopes: [{{ name: view }}, {{ name: edit }}]\n{resources}"
        )
    };
    let tree = Tree::of(
        name,
        &manifest(
            "      resources: [{ name: A resource, uris: [/protected/*], scopes: [view], permissions: { authenticated: true } }]\n",
        ),
    )?;
    tree.apply(server, &[])?;
    let realm = server.realm(name);
    let first = realm.resource("demo", "A resource")?;

    let updated = "      resources: [{ name: A resource, uris: [/protect/*], attributes: { attribute: [x] }, scopes: [view, edit], ownerManagedAccess: true, displayName: Display name, permissions: { authenticated: true } }]\n";
    tree.manifest(&manifest(updated))?;
    same(
        "the update",
        &tree.plan(server, &[])?.changes(),
        &["update client/demo/authz/resource/A resource"],
    )?;
    tree.apply(server, &[])?;
    let found = realm.resource("demo", "A resource")?;
    check(found["_id"] == first["_id"], "it is the same resource", &found)?;
    let scopes = sorted(list(&found["scopes"]).iter().map(|it| word(&it["name"])));
    same("scopes", &scopes, &["edit", "view"])?;
    for (field, value) in [
        ("uris", json!(["/protect/*"])),
        ("attributes", json!({ "attribute": ["x"] })),
        ("ownerManagedAccess", json!(true)),
        ("displayName", json!("Display name")),
    ] {
        check(found[field] == value, field, &found)?;
    }
    tree.is_clean(server)?;

    tree.manifest(&manifest(""))?;
    tree.apply(server, &["--prune"])?;
    check(!realm.names("demo", "resource")?.contains(&"A resource".to_owned()), "it is gone", &Value::Null)?;
    server.no_realm(name)
}

/// Row 17: `DELETE …/resources/NAME/all`, declared. And row 21: a second apply sends nothing.
fn a_resource_goes_with_its_shorthand(server: &Server) -> Result<(), String> {
    let name = "live-seed-all";
    server.fresh_realm(name)?;
    let tree = Tree::example(name)?;
    tree.apply(server, &[])?;
    let realm = server.realm(name);
    let (resources, policies) = (realm.names("demo", "resource")?, realm.names("demo", "policy")?);
    tree.cut("clients/demo.yaml", "        - name: Eric resource", "        - name: Alice resource")?;
    let gone = ["Eric resource", "Eric resource Permission", "Eric resource User Policy"];
    let plan = tree.plan(server, &["--prune"])?;
    let wanted = [
        "delete client/demo/authz/permission/Eric resource Permission",
        "delete client/demo/authz/policy/Eric resource User Policy",
        "delete client/demo/authz/resource/Eric resource",
    ];
    same("the plan lists all three", &plan.changes(), &wanted)?;
    let left = tree.plan(server, &[])?;
    same("without --prune nothing goes", &left.changes(), &[])?;
    check(left.left_behind().len() == 3, "three are left behind", &json!(left.left_behind()))?;
    tree.apply(server, &["--prune"])?;
    let without = |names: &[String]| -> Vec<String> {
        names.iter().filter(|it| !gone.contains(&it.as_str())).cloned().collect()
    };
    let rest = |names: &[String]| without(names).join("\n");
    check(rest(&resources) == realm.names("demo", "resource")?.join("\n"), "resources", &json!(resources))?;
    check(rest(&policies) == realm.names("demo", "policy")?.join("\n"), "policies", &json!(policies))?;
    tree.is_clean(server)?;
    server.no_realm(name)
}
