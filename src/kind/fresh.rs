//! What Keycloak puts into a new realm, as recorded from each supported server.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde_json::{Map, Value};

use super::recorded::{nearest, of_each, parsed};
use super::version::{OLDEST, Version};
use super::{Covers, KINDS, Kind, lift_realm};
use crate::state::{KindName, State};
use crate::text::tree_of_json;

/// Returns the kinds of which the recordings say what a new realm holds: those of every export, and those that no export has, of
/// which there are none. Of any other, nothing is known of a new realm.
pub fn kinds_of_a_fresh_realm() -> impl Iterator<Item = KindName> {
    let is_known =
        |it: &&&Kind| it.comes_with_realm || matches!(it.routes.covers, Covers::Named | Covers::Apart);
    KINDS.iter().filter(is_known).map(|it| it.name)
}

/// The new realms that were asked for last: every plan asks for the same few. A state is cheap to copy.
static LAST_ASKED: Mutex<VecDeque<(Version, String, State)>> = Mutex::new(VecDeque::new());
const REMEMBERED: usize = 8;

/// Returns a new realm of this name as the nearest recorded version that is not newer makes it.
pub fn fresh_realm(realm: &str, version: Version) -> State {
    let known = LAST_ASKED.lock().ok().and_then(|last| {
        let mut same = last.iter().filter(|(of, name, _)| *of == version && *name == realm);
        same.next().map(|(_, _, state)| state.clone())
    });
    // Made without the lock: whatever that needs may ask for another one.
    known.unwrap_or_else(|| {
        let state = made(realm, version);
        if let Ok(mut last) = LAST_ASKED.lock() {
            last.truncate(REMEMBERED - 1);
            last.push_front((version, realm.to_owned(), state.clone()));
        }
        state
    })
}

/// Returns the newest recorded version whose realms have such fields. A version that showed more than the one before it, of
/// which nothing is there, is not the one.
pub fn newest_with_fields(realm: &Map<String, Value>) -> Version {
    let recorded: Vec<(Version, Map<String, Value>)> = of_each(|it| parsed(it.fresh_realm));
    let shows = |pair: &&[(Version, Map<String, Value>)]| {
        let [(_, before), (_, after)] = pair else { return false };
        after.keys().any(|it| !before.contains_key(it) && realm.contains_key(it))
    };
    let newest = recorded.windows(2).rev().find(shows);
    newest.map_or(OLDEST, |pair| pair[1].0)
}

fn made(realm: &str, version: Version) -> State {
    let text = *nearest::<&str>(&of_each(|it| it.fresh_realm), version);
    let mut value: Value = parsed(text);
    fill(&mut value, realm);
    if let Some(profile) = super::created::recording("user-profile", version) {
        value["userProfile"] = profile["reads"].clone();
    }
    lift_realm(&tree_of_json(&value)).into_live()
}

fn fill(value: &mut Value, realm: &str) {
    match value {
        Value::String(text) if text.contains("{realm}") => {
            // Only the default role's name is folded.
            *text = if text.starts_with("default-roles-") {
                super::default_role_name(realm)
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
    use crate::kind::{CLIENT, CLIENT_SCOPE, FLOW, NEWEST, PROFILE_ATTRIBUTE, ROLE};
    use crate::state::Address;

    #[test]
    fn fields_of_a_realm_tell_how_old_a_server_is_at_most() {
        let recorded: Vec<(Version, Map<String, Value>)> = of_each(|it| parsed(it.fresh_realm));
        for (version, realm) in recorded {
            assert_eq!(newest_with_fields(&realm), version);
        }
        let shows =
            |field: &str| newest_with_fields(&Map::from_iter([(field.to_owned(), Value::Bool(false))]));
        assert_eq!(shows("adminPermissionsEnabled"), Version::of(26, 4));
        assert_eq!(shows("scimApiEnabled"), NEWEST);
        assert_eq!(shows("enabled"), OLDEST);
    }

    #[test]
    fn a_new_realm_holds_what_the_nearest_recorded_version_puts_there() {
        for (version, scopes) in [
            (OLDEST, 13),
            (Version::of(26, 3), 13),
            (Version::of(26, 4), 14),
            (NEWEST, 15),
            (Version::of(27, 0), 15),
            (Version::of(25, 0), 13),
        ] {
            let state = fresh_realm("My", version);
            let of = |kind| state.objects.keys().filter(|it| it.kind() == kind).count();
            assert_eq!(of(CLIENT_SCOPE), scopes, "{version}");
            assert!(state.contains(&Address::top(CLIENT, "account")));
            assert!(state.contains(&Address::top(ROLE, "default-roles-my")));
            assert_eq!(of(FLOW), 21, "{version}");
            assert!(state.contains(&Address::top(PROFILE_ATTRIBUTE, "username")));
        }
    }
}
