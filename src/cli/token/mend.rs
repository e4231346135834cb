//! What to change when the server refuses a login or a token.

use crate::keycloak::Openid;
use crate::keycloak::openid::{Client, Refusal};
use crate::run::DeniedError;

/// Fails with what the server said, and what to change.
pub(in crate::cli) fn denied(refusal: Refusal, client: &Client, openid: &Openid) -> DeniedError {
    let mend = mend(&refusal, client, openid.realm());
    DeniedError::new(refusal, mend)
}

/// Returns what would mend a refusal; empty where the server's words say enough.
fn mend(refusal: &Refusal, client: &Client, realm: &str) -> String {
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
    } else if refusal.error == "invalid_client" || says("invalid client") {
        match client {
            Client::Public { .. } => no_client(id, realm),
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
fn no_client(id: &str, realm: &str) -> String {
    format!(
        "there is no client `{id}` in realm `{realm}`, or it has a secret (REALMWRIGHT_CLIENT_SECRET, --client-secret-env, --client-secret-file); a manifest for one that people can log in with:\n
realm: {realm}
clients:
  - clientId: {id}
    publicClient: true
    redirectUris: [http://127.0.0.1/callback]
    attributes:
      oauth2.device.authorization.grant.enabled: \"true\"
      pkce.code.challenge.method: S256
"
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
                Refusal { status: 400, error: error.to_owned(), description: description.to_owned() };
            let mend = mend(&refusal, &public, "a");
            assert!(mend.contains(part), "{mend}");
        }
    }
}
