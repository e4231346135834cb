//! Links: what was there before the first apply is tolerated; from then on they are exactly as declared.

use serde_json::{Value, json};

use crate::server::Server;
use crate::tree::{Tree, check, list, same, sorted, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("links::extra_links_are_tolerated_once_and_exact_later", tolerated_once_and_exact_later),
        newest("links::composites_and_client_scopes_are_exact_too", composites_and_client_scopes),
        newest("links::without_an_owner_links_are_only_added", without_an_owner),
    ]
}

fn manifest(roles: &str) -> String {
    format!(
        "roles: {{ realm: [{{ name: user }}, {{ name: second }}] }}\ngroups: [{{ name: team }}]\nusers:\n  - {{ username: eric, email: eric@example.org, firstName: E, lastName: E, realmRoles: [{roles}], groups: [/team] }}\n"
    )
}

fn tolerated_once_and_exact_later(server: &Server) -> Result<(), String> {
    let name = "live-links";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    for role in ["user", "before", "outside"] {
        realm.post("/roles", &json!({ "name": role }))?;
    }
    realm.post("/groups", &json!({ "name": "before" }))?;
    let user = json!({ "username": "eric", "enabled": true, "groups": ["/before"] });
    realm.post("/users", &user)?;
    realm.grant("eric", "before")?;

    let tree = Tree::of(name, &manifest("user"))?;
    let plan = tree.plan(server, &[])?;
    same(
        "tolerated",
        &plan.tolerated(),
        &["user/eric/groups: group/before", "user/eric/realmRoles: role/before"],
    )?;
    tree.apply(server, &[])?;
    same("roles after first contact", &realm.roles_of("eric")?, &["before", "user"])?;
    same("groups after first contact", &realm.groups_of("eric")?, &["/before", "/team"])?;
    tree.is_clean(server)?;

    // Granted outside: drift, and gone with the next apply. What was there before stays.
    realm.grant("eric", "outside")?;
    same("granted outside", &tree.drift(server)?, &["unexpected user/eric"])?;
    tree.apply(server, &[])?;
    same("exact from now on", &realm.roles_of("eric")?, &["before", "user"])?;
    // Removed outside: drift, and back with the next apply.
    realm.revoke("eric", "user")?;
    same("removed outside", &tree.drift(server)?, &["changed user/eric"])?;
    tree.apply(server, &[])?;
    same("back", &realm.roles_of("eric")?, &["before", "user"])?;
    // Both at once.
    realm.revoke("eric", "user")?;
    realm.grant("eric", "outside")?;
    tree.apply(server, &[])?;
    same("both repaired", &realm.roles_of("eric")?, &["before", "user"])?;

    // Declared, and declared no longer: a link needs no --prune.
    tree.manifest(&manifest("user, second"))?;
    same("pending", &tree.drift(server)?, &["pending user/eric"])?;
    tree.apply(server, &[])?;
    same("one more", &realm.roles_of("eric")?, &["before", "second", "user"])?;
    tree.manifest(&manifest("user"))?;
    tree.apply(server, &[])?;
    same("one less", &realm.roles_of("eric")?, &["before", "user"])?;
    // Not even what is tolerated, when asked.
    tree.apply(server, &["--adopt-exact", "user/eric"])?;
    same("exactly these", &realm.roles_of("eric")?, &["user"])?;
    same("exactly these", &realm.groups_of("eric")?, &["/team"])?;
    // None at all; the default role stays.
    tree.manifest(&manifest(""))?;
    tree.apply(server, &[])?;
    same("none", &realm.roles_of("eric")?, &[])?;
    let all = realm.get(&format!("{}/role-mappings/realm", realm.user("eric")?))?;
    check(list(&all).len() == 1, "the default role stays", &all)?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn composites_and_client_scopes(server: &Server) -> Result<(), String> {
    let name = "live-links-more";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    for role in ["whole", "before"] {
        realm.post("/roles", &json!({ "name": role }))?;
    }
    let composites = |names: &[&str]| -> Result<Value, String> {
        names
            .iter()
            .map(|it| realm.get(&format!("/roles/{it}")))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::from)
    };
    realm.post("/roles/whole/composites", &composites(&["before"])?)?;
    let manifest = |parts: &str, scopes: &str| {
        format!(
            "roles:\n  realm: [{{ name: a }}, {{ name: b }}, {{ name: whole, composites: {{ realm: [{parts}] }} }}]\nclientScopes: [{{ name: x, protocol: openid-connect }}, {{ name: y, protocol: openid-connect }}]\nclients: [{{ clientId: app, defaultClientScopes: [profile, {scopes}], optionalClientScopes: [] }}]\n"
        )
    };
    let tree = Tree::of(name, &manifest("a, b", "x, y"))?;
    tree.apply(server, &[])?;
    let parts = || -> Result<Vec<String>, String> {
        Ok(sorted(list(&realm.get("/roles/whole/composites")?).iter().map(|it| word(&it["name"]))))
    };
    let scopes = |list_name: &str| -> Result<Vec<String>, String> {
        let rows = realm.get(&format!("{}/{list_name}", realm.client("app")?))?;
        let own = list(&rows).iter().map(|it| word(&it["name"]));
        Ok(sorted(own.filter(|it| !["basic", "acr", "web-origins", "roles"].contains(&it.as_str()))))
    };
    same("parts", &parts()?, &["a", "b", "before"])?;
    same("scopes", &scopes("default-client-scopes")?, &["profile", "x", "y"])?;
    same("no optional ones", &scopes("optional-client-scopes")?, &[])?;
    tree.is_clean(server)?;

    realm.delete_with("/roles/whole/composites", &composites(&["a"])?)?;
    let (app, y) = (realm.client("app")?, realm.client_scope("y")?.replace("/client-scopes/", ""));
    realm.delete(&format!("{app}/default-client-scopes/{y}"))?;
    let email = realm.client_scope("email")?.replace("/client-scopes/", "");
    realm.put(&format!("{app}/optional-client-scopes/{email}"), &json!({}))?;
    same(
        "drift",
        &tree.drift(server)?,
        &["changed client/app", "changed role/whole", "unexpected client/app"],
    )?;
    tree.manifest(&manifest("a", "x"))?;
    tree.apply(server, &[])?;
    same("parts", &parts()?, &["a", "before"])?;
    same("scopes", &scopes("default-client-scopes")?, &["profile", "x"])?;
    same("no optional ones", &scopes("optional-client-scopes")?, &[])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn without_an_owner(server: &Server) -> Result<(), String> {
    let name = "live-links-nobody";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let tree = Tree::of(name, &manifest("user"))?;
    tree.write("realmwright.yaml", &format!("realms: {{ {name}: {{ path: . }} }}\n"))?;
    tree.apply(server, &[])?;
    realm.post("/roles", &json!({ "name": "outside" }))?;
    realm.grant("eric", "outside")?;
    tree.is_clean(server)?;
    realm.revoke("eric", "user")?;
    tree.apply(server, &[])?;
    same("only added", &realm.roles_of("eric")?, &["outside", "user"])?;
    let clients = realm.get("/clients")?;
    let left = list(&clients).iter().any(|it| word(&it["clientId"]).starts_with("realmwright-"));
    check(!left, "neither ledger nor lock stays", &clients)?;
    server.no_realm(name)
}
