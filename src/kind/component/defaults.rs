//! What a provider adds to what is said of a new component, and what it cannot do without.

use super::{FEDERATION, REGISTRATION, ldap};
use crate::kind::behaviour::{Behaviour, New};
use crate::kind::fields::one_of;
use crate::kind::refused::names::{Names, Nobody, names_nobody};
use crate::kind::refused::{Judge, Severe, place};
use crate::kind::{CLIENT_SCOPE, COMPONENT, Form, GROUP, MIDDLE, OLDEST, Others, ROLE, Said, Takes, title};
use crate::state::{Address, Is, KindName, Node, Object, PART};
use crate::text::{At, Code, Note};

/// A key that is filled in where nobody says it.
struct Default {
    provider: &'static str,
    key: &'static str,
    value: &'static str,
}

const DEFAULTS: &[Default] = &[
    Default { provider: "ecdsa-generated", key: "ecdsaEllipticCurveKey", value: "P-256" },
    Default { provider: "ecdh-generated", key: "ecdhEllipticCurveKey", value: "P-256" },
    Default { provider: "eddsa-generated", key: "eddsaEllipticCurveKey", value: "Ed25519" },
    Default { provider: "group-ldap-mapper", key: "groups.path", value: "/" },
];

/// Keys without which a provider refuses every write.
const NEEDS: &[(&str, &[&str])] = &[
    ("ldap", &["editMode"]),
    ("rsa", &["privateKey"]),
    ("rsa-enc", &["privateKey"]),
    ("java-keystore", &["keystore", "keystorePassword", "keyAlias", "keyPassword"]),
    ("max-clients", &["max-clients"]),
    ("trusted-hosts", TRUST),
    ("certificate-ldap-mapper", &["user.model.attribute", "ldap.attribute"]),
    ("full-name-ldap-mapper", &["ldap.full.name.attribute"]),
    ("group-ldap-mapper", &["groups.dn", "mode"]),
    ("hardcoded-attribute-mapper", &["user.model.attribute", "attribute.value"]),
    ("hardcoded-ldap-attribute-mapper", &["ldap.attribute.name", "ldap.attribute.value"]),
    ("hardcoded-ldap-group-mapper", &["group"]),
    ("hardcoded-ldap-role-mapper", &["role"]),
    ("role-ldap-mapper", &["roles.dn", "mode"]),
    ("user-attribute-ldap-mapper", &["user.model.attribute", "ldap.attribute"]),
];

/// Keys that take only some values, of whatever provider that knows them.
pub(super) const TAKES: &[Takes] = &[
    one_of("enabled", BOOLEAN),
    one_of("active", BOOLEAN),
    one_of(TRUST[0], BOOLEAN),
    one_of(TRUST[1], BOOLEAN),
    one_of("editMode", &["READ_ONLY", "WRITABLE", "UNSYNCED"]),
    number("priority"),
    number("max-clients"),
    // Not 3072 on 26.0.8.
    one_of("keySize", &["1024", "2048", "3072", "4096"]),
    one_of("secretSize", &["16", "24", "32", "64", "128", "256", "512"]),
    one_of("ecdsaEllipticCurveKey", CURVES),
    one_of("ecdhEllipticCurveKey", CURVES),
    one_of("eddsaEllipticCurveKey", &["Ed25519", "Ed448"]),
    number("connectionTimeout"),
    number("readTimeout"),
    number("fullSyncPeriod"),
    number("changedSyncPeriod"),
    Takes { key: "customUserSearchFilter", form: Form::Filter, others: Others::Refused },
];

const fn number(key: &'static str) -> Takes {
    Takes { key, form: Form::Long, others: Others::Refused }
}

/// What a policy of trusted hosts looks at: one of them at least.
const TRUST: &[&str] = &["host-sending-registration-request-must-match", "client-uris-must-match"];

const CURVES: &[&str] = &["P-256", "P-384", "P-521"];

const BOOLEAN: &[&str] = &["true", "false"];

/// Keys that name an object of the realm, which has to be there.
const NAMES: &[Names] = &[
    Names {
        provider: "hardcoded-ldap-role-mapper",
        key: "role",
        kind: ROLE,
        others: Nobody::Refused(OLDEST),
    },
    Names {
        provider: "hardcoded-ldap-group-mapper",
        key: "group",
        kind: GROUP,
        others: Nobody::Refused(OLDEST),
    },
    Names { provider: "group-ldap-mapper", key: "groups.path", kind: GROUP, others: Nobody::Refused(OLDEST) },
    Names {
        provider: "allowed-client-templates",
        key: "allowed-client-scopes",
        kind: CLIENT_SCOPE,
        others: Nobody::Refused(MIDDLE),
    },
];

/// The kinds that components name.
pub(super) const NAMED: &[KindName] = &[ROLE, GROUP, CLIENT_SCOPE];

/// Finds what no server takes.
pub(super) fn check(_: Said<'_>, address: &Address, object: &Object, notes: &mut Vec<Note>) {
    let mut parts = address.name().split(PART);
    if parts.next() == Some(REGISTRATION) && parts.count() < 2 {
        let words = format!("{} does not say whose registration it is about", title(address));
        let note = Note::error(Code::Missing, words, object.at, "needs `subType`");
        notes.push(note.help("write `subType: anonymous` or `subType: authenticated`"));
    }
}

/// Finds what its provider cannot do without.
pub(super) fn refuses(judge: &Judge<'_>, address: &Address, whole: &Object, notes: &mut Vec<Note>) {
    let provider = whole.text("providerId");
    let config = |key: &str| whole.get("config")?.get(key);
    let needed = NEEDS.iter().filter(|it| it.0 == provider).flat_map(|it| it.1).copied();
    let client = (provider == "role-ldap-mapper" && text(whole, "use.realm.roles.mapping") != "true")
        .then_some("client.id");
    let missing = needed.chain(client).filter(|it| config(it).is_none_or(Node::is_nothing));
    let missing: Vec<String> = missing.map(|it| format!("`config.{it}`")).collect();
    let said = judge.desired(address);
    if !missing.is_empty() {
        let at = place(said, "config", "");
        let words = format!("{} has no {}", title(address), missing.join(" and no "));
        let note = judge.note(Severe::Error, Code::NotTogether, words, at, "Keycloak would refuse it");
        notes.push(note.help(format!("`{provider}` cannot do without: add it")));
    }
    let is_off = |key: &&str| text(whole, key) == "false";
    if provider == "trusted-hosts" && TRUST.iter().all(is_off) {
        let at = place(said, "config", "");
        let words = format!("{} trusts everybody: `{}` and `{}` are off", title(address), TRUST[0], TRUST[1]);
        let note = judge.note(Severe::Error, Code::NotTogether, words, at, "Keycloak would refuse it");
        notes.push(note.help("keep one of them on, or delete the policy"));
    }
    let names = NAMES.iter().filter(|it| it.provider == provider);
    notes.extend(names_nobody(judge, (address, whole), names));
}

pub(super) struct OfComponents;

impl Behaviour for OfComponents {
    fn derive(&self, made: &mut Object, new: New<'_>) {
        let provider = new.object.text("providerId");
        let defaults = DEFAULTS.iter().filter(|it| it.provider == provider).map(|it| (it.key, it.value));
        let of_ldap = is_ldap(new).then(|| ldap::principal(new.object));
        let derived = defaults.chain(of_ldap).map(|(key, value)| (key.into(), list(value)));
        let config = made.fields.entry("config".into());
        let config = config.or_insert_with(|| Node::new(At::SERVER, Is::Map([].into())));
        if let Is::Map(config) = &mut config.is {
            config.extend(derived);
        }
    }

    fn makes_along(&self, new: New<'_>) -> Vec<(Address, Object)> {
        if is_ldap(new) { ldap::mappers(new.address, new.object) } else { Vec::new() }
    }

    fn changes_along(&self, before: &Object, after: New<'_>) -> Vec<(Address, Object)> {
        is_ldap(after).then(|| ldap::renamed(before, after)).flatten().into_iter().collect()
    }
}

fn is_ldap(new: New<'_>) -> bool {
    new.address.kind() == COMPONENT
        && new.object.text("providerId") == "ldap"
        && new.address.name().split(PART).next() == Some(FEDERATION)
}

/// Returns the text of a key of the configuration; nothing said is empty.
pub(super) fn text<'o>(object: &'o Object, key: &str) -> &'o str {
    values(object, key).next().map_or("", scalar)
}

/// Returns the texts of a key of the configuration.
fn values<'o>(object: &'o Object, key: &str) -> impl Iterator<Item = &'o Node> {
    let node = object.get("config").and_then(|it| it.get(key));
    node.map(Node::items).into_iter().flatten().filter(|it| !scalar(it).is_empty())
}

fn scalar(node: &Node) -> &str {
    node.as_text().unwrap_or_default()
}

pub(super) fn list(value: &str) -> Node {
    Node::new(At::SERVER, Is::List(vec![Node::text(At::SERVER, value)]))
}
