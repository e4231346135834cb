//! Values that only one object may have, beside the names that are addresses.

use std::collections::BTreeMap;

use crate::kind::{EMAIL_NAMES, PERMISSION, POLICY, USER, realm_address, title};
use crate::state::{Address, Node, Object, State};
use crate::text::{At, Code, Note};

/// Two objects that cannot both be there.
pub struct Clash<'a> {
    pub first: (&'a Address, At),
    pub second: (&'a Address, At),
    what: String,
    help: &'static str,
}

impl Clash<'_> {
    /// Returns what to say of it, with both places where both were written.
    pub fn note(&self) -> Note {
        let words =
            format!("{} and {} have the same {}", title(self.first.0), title(self.second.0), self.what);
        let (main, other) =
            if self.second.1 == At::SERVER { (self.first, self.second) } else { (self.second, self.first) };
        let note = Note::error(Code::NotUnique, words, main.1, "Keycloak would refuse it");
        let note = match other.1 {
            At::SERVER => note,
            at => note.and(at, format!("{} has it too", title(other.0))),
        };
        note.help(self.help)
    }
}

/// Returns the objects of a state that share what only one may have.
pub fn clashes(state: &State) -> Vec<Clash<'_>> {
    let mut found = Vec::new();
    users(state, &mut found);
    policies(state, &mut found);
    found
}

fn users<'a>(state: &'a State, found: &mut Vec<Clash<'a>>) {
    let realm = state.get(&realm_address());
    let switch = |field: &str, by_default: bool| {
        realm.and_then(|it| it.get(field)).and_then(Node::as_bool).unwrap_or(by_default)
    };
    let by_email = switch(EMAIL_NAMES, false);
    if switch("duplicateEmailsAllowed", false) && !by_email {
        return;
    }
    let users = || state.objects.iter().filter(|(it, _)| it.kind() == USER);
    let place = |object: &Object| object.get("email").map_or(object.at, |it| it.at);
    let mut emails: BTreeMap<String, (&Address, At)> = BTreeMap::new();
    for (address, object) in users() {
        let email = object.text("email").to_lowercase();
        if email.is_empty() {
            continue;
        }
        let here = (address, place(object));
        match emails.get(&email) {
            Some(first) => found.push(Clash {
                first: *first,
                second: here,
                what: format!("e-mail address `{email}`"),
                // Many may have one address only where nobody logs in with it.
                help: if by_email {
                    "give one of them another address; if they are one person, name the old username in `formerly`"
                } else {
                    "change one of them, or declare `duplicateEmailsAllowed: true`"
                },
            }),
            None => {
                emails.insert(email, here);
            }
        }
    }
    if by_email || !switch("loginWithEmailAllowed", true) {
        return;
    }
    for (address, object) in users() {
        let Some(first) = emails.get(address.name()).filter(|it| it.0 != address) else { continue };
        found.push(Clash {
            first: *first,
            second: (address, object.at),
            what: format!(
                "name to log in with, `{}`: the e-mail address of one, the username of the other",
                address.name()
            ),
            help: "change one of them, or declare `loginWithEmailAllowed: false`",
        });
    }
}

/// Policies and permissions of one client share their names.
fn policies<'a>(state: &'a State, found: &mut Vec<Clash<'a>>) {
    for (address, object) in state.objects.iter().filter(|(it, _)| it.kind() == PERMISSION) {
        let Some(client) = address.parent() else { continue };
        let Some((policy, other)) = state.objects.get_key_value(&client.child(POLICY, address.name())) else {
            continue;
        };
        found.push(Clash {
            first: (policy, other.at),
            second: (address, object.at),
            what: "name, and policies and permissions of a client share theirs".to_owned(),
            help: "give one of them another name",
        });
    }
}
