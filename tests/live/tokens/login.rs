//! Logins of a person, on Keycloak's own pages: what our binary shows, and what becomes of the page.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::{example, form};
use crate::server::{Server, until};
use crate::tree::{Ran, Tree, check, list};
use crate::{Needs, Trial};

/// Who opens an address, logs in as this user with this password, and returns the last page.
pub(crate) type Fill = fn(&str, &str, &str) -> Result<String, String>;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "tokens::a_login_over_the_pages_is_stored_renewed_and_ended",
            needs: Needs::Newest,
            run: |server| log_in_both_ways(server, "live-tokens-login", form::fill),
        },
        Trial {
            name: "tokens::a_login_over_the_pages_works_on_the_oldest_version_too",
            needs: Needs::Oldest,
            run: |server| log_in_both_ways(server, "live-tokens-login-old", form::fill),
        },
    ]
}

/// The example with an operator, who may manage the realm, and the client that `login` asks for.
pub(crate) fn with_operator(server: &Server, name: &str) -> Result<Tree, String> {
    let mut tree = example(server, name)?;
    tree.set("REALMWRIGHT_CLIENT_SECRET", "");
    // The manifest is the one that the refusal prints.
    let ran = tree.run_as_nobody(server, &["login", "--realm", name], "")?.expect(1)?;
    let manifest = ran.err.split_once("\n\n").ok_or("no manifest in the refusal")?.1;
    tree.write("login.yaml", manifest)?;
    tree.set("OPERATOR_PASSWORD", "operator-password");
    let operator = format!(
        "realm: {name}\nusers:\n  - username: operator\n    email: operator@example.org\n    firstName: Op\n    lastName: Erator\n    \
         credentials: [{{ type: password, value: {{ fromEnv: OPERATOR_PASSWORD }} }}]\n    \
         clientRoles: {{ realm-management: [realm-admin] }}\n"
    );
    tree.write("operator.yaml", &operator)?;
    tree.apply(server, &[])?;
    Ok(tree)
}

/// Runs `login`, has somebody log in at the address that it shows, and returns how it ended with the last page.
pub(crate) fn log_in(
    tree: &Tree,
    server: &Server,
    args: &[&str],
    fill: Fill,
) -> Result<(Ran, String), String> {
    let mut command = tree.command_of_nobody(server, &[&["login", "--no-browser"], args].concat());
    let mut child = command.spawn().map_err(|it| it.to_string())?;
    let mut lines = BufReader::new(child.stderr.take().ok_or("no stderr")?);
    let mut said = String::new();
    let page = loop {
        let mut line = String::new();
        if lines.read_line(&mut line).map_err(|it| it.to_string())? == 0 {
            break Err("no address was shown".to_owned());
        }
        said.push_str(&line);
        if let Some(address) = line.strip_prefix("  http") {
            break fill(&format!("http{}", address.trim_end()), "operator", "operator-password");
        }
    };
    if page.is_err() {
        let _ = child.kill();
    }
    lines.read_to_string(&mut said).map_err(|it| it.to_string())?;
    let mut output = child.wait_with_output().map_err(|it| it.to_string())?;
    output.stderr = said.into_bytes();
    let ran = tree.ran(server, &output)?;
    match page {
        Ok(page) => Ok((ran, page)),
        Err(error) => Err(format!("{error}\n{}", ran.err)),
    }
}

/// Row 2: with a browser here, and with one elsewhere; then what is stored works, until it is ended.
pub(crate) fn log_in_both_ways(server: &Server, name: &str, fill: Fill) -> Result<(), String> {
    let tree = with_operator(server, name)?;
    for device in [false, true] {
        let args = ["--realm", name, "--device"];
        let (ran, page) = log_in(&tree, server, if device { &args } else { &args[..2] }, fill)?;
        let ran = ran.expect(0)?;
        ran.says(&format!(
            "logged in to realm {name} at {} as operator; the session lasts 30 minutes",
            server.url
        ))?;
        let ends = if device { "Device Login Successful" } else { "You can close this page" };
        check(page.contains(ends), ends, &page.into())?;
        let told = ran.err.contains("and check that it shows the code ");
        check(told == device, "a device shows its code", &ran.err.into())?;
        // No realm has to be named: there is one stored login for this server.
        tree.run_as_nobody(server, &["plan"], "")?.expect(0)?.says("is as declared")?;
        tree.run_as_nobody(server, &["doctor", "--realm", name], "")?.expect(0)?.says("login     works")?;
        let doctor = ["doctor", "--realm", name, "--format", "json"];
        let told = tree.run_as_nobody(server, &doctor, "")?.expect(0)?.json()?;
        check(told["lacking_rights"] == json!({ "plan": [], "apply": [] }), "what the login lacks", &told)?;
        let ended = tree.run_as_nobody(server, &["logout"], "")?.expect(0)?;
        ended.says("ended the login of operator to realm")?;
        let sessions = server.get(&format!("/{name}/users"))?;
        let id = sessions.as_array().and_then(|it| it.iter().find(|it| it["username"] == "operator"));
        let id = id.and_then(|it| it["id"].as_str()).ok_or("no operator")?;
        let sessions = server.get(&format!("/{name}/users/{id}/sessions"))?;
        check(sessions.as_array().is_some_and(Vec::is_empty), "no session is left", &sessions)?;
        tree.run_as_nobody(server, &["plan"], "")?.expect(64)?.says("no login: run `realmwright login`")?;
    }

    // The notebook's device client, which has a secret, beside the other one.
    let mut tree = tree;
    let device = ["--realm", name, "--device", "--client", "identity-api"];
    let args = [&device[..], &["--client-secret-env", "IDENTITY_API_SECRET"]].concat();
    log_in(&tree, server, &args, fill)?.0.expect(0)?;
    let told = log_in(&tree, server, &["--realm", name, "--format", "json"], fill)?.0.expect(0)?.json()?;
    check(told["user"] == "operator" && told["session_expires_at"].is_string(), "who logged in", &told)?;
    tree.run_as_nobody(server, &["plan"], "")?.expect(64)?.says("several logins are stored for")?;
    tree.run_as_nobody(server, &["plan", "--client-id", "realmwright"], "")?.expect(0)?;
    tree.run_as_nobody(server, &["logout"], "")?.expect(64)?.says("name one, or --all")?;
    tree.set("REALMWRIGHT_CLIENT_SECRET", "identity-api-secret");
    let told = tree.run_as_nobody(server, &["logout", "--all", "--format", "json"], "")?.expect(0)?.json()?;
    let ended = list(&told["logins"]).iter().filter(|it| it["session_ended"] == true).count();
    check(ended == 2, "both logins are ended", &told)?;
    tree.run_as_nobody(server, &["logout"], "")?.expect(0)?.says("no login is stored")?;

    let (ran, _) = log_in(&tree, server, &args, form::refuse)?;
    ran.expect(1)?.says("the login was denied in the browser")?;

    // Somebody else's answer is none.
    let stranger: Fill = |address, _, _| {
        let back = url::Url::parse(address).map_err(|it| it.to_string())?;
        let back = back.query_pairs().find(|it| it.0 == "redirect_uri").map(|it| it.1.into_owned());
        form::fill(&format!("{}?code=stolen&state=another", back.unwrap_or_default()), "", "")
    };
    let (ran, page) = log_in(&tree, server, &["--realm", name], stranger)?;
    ran.expect(1)?.says("the answer to another login")?;
    check(page.contains("Not logged in"), "the page says so", &page.into())?;

    // The browser of the environment is opened, and nobody waits forever.
    let opener = tree.path("opener.sh");
    tree.write(
        "opener.sh",
        &format!("#!/bin/sh\necho \"$1\" > {0}.part && mv {0}.part {0}.opened\n", opener.display()),
    )?;
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).map_err(|it| it.to_string())?;
    tree.set("BROWSER", &opener.display().to_string());
    let ran = tree.run_as_nobody(server, &["login", "--realm", name, "--timeout", "3"], "")?.expect(1)?;
    ran.says("nobody logged in within 3 seconds")?;
    until("the browser was opened", || Ok(tree.path("opener.sh.opened").exists()))?;
    let opened = std::fs::read_to_string(tree.path("opener.sh.opened")).map_err(|it| it.to_string())?;
    check(ran.err.contains(opened.trim_end()), "the address that is shown", &opened.into())?;
    server.no_realm(name)
}
