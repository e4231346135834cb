//! Calls in one line: each behind everything that it waits for, the most pressing of the ready ones first.

use std::collections::BTreeSet;

/// What each call waits for, by position.
pub(super) type After = Vec<BTreeSet<usize>>;

/// Calls in the order in which they may be sent one by one, and the place of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) order: Vec<usize>,
    pub(super) place: Vec<usize>,
}

impl Line {
    /// Returns whether a call stands before another.
    pub(super) fn is_before(&self, one: usize, other: usize) -> bool {
        self.place[one] < self.place[other]
    }
}

/// Kahn's algorithm; fails with the calls that wait for each other.
pub(super) fn up<K: Ord>(after: &After, key: &dyn Fn(usize) -> K) -> Result<Line, Vec<usize>> {
    let mut waits: Vec<usize> = after.iter().map(BTreeSet::len).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); after.len()];
    for (index, after) in after.iter().enumerate() {
        for before in after {
            followers[*before].push(index);
        }
    }
    let mut ready: BTreeSet<(K, usize)> =
        (0..after.len()).filter(|it| waits[*it] == 0).map(|it| (key(it), it)).collect();
    let mut line = Line { order: Vec::with_capacity(after.len()), place: vec![0; after.len()] };
    while let Some((_, next)) = ready.pop_first() {
        line.place[next] = line.order.len();
        line.order.push(next);
        for follower in &followers[next] {
            waits[*follower] -= 1;
            if waits[*follower] == 0 {
                ready.insert((key(*follower), *follower));
            }
        }
    }
    if line.order.len() < after.len() {
        return Err((0..after.len()).filter(|it| waits[*it] > 0).collect());
    }
    Ok(line)
}
