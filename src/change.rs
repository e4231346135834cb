//! One object's difference between what is desired and what is live.

mod refusal;

use std::collections::BTreeSet;

pub use refusal::{ConsentKey, Reason, Refusal};

use crate::state::{Address, Node, Object};
use crate::text::At;

/// What will be done to one object, why, and where the wish stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub object: Address,
    pub action: Action,
    pub why: Why,
    pub fields: Vec<FieldChange>,
    /// The object was there before us: an update takes it over, a delete ends what others began.
    pub adopted: bool,
    pub at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Create,
    Update,
    Delete,
    /// Writes the ledger only: the object is as declared and from now on ours.
    Adopt,
    /// Writes the ledger only: the object is gone, or released.
    Forget,
}

/// Why a change is there. It explains; nothing is decided by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The manifests say something that was not applied yet.
    ManifestChanged,
    /// Keycloak moved away from what was applied.
    LiveChanged,
    /// The manifests no longer say it.
    NotInManifests,
    /// The last apply wrote it, the server took it without an error, and it was not there afterwards.
    NotKept,
    /// It goes or changes with another object.
    Cascade(Address),
    /// The server made it with another object.
    MadeBy(Address),
    /// It only keeps something closed while rules change, or ends that.
    KeptClosed,
}

impl Why {
    /// Returns the word that JSON and text use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ManifestChanged => "manifest_changed",
            Self::LiveChanged => "live_changed",
            Self::NotInManifests => "not_in_manifests",
            Self::NotKept => "not_kept",
            Self::Cascade(_) => "cascade",
            Self::MadeBy(_) => "made_by",
            Self::KeptClosed => "kept_closed",
        }
    }
}

impl Change {
    /// Returns a change of a whole object that no manifest asks for.
    pub fn unasked(object: &Address, action: Action, why: Why) -> Self {
        Self { object: object.clone(), action, why, fields: Vec::new(), adopted: false, at: At::SERVER }
    }
}

/// One field, or one key of a map field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    pub path: Path,
    pub from: Option<Node>,
    pub to: To,
    pub why: Why,
    pub at: At,
}

/// A field, or a key in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    pub field: Box<str>,
    pub key: Option<Box<str>>,
}

impl Path {
    pub fn field(field: &str) -> Self {
        Self { field: field.into(), key: None }
    }

    pub fn key(field: &str, key: &str) -> Self {
        Self { field: field.into(), key: Some(key.into()) }
    }

    /// Returns what an object has there.
    pub fn of<'a>(&self, object: &'a Object) -> Option<&'a Node> {
        let field = object.get(&self.field)?;
        self.key.as_ref().map_or(Some(field), |key| field.get(key))
    }

    /// Returns the JSON Pointer (RFC 6901) of the field in its object.
    pub fn pointer(&self) -> String {
        let escape = |it: &str| it.replace('~', "~0").replace('/', "~1");
        match &self.key {
            Some(key) => format!("/{}/{}", escape(&self.field), escape(key)),
            None => format!("/{}", escape(&self.field)),
        }
    }

    /// Returns the path of such a pointer; none where it is no pointer to a field.
    pub fn of_pointer(pointer: &str) -> Option<Self> {
        let unescape = |it: &str| it.replace("~1", "/").replace("~0", "~");
        let mut parts = pointer.strip_prefix('/')?.splitn(2, '/');
        let field = unescape(parts.next()?);
        Some(Self { field: field.into(), key: parts.next().map(|it| unescape(it).into()) })
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{}.{}", self.field, key),
            None => f.write_str(&self.field),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    Value(Node),
    Unset,
    Links { add: BTreeSet<Address>, remove: BTreeSet<Address> },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_from_its_pointer() {
        for (path, pointer) in [
            (Path::field("enabled"), "/enabled"),
            (Path::key("attributes", "a/b~c"), "/attributes/a~1b~0c"),
            (Path::key("attributes", "~1"), "/attributes/~01"),
            (Path::key("attributes", ""), "/attributes/"),
        ] {
            assert_eq!(path.pointer(), pointer);
            assert_eq!(Path::of_pointer(pointer), Some(path), "{pointer}");
        }
        assert_eq!(Path::of_pointer(""), None);
    }
}
