//! The small sequences of `tests/sequences`: every step, applied in place of the one before, either converges or is
//! refused before its first write.
//!
//! A step converges when its apply exits 0, a second plan is empty, and nothing but leftovers drifts. A step whose
//! first line is `# refused` must be refused, and no other one may be, but for `# needs 26.7` on the oldest version. A first line `# open: WHY` marks a step that
//! is known to do neither: the trial says when it has come right. The sample of them that runs by itself is
//! chosen by its place in the list, and those of kinds run on one of the two versions each; `REALMWRIGHT_TEST_SEQUENCES` asks for
//! `all`, or for those whose names begin so, and for those of kinds on both.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use reqwest::Method;
use serde_json::Value;

use crate::proxy::Proxy;
use crate::server::Server;
use crate::tree::{Plan, Ran, Tree, list, sorted, word};
use crate::{Needs, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "sequences::every_step_converges_or_is_refused_before_its_first_write",
            needs: Needs::Newest,
            run: |it| steps_of(it, Needs::Newest, &chosen(0)?),
        },
        Trial {
            name: "sequences::of_kinds_on_the_oldest_version",
            needs: Needs::Oldest,
            run: |it| steps_of(it, Needs::Oldest, &chosen(1)?),
        },
    ]
}

/// One sequence of so many is in the sample.
const SAMPLE: usize = 16;
const LANES: usize = 3;
/// The realm that the manifests name; here each sequence gets another one.
const REALM: &str = "sequence";
const CONSENTS: &[&str] =
    &["realms=1", "hazards=99", "deletes=99", "changed=99", "reenables=99", "secrets=99"];
const SECRETS: &[&str] = &["POST_PW", "PAUL_PW", "APP_S", "APP_A", "APP_B", "RS_S"];

/// Returns the sequences that run on the newest version (0) or on the oldest (1), where only those of kinds do.
fn chosen(version: usize) -> Result<Vec<(usize, PathBuf)>, String> {
    let wanted = std::env::var("REALMWRIGHT_TEST_SEQUENCES").ok();
    let (of_kinds, others): (Vec<PathBuf>, Vec<PathBuf>) =
        folders()?.into_iter().partition(|it| is_of_a_kind(it));
    let is_wanted = |folder: &Path, by_itself: bool| match wanted.as_deref() {
        None => by_itself,
        Some("all") => true,
        Some(begin) => folder.file_name().is_some_and(|it| it.to_string_lossy().starts_with(begin)),
    };
    if !of_kinds.iter().chain(&others).any(|it| is_wanted(it, true)) {
        return Err("no sequence has such a name".to_owned());
    }
    let of_kinds = of_kinds.into_iter().enumerate().filter(|(at, it)| is_wanted(it, at % 2 == version));
    let others =
        others.into_iter().enumerate().filter(|(at, it)| version == 0 && is_wanted(it, at % SAMPLE == 0));
    Ok(of_kinds.chain(others).map(|it| it.1).enumerate().collect())
}

/// Returns whether a sequence takes a kind through all that is done to it.
fn is_of_a_kind(folder: &Path) -> bool {
    folder.file_name().is_some_and(|it| it.to_string_lossy().starts_with("kind-"))
}

fn steps_of(server: &Server, version: Needs, chosen: &[(usize, PathBuf)]) -> Result<(), String> {
    let (rest, rows) = (Mutex::new(chosen.iter()), Mutex::new(Vec::new()));
    let next = || rest.lock().ok().and_then(|mut it| it.next());
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some((at, folder)) = next() {
                    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    let wrong = sequence(server, version, folder, &format!("live-sequence-{at}"));
                    let wrong = wrong.unwrap_or_else(|error| vec![error]);
                    if let Ok(mut rows) = rows.lock() {
                        rows.extend(wrong.into_iter().map(|it| format!("{name} {it}")));
                    }
                }
            });
        }
    });
    let mut rows = rows.into_inner().map_err(|it| it.to_string())?;
    rows.sort();
    if rows.is_empty() {
        Ok(())
    } else {
        Err(format!("{} steps are wrong:\n{}", rows.len(), rows.join("\n")))
    }
}

fn folders() -> Result<Vec<PathBuf>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sequences");
    let entries = fs::read_dir(root).map_err(|it| it.to_string())?;
    let mut out: Vec<PathBuf> =
        entries.filter_map(|it| Some(it.ok()?.path())).filter(|it| it.is_dir()).collect();
    out.sort();
    Ok(out)
}

/// Applies the steps of a sequence; returns what is wrong, step by step.
fn sequence(server: &Server, version: Needs, folder: &Path, realm: &str) -> Result<Vec<String>, String> {
    server.no_realm(realm)?;
    let mut wrong = Vec::new();
    for step in 1.. {
        let found =
            ["yaml", "json"].iter().map(|it| format!("{step}.{it}")).find(|it| folder.join(it).exists());
        let Some(file) = found else { break };
        let text = fs::read_to_string(folder.join(&file)).map_err(|it| it.to_string())?;
        let mut tree = Tree::empty(realm)?;
        for secret in SECRETS {
            tree.set(secret, &format!("{}-of-a-test", secret.to_lowercase()));
        }
        tree.write(&file, &of(&text, realm))?;
        // The first apply makes the realm.
        let is_newer = version == Needs::Oldest && text.starts_with("# needs 26.7\n");
        let is_refused = is_newer || text.contains("# refused\n");
        let verdict = if server.call(Method::GET, &format!("/{realm}"), None)?.0.is_success() {
            applied(server, &tree, &file, is_refused).map(drop)
        } else {
            server.alone(|| applied_as_planned(server, &tree, &file, is_refused))
        };
        let is_open = text.starts_with("# open: ");
        let verdict = match (is_open, verdict) {
            (true, Ok(())) => {
                let told = format!("{} {file} is right by now: take `# open` away\n", folder.display());
                std::io::stderr().write_all(told.as_bytes()).map_err(|it| it.to_string())?;
                Ok(())
            }
            (true, Err(_)) => Ok(()),
            (false, verdict) => verdict,
        };
        wrong.extend(verdict.err().map(|it| format!("{file}: {}", it.replace(realm, REALM))));
    }
    if server.call(Method::GET, &format!("/{realm}"), None)?.0.is_success() {
        wrong.extend(exported(server, realm).err().map(|it| format!("export: {}", it.replace(realm, REALM))));
    }
    server.no_realm(realm)?;
    Ok(wrong)
}

/// Exports a realm: the manifests say what is there, so their plan is empty.
fn exported(server: &Server, realm: &str) -> Result<(), String> {
    let tree = Tree::empty(realm)?;
    tree.run(server, &["export", "--realm", realm, "--out", ".", "--users"])?.expect(0)?;
    let ran = tree.run(server, &[&["plan", "--format", "json"], &OURS[..]].concat())?;
    let changes = Plan(ran.json()?).writes();
    if ran.code == 0 && changes.is_empty() { Ok(()) } else { Err(format!("{changes:?} {}", first(&ran))) }
}

/// The manifest of another realm.
fn of(text: &str, realm: &str) -> String {
    let text = text.replace(&format!("realm: {REALM}\n"), &format!("realm: {realm}\n"));
    let text = text.replace(&format!("\"realm\": \"{REALM}\""), &format!("\"realm\": \"{realm}\""));
    text.replace(&format!("default-roles-{REALM}"), &format!("default-roles-{realm}"))
}

/// Applies to a realm that does not exist, and compares what is done with the plan before that.
fn applied_as_planned(server: &Server, tree: &Tree, file: &str, is_refused: bool) -> Result<(), String> {
    let plan = tree.run(server, &[&["plan", file, "--format", "json"], &OURS[..]].concat())?;
    let done = applied(server, tree, file, is_refused)?;
    if is_refused {
        return Ok(());
    }
    let planned = Plan(plan.json()?).writes();
    if done == planned {
        return Ok(());
    }
    let only = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter().filter(|it| !other.contains(it)).cloned().collect()
    };
    Err(format!(
        "planned and not done: {:?}; done and not planned: {:?}",
        only(&planned, &done),
        only(&done, &planned)
    ))
}

fn entries(of: &Value) -> Vec<String> {
    sorted(list(of).iter().map(|it| format!("{} {}", word(&it["action"]), word(&it["address"]))))
}

/// Whose manifests these are.
const OURS: [&str; 2] = ["--owner", "t"];

/// Applies one step; returns what was done.
fn applied(server: &Server, tree: &Tree, file: &str, is_refused: bool) -> Result<Vec<String>, String> {
    let ours = [&[file], &OURS[..]].concat();
    let proxy = Proxy::before(server)?;
    let consents = CONSENTS.iter().flat_map(|it| ["--allow", it]);
    let args: Vec<&str> = ["apply", "--auto-approve", "--format", "json"]
        .into_iter()
        .chain(ours.iter().copied())
        .chain(consents)
        .collect();
    let ran = tree.run_at(&proxy.url, server, &args)?;
    let writes = proxy.writes_beside_ours();
    match ran.code {
        1 | 3 if !writes.is_empty() => {
            return Err(format!("exit {} after writes: {}\n{}", ran.code, writes.join(", "), first(&ran)));
        }
        1 | 3 if is_refused => return Ok(Vec::new()),
        0 if is_refused => return Err("applied, and ought to be refused".to_owned()),
        0 => {}
        code => return Err(format!("exit {code}\n{}", first(&ran))),
    }
    let again = tree.run(server, &[&["plan", "--detailed-exitcode"], &ours[..]].concat())?;
    if again.code != 0 {
        return Err(format!("a second plan is not empty\n{}", first(&again)));
    }
    let drift = tree.run(server, &[&["drift", "--format", "json"], &ours[..]].concat())?;
    let drifted = drift.json()?;
    let is_leftover = |it: &Value| it["class"] == "leftover";
    let more: Vec<String> =
        list(&drifted["resource_drift"]).iter().filter(|it| !is_leftover(it)).map(drift_line).collect();
    let is_fine =
        drift.code == 0 || (drift.code == 2 && list(&drifted["resource_drift"]).iter().any(is_leftover));
    if more.is_empty() && is_fine {
        Ok(entries(&ran.json()?["outcomes"]))
    } else {
        Err(format!("drift {}: {}", drift.code, more.join(", ")))
    }
}

fn drift_line(entry: &Value) -> String {
    format!("{} {}", word(&entry["class"]), word(&entry["address"]))
}

/// What a command says first, on both streams.
fn first(ran: &Ran) -> String {
    let lines = ran.err.lines().chain(ran.out.lines()).filter(|it| !it.trim().is_empty());
    lines.take(14).map(|it| format!("    {it}")).collect::<Vec<_>>().join("\n")
}
