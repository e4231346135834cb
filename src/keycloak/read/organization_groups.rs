//! Groups of an organization, which no list of the realm has: all in one request, the members of those that somebody names.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::wire::{Wire, if_seen};
use super::{Want, pages, section, sections, str_of};
use crate::keycloak::{Error, Rights};
use crate::kind::{self, Kind};
use crate::state::Address;

/// Groups in the form of exports, and those that are named and whose members may not be seen.
pub(super) struct Groups {
    pub(super) rows: Vec<Value>,
    pub(super) without_members: Vec<Address>,
}

/// Where an organization, and a group, has its groups; and of both who is in them.
pub(super) const GROUPS: &str = "groups";
const BELOW: &str = "subGroups";
pub(super) const MEMBERS: &str = "members";

/// Returns the kind of groups that organizations have.
pub(super) fn kind_of_groups() -> &'static Kind {
    let holds = section("organizations").field(GROUPS).and_then(|it| it.sent.holds());
    kind::kind(holds.expect("a test of this file reads groups of an organization by the table"))
}

/// Reads the groups of an organization, whose own path this is; nothing where they may not be seen. `members` are those of the
/// organization, where they may be seen.
pub(super) async fn read(
    wire: &Wire<'_>,
    want: &Want,
    rights: &Rights,
    organization: &Address,
    own: &str,
    members: Option<&[Value]>,
) -> Result<Option<Groups>, Error> {
    let of = kind_of_groups();
    let id = own.rsplit('/').next().unwrap_or_default();
    let list = sections::filled(of.routes.list, &organization.child(of.name, ""), |_| id.to_owned());
    let Some(mut rows) = wire.rows(&list).await? else { return Ok(None) };
    let addresses = addresses(&rows, organization, of);
    let named: BTreeMap<&str, &Address> =
        addresses.iter().filter(|it| want.asks(it.1)).map(|(id, address)| (id.as_str(), address)).collect();
    let members = match members {
        Some(members) => members_of(wire, rights, own, named.keys().copied(), members).await?,
        None => None,
    };
    let Some(mut members) = members else {
        let without_members = named.into_values().cloned().collect();
        return Ok(Some(Groups { rows: nested(rows), without_members }));
    };
    for row in &mut rows {
        let Some(id) = str_of(row, "id").filter(|it| named.contains_key(it)) else { continue };
        let names = members.remove(id).unwrap_or_default();
        row[MEMBERS] = Value::from(names);
    }
    Ok(Some(Groups { rows: nested(rows), without_members: Vec::new() }))
}

/// Returns who is in each of these groups, by its id, where that may be seen: asked by group or by member, whatever takes fewer
/// requests. Only members of the organization can be.
async fn members_of<'g>(
    wire: &Wire<'_>,
    rights: &Rights,
    own: &str,
    groups: impl ExactSizeIterator<Item = &'g str>,
    members: &[Value],
) -> Result<Option<BTreeMap<String, Vec<Value>>>, Error> {
    let mut out: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let name = |it: &Value| str_of(it, "username").map(|it| json!(it));
    if groups.len() <= members.len() {
        let lists = groups.map(async |id| {
            let path = format!("{own}/{GROUPS}/{}/{MEMBERS}?briefRepresentation=true", kind::segment(id));
            let names = if_seen(pages::users(wire, rights, &path).await)?
                .map(|rows| rows.iter().filter_map(name).collect());
            Ok::<Option<(String, Vec<Value>)>, Error>(names.map(|it| (id.to_owned(), it)))
        });
        return Ok(try_join_all(lists).await?.into_iter().collect());
    }
    let lists = members.iter().map(async |member| {
        let id = str_of(member, "id").map(kind::segment).unwrap_or_default();
        Ok::<_, Error>((name(member), wire.rows(&format!("{own}/{MEMBERS}/{id}/{GROUPS}?max=-1")).await?))
    });
    for (name, groups) in try_join_all(lists).await? {
        let Some(groups) = groups else { return Ok(None) };
        for id in groups.iter().filter_map(|it| str_of(it, "id")) {
            out.entry(id.to_owned()).or_default().extend(name.clone());
        }
    }
    Ok(Some(out))
}

/// Returns the addresses of groups, by their ids.
fn addresses<'r>(rows: &'r [Value], organization: &Address, of: &Kind) -> BTreeMap<String, Address> {
    let by_id: BTreeMap<&str, &Value> = rows.iter().filter_map(|it| Some((str_of(it, "id")?, it))).collect();
    let address = |mut row: &'r Value| {
        let mut names = Vec::new();
        // However the server says it, this ends.
        while names.len() <= by_id.len() {
            names.extend(str_of(row, of.key));
            match str_of(row, "parentId").and_then(|it| by_id.get(it)) {
                Some(above) => row = above,
                None => break,
            }
        }
        names.into_iter().rev().fold(organization.clone(), |above, name| above.child(of.name, name))
    };
    by_id.iter().map(|(id, row)| ((*id).to_owned(), address(row))).collect()
}

/// Returns rows of one list as a tree. Those at the top name what no list shows.
fn nested(rows: Vec<Value>) -> Vec<Value> {
    let ids: BTreeSet<String> = rows.iter().filter_map(|it| str_of(it, "id")).map(str::to_owned).collect();
    let mut under: BTreeMap<Option<String>, Vec<Value>> = BTreeMap::new();
    for row in rows {
        let above = str_of(&row, "parentId").map(str::to_owned).filter(|it| ids.contains(it));
        under.entry(above).or_default().push(row);
    }
    below(None, &mut under)
}

fn below(above: Option<&str>, under: &mut BTreeMap<Option<String>, Vec<Value>>) -> Vec<Value> {
    let mut rows = under.remove(&above.map(str::to_owned)).unwrap_or_default();
    for row in &mut rows {
        let id = str_of(row, "id").map(str::to_owned);
        row[BELOW] = Value::from(below(id.as_deref(), under));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::ORGANIZATION;

    #[test]
    fn one_list_of_groups_becomes_a_tree_with_addresses() {
        let rows = json!([
            { "id": "3", "name": "deep", "parentId": "2" },
            { "id": "1", "name": "top", "parentId": "hidden" },
            { "id": "2", "name": "mid/dle", "parentId": "1" },
            { "id": "4", "name": "other", "parentId": "hidden" },
        ]);
        let rows = rows.as_array().cloned().unwrap_or_default();
        let acme = Address::top(ORGANIZATION, "acme");
        let addresses = addresses(&rows, &acme, kind_of_groups());
        let shown: Vec<String> = addresses.values().map(Address::to_string).collect();
        let top = "organization/acme/group/top";
        assert_eq!(
            shown,
            [
                top,
                &format!("{top}/mid%2Fdle"),
                &format!("{top}/mid%2Fdle/deep"),
                "organization/acme/group/other"
            ]
        );
        let names = |rows: &[Value]| {
            rows.iter().filter_map(|it| str_of(it, "name").map(str::to_owned)).collect::<Vec<_>>()
        };
        let tree = nested(rows);
        assert_eq!(names(&tree), ["top", "other"]);
        let deep = tree[0].pointer("/subGroups/0/subGroups/0/name");
        assert_eq!(deep, Some(&json!("deep")));
    }
}
