//! What users have, roles and groups: each role and each group is asked who has it, or each user, whatever is less work.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::holders::{Holders, LIST};
use super::wire::Wire;
use super::{client_roles, pages, str_of};
use crate::keycloak::{Error, ErrorKind, Rights};
use crate::kind::segment;

/// In a realm of more users than this, nobody asks a role who has it: everybody has the one by default, and Keycloak takes a
/// millisecond for the roles of a user, but for each user of that list longer the more there are, and looks at all of them
/// again for each page. 1,000 took 2.4 s, 400 who are in 25 organizations 9, and 10,000 more than 300 (26.7.5).
const CROWD: usize = 250;

/// Who has what, by the ids of users, where that was asked of roles and of groups. The lists hold what is assigned directly,
/// which is what links are.
pub(super) struct Held<'a> {
    roles: Option<Roles<'a>>,
    groups: Option<BTreeMap<String, Vec<&'a str>>>,
}

struct Roles<'a> {
    of_realm: BTreeMap<String, Vec<&'a str>>,
    /// Client and role.
    of_clients: BTreeMap<String, Vec<(&'a str, &'a str)>>,
}

impl<'a> Held<'a> {
    /// Reads what some of all users have, as far as it is less work to ask others than these.
    pub(super) async fn read(
        wire: &Wire<'_>,
        rights: &Rights,
        holders: &Holders<'a>,
        users: usize,
        all: usize,
    ) -> Result<Self, Error> {
        let roles = async {
            let of_role = holders.realm_roles.len() + holders.client_roles.len();
            if all > CROWD || users < of_role { Ok(None) } else { Roles::read(wire, holders).await.map(Some) }
        };
        let groups = async {
            if users < holders.groups.len() {
                return Ok(None);
            }
            let lists = holders.groups.iter().map(async |(id, _)| {
                Ok::<_, Error>(ids(&pages::users(
                    wire,
                    rights,
                    &format!("groups/{id}/members?briefRepresentation=true"),
                )
                .await?))
            });
            Ok(Some(by_user(holders.groups.iter().map(|it| it.1), try_join_all(lists).await?)))
        };
        let (roles, groups) = tokio::try_join!(roles, groups)?;
        Ok(Self { roles, groups })
    }

    /// Adds to a user what it has; nothing where it is gone meanwhile.
    pub(super) async fn add(&self, wire: &Wire<'_>, mut user: Value) -> Result<Option<Value>, Error> {
        let Some(id) = str_of(&user, "id").map(str::to_owned) else { return Ok(None) };
        // What users of another directory have is kept elsewhere, and no list shows it.
        let is_listed = !id.starts_with("f:");
        let roles = async {
            match self.roles.as_ref().filter(|_| is_listed) {
                Some(listed) => Ok(listed.of(&id)),
                None => roles_of(wire, &id).await,
            }
        };
        let groups = async {
            match self.groups.as_ref().filter(|_| is_listed) {
                Some(listed) => Ok(json!(listed.get(&id).map_or(&[][..], Vec::as_slice))),
                None => groups_of(wire, &id).await,
            }
        };
        match tokio::try_join!(roles, groups) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            links => {
                let ((of_realm, of_clients), groups) = links?;
                link(&mut user, of_realm, of_clients, groups);
                Ok(Some(user))
            }
        }
    }
}

impl<'a> Roles<'a> {
    /// Asks each role who has it.
    async fn read(wire: &Wire<'_>, holders: &Holders<'a>) -> Result<Self, Error> {
        let having = async |path: String| -> Result<Vec<String>, Error> {
            Ok(ids(&wire.all_rows(&format!("{path}/users?{LIST}")).await?))
        };
        let of_realm = holders.realm_roles.iter().map(|role| having(format!("roles/{}", segment(role))));
        let of_clients = holders.client_roles.iter();
        let of_clients =
            of_clients.map(|(id, _, role)| having(format!("clients/{id}/roles/{}", segment(role))));
        let (of_realm, of_clients) = tokio::try_join!(try_join_all(of_realm), try_join_all(of_clients))?;
        Ok(Self {
            of_realm: by_user(holders.realm_roles.iter().copied(), of_realm),
            of_clients: by_user(holders.client_roles.iter().map(|it| (it.1, it.2)), of_clients),
        })
    }

    /// Returns the roles of a user as exports have them: of the realm, and of clients.
    fn of(&self, id: &str) -> (Value, Value) {
        let of_realm = json!(self.of_realm.get(id).map_or(&[][..], Vec::as_slice));
        (of_realm, client_roles(self.of_clients.get(id).into_iter().flatten().copied()))
    }
}

/// Adds roles and groups to a user, who is asked for them; nothing where it is gone meanwhile.
pub(super) async fn with_links(wire: &Wire<'_>, user: Value) -> Result<Option<Value>, Error> {
    Held { roles: None, groups: None }.add(wire, user).await
}

async fn roles_of(wire: &Wire<'_>, id: &str) -> Result<(Value, Value), Error> {
    let mappings = wire.get(&format!("users/{}/role-mappings", segment(id))).await?;
    let of_realm = names(mappings.get("realmMappings"), "name");
    let mut of_clients = Map::new();
    for (client, its) in mappings.get("clientMappings").and_then(Value::as_object).into_iter().flatten() {
        of_clients.insert(client.clone(), json!(names(its.get("mappings"), "name")));
    }
    Ok((json!(of_realm), Value::Object(of_clients)))
}

async fn groups_of(wire: &Wire<'_>, id: &str) -> Result<Value, Error> {
    let groups = wire.all_rows(&format!("users/{}/groups", segment(id))).await?;
    Ok(json!(names(Some(&Value::Array(groups)), "path")))
}

fn names(rows: Option<&Value>, key: &str) -> Vec<String> {
    let rows = rows.and_then(Value::as_array).into_iter().flatten();
    rows.filter_map(|it| str_of(it, key)).map(str::to_owned).collect()
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().filter_map(|it| str_of(it, "id")).map(str::to_owned).collect()
}

/// Turns lists of who has each of some things into what each user has.
fn by_user<T: Copy>(things: impl Iterator<Item = T>, having: Vec<Vec<String>>) -> BTreeMap<String, Vec<T>> {
    let mut out: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for (thing, ids) in things.zip(having) {
        for id in ids {
            out.entry(id).or_default().push(thing);
        }
    }
    out
}

/// Writes links as exports do: keys only where there is something.
fn link(user: &mut Value, of_realm: Value, of_clients: Value, groups: Value) {
    let Some(user) = user.as_object_mut() else { return };
    for (key, value) in [("realmRoles", of_realm), ("clientRoles", of_clients), ("groups", groups)] {
        let is_empty =
            value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
        if !is_empty || key == "groups" {
            user.insert(key.to_owned(), value);
        }
    }
}
