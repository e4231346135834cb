//! Ledgers live in the attributes of disabled clients, where a realm's own export carries them along.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::CallError;
use crate::diff::{Ledger, LedgerError};
use crate::keycloak::{ErrorKind, Keycloak, Method, Request};
use crate::kind::{self, CLIENT};
use crate::state::Address;

const PREFIX: &str = "realmwright-ledger-";
const LOCK: &str = "realmwright-lock";
const ATTRIBUTE: &str = "realmwright.ledger";
/// The longest value that was measured to be stored and exported without trouble on every database.
const LARGEST: usize = 200_000;

/// Returns whether a client is a ledger or the lock: invisible to plans, exports and counts.
pub fn is_ours(address: &Address) -> bool {
    address
        .steps()
        .first()
        .is_some_and(|it| it.kind == CLIENT && (it.name.starts_with(PREFIX) || &*it.name == LOCK))
}

/// All ledgers of a realm by owner; a damaged one gives the reason.
pub type Ledgers = BTreeMap<String, Result<Ledger, LedgerError>>;

/// Reads the ledgers of all owners.
pub async fn read_ledgers(keycloak: &Keycloak, realm: &str) -> Result<Ledgers, CallError> {
    let path = format!("realms/{}/clients?search=true&max=-1&clientId={PREFIX}", kind::segment(realm));
    let answer = keycloak.get(&path).await?;
    let rows = answer.body.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    let mut ledgers = Ledgers::new();
    for row in rows {
        let Some(owner) = row.get("clientId").and_then(Value::as_str).and_then(|it| it.strip_prefix(PREFIX))
        else {
            continue;
        };
        let text = row.get("attributes").and_then(|it| it.get(ATTRIBUTE)).and_then(Value::as_str);
        let ledger = text.ok_or_else(|| LedgerError::Damaged("it is empty".to_owned())).and_then(unpack);
        ledgers.insert(owner.to_owned(), ledger);
    }
    Ok(ledgers)
}

/// Writes an owner's ledger; makes its client when there is none.
pub async fn write_ledger(keycloak: &Keycloak, realm: &str, ledger: &Ledger) -> Result<(), CallError> {
    match write_once(keycloak, realm, ledger).await {
        // A client whose making got no answer is found the second time, or made.
        Err(CallError::Keycloak(error)) if error.kind() == ErrorKind::Lost => {
            write_once(keycloak, realm, ledger).await
        }
        written => written,
    }
}

async fn write_once(keycloak: &Keycloak, realm: &str, ledger: &Ledger) -> Result<(), CallError> {
    let name = format!("{PREFIX}{}", ledger.owner);
    let packed = pack(ledger)?;
    let root = format!("realms/{}/clients", kind::segment(realm));
    let found = keycloak.get(&format!("{root}?clientId={}", kind::segment(&name))).await?;
    let row = found.body.as_ref().and_then(Value::as_array).and_then(|it| it.first()).cloned();
    let request = match row {
        Some(Value::Object(mut row)) => {
            let id = row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            row.remove("secret");
            row.remove("access");
            row.remove("protocolMappers");
            let attributes = row.entry("attributes").or_insert_with(|| json!({}));
            attributes[ATTRIBUTE] = json!(packed);
            Request {
                method: Method::Put,
                path: format!("{root}/{}", kind::segment(&id)),
                body: Some(Value::Object(row)),
            }
        }
        _ => Request {
            method: Method::Post,
            path: root,
            body: Some(client(
                &name,
                "What realmwright applied last. Not a login; do not edit.",
                &json!({ ATTRIBUTE: packed }),
            )),
        },
    };
    keycloak.send(&request).await?;
    Ok(())
}

/// A client that can do nothing: disabled, every flow off.
pub(super) fn client(name: &str, description: &str, attributes: &Value) -> Value {
    json!({
        "clientId": name,
        "description": description,
        "enabled": false,
        "publicClient": false,
        "standardFlowEnabled": false,
        "implicitFlowEnabled": false,
        "directAccessGrantsEnabled": false,
        "serviceAccountsEnabled": false,
        "fullScopeAllowed": false,
        "attributes": attributes,
    })
}

fn pack(ledger: &Ledger) -> Result<String, CallError> {
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    let bytes = deflate.write_all(ledger.write().as_bytes()).and_then(|()| deflate.finish());
    let packed = STANDARD.encode(bytes.unwrap_or_default());
    if packed.len() > LARGEST {
        return Err(CallError::LedgerTooLarge { bytes: packed.len(), limit: LARGEST });
    }
    Ok(packed)
}

fn unpack(packed: &str) -> Result<Ledger, LedgerError> {
    let damaged = |it: &dyn std::fmt::Display| LedgerError::Damaged(it.to_string());
    let bytes = STANDARD.decode(packed).map_err(|it| damaged(&it))?;
    let mut text = String::new();
    // A ledger of the largest size holds far less than this; more would be somebody's joke.
    let mut inflate = flate2::read::DeflateDecoder::new(&bytes[..]).take(64 << 20);
    inflate.read_to_string(&mut text).map_err(|it| damaged(&it))?;
    Ledger::read(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_ledger_unpacks() {
        let role = Address::top(kind::ROLE, "x");
        let ledger = Ledger { owner: "o".into(), serial: 3, pending: [role].into(), ..Ledger::default() };
        let back = unpack(&pack(&ledger).expect("small")).expect("undamaged");
        assert_eq!(back, ledger);
        assert!(unpack("!").is_err());
    }
}
