//! Which call may start next: pure, so that order and skipping are tested without a server.

use std::collections::BTreeSet;

use crate::call::Call;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Waiting,
    UnderWay,
    Done,
    Failed,
    /// A call that it waited for failed; `because` is the first one.
    Skipped {
        because: usize,
    },
}

/// How far a list of calls has come.
#[derive(Debug)]
pub struct Progress {
    steps: Vec<Step>,
    /// Changes with a call under way: one at a time touches an object.
    busy: BTreeSet<usize>,
}

impl Progress {
    pub fn new(calls: &[Call]) -> Self {
        Self { steps: vec![Step::Waiting; calls.len()], busy: BTreeSet::new() }
    }

    pub fn step(&self, call: usize) -> Step {
        self.steps[call]
    }

    /// Returns how many calls are answered or given up.
    pub fn answered(&self) -> usize {
        self.steps.iter().filter(|it| !matches!(it, Step::Waiting | Step::UnderWay)).count()
    }

    /// Takes the next call whose predecessors are all done.
    pub fn start(&mut self, calls: &[Call]) -> Option<usize> {
        let next = (0..calls.len()).find(|it| {
            self.steps[*it] == Step::Waiting
                && !self.busy.contains(&calls[*it].change)
                && calls[*it].after.iter().all(|it| self.steps[*it] == Step::Done)
        })?;
        self.steps[next] = Step::UnderWay;
        self.busy.insert(calls[next].change);
        Some(next)
    }

    /// Notes an answer; a failure gives up everything that waits for it, and the rest of its own change.
    pub fn finish(&mut self, call: usize, calls: &[Call], is_ok: bool) {
        self.busy.remove(&calls[call].change);
        self.steps[call] = if is_ok { Step::Done } else { Step::Failed };
        if is_ok {
            return;
        }
        let mut causes = vec![call];
        while let Some(cause) = causes.pop() {
            for index in 0..calls.len() {
                let waits = calls[index].after.contains(&cause) || calls[index].change == calls[call].change;
                if self.steps[index] == Step::Waiting && waits {
                    self.steps[index] = Step::Skipped { because: call };
                    causes.push(index);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Body, Method};

    fn call(change: usize, after: &[usize]) -> Call {
        Call {
            change,
            method: Method::Post,
            path: Vec::new(),
            body: Body::None,
            fields: Vec::new(),
            creates: Vec::new(),
            after: after.to_vec(),
        }
    }

    #[test]
    fn a_failure_skips_what_waits_for_it_and_nothing_else() {
        let calls = [call(0, &[]), call(1, &[0]), call(2, &[1]), call(3, &[])];
        let mut progress = Progress::new(&calls);
        assert_eq!(progress.start(&calls), Some(0));
        assert_eq!(progress.start(&calls), Some(3), "what waits for nothing goes beside it");
        assert_eq!(progress.start(&calls), None);
        progress.finish(0, &calls, false);
        assert_eq!([progress.step(1), progress.step(2)], [Step::Skipped { because: 0 }; 2]);
        progress.finish(3, &calls, true);
        assert_eq!(progress.step(3), Step::Done);
        assert_eq!(progress.answered(), 4);
    }

    #[test]
    fn one_call_at_a_time_touches_an_object() {
        let calls = [call(0, &[]), call(0, &[])];
        let mut progress = Progress::new(&calls);
        assert_eq!(progress.start(&calls), Some(0));
        assert_eq!(progress.start(&calls), None);
        progress.finish(0, &calls, true);
        assert_eq!(progress.start(&calls), Some(1));
    }
}
