use std::path::Path;

use serde_json::Value;

use super::*;
use crate::text::parse_yaml;

fn committed(name: &str, schema: &Value) {
    let path = Path::new("schemas").join(name);
    let text = format!("{schema:#}\n");
    if std::env::var_os("REALMWRIGHT_UPDATE").is_some() {
        std::fs::write(&path, &text).expect("the schema can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is out of date: run the tests with REALMWRIGHT_UPDATE=1", path.display());
}

#[test]
fn the_committed_schemas_are_what_the_kind_table_says() {
    committed("manifest.json", &manifest());
    committed("project.json", &project());
}

/// What an editor reads: YAML as JSON.
fn value(tree: &Tree) -> Value {
    match &tree.is {
        TreeIs::Null => Value::Null,
        TreeIs::Bool(it) => Value::Bool(*it),
        TreeIs::Number(it) => serde_json::from_str(it).expect("a number of the examples"),
        TreeIs::Text(it) => Value::String(it.to_string()),
        TreeIs::List(items) => items.iter().map(value).collect(),
        TreeIs::Map(entries) => {
            entries.iter().map(|(key, it)| (key.name.to_string(), value(it))).collect::<Map<_, _>>().into()
        }
    }
}

fn problems(schema: &Value, yaml: &str) -> Vec<String> {
    let (documents, notes) = parse_yaml(0, yaml);
    assert!(notes.is_empty(), "{notes:?}");
    let validator = jsonschema::validator_for(schema).expect("the schema is one");
    let documents: Vec<Value> = documents.iter().map(value).collect();
    documents
        .iter()
        .flat_map(|it| validator.iter_errors(it).map(|it| it.to_string()).collect::<Vec<_>>())
        .collect()
}

#[test]
fn the_schemas_accept_the_example() {
    let (manifest, project) = (manifest(), project());
    let mut read = 0;
    for entry in ignore::WalkBuilder::new("examples/realm-config").build() {
        let path = entry.expect("the example can be read").into_path();
        if path.extension().is_none_or(|it| it != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("the example can be read");
        // Theirs is made further up, where a test checks it.
        if text.contains("kind: AccessTest") {
            continue;
        }
        let schema = if path.ends_with("realmwright.yaml") { &project } else { &manifest };
        assert_eq!(problems(schema, &text), [""; 0], "{}", path.display());
        let named = text.lines().next().and_then(|it| it.split_once("$schema=")).map(|it| it.1);
        let named = path.parent().expect("a folder").join(named.expect("each file names its schema"));
        assert!(named.is_file(), "{} is not there", named.display());
        read += 1;
    }
    assert!(read > 8, "only {read} files");
}

#[test]
fn the_schemas_flag_what_validate_would_refuse() {
    let schema = manifest();
    for (bad, word) in [
        ("realm: r\nusres: []", "usres"),
        ("clients: []", "realm"),
        ("realm: r\nclients: [{ clientId: x, redirectUri: y }]", "redirectUri"),
        ("realm: r\nclients: [{ name: x }]", "clientId"),
        ("realm: r\nclients: [{ clientId: x, enabled: maybe }]", "maybe"),
        ("realm: r\nclients: [{ clientId: x, secret: { fromEnvironment: X } }]", "fromEnvironment"),
        (
            "realm: r\nusers: [{ username: x, credentials: [{ value: { fromEnv: X, fromFile: y } }] }]",
            "fromFile",
        ),
        (
            "realm: r\nclients: [{ clientId: x, authorizationSettings: { policies: [{ name: p, type: time, hours: 8 }] } }]",
            "hours",
        ),
        (
            "realm: r\nclients: [{ clientId: x, authorizationSettings: { permissions: [{ name: p, type: role }] } }]",
            "role",
        ),
        (
            "realm: r\nclients: [{ clientId: x, authorizationSettings: { resources: [{ name: p, permissions: { usr: [eric] } }] } }]",
            "usr",
        ),
    ] {
        let found = problems(&schema, bad);
        assert!(found.iter().any(|it| it.contains(word)), "{bad}: {found:?}");
    }
    for good in [
        "realm: r\nclients: [{ clientId: x, secret: { fromEnv: X, version: 2 }, rootUrl: null }]",
        "realm: r\nclients: [{ clientId: x, id: abc, authorizationSettings: { policies: [{ name: p, type: our-own, config: { a: b } }] } }]",
        "realm: r\ngroups: [{ name: a, subGroups: [{ name: b, clientRoles: { account: [view-profile] } }] }]",
        "realm: r\nsmtpServer: { host: h, password: { fromFile: run/smtp } }",
        "realm: r\nroles: { realm: [{ name: a, composites: { realm: [b] }, attributes: { x: y } }] }",
    ] {
        assert_eq!(problems(&schema, good), [""; 0], "{good}");
    }
    assert_eq!(problems(&project(), "ownr: x").len(), 1);
}
