//! `get`: live objects, looked at by their addresses.

use serde_json::json;

use super::Exit;
use super::connection::Connection;
use super::inputs::patterns;
use super::terminal::{columns, document, print, say};
use crate::keycloak::Want;
use crate::kind::KINDS;
use crate::report::safe::one_line;
use crate::state::{Pattern, stars_match};
use crate::{export, report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// The realm to look into
    #[arg(long, value_name = "NAME")]
    realm: String,
    /// What to show, such as `client/demo/authz/**` or `role/*`
    #[arg(value_name = "PATTERN", required = true)]
    patterns: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// A line for each object
    #[default]
    Table,
    /// A manifest with all that they say
    Yaml,
    /// Each object with its address
    Json,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let patterns = patterns("PATTERN", &args.patterns)?;
    let target = args.connection.open_here("get").await?;
    let mut state = target.read(&args.realm, &want(&patterns)).await?.live.state;
    state.objects.retain(|it, _| patterns.iter().any(|pattern| pattern.covers(it)));
    if state.objects.is_empty() {
        say(&format!(
            "nothing in realm {} is called so: {}",
            one_line(&args.realm),
            args.patterns.join(", ")
        ));
    }
    match args.format {
        Format::Table => print(&report::objects_text(&state, columns(&std::io::stdout()))),
        Format::Yaml => print(&export::shown(&args.realm, &state)),
        Format::Json => document(json!({
            "server": target.server,
            "realm": args.realm,
            "objects": report::objects_json(&state),
        })),
    }
    Ok(Exit::Clean)
}

/// Returns what a read has to bring for what is looked for: users one by one where they are named, all where they are not.
fn want(patterns: &[Pattern]) -> Want {
    let mut want = Want { everything: true, ..Want::default() };
    for pattern in patterns {
        let (kind, name) = match pattern.segments() {
            [] => ("**", None),
            [kind] => (kind.as_str(), None),
            [kind, name, ..] => (kind.as_str(), Some(name)),
        };
        if !KINDS.iter().any(|it| it.are_people && stars_match(kind, it.name.word)) {
            continue;
        }
        match name.filter(|it| !it.contains('*')) {
            Some(name) => drop(want.users.insert(name.clone())),
            None => want.everybody = true,
        }
    }
    want.identities.clone_from(&want.users);
    want
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read_as_far_as_they_are_looked_for() {
        for (pattern, everybody, users) in [
            ("user/eric", false, "eric"),
            ("user/eric/**", false, "eric"),
            ("user/e*", true, ""),
            ("user", true, ""),
            ("**", true, ""),
            ("client/user/**", false, ""),
        ] {
            let want = want(&[Pattern::new(pattern)]);
            let named: Vec<&str> = want.users.iter().map(String::as_str).collect();
            assert_eq!((want.everybody, named.join(" ")), (everybody, users.to_owned()), "{pattern}");
        }
    }
}
