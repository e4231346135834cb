//! A login in this machine's browser: the authorization code with PKCE, brought back to a loopback port
//! (RFC 8252). The code is worth nothing to whoever has not the verifier, and an answer with another `state`
//! than ours is not an answer to our question.

use std::future::IntoFuture as _;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::{NewLogin, SCOPE, show};
use crate::cli::token::{Purpose, denied};
use crate::keycloak::Secret;
use crate::keycloak::openid::{Grant, Pkce, Tokens, authorization_url, nonce};
use crate::report::safe::one_line;

pub(super) async fn log_in(login: &NewLogin<'_>, patience: Duration) -> anyhow::Result<Tokens> {
    let document = login.openid.document().await.with_context(|| {
        format!("cannot log in to realm `{}`; name another with --realm", login.openid.realm())
    })?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port to come back to")?;
    let redirect = format!("http://127.0.0.1:{}/callback", listener.local_addr()?.port());
    let (state, pkce) = (nonce()?, Pkce::draw()?);
    let endpoint = &document.authorization_endpoint;
    let address = authorization_url(endpoint, login.client.id(), &redirect, SCOPE, &state, &pkce);
    if let Some(refusal) = login.openid.page_refuses(&address).await? {
        return Err(denied(refusal, login.client, Purpose::Login, login.openid).into());
    }
    let expected = Expected { state, issuer: document.issuer };
    let waiting = come_back(listener, expected);
    show(address.as_str(), login.opens, "Log in with a browser on this machine, at");
    let Ok(code) = tokio::time::timeout(patience, waiting).await else {
        bail!(
            "nobody logged in within {} seconds; without a browser on this machine, use --device",
            patience.as_secs()
        );
    };
    let grant = Grant::Code { code: code?, verifier: pkce.verifier, redirect };
    login
        .openid
        .token(login.client, &grant)
        .await?
        .map_err(|it| denied(it, login.client, Purpose::Login, login.openid).into())
}

/// What an answer has to carry to be the answer to our question.
#[derive(Clone)]
struct Expected {
    state: String,
    issuer: String,
}

/// What the browser brings back.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Expected {
    /// Returns the code, or why there is none.
    fn code(&self, answer: Answer) -> anyhow::Result<Secret> {
        if answer.state.as_deref() != Some(&self.state) {
            bail!(
                "the browser came back with the answer to another login (its `state` is not ours); begin again"
            );
        }
        if answer.iss.is_some_and(|it| it != self.issuer) {
            bail!("the browser came back from another issuer than {}", self.issuer);
        }
        match (answer.code, answer.error) {
            (Some(code), None) if !code.is_empty() => Ok(Secret::new(code)),
            (_, Some(error)) if error == "access_denied" => {
                Err(anyhow!("the login was denied in the browser"))
            }
            (_, error) => {
                let description = answer.error_description.map(|it| format!(": {it}")).unwrap_or_default();
                let error = error.unwrap_or_else(|| "no code".to_owned());
                Err(anyhow!(
                    "the browser came back without a login ({})",
                    one_line(&format!("{error}{description}"))
                ))
            }
        }
    }
}

/// Waits for the browser, answers it with a page, and returns the code.
async fn come_back(listener: TcpListener, expected: Expected) -> anyhow::Result<Secret> {
    type Tell = mpsc::Sender<anyhow::Result<Secret>>;
    let answer = |State((expected, tell)): State<(Expected, Tell)>, Query(answer): Query<Answer>| async move {
        let outcome = expected.code(answer);
        let response = page(outcome.as_ref().err());
        // After the first answer nobody is left to be told.
        let _ = tell.try_send(outcome);
        response
    };
    let (tell, mut told) = mpsc::channel(1);
    let (end, ended) = oneshot::channel::<()>();
    let app = axum::Router::new().route("/callback", get(answer)).with_state((expected, tell));
    let serving = axum::serve(listener, app).with_graceful_shutdown(async {
        let _ = ended.await;
    });
    let mut serving = pin!(serving.into_future());
    let outcome = tokio::select! {
        outcome = told.recv() => outcome.context("the loopback port closed"),
        failed = &mut serving => Err(anyhow!("the loopback port failed: {failed:?}")),
    };
    let _ = end.send(());
    // The page goes out first; a connection that nobody uses does not keep us.
    let _ = tokio::time::timeout(Duration::from_secs(2), serving).await;
    outcome?
}

/// The page that the browser ends on. It loads nothing and names nothing.
fn page(problem: Option<&anyhow::Error>) -> Response {
    let (status, title, words) = match problem {
        None => (StatusCode::OK, "Logged in", "realmwright has what it needs. You can close this page."),
        Some(_) => {
            (StatusCode::BAD_REQUEST, "Not logged in", "The terminal says why. You can close this page.")
        }
    };
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>\
         <style>body{{font:1.1rem system-ui;margin:20vh auto;max-width:32rem;text-align:center}}</style>\
         <h1>{title}</h1><p>{words}</p></html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONNECTION, "close"),
    ];
    (status, headers, html).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(query: &str) -> Result<String, String> {
        let url = axum::http::Uri::builder().path_and_query(format!("/callback?{query}")).build().unwrap();
        let Query(answer) = Query::<Answer>::try_from_uri(&url).unwrap();
        let expected =
            Expected { state: "s".to_owned(), issuer: "https://sso.example.org/realms/a".to_owned() };
        expected.code(answer).map(|it| it.expose().to_owned()).map_err(|it| it.to_string())
    }

    #[test]
    fn only_the_answer_to_our_question_counts() {
        assert_eq!(answer("code=c&state=s"), Ok("c".to_owned()));
        assert_eq!(answer("code=c&state=s&iss=https://sso.example.org/realms/a&more=1"), Ok("c".to_owned()));
        for (query, part) in [
            ("code=c", "not ours"),
            ("code=c&state=x", "not ours"),
            ("error=access_denied", "not ours"),
            ("code=c&state=s&iss=https://evil.example.org", "another issuer"),
            ("error=access_denied&state=s", "denied"),
            (
                "error=server_error&error_description=it%1b[31m+broke&state=s",
                "(server_error: it\\u{1b}[31m broke)",
            ),
            ("state=s", "no code"),
            ("code=&state=s", "no code"),
            ("code=c&error=access_denied&state=s", "denied"),
        ] {
            let error = answer(query).unwrap_err();
            assert!(error.contains(part), "{query}: {error}");
        }
    }
}
