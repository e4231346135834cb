//! Credentials as exports have them: JSON in texts, which the server reads when it makes the user, or answers 500.

use serde_json::{Map, Value};

use crate::kind::{USER, title};
use crate::state::{Address, Is, Node, Object, SecretSource};
use crate::text::{At, Code, Note};

/// Types that a server stores as they are.
const TYPES: &[&str] = &["password", "otp", "webauthn", "webauthn-passwordless", "recovery-authn-codes"];

/// Parts of a credential, and the keys that the server knows in one of a password.
const PARTS: &[(&str, &[&str])] = &[
    ("credentialData", &["hashIterations", "algorithm", "additionalParameters"]),
    ("secretData", &["value", "salt", "additionalParameters"]),
];

pub(super) fn check(address: &Address, object: &Object, notes: &mut Vec<Note>) {
    if address.kind() != USER {
        return;
    }
    for credential in object.get("credentials").map_or(&[][..], Node::items) {
        let has = |key: &str| credential.get(key).is_some_and(|it| !it.is_null());
        if has("value") || has("hashedSaltedValue") {
            continue;
        }
        let type_name = credential.get("type").and_then(Node::as_text).unwrap_or("password");
        let user = title(address);
        if let Some((missing, _)) = PARTS.iter().find(|(it, _)| !has(it)) {
            let words = format!("a credential of {user} has neither `value` nor `{missing}`");
            let note = Note::error(Code::Missing, words, credential.at, "Keycloak answers 500");
            notes.push(note.help("give a password as `value`, or `credentialData` with `secretData`"));
            continue;
        }
        if !TYPES.contains(&type_name) {
            let words = format!("Keycloak would drop a credential of {user}: no type `{type_name}`");
            let note = Note::warning(Code::Dropped, words, credential.at, "would not be kept");
            notes.push(note.help(format!("it keeps {}", TYPES.join(", "))));
        }
        for (part, keys) in PARTS {
            let Some((text, at)) = credential.get(part).and_then(text) else { continue };
            if let Some(why) = wrong(text, if type_name == "password" { keys } else { &[] }) {
                let words = format!("`{part}` of a credential of {user} cannot be read");
                let note = Note::error(Code::WrongForm, words, at, format!("{why}: Keycloak answers 500"));
                notes.push(note.help("write it as an export has it, as JSON in a text"));
            }
        }
    }
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
fn wrong(text: &str, keys: &[&str]) -> Option<&'static str> {
    let Ok(part) = serde_json::from_str::<Map<String, Value>>(text) else { return Some("no JSON object") };
    if !keys.is_empty() && part.keys().any(|it| !keys.contains(&it.as_str())) {
        return Some("has a key that Keycloak does not know");
    }
    let is = |key: &str, is: fn(&Value) -> bool| part.get(key).is_none_or(is);
    let is_number = |it: &Value| it.is_number() || it.as_str().is_some_and(|it| it.parse::<i32>().is_ok());
    let is_fine = is("hashIterations", is_number) && is("additionalParameters", Value::is_object);
    (!is_fine).then_some("a value is of another form")
}
