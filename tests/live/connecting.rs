//! Who connects, and to what: logins, rights, servers that are none, certificates; and that no secret is told.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};
use serde_json::json;

use crate::realm::Realm;
use crate::refusals::{APPLY, ROLE, explains, refuses};
use crate::server::Server;
use crate::tree::{Tree, check, list, same, word};
use crate::unruly::{Do, Unruly};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, run| Trial { name, needs: Needs::Newest, run };
    vec![
        trial("connecting::logins_that_fail_say_what_to_change", logins),
        trial("connecting::rights_that_lack_are_named", rights),
        trial("connecting::what_is_no_keycloak_is_told_apart", no_keycloak),
        trial("connecting::an_unknown_certificate_is_not_trusted", tls),
        trial("connecting::no_secret_is_told_whatever_happens", secrets),
    ]
}

fn logins(server: &Server) -> Result<(), String> {
    let name = "live-connecting-login";
    server.fresh_realm(name)?;
    let tree = || Tree::of(name, ROLE);
    let mut wrong = tree()?;
    wrong.set("REALMWRIGHT_PASSWORD", "wrong-password-1");
    refuses(&wrong, server, &[], (1, "login"), &["wrong user name or password"])?;
    wrong.run(server, &["drift", "--format", "json"])?.expect(1)?;
    explains(&wrong.run(server, &["plan", "--format", "json"])?.expect(1)?, "login")?;
    let args = ["--auth-realm", "live-refusals-nowhere"];
    refuses(&tree()?, server, &args, (1, "login"), &["there is no such realm", "--auth-realm"])?;
    let realm = server.realm(name);
    let ci = json!({ "clientId": "ci", "secret": "ci-secret", "serviceAccountsEnabled": true, "attributes": { "access.token.lifespan": "1" } });
    realm.post("/clients", &ci)?;
    let form = [("grant_type", "client_credentials"), ("client_id", "ci"), ("client_secret", "ci-secret")];
    let (_, answer) = server.token(name, &form)?;
    let expired = word(&answer["access_token"]);
    std::thread::sleep(Duration::from_secs(2));
    for token in ["garbage-that-is-no-token", &expired] {
        let mut given = tree()?;
        given.write("token.txt", token)?;
        given.set("REALMWRIGHT_TOKEN_FILE", "token.txt");
        refuses(&given, server, &[], (1, "login"), &["the access token is not accepted", "get a new one"])?;
    }
    let mut nowhere = tree()?;
    nowhere.set("REALMWRIGHT_TOKEN_FILE", "token.txt");
    refuses(&nowhere, server, &[], (1, "input"), &["cannot read token.txt (from REALMWRIGHT_TOKEN_FILE)"])?;
    server.no_realm(name)
}

/// Makes a client whose service account has roles of `realm-management`, and a tree that logs in with it.
fn with_roles(realm: &Realm<'_>, client: &str, roles: &[&str], manifest: &str) -> Result<Tree, String> {
    let secret = format!("{client}-secret-1");
    realm
        .post("/clients", &json!({ "clientId": client, "secret": secret, "serviceAccountsEnabled": true }))?;
    realm.administer(&format!("service-account-{client}"), roles)?;
    let mut tree = Tree::of(realm.name, manifest)?;
    tree.set("REALMWRIGHT_CLIENT_ID", client);
    tree.set("REALMWRIGHT_CLIENT_SECRET", &secret);
    Ok(tree)
}

fn rights(server: &Server) -> Result<(), String> {
    let name = "live-connecting-rights";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let manifest = "clients: [{ clientId: app }]\nusers: [{ username: eric, email: e@example.org, firstName: E, lastName: E }]\n";
    let args = ["--auth-realm", name];

    // Nothing may be concluded from what cannot be seen.
    let blind = with_roles(&realm, "blind", &["view-realm"], manifest)?;
    let says = ["this credential lacks view-users", "this credential lacks view-clients"];
    refuses(&blind, server, &args, (3, "refused"), &says)?;
    let plan = blind.run(server, &["plan", "--auth-realm", name, "--format", "json"])?.expect(0)?;
    check(plan.json()?["applyable"] == false, "the plan is not applyable", &plan.json()?)?;
    says.iter().try_for_each(|it| plan.says(it))?;

    let views = ["view-realm", "view-users", "view-clients", "view-authorization"];
    let viewer = with_roles(&realm, "looker", &views, manifest)?;
    let says = ["the realm could not be locked", "it needs the role manage-clients"];
    refuses(&viewer, server, &args, (1, "rights"), &says)?;

    // Half of the rights do half of the work, and say so.
    let half = with_roles(&realm, "halfway", &[&views[..], &["manage-clients"]].concat(), manifest)?;
    let ran = half.run(server, &[APPLY, &["--format", "json"], &args].concat())?.expect(4)?;
    let json = ran.json()?;
    let of = |address: &str| {
        let found = list(&json["outcomes"]).iter().find(|it| it["address"] == address);
        found.cloned().unwrap_or_default()
    };
    check(of("client/app")["result"] == "done", "what it may do is done", &json)?;
    check(
        of("user/eric")["result"] == "failed" && word(&of("user/eric")["message"]).contains("manage-users"),
        "what it may not names the role",
        &json,
    )?;
    let lock = realm.row("/clients?clientId=realmwright-lock", "clientId", "realmwright-lock")?;
    check(lock.is_null(), "the lock is gone", &lock)?;
    let tree = Tree::of(name, manifest)?;
    same("the rest", &tree.plan(server, &[])?.changes(), &["create user/eric"])?;
    server.no_realm(name)
}

fn no_keycloak(server: &Server) -> Result<(), String> {
    let tree = Tree::of("live-refusals-none", ROLE)?;
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|it| it.to_string())?;
        format!("http://{}", listener.local_addr().map_err(|it| it.to_string())?)
    };
    let html = Unruly::before(server, |_| Do::Answer(200, "Content-Type: text/html", "<html>a page</html>"))?;
    let never = Duration::from_secs(3600);
    let hangs = Unruly::before(server, move |_| Do::Late(never))?;
    // It lets us in, and then says nothing more.
    let stalls = Unruly::before(server, move |it| if it.is_login() { Do::Pass } else { Do::Late(never) })?;
    // Only what never answers should not be waited for; a login has to be answered in time.
    for (url, seconds, says) in [
        (&closed, "60", "is the server running, and is this its address (--server)?"),
        (&html.url, "60", "does not answer like Keycloak (status 200, text/html)"),
        (&hangs.url, "1", "did not answer in time"),
        (&stalls.url, "5", "did not answer in time"),
    ] {
        let args = [APPLY, &["--format", "json", "--request-timeout", seconds]].concat();
        let ran = tree.run_at(url, server, &args)?.expect(1)?;
        ran.says(says)?;
        explains(&ran, "network")?;
    }
    Ok(())
}

fn tls(server: &Server) -> Result<(), String> {
    let text = |it: &dyn std::fmt::Display| it.to_string();
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).map_err(|it| text(&it))?;
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).map_err(|it| text(&it))?;
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der())?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .map_err(|it| text(&it))?;
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|it| text(&it))?;
    let port = listener.local_addr().map_err(|it| text(&it))?.port();
    std::thread::spawn(move || {
        for mut tcp in listener.incoming().flatten() {
            if let Ok(mut connection) = ServerConnection::new(Arc::clone(&config)) {
                // Nobody is let in, so that this ends with the refusal of the client.
                while connection.is_handshaking() && connection.complete_io(&mut tcp).is_ok() {}
            }
        }
    });
    let tree = Tree::of("live-refusals-tls", ROLE)?;
    tree.write("other.pem", &other.cert.pem())?;
    let args = [APPLY, &["--format", "json", "--ca-file", "other.pem"]].concat();
    let ran = tree.run_at(&format!("https://localhost:{port}"), server, &args)?.expect(1)?;
    ran.says("no trusted connection to https://localhost")?;
    ran.says("--ca-file")?;
    explains(&ran, "network")
}

/// The harness looks for every secret in everything that any command says; here commands say as much as they can.
fn secrets(server: &Server) -> Result<(), String> {
    let name = "live-connecting-secrets";
    server.fresh_realm(name)?;
    let mut tree = Tree::of(
        name,
        "users:\n  - { username: eric, email: e@example.org, firstName: E, lastName: E, credentials: [{ type: password, value: { fromEnv: ERIC_PASSWORD } }] }\nclients: [{ clientId: app, secret: { fromEnv: DEMO_SECRET } }]\n",
    )?;
    // A server that repeats what it was sent.
    let proxy = Unruly::before(server, |it| {
        let words = r#"{"errorMessage":"bad secret demo-secret, bad password eric-password"}"#;
        let refuses = it.creates("app") || it.path.ends_with("/reset-password");
        if refuses { Do::Answer(400, "Content-Type: application/json", words) } else { Do::Pass }
    })?;
    // The second time only the client is left.
    for (format, code) in [("json", 4), ("text", 1)] {
        let args = [APPLY, &["-vvv", "--format", format]].concat();
        let ran = tree.run_at(&proxy.url, server, &args)?.expect(code)?;
        ran.says("bad secret [secret]")?;
    }
    tree.run(server, &[APPLY, &["-vvv"]].concat())?.expect(0)?;
    tree.set("DEMO_SECRET", "a-rotated-secret");
    for command in ["plan", "drift"] {
        for format in ["json", "text"] {
            tree.run(server, &[command, "-vvv", "--format", format])?;
        }
    }
    tree.run(server, &[APPLY, &["-vvv", "--allow", "secrets=1"]].concat())?.expect(0)?;
    tree.set("REALMWRIGHT_PASSWORD", "wrong-password-1");
    tree.run(server, &[APPLY, &["-vvv"]].concat())?.expect(1)?;
    server.no_realm(name)
}
