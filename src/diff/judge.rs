//! What the effects of a plan mean: which of them refuse it, and what is protected from it.

use std::collections::BTreeSet;

use super::cascade::{self, Effect, Fate};
use super::fold::Fold;
use super::hands_off::{is_built_in, is_ours};
use super::{Diff, Question};
use crate::change::{Action, Change, ConsentKey, Reason, Refusal, Why};
use crate::kind;
use crate::manifest::Prune;
use crate::state::{Address, State};
use crate::text::At;

/// Judges what the changes of a plan do to others, and refuses what would hurt them; then protection.
pub(super) fn judge(question: &Question<'_>, fold: Fold<'_>, out: &mut Diff) {
    let deletes = out.changes.iter().filter(|it| it.action == Action::Delete);
    let going: BTreeSet<Address> = deletes.map(|it| it.object.clone()).collect();
    for effect in fold.losses {
        judge_effect(question, &going, "taking scopes from", effect, out);
    }
    for (on, of) in fold.removed_by_update {
        let doing = format!("switching off {} of", kind::part_of_client(&on));
        judge_effect(question, &going, &doing, Effect { of, on, fate: Fate::Disappears }, out);
    }
    for effect in fold.deleted {
        judge_effect(question, &going, "deleting", effect, out);
    }
    protect(question, out);
    if question.terms.prune != Prune::Nothing
        && let Some(why) = &question.ownership.damaged
    {
        out.refusals.push(Refusal {
            id: Reason::Ledger,
            address: kind::realm_address(),
            message: format!(
                "{why}: pruning is refused; `apply --adopt` without --prune makes this run the measure"
            ),
            at: At::SERVER,
            consent: None,
        });
    }
}

/// Refuses an effect on what these manifests do not own, and what would empty a policy or permission.
fn judge_effect(
    question: &Question<'_>,
    going: &BTreeSet<Address>,
    doing: &str,
    effect: Effect,
    out: &mut Diff,
) {
    let (of, on) = (&effect.of, &effect.on);
    if going.contains(on) {
        return;
    }
    let ours = is_ours(question, on);
    let made_by = question.live.state.get(on).and_then(|it| it.made_by.as_ref());
    let belongs = effect.fate == Fate::Disappears
        && (is_made_with(question, going, on)
            || made_by.is_some_and(|it| it == of)
            // What stands once under its parent is a part of that.
            || kind::kind(on.kind()).key.is_empty()
            // Refused already, with what takes that along.
            || is_built_in(question, of));
    let declared = out.desired.contains(on);
    let mut refuse = |id, message, consent| {
        out.refusals.push(Refusal { id, address: on.clone(), message, at: At::SERVER, consent });
    };
    let holds = |field: &str| kind::kind(on.kind()).field(field).is_some_and(|it| it.holds);
    if matches!(&effect.fate, Fate::Loses { field } | Fate::Emptied { field } if holds(field)) {
        let message = format!(
            "{} cannot be deleted: Keycloak keeps it as long as {} names it",
            kind::title(of),
            kind::title(on)
        );
        refuse(Reason::InUse, message, None);
    } else if matches!(effect.fate, Fate::Emptied { .. }) && !declared {
        let message = format!(
            "{doing} {} would leave {} empty, which then denies everybody or, when negative, permits everybody",
            kind::title(of),
            kind::title(on)
        );
        refuse(Reason::Emptied, message, None);
    } else if effect.fate == Fate::Disappears && !belongs && is_built_in(question, on) {
        let message =
            format!("{doing} {} takes {} along, which came with the realm", kind::title(of), kind::title(on));
        refuse(Reason::Cascade, message, None);
    } else if cascade::matters(&effect) && !belongs && !ours {
        let does = if effect.fate == Fate::Disappears { "takes" } else { "changes" };
        let message = format!(
            "{doing} {} {does} {}, which these manifests do not own",
            kind::title(of),
            kind::title(on)
        );
        refuse(Reason::Cascade, message, Some(ConsentKey::Cascade));
    }
    if effect.fate == Fate::Disappears {
        out.changes.push(Change::unasked(on, Action::Delete, Why::Cascade(of.clone())));
    }
    out.effects.push(effect);
}

/// What the server made with an object belongs to it: a service account, `uma_protection`, default mappers.
fn is_made_with(question: &Question<'_>, going: &BTreeSet<Address>, on: &Address) -> bool {
    let live = &question.live.state;
    let made = |by: &Address| {
        let created_along =
            live.get(by).map(|it| kind::created_along(by, it, &State::default(), question.version));
        created_along.is_some_and(|it| it.iter().any(|(made, _)| made == on))
    };
    live.get(on).and_then(|it| it.made_by.as_ref()).is_some_and(|it| going.contains(it))
        || on.ancestors().any(|it| going.contains(&it) && made(&it))
}

fn protect(question: &Question<'_>, out: &mut Diff) {
    for change in &out.changes {
        let writes = matches!(change.action, Action::Update | Action::Delete);
        let protected = question.terms.protect.iter().find(|it| it.covers(&change.object));
        if let (true, Some(pattern)) = (writes, protected) {
            let does = if change.action == Action::Delete { "deleted" } else { "changed" };
            out.refusals.push(Refusal {
                id: Reason::Protect,
                address: change.object.clone(),
                message: format!(
                    "{} is protected by `{}` and would be {does}",
                    kind::title(&change.object),
                    pattern.written()
                ),
                at: change.at,
                consent: None,
            });
        }
    }
}
