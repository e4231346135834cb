//! Planning and applying as a whole, without flags and without printing: what every command over realms does.
//!
//! A [`Session`] is everything that is the same for all realms of a run. [`observe`] reads a realm and its
//! ledgers; [`Session::plan`] makes of that a plan, purely: the same inputs give the same plan, so tests need no
//! server. [`apply`] carries a plan out.

mod access_tests;
mod apply;
mod exit;
mod members;
mod ownership;
mod patterns;
mod plan;
mod session;

pub use access_tests::{check_tests, on_plan};
pub use apply::{Applied, ApplyOptions, apply};
pub(crate) use exit::{DeniedError, InternalError, RefusedError, of_error};
pub use exit::{Exit, UsageError};
pub use members::unread_members;
pub use ownership::next_ledger;
pub use patterns::{Patterns, only_nothing};
pub use plan::{Observed, PlanRequest, Planned, observe, people, plan, plan_realm, want};
pub use session::{AccessMode, Session};
