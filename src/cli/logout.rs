//! `logout`: ends the session of a stored login at the server, and forgets it here.

use super::Exit;
use super::connection::{Where, project_here};
use super::exit::UsageError;
use super::login::store;
use super::secret::Sources;
use super::terminal::{print, say};
use crate::keycloak::{Openid, Stored};
use crate::report::safe::one_line;

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
    for login in logins {
        let openid = Openid::connect(&reach, &login.realm)?;
        let client = args.sources.client(&login.client)?;
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
            Ok(Ok(())) => print(&format!("ended {what}\n"))?,
            Ok(Err(refusal)) if refusal.error == "invalid_grant" => {
                print(&format!("forgot {what}; its session had ended already\n"))?;
            }
            Ok(Err(refusal)) => {
                anyhow::bail!(
                    "forgot {what}, but its session goes on until it expires: the server said {refusal}"
                )
            }
            Err(error) => {
                return Err(anyhow::Error::from(error)
                    .context(format!("forgot {what}, but its session goes on until it expires")));
            }
        }
    }
    Ok(Exit::Clean)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

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
}
