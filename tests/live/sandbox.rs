//! The sandbox itself: a server that is up is one that lets its administrator in, and only him.

use std::process::Command;

use serde_json::json;

use crate::server::Server;
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "sandbox::boots_and_a_login_works",
            needs: Needs::Newest,
            run: boots_and_a_login_works,
        },
        Trial {
            name: "sandbox::the_oldest_version_boots_too",
            needs: Needs::Oldest,
            run: boots_and_a_login_works,
        },
        Trial {
            name: "sandbox::a_realm_of_ones_own_can_be_made",
            needs: Needs::Newest,
            run: a_realm_of_ones_own_can_be_made,
        },
        Trial { name: "sandbox::the_demo_shows_the_main_job", needs: Needs::Newest, run: the_demo_runs },
    ]
}

fn boots_and_a_login_works(server: &Server) -> Result<(), String> {
    let master = server.get("/master")?;
    if master["realm"] != "master" {
        return Err(format!("not the master realm: {master}"));
    }
    let wrong =
        [("grant_type", "password"), ("client_id", "admin-cli"), ("username", "admin"), ("password", "x")];
    let (status, _) = server.token("master", &wrong)?;
    if status.is_client_error() { Ok(()) } else { Err(format!("a wrong password was answered by {status}")) }
}

fn a_realm_of_ones_own_can_be_made(server: &Server) -> Result<(), String> {
    server.fresh_realm("sandbox-own")?;
    server.put("/sandbox-own", &json!({ "realm": "sandbox-own", "displayName": "Mine" }))?;
    let realm = server.get("/sandbox-own")?;
    server.delete("/sandbox-own")?;
    if realm["displayName"] == "Mine" {
        Ok(())
    } else {
        Err(format!("not renamed: {}", realm["displayName"]))
    }
}

/// The first command of the README, on a server that it boots itself.
fn the_demo_runs(_: &Server) -> Result<(), String> {
    let demo = Command::new(env!("CARGO_BIN_EXE_realmwright")).arg("demo").output();
    let ran = demo.map_err(|it| it.to_string())?;
    let (said, told) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    let is_whole = said.contains("11. and drift is clean");
    if ran.status.success() && is_whole { Ok(()) } else { Err(format!("{}\n{said}{told}", ran.status)) }
}
