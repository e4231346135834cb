//! What is wrong with what manifests say of one object, and what no server says beforehand: it stores it, or answers 500.

mod client;
mod client_scope;
mod loops;
mod policy;
mod realm;
mod time;

use std::collections::BTreeSet;

use super::kind;
use crate::state::{Address, Object, State};
use crate::text::Note;

pub(super) use client::{authorization, settings};
pub(super) use client_scope::name;
pub use loops::loops;
pub(super) use policy::{permission, policy};
pub(super) use realm::password_policy;

/// What manifests say of a realm.
#[derive(Clone, Copy)]
pub struct Said<'a> {
    pub state: &'a State,
    /// Policies as an export writes them: servers write mistakes into those themselves.
    pub exported: &'a BTreeSet<Address>,
}

/// Finds what is wrong with an object of a kind.
pub(super) type Check = fn(Said<'_>, &Address, &Object, &mut Vec<Note>);

/// Returns what is wrong with what is said of an object.
pub fn mistakes(said: Said<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    (kind(address.kind()).check)(said, address, object, notes);
}
