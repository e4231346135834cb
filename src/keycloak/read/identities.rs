//! As whom users log in at identity providers, of those of whom something is said of that: no list of users shows it.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::wire::Wire;
use super::{Live, Want, rows, section, sections, str_of, users};
use crate::keycloak::Error;
use crate::kind::user_address;
use crate::state::{Address, Known};

/// The field of a user that holds them.
const FIELD: &str = "federatedIdentities";

/// Puts them where a user has them, and returns what is known of each wanted user.
pub(super) async fn read(
    wire: &Wire<'_>,
    want: &Want,
    realm: &mut Map<String, Value>,
    sees_users: bool,
) -> Result<BTreeMap<Address, Known>, Error> {
    let known = || if sees_users { Known::All } else { unseen() };
    let mut wanted: BTreeMap<Address, Known> =
        want.identities.iter().map(|it| (user_address(it), known())).collect();
    let has_none = nobody_has_any(realm);
    let users = realm.get_mut("users").and_then(Value::as_array_mut).into_iter().flatten();
    let users = users.filter_map(|it| {
        let address = user_address(str_of(it, "username")?);
        (!has_none && wanted.contains_key(&address)).then_some((address, it))
    });
    let asked = users.map(async |(address, user)| {
        let id = str_of(user, "id").unwrap_or_default().to_owned();
        let identities = wire.rows(&sections::list_of_user(section(FIELD), &id)).await?;
        let is_seen = identities.is_some();
        user[FIELD] = Value::from(identities.unwrap_or_default());
        Ok::<_, Error>((address, if is_seen { Known::All } else { unseen() }))
    });
    wanted.extend(try_join_all(asked).await?);
    Ok(wanted)
}

/// Returns whoever else has what a wanted user is to log in as, with nothing but that: nobody asked for them.
pub(super) async fn others(
    wire: &Wire<'_>,
    want: &Want,
    realm: &Map<String, Value>,
) -> Result<Vec<Value>, Error> {
    if nobody_has_any(realm) {
        return Ok(Vec::new());
    }
    let known: BTreeSet<_> = rows(realm, "users").iter().filter_map(|it| str_of(it, "id")).collect();
    let had: BTreeSet<_> = rows(realm, "users")
        .iter()
        .flat_map(|it| it.get(FIELD).and_then(Value::as_array).into_iter().flatten())
        .filter_map(|it| Some((str_of(it, "identityProvider")?, str_of(it, "userId")?)))
        .collect();
    let free = want.given.iter().map(|(provider, id)| (&**provider, &**id)).filter(|it| !had.contains(it));
    let asked = free.map(async |(provider, id)| {
        let mut users = users::with_identity(wire, realm, (provider, id)).await?;
        users.retain(|it| str_of(it, "id").is_none_or(|it| !known.contains(it)));
        for user in &mut users {
            user[FIELD] = json!([{ "identityProvider": provider, "userId": id }]);
        }
        Ok::<_, Error>(users)
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

/// Returns whether the realm has no identity provider to log in at.
fn nobody_has_any(realm: &Map<String, Value>) -> bool {
    realm.contains_key("identityProviders") && rows(realm, "identityProviders").is_empty()
}

fn unseen() -> Known {
    Known::Not { needs: section(FIELD).needs(None) }
}

/// Records what is known of each wanted user; of nobody else anything is.
pub(super) fn learn(live: &mut Live, known: BTreeMap<Address, Known>) {
    for (user, known) in known {
        live.learn(section(FIELD).name, Some(user), known);
    }
}
