//! Fields that take one of the names that a server has, and fields that take one of a few words.

use std::collections::BTreeSet;

use super::{Judge, Severe, each_text, words_of_field};
use crate::kind::{
    CLIENT, CLIENT_SCOPE, Choice, KEYS, MAPPER, OthersAre, REALM, ServerInfo, Unasked, kind, title,
};
use crate::state::{Address, KindName, Node, Object};
use crate::text::{At, Code, Note, nearest};

fn whose(address: &Address) -> String {
    if address.kind() == REALM { "the realm".to_owned() } else { title(address) }
}

type Names<'a> = BTreeSet<&'a str>;

/// A field that takes only a few words, on every server.
struct Words {
    kind: KindName,
    field: &'static str,
    key: &'static str,
    takes: &'static [&'static str],
    /// The server answers with an error; otherwise it takes the word and cannot use it.
    is_refused: bool,
}

/// The algorithms that sign tokens.
const SIGNS: &[&str] = &[
    "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512", "PS256", "PS384", "PS512", "RS256",
    "RS384", "RS512",
];

static WORDS: &[Words] = &[
    Words {
        kind: REALM,
        field: "sslRequired",
        key: "",
        takes: &["all", "external", "none"],
        is_refused: true,
    },
    Words { kind: REALM, field: "otpPolicyType", key: "", takes: &["totp", "hotp"], is_refused: false },
    Words {
        kind: CLIENT,
        field: "attributes",
        key: "ciba.backchannel.token.delivery.mode",
        takes: &["poll", "ping"],
        is_refused: true,
    },
    Words {
        kind: CLIENT,
        field: "attributes",
        key: "ciba.backchannel.auth.request.signing.alg",
        takes: &[
            "ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512", "none",
        ],
        is_refused: true,
    },
    // With other algorithms every request for a token is answered by 500 (measured on 26.0.8 and 26.7.5).
    Words { kind: REALM, field: "defaultSignatureAlgorithm", key: "", takes: SIGNS, is_refused: false },
    Words {
        kind: CLIENT,
        field: "attributes",
        key: "access.token.signed.response.alg",
        takes: SIGNS,
        is_refused: false,
    },
    Words {
        kind: CLIENT_SCOPE,
        field: "attributes",
        key: "parameterized.scope.type",
        takes: &["string", "custom", "boolean", "integer", "username", "delegation"],
        is_refused: true,
    },
];

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
            if kind.new.unasked == Unasked::AsNamed(field) && object.get(field).is_none() {
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

/// Checks fields that take the same few words on every server, and those that an object cannot do without.
pub(super) fn fixed(address: &Address, object: &Object, notes: &mut Vec<Note>) {
    for rule in WORDS.iter().filter(|it| it.kind == address.kind()) {
        each_text(object, rule.field, rule.key, &mut |text, at| {
            if text.is_empty() || rule.takes.contains(&text) {
                return;
            }
            let words = format!("{} cannot be `{text}`", words_of_field(rule.field, rule.key, address));
            let help = format!("it takes {}", rule.takes.join(", "));
            notes.push(if rule.is_refused {
                Note::error(Code::WrongForm, words, at, "Keycloak would refuse it").help(help)
            } else {
                Note::warning(Code::WrongForm, words, at, "Keycloak would keep it and cannot use it")
                    .help(help)
            });
        });
    }
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
