//! Service-account users, one of each client that has one. Lists of users leave them out; a search for the
//! exact name finds them.
//!
//! Never through `clients/{id}/service-account-user`: that GET makes the user, with roles, where it is missing,
//! even for somebody who may only view.

use serde_json::Value;

use super::wire::Wire;
use super::{str_of, users};
use crate::keycloak::{Error, ErrorKind};
use crate::kind::{CLIENT, service_account};
use crate::state::Address;

/// Reads the service account of a client in the shape of an export; nothing where it cannot be seen.
pub(super) async fn read(wire: &Wire<'_>, client: &Value) -> Result<Option<Value>, Error> {
    let Some(name) = str_of(client, "clientId") else { return Ok(None) };
    match users::one(wire, service_account(&Address::top(CLIENT, name)).name()).await {
        Err(error) => match error.kind() {
            // A server that cannot reach a user directory fails even here (26.0 by 500 or 400); what nobody needs
            // may stay unknown.
            ErrorKind::Forbidden { .. } | ErrorKind::Server { .. } | ErrorKind::Refused { .. } => Ok(None),
            ErrorKind::Input
            | ErrorKind::Unreachable
            | ErrorKind::Timeout
            | ErrorKind::Tls
            | ErrorKind::NotKeycloak
            | ErrorKind::Login
            | ErrorKind::Expired
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::TooLong
            | ErrorKind::Lost => Err(error),
        },
        Ok(user) => Ok(user.map(|mut user| {
            if let Some(user) = user.as_object_mut() {
                user.insert("serviceAccountClientId".to_owned(), Value::from(name));
            }
            user
        })),
    }
}
