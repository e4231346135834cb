//! The proof that the code of a browser login is used by whoever began it (RFC 7636), and the address that begins it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::super::{Error, Secret};

/// A verifier that stays here, and its digest that goes along.
#[derive(Clone, Debug)]
pub struct Pkce {
    pub verifier: Secret,
    /// `S256` of the verifier.
    pub challenge: String,
}

impl Pkce {
    /// Draws a new verifier.
    pub fn draw() -> Result<Pkce, Error> {
        Ok(Pkce::of(&nonce()?))
    }

    fn of(verifier: &str) -> Pkce {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        Pkce { verifier: Secret::new(verifier), challenge }
    }
}

/// Draws 32 random bytes, as text: what nobody can guess.
pub fn nonce() -> Result<String, Error> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random)
        .map_err(|_| Error::Key { cause: "the system gives no random numbers".to_owned() })?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

/// Returns the address at which a browser logs in and comes back to `redirect`.
pub fn authorization_url(
    endpoint: &Url,
    client: &str,
    redirect: &str,
    scope: &str,
    state: &str,
    pkce: &Pkce,
) -> Url {
    let mut url = endpoint.clone();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", client)
        .append_pair("redirect_uri", redirect)
        .append_pair("scope", scope)
        .append_pair("state", state)
        .append_pair("code_challenge", &pkce.challenge)
        .append_pair("code_challenge_method", "S256");
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_drawn_verifier_is_long_enough_and_never_the_same() {
        let (one, other) = (Pkce::draw().unwrap(), Pkce::draw().unwrap());
        assert_eq!(one.verifier.expose().len(), 43);
        assert_ne!(one.challenge, other.challenge);
    }

    #[test]
    fn names_are_encoded_in_the_address() {
        let endpoint = Url::parse("https://sso.example.org/realms/a/protocol/openid-connect/auth").unwrap();
        let (back, pkce) = ("http://127.0.0.1:9/callback", Pkce::of("v"));
        let url = authorization_url(&endpoint, "a&b", back, "openid profile", "s", &pkce);
        assert!(url.as_str().contains("client_id=a%26b&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback"));
        assert!(url.as_str().contains("scope=openid+profile&state=s&code_challenge="));
    }
}
