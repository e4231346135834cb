//! Whom permissions over administration are for: the server says ids alone, and only users and organizations have to be asked
//! for beside what every read brings.

use std::collections::BTreeSet;

use serde_json::Value;

use super::authz::users_by_id;
use super::users::Naming;
use super::wire::{Wire, if_seen};
use super::{Draft, Want, at, pages, rows, section, str_of, users};
use crate::keycloak::{Error, Rights};
use crate::kind::{TARGETS, administering, is_admin_permissions, looks_like_id, type_of};
use crate::state::{Address, Found, Known, Live};

/// Adds to what is wanted the users and organizations that permissions are for, and the users whom manifests name by id.
pub(super) async fn ask(
    wire: &Wire<'_>,
    rights: &Rights,
    draft: &Draft,
    want: &mut Want,
) -> Result<(), Error> {
    let of_type = |kind: &str| {
        let of = type_of(&at(kind, "")).unwrap_or_default();
        single(draft).filter(move |it| it.0 == of).map(|it| it.1.to_owned()).collect::<BTreeSet<String>>()
    };
    let organizations = of_type("organizations");
    want.named.extend(organizations.iter().map(|it| at("organizations", it)));
    let known = rows(&draft.realm, "users").iter().filter_map(|it| str_of(it, "id"));
    let known: BTreeSet<&str> = known.collect();
    let mut ids = of_type("users");
    ids.extend(want.users.iter().filter(|it| looks_like_id(it)).cloned());
    ids.retain(|it| !known.contains(it.as_str()));
    if ids.is_empty() || want.everybody {
        return Ok(());
    }
    let found = if ids.len() > users::FEW && users::are_few(wire, ids.len(), None).await? {
        if_seen(pages::users(wire, rights, section("users").routes.list).await)?
    } else {
        users_by_id(wire, ids.clone()).await?
    };
    // Where nobody may see them, reading them fails later.
    let names = Naming::of_realm(&draft.realm);
    for row in found.into_iter().flatten() {
        if str_of(&row, "id").is_some_and(|it| ids.remove(it)) {
            want.users.extend(str_of(&names.call(row), "username").map(str::to_owned));
        }
    }
    // That there is nobody with an id is known as well.
    want.users.extend(ids);
    Ok(())
}

/// The objects that single permissions are for: the type, and the id.
fn single(draft: &Draft) -> impl Iterator<Item = (&str, &str)> {
    let clients = rows(&draft.realm, "clients").iter();
    let is_one =
        |it: &&Value| str_of(it, "clientId").is_some_and(|it| is_admin_permissions(&at("clients", it)));
    let policies =
        clients.filter(is_one).filter_map(|it| it.pointer("/authorizationSettings/policies")?.as_array());
    policies.flatten().flat_map(|it| {
        let of_type = str_of(it, "resourceType");
        let of_type =
            of_type.or_else(|| it.pointer("/config/defaultResourceType")?.as_str()).unwrap_or_default();
        let targets = it.get("resources").and_then(Value::as_array).into_iter().flatten();
        targets.filter_map(Value::as_str).filter(move |it| *it != of_type).map(move |it| (of_type, it))
    })
}

/// Records the permissions as unknown that are for something which may not be seen.
pub(super) fn learn(live: &mut Live) {
    let mut unseen: Vec<(Address, &'static str)> = Vec::new();
    for (address, object) in administering(&live.state) {
        for target in object.refs(TARGETS).filter(|it| type_of(it).is_some()) {
            if let Found::Unknown { needs } = live.find(target) {
                unseen.push((address.clone(), needs));
            }
        }
    }
    for (address, needs) in unseen {
        live.state.objects.discard(&address);
        live.learn(section("permissions").name, address.parent(), Known::Not { needs });
    }
}
