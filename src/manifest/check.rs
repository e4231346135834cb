//! What is wrong with a desired realm, found offline: nothing here needs a server.
//!
//! Keycloak takes much that cannot work (it stores a policy whose role does not exist, and answers 201), so
//! these checks are the only place where it is said beforehand. What the messages claim was tried on 26.0.8
//! and 26.7.5.

mod client;
mod known;
mod loops;
mod policy;
mod reference;
mod time;
mod user;

use super::load::Desired;
use super::project::Project;
use crate::state::SecretSource;
use crate::text::Note;
use known::Known;

/// Checks everything that the manifests say of a realm.
pub fn check(desired: &Desired, project: &Project) -> Vec<Note> {
    let known = Known { desired, project };
    let mut notes = Vec::new();
    for (address, object) in &desired.state.objects {
        reference::check(&known, address, object, &mut notes);
        policy::check(desired, address, object, &mut notes);
        client::check(desired, address, object, &mut notes);
        user::check(desired, address, object, &mut notes);
        for node in object.fields.values() {
            node.each_secret(&mut |secret, at| {
                let SecretSource::Literal(text) = &secret.source else { return };
                if text.len() > 2 && text.bytes().all(|byte| byte == b'*') {
                    notes.push(
                        Note::error(
                            "RW0403",
                            "a masked secret is not a secret",
                            at,
                            "what exports show instead",
                        )
                        .help("take it out, or say where it comes from: `{ fromEnv: NAME }`"),
                    );
                } else {
                    notes.push(
                        Note::remark(
                            "RW0401",
                            "a secret is written in a manifest",
                            at,
                            "readable by everybody",
                        )
                        .help("say where it comes from: `{ fromEnv: NAME }` or `{ fromFile: PATH }`"),
                    );
                }
            });
        }
    }
    loops::check(desired, &mut notes);
    notes
}

#[cfg(test)]
mod tests;
