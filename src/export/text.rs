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
    let mut state = state.clone();
    // Something that stands in another object is written there.
    let places: Vec<Address> = state.objects.keys().flat_map(Address::ancestors).collect();
    for place in places {
        if !state.contains(&place) {
            state.objects.insert(place, Object::new(At::SERVER));
        }
    }
    let mut value = lower_realm(realm, &state);
    if let Value::Object(map) = &mut value {
        map.remove("defaultRole");
        for (name, it) in map.iter_mut().filter(|it| SKELETONS.contains(&&**it.0)) {
            if let (Value::Object(parts), "roles") = (it, &**name) {
                parts.retain(|_, it| !is_empty(it));
            }
        }
        map.retain(|name, it| !SKELETONS.contains(&&**name) || !is_empty(it));
    }
    write(&ordered(value), format)
}

/// Sections that are written whether there is anything in them or not.
const SKELETONS: &[&str] = &["roles", "scopeMappings", "clientScopeMappings"];

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(map) => map.values().all(is_empty),
        _ => false,
    }
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
            if let Some(name) = plain_item(&map) {
                return name;
            }
            let mut all: Vec<(String, Value)> = map.into_iter().map(|(key, it)| (key, ordered(it))).collect();
            let holds_more = |it: &Value| match it {
                Value::Array(items) => items.iter().any(|it| it.is_object() || it.is_array()),
                Value::Object(_) => true,
                _ => false,
            };
            all.sort_by(|(a, left), (b, right)| {
                (holds_more(left), field_rank(a), a).cmp(&(holds_more(right), field_rank(b), b))
            });
            Value::Object(all.into_iter().collect::<Map<_, _>>())
        }
        scalar => scalar,
    }
}

/// Returns the name alone of an item that says no more: a role of a policy that is not required, a group without its children.
fn plain_item(map: &Map<String, Value>) -> Option<Value> {
    let (name, is_more) = match (map.get("id"), map.get("path")) {
        (Some(role), None) => (role, map.get("required")?),
        (None, Some(group)) => (group, map.get("extendChildren")?),
        _ => return None,
    };
    (map.len() == 2 && *is_more == Value::Bool(false)).then(|| name.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_something_is_comes_first_and_what_it_holds_last() {
        let value = json!({
            "b": ["x"], "config": { "n": "no", "e": "" }, "name": "it", "roles": [
                { "id": "plain", "required": false }, { "id": "asked", "required": true }, { "path": "/g", "extendChildren": false },
            ],
        });
        let yaml = "name: it\nb:\n- x\nconfig:\n  e: \"\"\n  \"n\": \"no\"\nroles:\n- plain\n- id: asked\n  required: true\n- /g\n";
        assert_eq!(write(&ordered(value), Format::Yaml), yaml);
    }
}
