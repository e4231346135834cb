//! Credentials as exports have them: JSON in texts, which the server reads when it makes the user, or answers 500.

use serde_json::{Map, Value};

use super::{Judge, Severe, is_empty_secret};
use crate::kind::{USER, title};
use crate::state::{Address, Is, Node, Object, SecretRef, SecretSource};
use crate::text::{At, Code, Note};

const PASSWORD: &str = "password";

/// Types that a server stores, and what it knows in `credentialData` and `secretData` of each.
const TYPES: &[(&str, Keys, Keys)] = &[
    (
        PASSWORD,
        &[
            ("hashIterations", Form::Integer),
            ("algorithm", Form::Text),
            ("additionalParameters", Form::Lists),
        ],
        &[("value", Form::Text), ("salt", Form::Base64), ("additionalParameters", Form::Lists)],
    ),
    (
        "otp",
        &[
            ("subType", Form::Text),
            ("digits", Form::Integer),
            ("counter", Form::Integer),
            ("period", Form::Integer),
            ("algorithm", Form::Text),
            ("secretEncoding", Form::Text),
        ],
        &[("value", Form::Text)],
    ),
    ("webauthn", WEBAUTHN, &[]),
    ("webauthn-passwordless", WEBAUTHN, &[]),
    (
        "recovery-authn-codes",
        &[
            ("hashIterations", Form::Integer),
            ("algorithm", Form::Text),
            ("totalCodes", Form::Integer),
            ("remainingCodes", Form::Integer),
        ],
        &[("codes", Form::List)],
    ),
];

const WEBAUTHN: Keys = &[
    ("aaguid", Form::Text),
    ("credentialId", Form::Text),
    ("counter", Form::Long),
    ("attestationStatement", Form::Text),
    ("credentialPublicKey", Form::Text),
    ("attestationStatementFormat", Form::Text),
    ("transports", Form::List),
];

type Keys = &'static [(&'static str, Form)];

/// What the server reads at a key; it takes numbers for texts and texts for numbers.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Base64,
    Integer,
    Long,
    List,
    /// A map of lists.
    Lists,
}

pub(super) fn check(address: &Address, object: &Object, notes: &mut Vec<Note>) {
    if address.kind() != USER {
        return;
    }
    let user = title(address);
    for second in credentials(object).filter(|it| type_of(it) == PASSWORD).skip(1) {
        let words = format!("{user} has two passwords");
        let note = Note::error(Code::NotTogether, words, second.at, "Keycloak would keep the last one");
        notes.push(note.help("keep one of them"));
    }
    for credential in credentials(object) {
        let has = |key: &str| credential.get(key).is_some_and(|it| !it.is_null());
        let type_name = type_of(credential);
        if has("value") && type_name != PASSWORD {
            let words = format!("a credential of {user} has a `value` and the type `{type_name}`");
            let label = "Keycloak would take it for a password";
            let note = Note::error(Code::NotTogether, words, credential.at, label);
            notes.push(note.help("write `credentialData` with `secretData`, as an export has them"));
        }
        if let Some(value) = credential.get("value").filter(|it| is_empty_secret(it)) {
            let words = format!("the password of {user} is empty");
            let note = Note::error(Code::WrongForm, words, value.at, "whoever logs in with it gets an error");
            notes.push(note.help("say where one comes from, or take it out"));
        }
        credential.get("secretData").into_iter().for_each(|it| notes.extend(versioned(it, &user)));
        if has("value") || has("hashedSaltedValue") {
            continue;
        }
        if let Some(missing) = ["credentialData", "secretData"].iter().find(|it| !has(it)) {
            let words = format!("a credential of {user} has neither `value` nor `{missing}`");
            let note = Note::error(Code::Missing, words, credential.at, "Keycloak answers 500");
            notes.push(note.help("give a password as `value`, or `credentialData` with `secretData`"));
            continue;
        }
        let known = TYPES.iter().find(|it| it.0 == type_name);
        if known.is_none() {
            let types: Vec<&str> = TYPES.iter().map(|it| it.0).collect();
            let words = format!("Keycloak would drop a credential of {user}: no type `{type_name}`");
            let note = Note::warning(Code::Dropped, words, credential.at, "would not be kept");
            notes.push(note.help(format!("it keeps {}", types.join(", "))));
        }
        let (_, data, secret) = known.unwrap_or(&("", &[], &[]));
        for (part, keys) in [("credentialData", data), ("secretData", secret)] {
            let Some((text, at)) = credential.get(part).and_then(text) else { continue };
            if let Some(why) = wrong(text, known.map(|_| *keys)) {
                let words = format!("`{part}` of a credential of {user} cannot be read");
                let note = Note::error(Code::WrongForm, words, at, format!("{why}: Keycloak answers 500"));
                notes.push(note.help("write it as an export has it, as JSON in a text"));
            }
        }
    }
}

/// Passwords of users to be made whose hash the server cannot compare: it stores them, and refuses every login (26.0.8 and
/// 26.7.5).
pub(super) fn hashes(judge: &Judge<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    let known = &judge.server.password_hashes;
    if known.is_empty() || judge.before.contains(address) {
        return;
    }
    for credential in credentials(object).filter(|it| type_of(it) == PASSWORD) {
        let Some((data, at)) = credential.get("credentialData").and_then(text) else { continue };
        let data: Value = serde_json::from_str(data).unwrap_or_default();
        let Some(hash) = data.get("algorithm").and_then(Value::as_str) else { continue };
        if !known.contains(hash) {
            let words = format!("the password of {} has the hash `{hash}`", title(address));
            let label = "this server has none of that name: no login would work";
            let note = judge.note(Severe::Warning, Code::NotOnServer, words, at, label);
            let names: Vec<&str> = known.iter().map(String::as_str).collect();
            notes.push(note.help(format!("it has {}; or add the provider to the server", names.join(", "))));
        }
    }
}

fn credentials(user: &Object) -> impl Iterator<Item = &Node> {
    user.get("credentials").map_or(&[][..], Node::items).iter()
}

fn type_of(credential: &Node) -> &str {
    credential.get("type").and_then(Node::as_text).unwrap_or(PASSWORD)
}

/// What is sent when the user is made, and never again, has no version that could grow.
fn versioned(secret: &Node, user: &str) -> Option<Note> {
    let Is::Secret(SecretRef { version: Some(_), .. }) = &secret.is else { return None };
    let words = format!("`secretData` of a credential of {user} has a version");
    let label = "only sent when the user is made";
    let note = Note::error(Code::WrongForm, words, secret.at, label);
    Some(note.help("take it out; a new password is a `value` with a version"))
}

/// A text that is written out; of others nobody knows.
fn text(node: &Node) -> Option<(&str, At)> {
    match &node.is {
        Is::Text(text) => Some((text, node.at)),
        Is::Secret(secret) => match &secret.source {
            SecretSource::Literal(text) => Some((text, node.at)),
            SecretSource::Env(_) | SecretSource::File(_) => None,
        },
        _ => None,
    }
}

/// Returns why the server cannot read a part, without a word of what may be secret.
fn wrong(text: &str, keys: Option<Keys>) -> Option<String> {
    let Ok(part) = serde_json::from_str::<Map<String, Value>>(text) else {
        return Some("no JSON object".to_owned());
    };
    let keys = keys?;
    let form = |name: &str| keys.iter().find(|it| it.0 == name).map(|it| it.1);
    if part.keys().any(|it| form(it).is_none()) {
        let known: Vec<&str> = keys.iter().map(|it| it.0).collect();
        return Some(match known.as_slice() {
            [] => "has a key, and Keycloak knows none here".to_owned(),
            _ => format!("has a key other than {}", known.join(", ")),
        });
    }
    let wrong = part.iter().find(|(name, value)| form(name).is_some_and(|it| !it.fits(value)));
    wrong.map(|(name, _)| format!("`{name}` is of another form"))
}

impl Form {
    fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Null) => true,
            (Self::Text | Self::Base64, Value::Bool(_) | Value::Number(_)) => true,
            (Self::Text, Value::String(_)) => true,
            (Self::Base64, Value::String(text)) => {
                let digits = text.trim_end_matches('=');
                let is_digit = |it: u8| it.is_ascii_alphanumeric() || it == b'+' || it == b'/';
                digits.bytes().all(is_digit) && digits.len() % 4 != 1
            }
            (Self::Integer, Value::String(text)) => text.trim().parse::<i32>().is_ok(),
            (Self::Integer, Value::Number(it)) => it.as_f64().is_some_and(|it| it.abs() < 2_147_483_648.0),
            (Self::Long, Value::String(text)) => text.trim().parse::<i64>().is_ok(),
            (Self::Long, Value::Number(_)) => true,
            (Self::List, Value::Array(_)) => true,
            (Self::Lists, Value::Object(map)) => map.values().all(|it| it.is_array() || it.is_null()),
            _ => false,
        }
    }
}
