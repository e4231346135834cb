//! Asking a server who may do what, by the evaluation of its admin API.
//!
//! One question asks about one resource, by id: a name that the server does not know would make it evaluate
//! everything. The answer holds a token of the user; it is dropped unread.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use super::{Answer, Error, Keycloak, Method, Request};
use crate::kind::{listed_name, segment};

/// The ids that questions about one client's resources need, by name.
#[derive(Clone, Debug, Default)]
pub struct EvaluationIds {
    realm: String,
    server: String,
    pub clients: BTreeMap<String, String>,
    pub users: BTreeMap<String, String>,
    pub resources: BTreeMap<String, String>,
}

/// May this user do this to this resource?
#[derive(Clone, Debug)]
pub struct Evaluation<'a> {
    pub user: &'a str,
    /// The client that asks for the token.
    pub client: &'a str,
    pub resource: &'a str,
    pub scope: Option<&'a str>,
    /// The server's clock, if not as it is.
    pub at: Option<jiff::civil::DateTime>,
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluated {
    pub permit: bool,
    /// Every permission that applied, by name, with its type and whether it grants.
    pub permissions: Vec<(String, String, bool)>,
}

/// What a question names and the server does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {kind} `{name}` on the server")]
pub struct NotThere {
    kind: &'static str,
    name: String,
}

impl EvaluationIds {
    /// Looks up a resource server, its resources, and these users and clients. What is missing is left out.
    pub async fn read(
        keycloak: &Keycloak,
        realm: &str,
        server: &str,
        clients: &BTreeSet<String>,
        users: &BTreeSet<String>,
    ) -> Result<Self, Error> {
        let root = format!("realms/{}", segment(realm));
        let all: Vec<&str> = clients.iter().map(String::as_str).chain([server]).collect();
        let by = |path: &'static str, query: &'static str, names: Vec<String>| {
            let root = &root;
            stream::iter(names)
                .map(move |name| async move {
                    let path = format!("{root}/{path}?{query}={}", segment(&name));
                    let rows = rows(keycloak.get(&path).await?);
                    let field = if query == "clientId" { "clientId" } else { "username" };
                    let row = rows.iter().find(|it| it[field] == name.as_str());
                    Ok::<_, Error>(row.and_then(|it| Some((name, it["id"].as_str()?.to_owned()))))
                })
                .buffer_unordered(4)
                .try_filter_map(|it| async move { Ok(it) })
                .try_collect::<BTreeMap<String, String>>()
        };
        let clients = by("clients", "clientId", all.into_iter().map(str::to_owned).collect()).await?;
        let users = by("users", "exact=true&username", users.iter().cloned().collect()).await?;
        let mut out = Self { realm: realm.to_owned(), clients, users, ..Self::default() };
        let Some(id) = out.clients.get(server).cloned() else { return Ok(out) };
        let path = format!("{root}/clients/{id}/authz/resource-server/resource?max=-1&deep=false");
        for row in rows(keycloak.get(&path).await?) {
            if let (Some(name), Some(of)) = (listed_name(&row, &id), row["_id"].as_str()) {
                out.resources.insert(name, of.to_owned());
            }
        }
        out.server = id;
        Ok(out)
    }

    /// Returns the id of a resource.
    pub fn resource(&self, name: &str) -> Result<&str, NotThere> {
        id(&self.resources, "resource", name)
    }
}

impl Keycloak {
    /// Asks one question.
    pub async fn evaluate(
        &self,
        ids: &EvaluationIds,
        question: &Evaluation<'_>,
    ) -> Result<Result<Evaluated, NotThere>, Error> {
        let request = match request(ids, question) {
            Ok(request) => request,
            Err(missing) => return Ok(Err(missing)),
        };
        let answer = self.send(&request).await?;
        let resource = ids.resources.get(question.resource).map(String::as_str).unwrap_or_default();
        Ok(Ok(evaluated(&answer, resource, question.scope)))
    }
}

fn request(ids: &EvaluationIds, question: &Evaluation<'_>) -> Result<Request, NotThere> {
    let scopes: Vec<Value> = question.scope.iter().map(|it| json!({ "name": it })).collect();
    let mut attributes = json!({});
    if let Some(at) = question.at {
        attributes["kc.time.date_time"] = at.strftime("%Y-%m-%d %H:%M:%S").to_string().into();
    }
    let body = json!({
        "userId": id(&ids.users, "user", question.user)?,
        "clientId": id(&ids.clients, "client", question.client)?,
        // More than the user has is never asked.
        "roleIds": [],
        "resources": [{ "_id": ids.resource(question.resource)?, "scopes": scopes }],
        "context": { "attributes": attributes },
        "entitlements": false,
    });
    let path = format!(
        "realms/{}/clients/{}/authz/resource-server/policy/evaluate",
        segment(&ids.realm),
        segment(&ids.server)
    );
    Ok(Request { method: Method::Post, path, body: Some(body) })
}

/// A resource that no permission applies to is left out of the answer: that is a denial.
fn evaluated(answer: &Answer, resource: &str, scope: Option<&str>) -> Evaluated {
    let nothing = Evaluated { permit: false, permissions: Vec::new() };
    let results = answer.body.as_ref().and_then(|it| it["results"].as_array());
    let Some(result) = results.into_iter().flatten().find(|it| it["resource"]["_id"] == resource) else {
        return nothing;
    };
    let allowed = result["allowedScopes"].as_array();
    let allows = |scope: &str| allowed.into_iter().flatten().any(|it| it["name"] == scope);
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let permissions = result["policies"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| (text(&it["policy"]["name"]), text(&it["policy"]["type"]), it["status"] == "PERMIT"));
    Evaluated {
        permit: result["status"] == "PERMIT" && scope.is_none_or(allows),
        permissions: permissions.collect(),
    }
}

fn id<'a>(ids: &'a BTreeMap<String, String>, kind: &'static str, name: &str) -> Result<&'a str, NotThere> {
    ids.get(name).map(String::as_str).ok_or_else(|| NotThere { kind, name: name.to_owned() })
}

fn rows(answer: Answer) -> Vec<Value> {
    match answer.body {
        Some(Value::Array(rows)) => rows,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: Value) -> Answer {
        Answer { status: 200, location: None, date: None, body: Some(body) }
    }

    #[test]
    fn an_answer_permits_only_what_it_names() {
        let permit = json!({ "results": [{
            "resource": { "_id": "r1", "name": "R with scopes [view]" },
            "status": "PERMIT",
            "allowedScopes": [{ "name": "view" }],
            "policies": [{ "policy": { "name": "P", "type": "uma" }, "status": "PERMIT" }],
        }]});
        for (resource, scope, expected) in [
            ("r1", Some("view"), true),
            ("r1", Some("edit"), false),
            ("r1", None, true),
            ("r2", Some("view"), false),
        ] {
            let said = evaluated(&answer(permit.clone()), resource, scope);
            assert_eq!(said.permit, expected, "{resource} {scope:?}");
        }
        let said = evaluated(&answer(permit), "r1", None);
        assert_eq!(said.permissions, [("P".to_owned(), "uma".to_owned(), true)]);
        assert!(!evaluated(&answer(json!({ "results": [] })), "r1", None).permit);
    }

    #[test]
    fn a_question_names_ids_and_what_has_none_is_not_asked() {
        let named = |name: &str| BTreeMap::from([(name.to_owned(), format!("id-of-{name}"))]);
        let ids = EvaluationIds {
            realm: "r".to_owned(),
            server: "id-of-demo".to_owned(),
            clients: named("demo"),
            users: named("eric"),
            resources: named("R"),
        };
        let at = jiff::civil::date(2026, 1, 5).at(3, 0, 0, 0);
        let question =
            Evaluation { user: "eric", client: "demo", resource: "R", scope: Some("view"), at: Some(at) };
        let sent = request(&ids, &question).expect("everything is there");
        assert!(sent.is_read());
        assert_eq!(sent.path, "realms/r/clients/id-of-demo/authz/resource-server/policy/evaluate");
        let body = sent.body.expect("a body");
        assert_eq!(body["resources"], json!([{ "_id": "id-of-R", "scopes": [{ "name": "view" }] }]));
        assert_eq!(body["context"]["attributes"]["kc.time.date_time"], "2026-01-05 03:00:00");
        let missing = request(&ids, &Evaluation { user: "alice", ..question });
        assert_eq!(
            missing.err().map(|it| it.to_string()).as_deref(),
            Some("there is no user `alice` on the server")
        );
    }
}
