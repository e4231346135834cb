//! What of users their directory decides.

use std::collections::BTreeSet;

use super::defaults::text;
use crate::kind::{COMPONENT, COMPONENT_MAPPER};
use crate::state::State;

/// Returns what of a user the server only reads from the directory with this id: fields and attributes.
pub(in crate::kind) fn read_only<'s>(state: &'s State, directory: &str) -> BTreeSet<&'s str> {
    // Nearly every user: nobody looks for where they come from.
    if directory.is_empty() {
        return BTreeSet::new();
    }
    let is_it = |id: &Option<Box<str>>| id.as_deref() == Some(directory);
    let mut directories = state.objects.iter().filter(|(it, _)| it.kind() == COMPONENT);
    let Some((address, _)) = directories.find(|(_, it)| is_it(&it.id)) else { return BTreeSet::new() };
    let under = state.under(address).filter(|(it, _)| it.kind() == COMPONENT_MAPPER);
    let read_only = under.map(|it| it.1).filter(|it| text(it, "read.only") == "true");
    let names = read_only.flat_map(|it| match it.text("providerId") {
        "user-attribute-ldap-mapper" => vec![text(it, "user.model.attribute")],
        "full-name-ldap-mapper" => vec!["firstName", "lastName"],
        _ => Vec::new(),
    });
    names.filter(|it| !it.is_empty()).collect()
}
