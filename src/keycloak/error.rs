//! What can go wrong between us and the server, each with a text that says how to mend it.
//!
//! Callers match on [`ErrorKind`]; people read the text. No text repeats a page, a header, a body that we sent,
//! or a secret: what the server said passes the redactor before it gets here.

use std::fmt;

use reqwest::header::CONTENT_TYPE;

use super::Method;

/// A failed request or login.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("server address `{server}` cannot be used: {reason}")]
    Address { server: String, reason: String },
    #[error("{option} {path} cannot be used: {cause}")]
    File { option: &'static str, path: String, cause: String },
    #[error(
        "cannot set up HTTPS: {cause}; if this system has no certificate authorities, name one with --ca-file"
    )]
    Client { cause: String },
    #[error("the key for the signed login cannot be used: {cause}")]
    Key { cause: String },
    #[error("the stored login {path} cannot be used: {cause}; {mend}")]
    Stored { path: String, cause: String, mend: String },
    /// A name was put into a path unencoded or empty; such a path could hit the object above.
    #[error("`{path}` is not a path of the admin API: a part of it is empty, `.` or `..`")]
    Path { path: String },
    #[error("no connection to {url}: {cause}; is the server running, and is this its address (--server)?")]
    Unreachable { url: String, cause: String },
    #[error("{url} did not answer in time ({what})")]
    Timeout { url: String, what: String },
    #[error("no trusted connection to {url}: {cause}; {hint}")]
    Tls { url: String, cause: String, hint: &'static str },
    #[error("{url} does not answer like Keycloak (status {status}, {content_type}): {hint}")]
    NotKeycloak { url: String, status: u16, content_type: String, hint: String },
    #[error("login to realm `{realm}` at {url} as {account} failed: {hint} (status {status}, {text})")]
    Login { url: String, realm: String, account: String, status: u16, text: String, hint: &'static str },
    #[error("{method} {path}: the access token is not accepted (any more): {hint}")]
    Expired { method: Method, path: String, hint: &'static str },
    #[error("{method} {path}: not allowed with this credential{}{}", Needs(.needs), Said(.text))]
    Forbidden { method: Method, path: String, needs: &'static [&'static str], text: String },
    #[error("{method} {path}: not found{}{}", Said(.text), if *.repeated { EARLIER_TRY } else { "" })]
    NotFound { method: Method, path: String, text: String, repeated: bool },
    #[error("{method} {path}: in conflict with what exists{}", Said(.text))]
    Conflict { method: Method, path: String, text: String },
    #[error("{method} {path}: refused by the server (status {status}){}", Said(.text))]
    Refused { method: Method, path: String, status: u16, text: String },
    #[error("{method} {path}: the server failed (status {status}){}; its log says why", Said(.text))]
    Server { method: Method, path: String, status: u16, text: String },
    #[error(
        "{method} {path}: the answer is longer than {most}; if that can be, take more with --max-answer-mb"
    )]
    TooLong { method: Method, path: String, most: String },
    #[error(
        "a password, secret or token would go to {url} over plain http, where others can read it on the way; use https, or say that this network is safe with --allow-http"
    )]
    PlainHttp { url: String },
    /// The request left, its answer did not arrive: look before deciding anything.
    #[error("{method} {path}: no answer ({cause}); whether the server carried it out is unknown")]
    Lost { method: Method, path: String, cause: String },
}

const EARLIER_TRY: &str = "; an earlier try got no answer and may have been carried out";

/// What callers tell failures apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nothing was sent: address, files, key or path cannot be used.
    Input,
    Unreachable,
    Timeout,
    Tls,
    NotKeycloak,
    Login,
    Expired,
    Forbidden {
        needs: &'static [&'static str],
    },
    NotFound,
    Conflict,
    Refused {
        status: u16,
    },
    Server {
        status: u16,
    },
    /// More was to be read than is taken.
    TooLong,
    Lost,
}

impl Error {
    /// Returns what sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Address { .. }
            | Error::File { .. }
            | Error::Client { .. }
            | Error::Key { .. }
            | Error::Stored { .. }
            | Error::PlainHttp { .. }
            | Error::Path { .. } => ErrorKind::Input,
            Error::Unreachable { .. } => ErrorKind::Unreachable,
            Error::Timeout { .. } => ErrorKind::Timeout,
            Error::Tls { .. } => ErrorKind::Tls,
            Error::NotKeycloak { .. } => ErrorKind::NotKeycloak,
            Error::Login { .. } => ErrorKind::Login,
            Error::Expired { .. } => ErrorKind::Expired,
            Error::Forbidden { needs, .. } => ErrorKind::Forbidden { needs },
            Error::NotFound { .. } => ErrorKind::NotFound,
            Error::Conflict { .. } => ErrorKind::Conflict,
            Error::Refused { status, .. } => ErrorKind::Refused { status: *status },
            Error::Server { status, .. } => ErrorKind::Server { status: *status },
            Error::TooLong { .. } => ErrorKind::TooLong,
            Error::Lost { .. } => ErrorKind::Lost,
        }
    }

    /// Says whether the failed request certainly wrote nothing.
    pub fn wrote_nothing(&self) -> bool {
        !matches!(self.kind(), ErrorKind::Lost | ErrorKind::Server { .. })
            && !matches!(self, Error::NotFound { repeated: true, .. })
    }
}

/// What the server said, if anything, as the end of a sentence.
struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

/// The roles that a request needs, as the end of a sentence.
struct Needs<'a>(&'a [&'static str]);

impl fmt::Display for Needs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => Ok(()),
            [role] => write!(f, "; it needs the role {role}"),
            roles => write!(f, "; it needs the roles {}", roles.join(", ")),
        }
    }
}

/// Returns Keycloak's own words in an error answer; not yet redacted.
pub(super) fn said(body: &serde_json::Value) -> String {
    let field = |name: &str| body.get(name).and_then(serde_json::Value::as_str);
    let mut parts: Vec<&str> =
        ["errorMessage", "error", "error_description"].into_iter().filter_map(field).collect();
    let several = body.get("errors").and_then(serde_json::Value::as_array);
    for each in several.into_iter().flatten() {
        for name in ["field", "errorMessage"] {
            parts.extend(each.get(name).and_then(serde_json::Value::as_str));
        }
    }
    parts.join(": ")
}

/// Returns the content type of an answer without its parameters.
pub(super) fn content_type(headers: &reqwest::header::HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("no content type");
    value.split(';').next().unwrap_or_default().trim().to_owned()
}

/// Returns why the TLS layer refused a connection, if it was the TLS layer.
pub(super) fn tls_cause(error: &(dyn std::error::Error + 'static)) -> Option<(String, &'static str)> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some((tls.to_string(), tls_hint(tls)));
        }
        // `io::Error::source` skips the error that it wraps.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn tls_hint(error: &rustls::Error) -> &'static str {
    use rustls::{CertificateError, Error as Tls};
    let text = error.to_string();
    if matches!(error, Tls::InvalidCertificate(CertificateError::UnknownIssuer))
        || text.contains("UnknownIssuer")
    {
        "its certificate is signed by an authority that this system does not know: name it with --ca-file"
    } else if text.contains("not valid for") || text.contains("NotValidForName") {
        "its certificate is for another host name: use the name that it was made for"
    } else if text.to_lowercase().contains("expired") {
        "its certificate has expired, or the clock of one side is wrong"
    } else if matches!(error, Tls::AlertReceived(_)) {
        "the server refused us: it may want --client-cert and --client-key"
    } else if matches!(error, Tls::InvalidMessage(_)) {
        "this port may speak plain http"
    } else {
        "check the server's certificate, or name its authority with --ca-file"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_right_names_the_request_and_the_roles() {
        let path = "realms/demo/users?max=-1".to_owned();
        let error = Error::Forbidden {
            method: Method::Get,
            path,
            needs: &["view-users"],
            text: "HTTP 403 Forbidden".to_owned(),
        };
        assert_eq!(
            error.to_string(),
            "GET realms/demo/users?max=-1: not allowed with this credential; it needs the role view-users: HTTP 403 Forbidden"
        );
        assert_eq!(error.kind(), ErrorKind::Forbidden { needs: &["view-users"] });
    }

    #[test]
    fn the_servers_words_are_found_in_every_shape() {
        for (body, text) in [
            (serde_json::json!({"errorMessage": "Client a exists"}), "Client a exists"),
            (serde_json::json!({"error": "unknown_error"}), "unknown_error"),
            (serde_json::json!({"error": "invalid_grant", "error_description": "no"}), "invalid_grant: no"),
            (serde_json::json!({"errors": [{"field": "email", "errorMessage": "bad"}]}), "email: bad"),
            (serde_json::json!([]), ""),
        ] {
            assert_eq!(said(&body), text);
        }
    }
}
