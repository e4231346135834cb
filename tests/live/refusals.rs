//! What a run must refuse or cannot do: each says why, in words and as JSON, and nothing was written.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::realm::Realm;
use crate::server::Server;
use crate::tree::{Ran, Tree, check, list, same, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        trial("refusals::a_realm_is_not_created_without_consent", a_new_realm),
        trial("refusals::master_is_not_touched_without_consent", master),
        trial("refusals::wrong_flags_are_usage", usage),
        trial("refusals::another_server_than_allowed_or_expected", another_server),
        trial("refusals::a_damaged_ledger_prunes_nothing_until_it_is_adopted", damaged_ledger),
        trial("refusals::a_ledger_of_a_newer_version_is_left_alone", newer_ledger),
        trial("refusals::a_ledger_of_another_realm_prunes_nothing", foreign_ledger),
        trial("refusals::a_part_of_the_manifests_prunes_nothing", a_part),
        trial("refusals::references_are_looked_up_in_the_realm", references),
        trial("refusals::nobody_gets_what_somebody_else_logs_in_with", an_identity_of_others),
        trial("refusals::what_the_server_would_drop_or_lacks_is_an_error", not_on_this_server),
        Trial {
            name: "refusals::a_field_that_the_oldest_version_lacks",
            needs: Needs::OldestAlone,
            run: a_field_too_new,
        },
    ]
}

pub(crate) const ROLE: &str = "roles: { realm: [{ name: x }] }\n";
pub(crate) const APPLY: &[&str] = &["apply", "--auto-approve"];

/// Applies in text and as JSON: both say why and end with the code, JSON is one document with a reason, and
/// nothing is written.
pub(crate) fn refuses(
    tree: &Tree,
    server: &Server,
    args: &[&str],
    (code, class): (i32, &str),
    says: &[&str],
) -> Result<(), String> {
    let proxy = Proxy::before(server)?;
    let ran = tree.run_at(&proxy.url, server, &[APPLY, args].concat())?.expect(code)?;
    let in_json =
        tree.run_at(&proxy.url, server, &[APPLY, &["--format", "json"], args].concat())?.expect(code)?;
    for text in says {
        ran.says(text)?;
        in_json.says(text)?;
    }
    explains(&in_json, class)?;
    let refused = |it: &String| !it.ends_with(" 403") && !it.ends_with(" 401");
    let done: Vec<String> = proxy.writes().into_iter().filter(refused).collect();
    same("what was written", &done, &[])
}

pub(crate) fn explains(ran: &Ran, class: &str) -> Result<(), String> {
    let json = ran.json()?;
    check(
        json["failure"]["class"] == class
            && !word(&json["failure"]["message"]).is_empty()
            && json["errors"].is_array(),
        &format!("JSON says why, as {class}"),
        &json,
    )
}

fn a_new_realm(server: &Server) -> Result<(), String> {
    let name = "live-refusals-typo";
    server.no_realm(name)?;
    let tree = Tree::of(name, ROLE)?;
    let says = ["does not exist and would be created", "--allow realms=1"];
    refuses(&tree, server, &[], (3, "refused"), &says)?;
    let plan = tree.plan(server, &[])?;
    check(plan.0["applyable"] == false && plan.0["target"]["exists"] == false, "not applyable", &plan.0)?;
    tree.run(server, &["plan", "--detailed-exitcode"])?.expect(3)?;
    let (status, _) = server.call(reqwest::Method::GET, &format!("/{name}"), None)?;
    check(status == 404, "there is no twin", &json!(status.as_u16()))
}

fn master(server: &Server) -> Result<(), String> {
    let tree = Tree::of("master", ROLE)?;
    refuses(&tree, server, &[], (3, "refused"), &["`master` holds the administrators", "--allow master=1"])
}

fn usage(server: &Server) -> Result<(), String> {
    let tree = Tree::of("live-refusals-usage", ROLE)?;
    let nobody = Tree::of("live-refusals-usage", ROLE)?;
    nobody.write("realmwright.yaml", "realms: { live-refusals-usage: { path: . } }\n")?;
    let proxy = Proxy::before(server)?;
    for (tree, args, says) in [
        (&nobody, &["--prune"][..], "--prune needs an owner"),
        (&tree, &["--prune", "--only", "role/x"], "--prune goes with neither --only nor --exclude"),
        (&tree, &["--allow", "everything=1"], "this is `everything=1`"),
        (&tree, &["--allow", "realms"], "--allow takes KEY=N"),
        (&tree, &["--env", "nowhere"], "nowhere"),
        (&tree, &["--realm", "another"], "no manifest declares realm `another`"),
    ] {
        let ran =
            tree.run_at(&proxy.url, server, &[APPLY, &["--format", "json"], args].concat())?.expect(64)?;
        ran.says(says)?;
        check(ran.json()?["exit_code"] == 64, "usage is told in JSON, too", &json!(ran.out))?;
    }
    same("what was sent", &proxy.writes(), &[])
}

fn another_server(server: &Server) -> Result<(), String> {
    let name = "live-refusals-where";
    server.fresh_realm(name)?;
    let mut tree = Tree::of(name, ROLE)?;
    tree.set("REALMWRIGHT_ALLOWED_SERVERS", "https://sso.example.org");
    let proxy = Proxy::before(server)?;
    for command in [&["plan"][..], &["drift"], APPLY] {
        let args = [command, &["--format", "json"]].concat();
        let ran = tree.run_at(&proxy.url, server, &args)?.expect(3)?;
        ran.says("is not among REALMWRIGHT_ALLOWED_SERVERS (https://sso.example.org)")?;
        explains(&ran, "refused")?;
    }
    check(proxy.passed().is_empty(), "nothing is sent, not even a login", &json!(proxy.passed().len()))?;

    let tree = Tree::of(name, ROLE)?;
    let project = |url: &str, issuer: &str| {
        format!(
            "owner: team\nrealms: {{ {name}: {{ path: . }} }}\nenvironments: {{ prod: {{ server: {url}, issuer: \"{issuer}\" }} }}\n"
        )
    };
    tree.write("realmwright.yaml", &project(&proxy.url, "https://sso.example.org"))?;
    let ran = tree.run_at(&proxy.url, server, &[APPLY, &["--env", "prod", "--format", "json"]].concat())?;
    ran.says("the environment's issuer is https://sso.example.org: this is another server")?;
    explains(&ran.expect(3)?, "refused")?;
    same("nothing was written", &proxy.writes(), &[])?;
    tree.write("realmwright.yaml", &project("https://sso.example.org", "https://sso.example.org"))?;
    let ran = tree.run_at(&proxy.url, server, &[APPLY, &["--env", "prod"]].concat())?;
    ran.expect(1)?.says("they must be the same")?;
    tree.write("realmwright.yaml", &project(&server.url, &server.url))?;
    tree.run(server, &[APPLY, &["--env", "prod"]].concat())?.expect(0)?;
    server.no_realm(name)
}

/// Replaces what the ledger of `team` holds.
fn set_ledger(realm: &Realm<'_>, value: &Value) -> Result<(), String> {
    realm.change(
        &realm.client("realmwright-ledger-team")?,
        &json!({ "attributes": { "realmwright.ledger": value } }),
    )
}

/// Plans and applies as usual, prunes nothing, and heals by `--adopt` alone.
fn heals(tree: &Tree, server: &Server, says: &str) -> Result<(), String> {
    let realm = server.realm(&tree.realm);
    tree.manifest("roles: { realm: [{ name: x, description: d }, { name: y, description: d }] }\n")?;
    tree.plan(server, &[])?;
    let plan = tree.plan(server, &["--prune"])?;
    same("the plan refuses to prune", &plan.refusals(), &["ledger realm"])?;
    refuses(tree, server, &["--prune"], (3, "refused"), &[says, "pruning is refused", "apply --adopt"])?;
    tree.apply(server, &[])?;
    check(realm.get("/roles/y")?["name"] == "y", "an apply does its work", &Value::Null)?;
    tree.manifest("roles: { realm: [{ name: x, description: d }] }\n")?;
    // A plain apply does not make a trustworthy one of it.
    refuses(tree, server, &["--prune"], (3, "refused"), &[says, "pruning is refused"])?;
    tree.manifest("roles: { realm: [{ name: x, description: d }, { name: y, description: d }] }\n")?;
    tree.apply(server, &["--adopt"])?;
    tree.is_clean(server)?;
    tree.manifest("roles: { realm: [{ name: x, description: d }] }\n")?;
    tree.apply(server, &["--prune"])?;
    let (status, _) = server.call(reqwest::Method::GET, &format!("/{}/roles/y", tree.realm), None)?;
    check(status == 404, "it is pruned again", &json!(status.as_u16()))?;
    server.no_realm(&tree.realm)
}

fn damaged_ledger(server: &Server) -> Result<(), String> {
    let name = "live-refusals-damaged";
    server.fresh_realm(name)?;
    let tree = Tree::of(name, ROLE)?;
    tree.apply(server, &[])?;
    set_ledger(&server.realm(name), &json!("not a ledger at all"))?;
    heals(&tree, server, "the ledger is damaged")
}

fn newer_ledger(server: &Server) -> Result<(), String> {
    let name = "live-refusals-newer";
    server.fresh_realm(name)?;
    let tree = Tree::of(name, ROLE)?;
    tree.apply(server, &[])?;
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(br#"{"format":2}"#).map_err(|it| it.to_string())?;
    let packed = STANDARD.encode(packed.finish().map_err(|it| it.to_string())?);
    set_ledger(&server.realm(name), &json!(packed))?;
    tree.manifest("roles: { realm: [{ name: x, description: d }] }\n")?;
    tree.plan(server, &[])?;
    for args in [&[][..], &["--adopt"]] {
        refuses(
            &tree,
            server,
            args,
            (3, "refused"),
            &["the ledger was written by a newer version (format 2)"],
        )?;
    }
    server.no_realm(name)
}

fn foreign_ledger(server: &Server) -> Result<(), String> {
    let (name, other) = ("live-refusals-moved", "live-refusals-origin");
    server.fresh_realm(other)?;
    Tree::of(other, "roles: { realm: [{ name: x }, { name: z }] }\n")?.apply(server, &[])?;
    let origin = server.realm(other);
    let ledger = origin.get(&origin.client("realmwright-ledger-team")?)?;
    server.fresh_realm(name)?;
    let tree = Tree::of(name, ROLE)?;
    tree.apply(server, &[])?;
    let realm = server.realm(name);
    realm.post("/roles", &json!({ "name": "z" }))?;
    set_ledger(&realm, &ledger["attributes"]["realmwright.ledger"])?;
    // What the other realm's ledger lists is nobody's here.
    let plan = tree.plan(server, &["--prune"])?;
    check(!plan.changes().contains(&"delete role/z".to_owned()), "not ours", &json!(plan.changes()))?;
    server.no_realm(other)?;
    heals(&tree, server, "the ledger belongs to a realm with another id")
}

fn a_part(server: &Server) -> Result<(), String> {
    let name = "live-refusals-part";
    server.fresh_realm(name)?;
    let tree = Tree::of(name, "")?;
    for part in ["a", "b"] {
        tree.write(
            &format!("{part}/roles.yaml"),
            &format!("realm: {name}\nroles: {{ realm: [{{ name: {part}1 }}, {{ name: {part}2 }}] }}\n"),
        )?;
    }
    tree.apply(server, &[])?;
    tree.edit("a/roles.yaml", "{ name: a2 }", "{ name: a3 }")?;
    let says = ["the last full apply covered ., and this run covers a", "pruning is refused"];
    refuses(&tree, server, &["--prune", "a"], (3, "refused"), &says)?;
    tree.apply(server, &["a"])?;
    let realm = server.realm(name);
    let names = |realm: &Realm<'_>| -> Result<Vec<String>, String> {
        let rows = realm.get("/roles?max=-1")?;
        Ok(list(&rows).iter().map(|it| word(&it["name"])).filter(|it| it.len() == 2).collect())
    };
    same("nothing is gone", &names(&realm)?, &["a1", "a2", "a3", "b1", "b2"])?;
    refuses(&tree, server, &["--prune", "a"], (3, "refused"), &says)?;
    // A part that was applied is not what the ledger takes for all.
    tree.apply(server, &["--prune"])?;
    same("the whole may prune", &names(&realm)?, &["a1", "a3", "b1", "b2"])?;
    server.no_realm(name)
}

fn references(server: &Server) -> Result<(), String> {
    let name = "live-refusals-references";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    realm.post("/roles", &json!({ "name": "theirs" }))?;
    realm.post("/users", &json!({ "username": "bob", "enabled": true }))?;
    let manifest = |role: &str, user: &str| {
        format!(
            "groups: [{{ name: g, realmRoles: [{role}] }}]\nclients:\n  - clientId: app\n    serviceAccountsEnabled: true\n    authorizationServicesEnabled: true\n    authorizationSettings: {{ policies: [{{ name: p, type: user, users: [{user}] }}] }}\n"
        )
    };
    let tree = Tree::of(name, &manifest("thiers", "bob"))?;
    let project = format!("owner: team\nexternal: [role/*, user/*]\nrealms: {{ {name}: {{ path: . }} }}\n");
    tree.write("realmwright.yaml", &project)?;
    let says = ["RW0501", "unknown role `thiers`", "did you mean `theirs`?"];
    refuses(&tree, server, &[], (1, "input"), &says)?;
    tree.run(server, &["plan"])?.expect(1)?;
    tree.manifest(&manifest("theirs", "bobby"))?;
    refuses(&tree, server, &[], (1, "input"), &["RW0501", "unknown user `bobby`"])?;
    tree.manifest(&manifest("theirs", "bob"))?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn an_identity_of_others(server: &Server) -> Result<(), String> {
    let name = "live-refusals-identity";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    realm.post("/identity-provider/instances", &json!({ "alias": "hub", "providerId": "oidc" }))?;
    realm.post("/users", &json!({ "username": "bob", "enabled": true }))?;
    let bob = realm.user("bob")?;
    realm.post(&format!("{bob}/federated-identity/hub"), &json!({ "userId": "x-1" }))?;
    let manifest = |id: &str| {
        format!(
            "users:\n  - username: eve\n    federatedIdentities: [{{ identityProvider: hub, userId: {id} }}]\n"
        )
    };
    let tree = Tree::of(name, &manifest("x-1"))?;
    let project =
        format!("owner: team\nexternal: [identity-provider/*]\nrealms: {{ {name}: {{ path: . }} }}\n");
    tree.write("realmwright.yaml", &project)?;
    let says = ["RW0318", "user `bob` and user `eve` have the same `userId` at identity provider `hub`"];
    refuses(&tree, server, &[], (1, "input"), &says)?;
    tree.manifest(&manifest("x-2"))?;
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    // Only she is ours, so her own does not wait for anybody.
    tree.manifest("users: [{ username: bob, enabled: true }]\n")?;
    tree.run(server, &["plan"])?.expect(0)?;
    server.no_realm(name)
}

fn not_on_this_server(server: &Server) -> Result<(), String> {
    let name = "live-refusals-lacks";
    server.fresh_realm(name)?;
    let tree = Tree::of(
        name,
        "users: [{ username: eric, email: e@example.org, firstName: E, lastName: E, attributes: { shoe: [\"44\"] } }]\n",
    )?;
    refuses(
        &tree,
        server,
        &[],
        (1, "input"),
        &["RW0507", "Keycloak would drop attribute `shoe` of user `eric`"],
    )?;
    tree.manifest("users: [{ username: ab, email: e@example.org, firstName: E, lastName: E }]\n")?;
    refuses(&tree, server, &[], (1, "input"), &["RW0510", "at least 3 characters"])?;
    let app = |policies: &str| {
        format!(
            "clients:\n  - clientId: app\n    serviceAccountsEnabled: true\n    authorizationServicesEnabled: true\n    authorizationSettings: {{ policies: [{policies}] }}\n"
        )
    };
    // The server is asked through a client that has authorization.
    tree.manifest(&app(""))?;
    tree.apply(server, &[])?;
    tree.manifest(&app("{ name: p, type: js, code: $evaluation.grant() }"))?;
    refuses(
        &tree,
        server,
        &[],
        (1, "input"),
        &["RW0508", "this server has no type of policy `js`", "--features=scripts"],
    )?;
    server.no_realm(name)
}

fn a_field_too_new(server: &Server) -> Result<(), String> {
    let name = "live-refusals-old";
    server.fresh_realm(name)?;
    let tree = Tree::of(name, "groups: [{ name: g, description: d }]\n")?;
    refuses(&tree, server, &[], (1, "input"), &["description", "26.0"])?;
    server.no_realm(name)
}
