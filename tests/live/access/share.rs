//! Shares, made and ended as the owners of resources do.

use serde_json::{Value, json};

use crate::server::Server;

/// Shares a resource as its owner does.
pub(crate) fn make_share(server: &Server, realm: &str, share: &Value) -> Result<(), String> {
    let owner = share["owner"].as_str();
    let mut form = vec![("client_id", "rs"), ("client_secret", "secret")];
    match owner {
        Some(user) => form.extend([("grant_type", "password"), ("username", user), ("password", "p")]),
        None => form.push(("grant_type", "client_credentials")),
    }
    let (status, answer) = server.token(realm, &form)?;
    let token = answer["access_token"].as_str().ok_or_else(|| format!("login: {status} {answer}"))?;
    let resource = share["resource"].as_str().unwrap_or("");
    server.share(realm, token, resource, &share["share"]).map_err(|it| format!("{share}: {it}"))
}

/// Has the owner of a resource manage its access no longer.
pub(super) fn end_sharing(server: &Server, realm: &str, share: &Value) -> Result<(), String> {
    let clients = server.get(&format!("/{realm}/clients?clientId=rs"))?;
    let rs = clients[0]["id"].as_str().unwrap_or("");
    let resource = share["resource"].as_str().unwrap_or("");
    let path = format!("/{realm}/clients/{rs}/authz/resource-server/resource/{resource}");
    let mut wanted = server.get(&path)?;
    wanted["ownerManagedAccess"] = json!(false);
    server.put(&path, &wanted).map(|_| ())
}
