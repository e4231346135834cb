//! Clients: combinations that Keycloak refuses with 500 on create.
//!
//! On update it is worse: making a client public drops its authorization and answers 204.

use super::Said;
use crate::kind::{settings_of, title};
use crate::state::{Address, Node, Object};
use crate::text::{At, Code, Note};

/// Authorization settings have a strategy of fewer choices than permissions have.
pub(in crate::kind) fn settings(_: Said<'_>, _: &Address, object: &Object, notes: &mut Vec<Note>) {
    if let Some(strategy) = object.get("decisionStrategy")
        && strategy.as_text() == Some("CONSENSUS")
    {
        let title = "the settings of a resource server cannot be CONSENSUS";
        notes.push(
            Note::error(Code::WrongStrategy, title, strategy.at, "Keycloak answers 500")
                .help("write UNANIMOUS or AFFIRMATIVE; a single permission may be CONSENSUS"),
        );
    }
}

/// Authorization needs a confidential client with a service account.
pub(in crate::kind) fn authorization(
    said: Said<'_>,
    address: &Address,
    client: &Object,
    notes: &mut Vec<Note>,
) {
    let settings = said.state.get(&settings_of(address));
    let switch = client.get("authorizationServicesEnabled");
    let is_on = switch.and_then(Node::as_bool);
    let at: At = match (switch, settings) {
        (Some(switch), _) if is_on == Some(true) => switch.at,
        (_, Some(settings)) => settings.at,
        _ => return,
    };
    let title = title(address);
    if let (Some(false), Some(switch)) = (is_on, switch) {
        notes.push(
            Note::error(
                Code::ImpossibleAuthorization,
                format!("{title} has authorization settings and none at once"),
                at,
                "declared",
            )
            .and(switch.at, "but switched off")
            .help("set `authorizationServicesEnabled: true`, or take the settings out"),
        );
        return;
    }
    for (field, words) in [("publicClient", "a public"), ("bearerOnly", "a bearer-only")] {
        if let Some(node) = client.get(field).filter(|it| it.as_bool() == Some(true)) {
            notes.push(
                Note::error(
                    Code::ImpossibleAuthorization,
                    format!("{words} client cannot have authorization: {title}"),
                    node.at,
                    "refused on create, dropped without a word on update",
                )
                .and(at, "authorization is declared here")
                .help("authorization needs a confidential client: one with a secret or a key"),
            );
        }
    }
    match client.get("serviceAccountsEnabled") {
        Some(node) if node.as_bool() == Some(false) => notes.push(
            Note::error(
                Code::NeedsServiceAccount,
                format!("authorization needs service accounts: {title}"),
                node.at,
                "refused on create, and no protection API without it",
            )
            .and(at, "authorization is declared here")
            .help("set `serviceAccountsEnabled: true`"),
        ),
        None if is_on == Some(true) => notes.push(
            Note::error(
                Code::NeedsServiceAccount,
                format!("authorization needs service accounts: {title}"),
                at,
                "without `serviceAccountsEnabled` Keycloak refuses to create it",
            )
            .help("add `serviceAccountsEnabled: true`"),
        ),
        Some(_) | None => {}
    }
}
