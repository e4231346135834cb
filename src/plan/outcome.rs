//! What became of each change of a plan.

use crate::change::Action;
use crate::state::Address;

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub address: Address,
    pub action: Action,
    pub ended: Ended,
    /// Something of it was written, or may have been.
    pub began: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    Done,
    /// It was as wished when we looked; nothing was written.
    AlreadyDone,
    /// Something that it needs failed.
    Skipped {
        because: Address,
    },
    Failed {
        message: String,
    },
    /// The run was stopped before it.
    NotStarted,
}
