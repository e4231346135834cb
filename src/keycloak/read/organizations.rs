//! Organizations, which no export has: read as a list, with the members of those that somebody names.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::wire::Wire;
use super::{Draft, Want, at, may_view, section, sections, str_of};
use crate::keycloak::{Error, Rights};
use crate::kind;
use crate::state::Address;

/// Organizations in the form of exports; nothing where they may not be seen.
pub(super) struct Organizations {
    rows: Option<Vec<Value>>,
    /// Fields that may not be seen.
    unread: Vec<(Address, &'static str)>,
}

const ORGANIZATIONS: &str = "organizations";
const MEMBERS: &str = "members";
const PROVIDERS: &str = "identityProviders";

/// Reads organizations where somebody says something of one; nothing where nobody does.
pub(super) async fn read(
    wire: &Wire<'_>,
    want: &Want,
    rights: &Rights,
) -> Result<Option<Organizations>, Error> {
    let kind = section(ORGANIZATIONS);
    let named: BTreeSet<&str> =
        want.named.iter().filter(|it| it.kind() == kind.name).map(Address::name).collect();
    if named.is_empty() {
        return Ok(None);
    }
    let unseen = Organizations { rows: None, unread: Vec::new() };
    if !may_view(rights, kind) {
        return Ok(Some(unseen));
    }
    // Of a realm that has none switched on, the server says that there are none.
    let (rows, providers) =
        tokio::try_join!(wire.rows(kind.routes.list), wire.rows(section(PROVIDERS).routes.list))?;
    let Some(rows) = rows else { return Ok(Some(unseen)) };
    let rows = rows.into_iter().map(async |mut row| {
        let id = str_of(&row, "id").map(kind::segment);
        let Some(id) = id.filter(|_| str_of(&row, "alias").is_some_and(|it| named.contains(it))) else {
            return Ok((row, Vec::new()));
        };
        let own = sections::filled(kind.routes.own, &at(ORGANIZATIONS, ""), |_| id.clone());
        // 26.0 lists none of them.
        if row.get("attributes").is_none() {
            row = wire.value(&own).await?.unwrap_or(row);
        }
        let members = wire.rows(&format!("{own}/members?max=-1&briefRepresentation=true")).await?;
        let is_linked = |it: &&Value| it.get("organizationId") == row.get("id");
        let linked = match &providers {
            Some(all) => Some(all.iter().filter(is_linked).cloned().collect()),
            None => wire.rows(&format!("{own}/identity-providers")).await?,
        };
        let unread = [(MEMBERS, members.is_none()), (PROVIDERS, linked.is_none())];
        let unread = unread.into_iter().filter(|it| it.1).map(|it| it.0).collect();
        let linked = linked.unwrap_or_default();
        let aliases: Vec<Value> = linked.iter().filter_map(|it| it.get("alias").cloned()).collect();
        let (managed, all): (Vec<Value>, Vec<Value>) = names(&members.unwrap_or_default());
        if let Value::Object(row) = &mut row {
            row.insert(PROVIDERS.to_owned(), Value::from(aliases));
            row.insert(MEMBERS.to_owned(), Value::from(all));
            row.insert(kind::MANAGED_MEMBERS.to_owned(), Value::from(managed));
        }
        Ok::<(Value, Vec<&'static str>), Error>((row, unread))
    });
    let mut unread = Vec::new();
    let rows = try_join_all(rows).await?.into_iter().map(|(row, fields)| {
        let address = str_of(&row, "alias").map(|it| at(ORGANIZATIONS, it));
        unread.extend(fields.into_iter().filter_map(|it| Some((address.clone()?, it))));
        row
    });
    let rows = rows.collect();
    Ok(Some(Organizations { rows: Some(rows), unread }))
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
    let Some(Organizations { rows, unread }) = read else { return };
    draft.covers.push(kind.name);
    // Where they are switched off nobody sees whether there are any: those that a ledger knows are not gone for that.
    if draft.realm.get("organizationsEnabled") == Some(&Value::Bool(false)) {
        draft.only.push((kind.name, want.named.difference(&want.left).cloned().collect()));
    }
    match rows {
        Some(rows) => drop(draft.realm.insert(ORGANIZATIONS.to_owned(), Value::from(rows))),
        None => draft.miss(kind, None),
    }
    draft.unread.extend(unread);
}
