//! Values that only one object may have, beside the names that are addresses.

use std::collections::BTreeMap;

use crate::kind::{
    EMAIL_NAMES, FEDERATED_IDENTITY, ORGANIZATION, PERMISSION, POLICY, USER, identity, kind, realm_address,
    title,
};
use crate::state::{Address, Node, State};
use crate::text::{At, Code, Note};

/// Two objects that cannot both be there.
pub struct Clash<'a> {
    pub first: (&'a Address, At),
    pub second: (&'a Address, At),
    what: String,
    why: &'static str,
    help: String,
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
        note.help(&*self.help)
    }

    /// Returns whether another one is about the same two objects, and about the same of them.
    pub fn is_same(&self, other: &Clash<'_>) -> bool {
        (self.first.0, self.second.0, &self.what) == (other.first.0, other.second.0, &other.what)
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

/// Finds values that a second object has, too: what they are, why that is wrong, and what to do. Returns who has each first.
fn clash<'a, V: Ord>(
    values: impl Iterator<Item = (V, (&'a Address, At))>,
    found: &mut Vec<Clash<'a>>,
    words: impl Fn(&V) -> (String, &'static str, String),
) -> BTreeMap<V, (&'a Address, At)> {
    let mut first: BTreeMap<V, (&Address, At)> = BTreeMap::new();
    for (value, here) in values {
        match first.get(&value) {
            // An object may say one twice.
            Some((other, _)) if *other == here.0 => {}
            Some(other) => {
                let (what, why, help) = words(&value);
                found.push(Clash { first: *other, second: here, what, why, help });
            }
            None => drop(first.insert(value, here)),
        }
    }
    first
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
    let emails = users().filter_map(|(address, object)| {
        let email = object.text("email").to_lowercase();
        let at = object.get("email").map_or(object.at, |it| it.at);
        (!email.is_empty()).then_some((email, (address, at)))
    });
    // Many may have one address only where nobody logs in with it.
    let help = if by_email {
        "give one of them another address; if they are one person, name the old username in `formerly`"
    } else {
        "change one of them, or declare `duplicateEmailsAllowed: true`"
    };
    let emails =
        clash(emails, found, |email| (format!("e-mail address `{email}`"), REFUSED, help.to_owned()));
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
            help: "change one of them, or declare `loginWithEmailAllowed: false`".to_owned(),
        });
    }
}

/// What one object at a time may name.
fn held<'a>(state: &'a State, found: &mut Vec<Clash<'a>>) {
    let named = state.objects.iter().flat_map(|(address, object)| {
        let rules = kind(address.kind()).fields.iter().filter(|it| it.has_one);
        let items = rules.filter_map(|it| Some((it, object.get(it.name)?.items())));
        items.flat_map(move |(rule, items)| {
            items.iter().filter_map(move |it| Some(((rule.name, rule.held(it)?), (address, it.at))))
        })
    });
    clash(named, found, |(field, name)| {
        let domain = name.as_text().map(|it| format!("domain `{it}`"));
        let what = domain.or_else(|| name.as_ref().map(title)).unwrap_or_default();
        let help = format!("leave it to one of them, and say what the other one keeps, as `{field}: []`");
        (what, REFUSED, help)
    });
}

/// Organizations have names beside their aliases.
fn organizations<'a>(state: &'a State, found: &mut Vec<Clash<'a>>) {
    let all = state.objects.iter().filter(|(it, _)| it.kind() == ORGANIZATION);
    let named = all.filter_map(|(address, object)| {
        let name = object.get("name")?;
        Some((name.as_text()?, (address, name.at)))
    });
    clash(named, found, |name| {
        (format!("name `{name}`"), REFUSED, "give one of them another name".to_owned())
    });
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
            help: "give one of them another name".to_owned(),
        });
    }
}

/// Whoever logs in at an identity provider is one user.
fn identities<'a>(state: &'a State, found: &mut Vec<Clash<'a>>) {
    let known = state.objects.iter().filter_map(|(address, object)| {
        let at = object.get("userId").map_or(object.at, |it| it.at);
        Some((identity(address, object)?, (address, at)))
    });
    clash(known, found, |(provider, _)| {
        let what = format!("`userId` at identity provider `{provider}`");
        let why = "nobody knows as which of them Keycloak would let it in";
        (what, why, "leave it to one of them".to_owned())
    });
}
