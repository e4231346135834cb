//! One realm on a server, looked at with plain requests: objects by name, logins, and what tokens say.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::server::Server;
use crate::tree::{list, sorted, word};

/// A realm, by name.
pub(crate) struct Realm<'a> {
    pub(crate) server: &'a Server,
    pub(crate) name: &'a str,
}

impl Server {
    pub(crate) fn realm<'a>(&'a self, name: &'a str) -> Realm<'a> {
        Realm { server: self, name }
    }
}

impl Realm<'_> {
    /// Reads a path below the realm.
    pub(crate) fn get(&self, path: &str) -> Result<Value, String> {
        self.server.get(&format!("/{}{path}", self.name))
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<(), String> {
        self.server.post(&format!("/{}{path}", self.name), body).map(|_| ())
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Result<(), String> {
        self.server.put(&format!("/{}{path}", self.name), body).map(|_| ())
    }

    pub(crate) fn delete(&self, path: &str) -> Result<(), String> {
        self.server.delete(&format!("/{}{path}", self.name)).map(|_| ())
    }

    pub(crate) fn delete_with(&self, path: &str, body: &Value) -> Result<(), String> {
        let path = format!("/{}{path}", self.name);
        let (status, answer) = self.server.call(reqwest::Method::DELETE, &path, Some(body))?;
        if status.is_success() { Ok(()) } else { Err(format!("DELETE {path}: {status} {answer}")) }
    }

    /// Returns the row of a list whose field has a value; null when there is none.
    pub(crate) fn row(&self, path: &str, field: &str, value: &str) -> Result<Value, String> {
        let rows = self.get(path)?;
        Ok(list(&rows).iter().find(|it| it[field] == value).cloned().unwrap_or_default())
    }

    fn id(&self, path: &str, field: &str, value: &str) -> Result<String, String> {
        let row = self.row(path, field, value)?;
        let id = [&row["id"], &row["_id"]].into_iter().find_map(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| format!("{path} has no {field} {value}"))
    }

    /// Returns the path of a client.
    pub(crate) fn client(&self, name: &str) -> Result<String, String> {
        Ok(format!("/clients/{}", self.id(&format!("/clients?clientId={name}"), "clientId", name)?))
    }

    /// Returns the path of a user.
    pub(crate) fn user(&self, name: &str) -> Result<String, String> {
        Ok(format!("/users/{}", self.id(&format!("/users?exact=true&username={name}"), "username", name)?))
    }

    /// Returns the path of a group at the top.
    pub(crate) fn group(&self, name: &str) -> Result<String, String> {
        Ok(format!("/groups/{}", self.id("/groups", "name", name)?))
    }

    /// Returns the path of a client scope.
    pub(crate) fn client_scope(&self, name: &str) -> Result<String, String> {
        Ok(format!("/client-scopes/{}", self.id("/client-scopes", "name", name)?))
    }

    /// Returns the path of a client's authorization.
    pub(crate) fn authz(&self, client: &str) -> Result<String, String> {
        Ok(format!("{}/authz/resource-server", self.client(client)?))
    }

    /// Makes something of a client's authorization: a `resource`, a `scope`, a `policy/TYPE`, a `permission/TYPE`.
    pub(crate) fn make(&self, client: &str, what: &str, body: &Value) -> Result<(), String> {
        self.post(&format!("{}/{what}", self.authz(client)?), body)
    }

    /// Returns a policy or permission by its name; null when there is none.
    pub(crate) fn policy(&self, client: &str, name: &str) -> Result<Value, String> {
        let authz = self.authz(client)?;
        let row = self.row(&format!("{authz}/policy?max=-1"), "name", name)?;
        if row.is_null() {
            return Ok(row);
        }
        self.get(&format!("{authz}/policy/{}/{}", word(&row["type"]), word(&row["id"])))
    }

    /// Returns a resource by its name; null when there is none.
    pub(crate) fn resource(&self, client: &str, name: &str) -> Result<Value, String> {
        self.row(&format!("{}/resource?deep=true&max=-1", self.authz(client)?), "name", name)
    }

    /// Returns the names of a client's resources, or policies (with permissions).
    pub(crate) fn names(&self, client: &str, what: &str) -> Result<Vec<String>, String> {
        let rows = self.get(&format!("{}/{what}?max=-1", self.authz(client)?))?;
        Ok(sorted(list(&rows).iter().map(|it| word(&it["name"]))))
    }

    /// Returns the names of what a policy or permission refers to: `associatedPolicies`, `resources` or `scopes`.
    pub(crate) fn of_policy(&self, client: &str, name: &str, what: &str) -> Result<Vec<String>, String> {
        let policy = self.policy(client, name)?;
        let path = format!("{}/policy/{}/{what}", self.authz(client)?, word(&policy["id"]));
        let rows = self.get(&path)?;
        Ok(sorted(list(&rows).iter().map(|it| word(&it["name"]))))
    }

    /// Returns the names of the realm roles that a user has, but for the default role.
    pub(crate) fn roles_of(&self, user: &str) -> Result<Vec<String>, String> {
        let rows = self.get(&format!("{}/role-mappings/realm", self.user(user)?))?;
        let names = list(&rows).iter().map(|it| word(&it["name"]));
        Ok(sorted(names.filter(|it| !it.starts_with("default-roles-"))))
    }

    /// Returns the groups of a user, by path.
    pub(crate) fn groups_of(&self, user: &str) -> Result<Vec<String>, String> {
        let rows = self.get(&format!("{}/groups", self.user(user)?))?;
        Ok(sorted(list(&rows).iter().map(|it| word(&it["path"]))))
    }

    /// Logs a user in through a client and returns the access token.
    pub(crate) fn login(
        &self,
        client: &str,
        secret: &str,
        user: &str,
        password: &str,
    ) -> Result<String, String> {
        self.login_for(client, secret, user, password, "openid profile")
    }

    /// The same, asking for these client scopes.
    pub(crate) fn login_for(
        &self,
        client: &str,
        secret: &str,
        user: &str,
        password: &str,
        scopes: &str,
    ) -> Result<String, String> {
        let form = [
            ("grant_type", "password"),
            ("client_id", client),
            ("client_secret", secret),
            ("scope", scopes),
            ("username", user),
            ("password", password),
        ];
        let (status, answer) = self.server.token(self.name, &form)?;
        answer["access_token"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| format!("login of {user}: {status} {answer}"))
    }

    /// Gives or takes a realm role of a user, as an administrator would in the console.
    pub(crate) fn grant(&self, user: &str, role: &str) -> Result<(), String> {
        let role = self.get(&format!("/roles/{role}"))?;
        self.post(&format!("{}/role-mappings/realm", self.user(user)?), &json!([role]))
    }

    pub(crate) fn revoke(&self, user: &str, role: &str) -> Result<(), String> {
        let role = self.get(&format!("/roles/{role}"))?;
        self.delete_with(&format!("{}/role-mappings/realm", self.user(user)?), &json!([role]))
    }

    /// Lets a user administer the realm, by roles of `realm-management`.
    pub(crate) fn administer(&self, user: &str, roles: &[&str]) -> Result<(), String> {
        let management = self.client("realm-management")?;
        let roles = roles.iter().map(|it| self.get(&format!("{management}/roles/{it}")));
        let roles = Value::from(roles.collect::<Result<Vec<_>, _>>()?);
        self.post(&format!("{}/role-mappings{management}", self.user(user)?), &roles)
    }

    /// Makes the user `part` (password `part-password`), who has these roles of `realm-management` and sees one object of
    /// a type.
    pub(crate) fn sees_one(&self, roles: &[&str], of_type: &str, id: &Value) -> Result<(), String> {
        let person = json!({ "username": "part", "enabled": true, "email": "p@example.org", "firstName": "P", "lastName": "P",
            "credentials": [{ "type": "password", "value": "part-password" }] });
        self.post("/users", &person)?;
        self.administer("part", roles)?;
        let users = [&self.get(&self.user("part")?)?["id"]];
        self.make("admin-permissions", "policy/user", &json!({ "name": "p", "users": users }))?;
        let permission = json!({ "name": "sees one", "resourceType": of_type, "scopes": ["view"], "resources": [id], "policies": ["p"] });
        self.make("admin-permissions", "permission/scope", &permission)
    }

    /// Changes fields of whatever stands at a path.
    pub(crate) fn change(&self, path: &str, fields: &Value) -> Result<(), String> {
        let mut object = self.get(path)?;
        let fields = fields.as_object().ok_or("fields are a map")?;
        for (name, value) in fields {
            object[name] = value.clone();
        }
        self.put(path, &object)
    }
}

/// Returns the claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Result<Value, String> {
    let body = token.split('.').nth(1).ok_or("a token has three parts")?;
    let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|it| it.to_string())?;
    serde_json::from_slice(&bytes).map_err(|it| it.to_string())
}
