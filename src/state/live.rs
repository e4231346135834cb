//! Live state, and what of it is known: absent and not-read-yet are different answers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Address, KindName, Object, State};

/// What Keycloak said, and how much of it was asked.
#[derive(Clone, Debug, Default)]
pub struct Live {
    pub state: State,
    /// `false` where the realm itself does not exist yet; then `state` is what a new realm holds.
    pub exists: bool,
    /// Fields of objects in `state` that this credential may not see.
    pub unread: BTreeSet<(Address, &'static str)>,
    known: BTreeMap<Part, Known>,
}

/// One readable part of a realm: a kind under a parent (none: directly under the realm).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub kind: KindName,
    pub parent: Option<Address>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    All,
    /// Only these addresses were asked for; the others are unknown.
    Only(BTreeSet<Address>),
    /// The credential may not look; `needs` names the missing right.
    Not {
        needs: &'static str,
    },
}

/// The answer to "is it there?". Unknown never becomes a create or a delete.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    Is(&'a Object),
    Absent,
    Unknown { needs: &'static str },
}

impl<'a> Found<'a> {
    pub fn object(self) -> Option<&'a Object> {
        match self {
            Self::Is(object) => Some(object),
            Self::Absent | Self::Unknown { .. } => None,
        }
    }
}

impl Live {
    /// Records what is known of the direct children of a kind.
    pub fn learn(&mut self, kind: KindName, parent: Option<Address>, known: Known) {
        self.known.insert(Part { kind, parent }, known);
    }

    /// Returns what is known of the siblings of an address. Parts under a parent that were not recorded
    /// by themselves are as known as the parent's own part.
    pub fn known(&self, kind: KindName, parent: Option<&Address>) -> Known {
        let mut part = Part { kind, parent: parent.cloned() };
        loop {
            if let Some(known) = self.known.get(&part) {
                return known.clone();
            }
            match part.parent {
                None => return Known::Not { needs: "a read of this part" },
                Some(address) => part = Part { kind: address.kind(), parent: address.parent() },
            }
        }
    }

    pub fn find(&self, address: &Address) -> Found<'_> {
        if let Some(object) = self.state.get(address) {
            return Found::Is(object);
        }
        match self.known(address.kind(), address.parent().as_ref()) {
            Known::All => Found::Absent,
            Known::Only(asked) if asked.iter().any(|it| it == address || address.is_under(it)) => {
                Found::Absent
            }
            Known::Only(_) => Found::Unknown { needs: "a read of this object" },
            Known::Not { needs } => Found::Unknown { needs },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::At;

    const CLIENT: KindName = KindName("client");
    const ROLE: KindName = KindName("role");

    #[test]
    fn what_was_not_read_is_unknown_and_not_absent() {
        let mut live = Live::default();
        let demo = Address::top(CLIENT, "demo");
        live.state.objects.insert(demo.clone(), Object::new(At::SERVER));
        live.learn(CLIENT, None, Known::All);
        live.learn(ROLE, None, Known::Not { needs: "view-realm" });
        assert!(matches!(live.find(&demo), Found::Is(_)));
        assert!(matches!(live.find(&Address::top(CLIENT, "other")), Found::Absent));
        assert!(matches!(live.find(&Address::top(ROLE, "user")), Found::Unknown { needs: "view-realm" }));
        assert!(
            matches!(live.find(&demo.child(ROLE, "x")), Found::Absent),
            "client roles come with their client"
        );
    }
}
