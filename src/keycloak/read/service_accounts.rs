//! Service-account users, one of each client that has one. Lists of users leave them out; a search for the
//! exact name finds them.
//!
//! Never through `clients/{id}/service-account-user`: that GET makes the user, with roles, where it is missing,
//! even for somebody who may only view.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use serde_json::Value;

use super::wire::Wire;
use super::{Draft, is_true, rows, str_of, users};
use crate::keycloak::{Error, ErrorKind};
use crate::kind::account_of;

/// Reads the service accounts that an export leaves out: those of bearer-only clients (26.0.8, 26.7.5).
pub(super) async fn left_out(wire: &Wire<'_>, draft: &Draft) -> Result<Vec<Value>, Error> {
    let there: BTreeSet<&str> =
        rows(&draft.realm, "users").iter().filter_map(|it| str_of(it, "serviceAccountClientId")).collect();
    let is_left_out = |it: &&Value| {
        is_true(it, "serviceAccountsEnabled") && str_of(it, "clientId").is_some_and(|it| !there.contains(it))
    };
    let left_out = rows(&draft.realm, "clients").iter().filter(is_left_out);
    Ok(try_join_all(left_out.map(|it| read(wire, it))).await?.into_iter().flatten().collect())
}

/// Adds service accounts to the users of a draft.
pub(super) fn put(draft: &mut Draft, accounts: Vec<Value>) {
    let users = draft.realm.entry("users").or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(users) = users {
        users.extend(accounts);
    }
}

/// Reads the service account of a client in the shape of an export; nothing where it cannot be seen.
pub(super) async fn read(wire: &Wire<'_>, client: &Value) -> Result<Option<Value>, Error> {
    let Some(name) = str_of(client, "clientId") else { return Ok(None) };
    match users::find_by_username(wire, account_of(name).name()).await {
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
