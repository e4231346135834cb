//! A realm that somebody filled by hand, as the notebook and the Identity API do: the first plan takes over what
//! is there and creates what is missing.

use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::realm::Realm;
use crate::server::Server;
use crate::tree::{Tree, check, list, same, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial {
        name: "notebook::a_realm_filled_by_hand_is_adopted",
        needs: Needs::Newest,
        run: a_realm_filled_by_hand_is_adopted,
    }]
}

fn a_realm_filled_by_hand_is_adopted(server: &Server) -> Result<(), String> {
    let name = "live-notebook";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    fill(&realm)?;
    let (resources, policies) = (realm.names("demo", "resource")?, realm.names("demo", "policy")?);
    let login = || realm.login("demo", "demo", "eric", "eric");
    check(login().is_err(), "without a name nobody can log in", &Value::Null)?;

    let mut tree = Tree::example(name)?;
    tree.set("DEMO_SECRET", "demo");
    tree.set("DEMO_APP_SECRET", "demo");
    let plan = tree.plan(server, &[])?;
    let creates: Vec<String> = plan.changes().into_iter().filter(|it| it.starts_with("create ")).collect();
    same(
        "what is missing",
        &creates,
        &[
            "create client/demo/authz/permission/A resource Permission",
            "create client/demo/authz/permission/Archive permission",
            "create client/demo/authz/permission/Shared permission",
            "create client/demo/authz/policy/A resource Authenticated Policy",
            "create client/demo/authz/policy/Group policy",
            "create client/demo/authz/policy/User policy",
            "create client/demo/authz/resource/Archive",
            "create client/demo/authz/resource/Shared resource",
            "create client/dummy-service/authz/policy/Alice space2 Role Policy",
            "create group/Demo group",
        ],
    )?;
    check(
        !plan.changes().iter().any(|it| it.starts_with("delete ")),
        "nothing goes",
        &json!(plan.changes()),
    )?;
    // Its secret is another one here, and whoever uses it would be locked out.
    same("what is held back", &plan.held_back(), &["secrets client/identity-api"])?;

    let proxy = Proxy::before(server)?;
    tree.run_at(&proxy.url, server, &["apply", "--auto-approve", "--allow", "hazards=3"])?.expect(0)?;
    let deletes: Vec<String> =
        proxy.writes_beside_ours().into_iter().filter(|it| it.starts_with("DELETE")).collect();
    same("nothing was deleted", &deletes, &[])?;
    for (what, before) in [("resource", &resources), ("policy", &policies)] {
        let after = realm.names("demo", what)?;
        let lost: Vec<&String> = before.iter().filter(|it| !after.contains(it)).collect();
        check(lost.is_empty(), "everything is still there", &json!(lost))?;
    }
    let token = login()?;
    check(server.decides(name, &token, "demo", "Eric resource", true)?, "eric may", &Value::Null)?;
    check(server.decides(name, &token, "demo", "Alice resource", false)?, "eric may not", &Value::Null)?;
    let again = tree.plan(server, &[])?;
    same("a second plan", &again.changes(), &[])?;
    same("still held back", &again.held_back(), &["secrets client/identity-api"])?;

    tree.apply(server, &["--allow", "secrets=1"])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

/// What the notebook does before it calls the Identity API, and what that does then.
fn fill(realm: &Realm<'_>) -> Result<(), String> {
    for role in ["user", "user-premium"] {
        realm.post("/roles", &json!({ "name": role }))?;
    }
    for user in ["eric", "alice"] {
        let password = json!([{ "type": "password", "value": user, "temporary": false }]);
        realm.post("/users", &json!({ "username": user, "enabled": true, "credentials": password }))?;
        realm.grant(user, "user")?;
    }
    realm.grant("eric", "user-premium")?;
    realm.post("/client-scopes", &json!({ "name": "view", "protocol": "openid-connect" }))?;
    let id = |path: String| -> Result<Value, String> { Ok(realm.get(&path)?["id"].clone()) };
    let (eric, alice) = (id(realm.user("eric")?)?, id(realm.user("alice")?)?);
    for client in ["demo", "demo-app"] {
        client_with_spaces(realm, client, &eric, &alice)?;
    }

    realm.make(
        "demo",
        "resource",
        &json!({ "name": "Premium resource", "uri": "/protected/premium/*", "scopes": ["view"] }),
    )?;
    let premium = json!({ "name": "Only Premium User Policy", "roles": [{ "id": "user-premium" }] });
    realm.make("demo", "policy/role", &premium)?;
    permission(realm, "demo", "Premium permission", "Premium resource", "Only Premium User Policy")?;
    // The Identity API passes on what it is given; a policy with an error stays half of what was meant.
    let (demo, view) = (id(realm.client("demo")?)?, id(realm.client_scope("view")?)?);
    for (kind, body) in [
        ("client", json!({ "name": "My Policy", "clients": [demo], "description": "Client policy" })),
        (
            "aggregate",
            json!({ "name": "Aggregated policy", "policies": ["My Policy"], "description": "Policy description" }),
        ),
        (
            "client-scope",
            json!({ "name": "Scope Policy", "clientScopes": [{ "id": view }], "description": "Policy description" }),
        ),
        ("regex", json!({ "name": "Regex policy", "pattern": ".*", "targetClaim": "preferred_username" })),
        ("role", json!({ "name": "Role policy", "roles": [{ "id": "user-premium", "required": false }] })),
        (
            "time",
            json!({ "name": "Time policy", "description": "description", "year": 2023, "yearEnd": 2024 }),
        ),
    ] {
        realm.make("demo", &format!("policy/{kind}"), &body)?;
    }
    realm.make(
        "demo",
        "resource",
        &json!({ "name": "A resource", "uris": ["/protected/*"], "scopes": ["view"] }),
    )?;
    protected(realm, "demo", "Eric resource", "/eric/resource/*", &eric)?;
    protected(realm, "demo", "Alice resource", "/alice/resource/*", &alice)?;

    let body = json!({
        "clientId": "dummy-service", "name": "Dummy Service", "description": "Client used for Dummy service",
        "secret": "dummy-service-secret", "redirectUris": ["*"], "webOrigins": ["*"],
        "serviceAccountsEnabled": true, "authorizationServicesEnabled": true
    });
    realm.post("/clients", &body)?;
    protected(realm, "dummy-service", "Eric space2", "/eric/*", &eric)?;
    protected(realm, "dummy-service", "Alice space2", "/alice/*", &alice)?;
    let device = json!({ "oauth2.device.authorization.grant.enabled": "true" });
    realm.post("/clients", &json!({ "clientId": "identity-api", "secret": "another", "attributes": device }))
}

fn client_with_spaces(realm: &Realm<'_>, client: &str, eric: &Value, alice: &Value) -> Result<(), String> {
    let body = json!({
        "clientId": client, "secret": "demo", "name": "Demo client", "description": "Client used on demo notebook",
        "serviceAccountsEnabled": true, "directAccessGrantsEnabled": true, "authorizationServicesEnabled": true
    });
    realm.post("/clients", &body)?;
    for (who, id, uri) in [("Eric", eric, "/eric/*"), ("Alice", alice, "/alice/*")] {
        let (resource, policy) = (format!("{who} space"), format!("Only {who} User Policy"));
        realm.make(client, "resource", &json!({ "name": resource, "uri": uri, "scopes": ["view"] }))?;
        realm.make(client, "policy/user", &json!({ "name": policy, "users": [id] }))?;
        permission(realm, client, &format!("{who} space permission"), &resource, &policy)?;
    }
    Ok(())
}

/// One call of the Identity API: a resource with `permissions: {"user": [NAME]}`.
fn protected(realm: &Realm<'_>, client: &str, resource: &str, uri: &str, user: &Value) -> Result<(), String> {
    realm.make(client, "resource", &json!({ "name": resource, "uris": [uri], "scopes": ["view"] }))?;
    let policy = format!("{resource} User Policy");
    realm.make(client, "policy/user", &json!({ "name": policy, "users": [user] }))?;
    permission(realm, client, &format!("{resource} Permission"), resource, &policy)
}

fn permission(
    realm: &Realm<'_>,
    client: &str,
    name: &str,
    resource: &str,
    policy: &str,
) -> Result<(), String> {
    realm.make(
        client,
        "permission/resource",
        &json!({
            "name": name, "type": "resource", "logic": "POSITIVE", "decisionStrategy": "UNANIMOUS",
            "resources": [resource], "policies": [policy]
        }),
    )?;
    let found = realm.of_policy(client, name, "associatedPolicies")?;
    check(
        list(&json!(found)).first().map(word).as_deref() == Some(policy),
        "the policy is found by name",
        &json!(found),
    )
}
