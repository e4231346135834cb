//! What takes a feature of the server that may be off.

use super::{Judge, Severe, words_of_field};
use crate::kind::kind;
use crate::state::{Address, Is, Node, Object};
use crate::text::{Code, Note};

pub(super) fn check(judge: &Judge<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    for (field, key, feature, node) in each(address, object) {
        if judge.server.feature(feature) != Some(false) {
            continue;
        }
        let is_switch = matches!(node.is, Is::Bool(_));
        let has = if judge.is_sure { "this server" } else { "a plain server" };
        let words = format!(
            "{} needs feature `{feature}`, which is off on {has}",
            words_of_field(field, key, address)
        );
        let label = if is_switch { "would stay off" } else { "Keycloak would refuse it" };
        let flag = feature.to_lowercase().replace('_', "-");
        let note = judge.note(Severe::Error, Code::NotOnServer, words, node.at, label);
        notes.push(note.help(format!("take it out, or start Keycloak with --features={flag}")));
    }
}

/// Returns whether an object has something switched on that takes a feature.
pub(super) fn asks(address: &Address, object: &Object) -> bool {
    each(address, object).next().is_some()
}

fn each<'a>(
    address: &Address,
    object: &'a Object,
) -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'a Node)> + 'a {
    let rules = kind(address.kind()).fields.iter();
    rules.flat_map(|rule| rule.features.iter().map(|(key, feature)| (rule.name, *key, *feature))).filter_map(
        |(field, key, feature)| {
            let node = object.get(field)?;
            let node = if key.is_empty() { node } else { node.get(key)? };
            is_on(node).then_some((field, key, feature, node))
        },
    )
}

fn is_on(node: &Node) -> bool {
    match &node.is {
        Is::Bool(it) => *it,
        Is::Text(text) => !text.is_empty() && !text.eq_ignore_ascii_case("false"),
        Is::List(items) | Is::Sequence(items) => !items.is_empty(),
        _ => false,
    }
}
