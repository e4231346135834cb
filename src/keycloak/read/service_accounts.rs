//! Service-account users: no list of users has them, each is read through its client.

use serde_json::Value;

use super::wire::Wire;
use super::{str_of, users};
use crate::keycloak::{Error, ErrorKind};
use crate::kind::USER;
use crate::state::Address;

/// Returns the address of the user that stands for a client.
pub(super) fn address(client: &str) -> Address {
    Address::top(USER, format!("service-account-{}", client.to_lowercase()))
}

/// Reads the service account of a client in the shape of an export; nothing where it may not be seen.
pub(super) async fn read(wire: &Wire<'_>, client: &Value) -> Result<Option<Value>, Error> {
    let (Some(id), Some(name)) = (str_of(client, "id"), str_of(client, "clientId")) else { return Ok(None) };
    let user = async {
        match wire.get(&format!("clients/{id}/service-account-user")).await {
            Ok(user) => users::with_links(wire, user).await,
            Err(error) => Err(error),
        }
    };
    match user.await {
        Ok(Some(mut user)) => {
            if let Some(user) = user.as_object_mut() {
                user.insert("serviceAccountClientId".to_owned(), Value::from(name));
            }
            Ok(Some(user))
        }
        Ok(None) => Ok(None),
        Err(error) => match error.kind() {
            // A client may say that it has one, and have none.
            ErrorKind::Forbidden { .. } | ErrorKind::NotFound | ErrorKind::Refused { .. } => Ok(None),
            ErrorKind::Input
            | ErrorKind::Unreachable
            | ErrorKind::Timeout
            | ErrorKind::Tls
            | ErrorKind::NotKeycloak
            | ErrorKind::Login
            | ErrorKind::Expired
            | ErrorKind::Conflict
            | ErrorKind::Server { .. }
            | ErrorKind::Lost => Err(error),
        },
    }
}
