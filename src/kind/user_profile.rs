//! The user profile of a realm: which attributes users have, in which order and groups, and who may see and change them.
//!
//! One document, of which every attribute and group is an object. What a PUT leaves out is gone; the attributes `username`
//! and `email` cannot go. A realm has one from the start. Measured on 26.0.8 and 26.7.5.

mod exported;
mod judged;

use super::check::Said;
use super::hazard::Hazard::Opens;
use super::hazard::{When, of_key, rule};
use super::{
    Choice, Compare, Field, Judges, KEYS, Kind, NOBODY, ORDINARY, PROFILE_ATTRIBUTE, PROFILE_GROUP, ROUTES,
    Routes, USER, Unset, children, choice, field, one_of, title,
};
use crate::state::{Address, Object};
use crate::text::{Code, Note};

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
        Field {
            judges: Judges { kinds: &[USER], allows: &["admin"], key: "edit" },
            takes: &[one_of("view", WHO), one_of("edit", WHO)],
            ..field("permissions")
        },
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
    check,
    comes_with_realm: true,
    ..ORDINARY
};

/// Whom permissions are for.
const WHO: &[&str] = &["admin", "user"];

/// Validators, and of which of their bounds each takes numbers alone, also as texts.
const BOUNDED: &[&str] = &["length", "multivalued", "integer", "double"];
const BOUNDS: &[&str] = &["min", "max"];

/// Finds bounds that are no numbers.
fn check(_: Said<'_>, address: &Address, attribute: &Object, notes: &mut Vec<Note>) {
    let said = |validator: &str, bound| attribute.get("validations")?.get(validator)?.get(bound);
    let all = BOUNDED.iter().flat_map(|it| BOUNDS.iter().map(move |bound| (*it, *bound)));
    for (validator, bound) in all {
        let text = said(validator, bound).and_then(|it| Some((it.as_text()?, it.at)));
        let Some((text, at)) = text.filter(|it| it.0.parse::<f64>().is_err()) else { continue };
        let words = format!("`{bound}` of validator `{validator}` of {} cannot be `{text}`", title(address));
        let note = Note::error(Code::WrongNumber, words, at, "Keycloak would refuse it");
        notes.push(note.help("write a number"));
    }
}

pub(super) static GROUP: Kind = Kind {
    name: PROFILE_GROUP,
    title: "profile group",
    representation: |_| "UPGroup",
    routes: Routes { document: "groups", ..DOCUMENT },
    check: check_group,
    comes_with_realm: true,
    ..ORDINARY
};

/// Finds names that the server would cut, as Java trims a text.
fn check_group(_: Said<'_>, address: &Address, group: &Object, notes: &mut Vec<Note>) {
    if address.name() != address.name().trim_matches(|it| it <= ' ') {
        let words = format!("{} has a name that Keycloak does not keep", title(address));
        let label = "would lose the blanks around it";
        notes.push(Note::error(Code::WrongName, words, group.at, label).help("take them out"));
    }
}
