//! Versions of Keycloak, and the minors that are recorded.

use std::cmp::Ordering;
use std::fmt;

/// A version of Keycloak. What it does goes by its minor, and so versions are compared; few things came with a patch.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    pub major: u16,
    pub minor: u16,
    /// Nothing stands for the latest patch.
    pub patch: Option<u16>,
}

pub const OLDEST: Version = Version::of(26, 0);
/// Between the two, where much came that is newer than the oldest.
pub const MIDDLE: Version = Version::of(26, 4);
pub const NEWEST: Version = Version::of(26, 7);

impl Version {
    pub const fn of(major: u16, minor: u16) -> Self {
        Self { major, minor, patch: None }
    }

    #[must_use]
    pub const fn with_patch(self, patch: u16) -> Self {
        Self { patch: Some(patch), ..self }
    }

    /// Returns whether a fix is in that came with these patches, each of a minor, and with every later minor.
    pub fn has_fix(self, patches: &[Self]) -> bool {
        match patches.iter().find(|it| **it == self) {
            Some(fixed) => self.patch.is_none_or(|it| Some(it) >= fixed.patch),
            None => patches.iter().all(|it| *it < self),
        }
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.major, self.minor).cmp(&(other.major, other.minor))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
