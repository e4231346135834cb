//! Users, by the user profile that every new realm has. A realm may have another one, so these are warnings.

use super::super::load::Desired;
use crate::kind::{self, USER};
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note};

pub(super) fn check(desired: &Desired, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    // The server makes the users of service accounts and asks nothing of them.
    if address.kind() != USER || kind::service_account_of(address, &desired.state).is_some() {
        return;
    }
    let length = address.name().chars().count();
    if !(3..=255).contains(&length) && !object.fields.is_empty() {
        let title = format!("a username has 3 to 255 characters: `{}` has {length}", address.name());
        notes.push(
            Note::warning(Code::WrongUsername, title, object.at, "refused by the default user profile")
                .help("choose another, unless the user profile of the realm allows it"),
        );
    }
    let passwords = object.get("credentials").map_or(&[][..], Node::items);
    let has_password =
        passwords.iter().any(|it| it.get("type").and_then(Node::as_text).is_none_or(|it| it == "password"));
    if object.is_true("enabled") && has_password {
        let missing: Vec<String> = ["email", "firstName", "lastName"]
            .into_iter()
            .filter(|it| object.text(it).is_empty())
            .map(|it| format!("`{it}`"))
            .collect();
        if !missing.is_empty() {
            notes.push(
                Note::warning(
                    Code::CannotLogIn,
                    format!("{} cannot log in: no {}", kind::title(address), missing.join(", no ")),
                    object.at,
                    "the default user profile asks for them at login",
                )
                .help("add them, unless the user profile of the realm does without"),
            );
        }
    }
}
