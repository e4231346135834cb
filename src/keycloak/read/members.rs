//! Who is a member of which organization: asked by organization, or by user where users are in many.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::organization_groups::MEMBERS;
use super::wire::Wire;
use super::{pages, section, str_of, users};
use crate::keycloak::{Error, Rights};
use crate::kind::segment;

/// In more organizations than this is who is in many: where each of 400 users is in 25, a member of a list takes Keycloak 5 ms,
/// as it looks at all organizations of each, and all organizations of one user 10 ms (26.7.5).
const MANY: usize = 3;

/// Returns the members of organizations, by the ids of these and in their order.
pub(super) async fn read(wire: &Wire<'_>, rights: &Rights, ids: &[&str]) -> Result<Vec<Vec<Value>>, Error> {
    if ids.len() > MANY
        && let Some(members) = by_user(wire, rights, ids).await?
    {
        return Ok(members);
    }
    by_organization(wire, rights, ids, "").await
}

async fn by_organization(
    wire: &Wire<'_>,
    rights: &Rights,
    ids: &[&str],
    which: &str,
) -> Result<Vec<Vec<Value>>, Error> {
    let lists = ids.iter().map(async |id| {
        let list = format!("organizations/{}/{MEMBERS}?briefRepresentation=true{which}", segment(id));
        pages::users(wire, rights, &list).await
    });
    try_join_all(lists).await
}

/// Asks each user; nothing where that is more work, or where somebody came or went meanwhile.
async fn by_user(wire: &Wire<'_>, rights: &Rights, ids: &[&str]) -> Result<Option<Vec<Vec<Value>>>, Error> {
    let counts = ids.iter().map(async |id| {
        let count = wire.get(&format!("organizations/{}/{MEMBERS}/count", segment(id))).await?;
        Ok::<_, Error>(count.as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or_default())
    });
    let (counts, all) = tokio::try_join!(try_join_all(counts), users::count(wire))?;
    if all.is_none_or(|all| counts.iter().sum::<usize>() <= MANY * all) {
        return Ok(None);
    }
    let list = section("users").routes.list;
    let (people, managed) = tokio::try_join!(
        pages::users(wire, rights, list),
        by_organization(wire, rights, ids, "&membershipType=MANAGED"),
    )?;
    let organizations = people.iter().map(async |user| {
        let id = segment(str_of(user, "id").unwrap_or_default());
        wire.all_rows(&format!("organizations/{MEMBERS}/{id}/organizations?briefRepresentation=true")).await
    });
    let mut members: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (user, organizations) in people.iter().zip(try_join_all(organizations).await?) {
        for id in organizations.iter().filter_map(|it| str_of(it, "id")) {
            members.entry(id.to_owned()).or_default().push(user.clone());
        }
    }
    let of_each = ids.iter().zip(managed).map(|(id, managed)| {
        let managed: BTreeSet<&str> = managed.iter().filter_map(|it| str_of(it, "id")).collect();
        let mut members = members.remove(*id).unwrap_or_default();
        for member in members.iter_mut().filter(|it| str_of(it, "id").is_some_and(|it| managed.contains(it)))
        {
            member["membershipType"] = json!("MANAGED");
        }
        members
    });
    let of_each: Vec<Vec<Value>> = of_each.collect();
    let are_all = of_each.iter().map(Vec::len).eq(counts);
    Ok(are_all.then_some(of_each))
}
