//! The server's ids: from live, from an answer, otherwise looked up by name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::CallError;
use crate::call::Segment;
use crate::keycloak::{Answer, ErrorKind, Keycloak};
use crate::kind::{self, FoundBy};
use crate::plan;
use crate::state::{Address, State};

/// Ids by address.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    known: BTreeMap<Address, String>,
}

impl Ids {
    /// Starts with the ids that reading told.
    pub fn of(live: &State) -> Self {
        let known = live
            .objects
            .iter()
            .filter_map(|(address, object)| Some((address.clone(), object.id.as_deref()?.to_owned())));
        Self { known: known.collect() }
    }

    pub fn get(&self, address: &Address) -> Option<&str> {
        self.known.get(address).map(String::as_str)
    }

    pub fn learn(&mut self, address: Address, id: String) {
        self.known.insert(address, id);
    }

    /// Takes the id of a new object from the answer to its POST: from the body, or from `Location`.
    pub fn learn_created(&mut self, address: &Address, answer: &Answer) {
        let routes = &kind::kind(address.kind()).routes;
        let in_body = answer.body.as_ref().and_then(|it| it.get(routes.id)).and_then(Value::as_str);
        let location = answer.location.as_deref().filter(|_| routes.location_is_id);
        let in_location = location.and_then(|it| it.rsplit('/').next());
        if let Some(id) = in_body.or(in_location) {
            self.known.insert(address.clone(), id.to_owned());
        }
    }
}

/// Returns the id of an object, looking it up when nobody told it.
pub(super) async fn id(
    keycloak: &Keycloak,
    realm: &str,
    address: &Address,
    ids: &tokio::sync::Mutex<Ids>,
) -> Result<String, CallError> {
    if let Some(id) = ids.lock().await.get(address) {
        return Ok(id.to_owned());
    }
    let found = find(keycloak, realm, address, ids).await?;
    let id = found.ok_or_else(|| CallError::NoSuchObject { address: address.clone() })?;
    ids.lock().await.learn(address.clone(), id.clone());
    Ok(id)
}

/// Looks an object up by its name; `None` when it is not there.
pub(super) async fn find(
    keycloak: &Keycloak,
    realm: &str,
    address: &Address,
    ids: &tokio::sync::Mutex<Ids>,
) -> Result<Option<String>, CallError> {
    let kind = kind::kind(address.kind());
    for (address, owner) in kind::readings(address) {
        let segments = plan::path(kind.routes.find, &address, "");
        let path = Box::pin(url(keycloak, realm, &segments, ids)).await?;
        let answer = match keycloak.get(&path).await {
            Ok(answer) => answer,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        let named = |name: &str| match kind.routes.found_by {
            FoundBy::Path => true,
            FoundBy::Name => name == address.name(),
            FoundBy::NameInAnyCase => name.eq_ignore_ascii_case(address.name()),
        };
        let owned = |it: &Value| {
            let name = it.pointer("/owner/name").and_then(Value::as_str);
            name.filter(|it| address.parent().is_none_or(|up| up.name() != *it)) == owner
        };
        let rows = match answer.body {
            Some(Value::Array(rows)) => rows,
            Some(row @ Value::Object(_)) => vec![row],
            _ => Vec::new(),
        };
        let rows = kind::named_rows(kind, rows);
        let id_of = |it: &Value| it.get(kind.routes.id).and_then(Value::as_str).map(str::to_owned);
        // One list says the ids of all that stand in an order.
        if let Some(parent) = address.parent().filter(|_| kind.is_ranked()) {
            let mut ids = ids.lock().await;
            for (name, row) in &rows {
                if let Some(id) = id_of(row) {
                    ids.learn(parent.child(kind.name, &**name), id);
                }
            }
        }
        let found = rows.iter().find(|(name, row)| named(name) && owned(row));
        if let Some(id) = found.and_then(|(_, row)| id_of(row)) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Returns the path of segments below `/admin/`.
pub(super) async fn url(
    keycloak: &Keycloak,
    realm: &str,
    segments: &[Segment],
    ids: &tokio::sync::Mutex<Ids>,
) -> Result<String, CallError> {
    if segments.is_empty() {
        return Ok(format!("realms/{}", kind::segment(realm)));
    }
    let mut path = format!("realms/{}/", kind::segment(realm));
    for segment in segments {
        match segment {
            Segment::Text(text) => path.push_str(text),
            Segment::Id(address) => {
                path.push_str(&kind::segment(&Box::pin(id(keycloak, realm, address, ids)).await?));
            }
        }
    }
    Ok(path)
}
