//! Questions about a realm, and a server that answers many of them at once.

use std::collections::BTreeMap;

use realmwright::access::{Persona, Realm};
use realmwright::keycloak::{Connect, Credentials, Keycloak, Secret, Want, read};
use realmwright::kind::{CLIENT, NEWEST, USER, Version, listed_name};
use realmwright::state::Address;
use reqwest::Method;
use serde_json::{Value, json};

use super::random::USERS;
use crate::server::Server;
use crate::tickets::{Answer, Tickets, Wanted, at_once, granted_token, rounds};
use crate::tree::{list, word};

/// One question, and how the server is asked.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) resource: String,
    pub(super) scope: Option<String>,
    pub(super) who: Who,
    pub(super) client: &'static str,
    pub(super) optional: bool,
    pub(super) by_token: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    User(usize),
    /// The service account of the asking client.
    Account,
}

pub(super) fn persona(case: &Case, time: &str) -> Persona {
    let client = Address::top(CLIENT, case.client);
    let (user, service_account) = match case.who {
        Who::User(user) => (Some(Address::top(USER, format!("u{user}"))), None),
        Who::Account => (None, Some(client.clone())),
    };
    Persona {
        name: format!("{:?}", case.who),
        user,
        service_account,
        client: Some(client),
        scopes: if case.optional { vec!["s1".to_owned()] } else { Vec::new() },
        // Real tokens are judged at the real time, which moves.
        at: if case.by_token { None } else { time.replace(' ', "T").parse().ok() },
        ..Persona::default()
    }
}

/// A realm on the server, read by the product, and the ids that questions need.
pub(super) struct Live {
    realm: String,
    pub(super) compiled: Realm,
    clients: Vec<(String, String)>,
    users: Vec<(String, String)>,
    resources: Vec<(String, String)>,
}

impl Live {
    pub(super) fn read(server: &Server, realm: &str) -> Result<Live, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let credentials = Credentials::Password {
            user: server.user.clone(),
            password: Secret::new(server.password.as_str()),
        };
        let users = (0..USERS).map(|it| format!("u{it}")).collect();
        let want = Want { users, ..Want::default() };
        let (state, version) = runtime.map_err(|it| it.to_string())?.block_on(async {
            let keycloak = Keycloak::connect(&Connect::new(server.url.as_str(), credentials))
                .await
                .map_err(|it| it.to_string())?;
            let read = read(&keycloak, realm, &want).await.map_err(|it| it.to_string())?;
            keycloak.close().await;
            Ok::<_, String>((read.live.state, read.version))
        })?;
        let version = version.map_or(NEWEST, Version::from);
        let ids = |path: &str,
                   name: &dyn Fn(&Value) -> String,
                   id: &str|
         -> Result<Vec<(String, String)>, String> {
            let rows = server.get(&format!("/{realm}/{path}"))?;
            Ok(list(&rows).iter().map(|it| (name(it), word(&it[id]))).collect())
        };
        let clients = ids("clients?max=-1", &|it| word(&it["clientId"]), "id")?;
        let rs = find(&clients, "rs")?.to_owned();
        Ok(Live {
            realm: realm.to_owned(),
            compiled: Realm::compile(&state, version),
            users: ids("users?max=-1&briefRepresentation=true", &|it| word(&it["username"]), "id")?,
            resources: ids(
                &format!("clients/{rs}/authz/resource-server/resource?max=-1&deep=false"),
                &|it| listed_name(it, &rs).unwrap_or_default(),
                "_id",
            )?,
            clients,
        })
    }

    /// Returns what the server answers to each: those of one person through one client in one request, as far as they are
    /// about different resources.
    pub(super) fn ask(&self, server: &Server, cases: &[&Case], time: &str) -> Result<Vec<Answer>, String> {
        let mut askers: BTreeMap<(bool, Who, &str, bool), Vec<usize>> = BTreeMap::new();
        for (at, case) in cases.iter().enumerate() {
            askers.entry((case.by_token, case.who, case.client, case.optional)).or_default().push(at);
        }
        let askers: Vec<Vec<usize>> = askers.into_values().collect();
        let answers = at_once(&askers, |these| {
            let first = cases[these[0]];
            let wanted: Vec<Wanted> =
                these.iter().map(|it| self.wanted(cases[*it])).collect::<Result<_, _>>()?;
            if first.by_token {
                self.by_token(server, first, &wanted)
            } else {
                self.evaluated(server, first, &wanted, time)
            }
            .map_err(|it| format!("{first:?}: {it}"))
        })?;
        let mut all: Vec<(usize, Answer)> =
            askers.into_iter().flatten().zip(answers.into_iter().flatten()).collect();
        all.sort_by_key(|it| it.0);
        Ok(all.into_iter().map(|it| it.1).collect())
    }

    fn wanted(&self, case: &Case) -> Result<Wanted, String> {
        Ok((find(&self.resources, &case.resource)?.to_owned(), case.scope.clone()))
    }

    fn evaluated(
        &self,
        server: &Server,
        case: &Case,
        wanted: &[Wanted],
        time: &str,
    ) -> Result<Vec<Answer>, String> {
        let mut out = vec![Err("DENY".to_owned()); wanted.len()];
        for round in rounds(wanted.iter()) {
            let these: Vec<&Wanted> = round.iter().map(|it| &wanted[*it]).collect();
            for (at, answer) in round.iter().zip(self.evaluated_round(server, case, &these, time)?) {
                out[*at] = answer;
            }
        }
        Ok(out)
    }

    fn evaluated_round(
        &self,
        server: &Server,
        case: &Case,
        wanted: &[&Wanted],
        time: &str,
    ) -> Result<Vec<Answer>, String> {
        let Who::User(user) = case.who else { return Err("accounts are asked by token".to_owned()) };
        let resource = |(id, scope): &&Wanted| {
            let scopes: Vec<Value> = scope.iter().map(|it| json!({ "name": it })).collect();
            json!({ "_id": id, "scopes": scopes })
        };
        let body = json!({
            "userId": find(&self.users, &format!("u{user}"))?,
            "clientId": find(&self.clients, case.client)?,
            "roleIds": [],
            "resources": wanted.iter().map(resource).collect::<Vec<_>>(),
            "context": { "attributes": { "kc.time.date_time": time } },
            "entitlements": false,
        });
        let rs = find(&self.clients, "rs")?;
        let path = format!("/{}/clients/{rs}/authz/resource-server/policy/evaluate", self.realm);
        let (status, answer) = server.call(Method::POST, &path, Some(&body))?;
        match status.as_u16() {
            500 if wanted.len() == 1 => return Ok(vec![Err("FAILS".to_owned())]),
            // One policy that fails takes all with it.
            500 => {
                let each = wanted.iter().map(|it| self.evaluated_round(server, case, &[*it], time));
                return Ok(each.collect::<Result<Vec<_>, _>>()?.concat());
            }
            _ if !status.is_success() => return Err(format!("evaluate: {status} {answer}")),
            _ => {}
        }
        let granted = |(id, _): &&Wanted| -> Answer {
            let result = list(&answer["results"]).iter().find(|it| it["resource"]["_id"] == **id);
            let result = result.filter(|it| it["status"] == "PERMIT").ok_or("DENY")?;
            Ok(list(&result["allowedScopes"]).iter().map(|it| word(&it["name"])).collect())
        };
        Ok(wanted.iter().map(granted).collect())
    }

    fn by_token(&self, server: &Server, case: &Case, wanted: &[Wanted]) -> Result<Vec<Answer>, String> {
        let mut form = vec![("client_id", case.client), ("client_secret", "secret")];
        let user;
        match case.who {
            Who::User(at) => {
                user = format!("u{at}");
                form.extend([("grant_type", "password"), ("username", user.as_str()), ("password", "p")]);
            }
            Who::Account => form.push(("grant_type", "client_credentials")),
        }
        if case.optional {
            form.push(("scope", "s1"));
        }
        let token = granted_token(server.token(&self.realm, &form)?)?.ok_or("no login")?;
        server.tickets(&self.realm, &token, "rs", wanted, Tickets::Few)
    }
}

fn find<'a>(ids: &'a [(String, String)], name: &str) -> Result<&'a str, String> {
    let found = ids.iter().find(|it| it.0 == name);
    found.map(|it| it.1.as_str()).ok_or_else(|| format!("there is no {name}"))
}
