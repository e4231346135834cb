//! Who administers a realm, decided from its state, against real calls of the admin API as these people.
//!
//! `REALMWRIGHT_TEST_SEED` asks for other fine-grained permissions than the usual ones.

use std::collections::{BTreeMap, BTreeSet};

use realmwright::access::{AccessQuestion, Persona, Realm, administration, decide};
use realmwright::keycloak::{Connect, Credentials, Keycloak, Secret, Want, read};
use realmwright::kind::{CLIENT, NEWEST, USER, Version};
use realmwright::state::Address;
use reqwest::Method;
use serde_json::{Value, json};

use crate::realms::random::Random;
use crate::server::Server;
use crate::tree::{list, word};
use crate::{Needs, Trial, asked_for};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "administration::real_calls_are_answered_as_decided",
            needs: Needs::Newest,
            run: newest,
        },
        Trial {
            name: "administration::real_calls_are_answered_as_decided_on_the_oldest_version",
            needs: Needs::Oldest,
            run: oldest,
        },
    ]
}

fn newest(server: &Server) -> Result<(), String> {
    let realm = Administered::make(server, "live-administration")?;
    realm.ways(0)?;
    realm.fine_grained()
}

fn oldest(server: &Server) -> Result<(), String> {
    // On 26.0 what mappers of `web` put into a token opens the admin API to whoever comes through it.
    Administered::make(server, "live-administration-old")?.ways(3)
}

/// People, and whether they come to administration at all.
const PEOPLE: &[&str] = &["direct", "member", "below", "composed", "whole", "plain", "gone"];

/// What is called, and the roles of which any opens it.
pub(crate) const CALLS: &[(&[&str], &str, &str)] = &[
    (&["manage-users"], "POST", "/groups"),
    (&["view-users", "manage-users"], "GET", "/users/{}"),
    (&["manage-clients"], "POST", "/client-scopes"),
    (&["view-clients", "manage-clients"], "GET", "/client-scopes"),
    (&["manage-realm"], "POST", "/roles"),
    (&["view-events", "manage-events"], "GET", "/events"),
    (&["view-identity-providers", "manage-identity-providers"], "GET", "/identity-provider/instances"),
];

/// A realm with administrators of every sort.
pub(crate) struct Administered<'a> {
    server: &'a Server,
    name: &'a str,
    /// Ids by name of the user.
    pub(crate) users: BTreeMap<String, String>,
}

impl<'a> Administered<'a> {
    pub(crate) fn make(server: &'a Server, name: &'a str) -> Result<Self, String> {
        server.no_realm(name)?;
        let management = |roles: &[&str]| json!({ "realm-management": roles });
        let user = |name: &str, groups: &[&str], roles: &[&str], of_client: Value| {
            json!({
                "username": name, "email": format!("{name}@example.org"), "firstName": "A", "lastName": "B",
                "enabled": name != "gone", "groups": groups, "realmRoles": roles, "clientRoles": of_client,
                "credentials": [{ "type": "password", "value": "p" }],
            })
        };
        let mapper = |role: &str| {
            json!({
                "name": role, "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-role-mapper",
                "config": { "role": format!("realm-management.{role}"), "access.token.claim": "true" },
            })
        };
        let bare = |name: &str, lightweight: &str, scopes: &[&str]| {
            json!({
                "clientId": name, "publicClient": true, "directAccessGrantsEnabled": true,
                "defaultClientScopes": scopes, "optionalClientScopes": [],
                "attributes": { "client.use.lightweight.access.token.enabled": lightweight },
            })
        };
        let realm = json!({
            "realm": name, "enabled": true,
            "roles": { "realm": [
                { "name": "boss", "composites": { "client": management(&["manage-clients"]) } },
                { "name": "ra" }, { "name": "rb" },
            ] },
            "groups": [
                { "name": "ops", "clientRoles": management(&["view-users"]), "subGroups": [{ "name": "night" }] },
                { "name": "people", "subGroups": [{ "name": "near" }] },
            ],
            "users": [
                user("direct", &[], &["ra"], management(&["manage-users", "view-events"])),
                user("member", &["/ops"], &[], json!({})),
                user("below", &["/ops/night"], &[], json!({})),
                user("composed", &[], &["boss"], json!({})),
                user("whole", &[], &[], management(&["realm-admin"])),
                user("plain", &[], &[], json!({})),
                user("gone", &[], &["boss"], json!({})),
                user("a", &[], &["ra"], json!({})), user("c", &[], &["ra", "rb"], json!({})),
                user("t1", &["/people"], &[], json!({})), user("t2", &["/people/near"], &[], json!({})),
                user("t3", &[], &[], json!({})),
                { "username": "service-account-robot", "enabled": true, "serviceAccountClientId": "robot",
                  "clientRoles": management(&["view-clients"]) },
            ],
            "clients": [
                { "clientId": "robot", "secret": "s", "serviceAccountsEnabled": true },
                { "clientId": "web", "publicClient": true, "directAccessGrantsEnabled": true,
                  "protocolMappers": [mapper("manage-users"), mapper("view-users"), mapper("view-events")] },
                // Their tokens list no roles: on 26.0 those are looked up with lightweight ones, and with those without `sub`.
                bare("bare", "false", &["basic"]), bare("thin", "true", &["basic"]),
                bare("nobody", "false", &["profile"]),
            ],
        });
        server.one_at_a_time(|| server.post("", &realm).map(|_| ()))?;
        let rows = server.get(&format!("/{name}/users?max=-1&briefRepresentation=true"))?;
        let users = list(&rows).iter().map(|it| (word(&it["username"]), word(&it["id"])));
        let made = Self { server, name, users: users.collect() };
        // Everybody may look at identity providers.
        let default = format!("/{name}/roles/default-roles-{name}/composites");
        let view = server
            .get(&format!("/{name}{}/roles/view-identity-providers", made.client("realm-management")?))?;
        server.post(&default, &json!([view]))?;
        Ok(made)
    }

    fn client(&self, name: &str) -> Result<String, String> {
        self.server.realm(self.name).client(name)
    }

    fn compiled(&self) -> Result<Realm, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let credentials = Credentials::Password {
            user: self.server.user.clone(),
            password: Secret::new(self.server.password.as_str()),
        };
        let want = Want { everybody: true, ..Want::default() };
        let (state, version) = runtime.map_err(|it| it.to_string())?.block_on(async {
            let connect = Connect::new(self.server.url.as_str(), credentials);
            let keycloak = Keycloak::connect(&connect).await.map_err(|it| it.to_string())?;
            let read = read(&keycloak, self.name, &want).await.map_err(|it| it.to_string())?;
            keycloak.close().await;
            Ok::<_, String>((read.live.state, read.version))
        })?;
        Ok(Realm::compile(&state, version.map_or(NEWEST, Version::from)))
    }

    /// Logs in; nothing where that is refused.
    pub(crate) fn login(&self, user: &str, client: &str) -> Result<Option<String>, String> {
        let form: &[(&str, &str)] = if user == "robot" {
            &[("grant_type", "client_credentials"), ("client_id", "robot"), ("client_secret", "s")]
        } else {
            &[("grant_type", "password"), ("client_id", client), ("username", user), ("password", "p")]
        };
        let (status, answer) = self.server.token(self.name, form)?;
        let token = answer["access_token"].as_str().map(str::to_owned);
        if token.is_none() && user != "gone" {
            return Err(format!("login of {user}: {status} {answer}"));
        }
        Ok(token)
    }

    /// Calls as somebody, and says whether that is not forbidden.
    fn may(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Result<bool, String> {
        let method = Method::from_bytes(method.as_bytes()).map_err(|it| it.to_string())?;
        let path = format!("/{}{path}", self.name);
        let status = self.server.call_as(token, method, &path, body)?;
        if status.is_success() || status.as_u16() == 409 {
            return Ok(true);
        }
        if status.as_u16() == 403 { Ok(false) } else { Err(format!("{path}: {status}")) }
    }

    /// Every way to a role of administration: what is held, and through `web` what its mappers add: so many calls more.
    fn ways(&self, by_mappers: usize) -> Result<(), String> {
        let compiled = self.compiled()?;
        let (mut asked, mut permitted, mut mapped) = (0, 0, 0);
        let people = PEOPLE.iter().map(|it| (*it, Persona::user(Address::top(USER, *it))));
        let robot = Persona {
            name: "robot".to_owned(),
            service_account: Some(Address::top(CLIENT, "robot")),
            ..Persona::default()
        };
        for (user, persona) in people.chain([("robot", robot)]) {
            for client in ["admin-cli", "web", "bare", "thin", "nobody"] {
                let Some(token) = self.login(user, client)? else { continue };
                let way = (user != "robot").then(|| Address::top(CLIENT, client));
                let persona = Persona { client: way, ..persona.clone() };
                for (at, (roles, method, path)) in CALLS.iter().enumerate() {
                    let one =
                        |it: &&str| decided(&compiled, &administration(), "administration", it, &persona);
                    let each: Vec<Option<bool>> = roles.iter().map(one).collect::<Result<_, _>>()?;
                    let wanted = if each.contains(&Some(true)) { Some(true) } else { each[0] };
                    let name = format!("n-{user}-{client}-{at}");
                    let body = json!({ "name": name, "protocol": "openid-connect" });
                    let body = match *path {
                        "/client-scopes" => body,
                        _ => json!({ "name": name }),
                    };
                    let path = path.replace("{}", &self.users["plain"]);
                    let is = self.may(&token, method, &path, (*method == "POST").then_some(&body))?;
                    if wanted != Some(is) {
                        return Err(format!(
                            "{user} through {client}: {roles:?}: decided {wanted:?}, is {is}"
                        ));
                    }
                    asked += 1;
                    permitted += usize::from(is);
                    // What everybody may is none of the mappers' doing.
                    mapped += usize::from(is && user == "plain" && client == "web" && at + 1 < CALLS.len());
                }
            }
        }
        if mapped != by_mappers || permitted * 5 < asked {
            return Err(format!("{asked} calls, {permitted} permitted, {mapped} by mappers alone"));
        }
        Ok(())
    }

    /// Random fine-grained permissions: what two administrators may do to three users.
    fn fine_grained(&self) -> Result<(), String> {
        let realm = self.server.realm(self.name);
        realm.put("", &json!({ "adminPermissionsEnabled": true }))?;
        for role in ["ra", "rb"] {
            let id = realm.get(&format!("/roles/{role}"))?["id"].clone();
            realm.make(
                "admin-permissions",
                "policy/role",
                &json!({ "name": role, "roles": [{ "id": id }] }),
            )?;
            let not = json!({ "name": format!("not-{role}"), "roles": [{ "id": id }], "logic": "NEGATIVE" });
            realm.make("admin-permissions", "policy/role", &not)?;
        }
        let ids = self.ids()?;
        let seed = asked_for("SEED").unwrap_or(20);
        let mut random = Random::new(seed);
        let (mut asked, mut permitted, mut unknown) = (0, 0, 0);
        for _ in 0..6 {
            let said = self.permissions(&mut random, &ids)?;
            let compiled = self.compiled()?;
            for user in ["a", "c", "direct"] {
                let token = self.login(user, "admin-cli")?.ok_or("a login")?;
                let persona = Persona::user(Address::top(USER, user));
                for target in TARGETS {
                    let id = &ids[*target];
                    for (scope, is) in self.may_with(&token, id)? {
                        let wanted = decided(&compiled, &fine(), &format!("user/{target}"), scope, &persona)?;
                        if wanted.is_some_and(|it| it != is) {
                            return Err(format!(
                                "seed {seed}: {user} {scope} {target}: decided {wanted:?}, is {is}: {}",
                                Value::from(said)
                            ));
                        }
                        asked += 1;
                        permitted += usize::from(is);
                        unknown += usize::from(wanted.is_none());
                    }
                }
            }
        }
        if permitted * 5 < asked || permitted * 5 > asked * 4 || unknown * 20 > asked {
            return Err(format!("seed {seed}: {asked} calls, {permitted} permitted, {unknown} unknown"));
        }
        Ok(())
    }

    /// Makes a permission on every target that opens nothing, so that each has its resource; and on the groups.
    pub(crate) fn keep(&self, ids: &BTreeMap<String, String>) -> Result<(), String> {
        let realm = self.server.realm(self.name);
        realm.make("admin-permissions", "policy/user", &json!({ "name": "nobody", "users": [] }))?;
        let mut users = keeper(ids);
        users["policies"] = json!(["nobody"]);
        let groups = json!({
            "name": "keeper of groups", "resourceType": "Groups", "resources": [ids["people"], ids["near"]],
            "scopes": ["view"], "policies": ["nobody"],
        });
        realm.make("admin-permissions", "permission/scope", &users)?;
        realm.make("admin-permissions", "permission/scope", &groups)
    }

    /// The ids of users and groups.
    pub(crate) fn ids(&self) -> Result<BTreeMap<String, String>, String> {
        let realm = self.server.realm(self.name);
        let mut ids = self.users.clone();
        let people = realm.group("people")?;
        let near = realm.get(&format!("{people}/children"))?;
        ids.insert("people".to_owned(), people.trim_start_matches("/groups/").to_owned());
        ids.insert("near".to_owned(), word(&near[0]["id"]));
        Ok(ids)
    }

    /// Returns what somebody may do with a user, scope by scope.
    pub(crate) fn may_with(&self, token: &str, id: &str) -> Result<Vec<(&'static str, bool)>, String> {
        let own = format!("/users/{id}");
        let password = json!({ "type": "password", "value": "p", "temporary": false });
        let name = json!({ "firstName": "B" });
        let calls = [
            ("view", "GET", own.clone(), None),
            ("manage", "PUT", own.clone(), Some(&name)),
            ("reset-password", "PUT", format!("{own}/reset-password"), Some(&password)),
        ];
        let asked = calls.into_iter();
        asked.map(|(scope, method, path, body)| Ok((scope, self.may(token, method, &path, body)?))).collect()
    }

    /// Replaces the permissions by random ones, and returns these. One for each target that does nothing else makes
    /// its resource be there.
    fn permissions(&self, random: &mut Random, ids: &BTreeMap<String, String>) -> Result<Vec<Value>, String> {
        let realm = self.server.realm(self.name);
        let authz = realm.authz("admin-permissions")?;
        for row in list(&realm.get(&format!("{authz}/permission?max=-1"))?) {
            realm.delete(&format!("{authz}/permission/{}", word(&row["id"])))?;
        }
        let mut said = vec![keeper(ids)];
        for at in 0..=random.below(4) {
            said.push(fine_grained(random, at, ids));
        }
        for it in &said {
            realm.make("admin-permissions", "permission/scope", it)?;
        }
        Ok(said)
    }
}

/// Whom administrators do something to.
pub(crate) const TARGETS: &[&str] = &["t1", "t2", "t3"];

/// A permission on every target that opens nothing else, so that each has its resource.
fn keeper(ids: &BTreeMap<String, String>) -> Value {
    let targets: Vec<&str> = TARGETS.iter().map(|it| ids[*it].as_str()).collect();
    json!({
        "name": "keeper", "resourceType": "Users", "resources": targets, "scopes": ["impersonate"], "policies": ["rb"],
    })
}

/// A random fine-grained permission on users or the members of groups, of which there may be some.
pub(crate) fn fine_grained(random: &mut Random, at: usize, ids: &BTreeMap<String, String>) -> Value {
    let of_users = random.below(3) > 0;
    let (scopes, places): (&[&str], &[&[&str]]) = if of_users {
        (&["view", "manage", "reset-password"], &[&[], &[], &["t1"], &["t2"], &["t1", "t3"]])
    } else {
        (&["view-members", "manage-members", "view", "manage"], &[&[], &["people"], &["near"]])
    };
    let resources: Vec<&str> = random.one(places).iter().map(|it| ids[*it].as_str()).collect();
    let scopes = BTreeSet::from([*random.one(scopes), *random.one(scopes)]);
    let policy = *random.one(&["ra", "ra", "rb", "not-rb"]);
    let mut it = json!({
        "name": format!("p{at}"), "resourceType": if of_users { "Users" } else { "Groups" },
        "scopes": scopes, "policies": [policy],
    });
    if !resources.is_empty() {
        it["resources"] = json!(resources);
    }
    it
}

fn fine() -> Address {
    Address::top(CLIENT, "admin-permissions")
}

fn decided(
    realm: &Realm,
    client: &Address,
    resource: &str,
    scope: &str,
    persona: &Persona,
) -> Result<Option<bool>, String> {
    let scopes = [scope.to_owned()];
    let resources = realm.resources(client);
    let found = resources.iter().find(|it| it.0 == resource);
    if !found.is_some_and(|it| it.1.contains(&scope)) {
        return Err(format!("{client} has no {scope} on {resource}"));
    }
    let question = AccessQuestion { client, resource: Some(resource), scopes: &scopes, persona };
    Ok(decide(realm, &question).grants(Some(scope)))
}
