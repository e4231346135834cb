//! Who connects to which server.

use super::openid::Client;
use super::{Reach, Secret, Stored};

/// Everything that is needed to connect to one server with a login.
#[derive(Clone, Debug)]
pub struct Connect {
    pub reach: Reach,
    /// Realm in which the credentials live (`--auth-realm`).
    pub auth_realm: String,
    pub credentials: Credentials,
}

impl Connect {
    /// Connects with the usual limits, to credentials in `master`.
    pub fn new(server: impl Into<String>, credentials: Credentials) -> Connect {
        Connect { reach: Reach::new(server), auth_realm: "master".to_owned(), credentials }
    }
}

/// Who connects.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A user of the admin login, through `admin-cli`.
    Password { user: String, password: Secret },
    /// A confidential client with a service account.
    Client { id: String, secret: Secret },
    /// A confidential client that signs its login (RS256) with this private key, PEM.
    SignedJwt { id: String, key: Secret },
    /// An access token that somebody else got; it cannot be renewed.
    Token(Secret),
    /// A login that `login` stored, renewed in the name of its client.
    Stored { login: Box<Stored>, client: Client },
}

impl Credentials {
    /// Returns the values that no message may show.
    pub(super) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Credentials::Password { password, .. } => vec![password],
            Credentials::Client { secret, .. } => vec![secret],
            Credentials::SignedJwt { key, .. } => vec![key],
            Credentials::Token(token) => vec![token],
            Credentials::Stored { login, .. } => vec![&login.access, &login.refresh],
        }
    }
}
