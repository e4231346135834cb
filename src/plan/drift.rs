//! Drift: the same difference, asked the other way round. Nothing is ever written.

use super::Plan;
use crate::change::{Action, Change, ConsentKey, FieldChange, Path, Reason, To, Why};
use crate::diff::Memory;
use crate::state::Address;
use crate::text::Code;

/// How an object is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriftClass {
    /// Keycloak moved away from what was applied.
    Changed,
    /// Applied once, and gone.
    Missing,
    /// A link that was granted outside.
    Unexpected,
    /// Not as declared, and nobody knows who moved: it was never applied by this owner.
    Differs,
    /// The server took it without an error, and did not keep it.
    NotKept,
    /// Declared, and not applied yet.
    Pending,
    /// Applied once, and declared no longer.
    Leftover,
}

impl DriftClass {
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Unexpected => "unexpected",
            Self::Differs => "differs",
            Self::NotKept => "not_kept",
            Self::Pending => "pending",
            Self::Leftover => "leftover",
        }
    }
}

/// One object that is not as it should be, with the fields of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    pub address: Address,
    pub class: DriftClass,
    pub fields: Vec<FieldChange>,
    /// Fields that are left behind on an object that is still declared.
    pub left: Vec<Path>,
    /// The key of `--allow` without which apply leaves it alone.
    pub held_back: Option<ConsentKey>,
}

/// What a drift comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriftVerdict {
    /// Everything that is declared was compared, and is as declared; nothing is left behind.
    Clean,
    Drifted,
    /// Something could not be compared.
    Incomplete,
}

/// Says whether a realm is as declared. What is left behind is not clean, what could not be compared is not known.
pub fn verdict(plan: &Plan, drifts: &[Drift]) -> DriftVerdict {
    let is_unknown = |it: Reason| matches!(it, Reason::Unknown | Reason::SecretVersion | Reason::Ambiguous);
    let notes = &plan.diff.notes;
    if plan.refusals.iter().any(|it| is_unknown(it.id))
        || notes.iter().any(|it| it.is_error() || it.code == Code::CannotBeSeen)
    {
        return DriftVerdict::Incomplete;
    }
    if drifts.is_empty() { DriftVerdict::Clean } else { DriftVerdict::Drifted }
}

/// Returns what differs, by object and class. Changes of the ledger alone are no drift.
pub fn drift(plan: &Plan) -> Vec<Drift> {
    let mut drifts: Vec<Drift> = Vec::new();
    let of = |address: &Address, class| Drift {
        address: address.clone(),
        class,
        fields: Vec::new(),
        left: Vec::new(),
        held_back: None,
    };
    let held = plan.diff.held_back.iter().map(|(key, change)| (Some(*key), change));
    let shown = plan.changes().iter().chain(&plan.diff.unwritable).map(|it| (None, it));
    for (held_back, change) in shown.chain(held) {
        match change.action {
            Action::Create => {
                drifts.push(Drift { held_back, ..of(&change.object, class_of_absent(plan, change)) });
            }
            Action::Update => {
                for class in [
                    DriftClass::Changed,
                    DriftClass::Unexpected,
                    DriftClass::Differs,
                    DriftClass::NotKept,
                    DriftClass::Pending,
                    DriftClass::Leftover,
                ] {
                    let is_of = |it: &&FieldChange| class_of(plan, change, it, held_back) == class;
                    // What only this plan takes is as declared.
                    let differs = change.fields.iter().filter(|it| !matches!(it.why, Why::Cascade(_)));
                    let fields: Vec<FieldChange> = differs.filter(is_of).cloned().collect();
                    if !fields.is_empty() {
                        drifts.push(Drift { fields, held_back, ..of(&change.object, class) });
                    }
                }
            }
            Action::Delete if matches!(change.why, Why::Cascade(_)) => {}
            Action::Delete => drifts.push(Drift { held_back, ..of(&change.object, DriftClass::Leftover) }),
            Action::Adopt | Action::Forget => {}
        }
    }
    for left in &plan.diff.left_behind {
        drifts.push(Drift {
            left: left.path.iter().cloned().collect(),
            ..of(&left.address, DriftClass::Leftover)
        });
    }
    drifts.sort_by(|a, b| (&a.address, a.class).cmp(&(&b.address, b.class)));
    // One entry says all of one sort about an object.
    drifts.dedup_by(|next, first| {
        let is_same =
            (&first.address, first.class, first.held_back) == (&next.address, next.class, next.held_back);
        if is_same {
            first.fields.append(&mut next.fields);
            first.left.append(&mut next.left);
        }
        is_same
    });
    drifts
}

/// Without a record of earlier applies nobody can tell what is gone from what never was.
fn class_of_absent(plan: &Plan, change: &Change) -> DriftClass {
    match change.why {
        Why::NotKept => DriftClass::NotKept,
        Why::LiveChanged => DriftClass::Missing,
        _ if plan.exists && plan.diff.memory != Memory::Ledger => DriftClass::Differs,
        _ => DriftClass::Pending,
    }
}

fn class_of(plan: &Plan, change: &Change, field: &FieldChange, held_back: Option<ConsentKey>) -> DriftClass {
    match (&field.why, &field.to) {
        (Why::NotKept, _) => DriftClass::NotKept,
        (Why::NotInManifests | Why::KeptClosed, _) => DriftClass::Leftover,
        _ if plan.exists && (change.adopted || plan.diff.memory != Memory::Ledger) => DriftClass::Differs,
        // Of a secret without a version nobody knows which side moved.
        (Why::ManifestChanged, _) if held_back == Some(ConsentKey::Secrets) => DriftClass::Differs,
        (Why::LiveChanged, To::Links { add, remove }) if add.is_empty() && !remove.is_empty() => {
            DriftClass::Unexpected
        }
        (Why::LiveChanged, _) => DriftClass::Changed,
        _ => DriftClass::Pending,
    }
}
