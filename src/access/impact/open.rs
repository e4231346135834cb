//! Whether what is unknown on both sides is still the same, whatever the policies say that leave it open.

use std::collections::BTreeSet;

use super::Side;
use crate::access::decide::{Answered, MOST_UNKNOWN};
use crate::access::policy::Holds;
use crate::access::table::{Resource, Table};
use crate::state::Address;

/// What one side says of a scope of a resource to those who stand for an asker: any of them is enough.
struct Open<'a> {
    answers: Vec<(Answered, Vec<&'a Address>)>,
    scope: Option<usize>,
}

impl Open<'_> {
    /// Returns whether it may be permitted, and whether it surely is, where exactly these policies say yes.
    fn permits(&self, yes: &BTreeSet<&Address>) -> [bool; 2] {
        let each = self.answers.iter().map(|(answer, hangs_on)| {
            let bits = hangs_on.iter().enumerate().filter(|it| yes.contains(it.1));
            let choice: usize = bits.map(|it| 1 << it.0).sum();
            // What the server answers with an error, it does not permit.
            let ran = answer.runs.get(choice);
            ran.map_or([false; 2], |it| it.each_ref().map(|it| it.permits(self.scope)))
        });
        each.fold([false; 2], |sum, it| [sum[0] || it[0] || it[1], sum[1] || (it[0] && it[1])])
    }
}

/// Returns whether a decision that is unknown on both sides may have become another one.
pub(super) fn moves(
    sides: &[Side<'_>; 2],
    tables: &[Option<Table<'_>>; 2],
    resources: &[Option<Resource>; 2],
    classes: &[Vec<usize>; 2],
    scopes: [Option<usize>; 2],
) -> bool {
    let all = [0, 1].map(|at: usize| {
        let (Some(server), Some(table)) = (sides[at].server, &tables[at]) else { return None };
        let (Some(resource), Some(scope)) = (&resources[at], scopes[at]) else { return None };
        let answers =
            classes[at].iter().filter_map(|it| resource.answered(table, *it, scope)).map(|answer| {
                let hangs_on = answer.unknown.iter().map(|it| &server.policies.addresses[*it]).collect();
                (answer, hangs_on)
            });
        Some(Open { answers: answers.collect(), scope: resource.scopes[scope] })
    });
    let [Some(before), Some(after)] = all else { return true };
    let both = || before.answers.iter().chain(&after.answers);
    // What hangs on no single policies cannot be compared: it may have become another one.
    if both().any(|(answer, _)| answer.permit == Holds::Unknown && answer.runs.is_empty()) {
        return true;
    }
    let hangs_on: Vec<&Address> =
        both().flat_map(|it| it.1.iter().copied()).collect::<BTreeSet<_>>().into_iter().collect();
    if hangs_on.len() > MOST_UNKNOWN {
        return true;
    }
    (0..1_usize << hangs_on.len()).any(|choice| {
        let chosen = hangs_on.iter().enumerate().filter(|(at, _)| choice & (1 << at) != 0);
        let yes: BTreeSet<&Address> = chosen.map(|it| *it.1).collect();
        before.permits(&yes) != after.permits(&yes)
    })
}

/// Returns whether policies that are the same on both sides say the same about a resource to those who stand for an
/// asker.
pub(super) fn is_said_alike(
    tables: &[Option<Table<'_>>; 2],
    resources: &[Option<Resource>; 2],
    classes: &[Vec<usize>; 2],
) -> bool {
    let said = |at: usize| -> BTreeSet<Vec<(&Address, Holds)>> {
        let both = tables[at].iter().zip(&resources[at]);
        both.flat_map(|(table, it)| classes[at].iter().map(|class| it.said(table, *class))).collect()
    };
    said(0) == said(1)
}
