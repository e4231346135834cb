//! Ledgers live in the attributes of disabled clients, where a realm's own export carries them along.
//!
//! A small ledger is one attribute. A large one is cut into chunks, and that attribute then says how many there
//! are and what they are together: a set of chunks that somebody edited, or that comes from two writes, is
//! damaged, never half a ledger.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::CallError;
use crate::diff::{Ledger, LedgerError};
use crate::keycloak::{ErrorKind, Keycloak, Method, Request};
use crate::kind;
use crate::state::Address;
use crate::text::hex;

const PREFIX: &str = "realmwright-ledger-";
const LOCK: &str = "realmwright-lock";
const DESCRIPTION: &str = "What realmwright applied last. Not a login; do not edit.";
const ATTRIBUTE: &str = "realmwright.ledger";
/// Keeps room in the client while a run goes on, so that the ledger which the run ends with is known to fit.
const ROOM: &str = "realmwright.ledger.room";
/// The longest value of an attribute that was measured to be stored and exported without trouble everywhere.
const CHUNK: usize = 200_000;
/// Keycloak takes request bodies up to 10 MB; a client of 9 MB was stored, read and exported.
const LARGEST: usize = 8_000_000;
/// The form of an attribute that names chunks; version 1 of the format is a whole ledger.
const CHUNKED: u64 = 2;

/// Returns whether a client is a ledger or the lock: invisible to plans, exports and counts.
pub fn is_ours(address: &Address) -> bool {
    address.steps().first().is_some_and(|it| {
        kind::kind(it.kind).keep_ledgers && (it.name.starts_with(PREFIX) || &*it.name == LOCK)
    })
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
        let attributes = row.get("attributes").and_then(Value::as_object);
        ledgers.insert(owner.to_owned(), unpack(attributes.unwrap_or(&Map::new())));
    }
    Ok(ledgers)
}

/// Writes an owner's ledger; makes its client when there is none.
pub async fn write_ledger(keycloak: &Keycloak, realm: &str, ledger: &Ledger) -> Result<(), CallError> {
    write(keycloak, realm, &ledger.owner, &pack(ledger, CHUNK)?).await
}

/// Writes the ledger that a run begins with, and takes the room that the one it ends with will need: a server (or a
/// proxy before it) that does not take so much says so before anything else is written.
pub async fn write_ledger_ahead(
    keycloak: &Keycloak,
    realm: &str,
    ledger: &Ledger,
    settled: &Ledger,
) -> Result<(), CallError> {
    let mut attributes = pack(ledger, CHUNK)?;
    take_room(&mut attributes, size(&pack(settled, CHUNK)?), CHUNK);
    write(keycloak, realm, &ledger.owner, &attributes).await
}

/// Returns whether a ledger needs more room than another one, beyond what every client has.
pub fn outgrows(settled: &Ledger, before: &Ledger) -> Result<bool, CallError> {
    let settled = size(&pack(settled, CHUNK)?);
    Ok(settled > CHUNK && settled > size(&pack(before, CHUNK)?))
}

async fn write(
    keycloak: &Keycloak,
    realm: &str,
    owner: &str,
    packed: &Map<String, Value>,
) -> Result<(), CallError> {
    match write_once(keycloak, realm, owner, packed).await {
        // A client whose making got no answer is found the second time, or made.
        Err(CallError::Keycloak(error)) if error.kind() == ErrorKind::Lost => {
            write_once(keycloak, realm, owner, packed).await
        }
        written => written,
    }
}

async fn write_once(
    keycloak: &Keycloak,
    realm: &str,
    owner: &str,
    packed: &Map<String, Value>,
) -> Result<(), CallError> {
    let name = format!("{PREFIX}{owner}");
    let root = format!("realms/{}/clients", kind::segment(realm));
    let found = keycloak.get(&format!("{root}?clientId={}", kind::segment(&name))).await?;
    let row = found.body.as_ref().and_then(Value::as_array).and_then(|it| it.first()).cloned();
    let ours = |attributes: &Map<String, Value>| client(&name, DESCRIPTION, attributes);
    let request = match row {
        Some(Value::Object(mut row)) => {
            let id = row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            row.remove("secret");
            row.remove("access");
            row.remove("protocolMappers");
            let before = row.remove("attributes");
            let attributes = replace(before.as_ref().and_then(Value::as_object), packed);
            row.extend(ours(&attributes));
            Request {
                method: Method::Put,
                path: format!("{root}/{}", kind::segment(&id)),
                body: Some(Value::Object(row)),
            }
        }
        _ => Request { method: Method::Post, path: root, body: Some(Value::Object(ours(packed))) },
    };
    keycloak.send(&request).await?;
    Ok(())
}

/// Returns the attributes of the client with another ledger. A PUT keeps the attributes that it does not name,
/// so chunks of a longer ledger are taken back by name.
fn replace(before: Option<&Map<String, Value>>, packed: &Map<String, Value>) -> Map<String, Value> {
    let is_ledgers =
        |key: &str| key.strip_prefix(ATTRIBUTE).is_some_and(|it| it.is_empty() || it.starts_with('.'));
    let mut attributes = before.cloned().unwrap_or_default();
    attributes.iter_mut().filter(|(key, _)| is_ledgers(key)).for_each(|(_, value)| *value = Value::Null);
    attributes.extend(packed.clone());
    attributes
}

/// What client policies may ask of every client: each profile that comes with Keycloak takes a client with these, also where
/// its executors configure nothing by themselves (measured on 26.0.8 and 26.7.5).
const STRICT: &[(&str, &str)] = &[
    ("access.token.signed.response.alg", "PS256"),
    ("dpop.bound.access.tokens", "true"),
    ("id.token.as.detached.signature", "true"),
    ("id.token.signed.response.alg", "PS256"),
    ("pkce.code.challenge.method", "S256"),
    ("request.object.required", "request or request_uri"),
    ("request.object.signature.alg", "PS256"),
    ("require.pushed.authorization.requests", "true"),
    ("tls.client.certificate.bound.access.tokens", "true"),
    ("token.endpoint.auth.signing.alg", "PS256"),
    ("user.info.response.signature.alg", "PS256"),
];

/// A client that can do nothing: disabled, every flow off, no key to sign with, and an address that nobody can have.
pub(super) fn client(name: &str, description: &str, attributes: &Map<String, Value>) -> Map<String, Value> {
    let strict = STRICT.iter().map(|&(name, value)| (name.to_owned(), Value::from(value)));
    let attributes: Map<String, Value> = strict.chain(attributes.clone()).collect();
    let fields = [
        ("clientId", json!(name)),
        ("description", json!(description)),
        ("enabled", json!(false)),
        ("publicClient", json!(false)),
        ("standardFlowEnabled", json!(false)),
        ("implicitFlowEnabled", json!(false)),
        ("directAccessGrantsEnabled", json!(false)),
        ("serviceAccountsEnabled", json!(false)),
        ("fullScopeAllowed", json!(false)),
        ("consentRequired", json!(true)),
        ("clientAuthenticatorType", json!("client-jwt")),
        ("redirectUris", json!(["https://realmwright.invalid/"])),
        ("attributes", Value::Object(attributes)),
    ];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// What stands in the first attribute of a ledger that is in chunks.
#[derive(Serialize, Deserialize)]
struct Chunked {
    format: u64,
    chunks: usize,
    /// SHA-256 over the chunks in their order.
    digest: String,
}

/// Returns the attributes that hold a ledger.
fn pack(ledger: &Ledger, chunk: usize) -> Result<Map<String, Value>, CallError> {
    let packed = deflated(&ledger.write());
    if packed.len() > LARGEST {
        return Err(CallError::LedgerTooLarge { bytes: packed.len(), limit: LARGEST });
    }
    if packed.len() <= chunk {
        return Ok(Map::from_iter([(ATTRIBUTE.to_owned(), json!(packed))]));
    }
    let mut attributes = in_chunks(ATTRIBUTE, &packed, chunk);
    let head = Chunked { format: CHUNKED, chunks: attributes.len(), digest: digest(&packed) };
    let head = serde_json::to_string(&head).expect("numbers and texts are JSON");
    attributes.insert(ATTRIBUTE.to_owned(), json!(deflated(&head)));
    Ok(attributes)
}

/// Returns `name.1`, `name.2` … with the parts of an ASCII text.
fn in_chunks(name: &str, text: &str, chunk: usize) -> Map<String, Value> {
    let parts = text.as_bytes().chunks(chunk).map(String::from_utf8_lossy);
    parts.enumerate().map(|(index, part)| (format!("{name}.{}", index + 1), json!(part))).collect()
}

/// Fills the client up to the size that its attributes will have once the run is over.
fn take_room(attributes: &mut Map<String, Value>, settled: usize, chunk: usize) {
    let more = settled.saturating_sub(size(attributes));
    // A ledger of one attribute fits wherever a client fits.
    if settled > chunk && more > 0 {
        attributes.extend(in_chunks(ROOM, &"-".repeat(more), chunk));
    }
}

fn size(attributes: &Map<String, Value>) -> usize {
    attributes.values().filter_map(Value::as_str).map(str::len).sum()
}

fn unpack(attributes: &Map<String, Value>) -> Result<Ledger, LedgerError> {
    let text = |key: &str| attributes.get(key).and_then(Value::as_str);
    let damaged = |it: &str| LedgerError::Damaged(it.to_owned());
    let whole = inflated(text(ATTRIBUTE).ok_or_else(|| damaged("it is empty"))?)?;
    let Ok(head) = serde_json::from_str::<Chunked>(&whole) else { return Ledger::read(&whole) };
    if head.format != CHUNKED {
        return Err(LedgerError::Newer(head.format));
    }
    let mut packed = String::new();
    for index in 1..=head.chunks.min(LARGEST / CHUNK) {
        packed += text(&format!("{ATTRIBUTE}.{index}")).ok_or_else(|| damaged("a part of it is missing"))?;
    }
    if digest(&packed) != head.digest {
        return Err(damaged("its parts do not belong together"));
    }
    Ledger::read(&inflated(&packed)?)
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn deflated(text: &str) -> String {
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    let bytes = deflate.write_all(text.as_bytes()).and_then(|()| deflate.finish());
    STANDARD.encode(bytes.unwrap_or_default())
}

fn inflated(packed: &str) -> Result<String, LedgerError> {
    let damaged = |it: &dyn std::fmt::Display| LedgerError::Damaged(it.to_string());
    let bytes = STANDARD.decode(packed).map_err(|it| damaged(&it))?;
    let mut text = String::new();
    // A ledger of the largest size holds far less than this; more would be somebody's joke.
    let mut inflate = flate2::read::DeflateDecoder::new(&bytes[..]).take(256 << 20);
    inflate.read_to_string(&mut text).map_err(|it| damaged(&it))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Entry;

    const SMALL: usize = 1_000;

    fn ledger(objects: usize) -> Ledger {
        let entry = |index: usize| {
            // No digest like another: the worst case for the compression.
            let field = |name: &str| {
                (format!("/{name}"), digest(&format!("{objects}{index}{name}"))[..32].to_owned())
            };
            let fields = ["email", "firstName", "lastName"].map(field).into();
            (Address::top(kind::USER, format!("user-{index:05}")), Entry { fields, ..Entry::default() })
        };
        Ledger {
            owner: "o".into(),
            serial: 3,
            entries: (0..objects).map(entry).collect(),
            ..Ledger::default()
        }
    }

    fn packed(objects: usize) -> Map<String, Value> {
        pack(&ledger(objects), SMALL).expect("fits")
    }

    /// Says what is wrong, and not what is in a ledger that should not have been read.
    fn trouble(attributes: &Map<String, Value>) -> Option<LedgerError> {
        unpack(attributes).err()
    }

    #[test]
    fn a_small_ledger_is_one_attribute_and_a_large_one_several() {
        for (objects, attributes) in [(1, 1), (5, 1), (100, 11)] {
            let packed = packed(objects);
            assert_eq!(packed.len(), attributes, "{objects} objects");
            assert!(packed.values().all(|it| it.as_str().is_some_and(|it| it.len() <= SMALL)));
            assert!(unpack(&packed).expect("undamaged") == ledger(objects));
        }
    }

    #[test]
    fn chunks_that_do_not_belong_together_are_damaged() {
        let (packed, other) = (packed(100), packed(101));
        let second = format!("{ATTRIBUTE}.2");
        let mut missing = packed.clone();
        missing.remove(&second);
        assert_eq!(trouble(&missing), Some(LedgerError::Damaged("a part of it is missing".into())));
        let damaged = LedgerError::Damaged("its parts do not belong together".into());
        for key in [ATTRIBUTE, &second] {
            let mut mixed = packed.clone();
            mixed.insert(key.to_owned(), other[key].clone());
            assert_eq!(trouble(&mixed), Some(damaged.clone()));
        }
        assert!(trouble(&Map::from_iter([(ATTRIBUTE.to_owned(), json!("!"))])).is_some());
        assert!(trouble(&Map::new()).is_some());
    }

    #[test]
    fn a_shorter_ledger_takes_the_chunks_of_a_longer_one_back() {
        let mut before = packed(100);
        before.insert("realm_client".into(), json!("false"));
        take_room(&mut before, 100 * SMALL, SMALL);
        let after = replace(Some(&before), &packed(1));
        assert_eq!(after["realm_client"], "false");
        let kept: Vec<&String> = after.iter().filter(|(_, it)| !it.is_null()).map(|(key, _)| key).collect();
        assert_eq!(kept, [ATTRIBUTE, "realm_client"]);
    }

    #[test]
    fn room_is_taken_for_what_a_run_ends_with() {
        let mut ahead = packed(1);
        take_room(&mut ahead, size(&packed(100)), SMALL);
        assert_eq!(size(&ahead), size(&packed(100)));
        let mut ahead = packed(1);
        take_room(&mut ahead, SMALL, SMALL);
        assert_eq!(ahead.len(), 1);
    }
}
