//! Names of several parts: what only together with other fields tells objects of one parent apart.

use serde_json::Value;

use super::{Kind, kind};
use crate::state::{Address, PART};

/// Returns what an object is called among its siblings, by its representation: its key, or what stands for that, after
/// the fields that qualify it. Nothing where it has no name.
pub fn name_of(kind: &Kind, row: &Value) -> Option<String> {
    let said = |name: &str| row.get(name).and_then(Value::as_str).filter(|it| !it.is_empty());
    let own = said(kind.key).or_else(|| said(kind.else_named_by))?;
    Some(qualified(kind, own, said))
}

/// Returns what the `nth` of several of one name is called.
pub(super) fn numbered(name: String, nth: usize) -> String {
    if nth > 1 { format!("{name}~{nth}") } else { name }
}

/// Returns whether an object is not the first of several of one name.
pub fn is_numbered(address: &Address) -> bool {
    kind(address.kind()).is_ranked() && unnumbered(address.name()) != address.name()
}

/// Returns such a name without its number.
pub(super) fn unnumbered(name: &str) -> &str {
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    name.rsplit_once('~').filter(|it| is_number(it.1)).map_or(name, |it| it.0)
}

/// Returns what a name says of the fields that qualify it.
pub(super) fn qualifying<'a>(
    kind: &Kind,
    name: &'a str,
) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
    let parts = name.split(PART).count() - 1;
    kind.qualified_by.iter().copied().zip(name.split(PART)).take(parts)
}

/// Returns a name after what qualifies it.
pub(super) fn qualified<'v>(kind: &Kind, own: &str, field: impl Fn(&str) -> Option<&'v str>) -> String {
    let parts = kind.qualified_by.iter().filter_map(|it| field(it)).filter(|it| !it.is_empty());
    parts.chain([own]).collect::<Vec<_>>().join(&PART.to_string())
}
