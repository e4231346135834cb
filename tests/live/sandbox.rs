//! The sandbox itself: a server that is up is one that lets its administrator in, and only him.

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
