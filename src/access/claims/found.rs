//! What the target of a policy finds among the claims of a token.

use std::borrow::Cow;

use serde_json::Value;

use super::{Claim, Claims, path};

/// What is found under the target of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::access) enum Found<'a> {
    Missing,
    Text(Cow<'a, str>),
    /// One of these; which one is not known.
    First(&'a [String]),
    /// All of these as `[a, b]`, in an unknown order.
    Whole(&'a [String]),
    /// All of these as `openid a b`, in an unknown order but for `openid`.
    Scopes(&'a [String]),
    Opaque,
    Maybe,
    /// The server answers with an error.
    Fails,
}

impl Claims {
    /// Returns what the target of a regex policy finds: `claim`, `org.dept`, `realm_access.roles[0]`.
    pub(in crate::access) fn find(&self, target: &str) -> Found<'_> {
        let Some(parts) = places(target) else { return Found::Missing };
        let mut place = Place::Top;
        for (at, part) in parts.iter().enumerate() {
            let (name, index) = match part.split_once('[').filter(|_| parts.len() > 1) {
                Some((name, index)) => (name, Some(index.trim_end_matches(']'))),
                None => (part.as_str(), None),
            };
            place = match place {
                Place::Top => match self.top.get(name) {
                    None if self.anything => return Found::Maybe,
                    None => return Found::Missing,
                    Some(claim) => Place::Claim(claim),
                },
                Place::Claim(Claim::Map(map)) => match map.get(name) {
                    None => return Found::Missing,
                    Some(claim) => Place::Claim(claim),
                },
                Place::Claim(Claim::Opaque | Claim::Maybe | Claim::List(_)) => return Found::Maybe,
                Place::Claim(Claim::Text(_) | Claim::One(_) | Claim::Scopes(_)) => return Found::Fails,
                Place::Claim(Claim::Json(value)) | Place::Json(value) => match value {
                    Value::Object(map) => match map.get(name) {
                        None => return Found::Missing,
                        Some(value) => Place::Json(value),
                    },
                    // Below a text the server fails; below the others nobody has looked.
                    Value::String(_) if at == 1 => return Found::Fails,
                    _ => return Found::Maybe,
                },
            };
            let Some(index) = index else { continue };
            let Ok(index) = index.parse::<usize>() else { return Found::Maybe };
            match place {
                // In which order they are is not known.
                Place::Claim(Claim::List(items)) if index < items.len() => return Found::First(items),
                Place::Claim(Claim::List(_)) => return Found::Missing,
                Place::Claim(Claim::Json(Value::Array(items))) | Place::Json(Value::Array(items)) => {
                    match items.get(index) {
                        None => return Found::Missing,
                        Some(value) => place = Place::Json(value),
                    }
                }
                Place::Top | Place::Claim(_) | Place::Json(_) => return Found::Maybe,
            }
        }
        let is_top = parts.len() == 1;
        match place {
            Place::Top => Found::Missing,
            Place::Json(value) | Place::Claim(Claim::Json(value)) => of_json(value, is_top),
            Place::Claim(Claim::Text(text)) => Found::Text(Cow::Borrowed(text)),
            Place::Claim(Claim::Scopes(scopes)) => Found::Scopes(scopes),
            Place::Claim(Claim::List(items)) if items.is_empty() => Found::Missing,
            Place::Claim(Claim::One(items)) => Found::First(items),
            Place::Claim(Claim::List(items)) if is_top => Found::First(items),
            Place::Claim(Claim::List(items)) => Found::Whole(items),
            Place::Claim(Claim::Map(_) | Claim::Opaque) => Found::Opaque,
            Place::Claim(Claim::Maybe) => Found::Maybe,
        }
    }
}

/// Returns the text of a value that is no list and no map.
fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => Some(Cow::Borrowed("null")),
        Value::Bool(it) => Some(it.to_string().into()),
        Value::Number(it) => Some(it.to_string().into()),
        Value::String(it) => Some(Cow::Borrowed(it)),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns what a policy finds in a claim that is known to the letter: at the top the first item of a list, and below
/// it all items as `[a, b]` (measured on 26.7.5, as is that an item that is a list or a map counts as empty).
fn of_json(value: &Value, is_top: bool) -> Found<'_> {
    match value {
        _ if !is_read_alike(value) => Found::Opaque,
        Value::Null => Found::Missing,
        Value::String(it) if it.is_empty() => Found::Missing,
        Value::Array(items) if items.is_empty() => Found::Missing,
        Value::Array(items) if is_top => Found::Text(scalar(&items[0]).unwrap_or_default()),
        Value::Array(items) => match items.iter().map(scalar).collect::<Option<Vec<_>>>() {
            Some(items) => Found::Text(format!("[{}]", items.join(", ")).into()),
            None => Found::Opaque,
        },
        Value::Object(_) => Found::Text(value.to_string().into()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            scalar(value).map_or(Found::Missing, Found::Text)
        }
    }
}

/// Returns whether Java writes all numbers of a value as they are written here: no fraction becomes `1.0E20`.
fn is_read_alike(value: &Value) -> bool {
    match value {
        Value::Number(it) if it.is_i64() || it.is_u64() => true,
        Value::Number(it) => it.as_f64().is_some_and(|it| (1e-3..1e7).contains(&it.abs())),
        Value::Array(items) => items.iter().all(is_read_alike),
        Value::Object(map) => map.values().all(is_read_alike),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// Where a path has come to.
#[derive(Clone, Copy)]
enum Place<'a> {
    Top,
    Claim(&'a Claim),
    Json(&'a Value),
}

/// Returns whether a target leads below a claim: without a dot that is not escaped, it is looked up as it is written,
/// escapes and indexes included.
fn is_path(target: &str) -> bool {
    path(target).len() > 1
}

/// Returns the names on the way that a target leads; nothing where it leads nowhere. Of what comes behind the first name the
/// server takes escapes away before it splits there, so that only the first name can have dots; and it overlooks dots at
/// the end (measured on 26.0.8 and 26.7.5).
fn places(target: &str) -> Option<Vec<String>> {
    if !is_path(target) {
        return Some(vec![target.to_owned()]);
    }
    let mut parts = path(target);
    let rest = parts.split_off(1).join(".");
    parts.extend(path(rest.trim_end_matches('.')));
    (parts.last().is_some_and(|it| !it.is_empty())).then_some(parts)
}

/// Returns the name of the claim at the top of a path, without its index.
pub(in crate::access) fn top_level(target: &str) -> String {
    if !is_path(target) {
        return target.to_owned();
    }
    let mut first = path(target).swap_remove(0);
    first.truncate(first.find('[').unwrap_or(first.len()));
    first
}

/// Returns whether a resource server may send along what a target asks the request for. Of what Keycloak itself adds
/// (`kc.client.id`, `kc.client.network.ip_address` and the like) nothing is ever found: with their dots they are paths
/// below `kc`, and with escapes they are looked up as written.
pub(in crate::access) fn may_be_sent(target: &str) -> bool {
    if is_path(target) { path(target)[0] != "kc" } else { !target.contains('\\') }
}
