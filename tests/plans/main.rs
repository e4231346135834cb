//! Small plans, offline: one file per case, `tests/plans/<topic>/<what happens>.case`. README.md beside this
//! file says how to write one. `SNAPSHOTS=overwrite` writes what the commands show into the cases.

use std::fmt::Write as _;
use std::io::Write as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use realmwright::cli::{Exit, shown};

#[path = "../realms/as_read.rs"]
mod as_read;
mod case;
mod server;

use case::{Case, PROJECT};
use server::Server;

/// Says to a process of several which cases are its own: `1/2`, the second half.
const SHARE: &str = "REALMWRIGHT_TEST_SHARE";

fn main() -> ExitCode {
    let mut args = Arguments::from_args();
    // Manifests are named as a person in their folder names them, and a process has one current folder.
    args.test_threads = Some(1);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let mut paths = cases(&root);
    if let Some((own, all)) = std::env::var(SHARE).ok().as_deref().and_then(share) {
        paths = paths.into_iter().skip(own).step_by(all).collect();
    } else if !args.list && args.filter.is_none() {
        return in_shares();
    }
    let trials = paths.into_iter().map(|path| {
        let name = path.strip_prefix(&root).unwrap_or(&path).with_extension("");
        Trial::test(name.to_string_lossy().replace('\\', "/"), move || check(&path).map_err(Failed::from))
    });
    libtest_mimic::run(&args, trials.collect()).exit_code()
}

fn share(text: &str) -> Option<(usize, usize)> {
    let (own, all) = text.split_once('/')?;
    Some((own.parse().ok()?, all.parse().ok().filter(|it| *it > 0)?))
}

/// Runs all cases in one process for each core.
fn in_shares() -> ExitCode {
    let all = std::thread::available_parallelism().map_or(1, NonZero::get);
    let program = std::env::current_exe().expect("this program");
    let own = |own: usize| {
        let mut command = Command::new(&program);
        command.args(std::env::args_os().skip(1)).env(SHARE, format!("{own}/{all}"));
        command.stdout(Stdio::piped()).spawn().expect("this program once more")
    };
    let shares: Vec<Child> = (0..all).map(own).collect();
    let mut code = ExitCode::SUCCESS;
    for share in shares {
        let ended = share.wait_with_output().expect("it was started");
        std::io::stdout().write_all(&ended.stdout).expect("stdout takes it");
        if !ended.status.success() {
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(cases(&path));
        } else if path.extension().is_some_and(|it| it == "case") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Runs the commands of a case and compares what they show with what stands there.
fn check(path: &Path) -> Result<(), String> {
    let written = std::fs::read_to_string(path).map_err(|it| it.to_string())?;
    let case = Case::read(&written)?;
    let shown = run(&case)?;
    if shown == written {
        return Ok(());
    }
    if std::env::var("SNAPSHOTS").is_ok_and(|it| it == "overwrite") {
        return std::fs::write(path, shown).map_err(|it| it.to_string());
    }
    let expected = snapbox::Data::text(written);
    let compared = snapbox::Assert::new().try_eq(Some(&path.display()), shown.into(), expected.raw());
    compared.map_err(|it| it.to_string())
}

/// Runs the commands in a folder that holds the manifests, and returns the case as it then reads.
fn run(case: &Case) -> Result<String, String> {
    let text = |it: &dyn std::fmt::Display| it.to_string();
    let folder = tempfile::tempdir().map_err(|it| text(&it))?;
    let is_beside = |name: &str| name == "live.yaml" || name == "server.yaml" || name.starts_with("applied/");
    for (name, content) in case.files.iter().filter(|it| !is_beside(&it.0)) {
        write(folder.path(), name, content)?;
    }
    if case.file("realmwright.yaml").is_none() {
        write(folder.path(), "realmwright.yaml", PROJECT)?;
    }
    std::env::set_current_dir(folder.path()).map_err(|it| text(&it))?;
    let applied: Vec<(&str, &str)> = case
        .files
        .iter()
        .filter_map(|(name, content)| Some((name.strip_prefix("applied/")?, content.as_str())))
        .collect();
    let server = Server::read(&applied, case.file("live.yaml"), case.file("server.yaml"))?;
    let mut out = case.about.clone();
    for (name, content) in &case.files {
        let _ = write!(out, "--- {name}\n{content}");
    }
    for (command, _) in &case.commands {
        let _ = writeln!(out, "$ realmwright {command}");
        let line: Vec<&str> = ["realmwright"].into_iter().chain(command.split(' ')).collect();
        let shown = shown(&line, &|request| server.observe(request));
        out.push_str(&shown.err);
        out.push_str(&shown.out);
        if shown.exit != Exit::Clean {
            let _ = writeln!(out, "[exit {}]", shown.exit.code());
        }
    }
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).map_err(|it| text(&it))?;
    Ok(out)
}

fn write(folder: &Path, name: &str, content: &str) -> Result<(), String> {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(|it| it.to_string())?;
    std::fs::write(path, content).map_err(|it| it.to_string())
}
