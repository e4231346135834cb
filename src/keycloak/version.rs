//! The server's version: what it says, and whether it is one we test.

use std::fmt;
use std::str::FromStr;

use super::{Error, ErrorKind, Keycloak};
use crate::kind;

/// A Keycloak version such as `26.7.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
}

impl ServerVersion {
    /// Oldest minor that the tests run against.
    pub const OLDEST_TESTED: ServerVersion = ServerVersion { major: 26, minor: 0, patch: 0 };
    /// Newest minor that the tests run against; any patch of it counts as tested.
    pub const NEWEST_TESTED: ServerVersion = ServerVersion { major: 26, minor: 7, patch: 0 };

    /// Returns the version without its patch, the grain at which field lists are kept.
    pub const fn minor_line(self) -> (u16, u16) {
        (self.major, self.minor)
    }

    /// Says whether this minor lies in the tested range.
    pub fn is_tested(self) -> bool {
        self.minor_line() >= ServerVersion::OLDEST_TESTED.minor_line() && !self.is_newer_than_tested()
    }

    /// Says whether this minor is newer than any tested one.
    pub fn is_newer_than_tested(self) -> bool {
        self.minor_line() > ServerVersion::NEWEST_TESTED.minor_line()
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl From<ServerVersion> for kind::Version {
    fn from(it: ServerVersion) -> Self {
        Self::of(it.major, it.minor).with_patch(it.patch)
    }
}

/// A text that is not a version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a Keycloak version such as 26.7 or 26.7.5")]
pub struct NotAVersion(String);

impl FromStr for ServerVersion {
    type Err = NotAVersion;

    /// Reads `26.7`, `26.7.5`, and builds with a suffix (`26.7.5.redhat-1`, `26.8.0-SNAPSHOT`).
    fn from_str(text: &str) -> Result<ServerVersion, NotAVersion> {
        let refuse = || NotAVersion(text.to_owned());
        let plain = text.trim().split(['-', '+']).next().unwrap_or_default();
        let mut numbers = plain.split('.');
        let mut next = |default: Option<u16>| match (numbers.next(), default) {
            (Some(number), _) if number.bytes().all(|it| it.is_ascii_digit()) => {
                number.parse().map_err(|_| refuse())
            }
            (None, Some(default)) => Ok(default),
            (Some(_) | None, _) => Err(refuse()),
        };
        Ok(ServerVersion { major: next(None)?, minor: next(None)?, patch: next(Some(0))? })
    }
}

impl Keycloak {
    /// Returns the server's version, or nothing where this credential may not see it.
    ///
    /// Newer servers name it only to those who may view a realm as a whole.
    pub async fn version(&self) -> Result<Option<ServerVersion>, Error> {
        match self.get("serverinfo").await {
            Ok(answer) => Ok(answer
                .body
                .as_ref()
                .and_then(|body| body.pointer("/systemInfo/version"))
                .and_then(serde_json::Value::as_str)
                .and_then(|text| text.parse().ok())),
            Err(error) if matches!(error.kind(), ErrorKind::Forbidden { .. } | ErrorKind::NotFound) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_with_and_without_patch_and_suffix() {
        for (text, read) in [
            ("26.7.5", Some((26, 7, 5))),
            ("26.7", Some((26, 7, 0))),
            (" 26.0.8 ", Some((26, 0, 8))),
            ("26.4.7.redhat-00001", Some((26, 4, 7))),
            ("26.8.0-SNAPSHOT", Some((26, 8, 0))),
            ("26", None),
            ("26.x", None),
            ("26.", None),
            ("nightly", None),
            ("", None),
            ("26.99999999", None),
        ] {
            let version = text.parse::<ServerVersion>().ok().map(|it| (it.major, it.minor, it.patch));
            assert_eq!(version, read, "{text:?}");
        }
    }

    #[test]
    fn tested_means_the_minor_whatever_the_patch() {
        for (text, tested, newer) in [
            ("25.0.6", false, false),
            ("26.0.0", true, false),
            ("26.7.99", true, false),
            ("26.8.0", false, true),
            ("27.0.0", false, true),
        ] {
            let version: ServerVersion = text.parse().unwrap();
            assert_eq!((version.is_tested(), version.is_newer_than_tested()), (tested, newer), "{text}");
        }
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!("26.10.0".parse::<ServerVersion>().unwrap() > "26.9.12".parse().unwrap());
    }
}
