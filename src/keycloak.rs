//! The connection to one Keycloak server, and the only user of the HTTP client.
//!
//! `connect` logs in and keeps the token alive; `get` and `send` do one request each and know what may be
//! repeated; `rights` says which parts of a realm this credential may read and write, because an empty list
//! may only mean "you may not look"; `version` asks for the server's version. Every failure says how to mend
//! it, and no text of this module shows a secret.

mod admin;
mod connect;
mod error;
mod evaluate;
mod exchange;
mod http;
pub mod openid;
mod probe;
mod read;
mod request;
mod rights;
mod secret;
mod stored;
mod token;
mod version;

pub use admin::{Counts, Keycloak};
pub use connect::{Connect, Credentials};
pub use error::{Error, ErrorKind};
pub use evaluate::{Evaluated, Evaluation, EvaluationIds, NotThere};
pub use http::{Reach, Retry};
pub use openid::Openid;
pub use read::{Begun, Read, Source, Want, begin, read, state_of_export};
pub use request::{Answer, Method, Request};
pub use rights::{Right, Rights, needs};
pub use secret::{Redactor, Secret};
pub use stored::{Store, Stored};
pub use version::{NotAVersion, ServerVersion};
