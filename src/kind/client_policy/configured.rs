//! Configurations of executors and conditions: the server stores any, and whoever writes a client afterwards is answered by 500
//! where it cannot read one. Of what sort each value is it says itself (26.0.8 and 26.7.5).

use serde_json::{Deserializer, Value, json};

use super::{CONDITION, CONFIGURATION};
use crate::kind::refused::{Judge, Severe};
use crate::kind::{NEWEST, OLDEST, ServerInfo, Version, title};
use crate::state::{Address, Is, Node};
use crate::text::{Code, Note};

const FAILS: &str = "Keycloak could not read it, and would fail at every write of a client that it is for";

/// What several values are called.
const MANY: &str = "Multi";
const SWITCH: &str = "boolean";
const NUMBER: &str = "Integer";

const AUTO: &str = "auto-configure";

/// What the server says to be a text, and reads as a number.
const NUMBERS: &[&str] = &["allowed-clock-skew", "available-period"];

/// What every condition reads, also one that does not say so.
const NEGATES: &str = "is-negative-logic";

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
        // Where the server was not asked it has Keycloak's own.
        let known = [judge.server, ServerInfo::recorded(judge.version)];
        let properties = known.iter().find_map(|it| it.properties.get(provider));
        let configuration = item.get(CONFIGURATION).and_then(Node::as_map);
        for (name, node) in configuration.into_iter().flatten() {
            let sort = match &**name {
                NEGATES if key == CONDITION => SWITCH,
                name => match properties.and_then(|it| it.get(name)) {
                    Some(_) if NUMBERS.contains(&name) => NUMBER,
                    Some(sort) => sort,
                    None => continue,
                },
            };
            if let Some(help) = wrong(name, sort, &node.is) {
                let words =
                    format!("`{name}` of {key} `{provider}` of {} is of the wrong sort", title(address));
                notes.push(judge.note(Severe::Error, Code::WrongForm, words, node.at, FAILS).help(help));
            }
        }
    }
}

/// Returns what to write in place of a value that is not of a sort.
fn wrong(name: &str, sort: &str, value: &Is) -> Option<String> {
    let is_one = matches!(value, Is::Bool(_) | Is::Number(_) | Is::Text(_));
    let text = if let Is::Text(text) = value { Some(text.trim()) } else { None };
    let (is_right, help) = match sort {
        _ if sort.contains(MANY) => (are_texts(value), "write a list of texts"),
        "Map" => {
            let help =
                format!("write it as JSON in a text: `{name}: '{}'`", pairs(value).replace('\'', "''"));
            return (!is_pairs(value)).then_some(help);
        }
        SWITCH => (
            matches!(value, Is::Bool(_)) || matches!(text, Some("true" | "false")),
            "write `true` or `false`",
        ),
        NUMBER => (is_number(value), "write a whole number"),
        "String" | "List" => (is_one, "write one text"),
        _ => return None,
    };
    (!is_right && !matches!(value, Is::Null)).then(|| help.to_owned())
}

fn are_texts(value: &Is) -> bool {
    matches!(value, Is::List(items) | Is::Sequence(items) if items.iter().all(|it| it.scalar().is_some()))
}

/// A number of 32 bits, of which the server leaves out a fraction, or a text of one.
fn is_number(value: &Is) -> bool {
    let range = f64::from(i32::MIN)..=f64::from(i32::MAX);
    match value {
        Is::Number(it) => it.parse().is_ok_and(|it: f64| range.contains(&it)),
        Is::Text(it) => it.trim().is_empty() || it.trim().parse::<i32>().is_ok(),
        _ => false,
    }
}

/// Returns whether a value is nothing, or a text of JSON that is a list of keys with values.
fn is_pairs(value: &Is) -> bool {
    let Is::Text(text) = value else { return matches!(value, Is::Null) };
    let is_pair = |it: &Value| {
        let is_one =
            |key: &str| it.get(key).is_some_and(|it| !it.is_null() && !it.is_array() && !it.is_object());
        is_one("key") && is_one("value") && it.as_object().is_some_and(|it| it.len() == 2)
    };
    // What follows the list is not looked at.
    let read = Deserializer::from_str(text).into_iter::<Value>().next();
    matches!(read, Some(Ok(Value::Array(items))) if items.iter().all(is_pair))
}

/// Returns such a text of what was meant, as far as it can be told.
fn pairs(value: &Is) -> String {
    let said: Option<Vec<(String, String)>> = match value {
        Is::Map(map) => map.iter().map(|(key, it)| Some((key.to_string(), it.scalar()?))).collect(),
        Is::List(items) | Is::Sequence(items) => {
            items.iter().map(|it| Some((it.get("key")?.scalar()?, it.get("value")?.scalar()?))).collect()
        }
        _ => None,
    };
    let said = said.filter(|it| !it.is_empty()).unwrap_or_else(|| vec![("NAME".into(), "VALUE".into())]);
    json!(said.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect::<Vec<_>>())
        .to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::text::At;

    #[test]
    fn values_are_of_the_sort_that_the_server_names() {
        let text = |it: &str| Is::Text(it.into());
        let number = |it: &str| Is::Number(it.into());
        let list = |is| Is::List(vec![Node::new(At::SERVER, is)]);
        let map = |key: &str, is| Is::Map([(key.into(), Node::new(At::SERVER, is))].into());
        let (many, one) = (Some("write a list of texts"), Some("write one text"));
        let (switch, whole) = (Some("write `true` or `false`"), Some("write a whole number"));
        for (sort, value, help) in [
            ("MultivaluedString", text("x"), many),
            ("MultivaluedList", list(text("a")), None),
            ("MultivaluedList", list(number("1")), None),
            ("MultivaluedList", Is::List(Vec::new()), None),
            ("MultivaluedList", list(Is::Null), many),
            ("MultivaluedList", list(list(text("a"))), many),
            ("MultivaluedList", map("a", text("b")), many),
            ("IdentityProviderMultiList", text("x"), many),
            ("boolean", text("true"), None),
            ("boolean", text("yes"), switch),
            ("boolean", Is::Bool(false), None),
            ("boolean", Is::Null, None),
            ("List", text("client-jwt"), None),
            ("List", list(text("a")), one),
            ("String", map("a", text("b")), one),
            ("String", number("5"), None),
            ("Integer", number("5"), None),
            ("Integer", number("1.5"), None),
            ("Integer", text(" -5 "), None),
            ("Integer", text(""), None),
            ("Integer", text("1.5"), whole),
            ("Integer", text("5s"), whole),
            ("Integer", number("2147483648"), whole),
            ("Integer", Is::Bool(true), whole),
            ("of an extension", list(text("a")), None),
        ] {
            assert_eq!(wrong("x", sort, &value).as_deref(), help, "{sort}");
        }
        for (value, meant) in [
            (Is::Null, None),
            (text("[]"), None),
            (text("[] x"), None),
            (text(r#"[{"key":"a","value":"b"}]"#), None),
            (text(r#"[{"key":1,"value":true}]"#), None),
            (text(r#"[{"key":"a"}]"#), Some(("NAME", "VALUE"))),
            (text(r#"[{"key":"a","value":null}]"#), Some(("NAME", "VALUE"))),
            (text(r#"[{"key":"a","value":"b","x":1}]"#), Some(("NAME", "VALUE"))),
            (text(r#"{"a":"b"}"#), Some(("NAME", "VALUE"))),
            (text("nojson"), Some(("NAME", "VALUE"))),
            (text(""), Some(("NAME", "VALUE"))),
            (list(text("a")), Some(("NAME", "VALUE"))),
            (map("a", text("b")), Some(("a", "b"))),
            (map("it's", number("1")), Some(("it''s", "1"))),
        ] {
            let help = meant.map(|(key, value)| {
                format!(r#"write it as JSON in a text: `x: '[{{"key":"{key}","value":"{value}"}}]'`"#)
            });
            assert_eq!(wrong("x", "Map", &value), help);
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
