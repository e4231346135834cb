//! Getting a distribution: what was named, what is cached, Maven, Keycloak's release page.
//!
//! Whatever comes over the network is verified before it is unpacked. The versions that we test have their
//! SHA-256 below; the others are verified by what their source publishes (Maven's `-C`, the page's `.sha1`).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::download::{self, sha256_of};
use super::{Error, Options, Progress, Say, unpack};

/// SHA-256 of `org.keycloak:keycloak-quarkus-dist:<version>:zip`.
/// The release page's `keycloak-<version>.zip` is packed apart and verified by the SHA-1 beside it.
const KNOWN: &[(&str, &str)] = &[
    ("26.0.8", "d82a52098db41f036bcfe8f2ebfd9251781c8af5959af8714e8aa9b311081786"),
    ("26.7.5", "30ef87fb7101c43d29688d1ae80c0588ff4a151b3330e9f664bf9692d398658a"),
];

const RELEASES: &str = "https://github.com/keycloak/keycloak/releases/download";
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";

/// An unpacked Keycloak; nothing may be written into it.
#[derive(Debug)]
pub(super) struct Distribution {
    pub(super) home: PathBuf,
    pub(super) version: String,
    /// Where the build that Keycloak makes at its first start may be kept for the next one.
    pub(super) built: Option<PathBuf>,
}

/// Returns the distribution that the options ask for, after fetching it when it must be.
pub(super) async fn distribution(options: &Options, say: Say<'_>) -> Result<Distribution, Error> {
    fs::create_dir_all(&options.cache).map_err(|source| Error::io("make", &options.cache, source))?;
    match &options.dist {
        Some(path) if path.is_dir() => {
            let home = fs::canonicalize(path).map_err(|source| Error::io("open", path, source))?;
            Ok(Distribution { version: version_of(&home)?, home, built: None })
        }
        Some(path) => {
            let sum = sha256_of(path).map_err(|source| Error::io("read", path, source))?;
            cached(options, &format!("dist-{}", &sum[..16]), say, async |into| {
                unpack::unpack(path, into, say).await
            })
            .await
        }
        None => {
            let version = checked(&options.version)?;
            cached(options, &format!("keycloak-{version}"), say, async |into| {
                let fetched = fetch(options, version, say).await?;
                let outcome = unpack::unpack(&fetched, into, say).await;
                // A zip that does not unpack must not be met again.
                let _ = fs::remove_file(&fetched);
                outcome
            })
            .await
        }
    }
}

/// A version becomes part of paths and addresses: digits, letters, dots and dashes only.
fn checked(version: &str) -> Result<&str, Error> {
    let plain = version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    if plain && version.starts_with(|first: char| first.is_ascii_digit()) && version.contains('.') {
        Ok(version)
    } else {
        Err(Error::Version(version.to_owned()))
    }
}

/// Returns the folder of that name in the cache; `fill` makes it, in one process at a time.
async fn cached(
    options: &Options,
    name: &str,
    say: Say<'_>,
    fill: impl AsyncFnOnce(&Path) -> Result<(), Error>,
) -> Result<Distribution, Error> {
    let home = options.cache.join(name);
    if !home.is_dir() {
        let _lock = lock(&options.cache.join(format!("{name}.lock")), say).await?;
        if !home.is_dir() {
            fill(&home).await?;
        }
    }
    let built = Some(options.cache.join(format!("{name}.built")));
    Ok(Distribution { version: version_of(&home)?, home, built })
}

async fn lock(path: &Path, say: Say<'_>) -> Result<File, Error> {
    let failed = |source| Error::io("lock", path, source);
    let file = File::create(path).map_err(failed)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) => say(Progress::Waiting),
            Err(fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn version_of(home: &Path) -> Result<String, Error> {
    let refuse = |why: &str| Error::NotADistribution { path: home.to_owned(), why: why.to_owned() };
    if !home.join("bin/kc.sh").is_file() {
        return Err(refuse("it has no bin/kc.sh"));
    }
    let text = fs::read_to_string(home.join("version.txt")).map_err(|_| refuse("it has no version.txt"))?;
    let version = text.trim().rsplit(' ').next().unwrap_or_default();
    if version.is_empty() { Err(refuse("its version.txt is empty")) } else { Ok(version.to_owned()) }
}

/// Fetches the zip of a version by the first way that works.
async fn fetch(options: &Options, version: &str, say: Say<'_>) -> Result<PathBuf, Error> {
    let mut attempts = Vec::new();
    if options.download_base.is_none() {
        match from_maven(&options.cache, version, say).await {
            Ok(path) => return Ok(path),
            Err(why) => {
                tracing::info!("no distribution from Maven: {why}");
                attempts.push(format!("Maven: {why}"));
            }
        }
    }
    let to = options.cache.join(format!("keycloak-{version}.zip"));
    let base = options.download_base.as_deref().unwrap_or(RELEASES);
    let client = download::client().map_err(Error::Client)?;
    match download::from_release_page(&client, base, version, &to, say).await {
        Ok(()) => Ok(to),
        Err(failure) => {
            attempts.push(failure.to_string());
            Err(Error::NoDistribution { version: version.to_owned(), attempts })
        }
    }
}

/// Has Maven copy the distribution, which uses the user's mirrors, proxies and credentials.
async fn from_maven(cache: &Path, version: &str, say: Say<'_>) -> Result<PathBuf, String> {
    let file = format!("keycloak-quarkus-dist-{version}.zip");
    let folder =
        tempfile::Builder::new().prefix(".maven-").tempdir_in(cache).map_err(|error| error.to_string())?;
    let mut maven = tokio::process::Command::new("mvn");
    maven
        .args(["-B", "-q", "-C", "-U", COPY])
        .arg(format!("-Dartifact=org.keycloak:keycloak-quarkus-dist:{version}:zip"))
        .arg(format!("-DoutputDirectory={}", folder.path().display()))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let child = maven.spawn().map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        if missing { "mvn is not on PATH".to_owned() } else { format!("mvn does not start: {error}") }
    })?;
    let home = std::env::home_dir().unwrap_or_default();
    let repository = home.join(".m2/repository/org/keycloak/keycloak-quarkus-dist").join(version);
    let mut end = std::pin::pin!(child.wait_with_output());
    let output = loop {
        match tokio::time::timeout(Duration::from_millis(200), &mut end).await {
            Ok(output) => break output.map_err(|error| error.to_string())?,
            Err(_) => say(Progress::Maven { done: largest_in(&repository).max(largest_in(folder.path())) }),
        }
    };
    let log = String::from_utf8_lossy(&output.stdout);
    tracing::debug!(log = %log, "maven ended");
    if !output.status.success() {
        return Err(maven_error(&log).unwrap_or_else(|| format!("mvn ended with {}", output.status)));
    }
    let copied = folder.path().join(&file);
    if let Some((_, expected)) = KNOWN.iter().find(|(known, _)| *known == version) {
        say(Progress::Verifying);
        let found = sha256_of(&copied).map_err(|error| format!("cannot read {file}: {error}"))?;
        if found != *expected {
            return Err(format!("{file} has the checksum {found}, expected {expected}"));
        }
    }
    let kept = cache.join(&file);
    fs::rename(&copied, &kept).map_err(|error| format!("cannot keep {file}: {error}"))?;
    Ok(kept)
}

fn largest_in(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|found| found.len()).max().unwrap_or(0)
}

/// The first error line of Maven's log says what is wrong; the others repeat it or advertise switches.
fn maven_error(log: &str) -> Option<String> {
    // A colour reset may stand before the first line, even without colour.
    let line =
        log.lines().find_map(|line| Some(line.split_once("[ERROR] ")?.1).filter(|text| !text.is_empty()))?;
    let reason = line.rsplit_once(" on project ").map_or(line, |(_, rest)| rest);
    Some(reason.split(" -> [Help").next().unwrap_or(reason).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_never_a_path() {
        for version in ["26.7.5", "26.0.0-rc1", "999.0.0-SNAPSHOT"] {
            assert!(checked(version).is_ok(), "{version}");
        }
        for version in ["", "latest", "26", "../26.7.5", "26.7.5/..", "26.7.5 ", "-26.7"] {
            assert!(checked(version).is_err(), "{version}");
        }
    }

    #[test]
    fn the_tested_versions_have_their_checksum_here() {
        for version in [super::super::NEWEST, super::super::OLDEST] {
            assert!(KNOWN.iter().any(|(known, _)| *known == version), "{version}");
        }
    }

    #[test]
    fn mavens_reason_is_one_line_without_its_advertisements() {
        let log = "\u{1b}[0m[ERROR] Failed to execute goal x:3.8.1:copy (default-cli) on project standalone-pom: \
                   Unable to find/resolve artifact. -> [Help 1]\n[ERROR] \n[ERROR] To see the full stack trace";
        assert_eq!(maven_error(log).unwrap(), "standalone-pom: Unable to find/resolve artifact.");
        assert_eq!(maven_error("nothing"), None);
    }

    #[tokio::test]
    async fn a_folder_that_is_no_keycloak_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::of_version("26.7.5").unwrap();
        options.cache = folder.path().join("cache");
        options.dist = Some(folder.path().to_owned());
        let error = distribution(&options, &|_| ()).await.unwrap_err().to_string();
        assert!(error.contains("no bin/kc.sh"), "{error}");
    }
}
