//! What is recorded of each Keycloak minor, in `schemas/keycloak`.

use serde::de::DeserializeOwned;

use super::version::{MIDDLE, NEWEST, OLDEST, Version};

/// The files of one minor version.
pub(super) struct Recorded {
    pub(super) version: Version,
    pub(super) representations: &'static str,
    pub(super) fresh_realm: &'static str,
    pub(super) server_info: &'static str,
    pub(super) create_defaults: &'static str,
}

macro_rules! recorded {
    ($version:expr, $folder:literal) => {
        Recorded {
            version: $version,
            representations: include_str!(concat!(
                "../../schemas/keycloak/",
                $folder,
                "/representations.json"
            )),
            fresh_realm: include_str!(concat!("../../schemas/keycloak/", $folder, "/fresh-realm.json")),
            server_info: include_str!(concat!("../../schemas/keycloak/", $folder, "/server-info.json")),
            create_defaults: include_str!(concat!(
                "../../schemas/keycloak/",
                $folder,
                "/create-defaults.json"
            )),
        }
    };
}

/// The oldest first.
static RECORDED: [Recorded; 3] =
    [recorded!(OLDEST, "26.0"), recorded!(MIDDLE, "26.4"), recorded!(NEWEST, "26.7")];

/// Returns the nearest recorded version that is not newer, and the oldest for what is older.
pub fn nearest_recorded(version: Version) -> Version {
    *nearest(&of_each(|it| it.version), version)
}

/// Returns something of each recorded version, the oldest first.
pub(super) fn of_each<T>(read: impl Fn(&Recorded) -> T) -> Vec<(Version, T)> {
    RECORDED.iter().map(|it| (it.version, read(it))).collect()
}

/// Returns what there is of the nearest version that is not newer, in a list that begins with the oldest.
pub(super) fn nearest<T>(of: &[(Version, T)], version: Version) -> &T {
    &of.iter().rev().find(|(it, _)| *it <= version).unwrap_or(&of[0]).1
}

/// Reads a recording.
pub(super) fn parsed<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("the recordings are committed and checked by a test")
}
