//! Objects that are parts of one document: a write reads it, changes its own part, and puts all of it back.

use serde_json::{Value, json};

use super::ids::Ids;
use super::request::{is_row_of, lay_over, new_body, settled};
use super::{Answered, CallError, Run};
use crate::call::Body;
use crate::keycloak::{Method, Request};
use crate::kind;
use crate::state::Address;

/// Creates, updates or deletes one of them.
pub(super) async fn write(
    run: &Run<'_>,
    address: &Address,
    body: &Body,
    path: String,
    ids: &tokio::sync::Mutex<Ids>,
) -> Result<Answered, CallError> {
    let kind = kind::kind(address.kind());
    let gone = || CallError::NoSuchObject { address: address.clone() };
    let mut document = run.keycloak.get(&path).await?.body.filter(Value::is_object).ok_or_else(gone)?;
    let list = &mut document[kind.routes.document];
    if !list.is_array() {
        *list = json!([]);
    }
    let Value::Array(rows) = list else { return Err(gone()) };
    let place = rows.iter().position(|it| is_row_of(address, it));
    match (body, place) {
        (Body::Whole { fields, .. }, None) => {
            rows.push(Value::Object(new_body(run, address, fields, ids).await?));
        }
        // Somebody else made it meanwhile.
        (Body::Whole { .. }, Some(_)) => {
            return Err(CallError::Stale { address: address.clone(), field: kind.key.to_owned() });
        }
        (Body::Overlay { set, .. }, Some(place)) => {
            let set = settled(run, set, ids).await?;
            let Value::Object(row) = &mut rows[place] else { return Err(gone()) };
            if !lay_over(run, address, &set, row)? {
                return Ok(Answered::AlreadyDone);
            }
        }
        (Body::None, Some(place)) => drop(rows.remove(place)),
        (Body::None, None) => return Ok(Answered::AlreadyDone),
        (Body::Overlay { .. }, None) | (Body::Roles(_) | Body::Fields(_), _) => return Err(gone()),
    }
    run.keycloak.send(&Request { method: Method::Put, path, body: Some(document) }).await?;
    Ok(Answered::Done)
}
