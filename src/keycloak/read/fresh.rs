//! What a realm that does not exist would hold once it does, as recorded from each supported server.

use std::collections::BTreeSet;

use serde_json::Value;

use super::wire::Wire;
use super::{Known, Read, Source, default_role, learn, lift};
use crate::keycloak::{Error, Version};
use crate::kind::USER;

/// Minor versions and what they put into a new realm, oldest first.
const RECORDED: &[((u16, u16), &str)] = &[
    ((26, 0), include_str!("../../../schemas/keycloak/26.0/fresh-realm.json")),
    ((26, 7), include_str!("../../../schemas/keycloak/26.7/fresh-realm.json")),
];

pub(super) async fn read(wire: &Wire<'_>, realm: &str) -> Result<Read, Error> {
    let version = wire.version().await?;
    let Value::Object(map) = fresh(realm, version) else {
        unreachable!("the recorded realms are maps");
    };
    let default_role = default_role(&map, realm);
    let mut live = lift(map, false);
    learn(&mut live, Vec::new(), None);
    live.learn(USER, None, Known::All);
    Ok(Read {
        live,
        source: Source::Fresh,
        realm_id: None,
        default_role,
        version,
        requests: wire.requests(),
        user_profile: None,
        policy_types: BTreeSet::new(),
        federated: BTreeSet::new(),
    })
}

/// Returns the recorded realm of the nearest version that is not newer, under this name.
fn fresh(realm: &str, version: Option<Version>) -> Value {
    let minor = version.map_or((u16::MAX, 0), Version::minor_line);
    let recorded = RECORDED.iter().rev().find(|(it, _)| *it <= minor).unwrap_or(&RECORDED[0]).1;
    let mut value = serde_json::from_str(recorded).expect("the recorded realms are JSON");
    fill(&mut value, realm);
    value
}

fn fill(value: &mut Value, realm: &str) {
    match value {
        Value::String(text) if text.contains("{realm}") => {
            // Only the default role's name is folded.
            *text = if text.starts_with("default-roles-") {
                crate::kind::default_role_name(realm)
            } else {
                text.replace("{realm}", realm)
            };
        }
        Value::Array(items) => items.iter_mut().for_each(|it| fill(it, realm)),
        Value::Object(map) => map.values_mut().for_each(|it| fill(it, realm)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{CLIENT, CLIENT_SCOPE, ROLE};
    use crate::state::{Address, Found};

    #[test]
    fn a_realm_that_does_not_exist_is_read_as_what_a_new_one_would_hold() {
        for (version, scopes) in
            [(Some("26.0.8"), 13), (Some("26.4.1"), 13), (Some("26.7.5"), 15), (None, 15)]
        {
            let version = version.map(|it| it.parse().unwrap());
            let Value::Object(map) = fresh("My", version) else { panic!("no map") };
            let live = lift(map, false);
            let of = |kind| live.state.objects.keys().filter(|it| it.kind() == kind).count();
            assert_eq!(of(CLIENT_SCOPE), scopes, "{version:?}");
            assert!(matches!(live.find(&Address::top(CLIENT, "account")), Found::Is(_)));
            assert!(matches!(live.find(&Address::top(ROLE, "default-roles-my")), Found::Is(_)));
        }
    }
}
