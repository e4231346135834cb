//! From names as people write them to addresses, and back from the text of an address.

use std::collections::{BTreeMap, BTreeSet};

use super::{CLIENT, GROUP, KINDS, Kind, ROLE, kind, wire_name};
use crate::state::{Address, KindName, PART, State, Step, decoded};

/// Stands for the realm's default role until the realm says how it is called.
pub const DEFAULT_ROLE: &str = "(default role)";

/// Returns the address that a reference names: roles as `name` or `client/name`, groups by path, objects
/// under a client beside the object that refers to them, everything else by name.
pub fn reference(to: KindName, written: &str, from: Option<&Address>) -> Address {
    if to == ROLE {
        return match written.split_once('/') {
            Some((client, name)) => Address::top(CLIENT, decoded(client)).child(ROLE, decoded(name)),
            None => Address::top(ROLE, decoded(written)),
        };
    }
    if to == GROUP {
        let names = written.split('/').filter(|it| !it.is_empty());
        let steps: Vec<Step> = names.map(|it| Step { kind: GROUP, name: it.into() }).collect();
        return if steps.is_empty() { Address::top(GROUP, written) } else { steps.into_iter().collect() };
    }
    match from.and_then(|it| it.ancestor(CLIENT)) {
        Some(client) if kind(to).under == [CLIENT] => {
            // What the client itself owns is called by its name alone.
            let own = written.strip_suffix(client.name()).and_then(|it| it.strip_suffix('@'));
            client.child(to, own.filter(|_| kind(to).owner().is_some()).unwrap_or(written))
        }
        _ => Address::top(to, written),
    }
}

/// Mends references whose text has several readings, because a client, a role or a group has `/` in its name:
/// the reading that leads to an object of this state wins.
pub fn resolve_names_with_slashes(state: &mut State) {
    let has_slash = |it: &Address| it.steps().iter().any(|step| step.name.contains('/'));
    let named: BTreeMap<String, Address> = state
        .objects
        .keys()
        .filter(|it| (it.kind() == GROUP || (it.kind() == ROLE && it.parent().is_some())) && has_slash(it))
        .map(|it| (wire_name(it), it.clone()))
        .collect();
    if named.is_empty() {
        return;
    }
    let known: BTreeSet<Address> = state.objects.keys().cloned().collect();
    for object in state.objects.values_mut() {
        for node in object.fields.values_mut() {
            node.each_ref_mut(&mut |target| {
                if let Some(meant) = named.get(&wire_name(target)).filter(|_| !known.contains(target)) {
                    *target = meant.clone();
                }
            });
        }
    }
}

/// Reads the text of an address; `None` when no kind has such a path.
pub fn parse_address(text: &str) -> Option<Address> {
    let mut rest = text;
    let mut steps: Vec<Step> = Vec::new();
    while !rest.is_empty() {
        let inside = steps.last().map(|it| it.kind);
        let stands = |it: &&&Kind| {
            let here = if it.under.is_empty() {
                inside.is_none()
            } else {
                inside.map_or(it.is_top(), |up| it.under.contains(&up))
            };
            here && inside != Some(it.name)
                && rest.strip_prefix(it.name.word).is_some_and(|it| it.is_empty() || it.starts_with('/'))
        };
        // `user-profile/attribute` is no attribute of `user-profile`.
        let entry = KINDS.iter().filter(stands).max_by_key(|it| it.name.word.len())?;
        rest = rest.strip_prefix(entry.name.word)?.trim_start_matches('/');
        if entry.key.is_empty() {
            steps.push(Step { kind: entry.name, name: "".into() });
            continue;
        }
        loop {
            let (name, after) = split_name(entry, rest)?;
            steps.push(Step { kind: entry.name, name: name.into() });
            rest = after;
            // A kind that nests in itself takes all that is left: `group/eo/readers`.
            if rest.is_empty() || !entry.under.contains(&entry.name) {
                break;
            }
        }
    }
    if steps.is_empty() { None } else { Some(steps.into_iter().collect()) }
}

/// Takes the name of an object from the beginning of what follows its kind.
fn split_name<'t>(kind: &Kind, text: &'t str) -> Option<(String, &'t str)> {
    let segments: Vec<&str> = text.split('/').collect();
    // Two segments for each object below: a kind and a name. What qualifies a name may say nothing.
    let parts = match kind.qualified_by.len() {
        0 => 1,
        most => (2..=most + 1)
            .rev()
            .find(|it| segments.len() >= *it && (segments.len() - it).is_multiple_of(2))?,
    };
    let (name, after) = segments.split_at(parts.min(segments.len()));
    let is_whole = name.iter().all(|it| !it.is_empty());
    let names: Vec<String> = name.iter().map(|it| decoded(it)).collect();
    let rest = text.len() - after.join("/").len();
    is_whole.then(|| (names.join(&PART.to_string()), &text[rest..]))
}

#[cfg(test)]
mod tests {
    use super::super::{PERMISSION, RESOURCE, SCOPE};
    use super::*;
    use crate::state::{Is, Node, Object};
    use crate::text::At;

    #[test]
    fn the_text_of_an_address_reads_back() {
        for text in [
            "realm",
            "role/user",
            "role/a%2Fb",
            "client/demo",
            "client/demo/role/reader",
            "client/demo/mapper/email",
            "client-scope/profile/mapper/email",
            "group/eo/readers/deep",
            "client/demo/authz/settings",
            "client/demo/authz/permission/Premium permission",
            "client/role/role/role",
            "user/eric",
            "identity-provider/hub/mapper/a",
            "component/type/name",
            "component/type/sub-type/name",
            "component/type/a%2Fb/mapper/m",
            "component/type/sub-type/name/mapper/mapper",
        ] {
            assert_eq!(parse_address(text).map(|it| it.to_string()).as_deref(), Some(text), "{text}");
        }
        for text in [
            "",
            "client",
            "client/",
            "nothing/x",
            "mapper/x",
            "user/eric/role/x",
            "component/x",
            "component/x/",
        ] {
            assert_eq!(parse_address(text), None, "{text}");
        }
    }

    #[test]
    fn a_reference_through_slashes_leads_to_what_is_there() {
        let url = Address::top(CLIENT, "https://app/x");
        let role = url.child(ROLE, "r/1");
        let group = Address::top(GROUP, "a/b").child(GROUP, "c");
        let mut state = State::default();
        for address in [&role, &group] {
            state.objects.insert(address.clone(), Object::new(At::SERVER));
        }
        let mut policy = Object::new(At::SERVER);
        let written = [
            reference(ROLE, "https://app/x/r/1", None),
            reference(GROUP, "/a/b/c", None),
            reference(ROLE, "x/y", None),
        ];
        let list = written.into_iter().map(|it| Node::new(At::SERVER, Is::Ref(it))).collect();
        policy.fields.insert("roles".into(), Node::new(At::SERVER, Is::List(list)));
        let at = Address::top(CLIENT, "demo").child(super::super::POLICY, "P");
        state.objects.insert(at.clone(), policy);
        resolve_names_with_slashes(&mut state);
        let settled: Vec<String> =
            state.objects[&at].fields["roles"].items().iter().map(|it| format!("{it:?}")).collect();
        assert_eq!(settled, [format!("@{role}"), format!("@{group}"), "@client/x/role/y".to_owned()]);
    }

    #[test]
    fn references_are_read_as_people_write_them() {
        let demo = Address::top(CLIENT, "demo");
        let permission = demo.child(PERMISSION, "P");
        assert_eq!(reference(ROLE, "user", None).to_string(), "role/user");
        assert_eq!(reference(ROLE, "demo/reader", None).to_string(), "client/demo/role/reader");
        assert_eq!(reference(ROLE, "a%2Fb", None).to_string(), "role/a%2Fb");
        assert_eq!(reference(GROUP, "/eo/readers", None).to_string(), "group/eo/readers");
        assert_eq!(reference(SCOPE, "view", Some(&permission)).to_string(), "client/demo/authz/scope/view");
        for (written, name) in [("photo", "photo"), ("photo@alice", "photo@alice"), ("photo@demo", "photo")] {
            assert_eq!(reference(RESOURCE, written, Some(&permission)), demo.child(RESOURCE, name));
        }
    }
}
