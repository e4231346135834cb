//! Client scopes: their names are sent in requests, so they keep to what OAuth allows there.

use super::Said;
use crate::kind::title;
use crate::state::{Address, Object};
use crate::text::{Code, Note};

/// A scope token of RFC 6749, section 3.3; Keycloak answers 400 to anything else.
fn is_token(name: &str) -> bool {
    name.bytes().all(|it| matches!(it, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

pub(in crate::kind) fn name(_: Said<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    if !is_token(address.name()) {
        let title = format!("{} has a name that requests cannot carry", title(address));
        notes.push(
            Note::error(Code::WrongScopeName, title, object.at, "refused by Keycloak")
                .help("use letters, digits and signs of ASCII, without spaces, quotes and backslashes"),
        );
    }
}
