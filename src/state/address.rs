//! Addresses: paths of kind and name, `client/demo/authz/permission/Premium permission`.

use std::fmt;
use std::sync::Arc;

/// The name of a kind: one or two words (`client`, `authz/permission`), and what it stands under where several kinds are
/// called so (`mapper`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KindName {
    pub word: &'static str,
    pub parent: &'static str,
}

impl KindName {
    /// The only kind of this name.
    pub const fn new(word: &'static str) -> Self {
        Self { word, parent: "" }
    }

    /// One of several of this name: what it stands under tells which.
    pub const fn under(parent: &'static str, word: &'static str) -> Self {
        Self { word, parent }
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

/// Stands between the parts of a name that has several: no name that Keycloak takes has this sign in it.
pub const PART: char = '\u{1f}';

/// One kind and name of an address. An object that exists once per parent has an empty name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    pub kind: KindName,
    pub name: Box<str>,
}

/// Where an object stands in a realm. Cheap to clone; ordered by parent, kind and name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(Arc<[Step]>);

impl Address {
    /// Returns the address of an object directly under the realm.
    pub fn top(kind: KindName, name: impl Into<Box<str>>) -> Self {
        Self(Arc::new([Step { kind, name: name.into() }]))
    }

    /// Returns the address of an object under this one.
    #[must_use]
    pub fn child(&self, kind: KindName, name: impl Into<Box<str>>) -> Self {
        self.0.iter().cloned().chain([Step { kind, name: name.into() }]).collect()
    }

    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    fn last(&self) -> &Step {
        self.0.last().expect("an address has at least one step: `top` makes one, `child` adds one")
    }

    pub fn kind(&self) -> KindName {
        self.last().kind
    }

    pub fn name(&self) -> &str {
        &self.last().name
    }

    /// Returns the last part of the name.
    pub fn last_name(&self) -> &str {
        self.name().rsplit(PART).next().unwrap_or_default()
    }

    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.0.split_last()?;
        if rest.is_empty() { None } else { Some(rest.iter().cloned().collect()) }
    }

    /// Returns whether this object stands under one of its own kind.
    pub fn is_nested(&self) -> bool {
        self.0.len() > 1 && self.0[self.0.len() - 2].kind == self.kind()
    }

    /// Returns the objects that this one stands under, the closest first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.parent(), Self::parent)
    }

    /// Returns whether this object stands somewhere under `other`.
    pub fn is_under(&self, other: &Self) -> bool {
        self.0.len() > other.0.len() && self.0.starts_with(&other.0)
    }

    /// Returns this address with another one in the place of the one that it is, or that it stands under.
    #[must_use]
    pub fn moved(&self, from: &Self, to: &Self) -> Self {
        to.0.iter().chain(&self.0[from.0.len()..]).cloned().collect()
    }

    /// Returns the closest step of a kind, itself included.
    pub fn ancestor(&self, kind: KindName) -> Option<Self> {
        let position = self.0.iter().rposition(|step| step.kind == kind)?;
        Some(self.0[..=position].iter().cloned().collect())
    }
}

impl FromIterator<Step> for Address {
    fn from_iter<T: IntoIterator<Item = Step>>(steps: T) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for Address {
    /// A kind that nests in itself is named once: `group/eo/readers`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut previous = None;
        for step in self.0.iter() {
            if previous.is_some() {
                f.write_str("/")?;
            }
            if previous == Some(step.kind) {
                f.write_str(&encoded(&step.name))?;
            } else if step.name.is_empty() {
                f.write_str(step.kind.word)?;
            } else {
                write!(f, "{}/{}", step.kind, encoded(&step.name))?;
            }
            previous = Some(step.kind);
        }
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Percent-encodes what would be read as structure in an address: `/` and `%`. Parts of a name stand apart as names do.
pub fn encoded(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F").replace(PART, "/")
}

/// Undoes [`encoded`]; anything else stays as it is.
pub fn decoded(name: &str) -> String {
    name.replace("%2F", "/").replace("%2f", "/").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: KindName = KindName::new("client");
    const GROUP: KindName = KindName::new("group");

    #[test]
    fn addresses_read_as_paths_of_kind_and_name() {
        let demo = Address::top(CLIENT, "demo");
        assert_eq!(demo.to_string(), "client/demo");
        assert_eq!(
            demo.child(KindName::new("authz/permission"), "a/b %").to_string(),
            "client/demo/authz/permission/a%2Fb %25"
        );
        assert_eq!(Address::top(GROUP, "eo").child(GROUP, "readers").to_string(), "group/eo/readers");
        assert_eq!(demo.child(KindName::new("authz/settings"), "").to_string(), "client/demo/authz/settings");
    }

    #[test]
    fn encoding_a_name_and_decoding_it_is_the_identity() {
        for name in ["a/b", "100%", "%2F", "%252F", "ü/%"] {
            assert_eq!(decoded(&encoded(name)), name);
        }
    }
}
