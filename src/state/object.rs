//! Objects and states.

use std::collections::BTreeMap;

use super::{Address, Is, Node, Objects};
use crate::text::At;

/// One thing in a realm: its managed or live fields in canonical form.
///
/// Fields of its children (mappers, sub-groups, authorization) are not here: they are objects themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub at: At,
    /// The server's id, where the read that brought the object told it.
    pub id: Option<Box<str>>,
    /// The object that the server made this one with, such as the client of a service account.
    pub made_by: Option<Address>,
    /// What it was called before: in a manifest because somebody says so, in live state because this run takes it for
    /// that one.
    pub formerly: Option<Address>,
    /// A user whom nothing names but an e-mail address: that is the username where the realm says so.
    pub named_by_email: bool,
    /// How many more objects of this name the server has beside this one. One of several is never written:
    /// nothing says which of them a manifest means.
    pub namesakes: usize,
    /// Where it stands in the list that it was read from, where the order of that means something.
    pub place: Option<usize>,
    pub fields: BTreeMap<Box<str>, Node>,
}

impl Object {
    pub fn new(at: At) -> Self {
        Self {
            at,
            id: None,
            made_by: None,
            formerly: None,
            named_by_email: false,
            namesakes: 0,
            place: None,
            fields: BTreeMap::new(),
        }
    }

    pub fn get(&self, field: &str) -> Option<&Node> {
        self.fields.get(field)
    }

    /// Returns the text of a field, or `""`.
    pub fn text(&self, field: &str) -> &str {
        self.get(field).and_then(Node::as_text).unwrap_or("")
    }

    /// Returns whether a boolean field is there and true.
    pub fn is_true(&self, field: &str) -> bool {
        self.get(field).and_then(Node::as_bool).unwrap_or(false)
    }

    /// Returns what a list of references names, in its order.
    pub fn refs(&self, field: &str) -> impl Iterator<Item = &Address> + use<'_> {
        self.get(field).map(Node::items).unwrap_or_default().iter().filter_map(Node::as_ref)
    }

    /// Calls `f` with every reference in any field. What an order lists stands in it, and is not referred to.
    pub fn each_ref<'a>(&'a self, f: &mut impl FnMut(&'a str, &'a Address, At)) {
        for (name, node) in self.fields.iter().filter(|it| !matches!(it.1.is, Is::Sequence(_))) {
            node.each_ref(&mut |address, at| f(name, address, at));
        }
    }
}

/// Objects by address. Flat: everything under a client stands beside it. A clone is cheap: it shares the objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub objects: Objects,
    /// The role that every user of the realm has, where the realm was seen to say which it is.
    pub default_role: Option<Address>,
}

impl State {
    pub fn get(&self, address: &Address) -> Option<&Object> {
        self.objects.get(address)
    }

    pub fn contains(&self, address: &Address) -> bool {
        self.objects.contains_key(address)
    }

    /// Returns the objects that stand under an address, at any depth.
    pub fn under<'a>(&'a self, address: &'a Address) -> impl Iterator<Item = (&'a Address, &'a Object)> {
        self.objects.under(address)
    }

    /// Puts other addresses in the place of those that objects name; `None` leaves one as it is.
    pub fn redirect(&mut self, to: impl Fn(&Address) -> Option<Address>) {
        self.objects.redirect(to);
    }
}
