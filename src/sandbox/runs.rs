//! Runs: one private folder per server, listed for `status`, removed when their owner is gone.
//!
//! A run's folder holds a tree of hard links to the distribution, with real copies of what Keycloak writes
//! (`lib/quarkus`, `conf`) and an empty `data`; the log; and a lock that its owner holds for as long as it
//! lives. The watchdog removes the folder. Should it have been killed too, the next start sweeps the folder
//! away, because its lock is free.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::obtain::Distribution;
use super::{Error, random};

/// A sandbox that runs now, as its own folder tells it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Names the run: the version and some random letters.
    pub id: String,
    pub version: String,
    pub server: String,
    /// The process that owns the server; when it ends, the server ends.
    pub pid: i32,
    /// Whether the owner was started by `up --detach`.
    pub detached: bool,
    /// The file with the `REALMWRIGHT_*` variables, to source.
    pub env: PathBuf,
}

/// The folder of a run, held by this process.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) id: String,
    _lock: File,
}

impl Folder {
    /// Sweeps what dead owners left, then makes and locks a new folder.
    pub(super) fn make(cache: &Path, distribution: &Distribution) -> Result<Folder, Error> {
        let runs = cache.join("runs");
        private_folder(&runs)?;
        // Between a folder's birth and its lock, a sweep would take it for a dead one's.
        let gate = runs.join(".gate");
        let gate_file = File::create(&gate).map_err(|source| Error::io("write", &gate, source))?;
        gate_file.lock().map_err(|source| Error::io("lock", &gate, source))?;
        for stale in folders(&runs).into_iter().filter(|folder| !is_owned(folder)) {
            // Its watchdog may be removing it at this moment.
            let _ = fs::remove_dir_all(&stale);
        }
        let id = format!("{}-{}", distribution.version, random(4)?);
        let path = runs.join(&id);
        private_folder(&path)?;
        let lock = path.join("lock");
        let lock_file = File::create(&lock).map_err(|source| Error::io("write", &lock, source))?;
        lock_file.lock().map_err(|source| Error::io("lock", &lock, source))?;
        Ok(Folder { path, id, _lock: lock_file })
    }

    pub(super) fn home(&self) -> PathBuf {
        self.path.join("home")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("keycloak.log")
    }

    /// Fills the home with links to the distribution and private copies of what Keycloak writes.
    pub(super) fn fill(&self, distribution: &Distribution, built: Option<&Path>) -> Result<(), Error> {
        let (from, to) = (&distribution.home, self.home());
        link_tree(from, &to, &["data", "lib/quarkus", "conf"])
            .map_err(|source| Error::io("fill", &to, source))?;
        let build =
            built.filter(|built| built.is_dir()).map_or_else(|| from.join("lib/quarkus"), Path::to_owned);
        copy_tree(&build, &to.join("lib/quarkus")).map_err(|source| Error::io("copy", &build, source))?;
        copy_tree(&from.join("conf"), &to.join("conf")).map_err(|source| Error::io("fill", &to, source))?;
        for folder in [to.join("data"), self.path.join("tmp")] {
            private_folder(&folder)?;
        }
        Ok(())
    }

    /// Writes the env file and the entry that `status` and `down` read.
    pub(super) fn publish(&self, run: &Run, exports: &str) -> Result<(), Error> {
        write_private(&run.env, exports.as_bytes())?;
        let entry = serde_json::to_vec_pretty(run).expect("a run is plain text and numbers");
        write_private(&self.path.join("run.json"), &entry)
    }
}

/// Keeps the build that Keycloak made at its first start, so that the next start skips it.
pub(super) fn keep_build(home: &Path, to: &Path) -> io::Result<()> {
    let parent = to.parent().unwrap_or(to);
    fs::create_dir_all(parent)?;
    let half = tempfile::Builder::new().prefix(".built-").tempdir_in(parent)?;
    let inner = half.path().join("quarkus");
    copy_tree(&home.join("lib/quarkus"), &inner)?;
    // When another start was quicker, its build is as good.
    fs::rename(&inner, to)
}

/// Lists the sandboxes of this cache folder whose owner lives and whose server has answered.
pub fn running(cache: &Path) -> Vec<Run> {
    let live = folders(&cache.join("runs")).into_iter().filter(|folder| is_owned(folder));
    live.filter_map(|folder| serde_json::from_slice(&fs::read(folder.join("run.json")).ok()?).ok()).collect()
}

impl Run {
    /// Whether anything of the run is left: its folder goes last, after every process.
    pub fn is_there(&self) -> bool {
        self.env.parent().is_some_and(Path::exists)
    }
}

fn folders(runs: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(runs).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn is_owned(folder: &Path) -> bool {
    let Ok(lock) = File::open(folder.join("lock")) else { return false };
    matches!(lock.try_lock_shared(), Err(fs::TryLockError::WouldBlock))
}

fn private_folder(path: &Path) -> Result<(), Error> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| Error::io("make", path, source))
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    use std::io::Write as _;

    let mut options = File::options();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(bytes));
    written.map_err(|source| Error::io("write", path, source))
}

/// Links every file (or copies it, where a link is not possible), without the folders named in `skip`.
fn link_tree(from: &Path, to: &Path, skip: &[&str]) -> io::Result<()> {
    walk(from, to, skip, &|from, to| fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(|_| ())))
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    walk(from, to, &[], &|from, to| fs::copy(from, to).map(|_| ()))
}

fn walk(
    from: &Path,
    to: &Path,
    skip: &[&str],
    put: &dyn Fn(&Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if skip.iter().any(|skip| name == **skip) {
            continue;
        }
        let inner: Vec<&str> = match name.to_str() {
            Some(name) => skip.iter().filter_map(|skip| skip.strip_prefix(name)?.strip_prefix('/')).collect(),
            None => Vec::new(),
        };
        let target = to.join(&name);
        // Follows links, so that a link of the distribution becomes a private file here.
        if fs::metadata(entry.path())?.is_dir() {
            walk(&entry.path(), &target, &inner, put)?;
        } else {
            put(&fs::canonicalize(entry.path())?, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn distribution(folder: &Path) -> Distribution {
        let home = folder.join("dist");
        for (path, text) in [
            ("bin/kc.sh", "#!/bin/sh"),
            ("lib/lib/a.jar", "jar"),
            ("lib/quarkus/build.dat", "built"),
            ("conf/keycloak.conf", ""),
            ("data/h2/db", "somebody's database"),
        ] {
            fs::create_dir_all(home.join(path).parent().unwrap()).unwrap();
            fs::write(home.join(path), text).unwrap();
        }
        Distribution { home, version: "1.2.3".to_owned(), built: None }
    }

    #[test]
    fn a_run_shares_what_is_read_and_owns_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let distribution = distribution(folder.path());
        let run = Folder::make(folder.path(), &distribution).unwrap();
        run.fill(&distribution, None).unwrap();
        let inode = |path: &Path| fs::metadata(path).unwrap().ino();
        let same = |path: &str| inode(&distribution.home.join(path)) == inode(&run.home().join(path));
        assert!(same("lib/lib/a.jar") && same("bin/kc.sh"));
        assert!(!same("lib/quarkus/build.dat") && !same("conf/keycloak.conf"));
        assert_eq!(fs::read_dir(run.home().join("data")).unwrap().count(), 0);
    }

    #[test]
    fn a_kept_build_is_used_by_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let distribution = distribution(folder.path());
        let built = folder.path().join("dist.built");
        let first = Folder::make(folder.path(), &distribution).unwrap();
        first.fill(&distribution, Some(&built)).unwrap();
        fs::write(first.home().join("lib/quarkus/build.dat"), "rebuilt").unwrap();
        keep_build(&first.home(), &built).unwrap();
        let second = Folder::make(folder.path(), &distribution).unwrap();
        second.fill(&distribution, Some(&built)).unwrap();
        let text = fs::read_to_string(second.home().join("lib/quarkus/build.dat")).unwrap();
        assert_eq!(text, "rebuilt");
        assert_eq!(fs::read_to_string(distribution.home.join("lib/quarkus/build.dat")).unwrap(), "built");
    }

    #[test]
    fn only_the_folders_of_dead_owners_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let distribution = distribution(folder.path());
        let living = Folder::make(folder.path(), &distribution).unwrap();
        let dead = Folder::make(folder.path(), &distribution).unwrap().path;
        assert!(dead.exists());
        let next = Folder::make(folder.path(), &distribution).unwrap();
        assert!(living.path.exists() && next.path.exists() && !dead.exists());
    }

    #[test]
    fn status_lists_the_living_and_the_env_file_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let distribution = distribution(folder.path());
        let run = Folder::make(folder.path(), &distribution).unwrap();
        assert!(running(folder.path()).is_empty(), "a server that has not answered yet is not listed");
        let entry = Run {
            id: run.id.clone(),
            version: "1.2.3".to_owned(),
            server: "http://127.0.0.1:1".to_owned(),
            pid: 1,
            detached: false,
            env: run.path.join("env"),
        };
        run.publish(&entry, "export REALMWRIGHT_USER='admin'\n").unwrap();
        assert_eq!(fs::metadata(&entry.env).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&entry.env).unwrap(), "export REALMWRIGHT_USER='admin'\n");
        assert_eq!(running(folder.path()).iter().map(|run| &run.id).collect::<Vec<_>>(), [&run.id]);
        fs::remove_file(&entry.env).unwrap();
        assert!(entry.is_there(), "a folder without an env file is still being removed");
        drop(run);
        assert!(running(folder.path()).is_empty());
    }
}
