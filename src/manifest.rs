//! Manifests: from paths to what is desired of each realm, with everything that is wrong with it.
//!
//! Files are read in [`load`], pieces of one realm become one state in `merge`, and `check` says offline what
//! no server should have to refuse. Reading never stops at the first problem.

mod check;
pub mod java_regex;
mod load;
mod merge;
mod project;

pub use check::check;
pub use load::{Desired, Loaded, load, load_texts};
pub use project::{Environment, ForbidGain, Guards, PROJECT_FILE, Project, Prune, RealmEntry};
