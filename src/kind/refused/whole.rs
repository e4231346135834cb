//! What a server refuses of an object as a whole, at every write of it: values that do not go together, whoever
//! said each of them.

use super::realm::sessions;
use super::{Judge, Severe, acr, assertion, mail, pairwise, place, users, words_of_field};
use crate::kind::{CLIENT, CLIENT_SCOPE, NEWEST, OLDEST, Version, kind, title};
use crate::state::{Address, KindName, Node, Object};
use crate::text::{Code, Note};

/// A key of `attributes` that is refused beside what another one says.
struct Beside {
    kind: KindName,
    key: &'static str,
    is: &'static str,
    and: And,
    since: Version,
}

enum And {
    /// This one is not there.
    Lacks(&'static str),
    /// This one is true as well.
    Has(&'static str),
}

static BESIDE: &[Beside] = &[
    Beside {
        kind: CLIENT,
        key: "ciba.backchannel.token.delivery.mode",
        is: "ping",
        and: And::Lacks("ciba.backchannel.client.notification.endpoint"),
        since: OLDEST,
    },
    Beside { kind: CLIENT, key: "use.jwks.string", is: "true", and: And::Has("use.jwks.url"), since: OLDEST },
    Beside {
        kind: CLIENT_SCOPE,
        key: "is.parameterized.scope",
        is: "true",
        and: And::Lacks("parameterized.scope.type"),
        since: NEWEST,
    },
    Beside {
        kind: CLIENT_SCOPE,
        key: "parameterized.scope.type",
        is: "custom",
        and: And::Lacks("parameterized.scope.regexp"),
        since: NEWEST,
    },
];

/// Finds what a server refuses of one object of a kind, as it will be.
pub(in crate::kind) type Refuses = fn(&Judge<'_>, &Address, &Object, &mut Vec<Note>);

pub(super) fn check(judge: &Judge<'_>, address: &Address, notes: &mut Vec<Note>) {
    let Some(whole) = judge.state.get(address) else { return };
    needed(judge, address, whole, notes);
    beside(judge, address, whole, notes);
    (kind(address.kind()).refuses)(judge, address, whole, notes);
}

pub(in crate::kind) fn realm(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    mail::check(judge, address, whole, notes);
    sessions(judge, address, whole, notes);
}

pub(in crate::kind) fn user(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    notes.extend(users::nameless(judge, address, whole));
    notes.extend(users::unsaid(judge, address, whole));
}

pub(in crate::kind) fn client(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    acr::check(judge, address, whole, notes);
    assertion::check(judge, address, whole, notes);
    pairwise::check(judge, address, whole, notes);
    sessions(judge, address, whole, notes);
}

/// What a create cannot do without. Without a server nobody knows what is new.
fn needed(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    let Some(said) = judge.desired(address).filter(|_| judge.is_sure && !judge.before.contains(address))
    else {
        return;
    };
    for (field, help) in kind(address.kind()).new.needs {
        if whole.get(field).is_none_or(Node::is_nothing) {
            let words = format!("{} has no `{field}`", title(address));
            let note =
                judge.note(Severe::Error, Code::Missing, words, said.at, "Keycloak would refuse to make it");
            notes.push(note.help(*help));
        }
    }
}

fn beside(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    let text = |key: &str| whole.get("attributes")?.get(key).and_then(Node::as_text);
    for rule in BESIDE.iter().filter(|it| it.kind == address.kind()) {
        let Some(severe) = judge.since(rule.since).filter(|_| is(text(rule.key), rule.is)) else { continue };
        let (words, help) = match rule.and {
            And::Lacks(key) if text(key).is_none_or(str::is_empty) => {
                (format!("without `{key}`"), format!("add `{key}`"))
            }
            And::Has(key) if is(text(key), "true") => {
                (format!("beside `{key}: \"true\"`"), format!("keep one of `{}` and `{key}`", rule.key))
            }
            And::Lacks(_) | And::Has(_) => continue,
        };
        let words =
            format!("{} cannot be `{}` {words}", words_of_field("attributes", rule.key, address), rule.is);
        let at = place(judge.desired(address), "attributes", rule.key);
        let note = judge.note(severe, Code::NotTogether, words, at, "Keycloak would refuse it");
        notes.push(note.help(help));
    }
}

fn is(text: Option<&str>, value: &str) -> bool {
    text.is_some_and(|it| it.eq_ignore_ascii_case(value))
}
