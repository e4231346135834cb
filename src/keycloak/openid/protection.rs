//! User-managed access: what a resource server asks with its own token, and what a user asks with theirs.

use serde_json::{Value, json};

use super::super::exchange::until_answered;
use super::super::{Error, Method, Secret};
use super::{Openid, Reply, Tokens, refused};

/// A resource and the scopes that are wanted on it; none means all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The resource's id.
    pub resource: String,
    pub scopes: Vec<String>,
}

/// What a user asks permission for.
#[derive(Clone, Debug)]
pub enum Ask {
    /// What a resource server wrote on a ticket.
    Ticket(Secret),
    /// Permissions of a resource server, each `RESOURCE#SCOPE`, `RESOURCE` or `#SCOPE`; none means all of them.
    Permissions { audience: String, permissions: Vec<String>, by: By },
}

/// How permissions name their resources: all of a question alike (26.0 and 26.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// By name or id.
    Name,
    /// By a URI that the resource has, letter by letter.
    Uri,
    /// By a URI that one of the resource's patterns covers.
    MatchedUri,
}

const UMA: &str = "urn:ietf:params:oauth:grant-type:uma-ticket";

impl Openid {
    /// Asks for a token with the permissions of the bearer (RPT).
    pub async fn rpt(&self, bearer: &Secret, ask: &Ask) -> Reply<Tokens> {
        self.redactor.hide(bearer.expose());
        let mut form = vec![("grant_type", UMA.to_owned())];
        match ask {
            Ask::Ticket(ticket) => {
                self.redactor.hide(ticket.expose());
                form.push(("ticket", ticket.expose().to_owned()));
            }
            Ask::Permissions { audience, permissions, by } => {
                form.push(("audience", audience.clone()));
                if *by != By::Name {
                    form.push(("permission_resource_format", "uri".to_owned()));
                    form.push(("permission_resource_matching_uri", (*by == By::MatchedUri).to_string()));
                }
                form.extend(permissions.iter().map(|it| ("permission", it.clone())));
            }
        }
        self.post(&["token"], &form, Some(bearer), |it| self.tokens(it)).await
    }

    /// Returns the ids of a resource server's resources with this name; `pat` is its service account's token.
    pub async fn resources_named(&self, pat: &Secret, name: &str) -> Result<Vec<String>, Error> {
        self.resource_ids(pat, &[("name", name), ("exactName", "true")]).await
    }

    /// Returns the ids of a resource server's resources that have this very uri.
    pub async fn resources_at(&self, pat: &Secret, uri: &str) -> Result<Vec<String>, Error> {
        self.resource_ids(pat, &[("uri", uri)]).await
    }

    async fn resource_ids(&self, pat: &Secret, query: &[(&str, &str)]) -> Result<Vec<String>, Error> {
        let query: Vec<(&str, &str)> = [query, &[("max", "-1")]].concat();
        let body = self.protection(Method::Get, pat, "resource_set", &query, None).await?;
        let ids = body.as_array().into_iter().flatten();
        // The plain form is a list of ids; the deep one would be a list of resources.
        Ok(ids.filter_map(|it| it.as_str().or_else(|| it.get("_id")?.as_str())).map(str::to_owned).collect())
    }

    /// Asks for a ticket that a user may turn into a token.
    pub async fn ticket(&self, pat: &Secret, wanted: &[Wanted]) -> Result<Secret, Error> {
        let one = |it: &Wanted| json!({ "resource_id": it.resource, "resource_scopes": it.scopes });
        let body = Value::from(wanted.iter().map(one).collect::<Vec<_>>());
        let answer = self.protection(Method::Post, pat, "permission", &[], Some(&body)).await?;
        let ticket = Secret::new(answer.get("ticket").and_then(Value::as_str).unwrap_or_default());
        self.redactor.hide(ticket.expose());
        Ok(ticket)
    }

    async fn protection(
        &self,
        method: Method,
        pat: &Secret,
        what: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        self.redactor.hide(pat.expose());
        self.may_send_secrets()?;
        let url = self.url(&["authz", "protection", what]);
        let raw = until_answered(self.limits, method, &url, || {
            let request =
                self.http.request(method.on_the_wire(), url.clone()).query(query).bearer_auth(pat.expose());
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        })
        .await?;
        match raw.json() {
            Some(body) if (200..300).contains(&raw.status) => Ok(body),
            _ => Err(refused(method, &url, &self.refusal(&url, &raw)?)),
        }
    }
}
