//! The user profile of a realm: which attributes users have, in which order and groups, and who may see and change them.
//!
//! One document, of which every attribute and group is an object. What a PUT leaves out is gone; the attributes `username`
//! and `email` cannot go. A realm has one from the start. Measured on 26.0.8 and 26.7.5.

mod exported;
mod judged;

use super::hazard::Hazard::Opens;
use super::hazard::{When, of_key, rule};
use super::{
    Choice, Compare, Field, Judges, KEYS, Kind, NOBODY, ORDINARY, PROFILE_ATTRIBUTE, PROFILE_GROUP, ROUTES,
    Routes, USER, Unset, children, choice, field,
};

pub(super) use exported::apart;
pub use judged::UserProfile;
pub(super) use judged::is_email;

const DOCUMENT: Routes = Routes { own: "users/profile", ..ROUTES };

pub(super) static USER_PROFILE: Kind = Kind {
    name: super::USER_PROFILE,
    title: "user profile",
    representation: |_| "UPConfig",
    key: "",
    fields: &[
        Field { ordered: true, ..children("attributes", |_| PROFILE_ATTRIBUTE) },
        Field { ordered: true, ..children("groups", |_| PROFILE_GROUP) },
        Field {
            unset: Some(Unset::Null),
            judges: Judges { kinds: &[USER], allows: &["ENABLED", "ADMIN_EDIT"], ..NOBODY },
            ..field("unmanagedAttributePolicy")
        },
    ],
    hazards: &[rule(
        Opens,
        "unmanagedAttributePolicy",
        When::Is("ENABLED"),
        "lets users give themselves any attribute",
    )],
    routes: DOCUMENT,
    is_everybodys: true,
    comes_with_realm: true,
    ..ORDINARY
};

/// Users are written when the profile is as it will be.
const OF_USERS: Judges = Judges { kinds: &[USER], ..NOBODY };

pub(super) static ATTRIBUTE: Kind = Kind {
    name: PROFILE_ATTRIBUTE,
    title: "profile attribute",
    representation: |_| "UPAttribute",
    fields: &[
        Field { compare: Compare::Ref(PROFILE_GROUP), ..field("group") },
        Field { counts_when_empty: true, unset: Some(Unset::Null), ..field("required") },
        // What no administrator may write any more the server keeps as it is: users are written before.
        Field { judges: Judges { kinds: &[USER], allows: &["admin"], key: "edit" }, ..field("permissions") },
        Field {
            counts_when_empty: true,
            unset: Some(Unset::Null),
            choices: &[Choice {
                key: KEYS,
                ..choice("validator", |it, _| it.providers("org.keycloak.validate.Validator"))
            }],
            ..field("validations")
        },
    ],
    hazards: &[of_key(Opens, ("permissions", "edit"), When::Gains(&["user"]), "lets users change it")],
    routes: Routes { document: "attributes", ..DOCUMENT },
    takes_in_names: |it| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-'),
    judges: OF_USERS,
    comes_with_realm: true,
    ..ORDINARY
};

pub(super) static GROUP: Kind = Kind {
    name: PROFILE_GROUP,
    title: "profile group",
    representation: |_| "UPGroup",
    routes: Routes { document: "groups", ..DOCUMENT },
    comes_with_realm: true,
    ..ORDINARY
};
