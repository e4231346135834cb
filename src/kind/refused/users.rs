//! What the user profile and the password policy of a realm refuse of a user.

use super::{Judge, Severe, credentials, realm::policies};
use crate::kind::component::directory;
use crate::kind::{
    EMAIL_NAMES, USER, UserProfile, has_languages, realm_address, reserved_for, service_account_of, title,
};
use crate::state::{Address, Is, Node, Object, SecretRef, SecretSource};
use crate::text::{At, Code, Note, nearest};

/// Fields that are attributes of the user profile.
const PLAIN: &[&str] = &["email", "firstName", "lastName"];

/// Attributes that only a directory writes, in any case.
const READ_ONLY: &[&str] = &[
    "created_timestamp",
    "createtimestamp",
    "kerberos_principal",
    "ldap_entry_dn",
    "ldap_id",
    "modifytimestamp",
];

pub(super) fn check(judge: &Judge<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    // The server makes the users of service accounts and asks nothing of them.
    let is_made = judge.state.get(address).is_some_and(|it| it.made_by.is_some());
    let is_account = is_made || service_account_of(address, judge.state).is_some();
    if address.kind() != USER || is_account || (!judge.is_sure && object.fields.is_empty()) {
        return;
    }
    notes.extend(federated(judge, address, object));
    of_directory(judge, address, object, notes);
    notes.extend(named_otherwise(judge, address, object));
    notes.extend(unnamed(judge, object));
    passwords(judge, address, object, notes);
    credentials::hashes(judge, address, object, notes);
    if judge.profile.is_some() {
        profile(judge, address, object, notes);
        incomplete(judge, address, object, notes);
    }
}

/// A user whose master is a directory comes with a login there; made here, it would be another one.
fn federated(judge: &Judge<'_>, address: &Address, object: &Object) -> Option<Note> {
    let link = object.get("federationLink").or_else(|| object.get("origin"))?;
    let words = format!("{} comes from a user directory and cannot be created", title(address));
    let note = judge.note(Severe::Error, Code::FederatedUser, words, link.at, "would become a local user");
    Some(note.help("take the user out: the directory brings it in, and its links can be declared afterwards"))
}

/// What a directory says of a user that it brought, and Keycloak only reads: the server answers 400 (26.0.8 and 26.7.5).
fn of_directory(judge: &Judge<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    let Some(user) = judge.state.get(address) else { return };
    let read_only = directory::read_only(judge.state, user.text("federationLink"));
    let attributes = object.get("attributes").and_then(Node::as_map).into_iter().flatten();
    for (name, node) in
        object.fields.iter().chain(attributes).filter(|(name, _)| read_only.contains(&***name))
    {
        let words = format!("{} has `{name}` from a user directory, which is only read", title(address));
        let note = judge.note(Severe::Error, Code::FederatedUser, words, node.at, "Keycloak would refuse it");
        notes.push(note.help("change it in the directory, and take it out here"));
    }
}

/// A realm that names its users by their e-mail addresses, unsaid in the manifests.
fn named_otherwise(judge: &Judge<'_>, address: &Address, object: &Object) -> Option<Note> {
    let email = object.get("email")?;
    let name = email.as_text()?.to_lowercase();
    if !by_email(judge) || name == address.name() {
        return None;
    }
    let words = format!("Keycloak would name {} by its e-mail address", title(address));
    let note = judge.note(Severe::Error, Code::WrongName, words, email.at, format!("would become `{name}`"));
    Some(note.help("declare `registrationEmailAsUsername: true`, as the realm has it"))
}

/// A user without what the realm names users by.
pub(super) fn nameless(judge: &Judge<'_>, address: &Address, whole: &Object) -> Option<Note> {
    let object = judge.desired(address)?;
    let is_account = whole.made_by.is_some() || reserved_for(address).is_some();
    if !by_email(judge) || is_account || !whole.text("email").is_empty() {
        return None;
    }
    let words = format!("{} has no e-mail address", title(address));
    let label = "the realm takes e-mail addresses for usernames";
    let note = judge.note(Severe::Error, Code::Missing, words, object.at, label);
    Some(note.help("add `email`"))
}

/// A user without a username, in a realm that does not take the e-mail address for one.
fn unnamed(judge: &Judge<'_>, object: &Object) -> Option<Note> {
    if !object.named_by_email || by_email(judge) {
        return None;
    }
    let title = "a user without `username`".to_owned();
    let note = judge.note(Severe::Error, Code::Missing, title, object.at, "needs `username`");
    Some(note.help("add it; realms with `registrationEmailAsUsername: true` take the e-mail address instead"))
}

fn by_email(judge: &Judge<'_>) -> bool {
    judge.state.get(&realm_address()).is_some_and(|it| it.is_true(EMAIL_NAMES))
}

fn profile(judge: &Judge<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    let Some(profile) = judge.profile else { return };
    let mut found = Vec::new();
    let look = |found: &mut Vec<(String, String, At)>, name: &str, text: &str, at: At| {
        found.extend(profile.refuses(name, text).map(|why| (name.to_owned(), why, at)));
    };
    if !by_email(judge) {
        look(&mut found, "username", address.name(), object.at);
    }
    for field in PLAIN {
        if let Some(node) = object.get(field) {
            look(&mut found, field, node.as_text().unwrap_or_default(), node.at);
        }
    }
    for (name, node) in object.get("attributes").and_then(Node::as_map).into_iter().flatten() {
        if is_field(name) {
            continue;
        }
        if let ([_, second, ..], true) = (node.items(), profile.takes_one(name)) {
            found.push((name.to_string(), "it takes one value".to_owned(), second.at));
        }
        for item in std::slice::from_ref(node).iter().chain(node.items()) {
            if let Some(text) = item.as_text() {
                look(&mut found, name, text, item.at);
            }
        }
    }
    for (name, why, at) in found {
        let words = format!("the user profile refuses `{name}` of {}", title(address));
        let by_default = !judge.is_sure && name == "username";
        let code = if by_default { Code::WrongUsername } else { Code::ProfileRefuses };
        let note = judge.note(Severe::Error, code, words, at, why);
        notes.push(note.help("change it, or the user profile of the realm"));
    }
    for (name, node) in object.get("attributes").and_then(Node::as_map).into_iter().flatten() {
        if !node.is_null() {
            notes.extend(attribute(judge, profile, address, (name, node.at)));
        }
    }
}

/// An attribute that the server would not keep.
fn attribute(
    judge: &Judge<'_>,
    profile: &UserProfile,
    address: &Address,
    (name, at): (&str, At),
) -> Option<Note> {
    let user = title(address);
    let dropped = format!("Keycloak would drop attribute `{name}` of {user}");
    if is_field(name) {
        let note = Note::error(Code::Dropped, dropped, at, "a field of the user has this name");
        return Some(note.help(format!("write `{name}` beside `attributes`")));
    }
    // The server keeps the language of a user where there are several.
    let has_languages = judge.state.get(&realm_address()).is_some_and(has_languages);
    let is_named = profile.attributes().any(|it| it == name);
    match (profile.keeps(name), name) {
        (_, "locale") if has_languages => None,
        (_, "locale") if !is_named => {
            let label = "the realm has no languages";
            let note = judge.note(Severe::Error, Code::Dropped, dropped, at, label);
            Some(note.help("set `internationalizationEnabled: true`, or take it out"))
        }
        (true, "terms_and_conditions") if !is_named => {
            let words = format!("Keycloak may drop attribute `{name}` of {user}");
            let label = "not kept while the required action of this name is off";
            Some(Note::warning(Code::Dropped, words, at, label).help("switch it on, or take it out"))
        }
        (true, _) if READ_ONLY.contains(&&*name.to_lowercase()) => {
            let words = format!("Keycloak refuses attribute `{name}` of {user}");
            let label = "only a directory writes it";
            Some(judge.note(Severe::Error, Code::ProfileRefuses, words, at, label).help("take it out"))
        }
        (true, _) => None,
        (false, _) if is_named => {
            let label = "the realm's user profile lets no administrator write it";
            let note = judge.note(Severe::Error, Code::DroppedAttribute, dropped, at, label);
            Some(note.help("say `permissions: { edit: [admin] }` there, or take it out"))
        }
        (false, _) => {
            let label = "the realm's user profile does not know it";
            let note = judge.note(Severe::Error, Code::DroppedAttribute, dropped, at, label);
            Some(match nearest(name, profile.attributes()) {
                Some(near) => note.help(format!("did you mean `{near}`?")),
                None => note.help("add it to the user profile, or allow unmanaged attributes there"),
            })
        }
    }
}

/// Whether an attribute has the name of a field.
fn is_field(attribute: &str) -> bool {
    PLAIN.contains(&attribute) || attribute == "username"
}

/// A user with a password who is asked at the login for what the profile requires.
fn incomplete(judge: &Judge<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    let (Some(profile), Some(whole)) = (judge.profile, judge.state.get(address)) else { return };
    let is_off = whole.get("enabled").and_then(Node::as_bool) == Some(false);
    if is_off || secrets(object).next().is_none() {
        return;
    }
    let missing = missing(whole, profile.required());
    if !missing.is_empty() {
        let words = format!("{} cannot log in: no {}", title(address), missing.join(", no "));
        let label = if judge.is_sure {
            "the user profile asks for them at login"
        } else {
            "the default user profile asks for them at login"
        };
        notes.push(
            Note::warning(Code::CannotLogIn, words, object.at, label)
                .help("add them, unless the user profile of the realm does without"),
        );
    }
}

/// Returns which of these attributes a user lacks.
fn missing<'p>(user: &Object, names: impl Iterator<Item = &'p str>) -> Vec<String> {
    let has = |name: &str| {
        let value = user.get(name).or_else(|| user.get("attributes")?.get(name));
        value.is_some_and(|it| match &it.is {
            Is::Text(text) => !text.is_empty(),
            Is::List(items) => !items.is_empty(),
            is => *is != Is::Null,
        })
    };
    names.filter(|it| *it != "username" && !has(it)).map(|it| format!("`{it}`")).collect()
}

/// Returns that a user lacks what administrators have to say, at every write (26.0.8 and 26.7.5).
pub(super) fn unsaid(judge: &Judge<'_>, address: &Address, whole: &Object) -> Option<Note> {
    let missing = missing(whole, judge.profile?.required_of_admins());
    if missing.is_empty() || whole.made_by.is_some() || reserved_for(address).is_some() {
        return None;
    }
    let words = format!("the user profile refuses {} without {}", title(address), missing.join(", "));
    let at = judge.desired(address).map_or(At::SERVER, |it| it.at);
    let note = judge.note(Severe::Error, Code::ProfileRefuses, words, at, "required of administrators, too");
    Some(note.help("add it, or require it of users alone: `required: { roles: [user] }`"))
}

/// Returns the passwords of a user that are to be set as they are.
fn secrets(object: &Object) -> impl Iterator<Item = (&SecretRef, At)> {
    let credentials = object.get("credentials").map_or(&[][..], Node::items);
    credentials
        .iter()
        .filter(|it| it.get("type").and_then(Node::as_text).is_none_or(|it| it == "password"))
        .filter_map(|it| it.get("value"))
        .filter_map(|it| if let Is::Secret(secret) = &it.is { Some((secret, it.at)) } else { None })
}

fn passwords(judge: &Judge<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    let Some(realm) = judge.state.get(&realm_address()) else { return };
    let policy = realm.text("passwordPolicy");
    for (secret, at) in secrets(object) {
        let SecretSource::Literal(password) = &secret.source else { continue };
        let why =
            policies(policy).find_map(|(name, argument)| weak(password, name, argument, address, object));
        if let Some(why) = why {
            let words = format!("the password policy refuses the password of {}", title(address));
            let note = judge.note(Severe::Error, Code::WeakPassword, words, at, why);
            notes.push(note.help("choose another password, or change `passwordPolicy` of the realm"));
        }
    }
}

/// Returns why one policy refuses a password. Regular expressions, lists and history only the server can ask.
fn weak(password: &str, name: &str, argument: &str, address: &Address, user: &Object) -> Option<String> {
    let count = |is: fn(char) -> bool| password.chars().filter(|it| is(*it)).count();
    let folded = password.to_lowercase();
    let least = |words: &str, has: usize, by_default: usize| {
        let least = argument.parse().unwrap_or(by_default);
        (has < least).then(|| format!("it needs at least {least} {words}"))
    };
    let length = password.encode_utf16().count();
    match name {
        "length" => least("characters", length, 8),
        "digits" => least("digits", count(char::is_numeric), 1),
        "lowerCase" => least("lower-case letters", count(char::is_lowercase), 1),
        "upperCase" => least("upper-case letters", count(char::is_uppercase), 1),
        "specialChars" => least("special characters", count(|it| !it.is_alphanumeric()), 1),
        "maxLength" => {
            let most = argument.parse().unwrap_or(64);
            (length > most).then(|| format!("it may have at most {most} characters"))
        }
        "notUsername" => (folded == address.name()).then(|| "it is the username".to_owned()),
        "notContainsUsername" => {
            folded.contains(address.name()).then(|| "it contains the username".to_owned())
        }
        "notEmail" => {
            let email = user.text("email");
            (!email.is_empty() && folded == email.to_lowercase())
                .then(|| "it is the e-mail address".to_owned())
        }
        _ => None,
    }
}
