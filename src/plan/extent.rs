//! How much of what was applied a plan takes away or changes. Much of it is agreed to by its count.

use super::Plan;
use crate::access::Guard;
use crate::change::{Action, Change, ConsentKey, FieldChange, Reason, To, Why};
use crate::diff::Ledger;
use crate::manifest::{Guards, Percent};
use crate::state::Node;

/// Up to so many deletes need no yes of their own.
const FEW: usize = 10;

/// Up to this part of what the ledger lists, deletes need no yes of their own.
const SMALL_PART: usize = 10;

/// A number of objects, and of objects with their links and list entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) objects: usize,
    pub(super) all: usize,
}

impl Extent {
    /// Returns how much a ledger lists.
    pub(super) fn of(ledger: &Ledger) -> Self {
        let objects = ledger.entries.len();
        let links: usize = ledger
            .entries
            .values()
            .flat_map(|it| it.links.values())
            .map(std::collections::BTreeSet::len)
            .sum();
        Self { objects, all: objects + links }
    }

    /// Returns what a plan takes away: objects, links, entries of lists and keys of maps.
    pub(super) fn of_deletes(plan: &Plan) -> Self {
        // What an interrupted run left to keep something closed was never meant to stay.
        let is_delete = |it: &&Change| it.action == Action::Delete && it.why != Why::KeptClosed;
        let objects = plan.changes().iter().filter(is_delete).count();
        let taken: usize = updates(plan).flat_map(|it| &it.fields).map(taken).sum();
        Self { objects, all: objects + taken }
    }

    /// Returns what a plan changes: objects, and the links that they get.
    pub(super) fn of_updates(plan: &Plan) -> Self {
        let objects = updates(plan).count();
        let added: usize = updates(plan).flat_map(|it| &it.fields).map(added).sum();
        Self { objects, all: objects + added }
    }

    /// Returns whether this is more than a part of what is listed, counted with links or without: many links on few
    /// objects must not make the deletes of objects look small.
    pub(super) fn exceeds(self, percent: usize, listed: Self) -> bool {
        let more = |part: usize, whole: usize| part * 100 > percent * whole;
        more(self.all, listed.all) || more(self.objects, listed.objects)
    }

    fn words(self) -> String {
        let count =
            |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let objects = count(self.objects, "object", "objects");
        let rest = count(self.all - self.objects, "link or list entry", "links and list entries");
        match (self.objects, self.all - self.objects) {
            (_, 0) => objects,
            (0, _) => rest,
            _ => format!("{objects} and {rest}"),
        }
    }
}

/// Updates of what was there before the run.
fn updates(plan: &Plan) -> impl Iterator<Item = &Change> {
    let is_update = |it: &&Change| it.action == Action::Update && !matches!(it.why, Why::MadeBy(_));
    plan.changes().iter().filter(move |it| plan.exists && is_update(it))
}

fn taken(field: &FieldChange) -> usize {
    let had = field.from.as_ref().map_or(&[][..], Node::items);
    match &field.to {
        To::Links { remove, .. } => remove.len(),
        To::Value(node) => had.iter().filter(|it| !node.items().contains(it)).count(),
        To::Unset if field.path.key.is_some() => 1,
        To::Unset => had.len(),
    }
}

fn added(field: &FieldChange) -> usize {
    if let To::Links { add, .. } = &field.to { add.len() } else { 0 }
}

/// Returns what a plan deletes, in words, where that is much and the project file has no say.
pub(super) fn many_deletes(plan: &Plan, guards: &Guards, listed: Extent) -> Option<(usize, String)> {
    let deletes = Extent::of_deletes(plan);
    let is_guarded = guards.delete_pct.is_some() && listed.all > min_existing(guards);
    let is_much = deletes.all > FEW && deletes.exceeds(SMALL_PART, listed);
    (is_much && !is_guarded).then(|| {
        let whole = if listed.all == 0 {
            "no ledger lists anything".to_owned()
        } else {
            format!("the ledger lists {}", listed.words())
        };
        (deletes.all, format!("{} would be deleted; {whole}", deletes.words()))
    })
}

/// Returns the percentages of the project file, kept or not. Only their own count consents.
pub(super) fn percentages(plan: &Plan, guards: &Guards, listed: Extent) -> Vec<Guard> {
    let judge = |percent: Option<Percent>, extent: Extent, id: Reason, key: ConsentKey, verb: &str| {
        let percent = percent.filter(|_| listed.all > min_existing(guards))?;
        let allowed = plan.allowed.get(&key).copied().unwrap_or(0);
        let is_within = !extent.exceeds(percent.most, listed);
        let passes = is_within || extent.all <= allowed;
        let much = format!("{} of {} would be {verb}", extent.words(), listed.words());
        let message = match (is_within, passes) {
            (true, _) => format!("{much}; at most {} %", percent.most),
            (false, true) => {
                format!("{much}, more than {} %; allowed by `--allow {}={allowed}`", percent.most, key.name())
            }
            (false, false) => format!(
                "{much}, more than {} %; allow exactly this with `--allow {}={}`",
                percent.most,
                key.name(),
                extent.all
            ),
        };
        Some(Guard { id, passes, message, at: percent.at })
    };
    let deletes = Extent::of_deletes(plan);
    let updates = Extent::of_updates(plan);
    [
        judge(guards.delete_pct, deletes, Reason::DeletePct, ConsentKey::Deletes, "deleted"),
        judge(guards.update_pct, updates, Reason::UpdatePct, ConsentKey::Updates, "changed"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn min_existing(guards: &Guards) -> usize {
    guards.min_existing.unwrap_or(FEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_counted_with_links_and_without() {
        let listed = Extent { objects: 100, all: 1000 };
        for (objects, all, exceeds) in
            [(10, 10, false), (11, 11, true), (0, 100, false), (0, 101, true), (10, 110, true)]
        {
            assert_eq!(Extent { objects, all }.exceeds(10, listed), exceeds, "{objects} {all}");
        }
        assert!(Extent { objects: 0, all: 1 }.exceeds(10, Extent::default()));
        assert!(!Extent::default().exceeds(0, Extent::default()));
    }

    #[test]
    fn extents_are_said_by_what_they_are() {
        for (objects, all, words) in [
            (1, 1, "1 object"),
            (2, 3, "2 objects and 1 link or list entry"),
            (0, 2, "2 links and list entries"),
            (0, 0, "0 objects"),
        ] {
            assert_eq!(Extent { objects, all }.words(), words);
        }
    }
}
