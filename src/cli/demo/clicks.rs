//! What somebody clicks in the admin console of the demo.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::keycloak::{Keycloak, Method, Request};

/// Three changes as a person would click them, and how to say each.
pub(super) async fn meddle(keycloak: &Keycloak, realm: &str) -> anyhow::Result<Vec<String>> {
    let get = async |path: String| -> anyhow::Result<Value> {
        Ok(keycloak.get(&format!("realms/{realm}/{path}")).await?.body.unwrap_or_default())
    };
    let first = |rows: &Value| rows.get(0).cloned().context("the example's objects are there");
    let id = |row: &Value| row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let send = async |method, path: String, body: Value| -> anyhow::Result<()> {
        keycloak.send(&Request { method, path: format!("realms/{realm}/{path}"), body: Some(body) }).await?;
        Ok(())
    };

    let mut client = first(&get("clients?clientId=demo".to_owned()).await?)?;
    let client_id = id(&client);
    if let Some(uris) = client.get_mut("redirectUris").and_then(Value::as_array_mut) {
        uris.push(json!("https://somewhere-else.example.org/*"));
    }
    if let Some(client) = client.as_object_mut() {
        client.remove("secret");
    }
    send(Method::Put, format!("clients/{client_id}"), client).await?;

    let user = first(&get("users?exact=true&username=eric".to_owned()).await?)?;
    let role = get("roles/user-premium".to_owned()).await?;
    send(Method::Delete, format!("users/{}/role-mappings/realm", id(&user)), json!([role])).await?;

    let server = format!("clients/{client_id}/authz/resource-server");
    let permission = first(&get(format!("{server}/permission?name=Eric%20space%20permission")).await?)?;
    let policy =
        first(&get(format!("{server}/policy?permission=false&name=Only%20Alice%20User%20Policy")).await?)?;
    let path = format!("{server}/permission/resource/{}", id(&permission));
    let mut permission = get(path.clone()).await?;
    permission["policies"] = json!([id(&policy)]);
    send(Method::Put, path, permission).await?;
    Ok(vec![
        "added a redirect URI to client demo".to_owned(),
        "took role user-premium from eric".to_owned(),
        "put policy `Only Alice User Policy` in place of Eric's in permission `Eric space permission`"
            .to_owned(),
    ])
}
