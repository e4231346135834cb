//! What one client protects, as an access test names it.

use crate::access::find;
use crate::kind::{RESOURCE, SCOPE, Version};
use crate::state::{Address, KindName, Node, Pattern, State};
use crate::text::{At, Code, Note, nearest};

/// The resources and scopes of one client.
pub(super) struct Place<'a> {
    pub(super) state: &'a State,
    pub(super) version: Version,
    pub(super) client: &'a Address,
    /// What may be named although it is not there.
    pub(super) external: &'a [Pattern],
}

impl Place<'_> {
    pub(super) fn resource(&self, name: &str) -> Address {
        self.client.child(RESOURCE, name)
    }

    /// Returns the scopes that a resource has itself.
    pub(super) fn scopes_of(&self, resource: &str) -> Vec<String> {
        let object = self.state.get(&self.resource(resource));
        let scopes = object.and_then(|it| it.get("scopes")).map_or(&[][..], Node::items);
        scopes.iter().filter_map(Node::as_ref).map(|it| it.name().to_owned()).collect()
    }

    /// Returns the resources that a text means.
    pub(super) fn find(&self, text: &str, at: At, notes: &mut Vec<Note>) -> Vec<String> {
        let found = find::resources(self.state, self.version, self.client, text);
        if found.is_empty() {
            let client = self.client.name();
            if !text.contains('*') && self.is_external(&self.resource(text)) {
                return vec![text.to_owned()];
            }
            let title = if text.contains('*') {
                format!("no resource of `{client}` has a name or URI like `{text}`")
            } else {
                format!("`{client}` has no resource with the name or URI `{text}`")
            };
            let note = Note::error(Code::UnknownResource, title, at, "means no resource");
            let names = self.names(RESOURCE);
            notes.push(match nearest(text, names.iter().map(String::as_str)) {
                Some(near) => note.help(format!("did you mean `{near}`?")),
                None if names.is_empty() => note.help(format!("`{client}` has no resources")),
                None => note.help(format!("it has {}", some(&names))),
            });
        }
        found
    }

    /// Returns whether the client has a scope; says so where it has not.
    pub(super) fn has_scope(&self, scope: &str, at: At, notes: &mut Vec<Note>) -> bool {
        let address = self.client.child(SCOPE, scope);
        if self.state.contains(&address) || self.is_external(&address) {
            return true;
        }
        let title = format!("`{}` has no scope `{scope}`", self.client.name());
        let note = Note::error(Code::UnknownScope, title, at, "not a scope of this client");
        let names = self.names(SCOPE);
        notes.push(match nearest(scope, names.iter().map(String::as_str)) {
            Some(near) => note.help(format!("did you mean `{near}`?")),
            None if names.is_empty() => note.help("it has no scopes: write `true` for the resource itself"),
            None => note.help(format!("it has {}", some(&names))),
        });
        false
    }

    pub(super) fn is_external(&self, address: &Address) -> bool {
        self.external.iter().any(|it| it.covers(address))
    }

    fn names(&self, kind: KindName) -> Vec<String> {
        let all = self.state.under(self.client).filter(|(it, _)| it.kind() == kind);
        all.map(|(it, _)| it.name().to_owned()).collect()
    }
}

/// A few names of many, for a message.
pub(super) fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
