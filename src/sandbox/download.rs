//! Downloading one file: resumed where it was cut, verified before it gets its name.
//!
//! The bytes go to `<name>.part`, which survives a failure and the end of the process, so that the next
//! run asks only for the rest. A checksum that does not match throws the part away.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_RANGE, RANGE};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{Progress, Say};
use crate::text::hex;

/// How often a download without any new byte is tried again.
const ATTEMPTS: u32 = 5;

/// Why one way of getting the distribution did not work.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{url}: {status}")]
    Status { url: String, status: StatusCode },
    #[error("{url}: {}", chain(source))]
    Network { url: String, source: reqwest::Error },
    #[error("{url}: the connection was cut {ATTEMPTS} times in a row; the next run resumes")]
    Cut { url: String },
    #[error("{url} is not a SHA-1 checksum")]
    NoChecksum { url: String },
    #[error("{url}: checksum {found}, expected {expected}; the file was thrown away")]
    Checksum { url: String, found: String, expected: String },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// reqwest hides the cause of its errors in their sources.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// Builds the client for downloads: proxies and authorities of the system, no limit on the whole transfer.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    super::install_tls();
    reqwest::Client::builder()
        .user_agent(concat!("realmwright/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(15))
        .read_timeout(Duration::from_secs(30))
        .no_gzip()
        .build()
}

/// Downloads `<base>/<version>/keycloak-<version>.zip`, verified by the `.sha1` beside it.
pub(super) async fn from_release_page(
    client: &reqwest::Client,
    base: &str,
    version: &str,
    to: &Path,
    say: Say<'_>,
) -> Result<(), Failure> {
    let url = format!("{}/{version}/keycloak-{version}.zip", base.trim_end_matches('/'));
    let expected = checksum(client, &format!("{url}.sha1")).await?;
    let part = to.with_extension("zip.part");
    let resumed = part.exists();
    fetch(client, &url, &part, say).await?;
    let mut found = sha1_of(&part)?;
    if found != expected && resumed {
        // The part may have been another file's beginning: once more, from the start.
        remove(&part)?;
        fetch(client, &url, &part, say).await?;
        found = sha1_of(&part)?;
    }
    if found != expected {
        remove(&part)?;
        return Err(Failure::Checksum { url, found, expected });
    }
    fs::rename(&part, to).map_err(|source| Failure::Write { path: to.to_owned(), source })
}

async fn checksum(client: &reqwest::Client, url: &str) -> Result<String, Failure> {
    let network =
        |error: reqwest::Error| Failure::Network { url: url.to_owned(), source: error.without_url() };
    let answer = client.get(url).send().await.map_err(network)?;
    if !answer.status().is_success() {
        return Err(Failure::Status { url: url.to_owned(), status: answer.status() });
    }
    let text = answer.text().await.map_err(network)?;
    let sum = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if sum.len() == 40 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(sum)
    } else {
        Err(Failure::NoChecksum { url: url.to_owned() })
    }
}

/// Appends to `part` until the server says that it is complete.
async fn fetch(client: &reqwest::Client, url: &str, part: &Path, say: Say<'_>) -> Result<(), Failure> {
    let mut left = ATTEMPTS;
    while 0 < left {
        let before = length(part);
        match fetch_rest(client, url, part, before, say).await {
            Ok(()) => return Ok(()),
            Err(Failure::Network { source, .. }) if !source.is_connect() && !source.is_builder() => {}
            Err(Failure::Status { status, .. }) if status.is_server_error() => {}
            Err(failure) => return Err(failure),
        }
        left = if before < length(part) { ATTEMPTS } else { left - 1 };
        tokio::time::sleep(retry_delay()).await;
    }
    Err(Failure::Cut { url: url.to_owned() })
}

const fn retry_delay() -> Duration {
    if cfg!(test) { Duration::from_millis(10) } else { Duration::from_secs(1) }
}

async fn fetch_rest(
    client: &reqwest::Client,
    url: &str,
    part: &Path,
    have: u64,
    say: Say<'_>,
) -> Result<(), Failure> {
    let network =
        |error: reqwest::Error| Failure::Network { url: url.to_owned(), source: error.without_url() };
    let write = |source| Failure::Write { path: part.to_owned(), source };
    let mut request = client.get(url);
    if 0 < have {
        request = request.header(RANGE, format!("bytes={have}-"));
    }
    let answer = request.send().await.map_err(network)?;
    let range = answer.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut file = match answer.status() {
        StatusCode::PARTIAL_CONTENT if range.as_deref().is_some_and(|range| starts_at(range, have)) => {
            OpenOptions::new().append(true).open(part).map_err(write)?
        }
        // All bytes are here already: the checksum decides.
        StatusCode::RANGE_NOT_SATISFIABLE if range == Some(format!("bytes */{have}")) => return Ok(()),
        StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT => {
            remove(part)?;
            return Box::pin(fetch_rest(client, url, part, 0, say)).await;
        }
        status if status.is_success() => File::create(part).map_err(write)?,
        status => return Err(Failure::Status { url: url.to_owned(), status }),
    };
    let mut done = file.metadata().map_err(write)?.len();
    let total = answer.content_length().map(|rest| done + rest);
    let mut body = answer.bytes_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(network)?;
        file.write_all(&chunk).map_err(write)?;
        done += chunk.len() as u64;
        say(Progress::Downloading { done, total });
    }
    Ok(())
}

fn starts_at(range: &str, have: u64) -> bool {
    range.strip_prefix("bytes ").and_then(|rest| rest.split('-').next()) == Some(have.to_string().as_str())
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

fn remove(path: &Path) -> Result<(), Failure> {
    fs::remove_file(path).map_err(|source| Failure::Write { path: path.to_owned(), source })
}

fn sha1_of(path: &Path) -> Result<String, Failure> {
    digest::<Sha1>(path).map_err(|source| Failure::Write { path: path.to_owned(), source })
}

/// Returns a file's SHA-256 in hex.
pub(super) fn sha256_of(path: &Path) -> io::Result<String> {
    digest::<Sha256>(path)
}

fn digest<D: Digest>(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut state = D::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => state.update(&buffer[..read]),
        }
    }
    Ok(hex(&state.finalize()))
}

#[cfg(test)]
mod tests;
