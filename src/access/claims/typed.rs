//! The values of mappers in the types that they give them.

use super::Claim;
use crate::access::realm::Mapper;

/// Returns whether a mapper that may have several values writes them as a list; otherwise it writes one of them.
pub(super) fn is_list(mapper: &Mapper) -> bool {
    mapper.config("multivalued") == "true"
}

/// Returns the type that a mapper gives its values; nothing where that is text.
pub(super) fn label(mapper: &Mapper) -> Option<&str> {
    Some(mapper.config("jsonType.label")).filter(|it| matches!(*it, "boolean" | "int" | "long" | "JSON"))
}

/// Returns a list of values.
pub(super) fn list(mapper: &Mapper, values: Vec<String>) -> Claim {
    if label(mapper).is_none() { Claim::List(values) } else { Claim::Opaque }
}

/// Returns one of several values; nothing where it is not there.
pub(super) fn one_of(mapper: &Mapper, values: Vec<String>) -> Option<Claim> {
    match values.as_slice() {
        [only] => typed(mapper, only),
        _ if label(mapper).is_none() => Some(Claim::One(values)),
        _ => Some(Claim::Maybe),
    }
}

/// Returns a value; nothing where it is not of the type, and so not there.
pub(super) fn typed(mapper: &Mapper, value: &str) -> Option<Claim> {
    let number = |is: Option<String>| is.map(Claim::Text);
    match label(mapper) {
        Some("JSON") if value.trim().is_empty() => None,
        // Java also reads what comes before something else.
        Some("JSON") => Some(serde_json::from_str(value).map_or(Claim::Maybe, Claim::Json)),
        Some("boolean") => Some(Claim::Text(value.eq_ignore_ascii_case("true").to_string())),
        Some("int") => number(value.parse::<i32>().ok().map(|it| it.to_string())),
        Some("long") => number(value.parse::<i64>().ok().map(|it| it.to_string())),
        _ => (!value.is_empty()).then(|| Claim::Text(value.to_owned())),
    }
}
