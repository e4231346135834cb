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
    let user = match wire.value(&format!("clients/{id}/service-account-user")).await {
        Ok(Some(user)) => user,
        Ok(None) => return Ok(None),
        // The client says that it has one, and it has none.
        Err(error) if matches!(error.kind(), ErrorKind::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(mut user) = users::with_links(wire, user).await? else { return Ok(None) };
    if let Some(user) = user.as_object_mut() {
        user.insert("serviceAccountClientId".to_owned(), Value::from(name));
    }
    Ok(Some(user))
}
