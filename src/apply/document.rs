//! Objects that are parts of one document: a write reads it, changes its own parts, and puts all of it back.

use serde_json::{Value, json};

use super::ids::{Ids, url};
use super::request::{is_row_of, lay_over, new_body, settled};
use super::{Answered, CallError, Run, Trouble};
use crate::call::{Body, Call};
use crate::keycloak::{Method, Request};
use crate::kind;
use crate::state::Address;

/// What came of writing several parts at once.
pub(super) enum Written {
    /// How the first of them ended; those behind a part that cannot be written are not tried.
    Parts(Vec<Result<Answered, Trouble>>),
    /// The server wrote nothing, and does not say of which part it does not like what.
    Refused,
}

/// Writes parts of one document with one request, in their order.
pub(super) async fn write(run: &Run<'_>, parts: &[&Call], ids: &tokio::sync::Mutex<Ids>) -> Written {
    let sure = |error: CallError| Written::Parts(vec![Err(Trouble::of(run, &error))]);
    let Some(first) = parts.first() else { return Written::Parts(Vec::new()) };
    let read = async {
        let path = url(run.keycloak, run.realm, &first.path, ids).await?;
        let document = run.keycloak.get(&path).await?.body.filter(Value::is_object);
        let address = || run.changes[first.change].object.clone();
        Ok((path, document.ok_or_else(|| CallError::NoSuchObject { address: address() })?))
    };
    let (path, mut document) = match read.await {
        Ok(read) => read,
        Err(error) => return sure(error),
    };
    let mut results = Vec::new();
    let mut writes = false;
    for part in parts {
        // One that cannot be written leaves nothing behind.
        let mut next = document.clone();
        match change(run, &run.changes[part.change].object, &part.body, &mut next, ids).await {
            Ok(answered) => {
                if matches!(answered, Answered::Done) {
                    writes = true;
                    document = next;
                }
                results.push(Ok(answered));
            }
            Err(error) => {
                results.push(Err(Trouble::of(run, &error)));
                break;
            }
        }
    }
    if !writes {
        return Written::Parts(results);
    }
    let sent = run.keycloak.send(&Request { method: Method::Put, path, body: Some(document) }).await;
    let Err(error) = sent else { return Written::Parts(results) };
    if error.wrote_nothing() && parts.len() > 1 {
        return Written::Refused;
    }
    // Any of them may have been written, or none.
    let trouble = Trouble::of(run, &error.into());
    let ended = |it| if matches!(it, Ok(Answered::Done)) { Err(trouble.clone()) } else { it };
    Written::Parts(results.into_iter().map(ended).collect())
}

/// Creates, updates or deletes a part of a document that was read, or changes what the document itself says.
async fn change(
    run: &Run<'_>,
    address: &Address,
    body: &Body,
    document: &mut Value,
    ids: &tokio::sync::Mutex<Ids>,
) -> Result<Answered, CallError> {
    let kind = kind::kind(address.kind());
    let gone = || CallError::NoSuchObject { address: address.clone() };
    let done = |is_new| if is_new { Answered::Done } else { Answered::AlreadyDone };
    if kind.routes.document.is_empty() {
        let (Body::Overlay { set, .. }, Value::Object(whole)) = (body, document) else { return Err(gone()) };
        return Ok(done(lay_over(run, address, &settled(run, address, set, ids).await?, whole)?));
    }
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
            let set = settled(run, address, set, ids).await?;
            let Value::Object(row) = &mut rows[place] else { return Err(gone()) };
            return Ok(done(lay_over(run, address, &set, row)?));
        }
        (Body::None, Some(place)) => drop(rows.remove(place)),
        (Body::None, None) => return Ok(Answered::AlreadyDone),
        (Body::Overlay { .. }, None)
        | (Body::Roles(_) | Body::Id(_) | Body::Name(_) | Body::Fields(_), _) => return Err(gone()),
    }
    Ok(Answered::Done)
}
