//! A stored login over time: renewed before it expires, by one process at a time, and dead when it has ended.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::form;
use super::login::{log_in, with_operator};
use crate::server::Server;
use crate::tree::{Tree, check, word};
use crate::{Needs, Trial};

pub(super) fn trials() -> Vec<Trial> {
    vec![Trial {
        name: "tokens::a_stored_login_is_renewed_guarded_and_dies_with_its_session",
        needs: Needs::Newest,
        run: over_time,
    }]
}

fn files(tree: &Tree, extension: &str) -> Result<Vec<PathBuf>, String> {
    let folder = tree.path(".local/state/realmwright/logins");
    let entries = std::fs::read_dir(folder).map_err(|it| it.to_string())?;
    let paths = entries.filter_map(|it| Some(it.ok()?.path()));
    Ok(paths.filter(|it| it.extension().is_some_and(|it| it == extension)).collect())
}

fn read(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|it| it.to_string())?;
    serde_json::from_str(&text).map_err(|it| it.to_string())
}

fn chmod(path: &Path, mode: u32) -> Result<(), String> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(|it| it.to_string())
}

fn over_time(server: &Server) -> Result<(), String> {
    let name = "live-tokens-stored";
    let tree = with_operator(server, name)?;
    let realm = server.realm(name);
    // Tokens of two seconds, and each refresh token once.
    realm.change(
        "",
        &json!({ "accessTokenLifespan": 2, "revokeRefreshToken": true, "refreshTokenMaxReuse": 0 }),
    )?;
    log_in(&tree, server, &["--realm", name], form::fill)?.0.expect(0)?;
    let [file] = &files(&tree, "json")?[..] else { return Err("one login is one file".to_owned()) };
    let mode = |path: &Path| std::fs::metadata(path).map_or(0, |it| it.permissions().mode() & 0o777);
    let folder = file.parent().ok_or("no folder")?;
    check(
        mode(file) == 0o600 && mode(folder) == 0o700,
        "for its owner alone",
        &json!([mode(file), mode(folder)]),
    )?;

    let first = read(file)?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    let ran = tree.run_as_nobody(server, &["plan", "--format", "json"], "")?.expect(0)?;
    check(ran.json()?["summary"]["create"] == 0, "it plans", &ran.json()?["summary"])?;
    let second = read(file)?;
    check(first["refresh_token"] != second["refresh_token"], "renewed, and the new one kept", &Value::Null)?;
    check(mode(file) == 0o600, "still for its owner alone", &json!(mode(file)))?;

    // Several at once: none spends a token that another has spent.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let children: Result<Vec<_>, String> = (0..4)
        .map(|_| {
            let mut command = tree.command_of_nobody(server, &["doctor", "--realm", name]);
            command.spawn().map_err(|it| it.to_string())
        })
        .collect();
    for child in children? {
        tree.ran(server, &child.wait_with_output().map_err(|it| it.to_string())?)?.expect(0)?;
    }

    for (path, loose, tight, mend) in
        [(file.as_path(), 0o644, 0o600, "chmod 600 "), (folder, 0o755, 0o700, "chmod 700 ")]
    {
        chmod(path, loose)?;
        for command in [&["plan"][..], &["login", "--realm", name, "--no-browser"], &["logout"]] {
            tree.run_as_nobody(server, command, "")?.expect(1)?.says(&format!("{mend}{}", path.display()))?;
        }
        chmod(path, tight)?;
    }
    // Other logins do not care.
    tree.plan(server, &[])?;

    realm.post(&format!("{}/logout", realm.user("operator")?), &Value::Null)?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    let dead = tree.run_as_nobody(server, &["plan", "--format", "json"], "")?.expect(1)?;
    let error = &dead.json()?["failure"];
    check(error["class"] == "login", "it is the login", error)?;
    check(
        word(&error["message"]).contains("begin another with `realmwright login`"),
        "and what to do",
        error,
    )?;
    tree.run_as_nobody(server, &["logout"], "")?.expect(0)?.says("the login of operator to realm")?;
    check(
        files(&tree, "json")?.is_empty() && files(&tree, "lock")?.is_empty(),
        "nothing is left",
        &Value::Null,
    )?;
    server.no_realm(name)
}
