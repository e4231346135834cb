//! Values that only one object may have, beside the names that are addresses.

use std::collections::BTreeMap;

use crate::kind::{
    Compare, EMAIL_NAMES, FEDERATED_IDENTITY, ORGANIZATION, PERMISSION, POLICY, USER, kind, realm_address,
    title,
};
use crate::state::{Address, Node, Object, State};
use crate::text::{At, Code, Note};

/// Two objects that cannot both be there.
pub struct Clash<'a> {
    pub first: (&'a Address, At),
    pub second: (&'a Address, At),
    what: String,
    why: &'static str,
    help: &'static str,
}

/// What most clashes come to.
const REFUSED: &str = "Keycloak would refuse it";

impl Clash<'_> {
    /// Returns what to say of it, with both places where both were written.
    pub fn note(&self) -> Note {
        let words =
            format!("{} and {} have the same {}", whose(self.first.0), whose(self.second.0), self.what);
        let (main, other) =
            if self.second.1 == At::SERVER { (self.first, self.second) } else { (self.second, self.first) };
        let note = Note::error(Code::NotUnique, words, main.1, self.why);
        let note = match other.1 {
            At::SERVER => note,
            at => note.and(at, format!("{} has it too", whose(other.0))),
        };
        note.help(self.help)
    }
}

/// Returns the words for who has what only one may have.
fn whose(address: &Address) -> String {
    let user = address.parent().filter(|_| address.kind() == FEDERATED_IDENTITY);
    title(user.as_ref().unwrap_or(address))
}

/// Returns the objects of a state that share what only one may have.
pub fn clashes(state: &State) -> Vec<Clash<'_>> {
    let mut found = Vec::new();
    users(state, &mut found);
    policies(state, &mut found);
    held(state, &mut found);
    organizations(state, &mut found);
    identities(state, &mut found);
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
                why: REFUSED,
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
            why: REFUSED,
            help: "change one of them, or declare `loginWithEmailAllowed: false`",
        });
    }
}

/// What one object at a time may name.
fn held<'a>(state: &'a State, found: &mut Vec<Clash<'a>>) {
    let mut first: BTreeMap<(&str, &Node), (&Address, At)> = BTreeMap::new();
    for (address, object) in &state.objects {
        for rule in kind(address.kind()).fields.iter().filter(|it| it.has_one) {
            for item in object.get(rule.name).map(Node::items).unwrap_or_default() {
                let name = if let Compare::Keyed(name) = rule.compare { item.get(name) } else { Some(item) };
                let Some(name) = name else { continue };
                let here = (address, item.at);
                match first.get(&(rule.name, name)) {
                    Some((other, _)) if *other == address => {}
                    Some(other) => {
                        let what = name.as_text().map(|it| format!("domain `{it}`"));
                        let what = what.or_else(|| name.as_ref().map(title)).unwrap_or_default();
                        let help = "take it from one of them";
                        found.push(Clash { first: *other, second: here, what, why: REFUSED, help });
                    }
                    None => drop(first.insert((rule.name, name), here)),
                }
            }
        }
    }
}

/// Organizations have names beside their aliases.
fn organizations<'a>(state: &'a State, found: &mut Vec<Clash<'a>>) {
    let mut names: BTreeMap<&str, (&Address, At)> = BTreeMap::new();
    for (address, object) in state.objects.iter().filter(|(it, _)| it.kind() == ORGANIZATION) {
        let name = object.get("name").and_then(|it| Some((it.as_text()?, it.at)));
        let Some((name, at)) = name else { continue };
        match names.get(name) {
            Some(first) => found.push(Clash {
                first: *first,
                second: (address, at),
                what: format!("name `{name}`"),
                why: REFUSED,
                help: "give one of them another name",
            }),
            None => drop(names.insert(name, (address, at))),
        }
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
            why: REFUSED,
            help: "give one of them another name",
        });
    }
}

/// Whoever logs in at an identity provider is one user.
fn identities<'a>(state: &'a State, found: &mut Vec<Clash<'a>>) {
    let mut known: BTreeMap<(&str, &str), (&Address, At)> = BTreeMap::new();
    for (address, object) in state.objects.iter().filter(|(it, _)| it.kind() == FEDERATED_IDENTITY) {
        let (provider, id) = (address.last_name(), object.text("userId"));
        let here = (address, object.get("userId").map_or(object.at, |it| it.at));
        if id.is_empty() {
            continue;
        }
        match known.get(&(provider, id)) {
            Some(first) => found.push(Clash {
                first: *first,
                second: here,
                what: format!("`userId` at identity provider `{provider}`"),
                why: "nobody knows as which of them Keycloak would let it in",
                help: "leave it to one of them",
            }),
            None => {
                known.insert((provider, id), here);
            }
        }
    }
}
