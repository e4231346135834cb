//! Incidents and secrets: what somebody disabled or changed outside waits for a yes; versions that grow rotate.

use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::realm::Realm;
use crate::server::Server;
use crate::tree::{Tree, check, same};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        newest("secrets::what_was_disabled_waits_for_a_yes", what_was_disabled_waits),
        newest("secrets::a_secret_changed_outside_waits_and_a_grown_version_rotates", client_secrets),
        newest("secrets::a_plan_needs_no_secret_and_an_apply_names_what_it_lacks", a_plan_needs_no_secret),
        newest("secrets::a_password_is_sent_again_when_its_version_grows", passwords),
        newest("secrets::a_first_version_is_newer_than_none", first_versions),
        newest("secrets::what_is_asked_for_is_sent_once", asked_for),
    ]
}

fn manifest(secret: &str, password: &str) -> String {
    format!(
        "users:\n  - username: eric\n    enabled: true\n    email: eric@example.org\n    firstName: E\n    lastName: E\n    credentials: [{{ type: password, value: {{ fromEnv: PASSWORD{password} }} }}]\nclients:\n  - clientId: demo\n    enabled: true\n    serviceAccountsEnabled: true\n    secret: {{ fromEnv: SECRET{secret} }}\n"
    )
}

fn start(server: &Server, name: &str) -> Result<Tree, String> {
    server.fresh_realm(name)?;
    let mut tree = Tree::of(name, &manifest(", version: 1", ", version: 1"))?;
    tree.set("SECRET", "first-secret");
    tree.set("PASSWORD", "first-password");
    tree.apply(server, &[])?;
    tree.is_clean(server)?;
    Ok(tree)
}

fn account_works(realm: &Realm<'_>, secret: &str) -> Result<bool, String> {
    let form = [("grant_type", "client_credentials"), ("client_id", "demo"), ("client_secret", secret)];
    Ok(realm.server.token(realm.name, &form)?.0.is_success())
}

fn login_works(realm: &Realm<'_>, password: &str) -> Result<bool, String> {
    let form = [
        ("grant_type", "password"),
        ("client_id", "admin-cli"),
        ("username", "eric"),
        ("password", password),
    ];
    Ok(realm.server.token(realm.name, &form)?.0.is_success())
}

fn what_was_disabled_waits(server: &Server) -> Result<(), String> {
    let name = "live-disabled";
    let tree = start(server, name)?;
    let realm = server.realm(name);
    let (eric, demo) = (realm.user("eric")?, realm.client("demo")?);
    realm.change(&eric, &json!({ "enabled": false, "firstName": "X" }))?;
    realm.change(&demo, &json!({ "enabled": false }))?;
    let plan = tree.plan(server, &[])?;
    same("held back", &plan.held_back(), &["reenables client/demo", "reenables user/eric"])?;
    same("the rest is done", &plan.changes(), &["update user/eric"])?;
    let drift = tree.drift(server)?;
    check(drift.iter().any(|it| it.ends_with(" client/demo")), "it is drift", &json!(drift))?;

    let ran = tree.apply(server, &[])?;
    ran.says("reenables")?;
    let now = realm.get(&eric)?;
    check(now["enabled"] == false && now["firstName"] == "E", "still disabled, otherwise repaired", &now)?;
    check(realm.get(&demo)?["enabled"] == false, "still disabled", &Value::Null)?;
    tree.refused(server, &["--allow", "reenables=1"])?.says("reenables=2")?;
    tree.apply(server, &["--allow", "reenables=2"])?;
    check(realm.get(&eric)?["enabled"] == true, "enabled again", &Value::Null)?;
    check(realm.get(&demo)?["enabled"] == true, "enabled again", &Value::Null)?;
    check(login_works(&realm, "first-password")?, "and eric can log in", &Value::Null)?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn client_secrets(server: &Server) -> Result<(), String> {
    let name = "live-secrets";
    let mut tree = start(server, name)?;
    let realm = server.realm(name);
    check(account_works(&realm, "first-secret")?, "the secret is as declared", &Value::Null)?;
    let demo = realm.client("demo")?;
    realm.change(&demo, &json!({ "secret": "outside-secret" }))?;
    let plan = tree.plan(server, &[])?;
    same("held back", &plan.held_back(), &["secrets client/demo"])?;
    same("nothing else", &plan.changes(), &[])?;
    let text = plan.0.to_string();
    check(
        !text.contains("outside-secret") && !text.contains("first-secret"),
        "no secret is shown",
        &Value::Null,
    )?;
    let proxy = Proxy::before(server)?;
    tree.run_at(&proxy.url, server, &["apply", "--auto-approve"])?.expect(0)?.says("secrets")?;
    same("nothing was written", &proxy.writes(), &[])?;
    check(account_works(&realm, "outside-secret")?, "it stays", &Value::Null)?;
    // An update of something else does not put it back on the way.
    tree.edit("realm.yaml", "clientId: demo\n", "clientId: demo\n    name: Demo\n")?;
    tree.apply(server, &[])?;
    check(account_works(&realm, "outside-secret")?, "it still stays", &Value::Null)?;
    tree.apply(server, &["--allow", "secrets=1"])?;
    check(account_works(&realm, "first-secret")?, "it is put back", &Value::Null)?;

    // Another value alone is not a rotation; a version that grew is, and needs no yes.
    tree.set("SECRET", "second-secret");
    same("held back", &tree.plan(server, &[])?.held_back(), &["secrets client/demo"])?;
    tree.manifest(&manifest(", version: 2", ", version: 1"))?;
    let plan = tree.plan(server, &[])?;
    same("rotated", &plan.changes(), &["update client/demo"])?;
    same("nothing is held back", &plan.held_back(), &[])?;
    let ran = tree.apply(server, &[])?;
    check(!ran.out.contains("second-secret") && !ran.err.contains("second-secret"), "hidden", &Value::Null)?;
    check(account_works(&realm, "second-secret")?, "the new one works", &Value::Null)?;
    check(!account_works(&realm, "first-secret")?, "the old one does not", &Value::Null)?;
    same("a new plan", &tree.plan(server, &[])?.changes(), &[])?;
    same("the name that is declared no more", &tree.drift(server)?, &["leftover client/demo"])?;
    // Versions only grow.
    tree.manifest(&manifest(", version: 1", ", version: 1"))?;
    tree.refused(server, &[])?.says("version")?;
    server.no_realm(name)
}

fn passwords(server: &Server) -> Result<(), String> {
    let name = "live-passwords";
    let mut tree = start(server, name)?;
    let realm = server.realm(name);
    check(login_works(&realm, "first-password")?, "the password is as declared", &Value::Null)?;
    tree.set("PASSWORD", "second-password");
    same("another value alone is nothing", &tree.plan(server, &[])?.changes(), &[])?;
    tree.manifest(&manifest(", version: 1", ", version: 2"))?;
    same("a grown version", &tree.plan(server, &[])?.changes(), &["update user/eric"])?;
    tree.apply(server, &[])?;
    check(login_works(&realm, "second-password")?, "the new one works", &Value::Null)?;
    check(!login_works(&realm, "first-password")?, "the old one does not", &Value::Null)?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

fn a_plan_needs_no_secret(server: &Server) -> Result<(), String> {
    let name = "live-secrets-none";
    server.fresh_realm(name)?;
    let tree = Tree::of(name, &manifest("", ""))?;
    same("the plan", &tree.plan(server, &[])?.changes(), &["create client/demo", "create user/eric"])?;
    let proxy = Proxy::before(server)?;
    let ran = tree.run_at(&proxy.url, server, &["apply", "--auto-approve"])?.expect(1)?;
    ran.says("SECRET")?;
    ran.says("PASSWORD")?;
    same("nothing was sent", &proxy.writes(), &[])?;
    server.no_realm(name)
}

const MASKED: &str = "smtpServer: { host: mail.example.org, from: a@example.org, auth: 'true', user: u, password: { fromEnv: SECRET } }\nidentityProviders: [{ alias: i, providerId: github, config: { clientId: a, clientSecret: { fromEnv: SECRET } } }]\n";

/// What was sent without a version is older than any version; what somebody else sent is not.
fn first_versions(server: &Server) -> Result<(), String> {
    let name = "live-first-versions";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let provider = json!({ "alias": "theirs", "providerId": "github", "config": { "clientId": "a", "clientSecret": "x" } });
    realm.post("/identity-provider/instances", &provider)?;
    let people = |version: &str| {
        format!("{}{MASKED}", manifest(version, version)).replace("SECRET }", &format!("SECRET{version} }}"))
    };
    let theirs =
        "identityProviders: [{ alias: theirs, config: { clientSecret: { fromEnv: SECRET, version: 1 } } }]\n";
    let mut tree = Tree::of(name, &people(""))?;
    tree.set("SECRET", "first-secret");
    tree.set("PASSWORD", "first-password");
    tree.apply(server, &[])?;
    tree.set("PASSWORD", "second-password");
    tree.is_clean(server)?;
    check(login_works(&realm, "first-password")?, "nothing is sent without a version", &Value::Null)?;
    tree.manifest(&people(", version: 1"))?;
    tree.write("theirs.yaml", &format!("realm: {name}\n{theirs}"))?;
    same(
        "what we sent is sent",
        &tree.plan(server, &[])?.changes(),
        &["adopt identity-provider/theirs", "update identity-provider/i", "update user/eric", "update realm"],
    )?;
    tree.apply(server, &[])?;
    check(login_works(&realm, "second-password")?, "the password is the new one", &Value::Null)?;
    tree.is_clean(server)?;
    server.no_realm(name)
}

/// `--send-secrets` sends what nobody can compare, with a version and without, and is done then.
fn asked_for(server: &Server) -> Result<(), String> {
    let name = "live-send-secrets";
    server.fresh_realm(name)?;
    let mut tree = Tree::of(name, MASKED)?;
    tree.set("SECRET", "first-secret");
    tree.apply(server, &[])?;
    for version in ["", ", version: 5"] {
        tree.manifest(&MASKED.replace("SECRET }", &format!("SECRET{version} }}")))?;
        let args = ["--send-secrets", "**"];
        same(
            "both are sent",
            &tree.plan(server, &args)?.changes(),
            &["update identity-provider/i", "update realm"],
        )?;
        tree.apply(server, &args)?;
        tree.is_clean(server)?;
    }
    server.no_realm(name)
}
