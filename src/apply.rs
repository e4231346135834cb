//! Sends the calls of a plan: ready ones side by side, an outcome per change, and no choice of its own.

mod document;
mod ids;
mod ledgers;
mod lock;
mod progress;
mod request;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

pub use ids::Ids;
pub use ledgers::{Ledgers, is_ours, outgrows, read_ledgers, write_ledger, write_ledger_ahead};
pub use lock::{Held, Lock, LockError, take, unlock};
pub use progress::{Progress, Step};
pub use request::Reveal;

use crate::call::{Call, Segment};
use crate::change::{Action, Change, Why};
use crate::keycloak::{Error, Keycloak};
use crate::kind;
use crate::plan::{Ended, Outcome};
use crate::state::Address;
use document::Written;

/// How one call ended.
#[derive(Debug)]
pub enum Answered {
    Done,
    AlreadyDone,
}

/// Why a call did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error(transparent)]
    Keycloak(#[from] Error),
    #[error("{field} of {address} changed while this plan was applied; plan again")]
    Stale { address: Address, field: String },
    #[error("{address} exists, and fine-grained permissions hide it from this credential: {answer}")]
    Hidden { address: Address, answer: Box<Error> },
    #[error("{address} exists already, says Keycloak, and this run does not find it: {answer}")]
    Exists { address: Address, answer: Box<Error> },
    #[error("{address} was not found, although it should exist")]
    NoSuchObject { address: Address },
    #[error(
        "the ledger would need {bytes} bytes, more than the {limit} that one client holds; split the manifests among owners"
    )]
    LedgerTooLarge { bytes: usize, limit: usize },
    #[error("the answer of the server to {what} tells no id")]
    NoId { what: String },
}

/// What a run needs beside its calls.
pub struct Run<'a> {
    pub keycloak: &'a Keycloak,
    pub realm: &'a str,
    pub changes: &'a [Change],
    pub reveal: &'a Reveal<'a>,
    /// How many requests may be under way at once.
    pub lanes: usize,
    /// Asked before every call; `true` starts no more.
    pub is_stopped: &'a (dyn Fn() -> bool + Sync),
    /// Told after every call: how many of all are answered.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

impl Run<'_> {
    /// Returns why a new object is refused that no search finds: only some kinds can be hidden, and not from everybody.
    async fn exists(&self, address: &Address, answer: Error) -> CallError {
        let (address, answer) = (address.clone(), Box::new(answer));
        let can_be_hidden = !kind::kind(address.kind()).hidden_without.is_empty();
        if can_be_hidden && self.keycloak.rights(self.realm).await.is_ok_and(|it| it.sees_parts) {
            CallError::Hidden { address, answer }
        } else {
            CallError::Exists { address, answer }
        }
    }
}

/// Learns the ids of what is called by its place among others of its name: with the first write others have these names.
async fn learn_numbered(run: &Run<'_>, calls: &[Call], known: &tokio::sync::Mutex<Ids>) {
    let made: BTreeSet<&Address> = calls.iter().flat_map(|it| &it.creates).collect();
    let named = calls.iter().flat_map(|it| &it.path).filter_map(|it| match it {
        Segment::Id(address) if !made.contains(address) => Some(address),
        _ => None,
    });
    let is_ranked = |it: &&Address| kind::kind(it.kind()).is_ranked();
    for address in named.filter(is_ranked).collect::<BTreeSet<_>>() {
        // Whatever is wrong is told by the call that needs it.
        drop(ids::id(run.keycloak, run.realm, address, known).await);
    }
}

/// Sends all calls and returns an outcome per change, in the order of the changes.
pub async fn run(run: &Run<'_>, calls: &[Call], ids: Ids) -> Vec<Outcome> {
    let ids = tokio::sync::Mutex::new(ids);
    learn_numbered(run, calls, &ids).await;
    let mut progress = Progress::new(calls);
    let mut under_way = FuturesUnordered::new();
    let mut results: BTreeMap<usize, Result<Answered, Trouble>> = BTreeMap::new();
    loop {
        while under_way.len() < run.lanes && !(run.is_stopped)() {
            let Some(next) = progress.start(calls) else { break };
            let ids = &ids;
            under_way.push(async move {
                let written = send(run, &next, calls, ids).await;
                (next, written)
            });
        }
        let Some((taken, written)) = under_way.next().await else { break };
        match written {
            Written::Refused => progress.part(&taken, calls),
            Written::Parts(ended) => {
                progress.put_back(&taken[ended.len()..], calls);
                for (index, result) in taken.into_iter().zip(ended) {
                    progress.finish(index, calls, result.is_ok());
                    results.insert(index, result);
                }
            }
        }
        (run.progress)(progress.answered(), calls.len());
    }
    let mut outcomes: Vec<Outcome> = run
        .changes
        .iter()
        .enumerate()
        .map(|(index, change)| outcome(index, change, run.changes, calls, &progress, &results))
        .collect();
    follow(run.changes, &mut outcomes);
    outcomes
}

/// Sends one call, or several parts of one document.
async fn send(run: &Run<'_>, taken: &[usize], calls: &[Call], ids: &tokio::sync::Mutex<Ids>) -> Written {
    match taken {
        [one] if !calls[*one].is_part => {
            let result = request::send(run, &calls[*one], ids).await;
            Written::Parts(vec![result.map_err(|it| Trouble::of(run, &it))])
        }
        parts => {
            let parts: Vec<&Call> = parts.iter().map(|it| &calls[*it]).collect();
            document::write(run, &parts, ids).await
        }
    }
}

/// What goes with another object is still there when that one did not go.
fn follow(changes: &[Change], outcomes: &mut [Outcome]) {
    let positions: BTreeMap<&Address, usize> =
        changes.iter().enumerate().map(|(at, it)| (&it.object, at)).collect();
    for (at, change) in changes.iter().enumerate() {
        let mut seen = BTreeSet::from([at]);
        let mut cause = at;
        while let (Action::Delete, Why::Cascade(of)) = (changes[cause].action, &changes[cause].why) {
            match positions.get(of).filter(|it| seen.insert(**it)) {
                Some(next) => cause = *next,
                None => break,
            }
        }
        if cause == at {
            continue;
        }
        outcomes[at].ended = match &outcomes[cause].ended {
            Ended::Done | Ended::AlreadyDone => Ended::Done,
            Ended::Failed { .. } => Ended::Skipped { because: changes[cause].object.clone() },
            Ended::Skipped { because } => Ended::Skipped { because: because.clone() },
            Ended::NotStarted => Ended::NotStarted,
        };
        debug_assert_eq!(change.object, outcomes[at].address);
    }
}

/// Why a call failed, and whether the server may have carried it out all the same.
#[derive(Clone)]
struct Trouble {
    message: String,
    in_doubt: bool,
}

impl Trouble {
    fn of(run: &Run<'_>, error: &CallError) -> Self {
        Self {
            message: run.keycloak.redactor().clean(&error.to_string()),
            in_doubt: matches!(error, CallError::Keycloak(error) if !error.wrote_nothing()),
        }
    }
}

fn outcome(
    index: usize,
    change: &Change,
    changes: &[Change],
    calls: &[Call],
    progress: &Progress,
    results: &BTreeMap<usize, Result<Answered, Trouble>>,
) -> Outcome {
    let mut ended = Ended::Done;
    let own: Vec<usize> = (0..calls.len()).filter(|it| calls[*it].change == index).collect();
    let wrote_nothing =
        !own.is_empty() && own.iter().all(|it| matches!(results.get(it), Some(Ok(Answered::AlreadyDone))));
    if wrote_nothing {
        ended = Ended::AlreadyDone;
    }
    let began = own.iter().any(|it| match results.get(it) {
        Some(Ok(answered)) => matches!(answered, Answered::Done),
        Some(Err(trouble)) => trouble.in_doubt,
        None => false,
    });
    for call in own {
        match (progress.step(call), results.get(&call)) {
            (_, Some(Err(trouble))) => {
                ended = Ended::Failed { message: trouble.message.clone() };
                break;
            }
            (Step::Skipped { because }, _) if calls[because].change != index => {
                ended = Ended::Skipped { because: changes[calls[because].change].object.clone() };
            }
            (Step::Waiting, None) => ended = Ended::NotStarted,
            _ => {}
        }
    }
    Outcome { address: change.object.clone(), action: change.action, ended, began }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::parse_address;
    use crate::text::At;

    fn gone(address: &str, why: Why) -> Change {
        let object = parse_address(address).expect("an address");
        Change { object, action: Action::Delete, why, fields: Vec::new(), adopted: false, at: At::SERVER }
    }

    #[test]
    fn what_stands_under_an_object_that_did_not_go_did_not_go_either() {
        let with = |it: &str| Why::Cascade(parse_address(it).expect("an address"));
        let changes = [
            gone("group/a/b/c", with("group/a/b")),
            gone("group/a/b", with("group/a")),
            gone("group/a", Why::NotInManifests),
            gone("group/d/e", with("group/d")),
            gone("group/d", Why::NotInManifests),
            gone("role/r", Why::NotInManifests),
        ];
        let mut outcomes: Vec<Outcome> = changes
            .iter()
            .map(|it| Outcome {
                address: it.object.clone(),
                action: it.action,
                ended: Ended::Done,
                began: false,
            })
            .collect();
        outcomes[2].ended = Ended::Failed { message: "500".to_owned() };
        outcomes[4].ended = Ended::NotStarted;
        follow(&changes, &mut outcomes);
        let because = || Ended::Skipped { because: changes[2].object.clone() };
        let ended: Vec<Ended> = outcomes.into_iter().map(|it| it.ended).collect();
        let failed = Ended::Failed { message: "500".to_owned() };
        let expected = [because(), because(), failed, Ended::NotStarted, Ended::NotStarted, Ended::Done];
        assert_eq!(ended, expected);
    }
}
