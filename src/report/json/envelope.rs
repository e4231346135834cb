//! What every document has, whatever it is about: which command wrote it, how that ended, and what is wrong.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::VERSION;
use super::shape::{FormatVersion, NoteEntry};
use crate::text::Severity;

/// How a command ended.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// As it is typed: `plan`, `access can`.
    pub command: String,
    pub exit_code: u8,
    /// Why it could not do its work: one word, such as `network`, and a sentence.
    pub failure: Option<(&'static str, String)>,
    /// What stderr was told beside.
    pub warnings: Vec<Value>,
}

/// What every command writes with `--format json`; the document of a command has more.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "exists for its schema: the keys are laid around a command's own document")]
struct ResultDocument {
    format_version: FormatVersion,
    realmwright_version: String,
    /// As it is typed: `plan`, `access can`. Empty where none was named.
    command: String,
    /// What the process exits with.
    exit_code: u8,
    /// What text shows beside the result.
    warnings: Vec<NoteEntry>,
    /// What is wrong with the input, and what kept the command from doing its work: the code is then one word, such
    /// as `usage`, `input`, `network`, `login`, `rights`, `server`, `refused`, `lock`, `interrupted` or `internal`.
    errors: Vec<NoteEntry>,
}

/// Returns the JSON Schema of what every document has.
pub fn result_schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<ResultDocument>().to_value();
    if let Value::Object(map) = &mut schema {
        map.insert("title".to_owned(), "every result of realmwright".into());
    }
    schema
}

/// Returns a command's document, if it has one, with how the command ended.
pub fn enveloped(document: Option<Value>, ending: &Ending) -> Value {
    let mut own = match document {
        Some(Value::Object(map)) => map,
        Some(other) => Map::from_iter([("result".to_owned(), other)]),
        None => Map::new(),
    };
    let mut warnings = list(&mut own, "warnings");
    let more = ending.warnings.iter().filter(|it| !warnings.contains(it)).cloned().collect::<Vec<_>>();
    warnings.extend(more);
    let mut errors = list(&mut own, "errors");
    // What a command says of its own end is more exact.
    if let Some((class, message)) = ending.failure.as_ref().filter(|_| failures(&own).is_empty()) {
        own.insert("failure".to_owned(), json!({ "class": class, "message": message }));
    }
    errors.extend(failures(&own));
    // The document of one of several realms has its own.
    for realm in own.get("plans").and_then(Value::as_array).into_iter().flatten() {
        errors.extend(realm.get("errors").and_then(Value::as_array).into_iter().flatten().cloned());
        errors.extend(realm.as_object().map(failures).unwrap_or_default());
    }
    let mut whole = Map::from_iter([
        ("format_version".to_owned(), "1.0".into()),
        ("realmwright_version".to_owned(), VERSION.into()),
        ("command".to_owned(), ending.command.clone().into()),
        ("exit_code".to_owned(), ending.exit_code.into()),
    ]);
    for (key, value) in own {
        whole.entry(key).or_insert(value);
    }
    whole.insert("warnings".to_owned(), warnings.into());
    whole.insert("errors".to_owned(), errors.into());
    Value::Object(whole)
}

fn list(own: &mut Map<String, Value>, key: &str) -> Vec<Value> {
    match own.remove(key) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    }
}

/// Why a document has no result, as an entry of `errors`.
fn failures(own: &Map<String, Value>) -> Vec<Value> {
    let Some(failure) = own.get("failure") else { return Vec::new() };
    let text = |key: &str| failure.get(key).and_then(Value::as_str);
    match (text("class"), text("message")) {
        (Some(class), Some(message)) => vec![message_json(class, Severity::Error, message)],
        _ => Vec::new(),
    }
}

/// Returns a message without a place in the form of a note.
pub fn message_json(code: &str, severity: Severity, message: &str) -> Value {
    let severity = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Remark => "remark",
    };
    json!({
        "code": code, "severity": severity, "message": message, "label": null, "file": null, "line": null,
        "column": null, "end_line": null, "end_column": null, "help": null, "related": [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(failure: Option<(&'static str, String)>) -> Ending {
        let warnings = vec![message_json("warning", Severity::Warning, "careful")];
        Ending { command: "plan".to_owned(), exit_code: 1, failure, warnings }
    }

    #[test]
    fn every_document_says_how_its_command_ended() {
        let validator = jsonschema::validator_for(&result_schema()).unwrap();
        let failure = || Some(("network", "nobody answers".to_owned()));
        let note = message_json("RW0101", Severity::Error, "no YAML");
        let one =
            json!({ "failure": { "class": "lock", "message": "held" }, "errors": [note], "outcomes": [] });
        for (document, failure, errors) in [
            (None, failure(), vec!["nobody answers"]),
            (None, None, vec![]),
            (Some(json!([1, 2])), None, vec![]),
            (Some(json!({ "failure": null, "realms": 1 })), failure(), vec!["nobody answers"]),
            (Some(one.clone()), None, vec!["no YAML", "held"]),
            (Some(one.clone()), failure(), vec!["no YAML", "held"]),
            (Some(json!({ "plans": [one, { "failure": null }] })), None, vec!["no YAML", "held"]),
        ] {
            let whole = enveloped(document, &ending(failure));
            let wrong: Vec<String> = validator.iter_errors(&whole).map(|it| it.to_string()).collect();
            assert_eq!(wrong, [""; 0], "{whole:#}");
            let said: Vec<&str> = whole["errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["message"].as_str().unwrap())
                .collect();
            assert_eq!(said, errors);
            assert_eq!(whole["warnings"][0]["message"], "careful");
        }
    }

    #[test]
    fn a_warning_is_told_once_and_a_commands_own_keys_stay() {
        let known = message_json("warning", Severity::Warning, "careful");
        let whole =
            enveloped(Some(json!({ "command": "token", "warnings": [known], "valid": true })), &ending(None));
        assert_eq!(whole["warnings"].as_array().unwrap().len(), 1);
        assert_eq!((&whole["command"], &whole["valid"]), (&json!("plan"), &json!(true)));
    }
}
