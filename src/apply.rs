//! Sends the calls of a plan: ready ones side by side, an outcome per change, and no choice of its own.

mod ids;
mod ledgers;
mod lock;
mod progress;
mod request;

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

pub use ids::Ids;
pub use ledgers::{Ledgers, is_ours, read_ledgers, write_ledger};
pub use lock::{Held, Lock, LockError, take, unlock};
pub use progress::{Progress, Step};
pub use request::Reveal;

use crate::call::Call;
use crate::change::Change;
use crate::keycloak::{Error, Keycloak};
use crate::plan::{Ended, Outcome};
use crate::state::Address;

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
    #[error("{address} was not found, although it should exist")]
    NoSuchObject { address: Address },
    #[error(
        "the ledger would need {bytes} bytes, more than the {limit} that one attribute holds; split the manifests among owners"
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

/// Sends all calls and returns an outcome per change, in the order of the changes.
pub async fn run(run: &Run<'_>, calls: &[Call], ids: Ids) -> Vec<Outcome> {
    let ids = tokio::sync::Mutex::new(ids);
    let mut progress = Progress::new(calls);
    let mut under_way = FuturesUnordered::new();
    let mut results: BTreeMap<usize, Result<Answered, Trouble>> = BTreeMap::new();
    loop {
        while under_way.len() < run.lanes && !(run.is_stopped)() {
            let Some(next) = progress.start(calls) else { break };
            let ids = &ids;
            under_way.push(async move { (next, request::send(run, &calls[next], ids).await) });
        }
        let Some((index, result)) = under_way.next().await else { break };
        progress.finish(index, calls, result.is_ok());
        let trouble = |it: CallError| Trouble {
            message: run.keycloak.redactor().clean(&it.to_string()),
            in_doubt: matches!(&it, CallError::Keycloak(error) if !error.wrote_nothing()),
        };
        results.insert(index, result.map_err(trouble));
        (run.progress)(progress.answered(), calls.len());
    }
    run.changes
        .iter()
        .enumerate()
        .map(|(index, change)| outcome(index, change, run.changes, calls, &progress, &results))
        .collect()
}

/// Why a call failed, and whether the server may have carried it out all the same.
struct Trouble {
    message: String,
    in_doubt: bool,
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
