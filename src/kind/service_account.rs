//! The user that the server makes for a client that acts by itself. Which users are such accounts, the server says
//! (`serviceAccountClientId`, kept as [`Object::made_by`]); anybody may be called like one.

use std::collections::BTreeSet;

use super::{CLIENT, USER};
use crate::state::{Address, State};

const PREFIX: &str = "service-account-";

/// Returns the address of the user that the server makes for a client.
pub fn service_account(client: &Address) -> Address {
    Address::top(USER, format!("{PREFIX}{}", client.name().to_lowercase()))
}

/// Returns the address of the user that the server makes for a client of this name.
pub fn account_of(client_id: &str) -> Address {
    service_account(&Address::top(CLIENT, client_id))
}

/// Returns the service accounts of all clients that say they have none.
pub fn denied_accounts(state: &State) -> impl Iterator<Item = Address> {
    let clients = state.objects.iter().filter(|(it, _)| it.kind() == CLIENT);
    let clients = clients.filter(|(_, it)| !it.is_true("serviceAccountsEnabled"));
    clients.map(|(it, _)| service_account(it))
}

/// Returns the service accounts that clients may have.
pub fn service_accounts<'a>(of: impl Iterator<Item = &'a Address>) -> BTreeSet<Address> {
    of.filter(|it| it.kind() == CLIENT).map(service_account).collect()
}

/// Returns the client whose service account a user is: one that the user says, or one that has an account and gives it
/// this very name.
pub fn service_account_of(user: &Address, state: &State) -> Option<Address> {
    if user.kind() != USER {
        return None;
    }
    let said = state.get(user).and_then(|it| it.made_by.clone());
    said.or_else(|| {
        // Only for names that an account can have are all clients looked through.
        reserved_for(user)?;
        let clients = state.objects.iter().filter(|(it, object)| {
            it.kind() == CLIENT && super::client::has_service_account(object) && service_account(it) == *user
        });
        clients.map(|it| it.0.clone()).next()
    })
}

/// Returns the client that a name is kept for: a user of this name who is no service account keeps that client from
/// having one (the server answers 409).
pub fn reserved_for(user: &Address) -> Option<Address> {
    let client = user.name().strip_prefix(PREFIX).filter(|it| user.kind() == USER && !it.is_empty())?;
    Some(Address::top(CLIENT, client))
}
