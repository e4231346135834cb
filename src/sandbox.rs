//! A disposable Keycloak on this machine: fetched once, booted on free ports, gone without a trace.
//!
//! Premise: a sandbox must never outlive its owner and never leave anything behind, however the owner ends.
//! So the server does not run under our hand but under a *watchdog*: a small shell that holds one end of a
//! pipe. When our end closes (by `stop`, by drop, by a crash, by `kill -9`), it kills the server's process
//! group and removes the run's folder. There is no second way to stop, hence none that is untested.
//!
//! Terms: a *distribution* is an unpacked Keycloak in the cache folder, shared and read only; a *run* is a
//! folder of its own beside it, in which everything that a server writes is private.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

mod boot;
mod download;
mod java;
mod obtain;
mod runs;
mod unpack;

pub use boot::Sandbox;
pub use runs::{Run, running};

/// The version that a sandbox has unless another is asked for: the newest that is tested.
pub const NEWEST: &str = "26.7.5";
/// The oldest version that is tested.
pub const OLDEST: &str = "26.0.8";

/// How many seconds a boot may take, unless somebody says otherwise: a slow machine with two cores needs well under a
/// minute, and CI machines can be slower.
pub const BOOT_SECONDS: u64 = 300;

/// What to boot, and where its parts are kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// The version to fetch; ignored when `dist` names a distribution.
    pub version: String,
    /// A distribution that exists already: a zip or an unpacked folder.
    pub dist: Option<PathBuf>,
    /// The folder of distributions and runs.
    pub cache: PathBuf,
    /// Where release zips come from instead of Maven and Keycloak's release page.
    pub download_base: Option<String>,
    /// The largest heap of the server's Java, as `-Xmx` takes it.
    pub heap: String,
    /// How long the server may take until it answers.
    pub boot_timeout: Duration,
    /// Whether `down` without a name may end it.
    pub detached: bool,
}

impl Options {
    /// Asks for a version with the defaults for everything else.
    pub fn of_version(version: &str) -> Result<Options, Error> {
        Ok(Options {
            version: version.to_owned(),
            dist: None,
            cache: cache_folder(std::env::var_os("REALMWRIGHT_CACHE_DIR"))?,
            download_base: std::env::var("REALMWRIGHT_DOWNLOAD_BASE").ok().filter(|base| !base.is_empty()),
            heap: "1g".to_owned(),
            boot_timeout: Duration::from_secs(BOOT_SECONDS),
            detached: false,
        })
    }
}

/// Returns the user's cache folder for realmwright, or the one named instead.
pub fn cache_folder(named: Option<OsString>) -> Result<PathBuf, Error> {
    use etcetera::BaseStrategy as _;

    if let Some(named) = named.filter(|named| !named.is_empty()) {
        return std::path::absolute(&named).map_err(|source| Error::io("use", Path::new(&named), source));
    }
    let base = etcetera::choose_base_strategy().map_err(|_| Error::NoHome)?;
    Ok(base.cache_dir().join("realmwright"))
}

/// What a start is doing, for a progress display.
#[derive(Clone, Debug)]
pub enum Progress {
    /// Another process is fetching the same version.
    Waiting,
    /// Maven is copying the distribution; `done` bytes are on disk.
    Maven { done: u64 },
    /// The release zip is coming in.
    Downloading { done: u64, total: Option<u64> },
    /// The checksum of the zip is computed.
    Verifying,
    /// Files of the zip are being written.
    Unpacking { done: usize, total: usize },
    /// The server is booting.
    Booting,
}

/// Whom progress is told.
pub type Say<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no home folder: set REALMWRIGHT_CACHE_DIR to a folder for Keycloak distributions")]
    NoHome,
    #[error("Keycloak needs Java 17 or newer ({seen}); install it with {install}, or set JAVA_HOME")]
    NoJava { seen: String, install: String },
    #[error("`{0}` is not a Keycloak version: it looks like {NEWEST}")]
    Version(String),
    #[error(
        "Keycloak {version} could not be fetched\n  {}\nways out: name a distribution's zip or folder with \
         --dist PATH; install Maven, whose mirrors and proxies are then used; or name a mirror of Keycloak's \
         releases with --download-base URL (REALMWRIGHT_DOWNLOAD_BASE)",
        attempts.join("\n  ")
    )]
    NoDistribution { version: String, attempts: Vec<String> },
    #[error("{} is not a Keycloak distribution: {why}", path.display())]
    NotADistribution { path: PathBuf, why: String },
    #[error("Keycloak {version} ended while it was booting{}", end_of_log(log))]
    Ended { version: String, log: String },
    #[error("Keycloak {version} did not answer a login within {seconds} seconds{}", end_of_log(log))]
    NotReady { version: String, seconds: u64, log: String },
    #[error("cannot make the HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("cannot draw a random password: {0}")]
    Random(getrandom::Error),
    #[error("cannot {what} {}", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
}

impl Error {
    fn io(what: &'static str, path: &Path, source: io::Error) -> Error {
        Error::Io { what, path: path.to_owned(), source }
    }
}

fn end_of_log(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let end = &lines[lines.len().saturating_sub(15)..];
    if end.is_empty() { String::new() } else { format!("; its log ends with\n  {}", end.join("\n  ")) }
}

/// Fetches the distribution when it is not in the cache, boots it, and returns once a login works.
pub async fn start(options: &Options, say: Say<'_>) -> Result<Sandbox, Error> {
    let java = java::find()?;
    let distribution = obtain::distribution(options, say).await?;
    boot::boot(&distribution, &java, options, say).await
}

/// Fetches the distribution into the cache without booting it.
pub async fn fetch(options: &Options, say: Say<'_>) -> Result<(), Error> {
    java::find()?;
    obtain::distribution(options, say).await.map(|_| ())
}

/// Installs the process-wide TLS provider that every HTTP client here needs.
fn install_tls() {
    // An error says that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Returns random letters and digits.
fn random(length: usize) -> Result<String, Error> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    Ok(bytes.into_iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}
