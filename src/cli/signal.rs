//! SIGINT and SIGTERM.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

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
