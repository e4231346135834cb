//! Users whom a plan reaches through a group or role that it changes, and whom nobody declared: they are counted.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::Segment;
use crate::change::{Action, To};
use crate::keycloak::{Error, Keycloak};
use crate::kind::{self, has_members, segment};
use crate::plan::{self, Plan};
use crate::state::{Address, State};

/// Counts the members of each group and the holders of each role that a plan takes away or gives other roles, as far as
/// they were not read. What may not be seen is left out.
pub async fn unread_members(
    keycloak: &Keycloak,
    plan: &Plan,
    live: &State,
) -> Result<BTreeMap<Address, usize>, Error> {
    let reached: BTreeMap<Address, BTreeSet<Address>> =
        changed(plan, live).into_iter().map(|it| (it.clone(), reached_by(&it, live))).collect();
    let places: BTreeSet<&Address> = reached.values().flatten().collect();
    let users = live.objects.iter().filter(|(it, _)| kind::kind(it.kind()).are_people);
    let read: BTreeSet<&str> = users.filter_map(|(_, it)| it.id.as_deref()).collect();
    let mut unread: BTreeMap<&Address, Vec<String>> = BTreeMap::new();
    for place in places {
        let Some(path) = path(&plan.realm, place, live) else { continue };
        let mut users = keycloak.ids(&path).await?;
        users.retain(|it| !read.contains(&**it));
        unread.insert(place, users);
    }
    let count = |places: &BTreeSet<Address>| -> usize {
        let all: BTreeSet<&String> = places.iter().filter_map(|it| unread.get(it)).flatten().collect();
        all.len()
    };
    let counts = reached.iter().map(|(changed, places)| (changed.clone(), count(places)));
    Ok(counts.filter(|it| it.1 > 0).collect())
}

/// Returns the groups and roles that bring their members something else by a plan. Everybody has the default role.
fn changed(plan: &Plan, live: &State) -> Vec<Address> {
    let brings = |it: &Address| has_members(it) && live.default_role.as_ref() != Some(it);
    let changes = plan.changes().iter().filter(|it| brings(&it.object)).filter(|it| match it.action {
        Action::Delete => true,
        Action::Update => it.fields.iter().any(|it| matches!(it.to, To::Links { .. })),
        Action::Create | Action::Adopt | Action::Forget => false,
    });
    changes.map(|it| it.object.clone()).filter(|it| live.contains(it)).collect()
}

/// Returns the groups and roles whose members have what another one brings: its sub-groups, the roles that it is part
/// of, and the groups that have one of these.
fn reached_by(changed: &Address, live: &State) -> BTreeSet<Address> {
    let mut out = BTreeSet::from([changed.clone()]);
    let mut open = vec![changed.clone()];
    while let Some(next) = open.pop() {
        for (address, object) in live.objects.iter().filter(|it| has_members(it.0)) {
            let mut has = address.is_under(&next);
            object.each_ref(&mut |_, target, _| has |= *target == next);
            if has && out.insert(address.clone()) {
                open.push(address.clone());
            }
        }
    }
    out
}

/// Returns the path of the list of who is in a group or has a role; nothing where an id is not known.
fn path(realm: &str, address: &Address, live: &State) -> Option<String> {
    let members = kind::kind(address.kind()).members?;
    let mut path = format!("realms/{}/", segment(realm));
    for part in plan::path(kind::kind(address.kind()).routes.own, address, "") {
        match part {
            Segment::Text(text) => path.push_str(&text),
            Segment::Id(of) => path.push_str(&segment(live.get(&of)?.id.as_deref()?)),
        }
    }
    Some(format!("{path}/{}", members.path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::lift_realm;
    use crate::text::tree_of_json;

    #[test]
    fn a_role_reaches_whoever_has_it_by_a_group_or_another_role() {
        let realm = json!({
            "realm": "r",
            "roles": { "realm": [
                { "name": "small" }, { "name": "big", "composites": { "realm": ["small"] } }, { "name": "other" },
            ] },
            "groups": [
                { "name": "staff", "id": "7", "realmRoles": ["big"], "subGroups": [{ "name": "night" }] },
                { "name": "guests", "realmRoles": ["other"] },
            ],
        });
        let live = lift_realm(&tree_of_json(&realm)).into_live();
        let reached = |text: &str| -> Vec<String> {
            let address = kind::parse_address(text).expect("an address");
            reached_by(&address, &live).iter().map(Address::to_string).collect()
        };
        assert_eq!(reached("role/small"), ["group/staff", "group/staff/night", "role/big", "role/small"]);
        assert_eq!(reached("group/staff"), ["group/staff", "group/staff/night"]);
        let at = |text: &str| path("a b", &kind::parse_address(text).expect("an address"), &live);
        assert_eq!(at("group/staff").as_deref(), Some("realms/a%20b/groups/7/members"));
        assert_eq!(at("group/staff/night"), None);
        assert_eq!(at("role/small").as_deref(), Some("realms/a%20b/roles/small/users"));
    }
}
