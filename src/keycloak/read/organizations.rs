//! Organizations, which no export has: read as a list, with the members of those that somebody names, and their groups where
//! somebody names one.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::organization_groups::{self, GROUPS, Groups, MEMBERS, kind_of_groups};
use super::wire::{Wire, if_seen};
use super::{Draft, Want, at, may_view, members, section, sections, sees_all, str_of};
use crate::keycloak::{Error, Rights};
use crate::kind;
use crate::state::Address;

/// Organizations in the form of exports; nothing where they may not be seen.
pub(super) struct Organizations {
    rows: Option<Vec<Value>>,
    /// Fields that may not be seen.
    unread: Vec<(Address, &'static str)>,
    /// Those whose groups were not read, and whether they may be seen.
    without_groups: Vec<(Address, bool)>,
}

const ORGANIZATIONS: &str = "organizations";
const PROVIDERS: &str = "identityProviders";

/// Reads organizations where somebody says something of one; nothing where nobody does.
pub(super) async fn read(
    wire: &Wire<'_>,
    want: &Want,
    rights: &Rights,
) -> Result<Option<Organizations>, Error> {
    let kind = section(ORGANIZATIONS);
    if !want.asks_any(|it| it.kind() == kind.name) {
        return Ok(None);
    }
    let mut out = Organizations { rows: None, unread: Vec::new(), without_groups: Vec::new() };
    if !may_view(rights, kind) {
        return Ok(Some(out));
    }
    // Of a realm that has none switched on, the server says that there are none.
    let (rows, providers) =
        tokio::try_join!(wire.rows(kind.routes.list), wire.rows(section(PROVIDERS).routes.list))?;
    let Some(rows) = rows else { return Ok(Some(out)) };
    let address = |row: &Value| str_of(row, "alias").map(|it| at(ORGANIZATIONS, it));
    let (named, others): (Vec<Value>, Vec<Value>) =
        rows.into_iter().partition(|row| address(row).is_some_and(|it| want.asks(&it)));
    let members = members(wire, rights, &named).await?;
    let named =
        named.into_iter().zip(members).filter_map(|(row, members)| Some((address(&row)?, row, members)));
    let named = named
        .map(|(address, row, members)| one(wire, want, rights, address, row, providers.as_deref(), members));
    let named = try_join_all(named).await?.into_iter().map(|one| {
        out.unread.extend(one.unread);
        out.without_groups.extend(one.without_groups);
        one.row
    });
    let others = others.into_iter().map(|row| with_providers(row, providers.as_deref()));
    out.rows = Some(named.chain(others).collect());
    Ok(Some(out))
}

/// Adds the identity providers of an organization that nobody names: no other one may have them.
fn with_providers(mut row: Value, all: Option<&[Value]>) -> Value {
    let linked = all.map(|all| Value::from(aliases(&row, all)));
    if let (Value::Object(row), Some(linked)) = (&mut row, linked) {
        row.insert(PROVIDERS.to_owned(), linked);
    }
    row
}

/// Returns the aliases of the identity providers of an organization.
fn aliases(organization: &Value, all: &[Value]) -> Vec<Value> {
    let is_linked = |it: &&Value| it.get("organizationId") == organization.get("id");
    all.iter().filter(is_linked).filter_map(|it| it.get("alias").cloned()).collect()
}

/// Returns the members of organizations as far as they may be seen.
async fn members(wire: &Wire<'_>, rights: &Rights, rows: &[Value]) -> Result<Vec<Option<Vec<Value>>>, Error> {
    let ids: Vec<&str> = rows.iter().filter_map(|it| str_of(it, "id")).collect();
    if sees_all(rights, section("users"))
        && ids.len() == rows.len()
        && let Some(members) = if_seen(members::read(wire, rights, &ids).await)?
    {
        return Ok(members.into_iter().map(Some).collect());
    }
    Ok(vec![None; rows.len()])
}

/// An organization as it was read.
struct One {
    row: Value,
    unread: Vec<(Address, &'static str)>,
    without_groups: Option<(Address, bool)>,
}

/// Reads what no list of organizations shows of one.
async fn one(
    wire: &Wire<'_>,
    want: &Want,
    rights: &Rights,
    address: Address,
    mut row: Value,
    providers: Option<&[Value]>,
    members: Option<Vec<Value>>,
) -> Result<One, Error> {
    let id = str_of(&row, "id").map(kind::segment).unwrap_or_default();
    let own = sections::filled(section(ORGANIZATIONS).routes.own, &address, |_| id.clone());
    // 26.0 lists none of them.
    if row.get("attributes").is_none() {
        row = wire.value(&own).await?.unwrap_or(row);
    }
    let linked = if let Some(all) = providers {
        Some(aliases(&row, all))
    } else {
        let rows = wire.rows(&format!("{own}/identity-providers")).await?;
        rows.map(|it| it.iter().filter_map(|it| it.get("alias").cloned()).collect())
    };
    let asks_groups = want.asks_any(|it| it.is_under(&address));
    let groups = if asks_groups {
        organization_groups::read(wire, want, rights, &address, &own, members.as_deref()).await?
    } else {
        None
    };
    let unread = [(MEMBERS, members.is_none()), (PROVIDERS, linked.is_none())];
    let mut unread: Vec<(Address, &'static str)> =
        unread.into_iter().filter(|it| it.1).map(|it| (address.clone(), it.0)).collect();
    let (managed, all): (Vec<Value>, Vec<Value>) = names(&members.unwrap_or_default());
    let without_groups = groups.is_none().then_some((address, asks_groups));
    if let Value::Object(row) = &mut row {
        row.insert(PROVIDERS.to_owned(), Value::from(linked.unwrap_or_default()));
        row.insert(MEMBERS.to_owned(), Value::from(all));
        row.insert(kind::MANAGED_MEMBERS.to_owned(), Value::from(managed));
        if let Some(Groups { rows, without_members }) = groups {
            row.insert(GROUPS.to_owned(), Value::from(rows));
            unread.extend(without_members.into_iter().map(|it| (it, MEMBERS)));
        }
    }
    Ok(One { row, unread, without_groups })
}

/// Returns the names of the members that an organization manages, and those of all.
fn names(members: &[Value]) -> (Vec<Value>, Vec<Value>) {
    let name = |it: &Value| str_of(it, "username").map(|it| json!(it));
    let managed = members.iter().filter(|it| str_of(it, "membershipType") == Some("MANAGED"));
    (managed.filter_map(name).collect(), members.iter().filter_map(name).collect())
}

/// Puts organizations where exports of a whole realm have them.
pub(super) fn put(draft: &mut Draft, read: Option<Organizations>, want: &Want) {
    let kind = section(ORGANIZATIONS);
    let Some(Organizations { rows, unread, without_groups }) = read else { return };
    draft.covers.extend([kind.name, kind_of_groups().name]);
    // Where they are switched off nobody sees whether there are any.
    if draft.realm.get("organizationsEnabled") == Some(&Value::Bool(false)) {
        draft.know_named(kind, want);
    }
    match rows {
        Some(rows) => drop(draft.realm.insert(ORGANIZATIONS.to_owned(), Value::from(rows))),
        None => draft.miss(kind, None),
    }
    for (organization, was_asked) in without_groups {
        if was_asked {
            draft.miss(kind_of_groups(), Some(organization));
        } else {
            draft.only.push((kind_of_groups().name, Some(organization), BTreeSet::new()));
        }
    }
    draft.unread.extend(unread);
}
