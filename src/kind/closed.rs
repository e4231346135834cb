//! What keeps resources closed while their rules change: a permission over them with a policy that never holds.
//!
//! A user policy without users denies everybody, on 26.0 and 26.7. Both objects carry a name of their own, so that a
//! later run finds and removes what an interrupted one left.

use std::collections::BTreeSet;

use super::{CLIENT, PERMISSION, POLICY, SETTINGS};
use crate::change::{Action, Change, FieldChange, Path, To, Why};
use crate::state::{Address, Is, Node, Object};
use crate::text::At;

const NAME: &str = "realmwright keeps closed while rules change";
const PERMISSION_NAME: &str = "realmwright keeps closed while rules change: permission";

/// What a client decides by while something of it is kept closed: the fields and their strict values.
const STRICT: &[(&str, &str, &[&str])] = &[
    ("policyEnforcementMode", "ENFORCING", &["PERMISSIVE", "DISABLED"]),
    ("decisionStrategy", "UNANIMOUS", &["AFFIRMATIVE"]),
];

/// Returns whether an object is there only to keep resources closed.
pub fn keeps_closed(address: &Address) -> bool {
    match address.kind() {
        POLICY => address.name() == NAME,
        PERMISSION => address.name() == PERMISSION_NAME,
        _ => false,
    }
}

/// Returns the changes that close resources of a client: first the policy, then the permission.
pub fn close(client: &Address, resources: &BTreeSet<Address>) -> [Change; 2] {
    let policy = client.child(POLICY, NAME);
    let text = |field: &str, it: &str| field_change(field, Node::text(At::SERVER, it));
    let refs = |field: &str, them: &mut dyn Iterator<Item = &Address>| {
        let items = them.map(|it| Node::new(At::SERVER, Is::Ref(it.clone()))).collect();
        field_change(field, Node::new(At::SERVER, Is::List(items)))
    };
    let made = |object: Address, fields| change(object, Action::Create, fields);
    let permission = vec![
        text("type", "resource"),
        refs("resources", &mut resources.iter()),
        refs("policies", &mut [policy.clone()].iter()),
    ];
    [
        made(policy, vec![text("type", "user"), refs("users", &mut [].iter())]),
        made(client.child(PERMISSION, PERMISSION_NAME), permission),
    ]
}

/// Returns the changes that open them again: first the permission goes, then the policy.
pub fn reopen(client: &Address) -> [Change; 2] {
    let gone = |object: Address, of_type: &str| {
        let fields = vec![field_change("type", Node::text(At::SERVER, of_type))];
        change(object, Action::Delete, fields)
    };
    [gone(client.child(PERMISSION, PERMISSION_NAME), "resource"), gone(client.child(POLICY, NAME), "user")]
}

/// Returns the changes that make a client decide strictly for a while, and as before; nothing where it does.
pub fn strict_for_a_while(client: &Address, settings: &Object) -> Option<[Change; 2]> {
    let object = client.child(SETTINGS, "");
    let loose: Vec<_> =
        STRICT.iter().filter(|(field, _, loose)| loose.contains(&settings.text(field))).collect();
    if loose.is_empty() {
        return None;
    }
    let (mut to, mut back) = (Vec::new(), Vec::new());
    for (field, strict, _) in loose {
        let now = settings.get(field).cloned();
        let there = field_change(field, Node::text(At::SERVER, *strict));
        to.push(FieldChange { from: now.clone(), ..there });
        back.extend(now.map(|it| FieldChange {
            from: Some(Node::text(At::SERVER, *strict)),
            ..field_change(field, it)
        }));
    }
    Some([change(object.clone(), Action::Update, to), change(object, Action::Update, back)])
}

fn change(object: Address, action: Action, fields: Vec<FieldChange>) -> Change {
    debug_assert!(object.ancestor(CLIENT).is_some());
    Change { object, action, why: Why::ManifestChanged, fields, adopted: false, at: At::SERVER }
}

fn field_change(field: &str, node: Node) -> FieldChange {
    let path = Path::field(field);
    FieldChange { path, from: None, to: To::Value(node), why: Why::ManifestChanged, at: At::SERVER }
}
