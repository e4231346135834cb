//! What keeps resources closed while their rules change: a permission over them with a policy that never holds.
//!
//! A user policy without users denies everybody, on 26.0 and 26.7. Both objects carry a name of their own, and the
//! policy says what its client decides by otherwise, so that a later run finds and undoes what an interrupted one left.

use std::collections::{BTreeMap, BTreeSet};

use super::{CLIENT, PERMISSION, POLICY, RESOURCE, SETTINGS, settings_of};
use crate::change::{Action, Change, FieldChange, Path, To, Why};
use crate::state::{Address, Is, Node, Object, State};
use crate::text::At;

const NAME: &str = "realmwright keeps closed while rules change";
const PERMISSION_NAME: &str = "realmwright keeps closed while rules change: permission";

/// What a client decides by while something of it is kept closed.
#[derive(Debug)]
pub struct Strict {
    pub field: &'static str,
    pub value: &'static str,
    loose: &'static [&'static str],
}

pub const STRICT: &[Strict] = &[
    Strict { field: "policyEnforcementMode", value: "ENFORCING", loose: &["PERMISSIVE", "DISABLED"] },
    Strict { field: "decisionStrategy", value: "UNANIMOUS", loose: &["AFFIRMATIVE"] },
];

impl Strict {
    /// Returns whether settings let in whom a single denying permission should keep out.
    pub fn is_loose(&self, settings: &Object) -> bool {
        self.loose.contains(&settings.text(self.field))
    }
}

/// Returns whether an object is there only to keep resources closed.
pub fn keeps_closed(address: &Address) -> bool {
    match address.kind() {
        POLICY => address.name() == NAME,
        PERMISSION => address.name() == PERMISSION_NAME,
        _ => false,
    }
}

/// Returns the resources that a permission names.
pub fn covered(permission: &Object) -> Vec<Address> {
    let mut resources = Vec::new();
    permission.each_ref(&mut |_, it, _| {
        if it.kind() == RESOURCE {
            resources.push(it.clone());
        }
    });
    resources
}

/// Returns whether an object says by what a client decides: its settings, or the client with the switch for them.
pub fn says_how_to_decide(address: &Address) -> bool {
    matches!(address.kind(), SETTINGS | CLIENT)
}

/// Fields of a resource without which no permission reaches it unless it names it.
pub const REACHED_BY: &[&str] = &["type", "scopes"];

/// Returns the policy and the permission that keep resources of a client closed.
pub fn closers(client: &Address) -> [Address; 2] {
    [client.child(POLICY, NAME), client.child(PERMISSION, PERMISSION_NAME)]
}

/// Returns the type of a policy or permission that keeps closed.
pub fn closer_type(address: &Address) -> Option<&'static str> {
    let of_type = if address.kind() == POLICY { "user" } else { "resource" };
    keeps_closed(address).then_some(of_type)
}

/// Takes what an interrupted run left closed out of a state, which then is as its own rules make it. Returns the
/// objects as they are.
pub fn set_apart(state: &mut State) -> BTreeMap<Address, Object> {
    let mut apart = BTreeMap::new();
    let left: Vec<Address> = state.objects.keys().filter(|it| keeps_closed(it)).cloned().collect();
    for address in left {
        let Some(object) = state.objects.remove(&address) else { continue };
        let settings = address.ancestor(CLIENT).map(|it| settings_of(&it));
        let decides = settings.and_then(|it| Some((it.clone(), state.objects.get_mut(&it)?)));
        if let (POLICY, Some((at, decides))) = (address.kind(), decides) {
            let before = decides.clone();
            for (strict, loose) in recorded(&object).filter(|(it, _)| before.text(it.field) == it.value) {
                decides.fields.insert(strict.field.into(), Node::text(At::SERVER, loose));
                apart.entry(at.clone()).or_insert_with(|| before.clone());
            }
        }
        apart.insert(address, object);
    }
    apart
}

/// What a client decides by otherwise, as the policy says that keeps something of it closed.
fn recorded(policy: &Object) -> impl Iterator<Item = (&'static Strict, &'static str)> {
    let said: BTreeSet<&str> = policy.text("description").split([' ', ',', '.']).collect();
    STRICT.iter().filter_map(move |strict| {
        let is_said = |it: &&&str| said.contains(format!("{}={it}", strict.field).as_str());
        strict.loose.iter().find(is_said).map(|it| (strict, *it))
    })
}

/// Returns the changes that close resources of a client: first the policy, then the permission. `otherwise` is what
/// the client decides by otherwise, by field.
pub fn close(
    client: &Address,
    resources: &BTreeSet<Address>,
    otherwise: &BTreeMap<&str, String>,
) -> [Change; 2] {
    let [policy, permission] = closers(client);
    let text = |field: &str, it: &str| field_change(field, Node::text(At::SERVER, it));
    let refs = |field: &str, them: &mut dyn Iterator<Item = &Address>| {
        let items = them.map(|it| Node::new(At::SERVER, Is::Ref(it.clone()))).collect();
        field_change(field, Node::new(At::SERVER, Is::List(items)))
    };
    let made = |object: Address, fields| change(object, Action::Create, fields);
    let mut description = "There while a run of realmwright changes rules.".to_owned();
    if !otherwise.is_empty() {
        let values: Vec<String> = otherwise.iter().map(|(field, value)| format!("{field}={value}")).collect();
        description.push_str(" Otherwise the client decides by ");
        description.push_str(&values.join(", "));
        description.push('.');
    }
    let covers = vec![
        text("type", "resource"),
        refs("resources", &mut resources.iter()),
        refs("policies", &mut [policy.clone()].iter()),
    ];
    let never = vec![text("type", "user"), text("description", &description), refs("users", &mut [].iter())];
    [made(policy, never), made(permission, covers)]
}

/// Returns the change that makes of an object what a create would have made; none where it is so.
pub fn made_so(create: &Change, there: &Object) -> Option<Change> {
    let refs = |it: Option<&Node>| {
        let mut refs = BTreeSet::new();
        if let Some(node) = it {
            node.each_ref(&mut |it, _| {
                refs.insert(it.clone());
            });
        }
        (refs, it.and_then(Node::as_text).unwrap_or_default().to_owned())
    };
    let is_other = |it: &&FieldChange| match &it.to {
        To::Value(node) => refs(Some(node)) != refs(there.get(&it.path.field)),
        To::Unset | To::Links { .. } => false,
    };
    let fields: Vec<FieldChange> = create
        .fields
        .iter()
        .filter(is_other)
        .map(|it| FieldChange { from: there.get(&it.path.field).cloned(), ..it.clone() })
        .collect();
    (!fields.is_empty()).then(|| change(create.object.clone(), Action::Update, fields))
}

/// Returns the change that opens again: the permission or the policy goes.
pub fn reopen(closer: &Address) -> Change {
    change(closer.clone(), Action::Delete, Vec::new())
}

/// Returns a change of what a client decides by, for a while or back.
pub fn decide_by(client: &Address, fields: Vec<FieldChange>) -> Change {
    change(settings_of(client), Action::Update, fields)
}

/// Returns the change of one field of what a client decides by.
pub fn decide(field: &str, from: &str, to: &str) -> FieldChange {
    FieldChange {
        from: Some(Node::text(At::SERVER, from)),
        ..field_change(field, Node::text(At::SERVER, to))
    }
}

fn change(object: Address, action: Action, fields: Vec<FieldChange>) -> Change {
    debug_assert!(object.ancestor(CLIENT).is_some());
    Change { object, action, why: Why::KeptClosed, fields, adopted: false, at: At::SERVER }
}

fn field_change(field: &str, node: Node) -> FieldChange {
    let path = Path::field(field);
    FieldChange { path, from: None, to: To::Value(node), why: Why::KeptClosed, at: At::SERVER }
}
