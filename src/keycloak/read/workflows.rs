//! Workflows, which no export has: one list that says all of each.

use serde_json::Value;

use super::wire::Wire;
use super::{Draft, Want, may_view, section};
use crate::keycloak::{Error, ErrorKind, Rights};

pub(super) enum Workflows {
    Listed(Vec<Value>),
    Unseen,
    /// The server is too old for them, or has them switched off.
    NotServed,
}

const WORKFLOWS: &str = "workflows";

/// Reads workflows where somebody says something of one; nothing where nobody does.
pub(super) async fn read(wire: &Wire<'_>, want: &Want, rights: &Rights) -> Result<Option<Workflows>, Error> {
    let kind = section(WORKFLOWS);
    if !want.asks_any(|it| it.kind() == kind.name) {
        return Ok(None);
    }
    if !may_view(rights, kind) {
        return Ok(Some(Workflows::Unseen));
    }
    Ok(Some(match wire.get(kind.routes.list).await {
        Ok(Value::Array(rows)) => Workflows::Listed(rows),
        Ok(_) => Workflows::Listed(Vec::new()),
        Err(error) => match error.kind() {
            ErrorKind::Forbidden { .. } => Workflows::Unseen,
            ErrorKind::NotFound => Workflows::NotServed,
            _ => return Err(error),
        },
    }))
}

/// Puts workflows where exports of a whole realm would have them.
pub(super) fn put(draft: &mut Draft, read: Option<Workflows>, want: &Want) {
    let kind = section(WORKFLOWS);
    let Some(read) = read else { return };
    draft.covers.push(kind.name);
    match read {
        Workflows::Listed(mut rows) => {
            for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                kind.say_implied(row);
            }
            draft.realm.insert(WORKFLOWS.to_owned(), Value::from(rows));
        }
        Workflows::Unseen => draft.miss(kind, None),
        Workflows::NotServed => draft.know_named(kind, want),
    }
}
