//! What to change when the server refuses a login or a token.

use crate::keycloak::Openid;
use crate::keycloak::openid::{Client, TokenRefusal};
use crate::run::DeniedError;

/// What a client is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Purpose {
    /// Let somebody log in with a browser.
    Login,
    /// Renew such a login.
    Renew,
    /// Log a user in with a password.
    Passwords,
    /// Act by itself.
    ServiceAccount,
    /// Turn one token into another.
    Exchange,
}

impl Purpose {
    /// Returns what a client for it can do, and the lines of its manifest.
    fn example(self) -> (&'static str, &'static str) {
        match self {
            Purpose::Login | Purpose::Renew => (
                "that people can log in with",
                "    publicClient: true
    redirectUris: [http://127.0.0.1/callback]
    attributes:
      oauth2.device.authorization.grant.enabled: \"true\"
      pkce.code.challenge.method: S256
",
            ),
            Purpose::Passwords => (
                "that takes passwords",
                "    publicClient: true
    standardFlowEnabled: false
    directAccessGrantsEnabled: true
",
            ),
            Purpose::ServiceAccount => (
                "that has a service account",
                "    secret: { fromEnv: REALMWRIGHT_CLIENT_SECRET }
    standardFlowEnabled: false
    serviceAccountsEnabled: true
",
            ),
            Purpose::Exchange => (
                "that may exchange tokens",
                "    secret: { fromEnv: REALMWRIGHT_CLIENT_SECRET }
    standardFlowEnabled: false
    attributes: { standard.token.exchange.enabled: \"true\" }
",
            ),
        }
    }
}

/// Fails with what the server said, and what to change.
pub(in crate::cli) fn denied(
    refusal: TokenRefusal,
    client: &Client,
    purpose: Purpose,
    openid: &Openid,
) -> DeniedError {
    let mend = mend(&refusal, client, purpose, openid.realm());
    DeniedError::new(refusal, mend)
}

/// Returns what would mend a refusal; empty where the server's words say enough.
fn mend(refusal: &TokenRefusal, client: &Client, purpose: Purpose, realm: &str) -> String {
    let text = refusal.text();
    let says = |part: &str| text.to_lowercase().contains(part);
    let id = client.id();
    let set = |what: &str| format!("; set `{what}` in its manifest");
    if says("realm does not exist") {
        format!("there is no realm `{realm}`")
    } else if refusal.error == "invalid_redirect_uri" {
        format!(
            "client `{id}` does not let a browser come back to this machine{}",
            set("redirectUris: [http://127.0.0.1/callback]")
        )
    } else if says("device authorization grant") {
        format!(
            "client `{id}` has no device grant{}",
            set("attributes: { oauth2.device.authorization.grant.enabled: \"true\" }")
        )
    } else if says("standard flow is disabled") {
        format!("client `{id}` has no browser login{}", set("standardFlowEnabled: true"))
    } else if says("direct access grants") {
        format!("client `{id}` takes no passwords{}", set("directAccessGrantsEnabled: true"))
    } else if says("service account") && says("public client") {
        format!(
            "client `{id}` is public, and only a client with a secret can have a service account{}",
            set(
                "publicClient: false, secret: { fromEnv: REALMWRIGHT_CLIENT_SECRET }, serviceAccountsEnabled: true"
            )
        )
    } else if says("service account") {
        format!("client `{id}` has no service account{}", set("serviceAccountsEnabled: true"))
    } else if says("requested_subject") {
        "this server lets no client impersonate: it would have to be started with the feature `token-exchange`".to_owned()
    } else if says("not allowed to exchange") {
        format!(
            "client `{id}` may not impersonate this user, or there is no such user: an administrator has to permit it"
        )
    } else if says("token exchange is not enabled") {
        format!(
            "client `{id}` may not exchange tokens{}",
            set("attributes: { standard.token.exchange.enabled: \"true\" }")
        )
    } else if says("fully set up") {
        "the account has required actions, or lacks email, first or last name".to_owned()
    } else if says("invalid user credentials") {
        "wrong user name or password, or the user lives in another realm (--realm)".to_owned()
    } else if purpose == Purpose::Renew && refusal.error == "invalid_grant" {
        "the session has ended; begin another with `realmwright login`".to_owned()
    } else if refusal.error == "invalid_client" || says("invalid client") {
        match client {
            Client::Public { .. } => no_client(id, purpose, realm),
            Client::Secret { .. } => {
                format!("there is no client `{id}` in realm `{realm}`, or its secret is another one")
            }
            Client::SignedJwt { .. } => {
                format!("there is no client `{id}` in realm `{realm}`, or it does not accept this key")
            }
        }
    } else {
        String::new()
    }
}

/// A client that proves nothing is unknown, or should have proven itself.
fn no_client(id: &str, purpose: Purpose, realm: &str) -> String {
    let has_secret = "it has a secret (REALMWRIGHT_CLIENT_SECRET, --client-secret-env, --client-secret-file)";
    if purpose == Purpose::Renew {
        return format!("renewing a login of client `{id}` needs that client's secret, as {has_secret}");
    }
    let (what, lines) = purpose.example();
    format!(
        "there is no client `{id}` in realm `{realm}`, or {has_secret}; a manifest for one {what}:\n
realm: {realm}
clients:
  - clientId: {id}
{lines}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keycloak_says_is_mended_by_name() {
        let public = Client::Public { id: "app".to_owned() };
        for (error, description, part) in [
            (
                "unauthorized_client",
                "Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client.",
                "client `app` has no device grant; set `attributes: { oauth2.device.authorization.grant.enabled: \"true\" }` in its manifest",
            ),
            (
                "unauthorized_client",
                "Client not allowed for direct access grants",
                "directAccessGrantsEnabled: true",
            ),
            (
                "unauthorized_client",
                "Client not enabled to retrieve service account",
                "serviceAccountsEnabled",
            ),
            ("invalid_client", "Invalid client or Invalid client credentials", "\n  - clientId: app\n"),
            ("invalid_redirect_uri", "", "redirectUris: [http://127.0.0.1/callback]"),
            ("invalid_grant", "Invalid user credentials", "wrong user name or password"),
            (
                "invalid_request",
                "Parameter 'requested_subject' is not supported for standard token exchange",
                "feature `token-exchange`",
            ),
            ("access_denied", "Client not allowed to exchange", "may not impersonate"),
        ] {
            let refusal =
                TokenRefusal { status: 400, error: error.to_owned(), description: description.to_owned() };
            let mend = mend(&refusal, &public, Purpose::Login, "a");
            assert!(mend.contains(part), "{mend}");
        }
    }

    #[test]
    fn what_is_advised_fits_what_was_asked_for() {
        let public = Client::Public { id: "app".to_owned() };
        let unknown = "Invalid client or Invalid client credentials";
        for (purpose, part, not) in [
            (Purpose::Login, "redirectUris", "serviceAccountsEnabled"),
            (Purpose::Passwords, "directAccessGrantsEnabled: true", "redirectUris"),
            (Purpose::ServiceAccount, "serviceAccountsEnabled: true", "redirectUris"),
            (Purpose::Exchange, "standard.token.exchange.enabled", "redirectUris"),
            (Purpose::Renew, "renewing a login of client `app` needs that client's secret", "clientId"),
        ] {
            let refusal = TokenRefusal {
                status: 401,
                error: "invalid_client".to_owned(),
                description: unknown.to_owned(),
            };
            let mend = mend(&refusal, &public, purpose, "a");
            assert!(mend.contains(part) && !mend.contains(not), "{mend}");
            // What is advised is a manifest.
            if let Some((_, manifest)) = mend.split_once("\n\n") {
                let loaded = crate::manifest::load_texts(
                    &[("a.yaml", manifest)],
                    &crate::manifest::Project::default(),
                );
                assert_eq!((loaded.realms.len(), loaded.notes.len()), (1, 0), "{:?}", loaded.notes);
            }
        }
    }
}
