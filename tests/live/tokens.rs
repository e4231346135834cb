//! Rows 1, 2, 3, 5, 11, 12 and 13 of the notebook with our own commands: logins, tokens, tickets and what they buy.

use serde_json::{Value, json};

use crate::server::Server;
use crate::tree::{Ran, Tree, check, list, word};
use crate::{Needs, Trial};

pub(crate) mod form;
pub(crate) mod login;
mod stored;

pub(crate) fn trials() -> Vec<Trial> {
    let newest = |name, run| Trial { name, needs: Needs::Newest, run };
    let mut trials = vec![
        newest("tokens::users_and_service_accounts_get_theirs", users_and_service_accounts),
        newest("tokens::a_ticket_buys_the_owner_a_permission_and_nobody_else", tickets_on_the_newest),
        Trial {
            name: "tokens::a_ticket_buys_the_owner_a_permission_on_the_oldest_version_too",
            needs: Needs::Oldest,
            run: tickets_on_the_oldest,
        },
        newest("tokens::a_client_that_signs_its_login_needs_no_secret", signed),
        newest("tokens::what_is_in_a_token_is_shown_and_verified", inspect),
        newest("tokens::a_token_is_exchanged_for_another_audience", exchange),
        newest("tokens::what_the_server_refuses_says_what_to_change", refusals),
    ];
    trials.extend(login::trials());
    trials.extend(stored::trials());
    trials
}

/// The example, applied, as the tree of somebody who has the passwords.
pub(crate) fn example(server: &Server, name: &str) -> Result<Tree, String> {
    let mut tree = Tree::example(name)?;
    server.no_realm(name)?;
    server.one_at_a_time(|| tree.apply(server, &[]))?;
    tree.set("REALMWRIGHT_USER_PASSWORD", "eric-password");
    tree.set("REALMWRIGHT_CLIENT_SECRET", "demo-secret");
    Ok(tree)
}

/// Returns the token that a command printed, alone on its line.
fn token(ran: &Ran) -> Result<&str, String> {
    let token = ran.out.strip_suffix('\n').unwrap_or(&ran.out);
    if token.split('.').count() == 3 && !token.contains(char::is_whitespace) && ran.err.is_empty() {
        Ok(token)
    } else {
        Err(format!("not a token alone:\n{}\n{}", ran.out, ran.err))
    }
}

/// Returns the claims as `token inspect` shows them.
fn claims(tree: &Tree, server: &Server, token: &str) -> Result<Value, String> {
    let ran = tree.token(server, &["inspect", "--format", "json"], token)?.expect(0)?;
    Ok(ran.json()?["claims"].clone())
}

/// Rows 3 and 11.
fn users_and_service_accounts(server: &Server) -> Result<(), String> {
    let mut tree = example(server, "live-tokens-users")?;
    // The realm is the only one of the project file.
    let ran = tree.token(server, &["user", "eric", "--client", "demo"], "")?.expect(0)?;
    let eric = claims(&tree, server, token(&ran)?)?;
    check(eric["preferred_username"] == "eric" && eric["azp"] == "demo", "eric's through demo", &eric)?;
    check(eric["scope"].as_str().is_some_and(|it| it.contains("profile")), "with the profile", &eric)?;
    let args =
        ["user", "alice", "--client", "demo", "--password-env", "ALICE_PASSWORD", "--scope", "openid email"];
    let ran = tree.token(server, &args, "")?.expect(0)?;
    check(claims(&tree, server, token(&ran)?)?["email"] == "alice@example.org", "alice's", &Value::Null)?;

    tree.write("password.txt", "eric-password\n")?;
    tree.write("secret.txt", "demo-app-secret\n")?;
    let files = ["--password-file", "password.txt", "--client-secret-file", "secret.txt"];
    let args = [&["user", "eric", "--client", "demo-app", "--format", "json"], &files[..]].concat();
    let whole = tree.token(server, &args, "")?.expect(0)?.json()?;
    check(
        whole["refresh_token"].is_string() && whole["expires_in"] == 300,
        "the whole answer",
        &Value::Null,
    )?;

    let pat = tree.token(server, &["service-account", "demo"], "")?.expect(0)?;
    let pat = claims(&tree, server, token(&pat)?)?;
    let may = &pat["resource_access"]["demo"]["roles"];
    check(list(may).contains(&json!("uma_protection")), "the protection API's token", &pat)?;

    tree.set("REALMWRIGHT_USER_PASSWORD", "wrong-password");
    let ran = tree.token(server, &["user", "eric", "--client", "demo"], "")?.expect(1)?;
    ran.says("invalid_grant: Invalid user credentials: wrong user name or password")?;
    tree.set("REALMWRIGHT_USER_PASSWORD", "");
    tree.token(server, &["user", "eric", "--client", "demo"], "")?.expect(64)?.says("--password-env")?;
    server.no_realm("live-tokens-users")
}

/// Row 1: the server makes a key for a client, and keeps the certificate alone.
fn signed(server: &Server) -> Result<(), String> {
    let name = "live-tokens-signed";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    let signer = json!({ "clientId": "signer", "clientAuthenticatorType": "client-jwt", "serviceAccountsEnabled": true });
    realm.post("/clients", &signer)?;
    let made = format!("/{name}{}/certificates/jwt.credential/generate", realm.client("signer")?);
    let key = word(&server.post(&made, &Value::Null)?["privateKey"]);
    let lines: Vec<&str> = key.as_bytes().chunks(64).filter_map(|it| std::str::from_utf8(it).ok()).collect();
    let mut tree = Tree::of(name, "roles: { realm: [{ name: x }] }\n")?;
    let pem = |kind: &str| format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"));
    tree.write("key.pem", &pem("RSA PRIVATE KEY"))?;
    tree.set("REALMWRIGHT_CLIENT_KEY_FILE", "key.pem");
    let ran = tree.token(server, &["service-account", "signer"], "")?.expect(0)?;
    check(claims(&tree, server, token(&ran)?)?["azp"] == "signer", "the signer's", &Value::Null)?;

    realm.administer("service-account-signer", &["realm-admin"])?;
    tree.set("REALMWRIGHT_CLIENT_ID", "signer");
    let ran = tree.run_as_nobody(server, &["apply", "--auto-approve", "--auth-realm", name], "")?;
    ran.expect(0)?.says("1 created")?;

    tree.write("key.pem", &pem("CERTIFICATE"))?;
    let ran = tree.token(server, &["service-account", "signer"], "")?.expect(1)?;
    ran.says("it is no private key in PEM")?;
    server.no_realm(name)
}

fn tickets_on_the_newest(server: &Server) -> Result<(), String> {
    tickets(server, "live-tokens-tickets")
}

fn tickets_on_the_oldest(server: &Server) -> Result<(), String> {
    tickets(server, "live-tokens-tickets-old")
}

/// Rows 12 and 13.
fn tickets(server: &Server, name: &str) -> Result<(), String> {
    let tree = example(server, name)?;
    let ticket =
        |resource: &str| tree.token(server, &["ticket", "--client", "demo", "--resource", resource], "");
    // One resource, by its name and by its uri, with and without the scope.
    for resource in ["Eric space", "/eric/*", "Eric space#view", "/eric/*#view"] {
        let ran = ticket(resource)?.expect(0)?;
        let inspected =
            tree.token(server, &["inspect", "--format", "json"], token(&ran)?)?.expect(1)?.json()?;
        let wanted = &inspected["claims"]["permissions"];
        let scopes = if resource.ends_with("#view") { json!(["view"]) } else { Value::Null };
        let is_so = list(wanted).len() == 1 && wanted[0]["scopes"] == scopes && wanted[0]["rsid"].is_string();
        check(is_so, resource, &inspected)?;
        // A secret of the server alone signs tickets.
        check(word(&inspected["signature"]["reason"]).contains("HS512"), "cannot be verified", &inspected)?;
    }
    ticket("Nobody's space")?.expect(1)?.says("has no resource with the name or the uri `Nobody's space`")?;
    // The server would take no name for no condition, and find every resource.
    ticket("#view")?.expect(1)?.says("`#view` names no resource")?;

    let of = |who, variable| {
        let ticket = ticket("Eric space")?.expect(0)?;
        let login = ["--user", who, "--client", "demo", "--password-env", variable];
        let args = [&["rpt", "--ticket", "-"], &login[..]].concat();
        tree.token(server, &args, token(&ticket)?)
    };
    let rpt = of("eric", "ERIC_PASSWORD")?.expect(0)?;
    let granted = claims(&tree, server, token(&rpt)?)?["authorization"]["permissions"].clone();
    check(granted[0]["rsname"] == "Eric space" && list(&granted).len() == 1, "eric may", &granted)?;
    let denied = of("alice", "ALICE_PASSWORD")?.expect(2)?;
    check(
        denied.err == "403 access_denied: request_submitted\n" && denied.out.is_empty(),
        "alice may not",
        &json!([denied.err, denied.out]),
    )?;

    // The same without a ticket, with an access token that is here already.
    let eric = tree.token(server, &["user", "eric", "--client", "demo"], "")?.expect(0)?;
    tree.write("eric.token", &eric.out)?;
    for (permission, code) in
        [("Eric space#view", 0), ("Alice space#view", 2), ("Eric space#delete", 1), ("", 64)]
    {
        let wanted = ["--audience", "demo", "--permission", permission];
        let args = [&["rpt", "--token-file", "eric.token"], &wanted[..]].concat();
        tree.token(server, &args, "")?.expect(code)?;
    }
    let args = ["rpt", "--audience", "demo", "--token-file", "-", "--ticket", "-"];
    tree.token(server, &args, "")?.expect(64)?;
    tree.token(server, &["rpt", "--audience", "demo"], "")?.expect(64)?.says("for whom?")?;
    server.no_realm(name)
}

/// Row 5.
fn inspect(server: &Server) -> Result<(), String> {
    let name = "live-tokens-inspect";
    let tree = example(server, name)?;
    let realm = server.realm(name);
    let ran = tree.token(server, &["user", "eric", "--client", "demo"], "")?.expect(0)?;
    let good = token(&ran)?;
    let look = |args: &[&str], token: &str| tree.token(server, &[&["inspect"], args].concat(), token);
    let shown = look(&[], good)?.expect(0)?;
    for part in [
        "signature  verified: realm `live-tokens-inspect` signed it",
        "time       expires in ",
        "user       eric",
        "\"kid\"",
    ] {
        shown.says(part)?;
    }
    tree.write("eric.token", good)?;
    look(&["eric.token", "--realm", name], "")?.expect(0)?;

    // Another name in it, with the old signature.
    let parts: Vec<&str> = good.split('.').collect();
    let [head, body, signature] = parts[..] else { return Err("no token".to_owned()) };
    let tampered = form::with_claim(body, "preferred_username", "alice")?;
    let tampered = format!("{head}.{tampered}.{signature}");
    look(&[], &tampered)?.expect(1)?.says("NOT VERIFIED: its signature is wrong")?;
    look(&["--offline"], &tampered)?.expect(0)?.says("not verified (--offline)")?;
    // Another realm's, and one that no server is asked about because it says so.
    look(&["--realm", "master"], good)?.expect(1)?.says("realm `master` of")?;
    let elsewhere = form::with_claim(body, "iss", "http://127.0.0.1:9/realms/live-tokens-inspect")?;
    let elsewhere = look(&[], &format!("{head}.{elsewhere}.{signature}"))?.expect(1)?;
    elsewhere.says("it was issued by http://127.0.0.1:9/realms/live-tokens-inspect, but realm")?;
    let unsigned = form::with_claim(&form::encoded("{}"), "alg", "none")?;
    look(&[], &format!("{unsigned}.{body}."))?.expect(1)?.says("it is not signed (`alg` is none)")?;
    look(&[], "no token")?.expect(1)?.says("this is no JSON web token")?;

    realm.change(&realm.client("demo")?, &json!({ "attributes": { "access.token.lifespan": "1" } }))?;
    let short = tree.token(server, &["user", "eric", "--client", "demo"], "")?.expect(0)?;
    std::thread::sleep(std::time::Duration::from_secs(3));
    let expired = look(&[], token(&short)?)?.expect(1)?;
    expired.says("verified: realm")?;
    expired.says("time       expired ")?;
    expired.says(" seconds ago")?;
    server.no_realm(name)
}

fn exchange(server: &Server) -> Result<(), String> {
    let name = "live-tokens-exchange";
    let mut tree = example(server, name)?;
    tree.set("REPORTS_SECRET", "reports-secret");
    tree.write(
        "reports.yaml",
        &format!(
            "realm: {name}\nclients: [{{ clientId: reports, secret: {{ fromEnv: REPORTS_SECRET }} }}]\nroles: {{ client: {{ reports: [{{ name: reader }}] }} }}\n"
        ),
    )?;
    tree.edit(
        "users.yaml",
        "realmRoles: [user, user-premium]",
        "realmRoles: [user, user-premium]\n    clientRoles: { reports: [reader] }",
    )?;
    tree.apply(server, &[])?;
    let ran = tree.token(server, &["user", "eric", "--client", "demo"], "")?.expect(0)?;
    let eric = token(&ran)?;
    let args = ["exchange", "--client", "demo", "--audience", "reports"];
    let ran = tree.token(server, &args, eric)?.expect(1)?;
    ran.says("client `demo` may not exchange tokens; set `attributes: { standard.token.exchange.enabled: \"true\" }`")?;
    let enable = "    directAccessGrantsEnabled: true\n";
    let with = format!("{enable}    attributes: {{ standard.token.exchange.enabled: \"true\" }}\n");
    tree.edit("clients/demo.yaml", enable, &with)?;
    tree.apply(server, &[])?;
    let ran = tree.token(server, &args, eric)?.expect(0)?;
    let new = claims(&tree, server, token(&ran)?)?;
    check(new["aud"] == "reports" && new["preferred_username"] == "eric", "for the reports alone", &new)?;
    let ran = tree.token(server, &["user", "eric", "--client", "demo", "--impersonate"], "")?.expect(1)?;
    ran.says("this server lets no client impersonate")?;
    server.no_realm(name)
}

fn refusals(server: &Server) -> Result<(), String> {
    let name = "live-tokens-refusals";
    server.fresh_realm(name)?;
    let realm = server.realm(name);
    realm.post(
        "/clients",
        &json!({ "clientId": "bare", "publicClient": true, "standardFlowEnabled": false, "redirectUris": ["http://127.0.0.1/callback"] }),
    )?;
    realm.post(
        "/clients",
        &json!({ "clientId": "web", "publicClient": true, "redirectUris": ["https://app.example.org/*"] }),
    )?;
    let mut tree = Tree::of(name, "")?;
    tree.set("REALMWRIGHT_USER_PASSWORD", "any-password");
    for (args, code, part) in [
        (&["token", "user", "eric", "--client", "bare"][..], 1, "set `directAccessGrantsEnabled: true`"),
        (&["token", "user", "eric", "--client", "none"], 1, "there is no client `none` in realm"),
        (
            &["token", "user", "eric", "--client", "bare", "--realm", "live-nowhere"],
            1,
            "there is no realm `live-nowhere`",
        ),
        (&["token", "service-account", "bare"], 1, "bare"),
        (
            &["login", "--realm", name, "--client", "bare", "--device"],
            1,
            "oauth2.device.authorization.grant.enabled",
        ),
        (&["login", "--realm", name, "--client", "bare"], 1, "set `standardFlowEnabled: true`"),
        (
            &["login", "--realm", name, "--client", "web"],
            1,
            "set `redirectUris: [http://127.0.0.1/callback]`",
        ),
        (&["login", "--realm", name], 1, "\n  - clientId: realmwright\n    publicClient: true\n"),
        (&["login", "--realm", name, "--device"], 1, "\n  - clientId: realmwright\n    publicClient: true\n"),
        (&["login", "--realm", "live-nowhere"], 1, "name another with --realm"),
        (&["logout"], 0, "no login is stored for"),
        (&["plan"], 64, "no login: run `realmwright login`"),
        (&["token", "inspect"], 1, "cannot read a token from stdin: it is empty"),
    ] {
        let ran = tree.run_as_nobody(server, args, "")?;
        let ran = ran.expect(code).map_err(|it| format!("{args:?}: {it}"))?;
        check(ran.err.contains(part) && ran.out.is_empty(), part, &json!([ran.err, ran.out]))?;
    }
    let ran = tree.token(server, &["user", "eric", "--client", "bare", "--format", "json"], "")?.expect(1)?;
    check(ran.json()?["failure"]["class"] == "login", "in JSON too", &ran.json()?)?;
    server.no_realm(name)
}
