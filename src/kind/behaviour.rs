//! What the server does by itself where a write reaches more than the object that is written.

use super::Version;
use crate::state::{Address, Object, State};

/// Kinds implement it where a table would become a language, in their own files: clients and users.
pub(super) trait Behaviour: Sync {
    /// Adds to a new object what follows from what it says, and from the realm that it is made in.
    fn derive(&self, _made: &mut Object, _new: New<'_>) {}

    /// Returns what is made together with an object that looks like this.
    fn makes_along(&self, _new: New<'_>) -> Vec<(Address, Object)> {
        Vec::new()
    }

    /// Changes what an update brings with it, in the object as the update says it.
    fn switches(&self, _before: &Object, _after: &mut Object, _state: &State, _version: Version) {}

    /// Returns what goes with a switch of an object that is off.
    fn drops_along(&self, _address: &Address, _object: &Object, _state: &State) -> Vec<Address> {
        Vec::new()
    }
}

/// An object that is made, and where.
#[derive(Clone, Copy)]
pub(super) struct New<'a> {
    pub(super) address: &'a Address,
    pub(super) object: &'a Object,
    /// The realm without it: default client scopes, default groups and the default role count.
    pub(super) state: &'a State,
    pub(super) version: Version,
}

/// What most kinds do: nothing of the sort.
pub(super) struct Ordinary;

impl Behaviour for Ordinary {}
