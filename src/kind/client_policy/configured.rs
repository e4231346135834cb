//! Configurations of executors and conditions: the server stores any, and whoever writes a client afterwards is answered by 500
//! where it cannot read one. Of what sort each value is it says itself (26.0.8 and 26.7.5).

use super::CONFIGURATION;
use crate::kind::refused::{Judge, Severe};
use crate::kind::{NEWEST, OLDEST, Version, title};
use crate::state::{Address, Is, Node};
use crate::text::{Code, Note};

const FAILS: &str = "Keycloak could not read it, and would fail at every write of a client that it is for";

/// What several values are called.
const MANY: &str = "Multi";

const AUTO: &str = "auto-configure";

/// What has no default: without it every write of a client is answered by 500, and what no property names is ignored.
const NEEDS: &[(&str, &str, Version)] = &[
    ("client-updater-source-host", "trusted-hosts", OLDEST),
    ("consent-required", AUTO, OLDEST),
    ("dpop-bind-enforcer", AUTO, NEWEST),
    ("full-scope-disabled", AUTO, OLDEST),
    ("holder-of-key-enforcer", AUTO, OLDEST),
    ("pkce-enforcer", AUTO, OLDEST),
    ("reject-implicit-grant", AUTO, OLDEST),
    ("reject-ropc-grant", AUTO, OLDEST),
];

/// Checks the configurations of a list of executors or conditions, each of which says under `key` what it is.
pub(super) fn check(
    judge: &Judge<'_>,
    address: &Address,
    list: Option<&Node>,
    key: &str,
    notes: &mut Vec<Note>,
) {
    for item in list.map(Node::items).unwrap_or_default() {
        let Some(provider) = item.get(key).and_then(Node::as_text) else { continue };
        for (_, needed, since) in NEEDS.iter().filter(|it| it.0 == provider) {
            let configuration = item.get(CONFIGURATION);
            let is_said = configuration.is_none_or(|it| it.get(needed).is_some_and(|it| !it.is_null()));
            let Some(severe) = judge.since(*since).filter(|_| !is_said) else { continue };
            let words = format!("{key} `{provider}` of {} has no `{needed}`", title(address));
            let at = configuration.map_or(item.at, |it| it.at);
            let note = judge.note(severe, Code::Missing, words, at, FAILS);
            notes.push(note.help(format!("say `{needed}` in its configuration")));
        }
        let Some(properties) = judge.server.properties.get(provider) else { continue };
        let configuration = item.get(CONFIGURATION).and_then(Node::as_map);
        for (name, node) in configuration.into_iter().flatten() {
            let Some(sort) = properties.get(&**name) else { continue };
            if let Some(help) = wrong(sort, &node.is) {
                let words =
                    format!("`{name}` of {key} `{provider}` of {} is of the wrong sort", title(address));
                notes.push(judge.note(Severe::Error, Code::WrongForm, words, node.at, FAILS).help(help));
            }
        }
    }
}

/// Returns what to write in place of a value that is not of a sort.
fn wrong(sort: &str, value: &Is) -> Option<&'static str> {
    let is_list = matches!(value, Is::List(_) | Is::Sequence(_));
    if sort.contains(MANY) {
        return (!is_list && !matches!(value, Is::Null)).then_some("write a list");
    }
    let is_switch = match value {
        Is::Bool(_) | Is::Null => true,
        Is::Text(text) => matches!(&**text, "true" | "false"),
        _ => false,
    };
    match sort {
        "boolean" if !is_switch => Some("write `true` or `false`"),
        "String" | "List" if is_list => Some("write one text"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::ServerInfo;
    use crate::text::At;

    #[test]
    fn values_are_of_the_sort_that_the_server_names() {
        let text = |it: &str| Is::Text(it.into());
        let list = || Is::List(vec![Node::text(At::SERVER, "a")]);
        for (sort, value, is_wrong) in [
            ("MultivaluedString", text("x"), true),
            ("MultivaluedList", list(), false),
            ("IdentityProviderMultiList", text("x"), true),
            ("boolean", text("true"), false),
            ("boolean", text("yes"), true),
            ("boolean", Is::Bool(false), false),
            ("List", text("client-jwt"), false),
            ("List", list(), true),
            ("Map", text("[]"), false),
        ] {
            assert_eq!(wrong(sort, &value).is_some(), is_wrong, "{sort}, wrong: {is_wrong}");
        }
        let info = ServerInfo::read(&json!({ "componentTypes": {
            "org.keycloak.services.clientpolicy.condition.ClientPolicyConditionProvider":
                [{ "id": "client-roles", "properties": [{ "name": "roles", "type": "MultivaluedString" }] }],
            "org.keycloak.keys.KeyProvider": [{ "id": "rsa", "properties": [{ "name": "priority", "type": "String" }] }],
        } }));
        assert_eq!(info.properties.len(), 1);
        assert_eq!(info.properties["client-roles"]["roles"], "MultivaluedString");
    }
}
