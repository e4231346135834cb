//! How to reach a server: address, credentials, certificates, limits; and the one HTTP client made of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::{Host, Url};

use super::Error;
use crate::text::read_regular;

/// How many bytes a file of certificates may have.
const LARGEST_PEM: u64 = 16 << 20;

/// How many bytes an answer may have, unpacked.
const LARGEST_ANSWER: u64 = 256 << 20;

/// How to reach one server.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Address of the server, with its context path if it has one (`https://sso.example.org/auth`).
    pub server: String,
    /// Authorities to trust instead of the system's (`--ca-file`), PEM.
    pub ca_file: Option<PathBuf>,
    /// Certificate chain and key to show to the server (`--client-cert`, `--client-key`), PEM.
    pub client_cert: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
    pub connect_timeout: Duration,
    pub request_timeout: Duration,
    pub retry: Retry,
    /// How many bytes of one answer are taken, unpacked (`--max-answer-mb`).
    pub largest_answer: u64,
    /// Passwords, secrets and tokens may go over plain http to another machine (`--allow-http`).
    pub allow_http: bool,
    /// Id of this run, which the server's access log then shows.
    pub run: Option<String>,
}

impl Reach {
    /// Reaches a server with the usual limits.
    pub fn new(server: impl Into<String>) -> Reach {
        Reach {
            server: server.into(),
            ca_file: None,
            client_cert: None,
            client_key: None,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(60),
            retry: Retry { tries: 5, first_pause: Duration::from_millis(200) },
            largest_answer: LARGEST_ANSWER,
            allow_http: false,
            run: None,
        }
    }

    pub(super) fn limits(&self) -> Limits {
        Limits { retry: self.retry, largest_answer: self.largest_answer }
    }
}

/// How often a request that is safe to repeat is tried, and the pause before the second try; pauses double.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    pub tries: usize,
    pub first_pause: Duration,
}

/// What bounds every request of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) retry: Retry,
    pub(super) largest_answer: u64,
}

/// Reads the server's address: http or https, no credentials, no query, one slash at the end.
pub(super) fn server_url(text: &str) -> Result<Url, Error> {
    let refuse =
        |reason: &str| Error::Address { server: without_credentials(text), reason: reason.to_owned() };
    let mut url = Url::parse(text.trim())
        .map_err(|error| refuse(&format!("{error}; write it as https://sso.example.org")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(refuse("only http:// and https:// addresses work"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("user and password do not belong in the address"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("an address has no `?` and no `#`"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    if path.contains("/realms/") || path.ends_with("/admin") || path.contains("/admin/") {
        return Err(refuse("give the server's address only, without /realms/… or /admin"));
    }
    url.set_path(&format!("{path}/"));
    Ok(url)
}

/// Says whether what is sent to an address can be read on the way to it.
pub(super) fn is_open(server: &Url) -> bool {
    let is_here = match server.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    };
    server.scheme() == "http" && !is_here
}

/// Drops what stands before an `@`, which may be a password, from an address that could not be read.
fn without_credentials(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    }
}

/// Builds the client that every request of a connection goes through.
pub(super) fn http_client(reach: &Reach, server: &Url) -> Result<reqwest::Client, Error> {
    // Somebody else may have installed one already: any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let agent = match &reach.run {
        Some(run) => format!("realmwright/{} run/{run}", env!("CARGO_PKG_VERSION")),
        None => format!("realmwright/{}", env!("CARGO_PKG_VERSION")),
    };
    let builder = || {
        reqwest::Client::builder()
            .user_agent(&agent)
            .connect_timeout(reach.connect_timeout)
            .timeout(reach.request_timeout)
            // A redirect would send the token elsewhere, and means that the address is not the server's own.
            .redirect(reqwest::redirect::Policy::none())
    };
    let mut chosen = builder();
    if let Some(path) = &reach.ca_file {
        let authorities = reqwest::Certificate::from_pem_bundle(&read("--ca-file", path)?)
            .map_err(|error| not_usable("--ca-file", path, &error))?;
        if authorities.is_empty() {
            return Err(not_usable("--ca-file", path, &"it holds no PEM certificate"));
        }
        chosen = chosen.tls_certs_only(authorities);
    }
    match (&reach.client_cert, &reach.client_key) {
        (None, None) => {}
        (Some(cert), Some(key)) => {
            let mut pem = read("--client-key", key)?;
            pem.push(b'\n');
            pem.extend(read("--client-cert", cert)?);
            let identity = reqwest::Identity::from_pem(&pem)
                .map_err(|error| not_usable("--client-cert and --client-key", cert, &chain(&error)))?;
            chosen = chosen.identity(identity);
        }
        (Some(path), None) | (None, Some(path)) => {
            return Err(not_usable("--client-cert and --client-key", path, &"they are needed together"));
        }
    }
    match chosen.build() {
        Ok(client) => Ok(client),
        // Without any authority in the system the client does not even build; plain http needs none.
        Err(_) if server.scheme() == "http" && reach.ca_file.is_none() && reach.client_cert.is_none() => {
            builder().tls_certs_only([]).build().map_err(|error| Error::Client { cause: chain(&error) })
        }
        Err(error) => Err(Error::Client { cause: chain(&error) }),
    }
}

fn read(option: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    read_regular(path, LARGEST_PEM).map_err(|error| not_usable(option, path, &error))
}

fn not_usable(option: &'static str, path: &Path, cause: &dyn std::fmt::Display) -> Error {
    Error::File { option, path: path.display().to_string(), cause: cause.to_string() }
}

/// Returns the causes of an error, outermost first, each once: reqwest's own text hides them.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // hyper's own layer says no more than that there was an error.
        let noise = text.starts_with("client error (") && cause.source().is_some();
        if !noise && !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        next = cause.source();
    }
    if texts.is_empty() { error.to_string() } else { texts.join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_addresses_are_read_or_refused_with_the_reason() {
        for (text, read) in [
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080/")),
            ("https://sso.example.org/auth//", Ok("https://sso.example.org/auth/")),
            ("sso.example.org", Err("write it as https://")),
            ("localhost:8080", Err("only http:// and https://")),
            ("ftp://sso.example.org", Err("only http:// and https://")),
            ("https://me:pw@sso.example.org", Err("do not belong in the address")),
            ("https://sso.example.org/realms/master", Err("without /realms/")),
            ("https://sso.example.org/auth/admin/", Err("without /realms/")),
            ("https://sso.example.org/?a=b", Err("no `?`")),
        ] {
            match (server_url(text), read) {
                (Ok(url), Ok(wanted)) => assert_eq!(url.as_str(), wanted),
                (Err(error), Err(part)) => {
                    assert!(error.to_string().contains(part), "{error}");
                    assert!(!error.to_string().contains("me:pw"), "{error}");
                }
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
    }

    #[test]
    fn only_what_leaves_this_machine_unencrypted_is_open() {
        for (server, open) in [
            ("http://127.0.0.1:8080", false),
            ("http://127.8.8.8", false),
            ("http://[::1]:8080", false),
            ("http://[::ffff:127.0.0.1]:8080", false),
            ("http://localhost:8080", false),
            ("http://LOCALHOST.", true),
            ("http://sso.localhost", false),
            ("http://localhost.example.org", true),
            ("http://127.0.0.1.example.org", true),
            ("http://10.0.0.1", true),
            ("http://0.0.0.0", true),
            ("http://keycloak:8080", true),
            ("https://sso.example.org", false),
        ] {
            assert_eq!(is_open(&server_url(server).unwrap()), open, "{server}");
        }
    }

    #[test]
    fn a_file_that_is_no_certificate_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut reach = Reach::new("https://127.0.0.1:1");
        reach.ca_file = Some(file.path().to_owned());
        let url = server_url(&reach.server).unwrap();
        assert!(http_client(&reach, &url).unwrap_err().to_string().contains("--ca-file"));
        reach.ca_file = None;
        reach.client_key = Some(file.path().to_owned());
        assert!(http_client(&reach, &url).unwrap_err().to_string().contains("needed together"));
    }
}
