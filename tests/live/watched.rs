//! An apply of which every write is seen before the server gets it, and may be the last.

use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use crate::server::Server;
use crate::tree::{Ran, Tree};
use crate::unruly::{Asked, Do, Unruly};

/// How a run is disturbed at one of its writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    Fails(usize),
    /// Killed before the server gets this write.
    Killed(usize),
}

/// What a write is answered with that fails for good.
const FAILED: Do = Do::Answer(400, "Content-Type: application/json", r#"{"error":"not today"}"#);

pub(crate) const APPLY: &[&str] = &[
    "apply",
    "--auto-approve",
    "--concurrency",
    "1",
    "--allow",
    "hazards=99",
    "--allow",
    "deletes=99",
    "--allow",
    "updates=99",
    "--allow",
    "cascade=99",
];

/// Runs an apply, and looks before every write; one of them may fail. Returns what was seen, and the writes.
pub(crate) fn watched<T>(
    server: &Server,
    tree: &Tree,
    args: &[&str],
    trouble: Trouble,
    mut look: impl FnMut() -> Result<T, String>,
) -> Result<(Ran, Vec<T>, Vec<String>), String> {
    let (sender, waiting) = channel::<(Asked, Sender<Do>)>();
    let sender = Mutex::new(sender);
    let proxy = Unruly::before(server, move |asked| {
        if !is_write(asked) {
            return Do::Pass;
        }
        let (answer, what) = channel();
        let told = sender.lock().is_ok_and(|it| it.send((asked.clone(), answer)).is_ok());
        if told { what.recv().unwrap_or(Do::Reset) } else { Do::Reset }
    })?;
    let mut command = tree.command(&proxy.url, server, args);
    let child = command.spawn().map_err(|it| it.to_string())?;
    let process = child.id().to_string();
    let (mut seen, mut writes) = (Vec::new(), Vec::new());
    let done = std::thread::spawn(move || child.wait_with_output());
    while !done.is_finished() {
        let Ok((asked, answer)) = waiting.recv_timeout(Duration::from_millis(50)) else { continue };
        if trouble == Trouble::None {
            seen.push(look()?);
        }
        let does = match trouble {
            Trouble::Fails(at) if at == writes.len() => FAILED,
            Trouble::Killed(at) if at == writes.len() => {
                let kill = Command::new("kill").args(["-KILL", &process]).status();
                kill.map_err(|it| it.to_string())?;
                Do::Reset
            }
            _ => Do::Pass,
        };
        writes.push(format!("{} {} {}", asked.method, asked.path, asked.body));
        answer.send(does).map_err(|it| it.to_string())?;
    }
    let output = done.join().map_err(|_| "a panic")?.map_err(|it| it.to_string())?;
    Ok((tree.ran(server, &output)?, seen, writes))
}

/// Writes to the realm, beside the ledger and the lock, which are clients.
fn is_write(asked: &Asked) -> bool {
    let below = asked.path.split_once("/clients").map(|it| it.1.trim_start_matches('/'));
    let is_client = below.is_some_and(|it| !it.contains('/'));
    let is_read = asked.method == "GET" || asked.path.contains("/partial-export");
    asked.path.contains("/admin/realms/") && !is_read && !is_client
}
