//! What the server does by itself where a write reaches more than the object that is written.

use serde_json::Value;

use super::{Version, kind};
use crate::state::{Address, Node, Object, State};

/// Kinds implement it where a table would become a language, in their own files: clients, users, required actions,
/// components and organizations.
pub(super) trait Behaviour: Sync {
    /// Adds to a new object what follows from what it says, and from the realm that it is made in.
    fn derive(&self, _made: &mut Object, _new: New<'_>) {}

    /// Returns what is made together with an object that looks like this.
    fn makes_along(&self, _new: New<'_>) -> Vec<(Address, Object)> {
        Vec::new()
    }

    /// Returns other objects as they are once an update of this one made or changed them, too: what a switch turns on is made
    /// as it is with a new one.
    fn changes_along(&self, _before: &Object, after: New<'_>) -> Vec<(Address, Object)> {
        let mut made = self.makes_along(after);
        made.retain(|(it, _)| !after.state.contains(it));
        made
    }

    /// Changes what an update brings with it, in the object as the update says it.
    fn switches(&self, _before: &Object, _after: &mut Object, _state: &State, _version: Version) {}

    /// Returns what goes with a switch of an object that is off.
    fn drops_along(&self, _address: &Address, _object: &Object, _state: &State) -> Vec<Address> {
        Vec::new()
    }

    /// Returns other objects as they are once this one is gone.
    fn changes_with_end(&self, _object: &Object, _state: &State) -> Vec<(Address, Object)> {
        Vec::new()
    }

    /// Returns what goes together with this one, whether a state shows it or not.
    fn goes_with_end(&self, _object: &Object) -> Vec<Address> {
        Vec::new()
    }

    /// Returns a row of a list as exports have it; nothing where it stands under something else.
    fn as_exported(&self, row: Value) -> Option<Value> {
        Some(row)
    }

    /// Returns the name by which the server shows an object from when its realm is what is said of it.
    fn name_shown<'a>(&self, _object: &'a Object, name: &'a str, _realm: Becomes<'_>) -> &'a str {
        name
    }

    /// Returns whether an object can be renamed while its realm becomes what is said of it.
    fn may_be_renamed(&self, _object: &Object, _realm: Becomes<'_>) -> bool {
        true
    }
}

/// A realm as it is, and what is said of it.
#[derive(Clone, Copy)]
pub struct Becomes<'a> {
    pub realm: &'a Object,
    pub said: Option<&'a Object>,
}

impl Becomes<'_> {
    /// Returns whether a switch of the realm is on then.
    pub(super) fn is_on(&self, field: &str) -> bool {
        let said = self.said.and_then(|it| it.get(field)).or_else(|| self.realm.get(field));
        said.and_then(Node::as_bool) == Some(true)
    }

    /// Returns the name by which the server shows an object from then on, before anybody writes to it.
    pub fn name_shown<'o>(self, address: &Address, object: &'o Object, name: &'o str) -> &'o str {
        kind(address.kind()).behaviour.name_shown(object, name, self)
    }

    /// Returns whether the server lets an object have another name then.
    pub fn may_be_renamed(self, address: &Address, object: &Object) -> bool {
        kind(address.kind()).behaviour.may_be_renamed(object, self)
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
