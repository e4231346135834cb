//! Whose a realm is: the ledgers of all owners against this run, and the ledger that it leaves behind.

use super::plan::{PlanRequest, Planned, question};
use crate::apply::Ledgers;
use crate::diff::{self, Ledger, LedgerError, Ownership};
use crate::keycloak::Read;
use crate::kind::{self, KINDS};
use crate::state::{Address, Known, Object, State};
use crate::text::{At, Code, Note};

/// Returns the ledger as it is once this plan was applied, but for what failed.
pub fn next_ledger(
    request: &PlanRequest<'_>,
    planned: &Planned,
    is_full: bool,
    failed: &dyn Fn(&Address) -> bool,
) -> Ledger {
    let question = question(request, &planned.read, &planned.ownership);
    let mut ledger = diff::next_ledger(&question, &planned.plan.diff, failed);
    ledger.untrusted = untrusted(&planned.ownership);
    // A run over a part must not make the rest look undeclared to the next one.
    if is_full && (request.adopt || covers(request.roots, &ledger.roots)) {
        request.roots.clone_into(&mut ledger.roots);
        request.files.clone_into(&mut ledger.files);
    }
    if request.adopt || ledger.serial == 0 || ledger.environment.is_empty() {
        request.environment.clone_into(&mut ledger.environment);
    }
    if let Some(id) = &planned.read.realm_id {
        ledger.realm_id.clone_from(id);
    }
    ledger
}

/// Returns why a ledger that is written now cannot say what may be pruned: one in place of a lost one knows too
/// little, until somebody says with `--adopt` that it is the measure.
pub(super) fn untrusted(ownership: &Ownership) -> Option<String> {
    match &ownership.ledger {
        Some(ledger) => ledger.untrusted.clone(),
        None => ownership.damaged.clone(),
    }
}

/// Returns whose realm it is, what a reader must know of that, whether `--adopt` has something to heal, and whether our
/// ledger is too new for us.
pub(super) fn ownership(
    request: &PlanRequest<'_>,
    read: &Read,
    ledgers: Ledgers,
) -> (Ownership, Vec<Note>, bool, bool) {
    let (mut notes, mut heals, mut too_new) = (Vec::new(), false, false);
    let mut ownership = Ownership { owner: request.owner.map(str::to_owned), ..Ownership::default() };
    let are_seen =
        || KINDS.iter().filter(|it| it.keep_ledgers).all(|it| *read.live.known(it.name, None) == Known::All);
    if request.owner.is_some() && read.live.exists && !are_seen() {
        let why = "this credential may not see all clients, and so not the ledgers of all owners";
        ownership.unreadable.push(why.to_owned());
    }
    for (owner, mut ledger) in ledgers {
        if let Ok(ledger) = &mut ledger {
            ledger.settle(&read.live.state);
        }
        let is_ours = request.owner == Some(owner.as_str());
        match ledger {
            Ok(mut ledger) if is_ours => {
                let moved = read
                    .realm_id
                    .as_ref()
                    .is_some_and(|it| !ledger.realm_id.is_empty() && *it != ledger.realm_id);
                let skipped = skipped(request, &ledger);
                let covers_all = covers(request.roots, &ledger.roots);
                // Of a part, it is no wonder that it declares little.
                if skipped.is_empty()
                    && covers_all
                    && let Some(note) = another_tree(request, &ledger, &read.live.state)
                {
                    ledger.untrusted.get_or_insert_with(|| note.title.clone());
                    notes.push(note);
                }
                let trouble = if moved {
                    Some("the ledger belongs to a realm with another id".to_owned())
                } else if ledger.untrusted.is_some() {
                    ledger.untrusted.clone()
                } else if !covers_all {
                    Some(format!(
                        "the last full apply covered {}, and this run covers {}",
                        ledger.roots.join(", "),
                        request.roots.join(", ")
                    ))
                } else if request.environment != ledger.environment && ledger.serial > 0 {
                    Some(format!(
                        "the last apply was for environment `{}`, and this one is for `{}`",
                        ledger.environment, request.environment
                    ))
                } else {
                    skipped.first().map(|it| it.title.clone())
                };
                notes.extend(skipped);
                if request.adopt && trouble.is_some() {
                    heals = true;
                    if moved || ledger.untrusted.is_some() {
                        continue;
                    }
                } else {
                    ownership.damaged = trouble;
                }
                if !moved {
                    ownership.ledger = Some(ledger);
                }
            }
            Ok(ledger) => {
                ownership.others.insert(owner, ledger);
            }
            // One that is only too new for us is not damaged, and not to be replaced.
            Err(reason) if is_ours && (!request.adopt || matches!(reason, LedgerError::Newer(_))) => {
                ownership.damaged = Some(reason.to_string());
                too_new = matches!(reason, LedgerError::Newer(_));
            }
            Err(_) if is_ours => heals = true,
            Err(reason) => {
                ownership.unreadable.push(format!("the ledger of owner `{owner}` cannot be read ({reason})"));
            }
        }
    }
    (ownership, notes, heals, too_new)
}

/// Returns a note where these manifests declare less than half of what the ledger lists, and something else: a tree grows
/// and shrinks, but one that shares so little with what was applied is more likely another tree.
fn another_tree(request: &PlanRequest<'_>, ledger: &Ledger, live: &State) -> Option<Note> {
    let objects = &request.desired.state.objects;
    let listed = ledger.entries.keys().filter(|it| !kind::is_everybodys(it));
    let renamed: Vec<&Address> = objects.values().filter_map(|it| it.formerly.as_ref()).collect();
    let is_renamed = |it: &Address| renamed.iter().any(|old| it == *old || it.is_under(old));
    let (kept, gone): (Vec<&Address>, Vec<&Address>) =
        listed.partition(|it| objects.contains_key(it) || is_renamed(it));
    // What is there and only named is a place, which owns nothing.
    let is_new = |(address, object): (&Address, &Object)| {
        let is_place = object.fields.is_empty() && live.contains(address);
        !kind::is_everybodys(address) && !is_place && !ledger.entries.contains_key(address)
    };
    // Of a few objects, two may well go at once.
    let is_alike = kept.len() >= gone.len() || (!kept.is_empty() && gone.len() < 3);
    if is_alike || !objects.iter().any(is_new) {
        return None;
    }
    let title = format!(
        "these manifests declare {} of the {} that the ledger of owner `{}` lists",
        kept.len(),
        match kept.len() + gone.len() {
            1 => "1 object".to_owned(),
            all => format!("{all} objects"),
        },
        ledger.owner
    );
    let note = Note::warning(Code::AnotherTree, title, request.desired.at, "perhaps another tree");
    Some(note.help("give them another owner; or let go of what is no longer declared, with `apply --adopt`"))
}

/// Returns notes on the manifests of the last full apply that are there, perhaps hidden by now, and were not read.
fn skipped(request: &PlanRequest<'_>, ledger: &Ledger) -> Vec<Note> {
    let unread = ledger.files.iter().filter(|it| !request.files.contains(it));
    unread
        .filter_map(|file| {
            let why = if (request.is_on_disk)(file) {
                "it is ignored by git, or outside of the paths of this run".to_owned()
            } else {
                let hidden = hidden(file).into_iter().find(|it| (request.is_on_disk)(it))?;
                format!("it is `{hidden}` now, and hidden files are not read")
            };
            let title = format!("`{file}` was applied before and is not read any more");
            let note = Note::warning(Code::ManifestNotRead, title, At::SERVER, "");
            Some(note.help(format!("{why}; nothing that it declared is pruned")))
        })
        .collect()
}

/// Returns what a file is called when itself, or a folder that it is in, is hidden.
fn hidden(file: &str) -> Vec<String> {
    let parts: Vec<&str> = file.split('/').collect();
    let with_dot = |at: usize| {
        let parts = parts.iter().enumerate();
        let named: Vec<String> =
            parts.map(|(it, part)| if it == at { format!(".{part}") } else { (*part).to_owned() }).collect();
        named.join("/")
    };
    (0..parts.len()).map(with_dot).collect()
}

/// Returns whether everything under the old manifest roots is under the new ones.
fn covers(new: &[String], old: &[String]) -> bool {
    let covers = |new: &String, old: &String| {
        new == "." || new.is_empty() || std::path::Path::new(old).starts_with(new)
    };
    old.iter().all(|old| new.iter().any(|new| covers(new, old)))
}
