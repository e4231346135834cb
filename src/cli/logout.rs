//! `logout`: ends the session of a stored login at the server, and forgets it here.

use anyhow::bail;
use serde_json::{Value, json};

use super::Exit;
use super::connection::{Where, project_here};
use super::logins::store;
use super::realms::Format;
use super::secret::Sources;
use super::terminal::{document, print, say};
use crate::keycloak::{Openid, Reach, Stored};
use crate::report::safe::one_line;
use crate::run::UsageError;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only the login to this realm [default: `REALMWRIGHT_AUTH_REALM`, where it is set]
    #[arg(long, value_name = "REALM")]
    realm: Option<String>,
    /// Only the login with this client
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    #[command(flatten)]
    sources: Sources,
    /// Every login to this server
    #[arg(long, conflicts_with_all = ["realm", "client"])]
    all: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    place: Where,
}

impl Args {
    /// Returns the realm that is meant. The variable is no word against `--all`, and set to nothing it is none.
    fn realm(&self, variable: Option<String>) -> Option<String> {
        let variable = variable.filter(|it| !it.is_empty() && !self.all);
        self.realm.clone().or(variable)
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let reach = args.place.reach(&project_here()?, "logout")?;
    let realm = args.realm(std::env::var("REALMWRIGHT_AUTH_REALM").ok());
    let is_it = |wanted: Option<&str>, it: &str| wanted.is_none_or(|wanted| wanted == it);
    let mut logins: Vec<Stored> = store()?.of_server(&reach.server)?;
    logins.retain(|it| is_it(realm.as_deref(), &it.realm) && is_it(args.client.as_deref(), &it.client));
    if logins.len() > 1 && !args.all {
        let names: Vec<String> =
            logins.iter().map(|it| format!("--realm {} --client {}", it.realm, it.client)).collect();
        return Err(UsageError::new(format!(
            "several logins are stored: name one, or --all: {}",
            names.join(", ")
        ))
        .into());
    }
    if logins.is_empty() {
        say(&format!("no login is stored for {}", reach.server));
    }
    let (ended, outcome) = end(logins, &reach, &args.sources, args.format).await;
    if args.format == Format::Json {
        document(json!({ "server": reach.server, "logins": ended }));
    }
    outcome.map(|()| Exit::Clean)
}

/// Ends and forgets logins, and returns them. Trouble with one is told in the end and keeps no other alive.
async fn end(
    logins: Vec<Stored>,
    reach: &Reach,
    sources: &Sources,
    format: Format,
) -> (Vec<Value>, anyhow::Result<()>) {
    let (mut ended, mut outcome) = (Vec::new(), Ok(()));
    for login in logins {
        let one = end_one(&login, reach, sources).await;
        ended.push(json!({
            "realm": login.realm,
            "client": login.client,
            "user": login.user,
            "session_ended": one.is_ok(),
        }));
        match one {
            Ok(words) if format == Format::Text => print(&words),
            Ok(_) => {}
            Err(error) => {
                if let Err(earlier) = std::mem::replace(&mut outcome, Err(error)) {
                    say(&format!("{earlier:#}"));
                }
            }
        }
    }
    (ended, outcome)
}

async fn end_one(login: &Stored, reach: &Reach, sources: &Sources) -> anyhow::Result<String> {
    let openid = Openid::connect(reach, &login.realm)?;
    let client = sources.client(&login.client)?;
    let ended = openid.end(&client, &login.refresh).await;
    // Whatever the server says, nobody uses this login again.
    login.forget()?;
    let what = format!(
        "the login of {} to realm {} at {}",
        one_line(&login.user),
        one_line(&login.realm),
        login.server
    );
    match ended {
        Ok(Ok(())) => Ok(format!("ended {what}\n")),
        Ok(Err(refusal)) if refusal.error == "invalid_grant" => {
            Ok(format!("forgot {what}; its session had ended already\n"))
        }
        Ok(Err(refusal)) => {
            bail!("forgot {what}, but its session goes on until it expires: the server said {refusal}")
        }
        Err(error) => {
            let error = anyhow::Error::from(error);
            Err(error.context(format!("forgot {what}, but its session goes on until it expires")))
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::keycloak::Store;
    use crate::keycloak::openid::Tokens;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn the_variable_names_a_realm_but_does_not_narrow_all() {
        let realm = |flags: &[&str], variable: &str| {
            let line = Line::try_parse_from([&["logout"], flags].concat()).unwrap();
            line.args.realm(Some(variable.to_owned()))
        };
        assert_eq!(realm(&[], "a").as_deref(), Some("a"));
        assert_eq!(realm(&["--realm", "b"], "a").as_deref(), Some("b"));
        assert_eq!(realm(&["--all"], "a"), None);
        assert_eq!(realm(&[], ""), None);
        assert!(Line::try_parse_from(["logout", "--all", "--realm", "b"]).is_err());
    }

    #[tokio::test]
    async fn trouble_with_one_login_keeps_no_other_alive() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("logins"));
        let mut reach = Reach::new("http://127.0.0.1:1");
        reach.retry.tries = 1;
        let openid = Openid::connect(&reach, "a").unwrap();
        let whole = serde_json::json!({ "access_token": "aaa-token", "refresh_token": "rrr-token" });
        for client in ["one", "two"] {
            store.keep(&openid, client, "eric", &Tokens::read(&whole).unwrap()).unwrap();
        }
        let logins = store.of_server(&reach.server).unwrap();
        assert_eq!(logins.len(), 2);
        let (ended, outcome) = end(logins, &reach, &Sources::default(), Format::Json).await;
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains("its session goes on"), "{error}");
        let clients: Vec<_> = ended.iter().map(|it| (&it["client"], &it["session_ended"])).collect();
        assert_eq!(clients, [(&json!("one"), &json!(false)), (&json!("two"), &json!(false))]);
        assert!(store.of_server(&reach.server).unwrap().is_empty());
    }
}
