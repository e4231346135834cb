//! Manifests as of a git revision, unpacked into a folder that vanishes.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::process::Command;

/// Unpacks what a folder held as of a revision. Nothing of the work tree is touched.
pub(super) async fn tree(folder: &Path, revision: &str) -> anyhow::Result<TempDir> {
    let commit = git(
        folder,
        &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")],
    )
    .await;
    let Ok(commit) = commit else {
        bail!("`{revision}` is neither a file, nor a folder, nor a git revision of {}", shown(folder));
    };
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    // Run inside a folder, an archive holds that folder alone.
    let zip = git(folder, &["archive", "--format=zip", &commit])
        .await
        .with_context(|| format!("cannot read {} as of {revision}", shown(folder)))?;
    let tree = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut archive = zip::ZipArchive::new(Cursor::new(zip))
        .with_context(|| format!("{} has no files as of {revision}", shown(folder)))?;
    archive.extract(tree.path()).context("cannot unpack what git wrote")?;
    Ok(tree)
}

fn shown(folder: &Path) -> String {
    if folder == Path::new(".") { "this folder".to_owned() } else { folder.display().to_string() }
}

async fn git(folder: &Path, args: &[&str]) -> anyhow::Result<Vec<u8>> {
    let ran = Command::new("git").arg("-C").arg(folder).args(args).kill_on_drop(true).output().await;
    let ran = ran.context("cannot run git")?;
    if !ran.status.success() {
        bail!("git: {}", String::from_utf8_lossy(&ran.stderr).trim());
    }
    Ok(ran.stdout)
}
