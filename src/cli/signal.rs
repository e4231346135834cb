//! SIGINT and SIGTERM.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::terminal::say;
use super::{Exit, frame};
use crate::keycloak::Keycloak;

/// Waits for the first SIGINT or SIGTERM. From the first call on they no longer end the process themselves.
pub(super) async fn stopped() -> anyhow::Result<Exit> {
    let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(tokio::select! {
        _ = int.recv() => Exit::Interrupted,
        _ = term.recv() => Exit::Terminated,
    })
}

/// How long work has to reach a point where it waits, and can be dropped.
const GRACE: Duration = Duration::from_secs(1);

/// Does the work unless a signal comes first; then drops it where it stands, or ends the process where it computes and
/// does not stand anywhere.
pub(super) async fn unless_stopped(work: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    let (tell, told) = oneshot::channel();
    let mut watching = JoinSet::new();
    watching.spawn(async move {
        let Ok(exit) = stopped().await else { return };
        // Nobody listens any more where the work is done.
        let _ = tell.send(exit);
        tokio::time::sleep(GRACE).await;
        end(exit);
    });
    let mut work = pin!(work);
    tokio::select! {
        outcome = &mut work => outcome,
        Ok(exit) = told => {
            watching.abort_all();
            say("stopped");
            Ok(exit)
        }
    }
}

/// Ends the process from beside the work, which cannot be asked to end.
#[expect(clippy::exit, reason = "the work neither waits nor looks")]
fn end(exit: Exit) -> ! {
    say("stopped");
    std::process::exit(frame::end(Ok(exit)).code().into());
}

/// Signals of a command that has something to settle at times: while it has, the first one is only noted, and a
/// second one ends the process; at any other time the first one does.
pub(super) struct Signals {
    first: watch::Receiver<Option<Exit>>,
    /// What is to be settled, while there is something.
    settling: Arc<Mutex<Option<Keycloak>>>,
    /// Ends with its owner.
    _listening: JoinSet<()>,
}

impl Signals {
    /// Listens from now on, beside whatever else is done.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (note, first) = watch::channel(None);
        let settling = Arc::<Mutex<Option<Keycloak>>>::default();
        let to_settle = Arc::clone(&settling);
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            loop {
                let exit = tokio::select! {
                    _ = int.recv() => Exit::Interrupted,
                    _ = term.recv() => Exit::Terminated,
                };
                let is_first = note.borrow().is_none();
                let keycloak = to_settle.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let Some(keycloak) = keycloak.filter(|_| is_first) else {
                    end(exit);
                };
                say(&finishing(keycloak.counts().under_way));
                note.send_replace(Some(exit));
            }
        });
        Ok(Self { first, settling, _listening: listening })
    }

    /// Says whether a signal must wait until what is under way over a connection is settled.
    pub(super) fn settle(&self, over: Option<&Keycloak>) {
        *self.settling.lock().unwrap_or_else(PoisonError::into_inner) = over.cloned();
    }

    /// Returns how to end, once a signal has come.
    pub(super) fn seen(&self) -> Option<Exit> {
        *self.first.borrow()
    }
}

/// Answers the first signal at once, however long the rest takes.
fn finishing(under_way: u64) -> String {
    let what = match under_way {
        0 => "recording what was done".to_owned(),
        1 => "finishing 1 request under way".to_owned(),
        many => format!("finishing {many} requests under way"),
    };
    format!("{what}, then stopping; a second signal ends at once, and leaves the rest to the next apply")
}
