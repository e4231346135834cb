//! Drift: the same difference, asked the other way round. Nothing is ever written.

use super::Plan;
use crate::change::{Action, Change, ConsentKey, FieldChange, To, Why};
use crate::state::Address;

/// How an object is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Keycloak moved away from what was applied.
    Changed,
    /// Applied once, and gone.
    Missing,
    /// A link that was granted outside.
    Unexpected,
    /// Declared, and not applied yet.
    Pending,
    /// Applied once, and declared no longer.
    Leftover,
}

impl Class {
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Unexpected => "unexpected",
            Self::Pending => "pending",
            Self::Leftover => "leftover",
        }
    }
}

/// One object that is not as it should be, with the fields of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    pub address: Address,
    pub class: Class,
    pub fields: Vec<FieldChange>,
    /// The key of `--allow` without which apply leaves it alone.
    pub held_back: Option<ConsentKey>,
}

/// Returns what differs, by object and class. Changes of the ledger alone are no drift.
pub fn drift(plan: &Plan) -> Vec<Drift> {
    let mut drifts: Vec<Drift> = Vec::new();
    let held = plan.diff.held_back.iter().map(|(key, change)| (Some(*key), change));
    for (held_back, change) in plan.changes().iter().map(|it| (None, it)).chain(held) {
        match change.action {
            Action::Create => {
                let class = if change.why == Why::LiveChanged { Class::Missing } else { Class::Pending };
                drifts.push(Drift { address: change.object.clone(), class, fields: Vec::new(), held_back });
            }
            Action::Update => {
                for class in [Class::Changed, Class::Unexpected, Class::Pending] {
                    let fields: Vec<FieldChange> =
                        change.fields.iter().filter(|it| class_of(change, it) == class).cloned().collect();
                    if !fields.is_empty() {
                        drifts.push(Drift { address: change.object.clone(), class, fields, held_back });
                    }
                }
            }
            Action::Delete if matches!(change.why, Why::Cascade(_)) => {}
            Action::Delete => {
                drifts.push(Drift {
                    address: change.object.clone(),
                    class: Class::Leftover,
                    fields: Vec::new(),
                    held_back,
                });
            }
            Action::Adopt | Action::Forget => {}
        }
    }
    for left in plan.diff.left_behind.iter().filter(|it| it.path.is_none()) {
        drifts.push(Drift {
            address: left.address.clone(),
            class: Class::Leftover,
            fields: Vec::new(),
            held_back: None,
        });
    }
    drifts.sort_by(|a, b| (&a.address, a.class).cmp(&(&b.address, b.class)));
    drifts
}

fn class_of(change: &Change, field: &FieldChange) -> Class {
    match (&field.why, &field.to) {
        (Why::LiveChanged, To::Links { add, remove }) if add.is_empty() && !remove.is_empty() => {
            Class::Unexpected
        }
        (Why::LiveChanged, _) => Class::Changed,
        _ if change.why == Why::LiveChanged && change.fields.len() == 1 => Class::Changed,
        _ => Class::Pending,
    }
}
