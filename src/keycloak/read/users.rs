//! Users, only those that something asks for: one by one, or out of the list of all where these are not many more.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::held::{self, Held};
use super::holders::Holders;
use super::pages;
use super::wire::Wire;
use super::{Want, administrators, may_view, rows, section, str_of};
use crate::keycloak::{Error, ErrorKind, Rights};
use crate::kind::{EMAIL_NAMES, is_asked_by_name, realm_address, segment, user_address};
use crate::state::{Address, State};

/// How many users that nobody wants are read along for each wanted one, at most.
const STRANGERS: usize = 8;

/// Of so few wanted users nobody asks beforehand whether a list of all would be less work.
pub(super) const FEW: usize = 20;

/// What came of looking for the wanted users.
pub(super) enum Found {
    Some { rows: Vec<Value>, asked: BTreeSet<Address> },
    Unreadable,
}

impl Found {
    /// Returns those whose fields another directory decides.
    pub(super) fn federated(&self) -> BTreeSet<Address> {
        let Self::Some { rows, .. } = self else { return BTreeSet::new() };
        let linked = rows.iter().filter(|it| str_of(it, "federationLink").is_some());
        linked.filter_map(|it| Some(user_address(str_of(it, "username")?))).collect()
    }
}

/// Reads the wanted users that the realm so far (with its service accounts) does not hold; how many users there are may
/// have been asked already.
pub(super) async fn read(
    wire: &Wire<'_>,
    want: &Want,
    rights: &Rights,
    realm: &Map<String, Value>,
    count: Option<usize>,
) -> Result<Found, Error> {
    if !may_view(rights, section("users")) {
        return Ok(Found::Unreadable);
    }
    let known: BTreeSet<Address> =
        rows(realm, "users").iter().filter_map(|it| str_of(it, "username")).map(user_address).collect();
    let holders = Holders::of_realm(realm);
    let mut wanted: BTreeSet<String> = want.users.iter().map(|it| it.to_lowercase()).collect();
    if want.administrators {
        wanted.extend(administrators::names(wire, realm, &holders).await?);
    }
    wanted.retain(|it| !known.contains(&user_address(it)));
    let mut asked: BTreeSet<Address> = wanted.iter().map(|it| user_address(it)).collect();
    asked.extend(known.iter().cloned());
    let names = Naming::of_realm(realm);
    let is_wanted = |row: &Value| {
        want.everybody || str_of(row, "username").is_some_and(|it| wanted.contains(&it.to_lowercase()))
    };
    let listed = want.everybody || wanted.len() > FEW && are_few(wire, wanted.len(), count).await?;
    let rows = if listed {
        of_all(wire, rights, &names, &holders, is_wanted).await
    } else {
        let users = try_join_all(wanted.iter().map(|name| names.find(wire, name))).await;
        users.map(|it| it.into_iter().flatten().collect())
    };
    match rows {
        Ok(mut rows) => {
            // Who was asked for by two names is one, and service accounts come with their clients.
            let mut seen = BTreeSet::new();
            rows.retain(|it| seen.insert(str_of(it, "id").unwrap_or_default().to_owned()));
            rows.retain(|it| !str_of(it, "username").is_some_and(|it| known.contains(&user_address(it))));
            asked.extend(rows.iter().filter_map(|it| Some(user_address(str_of(it, "username")?))));
            Ok(Found::Some { rows, asked })
        }
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden { .. }) => Ok(Found::Unreadable),
        Err(error) => Err(error),
    }
}

/// Says whether the realm holds few users beside the wanted ones.
pub(super) async fn are_few(wire: &Wire<'_>, wanted: usize, known: Option<usize>) -> Result<bool, Error> {
    let all = match known {
        Some(known) => Some(known),
        None => count(wire).await?,
    };
    Ok(all.is_some_and(|it| it <= STRANGERS * wanted))
}

/// Returns how many users the realm has; nothing where that may not be seen.
pub(super) async fn count(wire: &Wire<'_>) -> Result<Option<usize>, Error> {
    let count = wire.value("users/count").await?.and_then(|it| it.as_u64());
    Ok(count.and_then(|it| usize::try_from(it).ok()))
}

/// How a realm calls its users.
pub(super) struct Naming {
    /// By their addresses, also those who were made before it did and keep another name: 26.0 lists them under that, 26.7
    /// under the address, and both find them by that name alone.
    by_email: bool,
}

impl Naming {
    pub(super) fn of_realm(realm: &Map<String, Value>) -> Self {
        Self { by_email: realm.get(EMAIL_NAMES).and_then(Value::as_bool) == Some(true) }
    }

    /// Calls a user as the server does once it is asked about that user alone.
    pub(super) fn call(&self, mut user: Value) -> Value {
        let email = str_of(&user, "email").filter(|it| self.by_email && !it.is_empty()).map(str::to_owned);
        if let Some(email) = email {
            user["username"] = json!(email);
        }
        user
    }

    /// Reads a user by name, in lower case, with roles and groups.
    async fn find(&self, wire: &Wire<'_>, name: &str) -> Result<Option<Value>, Error> {
        let by_email = self.by_email && name.contains('@');
        match search(wire, if by_email { "email" } else { "username" }, name).await? {
            Some(user) => held::with_links(wire, self.call(user)).await,
            None => Ok(None),
        }
    }
}

/// Returns who logs in as this user of an identity provider, with roles and groups: Keycloak lets several (26.0.8 and 26.7.5).
pub(super) async fn with_identity(
    wire: &Wire<'_>,
    realm: &Map<String, Value>,
    (provider, user_id): (&str, &str),
) -> Result<Vec<Value>, Error> {
    let naming = Naming::of_realm(realm);
    let path = format!("users?max=-1&idpAlias={}&idpUserId={}", segment(provider), segment(user_id));
    let found = wire.rows(&path).await?.unwrap_or_default();
    let whole = found.into_iter().map(|it| held::with_links(wire, naming.call(it)));
    Ok(try_join_all(whole).await?.into_iter().flatten().collect())
}

/// Returns what the realm calls users whom only others name, policies and what they own: these keep the names that users
/// had before addresses became theirs (26.0.8 and 26.7.5).
pub(super) async fn called(wire: &Wire<'_>, state: &State) -> Result<BTreeMap<Address, Address>, Error> {
    let realm = state.get(&realm_address());
    if !realm.is_some_and(|it| it.is_true(EMAIL_NAMES)) {
        return Ok(BTreeMap::new());
    }
    let mut named = BTreeSet::new();
    for object in state.objects.values() {
        object.each_ref(&mut |_, it, _| {
            if is_asked_by_name(it) && !state.contains(it) {
                named.insert(it);
            }
        });
    }
    let found = named.into_iter().map(async |it| {
        // Found by the old name, and shown by the new one: that it is the only one tells who is meant.
        let path = format!("users?exact=true&briefRepresentation=true&username={}", segment(it.name()));
        let rows = wire.rows(&path).await?.unwrap_or_default();
        let [user] = &rows[..] else { return Ok(None) };
        let email = str_of(user, "email").filter(|it| !it.is_empty()).map(user_address);
        Ok::<_, Error>(email.map(|email| (it.clone(), email)))
    });
    Ok(try_join_all(found).await?.into_iter().flatten().collect())
}

/// Reads a user by username, in lower case, with roles and groups.
pub(super) async fn find_by_username(wire: &Wire<'_>, name: &str) -> Result<Option<Value>, Error> {
    Naming { by_email: false }.find(wire, name).await
}

/// Returns the user one of whose properties is this.
async fn search(wire: &Wire<'_>, by: &str, value: &str) -> Result<Option<Value>, Error> {
    let path = format!("users?exact=true&briefRepresentation=false&{by}={}", segment(value));
    let rows = wire.all_rows(&path).await?;
    Ok(rows.into_iter().find(|row| str_of(row, by).is_some_and(|it| it.to_lowercase() == value)))
}

/// Reads some of all users with what they have.
async fn of_all(
    wire: &Wire<'_>,
    rights: &Rights,
    names: &Naming,
    holders: &Holders<'_>,
    is_wanted: impl Fn(&Value) -> bool,
) -> Result<Vec<Value>, Error> {
    let all = pages::users(wire, rights, section("users").routes.list).await?;
    let how_many = all.len();
    let users: Vec<Value> = all.into_iter().map(|it| names.call(it)).filter(is_wanted).collect();
    let held = Held::read(wire, rights, holders, users.len(), how_many).await?;
    let users = users.into_iter().map(|it| held.add(wire, it));
    Ok(try_join_all(users).await?.into_iter().flatten().collect())
}
