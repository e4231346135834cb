//! Unpacking the distribution: a zip becomes a folder in the cache, wholly or not at all.
//!
//! The zip has one folder at its top, which is dropped. Paths that would leave the target and links are
//! refused: a mirror or a `--dist` file is other people's input.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use super::{Error, Progress, Say};

/// Unpacks a zip into a new folder, which appears under its name only when it is complete.
pub(super) async fn unpack(archive: &Path, into: &Path, say: Say<'_>) -> Result<(), Error> {
    let parent = into.parent().expect("the cache folder is above every distribution");
    let half = tempfile::Builder::new()
        .prefix(".unpacking-")
        .tempdir_in(parent)
        .map_err(|source| Error::io("make a folder in", parent, source))?;
    extract(archive, half.path(), say).await?;
    fs::set_permissions(half.path(), fs::Permissions::from_mode(0o755))
        .map_err(|source| Error::io("set the rights of", half.path(), source))?;
    fs::rename(half.path(), into)
        .map_err(|source| Error::io("rename the unpacked folder to", into, source))?;
    // The folder has its real name now; there is nothing left to remove.
    let _ = half.keep();
    Ok(())
}

/// Gives way between files, so that Ctrl-C does not wait for the last of them.
async fn extract(archive: &Path, into: &Path, say: Say<'_>) -> Result<(), Error> {
    let refuse = |why: String| Error::NotADistribution { path: archive.to_owned(), why };
    let file = File::open(archive).map_err(|source| Error::io("open", archive, source))?;
    let mut zip =
        zip::ZipArchive::new(io::BufReader::new(file)).map_err(|error| refuse(error.to_string()))?;
    let total = zip.len();
    for index in 0..total {
        say(Progress::Unpacking { done: index, total });
        tokio::task::yield_now().await;
        let mut entry = zip.by_index(index).map_err(|error| refuse(error.to_string()))?;
        let name = entry.name().to_owned();
        let path = inner_path(&name)
            .ok_or_else(|| refuse(format!("`{}` would leave the folder", name.escape_debug())))?;
        if entry.is_symlink() {
            return Err(refuse(format!("`{}` is a link", name.escape_debug())));
        }
        let target = into.join(path);
        if entry.is_dir() {
            fs::create_dir_all(&target).map_err(|source| Error::io("make", &target, source))?;
            continue;
        }
        let folder = target.parent().expect("the target is inside the folder");
        fs::create_dir_all(folder).map_err(|source| Error::io("make", folder, source))?;
        let mut out = File::create_new(&target).map_err(|source| Error::io("write", &target, source))?;
        io::copy(&mut entry, &mut out).map_err(|source| Error::io("write", &target, source))?;
        if entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0) {
            fs::set_permissions(&target, fs::Permissions::from_mode(0o755))
                .map_err(|source| Error::io("set the rights of", &target, source))?;
        }
    }
    if into.join("bin/kc.sh").is_file() { Ok(()) } else { Err(refuse("it has no bin/kc.sh".to_owned())) }
}

/// Drops the zip's top folder; `None` for a path that is not plainly below it.
fn inner_path(name: &str) -> Option<PathBuf> {
    let mut parts = Path::new(name).components();
    let plain =
        parts.clone().all(|part| matches!(part, Component::Normal(_))) && !name.contains(['\\', '\0']);
    plain.then(|| {
        parts.next();
        parts.as_path().to_owned()
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn zip_of(folder: &Path, entries: &[(&str, u32)]) -> PathBuf {
        let path = folder.join("dist.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, mode) in entries {
            zip.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    #[tokio::test]
    async fn the_top_folder_is_dropped_and_programs_stay_executable() {
        let folder = tempfile::tempdir().unwrap();
        let zip =
            zip_of(folder.path(), &[("keycloak-1/bin/kc.sh", 0o755), ("keycloak-1/conf/a.conf", 0o644)]);
        let into = folder.path().join("out");
        unpack(&zip, &into, &|_| ()).await.unwrap();
        let mode = |path: &str| fs::metadata(into.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("bin/kc.sh"), 0o755);
        assert_eq!(mode("conf/a.conf") & 0o111, 0);
    }

    #[tokio::test]
    async fn a_path_that_leaves_the_folder_is_refused_and_nothing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        fs::create_dir(&cache).unwrap();
        for name in ["../evil", "keycloak-1/../../evil", "/etc/evil"] {
            let zip = zip_of(folder.path(), &[("keycloak-1/bin/kc.sh", 0o755), (name, 0o644)]);
            let error = unpack(&zip, &cache.join("out"), &|_| ()).await.unwrap_err().to_string();
            assert!(error.contains("would leave the folder"), "{name}: {error}");
            assert_eq!(fs::read_dir(&cache).unwrap().count(), 0, "{name}");
            assert!(!folder.path().join("evil").exists());
        }
    }

    #[tokio::test]
    async fn a_zip_that_is_no_keycloak_and_a_file_that_is_no_zip_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let zip = zip_of(folder.path(), &[("other/readme", 0o644)]);
        let error = unpack(&zip, &folder.path().join("out"), &|_| ()).await.unwrap_err().to_string();
        assert!(error.contains("no bin/kc.sh"), "{error}");
        fs::write(&zip, "<html>").unwrap();
        assert!(unpack(&zip, &folder.path().join("out"), &|_| ()).await.is_err());
        assert!(!folder.path().join("out").exists());
    }
}
