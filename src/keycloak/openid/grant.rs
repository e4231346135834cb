//! What the token endpoint is asked for, and what it answers.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::super::Secret;

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// What a client asks the token endpoint for.
#[derive(Clone, Debug)]
pub enum Grant {
    /// A user's tokens for the user's password.
    Password { user: String, password: Secret, scope: String },
    /// The tokens of the client's own service account.
    ClientCredentials { scope: String },
    /// Newer tokens of the same session.
    Refresh(Secret),
    /// The tokens of whoever agreed on another device.
    Device { code: Secret, verifier: Secret },
    /// The tokens for the code that a browser brought back.
    Code { code: Secret, verifier: Secret, redirect: String },
    /// A user's token without the user, for a client that may impersonate: an exchange of Keycloak's own that
    /// only servers with the feature `token-exchange` offer (26.7.5 answers without a subject token, too).
    Impersonate { user: String, scope: String },
    /// A token for other audiences or scopes (RFC 8693, as Keycloak's standard exchange).
    Exchange { subject: Secret, audience: Vec<String>, scope: String },
}

impl Grant {
    /// Returns what no message may show.
    pub(super) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Grant::Password { password, .. } => vec![password],
            Grant::ClientCredentials { .. } | Grant::Impersonate { .. } => vec![],
            Grant::Refresh(token) => vec![token],
            Grant::Device { code, verifier } => vec![code, verifier],
            Grant::Code { code, verifier, .. } => vec![code, verifier],
            Grant::Exchange { subject, .. } => vec![subject],
        }
    }

    pub(super) fn form(&self) -> Vec<(&'static str, String)> {
        let own = |secret: &Secret| secret.expose().to_owned();
        let (kind, mut form, scope) = match self {
            Grant::Password { user, password, scope } => {
                ("password", vec![("username", user.clone()), ("password", own(password))], scope.as_str())
            }
            Grant::ClientCredentials { scope } => ("client_credentials", vec![], scope.as_str()),
            Grant::Impersonate { user, scope } => {
                (TOKEN_EXCHANGE, vec![("requested_subject", user.clone())], scope.as_str())
            }
            Grant::Refresh(token) => ("refresh_token", vec![("refresh_token", own(token))], ""),
            Grant::Device { code, verifier } => (
                "urn:ietf:params:oauth:grant-type:device_code",
                vec![("device_code", own(code)), ("code_verifier", own(verifier))],
                "",
            ),
            Grant::Code { code, verifier, redirect } => (
                "authorization_code",
                vec![
                    ("code", own(code)),
                    ("code_verifier", own(verifier)),
                    ("redirect_uri", redirect.clone()),
                ],
                "",
            ),
            Grant::Exchange { subject, audience, scope } => {
                let mut form = vec![
                    ("subject_token", own(subject)),
                    ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token".to_owned()),
                    ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token".to_owned()),
                ];
                form.extend(audience.iter().map(|it| ("audience", it.clone())));
                (TOKEN_EXCHANGE, form, scope.as_str())
            }
        };
        form.push(("grant_type", kind.to_owned()));
        if !scope.is_empty() {
            form.push(("scope", scope.to_owned()));
        }
        form
    }
}

/// What the token endpoint gave.
#[derive(Clone)]
pub struct Tokens {
    pub access: Secret,
    pub refresh: Option<Secret>,
    /// How long the access token lives.
    pub expires_in: Duration,
    /// How long the session lives without a refresh; nothing for one that does not end, or when nothing is said.
    pub refresh_expires_in: Option<Duration>,
    /// The whole answer, which holds the tokens in clear.
    pub whole: Value,
}

impl Tokens {
    /// Reads the endpoint's answer; nothing when it holds no token.
    pub(crate) fn read(whole: &Value) -> Option<Tokens> {
        let text = |name: &str| whole.get(name).and_then(Value::as_str);
        let seconds = |name: &str| whole.get(name).and_then(Value::as_u64).map(Duration::from_secs);
        let access = Secret::new(text("access_token")?);
        let refresh = text("refresh_token").map(Secret::new);
        // What nothing is said of lives as long as Keycloak's shortest default.
        let expires_in = seconds("expires_in").unwrap_or(Duration::from_secs(60));
        let refresh_expires_in = seconds("refresh_expires_in").filter(|it| !it.is_zero());
        Some(Tokens { access, refresh, expires_in, refresh_expires_in, whole: whole.clone() })
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = Secret> + use<> {
        let id = self.whole.get("id_token").and_then(Value::as_str).map(Secret::new);
        [Some(self.access.clone()), self.refresh.clone(), id].into_iter().flatten()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens for {} s", self.expires_in.as_secs())
    }
}

/// An answer of the token endpoint that gives nothing, in the server's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {}", self.text())]
pub struct TokenRefusal {
    pub status: u16,
    /// The error code, such as `access_denied`, `invalid_grant`, `authorization_pending`.
    pub error: String,
    pub description: String,
}

impl TokenRefusal {
    /// Returns the server's words without the status.
    pub fn text(&self) -> String {
        if self.description.is_empty() {
            self.error.clone()
        } else {
            format!("{}: {}", self.error, self.description)
        }
    }
}

/// A login that somebody has to agree to in a browser elsewhere.
#[derive(Clone, Debug)]
pub struct Device {
    pub code: Secret,
    /// What the person compares or types.
    pub user_code: String,
    /// Where the person goes; the second form has the code in it.
    pub verification_uri: String,
    pub verification_uri_complete: String,
    pub expires_in: Duration,
    /// The shortest pause between two polls.
    pub interval: Duration,
}

impl Device {
    pub(super) fn read(answer: &Value) -> Option<Device> {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let seconds = |name: &str, otherwise| {
            Duration::from_secs(answer.get(name).and_then(Value::as_u64).unwrap_or(otherwise))
        };
        let address =
            |name: &str| text(name).filter(|it| it.starts_with("http://") || it.starts_with("https://"));
        let verification_uri = address("verification_uri")?;
        Some(Device {
            code: Secret::new(text("device_code")?),
            user_code: text("user_code")?,
            verification_uri_complete: address("verification_uri_complete")
                .unwrap_or_else(|| verification_uri.clone()),
            verification_uri,
            expires_in: seconds("expires_in", 600),
            interval: seconds("interval", 5),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_may_not_print_does_not_print() {
        let tokens =
            Tokens::read(&json!({ "access_token": "aaa-token", "refresh_token": "rrr-token" })).unwrap();
        assert!(!format!("{tokens:?}").contains("-token"));
        let grant = Grant::Refresh(Secret::new("rrr-token"));
        assert!(!format!("{grant:?}").contains("-token"));
    }

    #[test]
    fn a_device_answer_leads_nowhere_but_to_the_web() {
        let answer = |uri: &str| {
            Device::read(
                &json!({ "device_code": "d", "user_code": "U", "verification_uri": uri, "expires_in": 9 }),
            )
        };
        let device = answer("https://sso.example.org/device").unwrap();
        assert_eq!(device.verification_uri_complete, "https://sso.example.org/device");
        assert_eq!((device.expires_in.as_secs(), device.interval.as_secs()), (9, 5));
        assert!(answer("javascript:alert(1)").is_none());
    }

    #[test]
    fn an_exchange_may_name_several_audiences() {
        let audience = vec!["a".to_owned(), "b".to_owned()];
        let form = Grant::Exchange { subject: Secret::new("s"), audience, scope: String::new() }.form();
        assert_eq!(form.iter().filter(|it| it.0 == "audience").count(), 2);
        assert!(!form.iter().any(|it| it.0 == "scope"));
    }
}
