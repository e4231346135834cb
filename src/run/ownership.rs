//! Whose a realm is: the ledgers of all owners against this run, and the ledger that it leaves behind.

use super::plan::{PlanRequest, Planned, profile, question};
use crate::apply::Ledgers;
use crate::diff::{self, Ledger, LedgerError, Ownership};
use crate::keycloak::Read;
use crate::state::Address;

/// Returns the ledger as it is once this plan was applied, but for what failed.
pub fn next_ledger(
    request: &PlanRequest<'_>,
    planned: &Planned,
    is_full: bool,
    failed: &dyn Fn(&Address) -> bool,
) -> Ledger {
    let profile = profile(&planned.read);
    let question = question(request, &planned.read, &planned.ownership, profile.as_ref());
    let mut ledger = diff::next_ledger(&question, &planned.plan.diff, failed);
    ledger.untrusted = untrusted(&planned.ownership);
    // A run over a part must not make the rest look undeclared to the next one.
    if is_full && (request.adopt || covers(request.roots, &ledger.roots)) {
        request.roots.clone_into(&mut ledger.roots);
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

/// Returns whose realm it is, whether `--adopt` has something to heal, and whether our ledger is too new for us.
pub(super) fn ownership(request: &PlanRequest<'_>, read: &Read, ledgers: Ledgers) -> (Ownership, bool, bool) {
    let (mut heals, mut too_new) = (false, false);
    let mut ownership = Ownership { owner: request.owner.map(str::to_owned), ..Ownership::default() };
    for (owner, mut ledger) in ledgers {
        if let Ok(ledger) = &mut ledger {
            ledger.settle(|it| read.live.state.contains(it));
        }
        let is_ours = request.owner == Some(owner.as_str());
        match ledger {
            Ok(ledger) if is_ours => {
                let moved = read
                    .realm_id
                    .as_ref()
                    .is_some_and(|it| !ledger.realm_id.is_empty() && *it != ledger.realm_id);
                let trouble = if moved {
                    Some("the ledger belongs to a realm with another id".to_owned())
                } else if ledger.untrusted.is_some() {
                    ledger.untrusted.clone()
                } else if !covers(request.roots, &ledger.roots) {
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
                    None
                };
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
            // Another owner's damaged ledger protects nothing that we could know of.
            Err(_) => {}
        }
    }
    (ownership, heals, too_new)
}

/// Returns whether everything under the old manifest roots is under the new ones.
fn covers(new: &[String], old: &[String]) -> bool {
    let covers = |new: &String, old: &String| {
        new == "." || new.is_empty() || std::path::Path::new(old).starts_with(new)
    };
    old.iter().all(|old| new.iter().any(|new| covers(new, old)))
}
