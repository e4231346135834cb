//! Required actions: what users have to do at login, as a realm has them.
//!
//! One is registered by its provider and gets that name; a PUT replaces all of it, and what it leaves out becomes false, 0
//! or nothing. Any value of `config` is taken. One that is deleted can be registered again. Measured on 26.0.8 and 26.7.5.

use super::behaviour::{Behaviour, New};
use super::refused::{Judge, Severe};
use super::{
    CREATED, Created, Field, Kind, ORDINARY, ROUTES, Routes, Sent, ServerInfo, Unasked, Unset, Unsets,
    choice, field, title,
};
use crate::state::{Address, Is, Node, Object};
use crate::text::{At, Code, Note};

pub(super) static REQUIRED_ACTION: Kind = Kind {
    name: super::REQUIRED_ACTION,
    title: "required action",
    representation: |_| "RequiredActionProviderRepresentation",
    key: "alias",
    fields: &[Field {
        sent: Sent::Fixed,
        choices: &[choice("required action", |it, _| ServerInfo::all(&it.required_actions))],
        ..field("providerId")
    }],
    routes: Routes {
        collection: "authentication/register-required-action",
        post_takes: &["providerId", "name"],
        own: "authentication/required-actions/{name}",
        find: "authentication/required-actions/{name}",
        list: "authentication/required-actions",
        id: "alias",
        location_is_id: false,
        ..ROUTES
    },
    unset: Unsets { text: Unset::Null, key: Unset::Omit, empty_keys_vanish: false },
    new: Created {
        recorded_as: |_, _| "required-action".to_owned(),
        said_there: &["name", "priority"],
        unasked: &[Unasked::AsNamed("providerId")],
        ..CREATED
    },
    comes_with_realm: true,
    refuses: refused_alias,
    behaviour: &OfRequiredActions,
    ..ORDINARY
};

/// Finds a new one that is called otherwise than its provider: it would get the name of that. One that is there may have
/// another name, from a file that made the realm or from a PUT.
fn refused_alias(judge: &Judge<'_>, address: &Address, action: &Object, notes: &mut Vec<Note>) {
    let is_new = judge.is_sure && !judge.before.contains(address);
    let Some(provider) = action.get("providerId").filter(|_| is_new) else { return };
    let Some(name) = provider.as_text().filter(|it| *it != address.name()) else { return };
    let words = format!("{} is new, and of `{name}`", title(address));
    let label = "Keycloak registers an action under the name of its provider";
    let note = judge.note(Severe::Error, Code::CannotChange, words, provider.at, label);
    notes.push(note.help(format!("write `alias: {name}`; what people see is `name`")));
}

struct OfRequiredActions;

impl Behaviour for OfRequiredActions {
    /// A new one comes last.
    fn derive(&self, made: &mut Object, new: New<'_>) {
        let all = new.state.objects.iter().filter(|(it, _)| it.kind() == new.address.kind());
        let priorities = all.filter_map(|(_, it)| it.get("priority")?.scalar()?.parse::<i64>().ok());
        let last = priorities.max().unwrap_or(0) + 1;
        made.fields.insert("priority".into(), Node::new(At::SERVER, Is::Number(last.to_string().into())));
    }
}
