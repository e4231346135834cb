//! Small plans, offline: one file per case, `tests/plans/<topic>/<what happens>.case`. README.md beside this
//! file says how to write one. `SNAPSHOTS=overwrite` writes what the commands show into the cases.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

#[path = "../realms/as_read.rs"]
mod as_read;
mod case;
mod server;

use case::Case;

fn main() -> ExitCode {
    let mut args = Arguments::from_args();
    // Manifests are named as a person in their folder names them, and a process has one current folder.
    args.test_threads = Some(1);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let trials = cases(&root).into_iter().map(|path| {
        let name = path.strip_prefix(&root).unwrap_or(&path).with_extension("");
        Trial::test(name.to_string_lossy().replace('\\', "/"), move || check(&path).map_err(Failed::from))
    });
    libtest_mimic::run(&args, trials.collect()).exit_code()
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
    let shown = case.run()?;
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
