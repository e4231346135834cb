//! The client in whose name tokens are asked for, and how it proves who it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use url::Url;

use super::super::{Error, Secret};

pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who asks for tokens.
#[derive(Clone, Debug)]
pub enum Client {
    /// A public client: it proves nothing.
    Public { id: String },
    /// A confidential client with a secret.
    Secret { id: String, secret: Secret },
    /// A confidential client that signs its request (RS256) with this private key, PEM.
    SignedJwt { id: String, key: Secret },
}

impl Client {
    /// Returns the client's `clientId`.
    pub fn id(&self) -> &str {
        match self {
            Client::Public { id } | Client::Secret { id, .. } | Client::SignedJwt { id, .. } => id,
        }
    }

    /// Returns what no message may show.
    pub(super) fn secret(&self) -> Option<&Secret> {
        match self {
            Client::Public { .. } => None,
            Client::Secret { secret, .. } => Some(secret),
            Client::SignedJwt { key, .. } => Some(key),
        }
    }
}

/// Returns a login signed with RS256, valid for a minute by the server's clock.
pub(super) fn assertion(id: &str, issuer: &str, now: i64, key: &Secret) -> Result<String, Error> {
    let refuse = |cause: &str| Error::Key { cause: cause.to_owned() };
    let der = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|_| refuse("it is no private key in PEM without a passphrase"))?;
    let key =
        rustls::crypto::ring::sign::any_supported_type(&der).map_err(|_| refuse("its type is not known"))?;
    let signer = key
        .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
        .ok_or_else(|| refuse("RS256 needs an RSA key (of 2048 bits or more)"))?;
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|_| refuse("the system gives no random numbers"))?;
    let claims = json!({
        "iss": id, "sub": id, "aud": issuer, "jti": URL_SAFE_NO_PAD.encode(random),
        "iat": now, "exp": now + 60,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(&claims));
    let signature = signer.sign(signed.as_bytes()).map_err(|_| refuse("it does not sign"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Returns the claims of a token, unverified: they only help to ask the right questions.
pub(in super::super) fn claims(token: &str) -> Option<Value> {
    let body = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body.trim_end_matches('=')).ok()?).ok()
}

/// Appends path segments, percent-encoded.
pub(in super::super) fn under(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    url.path_segments_mut().expect("http addresses have a path").pop_if_empty().extend(segments);
    url
}
