//! What policies find in the claims that mappers write.

use super::*;
use crate::kind::CLIENT;
use crate::state::Address;

/// What a regex policy finds under a target, where a hard-coded mapper writes this value as this type.
fn found(name: &str, value: &str, label: &str, target: &str) -> String {
    let config = [("claim.name", name), ("claim.value", value), ("jsonType.label", label)];
    let mapper = Mapper {
        address: Address::top(CLIENT, "any"),
        provider: "oidc-hardcoded-claim-mapper".to_owned(),
        config: config.into_iter().map(|(key, it)| (key.to_owned(), it.to_owned())).collect(),
    };
    let mut claims = Claims::default();
    if let Some(claim) = typed(&mapper, vec![value.to_owned()]) {
        claims.put(name, claim);
    }
    match claims.find(target) {
        Found::Text(text) => text.into_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn values_of_mappers_are_found_as_on_26_7_5() {
    for (name, value, label, target, expected) in [
        (r"org\.x.dept", "sales", "String", r"org\.x.dept", "sales"),
        (r"a\.b", "x", "String", r"a\.b", "Missing"),
        ("obj", r#"{"b": 1, "a": ["x"]}"#, "JSON", "obj", r#"{"b":1,"a":["x"]}"#),
        ("obj", r#"{"b": 1}"#, "JSON", "obj.b", "1"),
        ("obj", r#"{"b": null}"#, "JSON", "obj.b", "Missing"),
        ("obj", r#"{"b": true}"#, "JSON", "obj.b", "true"),
        ("obj", r#"{"b": []}"#, "JSON", "obj.b", "Missing"),
        ("obj", r#"{"b": {"k": "v"}}"#, "JSON", "obj.b", r#"{"k":"v"}"#),
        ("obj", r#"{"l": ["m", "n"]}"#, "JSON", "obj.l", "[m, n]"),
        ("obj", r#"{"l": [1, 2]}"#, "JSON", "obj.l", "[1, 2]"),
        ("obj", r#"{"l": ["m", "n"]}"#, "JSON", "obj.l[1]", "n"),
        ("obj", r#"{"l": ["m", "n"]}"#, "JSON", "obj.l[2]", "Missing"),
        ("js", r#""x""#, "JSON", "js", "x"),
        ("js", r#""x""#, "JSON", "js.y", "Fails"),
        ("jn", "5", "JSON", "jn", "5"),
        ("jn", "null", "JSON", "jn", "Missing"),
        ("jn", "{nope", "JSON", "jn", "Missing"),
        ("eo", "{}", "JSON", "eo", "{}"),
        ("l", "[]", "JSON", "l", "Missing"),
        ("l", r#"["a", "b"]"#, "JSON", "l", "a"),
        ("l", r#"["a", "b"]"#, "JSON", "l[0]", "Missing"),
        ("l", "[1, 2]", "JSON", "l", "1"),
        ("l", "[null]", "JSON", "l", "null"),
        ("l", r#"[{"z": 1}]"#, "JSON", "l", ""),
        ("i", "5", "int", "i", "5"),
        ("i", "x", "int", "i", "Missing"),
        ("i", "5", "long", "i", "5"),
        ("d", "1.50", "double", "d", "1.50"),
        ("b", "True", "boolean", "b", "true"),
        ("b", "x", "boolean", "b", "false"),
        ("s", "", "String", "s", "Missing"),
    ] {
        assert_eq!(found(name, value, label, target), expected, "{target} of {name}: {label} {value}");
    }
}

#[test]
fn only_what_an_application_can_name_may_be_sent_along() {
    for (target, may) in
        [("ip", true), ("org.dept", true), ("kc.client.id", false), (r"kc\.client\.id", false)]
    {
        assert_eq!(may_be_sent(target), may, "{target}");
    }
}
