//! Manifests: from paths to what is desired of each realm, with everything that is wrong with it.
//!
//! Files are read in [`load`], pieces of one realm become one state in `merge`, and `check` says offline what
//! no server should have to refuse. Reading never stops at the first problem.

mod check;
mod hidden;
mod load;
mod merge;
mod project;
pub mod schema;
mod secret;

use std::path::PathBuf;

use crate::state::Pattern;
use crate::text::{Code, Note, nearest};

pub use check::{check, check_dropped, check_recorded, check_turned_off};
pub use load::{Desired, Loaded, TestDocument, load, load_texts};
pub use project::{
    Environment, ForbidGain, Guards, PROJECT_FILE, Percent, Project, Prune, RealmEntry, is_owner_name,
};
pub use secret::{Secrets, resolve, resolve_from, secrets_of};

/// Loads manifests and checks all of them: everything that can be said without a server.
pub fn validate(paths: &[PathBuf], project: &Project) -> Loaded {
    let mut loaded = load(paths, project);
    for desired in &loaded.realms {
        loaded.notes.extend(check(desired, project));
    }
    let unlisted = unlisted_realms(&loaded, project);
    loaded.notes.extend(unlisted);
    if paths.is_empty() {
        let unused = unused_realms(&loaded, project);
        loaded.notes.extend(unused);
        let unused = unused_external(&loaded, project);
        loaded.notes.extend(unused);
    }
    loaded
}

/// Patterns of `external` that no reference needs: a misspelt one lets nothing pass, a stale one too much.
fn unused_external(loaded: &Loaded, project: &Project) -> Vec<Note> {
    let states = || loaded.realms.iter().map(|it| &it.state);
    let mut unused: Vec<&Pattern> = project.external.iter().collect();
    for (address, object) in states().flat_map(|it| &it.objects) {
        let parent = address.parent();
        unused.retain(|it| !parent.as_ref().is_some_and(|parent| it.covers(parent)));
        object.each_ref(&mut |_, target, _| unused.retain(|it| !it.covers(target)));
    }
    if !loaded.tests.is_empty() {
        // Access tests name what is elsewhere, too.
        unused.clear();
    }
    let note = |it: &Pattern| {
        let title = format!("`{}` of external matches nothing", it.written());
        let note =
            Note::warning(Code::PatternMatchesNothing, title, it.at(), "no manifest refers to such a thing");
        note.help("mend the name, or take the pattern out")
    };
    unused.into_iter().map(note).collect()
}

/// Realms that the project file does not name, although it names some: pruning would follow a slip of the pen.
fn unlisted_realms(loaded: &Loaded, project: &Project) -> Vec<Note> {
    let listed: Vec<&str> = project.realms.keys().map(String::as_str).collect();
    let unlisted = loaded.realms.iter().filter(|it| !listed.is_empty() && !listed.contains(&&*it.realm));
    unlisted
        .map(|it| {
            let title = format!("realm `{}` is not a realm of {PROJECT_FILE}", it.realm);
            let note = Note::error(Code::RealmNotListed, title, it.at, "not named there");
            note.help(match nearest(&it.realm, listed.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? Otherwise name it under `realms:`"),
                None => format!("name it under `realms:`, which has {}", listed.join(", ")),
            })
        })
        .collect()
}

/// Realms of the project file that no manifest is about; one whose name a manifest misspells is told there.
fn unused_realms(loaded: &Loaded, project: &Project) -> Vec<Note> {
    let named: Vec<&str> = loaded.realms.iter().map(|it| it.realm.as_str()).collect();
    let unlisted = || named.iter().copied().filter(|it| !project.realms.contains_key(*it));
    let unused = project.realms.iter().filter(|(name, _)| !named.contains(&name.as_str()));
    unused
        .filter(|(name, _)| nearest(name, unlisted()).is_none())
        .filter_map(|(name, entry)| {
            let title = format!("no manifest is about realm `{name}`");
            Some(Note::warning(Code::UnusedRealm, title, entry.at?, "named only here"))
        })
        .collect()
}
