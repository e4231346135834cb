//! Organizations, which no export has: read as a list, with the members of those that somebody names.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::wire::Wire;
use super::{Draft, Want, at, may_view, section, str_of};
use crate::keycloak::{Error, Rights};
use crate::kind;
use crate::state::Address;

/// Organizations in the form of exports; nothing where they may not be seen.
pub(super) struct Organizations {
    rows: Option<Vec<Value>>,
    /// Those whose members may not be seen.
    closed: Vec<Address>,
}

const ORGANIZATIONS: &str = "organizations";

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
    let unseen = Organizations { rows: None, closed: Vec::new() };
    if !may_view(rights, kind) {
        return Ok(Some(unseen));
    }
    // Of a realm that has none switched on, the server says that there are none.
    let (rows, providers) =
        tokio::try_join!(wire.rows(kind.routes.list), wire.rows(section("identityProviders").routes.list),)?;
    let Some(rows) = rows else { return Ok(Some(unseen)) };
    let rows = rows.into_iter().map(async |mut row| {
        let Some(id) = str_of(&row, "id").map(kind::segment) else { return Ok((row, true)) };
        let own = format!("{ORGANIZATIONS}/{id}");
        if !str_of(&row, "alias").is_some_and(|it| named.contains(it)) {
            return Ok((row, true));
        }
        // 26.0 lists none of them.
        if row.get("attributes").is_none() {
            row = wire.value(&own).await?.unwrap_or(row);
        }
        let members = wire.rows(&format!("{own}/members?max=-1&briefRepresentation=true")).await?;
        let linked = match &providers {
            Some(all) => all.iter().filter(|it| it.get("organizationId") == row.get("id")).cloned().collect(),
            None => wire.all_rows(&format!("{own}/identity-providers")).await?,
        };
        let aliases: Vec<Value> = linked.iter().filter_map(|it| it.get("alias").cloned()).collect();
        let is_open = members.is_some();
        let (managed, all): (Vec<Value>, Vec<Value>) = names(&members.unwrap_or_default());
        if let Value::Object(row) = &mut row {
            row.insert("identityProviders".to_owned(), Value::from(aliases));
            row.insert("members".to_owned(), Value::from(all));
            row.insert("managedMembers".to_owned(), Value::from(managed));
        }
        Ok::<_, Error>((row, is_open))
    });
    let mut closed = Vec::new();
    let rows = try_join_all(rows).await?.into_iter().map(|(row, is_open)| {
        closed.extend(str_of(&row, "alias").filter(|_| !is_open).map(|it| at(ORGANIZATIONS, it)));
        row
    });
    let rows = rows.collect();
    Ok(Some(Organizations { rows: Some(rows), closed }))
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
    let Some(Organizations { rows, closed }) = read else { return };
    draft.covers.push(kind.name);
    // Where they are switched off nobody sees whether there are any: those that a ledger knows are not gone for that.
    if draft.realm.get("organizationsEnabled") == Some(&Value::Bool(false)) {
        draft.only.push((kind.name, want.named.difference(&want.left).cloned().collect()));
    }
    match rows {
        Some(rows) => drop(draft.realm.insert(ORGANIZATIONS.to_owned(), Value::from(rows))),
        None => draft.miss(kind, None),
    }
    draft.unread.extend(closed.into_iter().map(|it| (it, "members")));
}
