//! SIGINT and SIGTERM.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Exit;

/// Waits for the first SIGINT or SIGTERM. From the first call on they no longer end the process themselves.
pub(super) async fn stopped() -> anyhow::Result<Exit> {
    let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(tokio::select! {
        _ = int.recv() => Exit::Interrupted,
        _ = term.recv() => Exit::Terminated,
    })
}

/// Does the work unless a signal comes first; then drops it where it stands.
pub(super) async fn unless_stopped(work: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    tokio::select! {
        outcome = work => outcome,
        exit = stopped() => exit,
    }
}

/// Signals of a command that has something to settle at times: while it has, the first one is only noted, and a
/// second one ends the process; at any other time the first one does.
pub(super) struct Signals {
    first: watch::Receiver<Option<Exit>>,
    is_settling: Arc<AtomicBool>,
    /// Ends with its owner.
    _listening: JoinSet<()>,
}

impl Signals {
    /// Listens from now on, beside whatever else is done.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (note, first) = watch::channel(None);
        let is_settling = Arc::new(AtomicBool::new(false));
        let settling = Arc::clone(&is_settling);
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            loop {
                let exit = tokio::select! {
                    _ = int.recv() => Exit::Interrupted,
                    _ = term.recv() => Exit::Terminated,
                };
                let is_first = note.borrow().is_none();
                if !is_first || !settling.load(Ordering::SeqCst) {
                    std::process::exit(exit.code().into());
                }
                note.send_replace(Some(exit));
            }
        });
        Ok(Self { first, is_settling, _listening: listening })
    }

    /// Says whether a signal must wait until what is under way is settled.
    pub(super) fn settle(&self, is_needed: bool) {
        self.is_settling.store(is_needed, Ordering::SeqCst);
    }

    /// Returns how to end, once a signal has come.
    pub(super) fn seen(&self) -> Option<Exit> {
        *self.first.borrow()
    }
}
