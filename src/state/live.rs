//! Live state, and what of it is known: absent and not-read-yet are different answers.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::{Address, KindName, Object, State};

/// What Keycloak said, and how much of it was asked.
#[derive(Clone, Debug, Default)]
pub struct Live {
    pub state: State,
    /// What an interrupted run left standing over `state` to keep it closed, which `state` is without.
    pub closed: BTreeMap<Address, Object>,
    /// `false` where the realm itself does not exist yet; then `state` is what a new realm holds.
    pub exists: bool,
    /// Fields of objects in `state` that this credential may not see.
    pub unread: BTreeSet<(Address, &'static str)>,
    /// Kinds that some read covered: they are known wherever their parents are.
    covered: BTreeSet<KindName>,
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

/// What [`Known::Not`] needs where no read asked for the kind: not a right.
const NOT_READ: &str = "a read of its kind";

/// Returns why an object cannot be seen, in words.
pub fn unseen(needs: &str) -> String {
    if needs == NOT_READ {
        "nothing of its kind was read".to_owned()
    } else {
        format!("this credential lacks {needs}")
    }
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
    /// Returns the realm with what an interrupted run left standing over it.
    pub fn as_it_is(&self) -> Cow<'_, State> {
        self.with_closed(|_| true)
    }

    /// Returns the realm with a part of what an interrupted run left standing over it.
    pub fn with_closed(&self, is_part: impl Fn(&Address) -> bool) -> Cow<'_, State> {
        let mut state = Cow::Borrowed(&self.state);
        for (address, object) in self.closed.iter().filter(|it| is_part(it.0)) {
            state.to_mut().objects.insert(address.clone(), object.clone());
        }
        state
    }

    /// Records that a read brings a kind whole, wherever its parents are known. Whatever no read covers is unknown.
    pub fn cover(&mut self, kinds: impl IntoIterator<Item = KindName>) {
        self.covered.extend(kinds);
    }

    /// Records what is known of the children of a kind under one parent, or directly under the realm.
    pub fn learn(&mut self, kind: KindName, parent: Option<Address>, known: Known) {
        self.known.insert(Part { kind, parent }, known);
    }

    /// Returns what is known of the siblings of an address. A part that was not recorded by itself is as known as
    /// the parent's own part, if a read covered its kind at all.
    pub fn known(&self, kind: KindName, parent: Option<&Address>) -> &Known {
        static ALL: Known = Known::All;
        static UNREAD: Known = Known::Not { needs: NOT_READ };
        let mut part = Part { kind, parent: parent.cloned() };
        loop {
            if let Some(known) = self.known.get(&part) {
                return known;
            }
            if !self.covered.contains(&part.kind) {
                return &UNREAD;
            }
            match part.parent {
                None => return &ALL,
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
            Known::Only(asked) => {
                let mut places = std::iter::successors(Some(address.clone()), Address::parent);
                if places.any(|it| asked.contains(&it)) {
                    Found::Absent
                } else {
                    Found::Unknown { needs: "a read of this object" }
                }
            }
            Known::Not { needs } => Found::Unknown { needs },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::At;

    const CLIENT: KindName = KindName::new("client");
    const ROLE: KindName = KindName::new("role");

    #[test]
    fn what_was_not_read_is_unknown_and_not_absent() {
        let mut live = Live::default();
        let demo = Address::top(CLIENT, "demo");
        live.state.objects.insert(demo.clone(), Object::new(At::SERVER));
        live.cover([CLIENT, ROLE]);
        live.learn(ROLE, None, Known::Not { needs: "view-realm" });
        assert!(matches!(live.find(&demo), Found::Is(_)));
        assert!(matches!(live.find(&Address::top(CLIENT, "other")), Found::Absent));
        assert!(matches!(live.find(&Address::top(ROLE, "user")), Found::Unknown { needs: "view-realm" }));
        assert!(
            matches!(live.find(&demo.child(ROLE, "x")), Found::Absent),
            "client roles come with their client"
        );
    }

    #[test]
    fn a_kind_that_no_read_covers_is_unknown_everywhere() {
        let mut live = Live::default();
        let demo = Address::top(CLIENT, "demo");
        live.state.objects.insert(demo.clone(), Object::new(At::SERVER));
        live.cover([CLIENT]);
        for unread in [Address::top(ROLE, "user"), demo.child(ROLE, "x")] {
            assert!(matches!(live.find(&unread), Found::Unknown { .. }), "{unread}");
        }
    }
}
