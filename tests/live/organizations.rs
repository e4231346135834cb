//! Organizations with people in them: who came through the identity provider of one, one that is disabled, and one that
//! permissions hide.

use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::refusals::{APPLY, refuses};
use crate::server::Server;
use crate::tokens::form;
use crate::tree::{Plan, Tree, check, list, same, sorted, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, needs, run| Trial { name, needs, run };
    vec![
        trial("organizations::keep_who_came_through_their_identity_provider", Needs::Newest, people),
        trial("organizations::keep_who_came_through_it_on_the_oldest_version", Needs::Oldest, people),
        trial(
            "organizations::that_are_disabled_switch_off_their_identity_providers",
            Needs::Newest,
            disabled,
        ),
        trial("organizations::that_permissions_hide_are_unknown", Needs::Newest, hidden),
        trial("organizations::keep_groups_of_others_as_they_are", Needs::Newest, neighbours),
    ]
}

const BACK: &str = "https://web.example.org/back";

/// One person logs in through the identity provider of an organization, another one is a member by a manifest.
fn people(server: &Server) -> Result<(), String> {
    let (name, home) = ("live-organizations", "live-organizations-home");
    server.no_realm(name)?;
    make_home(server, home, name)?;
    let tree = Tree::creating(name)?;
    let organization = |members: &[&str]| json!({ "alias": "acme", "domains": ["acme.example.org"], "members": members, "identityProviders": ["home"] });
    // The user is in so many that it is asked for them, and not they for their members.
    let others: Vec<Value> = ["a", "b", "c", "d", "e", "f", "g"]
        .map(|it| json!({ "alias": it, "domains": [format!("{it}.example.org")], "members": ["ann"] }))
        .into();
    let declared = |organizations: &[Value]| manifest(server, home, &[organizations, &others].concat());
    tree.declare(&declared(&[organization(&["ann"])]))?;
    tree.run(server, APPLY)?.expect(0)?;
    let realm = server.realm(name);
    log_in(server, name)?;
    let id = word(&realm.row("/organizations", "alias", "acme")?["id"]);
    let members = || -> Result<Vec<String>, String> {
        let rows = realm.get(&format!("/organizations/{id}/members"))?;
        Ok(sorted(
            list(&rows).iter().map(|it| format!("{} {}", word(&it["membershipType"]), word(&it["username"]))),
        ))
    };
    same("who is in it", &members()?, &["MANAGED joe", "UNMANAGED ann"])?;

    // Nobody mentions the person, and members are declared to be nobody.
    tree.is_clean(server)?;
    tree.declare(&declared(&[organization(&[])]))?;
    same("the plan", &tree.plan(server, &[])?.changes(), &["update organization/acme"])?;
    tree.apply(server, &[])?;
    same("who stays", &members()?, &["MANAGED joe"])?;
    tree.is_clean(server)?;

    // The organization would take the person along.
    tree.declare(&declared(&[]))?;
    let prune = ["--prune", "--allow", "hazards=9", "--allow", "deletes=9"];
    let says = [
        "--allow cascade=1",
        "deleting organization `acme` takes user `joe`, which these manifests do not own",
    ];
    refuses(&tree, server, &prune, (3, "refused"), &says)?;
    same("nobody went", &members()?, &["MANAGED joe"])?;
    let plan = tree.plan(server, &["--prune"])?;
    same("what goes", &plan.cascades(), &["disappears user/joe"])?;
    tree.apply(server, &[&prune[..], &["--allow", "cascade=1"]].concat())?;
    check(realm.row("/users", "username", "joe")?.is_null(), "the person is gone", &Value::Null)?;
    check(!realm.row("/users", "username", "ann")?.is_null(), "the user is there", &Value::Null)?;
    tree.is_clean(server)?;
    server.no_realm(home)?;
    server.no_realm(name)
}

/// A realm through which people log in elsewhere.
fn make_home(server: &Server, home: &str, name: &str) -> Result<(), String> {
    server.fresh_realm(home)?;
    let back = format!("{}/realms/{name}/broker/home/endpoint", server.url);
    let realm = server.realm(home);
    realm.post(
        "/clients",
        &json!({ "clientId": "elsewhere", "secret": "broker-secret", "redirectUris": [back] }),
    )?;
    let person = json!({ "username": "joe", "enabled": true, "email": "joe@acme.example.org", "firstName": "J", "lastName": "O",
        "credentials": [{ "type": "password", "value": "joe-password" }] });
    realm.post("/users", &person)
}

fn manifest(server: &Server, home: &str, organizations: &[Value]) -> Value {
    let openid = format!("{}/realms/{home}/protocol/openid-connect", server.url);
    json!({
        "organizationsEnabled": true,
        "users": [{ "username": "ann" }],
        // What stays, so that little of all goes.
        "roles": { "realm": (0..12).map(|it| json!({ "name": format!("role {it}") })).collect::<Vec<_>>() },
        "clients": [{ "clientId": "web", "publicClient": true, "redirectUris": [BACK] }],
        "identityProviders": [{ "alias": "home", "providerId": "oidc", "trustEmail": true, "config": {
            "clientId": "elsewhere", "clientSecret": "broker-secret", "clientAuthMethod": "client_secret_post", "defaultScope": "openid profile email",
            "authorizationUrl": format!("{openid}/auth"), "tokenUrl": format!("{openid}/token"), "jwksUrl": format!("{openid}/certs"), "useJwksUrl": "true",
        } }],
        "organizations": organizations,
    })
}

/// Logs in through the identity provider, with a browser that knows nobody.
fn log_in(server: &Server, name: &str) -> Result<(), String> {
    let address = format!(
        "{}/realms/{name}/protocol/openid-connect/auth?client_id=web&redirect_uri={BACK}&response_type=code&scope=openid&kc_idp_hint=home",
        server.url
    );
    let value = |field: &str| match field {
        "username" => Some("joe".to_owned()),
        "password" => Some("joe-password".to_owned()),
        _ => None,
    };
    form::reaches(&address, BACK, &value).map(drop)
}

/// Identity providers read as disabled with their organization, and nobody may make that last.
fn disabled(server: &Server) -> Result<(), String> {
    let name = "live-organizations-off";
    server.no_realm(name)?;
    let tree = Tree::creating(name)?;
    let declared = |enabled: Option<bool>, shown: &str| {
        let mut organization =
            json!({ "alias": "acme", "domains": ["acme.example.org"], "identityProviders": ["home"] });
        organization
            .as_object_mut()
            .into_iter()
            .for_each(|it| it.extend(enabled.map(|on| ("enabled".to_owned(), json!(on)))));
        let config = json!({ "clientId": "us", "authorizationUrl": "https://h.example.org/auth", "tokenUrl": "https://h.example.org/token" });
        json!({
            "organizationsEnabled": true,
            "identityProviders": [{ "alias": "home", "providerId": "oidc", "displayName": shown, "config": config }],
            "organizations": [organization],
        })
    };
    let hazards = ["--allow", "hazards=9"];
    tree.declare(&declared(None, "Home"))?;
    tree.run(server, APPLY)?.expect(0)?;
    tree.declare(&declared(Some(false), "Home"))?;
    tree.apply(server, &hazards)?;
    tree.is_clean(server)?;
    let realm = server.realm(name);
    let provider = || realm.get("/identity-provider/instances/home");
    check(provider()?["enabled"] == false, "it reads as disabled", &provider()?)?;

    tree.declare(&declared(None, "Our home"))?;
    let proxy = Proxy::before(server)?;
    let ran = tree.run_at(&proxy.url, server, &[APPLY, &hazards].concat())?.expect(1)?;
    ran.says("identity provider `home` is of organization `acme`, which is disabled")?;
    same("what was written", &proxy.writes(), &[])?;

    // The organization goes first, and what was written after that is no longer disabled.
    tree.declare(&declared(Some(true), "Our home"))?;
    tree.apply(server, &hazards)?;
    let is = provider()?;
    check(is["enabled"] == true && is["displayName"] == "Our home", "it is on, and called so", &is)?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

/// Fine-grained permissions show one organization of two, and none of its members.
fn hidden(server: &Server) -> Result<(), String> {
    let name = "live-organizations-part";
    server.no_realm(name)?;
    let mut tree = Tree::creating(name)?;
    let declared = |aliases: &[&str], members: &[&str]| {
        let organization = |alias: &&str| json!({ "alias": alias, "domains": [format!("{alias}.example.org")], "members": members, "groups": [{ "name": "all", "members": members }] });
        json!({
            "organizationsEnabled": true,
            "adminPermissionsEnabled": true,
            "users": [{ "username": "ann" }],
            "organizations": aliases.iter().map(organization).collect::<Vec<_>>(),
        })
    };
    tree.declare(&declared(&["shown", "hidden"], &["ann"]))?;
    tree.run(server, APPLY)?.expect(0)?;
    let realm = server.realm(name);
    let shown = realm.row("/organizations", "alias", "shown")?["id"].clone();
    let roles = ["query-organizations", "query-users", "view-realm", "view-clients"];
    realm.sees_one(&roles, "Organizations", &shown)?;

    let administrator = server.user.clone();
    tree.set("REALMWRIGHT_USER", "part");
    tree.set("REALMWRIGHT_PASSWORD", "part-password");
    let as_part =
        |args: &[&str]| tree.run(server, &[args, &["--auth-realm", name, "--format", "json"]].concat());
    let plan = Plan(as_part(&["plan"])?.json()?);
    let unknown = plan.refusals();
    for address in ["organization/hidden", "organization/shown", "organization/shown/group/all"] {
        let is_unknown = unknown.contains(&format!("unknown {address}"));
        check(is_unknown, &format!("{address} is unknown"), &json!(unknown))?;
    }
    same("the plan", &plan.changes(), &[])?;
    // What nobody declares any more is not taken for gone, and stays.
    tree.declare(&declared(&[], &[]))?;
    let plan = Plan(as_part(&["plan", "--prune"])?.json()?);
    let changes = plan.changes();
    let is_touched = changes.iter().any(|it| it.contains("organization/hidden"));
    check(!is_touched, "nothing is done to what is hidden", &json!(changes))?;
    let stays = plan.left_behind().contains(&"organization/hidden".to_owned());
    check(stays, "it is told that it stays", &plan.0["left_behind"])?;
    tree.set("REALMWRIGHT_USER", &administrator);
    server.no_realm(name)
}

/// Somebody else has groups beside ours, below ours and in another organization, with people in them.
fn neighbours(server: &Server) -> Result<(), String> {
    let name = "live-organizations-beside";
    server.no_realm(name)?;
    let tree = Tree::creating(name)?;
    let declared = |groups: Value| {
        json!({
            "organizationsEnabled": true,
            // What stays, so that little of all goes.
            "roles": { "realm": (0..12).map(|it| json!({ "name": format!("role{it}") })).collect::<Vec<_>>() },
            "users": [{ "username": "ann" }, { "username": "bob" }],
            "organizations": [{ "alias": "acme", "domains": ["acme.example.org"], "members": ["ann", "bob"], "groups": groups }],
        })
    };
    let ours = |floor: &str, members: &[&str]| json!([{ "name": "ours", "attributes": { "floor": [floor] }, "realmRoles": [format!("role{floor}")], "members": members }]);
    tree.declare(&declared(ours("1", &["ann"])))?;
    tree.run(server, APPLY)?.expect(0)?;
    let realm = server.realm(name);
    realm.post(
        "/organizations",
        &json!({ "alias": "other", "name": "Other", "domains": [{ "name": "other.example.org" }] }),
    )?;
    let bob = word(&realm.get(&realm.user("bob")?)?["id"]);
    let role = realm.get("/roles/role0")?;
    let path = |alias: &str| -> Result<String, String> {
        Ok(format!("/organizations/{}", word(&realm.row("/organizations", "alias", alias)?["id"])))
    };
    let all = |path: &str| realm.get(&format!("{path}/groups?search=*&briefRepresentation=false"));
    let [acme, other] = [path("acme")?, path("other")?];
    realm.post(&format!("{other}/members"), &json!(bob))?;
    for organization in [&acme, &other] {
        let theirs =
            json!({ "name": "theirs", "description": "Not ours", "attributes": { "k": ["b", "a"] } });
        realm.post(&format!("{organization}/groups"), &theirs)?;
        let rows = all(organization)?;
        for group in list(&rows) {
            let own = format!("{organization}/groups/{}", word(&group["id"]));
            realm.post(&format!("{own}/children"), &json!({ "name": "their own" }))?;
        }
        let theirs = list(&rows)
            .iter()
            .find(|it| it["name"] == "theirs")
            .map(|it| word(&it["id"]))
            .ok_or("no group")?;
        realm.put(&format!("{organization}/groups/{theirs}/members/{bob}"), &json!({}))?;
        realm.post(&format!("{organization}/groups/{theirs}/role-mappings/realm"), &json!([role]))?;
    }
    // What they have, and who is in it.
    let snapshot = || -> Result<Vec<Value>, String> {
        let mut seen = Vec::new();
        for organization in [&acme, &other] {
            for group in list(&all(organization)?).iter().filter(|it| it["name"] != "ours") {
                let own = format!("{organization}/groups/{}", word(&group["id"]));
                seen.push(json!([group, realm.get(&format!("{own}/members"))?]));
            }
        }
        Ok(seen)
    };
    let before = snapshot()?;
    check(before.len() == 5, "five groups are theirs", &json!(before))?;
    tree.is_clean(server)?;
    for (floor, members) in [("2", &[][..]), ("3", &["ann"])] {
        tree.declare(&declared(ours(floor, members)))?;
        tree.apply(server, &["--prune"])?;
        tree.is_clean(server)?;
        check(snapshot()? == before, "theirs is as before", &json!([before, snapshot()?]))?;
    }
    // What is below ours goes with it, with a yes.
    tree.declare(&declared(json!([])))?;
    let says = [
        "deleting organization group `ours` takes organization group `their own`, which these manifests do not own",
    ];
    refuses(&tree, server, &["--prune"], (3, "refused"), &says)?;
    tree.apply(server, &["--prune", "--allow", "cascade=1"])?;
    tree.is_clean(server)?;
    check(snapshot()?.len() == 4, "the others are there", &json!(snapshot()?))?;
    server.no_realm(name)
}
