//! Manifests: from paths to what is desired of each realm, with everything that is wrong with it.
//!
//! Files are read in [`load`], pieces of one realm become one state in `merge`, and `check` says offline what
//! no server should have to refuse. Reading never stops at the first problem.

mod check;
pub mod java_regex;
mod load;
mod merge;
mod project;
pub mod schema;
mod secret;

pub use check::check;
pub use load::{Desired, Loaded, load, load_texts};
pub use project::{Environment, ForbidGain, Guards, PROJECT_FILE, Project, Prune, RealmEntry};
pub use secret::{Secrets, resolve, resolve_from, secrets_of};

use std::path::PathBuf;

/// Loads manifests and checks all of them: everything that can be said without a server.
pub fn validate(paths: &[PathBuf], project: &Project) -> Loaded {
    let mut loaded = load(paths, project);
    for desired in &loaded.realms {
        loaded.notes.extend(check(desired, project));
    }
    loaded
}
