//! Which fields Keycloak knows, and of what type: recorded from the distributions' own classes
//! (`schemas/keycloak/README.md` says how), the oldest and the newest minor that we test.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::recorded::{of_each, parsed};
use super::version::{OLDEST, Version};

/// The type of a field in a representation class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Text,
    Boolean,
    Integer,
    Number,
    Any,
    Enum(Vec<String>),
    List(Box<Type>),
    Map(Box<Type>),
    /// Another class.
    Class(String),
}

type Classes = BTreeMap<String, BTreeMap<String, Type>>;

static CLASSES: LazyLock<Vec<(Version, Classes)>> =
    LazyLock::new(|| of_each(|it| classes(it.representations)));

/// What has no class of its own: the values of a map in a class are what objects say in one field.
const UNNAMED: &[(&str, &str, &str)] = &[("RealmRepresentation", "localizationTexts", "texts")];

/// Classes of which objects in some places say a list of names more, which the server keeps apart from them.
const WITH_MORE: &[(&str, &str)] = &[("GroupRepresentation", "members")];

static FIELDS: LazyLock<BTreeMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (class, names) in CLASSES.iter().rev().flat_map(|(_, classes)| classes) {
        let known = fields.entry(class).or_default();
        let new: Vec<&str> = names.keys().map(String::as_str).filter(|it| !known.contains(it)).collect();
        known.extend(new);
    }
    fields
});

fn classes(text: &str) -> Classes {
    let classes: BTreeMap<String, BTreeMap<String, Value>> = parsed(text);
    let mut classes: Classes = classes
        .into_iter()
        .map(|(class, fields)| (class, fields.into_iter().map(|(name, it)| (name, read(&it))).collect()))
        .collect();
    for (class, map, field) in UNNAMED {
        if let Some(Type::Map(of)) = classes.get(*class).and_then(|it| it.get(*map)) {
            let fields = BTreeMap::from([((*field).to_owned(), Type::clone(of))]);
            classes.insert(format!("{class}.{map}"), fields);
        }
    }
    for (class, more) in WITH_MORE {
        let mut fields = classes.get(*class).cloned().unwrap_or_default();
        fields.insert((*more).to_owned(), Type::List(Box::new(Type::Text)));
        classes.insert(format!("{class}+{more}"), fields);
    }
    classes
}

fn read(value: &Value) -> Type {
    match value {
        Value::String(name) => match name.as_str() {
            "text" => Type::Text,
            "boolean" => Type::Boolean,
            "integer" => Type::Integer,
            "number" => Type::Number,
            "any" => Type::Any,
            class => Type::Class(class.to_owned()),
        },
        Value::Array(item) => Type::List(Box::new(item.first().map_or(Type::Any, read))),
        Value::Object(map) => match map.iter().next() {
            Some((key, Value::Array(words))) if key == "enum" => {
                Type::Enum(words.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            Some((key, item)) if key == "set" => Type::List(Box::new(read(item))),
            Some((key, item)) if key == "*" => Type::Map(Box::new(read(item))),
            _ => Type::Any,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => Type::Any,
    }
}

/// Returns the type of a field, as the newest of the recorded versions that know it does.
pub fn field_type(class: &str, field: &str) -> Option<&'static Type> {
    CLASSES.iter().rev().find_map(|(_, classes)| classes.get(class)?.get(field))
}

/// Returns the recorded classes, by the alphabet.
pub(super) fn classes_known() -> impl Iterator<Item = &'static str> {
    let unnamed = || UNNAMED.iter().map(|(class, map, _)| format!("{class}.{map}"));
    let is_ours = move |it: &str| {
        unnamed()
            .chain(WITH_MORE.iter().map(|(class, more)| format!("{class}+{more}")))
            .any(|ours| ours == it)
    };
    FIELDS.keys().copied().filter(move |it| !is_ours(it))
}

/// Returns the names of all fields of a class that any tested version knows.
pub fn fields_of(class: &str) -> impl Iterator<Item = &'static str> + use<> {
    FIELDS.get(class).into_iter().flatten().copied()
}

/// Returns the recorded version that a field needs at least, when the oldest does not know it.
pub fn known_since(class: &str, field: &str) -> Option<Version> {
    let knows =
        |(_, classes): &&(Version, Classes)| classes.get(class).is_some_and(|it| it.contains_key(field));
    CLASSES.iter().find(knows).map(|it| it.0).filter(|it| *it > OLDEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::NEWEST;

    #[test]
    fn recorded_classes_know_fields_and_their_versions() {
        assert_eq!(
            field_type("ClientRepresentation", "redirectUris"),
            Some(&Type::List(Box::new(Type::Text)))
        );
        assert_eq!(field_type("ClientRepresentation", "redirectUri"), None);
        assert_eq!(known_since("GroupRepresentation", "description"), Some(Version::of(26, 4)));
        assert_eq!(known_since("OrganizationRepresentation", "groups"), Some(NEWEST));
        assert_eq!(known_since("GroupRepresentation", "name"), None);
        assert!(fields_of("RolePolicyRepresentation").any(|it| it == "fetchRoles"));
    }
}
