//! What a realm refuses: flows that are not there, numbers out of range, sessions of clients that outlive its own,
//! password policies that nobody knows.

use std::collections::BTreeSet;

use super::{Judge, Severe, each_text, place, words_of_field};
use crate::kind::flow::refused_binding;
use crate::kind::representation::{Type, field_type};
use crate::kind::{MIDDLE, NEWEST, REALM, is_folder, realm_address};
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note, nearest};

/// Fields that newer servers refuse below zero.
const NOT_NEGATIVE: &[&str] = &[
    "failureFactor",
    "maxDeltaTimeSeconds",
    "maxFailureWaitSeconds",
    "maxSecondaryAuthFailures",
    "maxTemporaryLockouts",
    "minimumQuickLoginWaitSeconds",
    "quickLoginCheckMilliSeconds",
    "waitIncrementSeconds",
];

/// Fields that have to be more than zero.
const POSITIVE: &[&str] = &["accessCodeLifespanLogin", "accessCodeLifespanUserAction"];

/// A session of clients, the same for one client, and what it may not outlive, with and without "remember me".
struct Session(&'static str, &'static str, &'static str, &'static str);

const SESSIONS: &[Session] = &[
    Session(
        "clientSessionIdleTimeout",
        "client.session.idle.timeout",
        "ssoSessionIdleTimeout",
        "ssoSessionIdleTimeoutRememberMe",
    ),
    Session(
        "clientSessionMaxLifespan",
        "client.session.max.lifespan",
        "ssoSessionMaxLifespan",
        "ssoSessionMaxLifespanRememberMe",
    ),
];

/// Returns why no realm can have this name, if so.
pub fn wrong_realm_name(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        return Some("Keycloak refuses a blank name".to_owned());
    }
    let refused = ":/?#@!$&()*+,;=[]\\";
    if let Some(sign) = name.chars().find(|it| refused.contains(*it)) {
        return Some(format!("Keycloak refuses `{sign}` in the name of a realm"));
    }
    if is_folder(name) {
        return Some("stands for a folder in a URL".to_owned());
    }
    if name.contains('{') && name.contains('}') {
        return Some("Keycloak takes what stands in braces for a parameter".to_owned());
    }
    let length = name.chars().count();
    (length > 255).then(|| format!("Keycloak stores 255 characters, and these are {length}"))
}

/// Checks numbers that no server takes, or that it takes and fails at later.
pub(super) fn numbers(address: &Address, object: &Object, notes: &mut Vec<Note>) {
    if address.kind() != REALM {
        return;
    }
    for (field, node) in &object.fields {
        let is_integer = matches!(field_type("RealmRepresentation", field), Some(Type::Integer));
        let is_long = matches!(&**field, "eventsExpiration");
        if let Some(number) = number(node).filter(|it| is_integer && !is_long && i32::try_from(*it).is_err())
        {
            let words = format!("{} cannot be {number}", words_of_field(field, "", address));
            notes.push(
                Note::error(Code::WrongNumber, words, node.at, "Keycloak would refuse it")
                    .help(format!("it takes at most {}", i32::MAX)),
            );
        }
        if let Some(number) = number(node).filter(|it| *it < 1 && POSITIVE.contains(&&**field)) {
            let words = format!("{} cannot be {number}", words_of_field(field, "", address));
            notes.push(
                Note::error(Code::WrongNumber, words, node.at, "Keycloak would refuse it")
                    .help("write a number of seconds"),
            );
        }
    }
}

/// Checks security headers, which go into every answer.
pub(super) fn headers(address: &Address, object: &Object, notes: &mut Vec<Note>) {
    if address.kind() != REALM {
        return;
    }
    each_text(object, "browserSecurityHeaders", "", &mut |text, at| {
        if text.contains('\n') {
            let words = "a security header of the realm has several lines";
            let note = Note::error(Code::WrongForm, words, at, "Keycloak would refuse it");
            notes.push(note.help("write it on one line; in YAML `>-` makes one line of several"));
        }
    });
}

pub(super) fn check(judge: &Judge<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    refused_binding(judge, address, object, notes);
    if address.kind() == REALM {
        password_policy(judge, object, notes);
    }
    let Some(severe) = judge.since(MIDDLE) else { return };
    for field in NOT_NEGATIVE.iter().filter(|_| address.kind() == REALM) {
        let Some(node) = object.get(field).filter(|it| number(it).is_some_and(|it| it < 0)) else { continue };
        let words = format!("{} cannot be negative", words_of_field(field, "", address));
        notes.push(judge.note(severe, Code::WrongNumber, words, node.at, "Keycloak would refuse it"));
    }
}

/// Sessions of clients end before the realm's do.
pub(super) fn sessions(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    let Some(severe) = judge.since(NEWEST) else { return };
    let Some(realm) = judge.state.get(&realm_address()) else { return };
    let value = |field: &str| realm.get(field).and_then(number);
    for Session(of_realm, of_client, most, remembered) in SESSIONS {
        let (field, key, is) = match address.kind() {
            REALM => (*of_realm, "", Some(value(of_realm).unwrap_or(0))),
            _ => {
                ("attributes", *of_client, whole.get("attributes").and_then(|it| number(it.get(of_client)?)))
            }
        };
        let (Some(is), Some(limit)) = (is, value(most)) else { continue };
        let longer = realm.is_true("rememberMe").then(|| value(remembered)).flatten();
        let (most, limit) = match longer.filter(|it| *it > limit) {
            Some(longer) => (remembered, longer),
            None => (most, limit),
        };
        if is <= limit {
            continue;
        }
        let holder = words_of_field(field, key, address);
        let words = format!("{holder} is {is} seconds, and sessions of the realm end after {limit}");
        let said = |whose: &Address, field: &str, key: &str| {
            let node = judge.desired(whose)?.get(field)?;
            if key.is_empty() { Some(node.at) } else { node.get(key).map(|it| it.at) }
        };
        let unsaid = "in the realm, and not in the manifests";
        // Of the two, the one that a manifest says.
        let (at, label, help) = match (said(address, field, key), said(&realm_address(), most, "")) {
            (Some(at), also) => (
                at,
                format!("`{most}` is {limit}{}", if also.is_some() { "" } else { ", in the realm" }),
                format!("write at most {limit}, or raise `{most}`"),
            ),
            (None, at) => (
                at.unwrap_or_else(|| place(judge.desired(address), field, key)),
                format!("{holder} stands {unsaid}"),
                format!("raise it to {is}, or declare {holder} with at most {limit}"),
            ),
        };
        notes.push(judge.note(severe, Code::SessionTooLong, words, at, label).help(help));
    }
}

/// Returns the number that a node is, or that its text says.
fn number(node: &Node) -> Option<i64> {
    node.scalar()?.parse().ok()
}

/// The parts of a password policy: names and what stands in their parentheses.
pub fn policies(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(" and ").map(|it| match it.trim().split_once('(') {
        Some((name, rest)) => (name, rest.strip_suffix(')').unwrap_or(rest)),
        None => (it.trim(), ""),
    })
}

/// Policies that take a number.
const NUMBERED: &[&str] = &[
    "digits",
    "forceExpiredPasswordChange",
    "hashIterations",
    "length",
    "lowerCase",
    "maxAuthAge",
    "maxLength",
    "passwordAge",
    "passwordHistory",
    "specialChars",
    "upperCase",
];

fn password_policy(judge: &Judge<'_>, object: &Object, notes: &mut Vec<Note>) {
    let Some(node) = object.get("passwordPolicy") else { return };
    let text = node.as_text().unwrap_or_default();
    let mut refuse = |words: String, label: &str, known: &BTreeSet<String>, written: &str| {
        let note = judge.note(Severe::Error, Code::NotOnServer, words, node.at, label);
        notes.push(match nearest(written, known.iter().map(String::as_str)) {
            Some(near) => note.help(format!("did you mean `{near}`?")),
            None => note.help("write it as the admin console shows it: `length(12) and digits(1)`"),
        });
    };
    let no = "Keycloak would refuse it";
    let mut names = BTreeSet::new();
    for (name, argument) in policies(text).filter(|(name, _)| !name.is_empty()) {
        if !names.insert(name) {
            let words = format!("password policy `{name}` stands twice");
            refuse(words, "Keycloak would keep the last one", &BTreeSet::new(), "");
            continue;
        }
        let known = &judge.server.password_policies;
        let hashes = &judge.server.password_hashes;
        if !known.is_empty() && !known.contains(name) {
            refuse(format!("there is no password policy `{name}`"), no, known, name);
        } else if NUMBERED.contains(&name) && !argument.is_empty() && argument.parse::<i32>().is_err() {
            let words = format!("password policy `{name}` takes a number, not `{argument}`");
            refuse(words, no, &BTreeSet::new(), "");
        } else if name == "hashAlgorithm" && !hashes.is_empty() && !hashes.contains(argument) {
            refuse(format!("there is no password hash `{argument}`"), no, hashes, argument);
        }
    }
    let files = policies(text).filter(|(name, file)| *name == "passwordBlacklist" && !file.is_empty());
    for (_, file) in files {
        let words = format!("password policy `passwordBlacklist` needs file `{file}` on the server");
        let label = "without it Keycloak answers 500, and nobody can tell from here";
        let note = Note::warning(Code::FileOnServer, words, node.at, label);
        notes.push(note.help("put it into `data/password-blacklists` of every server first"));
    }
}
