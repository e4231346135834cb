//! A login on another device (RFC 8628): this one shows an address and a code, and asks until somebody agreed.

use std::time::Duration;

use anyhow::bail;
use tokio::time::Instant;

use super::{NewLogin, SCOPE, qr, show};
use crate::cli::terminal::say;
use crate::cli::token::words::span;
use crate::cli::token::{Purpose, denied};
use crate::keycloak::openid::{Device, Grant, Pkce, Tokens};
use crate::report::safe::one_line;

/// What the server asks for when it is asked too often.
const SLOWER: Duration = Duration::from_secs(5);

pub(super) async fn log_in(login: &NewLogin<'_>) -> anyhow::Result<Tokens> {
    let pkce = Pkce::draw()?;
    let device = match login.openid.device(login.client, SCOPE, &pkce).await? {
        Ok(device) => device,
        Err(refusal) => return Err(denied(refusal, login.client, Purpose::Login, login.openid).into()),
    };
    tell(&device, login.opens);
    let end = Instant::now() + device.expires_in;
    let mut pause = device.interval;
    loop {
        if Instant::now() + pause > end {
            bail!("nobody agreed in time: the code has expired; begin again");
        }
        tokio::time::sleep(pause).await;
        let grant = Grant::Device { code: device.code.clone(), verifier: pkce.verifier.clone() };
        let refusal = match login.openid.token(login.client, &grant).await? {
            Ok(tokens) => return Ok(tokens),
            Err(refusal) => refusal,
        };
        match refusal.error.as_str() {
            "authorization_pending" => {}
            "slow_down" => pause += SLOWER,
            "access_denied" => bail!("the login was denied in the browser"),
            "expired_token" => bail!("nobody agreed in time: the code has expired; begin again"),
            _ => return Err(denied(refusal, login.client, Purpose::Login, login.openid).into()),
        }
    }
}

fn tell(device: &Device, opens: bool) {
    let address = one_line(&device.verification_uri_complete);
    if let Some(picture) = qr::for_terminal(&address) {
        say(&picture);
    }
    show(&address, opens, "Log in with any browser, at");
    let lasts = span(i64::try_from(device.expires_in.as_secs()).unwrap_or(i64::MAX));
    say(&format!("and check that it shows the code {}; it is good for {lasts}", one_line(&device.user_code)));
}
