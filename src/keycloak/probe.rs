//! Finds rights by asking. First the roles of the user who is logged in, where it may look itself up: they
//! tell in two requests what else takes a dozen. Otherwise requests that only read, small ones, each answered
//! differently to those who may and to those who may not, also in an empty realm.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::openid::under;
use super::rights::{MASTER, from_token, rights_client};
use super::{Answer, Error, ErrorKind, Keycloak, Method, Request, Right, Rights};

/// No object has this id.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// What came back to a probe, where a refusal is an answer too.
enum Found {
    Allowed(Answer),
    Forbidden,
    /// Whatever else: the part does not exist on this server, or the request was found wanting.
    Other(u16),
}

impl Found {
    fn right(&self) -> Right {
        match self {
            Found::Allowed(_) => Right::Yes,
            Found::Forbidden => Right::No,
            Found::Other(_) => Right::Unknown,
        }
    }

    fn rows(&self) -> &[Value] {
        match self {
            Found::Allowed(answer) => {
                answer.body.as_ref().and_then(Value::as_array).map_or(&[], Vec::as_slice)
            }
            Found::Forbidden | Found::Other(_) => &[],
        }
    }
}

impl Keycloak {
    /// Returns what this credential may do in a realm.
    ///
    /// With a token that carries roles nothing is sent, so the realm may not exist; otherwise a realm that does
    /// not exist is the error `NotFound`.
    pub async fn rights(&self, realm: &str) -> Result<Rights, Error> {
        let bearer = self.0.tokens.bearer().await?;
        let (rights, how) = match from_token(&bearer.token, realm) {
            Some(rights) => (rights, "as its token says"),
            None => (self.probed(realm).await?, "as small requests show"),
        };
        let of = |wanted: Right| {
            let names: Vec<&str> = rights.parts().filter(|it| it.1 == wanted).map(|it| it.0).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(" ") }
        };
        let (has, lacks, may_have) = (of(Right::Yes), of(Right::No), of(Right::Unknown));
        tracing::info!(
            "rights in realm {realm}, {how}: has {has}; lacks {lacks}; only trying tells {may_have}"
        );
        Ok(rights)
    }

    /// Probing costs a dozen requests, so one connection asks once per realm: a run does not outlive its rights.
    async fn probed(&self, realm: &str) -> Result<Rights, Error> {
        let mut known = self.0.rights.lock().await;
        if let Some(rights) = known.get(realm) {
            return Ok(*rights);
        }
        let rights = Box::pin(rights(self, realm)).await?;
        known.insert(realm.to_owned(), rights);
        Ok(rights)
    }
}

async fn rights(keycloak: &Keycloak, realm: &str) -> Result<Rights, Error> {
    let base = realm_path(realm);
    // Everybody with any right there sees at least a stub; nobody else sees anything.
    let realm_row = match ask(keycloak, Method::Get, base.clone(), None).await {
        Ok(Found::Allowed(answer)) => answer.body.unwrap_or_default(),
        Ok(Found::Forbidden) => return Ok(Rights::all(Right::No).but("create-realm", Right::Unknown)),
        // Asked again it says what is wrong, or nothing is wrong any more.
        Ok(Found::Other(_)) => keycloak.get(&base).await?.body.unwrap_or_default(),
        Err(error) => return Err(error),
    };
    let whole = realm_row.get("sslRequired").is_some();
    // Whoever may not see whether the realm has fine-grained permissions cannot rule them out.
    let is_off = |it: &Value| it.get("adminPermissionsEnabled").and_then(Value::as_bool) != Some(true);
    let sees_parts = !(whole && is_off(&realm_row));
    // The roles say it all in two requests, where they may be seen and leave nothing open.
    let by_roles = own_roles(keycloak, realm).await?;
    if let Some(rights) = by_roles.filter(|it| it.named("view-authorization") != Right::Unknown) {
        return Ok(rights);
    }
    let get = |below: &str| ask(keycloak, Method::Get, format!("{base}/{below}"), None);
    let (view_users, users, clients, providers, events, organizations) = tokio::try_join!(
        // Lists are empty to those who may only query; the login failures of nobody are not.
        get(&format!("attack-detection/brute-force/users/{NOBODY}")),
        get("users?max=1"),
        get("clients?max=20"),
        get("identity-provider/instances?max=1"),
        get("events/config"),
        get("organizations?max=1"),
    )?;
    let post = |below: &str, body| ask(keycloak, Method::Post, format!("{base}/{below}"), body);
    let manage_realm = if whole {
        post("partial-export?exportClients=false&exportGroupsAndRoles=false", None).await?.right()
    } else {
        Right::No
    };
    let view_users = view_users.right();
    let manage_users = match (view_users, managed(users.rows(), "manage")) {
        (Right::No, _) => Right::No,
        (_, Right::Unknown) => managed(get("groups?max=1").await?.rows(), "manage"),
        (_, known) => known,
    };
    // Every realm has clients: whoever sees none may not see them.
    let view_clients = Right::of(!clients.rows().is_empty());
    let manage_clients = match view_clients {
        Right::No => Right::No,
        Right::Yes | Right::Unknown => managed(clients.rows(), "manage"),
    };
    let server = clients
        .rows()
        .iter()
        .find(|it| it.get("authorizationServicesEnabled").and_then(Value::as_bool) == Some(true))
        .and_then(|it| it.get("id").and_then(Value::as_str));
    // Only through a client that has authorization can it be asked about.
    let view_authorization = match server {
        Some(id) => get(&format!("clients/{id}/authz/resource-server/resource?max=1")).await?.right(),
        None => Right::Unknown,
    };
    let view_identity_providers = providers.right();
    let manage_identity_providers = match view_identity_providers {
        // An import of nothing: those who may are told that it lacks everything.
        Right::Yes => match post("identity-provider/import-config", Some(json!({}))).await? {
            Found::Forbidden => Right::No,
            Found::Allowed(_) | Found::Other(400) => Right::Yes,
            Found::Other(_) => Right::Unknown,
        },
        Right::No | Right::Unknown => view_identity_providers,
    };
    let at_most = |view: Right| if view == Right::No { Right::No } else { Right::Unknown };
    let view_organizations = match organizations.right() {
        // An empty list is also what those see who may only query.
        Right::Yes if organizations.rows().is_empty() && !manage_realm.is_yes() => Right::Unknown,
        right @ (Right::Yes | Right::No | Right::Unknown) => right,
    };
    let mut probed = Rights::each(|name| match name {
        "view-realm" => Right::of(whole),
        "view-users" => view_users,
        "view-clients" => view_clients,
        "view-authorization" => view_authorization,
        "view-identity-providers" => view_identity_providers,
        "view-events" => events.right(),
        "view-organizations" => view_organizations,
        "manage-realm" => manage_realm,
        "realm-admin" => at_most(manage_realm),
        "manage-users" => manage_users,
        "manage-clients" => manage_clients,
        "manage-authorization" if manage_clients.is_yes() => Right::Unknown,
        "authorization-settings" if manage_clients.is_yes() => Right::Yes,
        "manage-authorization" | "authorization-settings" => at_most(view_authorization),
        "manage-identity-providers" => manage_identity_providers,
        "manage-events" => at_most(events.right()),
        "manage-organizations" if manage_realm.is_yes() => Right::Yes,
        "manage-organizations" => at_most(view_organizations),
        "partial-export" => manage_realm.and(view_users).and(view_clients),
        // No request of this realm tells whether there may be others.
        _ => Right::Unknown,
    });
    probed.sees_parts = sees_parts;
    Ok(match by_roles {
        Some(by_roles) => by_roles.or(probed),
        None => probed,
    })
}

/// Returns the rights by the roles of the user who is logged in, where it may look itself up.
async fn own_roles(keycloak: &Keycloak, realm: &str) -> Result<Option<Rights>, Error> {
    let Some((home, user)) = keycloak.0.tokens.user() else { return Ok(None) };
    let Some(client) = rights_client(home, realm) else { return Ok(None) };
    let base = realm_path(home);
    let get = |below: String| ask(keycloak, Method::Get, format!("{base}/{below}"), None);
    let query = |name: &str, value: &str| {
        url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
    };
    let users = get(format!("users?exact=true&{}", query("username", user))).await?;
    let Some(user) = only_id(users.rows()) else { return Ok(None) };
    let of_realm = get(format!("users/{user}/role-mappings/realm/composite")).await?;
    if of_realm.right() != Right::Yes {
        return Ok(None);
    }
    if home == MASTER && names(&of_realm).contains("admin") {
        return Ok(Some(Rights::all(Right::Yes)));
    }
    let clients = get(format!("clients?{}", query("clientId", &client))).await?;
    let Some(client) = only_id(clients.rows()) else { return Ok(None) };
    let of_client = get(format!("users/{user}/role-mappings/clients/{client}/composite")).await?;
    Ok(match of_client {
        Found::Allowed(_) => {
            let may_create = home == MASTER && names(&of_realm).contains("create-realm");
            Some(Rights::of_roles(&names(&of_client), may_create))
        }
        Found::Forbidden | Found::Other(_) => None,
    })
}

fn only_id(rows: &[Value]) -> Option<&str> {
    match rows {
        [row] => row.get("id").and_then(Value::as_str),
        _ => None,
    }
}

fn names(roles: &Found) -> BTreeSet<&str> {
    roles.rows().iter().filter_map(|role| role.get("name").and_then(Value::as_str)).collect()
}

/// Returns what the first row says about our access to it.
fn managed(rows: &[Value], what: &str) -> Right {
    match rows.first().and_then(|row| row.get("access")) {
        None => Right::Unknown,
        Some(access) => Right::of(access.get(what).and_then(Value::as_bool) == Some(true)),
    }
}

async fn ask(keycloak: &Keycloak, method: Method, path: String, body: Option<Value>) -> Result<Found, Error> {
    match keycloak.send(&Request { method, path, body }).await {
        Ok(answer) => Ok(Found::Allowed(answer)),
        Err(error) => match error.kind() {
            ErrorKind::Forbidden { .. } => Ok(Found::Forbidden),
            ErrorKind::NotFound => Ok(Found::Other(404)),
            ErrorKind::Refused { status } | ErrorKind::Server { status } => Ok(Found::Other(status)),
            ErrorKind::Conflict => Ok(Found::Other(409)),
            ErrorKind::Input
            | ErrorKind::Unreachable
            | ErrorKind::Timeout
            | ErrorKind::Tls
            | ErrorKind::NotKeycloak
            | ErrorKind::Login
            | ErrorKind::Expired
            | ErrorKind::TooLong
            | ErrorKind::Lost => Err(error),
        },
    }
}

/// Returns `realms/<realm>` with the name percent-encoded.
fn realm_path(realm: &str) -> String {
    let base = url::Url::parse("http://localhost/").expect("a constant address");
    under(&base, &["realms", realm]).path().trim_start_matches('/').to_owned()
}
