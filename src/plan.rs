//! A plan: what will be done to one realm, what it does beside that, and what it needs a yes for.

mod access_test;
mod drift;
mod extent;
mod graph;
mod guard;
mod impact;
mod outcome;
mod simulate;

use std::collections::BTreeMap;

pub use access_test::{AccessTests, FailedTest, access_tests};
pub use drift::{Drift, DriftClass, DriftVerdict, drift, verdict};
pub use graph::{Closing, Cycle, Order, calls, names_others, open_meanwhile, order, path};
pub use guard::{Conditions, Consent, SideEffect, judge};
pub use impact::{impact, sides};
pub use outcome::{Ended, Outcome};
pub use simulate::simulate;

use crate::access::{Guard, Impact};
use crate::change::{Action, Change, ConsentKey, Refusal};
use crate::diff::Diff;
use crate::text::Note;

/// The plan of one realm. Holds no secret and no id.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub realm: String,
    /// The base URL of the server.
    pub server: String,
    /// What the server says of its version, or what was assumed.
    pub keycloak: String,
    /// `false`: the realm will be created.
    pub exists: bool,
    pub diff: Diff,
    /// Who gains or loses what; none where nobody asked.
    pub access: Option<Impact>,
    /// The rules of the project file about access, kept or not.
    pub guards: Vec<Guard>,
    /// What access tests say of the realm as it will be; none where there are none.
    pub tests: Option<AccessTests>,
    pub side_effects: Vec<SideEffect>,
    /// What is kept closed while the plan is applied.
    pub closings: Vec<Closing>,
    /// What must be agreed to, by key of `--allow`.
    pub consents: Vec<Consent>,
    /// Consents that were given, by key.
    pub allowed: BTreeMap<ConsentKey, usize>,
    /// What no yes can permit, and what lacks its yes.
    pub refusals: Vec<Refusal>,
}

/// How many objects a plan does what to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub create: usize,
    pub update: usize,
    pub delete: usize,
    pub adopt: usize,
    pub forget: usize,
    pub unchanged: usize,
    pub unmanaged: usize,
    pub held_back: usize,
}

impl Plan {
    pub fn changes(&self) -> &[Change] {
        &self.diff.changes
    }

    /// Returns whether there is nothing to do: neither in the realm nor in the ledger.
    pub fn is_empty(&self) -> bool {
        self.diff.changes.is_empty()
    }

    /// Returns whether something was found wrong, so that nothing may be applied.
    pub fn has_errors(&self) -> bool {
        self.diff.notes.iter().any(Note::is_error)
    }

    pub fn summary(&self) -> Summary {
        let count = |action| self.diff.changes.iter().filter(|it| it.action == action).count();
        Summary {
            create: count(Action::Create),
            update: count(Action::Update),
            delete: count(Action::Delete),
            adopt: count(Action::Adopt)
                + self.diff.changes.iter().filter(|it| it.adopted && it.action == Action::Update).count(),
            forget: count(Action::Forget),
            unchanged: self.diff.unchanged,
            unmanaged: self.diff.unmanaged,
            held_back: self.diff.held_back.len(),
        }
    }
}
