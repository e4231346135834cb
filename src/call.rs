//! One REST request as a value, before ids are known.

use crate::change::{FieldChange, Path};
use crate::state::{Address, Node};

/// A request of one change. It runs after the calls it waits for.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which change of the plan it belongs to.
    pub change: usize,
    pub method: Verb,
    pub path: Vec<Segment>,
    pub body: Body,
    /// The fields of its change that it writes.
    pub fields: Vec<FieldChange>,
    /// It writes a part of one document: calls at its path may be one request.
    pub is_part: bool,
    /// What exists once this call was answered.
    pub creates: Vec<Address>,
    /// Calls that must have been answered before.
    pub after: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Post,
    Put,
    Delete,
}

impl Verb {
    pub fn name(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A piece of a path under `realms/{realm}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    Text(String),
    /// The id of an object: from live, from an answer, or looked up.
    Id(Address),
}

#[derive(Clone, Debug)]
pub enum Body {
    None,
    /// A whole new object.
    Whole {
        address: Address,
        fields: Vec<(Box<str>, Node)>,
    },
    /// A list of role representations, by id and name.
    Roles(Vec<Address>),
    /// The id of an object and nothing else.
    Id(Address),
    /// Its name and nothing else.
    Name(Address),
    /// GET the path, lay these over what came, PUT the whole.
    Overlay {
        address: Address,
        set: Vec<Overlay>,
    },
    /// These fields and nothing else.
    Fields(Vec<(Box<str>, Node)>),
}

/// One field or key of an overlay; `None` unsets it.
#[derive(Clone, Debug)]
pub struct Overlay {
    pub path: Path,
    pub from: Option<Node>,
    pub to: Option<Node>,
}
