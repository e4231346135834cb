//! Tokens taken apart, and their signatures checked against a realm's public keys.
//!
//! A key is chosen by the token's `kid` alone, and the token's algorithm must be one that this key is for: a
//! token can neither bring its own key nor talk a public key into being a shared secret.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::Value;

/// A JSON web token, taken apart but not believed.
#[derive(Clone)]
pub struct Token {
    text: String,
    pub header: Value,
    pub claims: Value,
}

/// Whether a token's time has come and not gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Current,
    NotYet,
    Expired,
}

/// Why nobody can say that the realm has signed a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    #[error("it is not signed (`alg` is {alg})")]
    NotSigned { alg: String },
    #[error(
        "it is signed with {alg}, by a secret that only the server has: no published key can verify it (Keycloak signs refresh tokens and permission tickets so)"
    )]
    Symmetric { alg: String },
    #[error("it is signed with {alg}, which is not known here")]
    UnknownAlgorithm { alg: String },
    #[error("the realm has no key `{kid}` for {alg} (any more)")]
    UnknownKey { kid: String, alg: String },
    #[error("its signature is wrong: the realm did not sign this")]
    WrongSignature,
}

impl Token {
    /// Takes a token apart; nothing when it is none.
    pub fn read(text: &str) -> Option<Token> {
        let text = text.trim();
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, _] = parts[..] else { return None };
        let part = |it: &str| -> Option<Value> {
            let value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(it.trim_end_matches('=')).ok()?);
            value.ok().filter(Value::is_object)
        };
        Some(Token { header: part(header)?, claims: part(claims)?, text: text.to_owned() })
    }

    /// Returns the signature's algorithm.
    pub fn alg(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or("nothing")
    }

    /// Returns a claim that is text; empty when it is none.
    pub fn text(&self, claim: &str) -> &str {
        self.claims.get(claim).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns a claim that is a time, in seconds; none for 0, which Keycloak writes for "never".
    pub fn time(&self, claim: &str) -> Option<i64> {
        let value = self.claims.get(claim)?;
        #[expect(clippy::cast_possible_truncation, reason = "a time far beyond every clock may be cut")]
        let whole = |it: f64| it as i64;
        value.as_i64().or_else(|| value.as_f64().map(whole)).filter(|it| *it != 0)
    }

    /// Says whether the token holds at this time, in seconds.
    pub fn standing(&self, now: i64) -> Standing {
        if self.time("exp").is_some_and(|it| it <= now) {
            Standing::Expired
        } else if self.time("nbf").is_some_and(|it| it > now) {
            Standing::NotYet
        } else {
            Standing::Current
        }
    }
}

/// The public keys of a realm, by their `kid`.
#[derive(Clone)]
pub struct Keys(BTreeMap<String, (Jwk, DecodingKey)>);

impl Keys {
    /// Reads a key set; keys of unknown sorts and for other purposes are left out.
    pub(super) fn read(set: &Value) -> Keys {
        let keys = set.get("keys").and_then(Value::as_array).into_iter().flatten();
        let signing = keys
            .filter_map(|it| serde_json::from_value::<Jwk>(it.clone()).ok())
            .filter(|it| !matches!(it.common.public_key_use, Some(PublicKeyUse::Encryption)));
        let usable = signing.filter_map(|it| {
            Some((it.common.key_id.clone()?, (it.clone(), DecodingKey::from_jwk(&it).ok()?)))
        });
        Keys(usable.collect())
    }

    /// Checks that the realm signed a token. Its times, issuer and audience are another matter.
    pub fn verify(&self, token: &Token) -> Result<(), Unverified> {
        let alg = token.alg().to_owned();
        let algorithm: Algorithm = match alg.as_str() {
            "nothing" | "none" => return Err(Unverified::NotSigned { alg }),
            it if it.starts_with("HS") => return Err(Unverified::Symmetric { alg }),
            it => match it.parse() {
                Ok(algorithm) => algorithm,
                Err(_) => return Err(Unverified::UnknownAlgorithm { alg }),
            },
        };
        let kid = token.header.get("kid").and_then(Value::as_str).unwrap_or_default();
        let fits = |it: &&(Jwk, DecodingKey)| {
            it.0.common.key_algorithm.is_none_or(|of| of.to_string() == token.alg())
        };
        let Some((_, key)) = self.0.get(kid).filter(fits) else {
            return Err(Unverified::UnknownKey { kid: kid.to_owned(), alg });
        };
        let (message, signature) = token.text.rsplit_once('.').expect("a token has three parts");
        let verified = crypto::verify(signature, message.as_bytes(), key, algorithm);
        if matches!(verified, Ok(true)) { Ok(()) } else { Err(Unverified::WrongSignature) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(header: &Value, claims: &Value, signature: &str) -> Token {
        let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
        Token::read(&format!("{}.{}.{signature}", part(header), part(claims))).unwrap()
    }

    /// The key and the signed message of RFC 7515, appendix A.3 (ES256).
    fn es256() -> (Keys, String) {
        let keys = json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "kid": "k", "use": "sig", "alg": "ES256",
              "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
              "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" },
            { "kty": "something new", "kid": "n" },
        ]});
        let signature =
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let claims =
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        (Keys::read(&keys), format!("eyJhbGciOiJFUzI1NiJ9.{claims}.{signature}"))
    }

    #[test]
    fn a_token_without_kid_names_no_key_even_when_its_signature_is_right() {
        let (keys, text) = es256();
        let mut token = Token::read(&text).unwrap();
        let unknown = Unverified::UnknownKey { kid: String::new(), alg: "ES256".to_owned() };
        assert_eq!(keys.verify(&token), Err(unknown));
        // The signature covers the text, in which this header has no `kid`.
        token.header = json!({ "alg": "ES256", "kid": "k" });
        assert_eq!(keys.verify(&token), Ok(()));
        token.text = token.text.replace(".eyJpc3MiOiJqb2Ui", ".eyJpc3MiOiJqb2Yi");
        assert_eq!(keys.verify(&token), Err(Unverified::WrongSignature));
    }

    #[test]
    fn a_token_cannot_choose_how_it_is_checked() {
        let (keys, _) = es256();
        let of = |alg: &str, kid: &str| {
            keys.verify(&token(&json!({ "alg": alg, "kid": kid }), &json!({}), "AAAA")).unwrap_err()
        };
        let [alg, kid] = ["RS256", "k"].map(str::to_owned);
        assert_eq!(of("none", "k"), Unverified::NotSigned { alg: "none".to_owned() });
        assert_eq!(of("HS256", "k"), Unverified::Symmetric { alg: "HS256".to_owned() });
        assert_eq!(of("RS256", "k"), Unverified::UnknownKey { kid, alg });
        assert_eq!(of("XS256", "k"), Unverified::UnknownAlgorithm { alg: "XS256".to_owned() });
        assert_eq!(of("ES256", "k"), Unverified::WrongSignature);
        assert!(matches!(of("ES256", "n"), Unverified::UnknownKey { .. }));
    }

    #[test]
    fn what_is_no_token_is_not_read() {
        for text in ["", "a.b", "eyJ9.e30.x", "W10.W10.", "e30.e30", "e30.e30.a.b"] {
            assert!(Token::read(text).is_none(), "{text}");
        }
        assert!(Token::read("e30.e30.\n").is_some());
    }

    #[test]
    fn times_are_compared_with_the_clock() {
        for (claims, standing) in [
            (json!({ "exp": 101 }), Standing::Current),
            (json!({ "exp": 100 }), Standing::Expired),
            (json!({ "exp": 99.9 }), Standing::Expired),
            (json!({ "exp": 0, "nbf": 0 }), Standing::Current),
            (json!({ "nbf": 101, "exp": 200 }), Standing::NotYet),
            (json!({}), Standing::Current),
        ] {
            assert_eq!(token(&json!({}), &claims, "").standing(100), standing, "{claims}");
        }
    }
}
