//! What a server refuses of one object, or takes and never uses: tables, measured on 26.0.8 and 26.7.5.
//!
//! [`refused_anywhere`] holds on every server, so manifests alone tell it. [`refused`] depends on the server, the
//! realm and its user profile; without a server it is asked with what is recorded of a plain one, and only warns.

mod acr;
mod assertion;
mod choices;
mod credentials;
mod features;
pub(super) mod fine_grained;
mod lengths;
mod mail;
pub(super) mod names;
mod pairwise;
mod realm;
mod unique;
mod uris;
mod users;
pub(super) mod whole;

use super::{
    CLIENT, GROUP, Kind, MAPPER, MIDDLE, NEWEST, OLDEST, ORGANIZATION_GROUP, SETTINGS, ServerInfo, USER,
    UserProfile, Version, WORKFLOW, is_folder, kind, nearest_recorded, title,
};
use crate::state::{Address, Is, KindName, Node, Object, SecretRef, SecretSource, State};
use crate::text::{At, Code, Note, shown};

pub use fine_grained::{is_judged_by_type, no_such_id};
pub use realm::{policies, wrong_realm_name};
pub use unique::{Clash, clashes};
pub(super) use whole::Refuses;

/// What decides beside the object itself.
pub struct Judge<'a> {
    /// What the manifests say.
    pub desired: &'a State,
    /// What the realm holds, and what it will hold.
    pub before: &'a State,
    pub state: &'a State,
    pub server: &'a ServerInfo,
    pub profile: Option<&'a UserProfile>,
    pub version: Version,
    /// This server says so; otherwise it is what is recorded of a plain one.
    pub is_sure: bool,
}

impl<'a> Judge<'a> {
    pub(super) fn desired(&self, address: &Address) -> Option<&'a Object> {
        self.desired.get(address)
    }

    /// Returns whether something that a version refuses is refused here: between recorded versions nobody knows.
    pub(super) fn since(&self, version: Version) -> Option<Severe> {
        match self.version {
            _ if !self.is_sure && version > OLDEST => Some(Severe::Warning),
            it if it >= version => Some(Severe::Error),
            // Of recorded minors it was measured.
            it if nearest_recorded(it) == it => None,
            _ => Some(Severe::Warning),
        }
    }

    /// Returns that a text names an object which is not there.
    pub(super) fn names_none(&self, severe: Severe, of: &str, named: KindName, name: &str, at: At) -> Note {
        let noun = kind(named).title;
        let words = format!("{of} names no {noun}: `{name}`");
        let note = self.note(severe, Code::UnknownReference, words, at, "Keycloak would refuse it");
        note.help(format!("declare the {noun}, or mend the name"))
    }

    /// Returns a finding, which is a warning where nobody knows the server.
    pub(super) fn note(
        &self,
        severe: Severe,
        code: Code,
        title: String,
        at: At,
        label: impl Into<String>,
    ) -> Note {
        if severe == Severe::Error && self.is_sure {
            Note::error(code, title, at, label)
        } else {
            Note::warning(code, title, at, label)
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Severe {
    Error,
    Warning,
}

fn is_empty_secret(node: &Node) -> bool {
    match &node.is {
        Is::Secret(SecretRef { source: SecretSource::Literal(text), .. }) => text.is_empty(),
        is => matches!(is, Is::Text(text) if text.is_empty()),
    }
}

/// Returns what every server refuses of an object.
pub fn refused_anywhere(address: &Address, object: &Object) -> Vec<Note> {
    let mut notes = Vec::new();
    lengths::check(address, object, &mut notes);
    choices::fixed(address, object, &mut notes);
    choices::untyped(address, object, &mut notes);
    uris::check(address, object, OLDEST, &mut |_, note| notes.push(note));
    realm::numbers(address, object, &mut notes);
    realm::headers(address, object, &mut notes);
    credentials::check(address, object, &mut notes);
    let Kind { takes_in_names, shared_by, .. } = kind(address.kind());
    // What is one and the same for several is called by that.
    let shared = object.get(shared_by).and_then(|it| Some((it.as_text()?, it.at)));
    let (name, at) = shared.unwrap_or((address.name(), object.at));
    notes.extend(wrong_sign(address, name, at, *takes_in_names));
    if matches!(address.kind(), GROUP | ORGANIZATION_GROUP | USER | WORKFLOW) && is_blank(address.name()) {
        notes.push(blank(address, object.at));
    }
    let secret = object.get("secret").filter(|it| !it.is_null());
    if let Some(secret) = secret.filter(|it| is_empty_secret(it) && !object.is_true("publicClient")) {
        // Measured on 26.0.8 and 26.7.5.
        let words = format!("the secret of {} is empty", title(address));
        let label = "anybody could come as this client, with an empty one";
        let note = Note::error(Code::WrongForm, words, secret.at, label);
        notes.push(note.help("say where one comes from, or leave `secret` out: Keycloak draws one"));
    }
    if let Some(secret) = secret.filter(|_| object.is_true("publicClient")) {
        let words = format!("{} is public, and has no secret", title(address));
        let label = "Keycloak would drop it";
        notes
            .push(Note::warning(Code::DroppedAttribute, words, secret.at, label).help("take the secret out"));
    }
    if is_folder(address.name()) && kind(address.kind()).is_in_paths() {
        let words = format!("{} has a name that no request can carry", title(address));
        notes.push(
            Note::error(Code::WrongName, words, object.at, "stands for a folder in a URL")
                .help("choose another name"),
        );
    }
    notes
}

/// Returns what this server, with this realm, refuses of an object, or takes and never uses.
pub fn refused(judge: &Judge<'_>, address: &Address, object: &Object) -> Vec<Note> {
    let mut notes = Vec::new();
    choices::check(judge, address, object, &mut notes);
    features::check(judge, address, object, &mut notes);
    if address.kind() == CLIENT
        && is_blank(address.name())
        && let Some(severe) = judge.since(MIDDLE)
    {
        let Note { code, title, .. } = blank(address, object.at);
        notes.push(judge.note(severe, code, title, object.at, "Keycloak would refuse it"));
    }
    if let Some(severe) = judge.since(NEWEST) {
        uris::check(address, object, NEWEST, &mut |at, note| {
            let label = note.marks.first().map_or("", |it| &it.label).to_owned();
            let mut mild = judge.note(severe, note.code, note.title, at, label);
            mild.help = note.help;
            notes.push(mild);
        });
    }
    realm::check(judge, address, object, &mut notes);
    users::check(judge, address, object, &mut notes);
    if address.kind() == MAPPER {
        pairwise::address(address, object, &mut notes);
    }
    notes
}

/// Returns what this server refuses of an object at every write, whoever said the values that do not go together.
pub fn refused_whole(judge: &Judge<'_>, address: &Address) -> Vec<Note> {
    let mut notes = Vec::new();
    whole::check(judge, address, &mut notes);
    notes
}

/// Returns whether something declared may depend on what a server has: values that not every plain server has, and
/// what a feature may be off for.
pub fn asks_server_info(state: &State) -> bool {
    if state.objects.iter().any(|(address, object)| features::asks(address, object)) {
        return true;
    }
    [OLDEST, NEWEST].into_iter().any(|version| {
        let server = ServerInfo::recorded(version);
        let judge =
            Judge { desired: state, before: state, state, server, profile: None, version, is_sure: true };
        let depends = |it: &Note| matches!(it.code, Code::NotOnServer | Code::PolicyTypeMissing);
        state.objects.iter().any(|(address, object)| refused(&judge, address, object).iter().any(depends))
    })
}

/// Returns that a name has a sign which the server does not take.
pub(super) fn wrong_sign(address: &Address, name: &str, at: At, takes: fn(char) -> bool) -> Option<Note> {
    let sign = name.chars().find(|it| !takes(*it))?;
    let words = format!("{} has a name that Keycloak does not take", title(address));
    let label = format!("`{}` cannot stand there", shown([sign]));
    Some(Note::error(Code::WrongName, words, at, label).help("choose another name"))
}

pub(super) fn is_blank(name: &str) -> bool {
    name.trim().is_empty()
}

fn blank(address: &Address, at: At) -> Note {
    let kind @ Kind { key, .. } = kind(address.kind());
    Note::error(
        Code::WrongName,
        format!("{} has a blank `{key}`", kind.a_title()),
        at,
        "Keycloak would refuse it",
    )
}

/// Returns where a field, or one key of it, is said: as near as the manifests come to it.
pub(super) fn place(said: Option<&Object>, field: &str, key: &str) -> At {
    let Some(object) = said else { return At::SERVER };
    let Some(node) = object.get(field) else { return object.at };
    node.get(key).map_or(node.at, |it| it.at)
}

/// Calls `f` with every text of a field, or of one key of it or of its items, in lists too.
pub(super) fn each_text<'a>(object: &'a Object, field: &str, key: &str, f: &mut impl FnMut(&'a str, At)) {
    let Some(node) = object.get(field) else { return };
    if key.is_empty() {
        texts(node, f);
    } else {
        let items = node.items().iter().filter_map(|it| it.get(key));
        node.get(key).into_iter().chain(items).for_each(|it| texts(it, f));
    }
}

fn texts<'a>(node: &'a Node, f: &mut impl FnMut(&'a str, At)) {
    match &node.is {
        Is::Text(text) => f(text, node.at),
        Is::List(items) | Is::Sequence(items) => items.iter().for_each(|it| texts(it, f)),
        Is::Map(map) => map.values().for_each(|it| texts(it, f)),
        Is::Null | Is::Bool(_) | Is::Number(_) | Is::Ref(_) | Is::Secret(_) | Is::Hidden(_) => {}
    }
}

/// Returns the words for a field in a sentence: "`loginTheme` of the realm".
pub(super) fn words_of_field(field: &str, key: &str, address: &Address) -> String {
    let path = if key.is_empty() { field.to_owned() } else { format!("{field}.{key}") };
    let whose = title(address);
    if address.kind() == super::REALM || address.kind() == SETTINGS {
        format!("`{path}` of the {whose}")
    } else {
        format!("`{path}` of {whose}")
    }
}

#[cfg(test)]
mod tests;
