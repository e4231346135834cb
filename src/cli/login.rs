//! `login`: a person logs in once, in a browser, and later commands use and renew what is stored then.

use std::time::Duration;

use anyhow::bail;
use jiff::Timestamp;
use serde_json::json;

use super::Exit;
use super::connection::{Where, project_here};
use super::logins::store;
use super::realms::Format;
use super::secret::Sources;
use super::terminal::{document, print, say};
use super::token::words::span;
use crate::keycloak::Openid;
use crate::keycloak::openid::{Client, Token, Tokens};
use crate::report::safe::one_line;

mod browser;
mod device;
mod qr;

/// What is asked for: who logged in, and nothing beyond the client's own scopes.
const SCOPE: &str = "openid";

#[derive(Debug, clap::Args)]
#[command(after_help = "The login is stored in realmwright/logins in the user's state folder (or \
    REALMWRIGHT_STATE_DIR), readable by its owner alone. plan, apply, drift and doctor use it when no other \
    login is given, and renew it.")]
pub(super) struct Args {
    /// The realm to log in to [default: master]
    #[arg(long, value_name = "REALM", env = "REALMWRIGHT_AUTH_REALM")]
    realm: Option<String>,
    /// The client to log in with
    #[arg(long, value_name = "ID", default_value = "realmwright")]
    client: String,
    #[command(flatten)]
    sources: Sources,
    /// Log in on another device: shows an address, a code and a QR code, and waits
    #[arg(long)]
    device: bool,
    /// Only print the address; open no browser
    #[arg(long)]
    no_browser: bool,
    /// How many seconds to wait for the browser
    #[arg(long, default_value_t = 300, value_name = "SECONDS", conflicts_with = "device", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    place: Where,
}

/// What both ways of logging in need.
struct NewLogin<'a> {
    openid: &'a Openid,
    client: &'a Client,
    opens: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    // A variable that is set to nothing is as good as none.
    let realm = args.realm.as_deref().filter(|it| !it.is_empty()).unwrap_or("master");
    let openid = Openid::connect(&args.place.reach(&project_here()?, "login")?, realm)?;
    let client = args.sources.client(&args.client)?;
    let store = store()?;
    // What would keep the login from being stored should not come after it.
    store.of_server(openid.server())?;
    store.try_out()?;
    let login = NewLogin { openid: &openid, client: &client, opens: !args.no_browser };
    let tokens = if args.device {
        device::log_in(&login).await?
    } else {
        browser::log_in(&login, Duration::from_secs(args.timeout)).await?
    };
    if tokens.refresh.is_none() {
        bail!(
            "client `{}` gives no refresh token, without which a login lasts for minutes; set its attribute use.refresh.tokens to \"true\" in its manifest",
            args.client
        );
    }
    let user = user_of(&tokens);
    let stored = store.keep(&openid, &args.client, &user, &tokens)?;
    let lasts = match stored.refresh_expires {
        Some(until) => {
            // What is left of it when this is written is a little less.
            let seconds = until.as_second() - Timestamp::now().as_second();
            let seconds = if seconds < 60 { seconds } else { (seconds + 30) / 60 * 60 };
            format!("lasts {} without use", span(seconds))
        }
        None => "does not end by itself".to_owned(),
    };
    match args.format {
        Format::Text => print(&format!(
            "logged in to realm {} at {} as {}; the session {lasts}\n",
            one_line(&stored.realm),
            stored.server,
            one_line(&user)
        )),
        Format::Json => document(json!({
            "server": stored.server,
            "realm": stored.realm,
            "client": stored.client,
            "user": user,
            "session_expires_at": stored.refresh_expires.map(|it| it.to_string()),
        })),
    }
    if !matches!(client, Client::Public { .. }) {
        say(&format!(
            "client `{}` has to prove itself when this login is renewed: keep its secret in REALMWRIGHT_CLIENT_SECRET or REALMWRIGHT_CLIENT_SECRET_FILE (a key in REALMWRIGHT_CLIENT_KEY_FILE)",
            one_line(&args.client)
        ));
    }
    Ok(Exit::Clean)
}

/// Returns who logged in, as the tokens tell; admin clients leave most out of the access token.
fn user_of(tokens: &Tokens) -> String {
    let id = tokens.whole.get("id_token").and_then(serde_json::Value::as_str);
    let told = [id, Some(tokens.access.expose())].into_iter().flatten().filter_map(Token::read);
    let name = told
        .flat_map(|it| ["preferred_username", "sub"].map(|claim| it.text(claim).to_owned()))
        .find(|it| !it.is_empty());
    name.unwrap_or_else(|| "somebody".to_owned())
}

/// Shows an address and opens it where there is something to open it with.
fn show(address: &str, opens: bool, words: &str) {
    say(&format!("{words}\n  {address}"));
    if opens && has_browser() && webbrowser::open(address).is_err() {
        say("no browser could be opened: open the address yourself");
    }
}

/// On Linux a browser without a display would be a text browser, which takes the terminal away.
fn has_browser() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
    cfg!(not(target_os = "linux")) || ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(is_set)
}
