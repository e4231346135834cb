//! `token ticket`: the ticket that a resource server hands to somebody who may not come in yet.

use anyhow::bail;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;

use super::{Common, Purpose, denied, print_secret};
use crate::cli::Exit;
use crate::cli::realms::Format;
use crate::cli::secret::Sources;
use crate::cli::terminal::document;
use crate::keycloak::openid::{Grant, Wanted};
use crate::keycloak::{Openid, Secret};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The resource server
    #[arg(long, value_name = "ID")]
    client: String,
    #[command(flatten)]
    sources: Sources,
    /// A resource by its name or one of its uris, and maybe `#SCOPE`; again for more
    #[arg(long, value_name = "RESOURCE[#SCOPE]", required = true, value_parser = NonEmptyStringValueParser::new())]
    resource: Vec<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let openid = args.common.open()?;
    let client = args.sources.client(&args.client)?;
    let pat = openid.token(&client, &Grant::ClientCredentials { scope: String::new() }).await?;
    let pat = pat.map_err(|it| denied(it, &client, Purpose::ServiceAccount, &openid))?;
    let mut wanted: Vec<Wanted> = Vec::new();
    for text in &args.resource {
        let (resource, scope) = find(&openid, &pat.access, &args.client, text).await?;
        want(&mut wanted, resource, scope);
    }
    let ticket = openid.ticket(&pat.access, &wanted).await?;
    match args.common.format {
        Format::Text => print_secret(&ticket),
        Format::Json => document(json!({ "ticket": ticket.expose() })),
    }
    Ok(Exit::Clean)
}

/// Adds a wish to the others: a resource as a whole is more than any of its scopes.
fn want(wanted: &mut Vec<Wanted>, resource: String, scope: Option<String>) {
    match wanted.iter_mut().find(|it| it.resource == resource) {
        Some(known) if known.scopes.is_empty() => {}
        Some(known) => match scope {
            Some(scope) => known.scopes.push(scope),
            None => known.scopes.clear(),
        },
        None => wanted.push(Wanted { resource, scopes: scope.into_iter().collect() }),
    }
}

/// Returns the id of the one resource that is meant, and the scope: the whole text is looked for first, since a
/// `#` may stand in a name.
async fn find(
    openid: &Openid,
    pat: &Secret,
    client: &str,
    text: &str,
) -> anyhow::Result<(String, Option<String>)> {
    let split = text.rsplit_once('#').map(|(resource, scope)| (resource, Some(scope.to_owned())));
    for (resource, scope) in [Some((text, None)), split].into_iter().flatten() {
        // Keycloak takes an empty name for no condition, and answers with every resource.
        if resource.is_empty() {
            bail!("`{text}` names no resource: write RESOURCE#SCOPE");
        }
        let mut ids = openid.resources_named(pat, resource).await?;
        if ids.is_empty() {
            ids = openid.resources_at(pat, resource).await?;
        }
        match &mut ids[..] {
            [] => {}
            [id] => return Ok((std::mem::take(id), scope)),
            several => bail!(
                "{} resources of client `{client}` are named `{resource}` or have that uri: say which by name",
                several.len()
            ),
        }
    }
    bail!("client `{client}` has no resource with the name or the uri `{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_as_a_whole_swallows_its_scopes_in_either_order() {
        for scopes in [[None, Some("view")], [Some("view"), None]] {
            let mut wanted = Vec::new();
            for scope in scopes {
                want(&mut wanted, "a".to_owned(), scope.map(str::to_owned));
            }
            assert_eq!(wanted, [Wanted { resource: "a".to_owned(), scopes: vec![] }]);
        }
        let mut wanted = Vec::new();
        for scope in ["view", "edit"] {
            want(&mut wanted, "a".to_owned(), Some(scope.to_owned()));
        }
        assert_eq!(wanted[0].scopes, ["view", "edit"]);
    }
}
