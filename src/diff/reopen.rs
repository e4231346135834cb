//! What an interrupted run left closed is opened again, whoever began it: no manifest declares it.

use super::{Diff, Question};
use crate::change::{Action, FieldChange};
use crate::kind;
use crate::state::{Address, Object};
use crate::text::{Code, Note};

/// Leaves out what only a run itself makes, so that nobody comes to manage it.
pub(super) fn refuse_names(out: &mut Diff) {
    let ours = |it: &&Address| kind::keeps_closed(it);
    let declared: Vec<Address> = out.desired.objects.keys().filter(ours).cloned().collect();
    for address in declared {
        let Some(object) = out.desired.objects.remove(&address) else { continue };
        let title = format!("{} is left out", kind::title(&address));
        let label = "realmwright makes it while rules change, and removes it";
        out.notes.push(
            Note::warning(Code::OursWhileRulesChange, title, object.at, label)
                .help("take it out of the manifests, or give it another name"),
        );
    }
}

/// Ends what was left closed, where the run covers it.
pub(super) fn reopen(question: &Question<'_>, out: &mut Diff) {
    for (address, object) in &question.live.closed {
        let Some(client) = address.parent() else { continue };
        let [policy, _] = kind::closers(&client);
        // With its client or the authorization of that goes what stands under it.
        let stays = out.planned.contains(&kind::settings_of(&client));
        if !stays || !question.terms.covers(&policy) {
            continue;
        }
        if kind::keeps_closed(address) {
            out.changes.push(kind::reopen(address));
        } else {
            decide_as_before(question, address, object, out);
        }
    }
}

/// Lets a client decide as it did, where the manifests do not say how.
fn decide_as_before(question: &Question<'_>, address: &Address, now: &Object, out: &mut Diff) {
    let Some((before, client)) = question.live.state.get(address).zip(address.parent()) else { return };
    let own = out.changes.iter().position(|it| it.object == *address && it.action == Action::Update);
    let is_said =
        |field: &str| own.is_some_and(|at| out.changes[at].fields.iter().any(|it| &*it.path.field == field));
    let fields: Vec<FieldChange> = kind::STRICT
        .iter()
        .map(|it| (it.field, now.text(it.field), before.text(it.field)))
        .filter(|(field, now, before)| now != before && !is_said(field))
        .map(|(field, now, before)| kind::decide(field, now, before))
        .collect();
    match own {
        Some(at) => out.changes[at].fields.extend(fields),
        None if fields.is_empty() => {}
        None => out.changes.push(kind::decide_by(&client, fields)),
    }
}
