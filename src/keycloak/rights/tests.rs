use super::*;
use crate::keycloak::Method;
use base64::Engine as _;
use serde_json::json;

fn token_of(claims: &Value) -> Secret {
    let body = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
    Secret::new(format!("e30.{body}.sig"))
}

#[test]
fn every_path_names_the_role_it_needs() {
    for (method, path, roles) in [
        (Method::Get, "realms/demo", &["view-realm"][..]),
        (Method::Put, "realms/demo", &["manage-realm"]),
        (Method::Post, "realms", &["create-realm"]),
        (Method::Get, "realms", &[]),
        (Method::Get, "serverinfo", &[]),
        (Method::Get, "realms/demo/users?max=1", &["view-users"]),
        (Method::Put, "realms/demo/users/profile", &["manage-realm"]),
        (Method::Post, "realms/demo/users/1/role-mappings/realm", &["manage-users"]),
        (Method::Get, "realms/demo/groups/1/members", &["view-users"]),
        (Method::Get, "realms/demo/roles/x/users", &["view-realm", "view-users"]),
        (Method::Get, "realms/demo/clients/1/roles/x/users", &["view-clients", "view-users"]),
        (Method::Post, "realms/demo/clients", &["manage-clients"]),
        (Method::Get, "realms/demo/client-scopes", &["view-clients"]),
        (Method::Get, "realms/demo/clients/1/authz/resource-server/policy?max=-1", &["view-authorization"]),
        (Method::Post, "realms/demo/clients/1/authz/resource-server/policy/role", &["manage-authorization"]),
        (
            Method::Post,
            "realms/demo/clients/1/authz/resource-server/policy/evaluate",
            &["view-authorization"],
        ),
        (Method::Get, "realms/demo/clients/1/authz/resource-server/settings", &["manage-authorization"]),
        (Method::Delete, "realms/demo/identity-provider/instances/x", &["manage-identity-providers"]),
        (Method::Get, "realms/demo/events/config", &["view-events"]),
        (Method::Post, "realms/demo/organizations", &["manage-organizations"]),
        (Method::Get, "realms/demo/workflows", &["realm-admin"]),
        (Method::Post, "realms/demo/authentication/flows", &["manage-realm"]),
        (Method::Post, "realms/demo/partial-export", &["manage-realm", "view-clients", "view-users"]),
    ] {
        let request = Request { method, path: path.to_owned(), body: None };
        assert_eq!(needs(&request), roles, "{request:?}");
    }
}

#[test]
fn roles_of_a_service_account_are_read_from_its_token() {
    let token = token_of(&json!({
        "iss": "https://sso.example.org/realms/demo",
        "resource_access": {"realm-management": {"roles": ["view-realm", "view-users", "query-clients"]}},
    }));
    let rights = from_token(&token, "demo").unwrap();
    assert_eq!(rights.named("view-realm"), Right::Yes);
    assert_eq!(rights.named("view-users"), Right::Yes);
    assert_eq!(rights.named("view-clients"), Right::No, "query-clients shows empty lists");
    assert_eq!(rights.named("manage-realm"), Right::No);
    assert_eq!(rights.named("partial-export"), Right::No);
    assert_eq!(from_token(&token, "other"), None, "a local account says nothing about another realm");
}

#[test]
fn a_master_account_holds_rights_per_realm_or_all() {
    let one = token_of(&json!({
        "iss": "https://sso.example.org/realms/master",
        "realm_access": {"roles": ["create-realm"]},
        "resource_access": {"demo-realm": {"roles": ["manage-realm", "manage-clients", "view-users"]}},
    }));
    let rights = from_token(&one, "demo").unwrap();
    assert_eq!((rights.named("partial-export"), rights.named("create-realm")), (Right::Yes, Right::Yes));
    assert_eq!(rights.named("manage-users"), Right::No);
    assert_eq!(rights.named("view-authorization"), Right::Unknown, "depends on the server's version");
    assert_eq!(from_token(&one, "other"), None);

    let admin = token_of(&json!({"iss": "x/realms/master", "realm_access": {"roles": ["admin"]}}));
    assert_eq!(from_token(&admin, "other"), Some(Rights::all(Right::Yes)));
    let local = token_of(&json!({"iss": "x/realms/demo", "realm_access": {"roles": ["admin"]}}));
    assert_eq!(from_token(&local, "demo"), None, "a role named admin elsewhere means nothing");
}

#[test]
fn a_token_without_roles_says_nothing() {
    let light = token_of(&json!({"iss": "https://sso.example.org/realms/master", "azp": "admin-cli"}));
    assert_eq!(from_token(&light, "demo"), None);
    for broken in ["", "opaque", "a.b.c", "e30.e30.x"] {
        assert_eq!(from_token(&Secret::new(broken), "demo"), None);
    }
}

#[test]
fn what_probing_leaves_open_is_filled_and_nothing_else() {
    let all = Rights::all(Right::Yes);
    let probed = all.but("manage-users", Right::Unknown).but("view-users", Right::No);
    let by_roles = all.but("view-realm", Right::No);
    assert_eq!(probed.or(by_roles), all.but("view-users", Right::No));
    assert_eq!(rights_client("master", "demo").as_deref(), Some("demo-realm"));
    assert_eq!(rights_client("demo", "demo").as_deref(), Some("realm-management"));
    assert_eq!(rights_client("demo", "other"), None);
}

#[test]
fn exporting_needs_three_rights_and_not_authorization() {
    for (roles, right) in [
        (&["manage-realm", "view-clients", "view-users"][..], Right::Yes),
        (&["manage-realm", "view-clients", "view-authorization"], Right::No),
        (&["view-realm", "view-clients", "view-users"], Right::No),
        (&["realm-admin"], Right::Yes),
    ] {
        let rights = Rights::of_roles(&roles.iter().copied().collect(), false);
        assert_eq!(
            (rights.named("partial-export"), rights.named("create-realm")),
            (right, Right::No),
            "{roles:?}"
        );
    }
}
