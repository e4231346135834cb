//! Fields that take one of the names that a server has, and fields that take one of a few words.

use std::collections::BTreeSet;

use super::{Judge, Severe, each_text, words_of_field};
use crate::kind::{Choice, Field, KEYS, MAPPER, OthersAre, REALM, ServerInfo, Takes, Unasked, kind, title};
use crate::state::{Address, Node, Object};
use crate::text::{At, Code, Note, nearest};

fn whose(address: &Address) -> String {
    if address.kind() == REALM { "the realm".to_owned() } else { title(address) }
}

type Names<'a> = BTreeSet<&'a str>;

fn each<'a>(
    info: &'a ServerInfo,
    address: &'a Address,
    object: &'a Object,
) -> impl Iterator<Item = (&'static Choice, &'a str, At, Names<'a>)> {
    let kind = kind(address.kind());
    kind.fields.iter().flat_map(|rule| rule.choices.iter().map(move |it| (rule.name, it))).flat_map(
        move |(field, choice)| {
            let mut said = Vec::new();
            if choice.key == KEYS {
                let keys = object.get(field).and_then(Node::as_map).into_iter().flatten();
                said.extend(keys.filter(|(_, it)| !it.is_null()).map(|(key, it)| (&**key, it.at)));
            } else {
                each_text(object, field, choice.key, &mut |text, at| said.push((text, at)));
            }
            // What is not said a create says by its name.
            if kind.new.unasked.contains(&Unasked::AsNamed(field)) && object.get(field).is_none() {
                said.push((address.last_name(), object.at));
            }
            said.retain(|(text, _)| !text.is_empty());
            let names = if said.is_empty() { Names::new() } else { (choice.names)(info, object) };
            said.retain(|(text, _)| !names.is_empty() && !names.contains(text));
            said.into_iter().map(move |(text, at)| (choice, text, at, names.clone()))
        },
    )
}

pub(super) fn check(judge: &Judge<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    notes.extend(of_another_protocol(judge, object));
    for (choice, text, at, names) in each(judge.server, address, object) {
        let has = if judge.is_sure { "this server has no" } else { "a plain server has no" };
        let words = format!("{has} {} `{text}`, which {} names", choice.noun, whose(address));
        let (severe, code, label) = match choice.others_are {
            OthersAre::Refused => (Severe::Error, Code::NotOnServer, "Keycloak would refuse it"),
            OthersAre::RefusedType => (Severe::Error, Code::PolicyTypeMissing, "Keycloak would refuse it"),
            OthersAre::Unused => {
                (Severe::Warning, Code::NotOnServer, "Keycloak would keep it and not use it")
            }
            OthersAre::Dropped => (Severe::Warning, Code::NotOnServer, "Keycloak would drop it"),
        };
        let note = judge.note(severe, code, words, at, label);
        notes.push(match nearest(text, names.iter().copied()) {
            Some(near) => note.help(format!("did you mean `{near}`?")),
            None if text == "js" || text.starts_with("script-") => {
                note.help("start Keycloak with --features=scripts and deploy the script, or use another type")
            }
            None if names.len() <= 14 => {
                note.help(format!("it has {}", names.into_iter().collect::<Vec<_>>().join(", ")))
            }
            None => note.help(format!("install it, or choose another {}", choice.noun)),
        });
    }
}

/// A mapper of a type that its protocol lacks.
fn of_another_protocol(judge: &Judge<'_>, object: &Object) -> Option<Note> {
    let (protocol, node) = (object.text("protocol"), object.get("protocolMapper")?);
    let (of_type, mappers) = (node.as_text()?, &judge.server.mappers);
    if mappers.get(protocol)?.contains(of_type) {
        return None;
    }
    let (other, _) = mappers.iter().find(|(_, it)| it.contains(of_type))?;
    let words = format!("`{of_type}` is a type of protocol mapper for {other}, and not for {protocol}");
    let label = "Keycloak would keep it and not use it";
    Some(judge.note(Severe::Warning, Code::OtherProtocol, words, node.at, label))
}

/// Finds texts that no server takes, or takes and cannot use.
pub(super) fn fixed(address: &Address, object: &Object, notes: &mut Vec<Note>) {
    for rule in kind(address.kind()).fields {
        for takes in rule.takes {
            for key in keys(takes, rule, object) {
                each_text(object, rule.name, key, &mut |text, at| {
                    if text.is_empty() || takes.form.takes(text) {
                        return;
                    }
                    let words = format!("{} cannot be `{text}`", words_of_field(rule.name, key, address));
                    let ((label, is_error), (code, help)) = (takes.others.label(), takes.form.help());
                    let note = if is_error {
                        Note::error(code, words, at, label)
                    } else {
                        Note::warning(code, words, at, label)
                    };
                    notes.push(note.help(help));
                });
            }
        }
    }
}

fn keys<'o>(takes: &'o Takes, rule: &Field, object: &'o Object) -> Vec<&'o str> {
    let Some(begin) = takes.key.strip_suffix('*') else { return vec![takes.key] };
    let map = object.get(rule.name).and_then(Node::as_map);
    map.into_iter().flat_map(|it| it.keys()).map(|it| &**it).filter(|it| it.starts_with(begin)).collect()
}

/// Finds a mapper that does not say of which type it is: no server takes it.
pub(super) fn untyped(address: &Address, object: &Object, notes: &mut Vec<Note>) {
    let is_place = object.fields.is_empty();
    if address.kind() == MAPPER
        && !is_place
        && object.get("protocol").is_some()
        && object.get("protocolMapper").is_none()
    {
        let words = format!("{} has no `protocolMapper`", title(address));
        notes.push(
            Note::error(Code::Missing, words, object.at, "Keycloak would refuse it")
                .help(format!("say of which type the {} is", kind(MAPPER).title)),
        );
    }
}
