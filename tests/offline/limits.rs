//! What is named like a manifest and is none: pipes, devices, folders, endless files.

use std::fs;
use std::path::Path;
use std::process::Command;

use realmwright::manifest::{Project, load};

#[test]
fn what_is_no_file_or_too_long_is_an_error_with_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("all")).expect("a folder");
    let all = |name: &str| folder.path().join("all").join(name);
    fs::write(all("a.yaml"), "realm: a\n").expect("a manifest");
    fs::write(all("long.yaml"), format!("realm: a\n# {}\n", "x".repeat(2_000))).expect("a manifest");
    fs::create_dir(all("folder.json")).expect("a folder");
    let pipe = Command::new("mkfifo").arg(all("pipe.yml")).status().is_ok_and(|it| it.success());
    std::os::unix::fs::symlink("/dev/zero", all("zero.yaml")).expect("a link");
    let mut project = Project::default();
    project.largest = Some(1_000);
    let titles = |paths: &[&Path]| {
        let paths: Vec<_> = paths.iter().copied().map(Path::to_path_buf).collect();
        let notes = load(&paths, &project).notes;
        let mut words: Vec<String> = notes
            .iter()
            .map(|it| format!("{}: {}", it.title, it.help.as_deref().unwrap_or_default()))
            .map(|it| it.replace(&*folder.path().to_string_lossy(), "F"))
            .collect();
        words.sort();
        words
    };
    let mut wanted = vec![
        "`F/all/long.yaml` is larger than 1000 bytes: name manifests only; if it is one, read more of it with --max-manifest-mb",
        "cannot read `F/all/folder.json`: it is a folder, not a file",
        "cannot read `F/all/zero.yaml`: it is a device, not a file",
    ];
    if pipe {
        wanted.insert(2, "cannot read `F/all/pipe.yml`: it is a pipe, not a file");
    }
    assert_eq!(titles(&[&at("all")]), wanted);
    // Named by themselves, too.
    assert_eq!(titles(&[&all("zero.yaml")]), ["cannot read `F/all/zero.yaml`: it is a device, not a file"]);
}
