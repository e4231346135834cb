//! Somebody changes things in the console: drift names them, apply puts them back, and nothing else moves.

use serde_json::json;

use crate::proxy::Proxy;
use crate::server::Server;
use crate::tree::{Tree, check, list, same, sorted, word};
use crate::unruly::{Do, Unruly};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("manual::three_changes_are_named_and_put_back", three_changes_are_named_and_put_back),
        newest("manual::what_was_removed_is_missing_and_comes_back", what_was_removed_comes_back),
        newest("manual::what_the_server_did_not_keep_is_no_change_by_hand", not_kept),
    ]
}

fn three_changes_are_named_and_put_back(server: &Server) -> Result<(), String> {
    let name = "live-manual";
    server.fresh_realm(name)?;
    let tree = Tree::example(name)?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    let realm = server.realm(name);

    let (demo, alice) = (realm.client("demo")?, realm.user("alice")?);
    let mut uris = list(&realm.get(&demo)?["redirectUris"]).to_vec();
    check(uris.len() == 1, "the example declares one", &json!(uris))?;
    uris.push(json!("https://evil.example.org/*"));
    realm.change(&demo, &json!({ "redirectUris": uris }))?;
    realm.revoke("alice", "user")?;
    let permission = realm.policy("demo", "Eric space permission")?;
    let path = format!("{}/permission/resource/{}", realm.authz("demo")?, word(&permission["id"]));
    realm.change(&path, &json!({ "policies": ["Only Alice User Policy"] }))?;
    let swapped = realm.of_policy("demo", "Eric space permission", "associatedPolicies")?;
    same("the swap", &swapped, &["Only Alice User Policy"])?;

    let drifted = [
        "changed client/demo",
        "changed client/demo/authz/permission/Eric space permission",
        "changed user/alice",
    ];
    same("drift", &tree.drift(server)?, &drifted)?;
    let ran = tree.run(server, &["drift"])?.expect(2)?;
    for what in ["redirectUris", "https://evil.example.org/*", "Only Alice User Policy", "alice"] {
        ran.says(what)?;
    }

    let proxy = Proxy::before(server)?;
    tree.run_at(&proxy.url, server, &["apply", "--auto-approve"])?.expect(0)?;
    let wanted = [
        format!("PUT /{name}{demo} 204"),
        format!("PUT /{name}{path} 201"),
        format!("POST /{name}{alice}/role-mappings/realm 204"),
    ];
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    same("the writes", &sorted(proxy.writes_beside_ours().into_iter()), &wanted)?;
    same("alice's roles", &realm.roles_of("alice")?, &["user"])?;
    same(
        "policies",
        &realm.of_policy("demo", "Eric space permission", "associatedPolicies")?,
        &["Only Eric User Policy"],
    )?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn what_was_removed_comes_back(server: &Server) -> Result<(), String> {
    let name = "live-manual-missing";
    server.fresh_realm(name)?;
    let tree = Tree::example(name)?;
    tree.apply(server, &[])?;
    let realm = server.realm(name);
    let permission = realm.policy("demo", "Archive permission")?;
    realm.delete(&format!("{}/policy/{}", realm.authz("demo")?, word(&permission["id"])))?;
    realm.delete(&realm.client("demo-app")?)?;
    realm.delete("/roles/user-premium")?;
    let drift = tree.drift(server)?;
    for wanted in [
        "missing client/demo/authz/permission/Archive permission",
        "missing client/demo-app",
        "missing client/demo-app/authz/permission/Eric space permission",
        "missing role/user-premium",
        "changed user/eric",
        "changed client/demo/authz/policy/Role policy",
    ] {
        if !drift.iter().any(|it| it == wanted) {
            return Err(format!("drift lacks {wanted}: {drift:#?}"));
        }
    }
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    same("eric's roles", &realm.roles_of("eric")?, &["user", "user-premium"])?;
    server.no_realm(name)
}

/// A server that takes an update and a create without a word, and does nothing.
fn not_kept(server: &Server) -> Result<(), String> {
    let name = "live-manual-not-kept";
    server.fresh_realm(name)?;
    let tree = Tree::of(name, "roles: { realm: [{ name: one, description: a }] }\n")?;
    tree.apply(server, &[])?;
    tree.manifest("roles: { realm: [{ name: one, description: b }, { name: two }] }\n")?;
    let proxy = Unruly::before(server, |it| {
        let is_lost = (it.method == "PUT" && it.path.contains("/roles")) || it.creates("two");
        if is_lost { Do::Answer(204, "", "") } else { Do::Pass }
    })?;
    tree.run_at(&proxy.url, server, &["apply", "--auto-approve"])?
        .expect(4)?
        .says("still not as declared")?;
    same("drift", &tree.drift(server)?, &["not_kept role/one", "not_kept role/two"])?;
    tree.run(server, &["plan"])?.expect(0)?.says("the server did not keep it")?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}
