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
    /// Calls that go alone although they are parts of a document: the server refused it with several of them.
    alone: BTreeSet<usize>,
}

impl Progress {
    pub fn new(calls: &[Call]) -> Self {
        Self { steps: vec![Step::Waiting; calls.len()], busy: BTreeSet::new(), alone: BTreeSet::new() }
    }

    pub fn step(&self, call: usize) -> Step {
        self.steps[call]
    }

    /// Returns how many calls are answered or given up.
    pub fn answered(&self) -> usize {
        self.steps.iter().filter(|it| !matches!(it, Step::Waiting | Step::UnderWay)).count()
    }

    /// Takes the next call whose predecessors are all done, and with a part of a document the other parts of it that
    /// need to wait for nothing else, in their order.
    pub fn start(&mut self, calls: &[Call]) -> Option<Vec<usize>> {
        let first = (0..calls.len()).find(|it| self.is_ready(*it, calls, &[]))?;
        let mut taken = vec![first];
        let joins = |it: &usize| calls[*it].is_part && !self.alone.contains(it);
        if joins(&first) {
            for next in (first + 1..calls.len()).filter(joins) {
                if calls[next].path == calls[first].path && self.is_ready(next, calls, &taken) {
                    taken.push(next);
                }
            }
        }
        for call in &taken {
            self.steps[*call] = Step::UnderWay;
            self.busy.insert(calls[*call].change);
        }
        Some(taken)
    }

    fn is_ready(&self, call: usize, calls: &[Call], with: &[usize]) -> bool {
        self.steps[call] == Step::Waiting
            && !self.busy.contains(&calls[call].change)
            && calls[call].after.iter().all(|it| self.steps[*it] == Step::Done || with.contains(it))
    }

    /// Lets calls wait again that were started and not sent.
    pub fn put_back(&mut self, taken: &[usize], calls: &[Call]) {
        for call in taken {
            self.steps[*call] = Step::Waiting;
            self.busy.remove(&calls[*call].change);
        }
    }

    /// Lets calls wait again that the server refused together, each for a request of its own.
    pub fn part(&mut self, taken: &[usize], calls: &[Call]) {
        self.put_back(taken, calls);
        self.alone.extend(taken);
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
    use crate::call::{Body, Verb};

    fn call(change: usize, after: &[usize]) -> Call {
        Call {
            change,
            method: Verb::Post,
            path: Vec::new(),
            body: Body::None,
            fields: Vec::new(),
            is_part: false,
            creates: Vec::new(),
            after: after.to_vec(),
        }
    }

    #[test]
    fn a_failure_skips_what_waits_for_it_and_nothing_else() {
        let calls = [call(0, &[]), call(1, &[0]), call(2, &[1]), call(3, &[])];
        let mut progress = Progress::new(&calls);
        assert_eq!(progress.start(&calls), Some(vec![0]));
        assert_eq!(progress.start(&calls), Some(vec![3]), "what waits for nothing goes beside it");
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
        assert_eq!(progress.start(&calls), Some(vec![0]));
        assert_eq!(progress.start(&calls), None);
        progress.finish(0, &calls, true);
        assert_eq!(progress.start(&calls), Some(vec![1]));
    }

    #[test]
    fn parts_of_a_document_go_together_unless_they_wait_for_something_else() {
        let part = |after: &[usize]| Call { is_part: true, ..call(0, after) };
        let mut calls = [part(&[]), part(&[0]), call(0, &[]), part(&[1, 2]), part(&[1]), part(&[4])];
        calls.iter_mut().enumerate().for_each(|(change, it)| it.change = change);
        let mut progress = Progress::new(&calls);
        assert_eq!(progress.start(&calls), Some(vec![0, 1, 4, 5]));
        assert_eq!(progress.start(&calls), Some(vec![2]));
        progress.finish(2, &calls, true);
        progress.part(&[0, 1, 4, 5], &calls);
        for (next, is_ok) in [(0, true), (1, true), (3, true), (4, false)] {
            assert_eq!(progress.start(&calls), Some(vec![next]), "each alone, and in the order as before");
            progress.finish(next, &calls, is_ok);
        }
        assert_eq!(progress.step(5), Step::Skipped { because: 4 });
    }
}
