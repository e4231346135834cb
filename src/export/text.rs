//! Manifests as text: YAML or JSON, with keys in an order that people read.

use serde_json::{Map, Value};

use crate::kind::{field_rank, lower_realm};
use crate::state::{Address, Object, State};
use crate::text::At;

/// How manifests are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Json,
}

impl Format {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
        }
    }
}

/// Returns objects of a realm as one manifest.
pub(super) fn manifest(realm: &str, state: &State, format: Format) -> String {
    let mut state = State { default_role: None, ..state.clone() };
    // Something that stands in another object is written there.
    let places: Vec<Address> = state.objects.keys().flat_map(Address::ancestors).collect();
    for place in places {
        state.objects.get_or_insert_with(place, || Object::new(At::SERVER));
    }
    write(&ordered(lower_realm(realm, &state)), format)
}

/// Returns a value as text that ends with a line break.
pub(super) fn write(value: &Value, format: Format) -> String {
    match format {
        Format::Json => format!("{value:#}\n"),
        Format::Yaml => {
            let options = serde_saphyr::ser_options! {
                compact_list_indent: true,
                min_fold_chars: usize::MAX,
                folded_wrap_chars: usize::MAX,
            };
            let mut out = String::new();
            // A value of JSON can always be written.
            let written = serde_saphyr::to_fmt_writer_with_options(&mut out, value, options);
            written.map_or_else(|_| format!("{value:#}\n"), |()| out)
        }
    }
}

/// Returns a value with the keys of its maps in order: what says what something is, then the rest by name; what holds more than
/// words comes last.
fn ordered(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(ordered).collect(),
        Value::Object(map) => {
            let mut all: Vec<(String, Value)> = map.into_iter().map(|(key, it)| (key, ordered(it))).collect();
            let holds_more = |it: &Value| match it {
                Value::Array(items) => items.iter().any(|it| it.is_object() || it.is_array()),
                Value::Object(_) => true,
                _ => false,
            };
            all.sort_by_cached_key(|(key, it)| (holds_more(it), field_rank(key), key.clone()));
            Value::Object(all.into_iter().collect::<Map<_, _>>())
        }
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::lift_realm;
    use crate::text::tree_of_json;

    #[test]
    fn what_something_is_comes_first_and_what_it_holds_last() {
        let value = json!({
            "b": ["x"], "config": { "n": "no", "e": "" }, "name": "it", "roles": [
                "plain", { "id": "asked", "required": true }, "/g",
            ],
        });
        let yaml = "name: it\nb:\n- x\nconfig:\n  e: \"\"\n  \"n\": \"no\"\nroles:\n- plain\n- id: asked\n  required: true\n- /g\n";
        assert_eq!(write(&ordered(value), Format::Yaml), yaml);
    }

    #[test]
    fn nothing_is_written_of_what_is_not_there_and_names_alone_where_they_say_all() {
        let policies = json!([
            { "name": "g", "type": "group", "groups": [{ "path": "/g", "extendChildren": false }] },
            { "name": "r", "type": "role", "roles": [{ "id": "plain", "required": false }, { "id": "asked", "required": true }] },
        ]);
        let realm = json!({ "realm": "r", "clients": [{ "clientId": "c", "authorizationSettings": { "policies": policies } }] });
        let yaml = "realm: r\nclients:\n- clientId: c\n  authorizationSettings:\n    policies:\n    - name: g\n      type: group\n      groups:\n      - /g\n    - name: r\n      type: role\n      roles:\n      - id: asked\n        required: true\n      - plain\n";
        let state = lift_realm(&tree_of_json(&realm)).into_live();
        assert_eq!(manifest("r", &state, Format::Yaml), yaml);
    }
}
