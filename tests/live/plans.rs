//! A sample of `tests/plans` on a real server: what was applied is applied there, and the commands show what they
//! show offline.
//!
//! Cases whose realm is laid out by hand (`live.yaml`, `server.yaml`) stay offline. `REALMWRIGHT_TEST_PLANS` asks for
//! `all` others, or for those whose names begin so.

use std::fs;
use std::path::{Path, PathBuf};

use crate::case::{Case, PROJECT};
use crate::server::Server;
use crate::tree::Tree;
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial { name: "plans::a_real_server_is_planned_as_offline", needs: Needs::Newest, run: as_offline }]
}

/// One case of so many is in the sample.
const SAMPLE: usize = 8;
/// The realm of all cases.
const REALM: &str = "r";

fn as_offline(server: &Server) -> Result<(), String> {
    let wanted = std::env::var("REALMWRIGHT_TEST_PLANS").ok();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let mut paths = files(&root)?;
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        let case = Case::read(&fs::read_to_string(&path).map_err(|it| it.to_string())?)?;
        if is_made_by_applying(&case) {
            cases.push((name, case));
        }
    }
    let chosen = cases.iter().enumerate().filter(|(at, (name, _))| match wanted.as_deref() {
        None => at % SAMPLE == 0,
        Some("all") => true,
        Some(begin) => name.starts_with(begin),
    });
    let (mut tried, mut wrong) = (0, Vec::new());
    for (_, (name, case)) in chosen {
        tried += 1;
        wrong.extend(differs(server, case).err().map(|it| format!("{name}: {it}")));
    }
    match (tried, wrong.is_empty()) {
        (0, _) => Err("no case can be made on a server".to_owned()),
        (_, true) => Ok(()),
        _ => Err(format!("{} of {tried} cases differ:\n{}", wrong.len(), wrong.join("\n\n"))),
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).map_err(|it| it.to_string())? {
        let path = entry.map_err(|it| it.to_string())?.path();
        if path.is_dir() {
            out.extend(files(&path)?);
        } else if path.extension().is_some_and(|it| it == "case") {
            out.push(path);
        }
    }
    Ok(out)
}

fn is_made_by_applying(case: &Case) -> bool {
    let is_by_hand = |name: &str| case.file(name).is_some();
    let is_of_one_realm = case.file("realmwright.yaml").is_none();
    // An apply needs the secrets that a plan does without.
    let is_open = !case.files.iter().any(|it| it.1.contains("fromEnv"));
    let asks_a_server = |it: &str| it.starts_with("plan") || it.starts_with("drift");
    !is_by_hand("live.yaml")
        && !is_by_hand("server.yaml")
        && is_of_one_realm
        && is_open
        && case.commands.iter().any(|it| asks_a_server(&it.0))
}

fn differs(server: &Server, case: &Case) -> Result<(), String> {
    server.no_realm(REALM)?;
    let (before, now) = (Tree::empty(REALM)?, Tree::empty(REALM)?);
    for tree in [&before, &now] {
        tree.write("realmwright.yaml", PROJECT)?;
    }
    let mut was_applied = false;
    for (name, content) in &case.files {
        if let Some(name) = name.strip_prefix("applied/") {
            was_applied = true;
            before.write(name, content)?;
        } else {
            now.write(name, content)?;
        }
    }
    if was_applied {
        server.alone(|| before.apply(server, &["--allow", "hazards=99"]))?;
    }
    for (command, wanted) in &case.commands {
        let args: Vec<&str> = command.split(' ').collect();
        let ran = now.command(&server.url, server, &args).env("COLUMNS", "80").output();
        let ran = now.ran(server, &ran.map_err(|it| it.to_string())?)?;
        let exit = if ran.code == 0 { String::new() } else { format!("[exit {}]\n", ran.code) };
        let shown = format!("{}{}{exit}", ran.err, ran.out);
        if without_server(&shown) != without_server(wanted) {
            return Err(format!("$ realmwright {command}\noffline:\n{wanted}\nhere:\n{shown}"));
        }
    }
    server.no_realm(REALM)
}

/// Leaves out where the realm is, and with it how that line is wrapped.
fn without_server(shown: &str) -> String {
    let unwrapped = shown.replace("\n    ", " ");
    let words = unwrapped.split(' ').filter(|it| !it.contains("://") && *it != "sso.example.org");
    words.collect::<Vec<_>>().join(" ")
}
