//! What is wrong with a desired realm, found offline: nothing here needs a server.
//!
//! Keycloak takes much that cannot work (it stores a policy whose role does not exist, and answers 201), so
//! these checks are the only place where it is said beforehand. What the messages claim was tried on 26.0.8
//! and 26.7.5.

mod known;
mod links;
mod placeholder;
mod recorded;
mod reference;
mod switches;

use super::load::Desired;
use super::project::Project;
use super::secret::is_masked;
use crate::kind;
use crate::state::SecretSource;
use crate::text::{At, Code, Note};
use known::Known;
pub use recorded::check_recorded;
pub use switches::{check_dropped, check_turned_off};

/// Checks everything that the manifests say of a realm.
pub fn check(desired: &Desired, project: &Project) -> Vec<Note> {
    let known = Known::new(desired, project);
    let said = kind::Said { state: &desired.state, exported: &desired.exported };
    let mut notes = Vec::new();
    for (address, object) in &desired.state.objects {
        reference::check(&known, address, object, &mut notes);
        kind::mistakes(said, address, object, &mut notes);
        links::check(address, object, &mut notes);
        check_turned_off(address, object, object, &mut notes);
        notes.extend(kind::refused_anywhere(address, object));
        for node in object.fields.values() {
            node.each_secret(&mut |secret, at| {
                if let SecretSource::Literal(text) = &secret.source {
                    notes.extend(literal(text, at));
                }
            });
        }
        placeholder::check(address, object, &mut notes);
    }
    kind::loops(&desired.state, &mut notes);
    notes.extend(kind::clashes(&desired.state).iter().map(kind::Clash::note));
    if let Some(why) = kind::wrong_realm_name(&desired.realm) {
        let title = format!("no realm can be called `{}`", desired.realm);
        notes.push(Note::error(Code::WrongName, title, desired.at, why).help("choose another name"));
    }
    notes
}

/// A secret that is written where it is used, or only looks like one.
fn literal(text: &str, at: At) -> Option<Note> {
    let help = "say where it comes from: `{ fromEnv: NAME }` or `{ fromFile: PATH }`";
    // The server itself looks this up.
    if text.starts_with("${vault.") {
        return None;
    }
    if is_masked(text) {
        let title = "a masked secret is not a secret";
        return Some(
            Note::error(Code::MaskedSecret, title, at, "what exports show instead")
                .help("take it out, or say where it comes from: `{ fromEnv: NAME }`"),
        );
    }
    if ["$(", "${", "{{"].iter().any(|it| text.starts_with(it)) {
        let title = "a variable in a secret is not replaced";
        return Some(
            Note::error(Code::PlaceholderSecret, title, at, "would be the secret itself").help(help),
        );
    }
    let title = "a secret is written in a manifest";
    Some(
        Note::remark(Code::LiteralSecret, title, at, "everybody who can read this file can read it")
            .help(help),
    )
}

#[cfg(test)]
mod tests;
