//! One request to the admin API as a value, and what the server answered.

use std::fmt;

use serde_json::Value;

/// The four verbs of the admin API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    pub(super) fn on_the_wire(self) -> reqwest::Method {
        match self {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        })
    }
}

/// One request to the admin API. Its body may hold secrets: it does not print.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    /// Path behind `/admin/`, names percent-encoded, with its query: `realms/demo/clients?max=-1`.
    pub path: String,
    pub body: Option<Value>,
}

impl Request {
    /// Says whether this only reads: every GET, and the POSTs that change nothing.
    pub fn is_read(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        let ends = |name: &str| path.ends_with(name);
        match self.method {
            Method::Get => true,
            Method::Post => {
                ends("/partial-export")
                    || ends("/policy/evaluate")
                    || ends("/identity-provider/import-config")
            }
            Method::Put | Method::Delete => false,
        }
    }

    /// Says whether sending it twice is the same as sending it once.
    pub(super) fn is_repeatable(&self) -> bool {
        self.is_read() || self.method != Method::Post
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What the server answered. Its body may hold secrets (client secrets come in clear): it does not print.
#[derive(Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    /// The server's clock, as it was sent (RFC 9110 date).
    pub date: Option<String>,
    pub body: Option<Value>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)
    }
}
