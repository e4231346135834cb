//! Exit codes: one table for every command. `docs/reference/exit-codes.md` is made from it.

use std::process::ExitCode;

use crate::apply::{CallError, LockError};
use crate::keycloak::openid::TokenRefusal;
use crate::keycloak::{Error, ErrorKind};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, and nothing to report.
    Clean,
    /// Could not do it: input, network, server.
    Failed,
    /// Done, and the answer is not clean: changes, drift, failed access tests, findings.
    NotClean,
    /// Refused by a guard, a protection, a lock or a stale plan; nothing was written.
    Refused,
    /// Some of it was written.
    Partly,
    /// The command line was wrong.
    Usage,
    /// Stopped by SIGINT.
    Interrupted,
    /// Stopped by SIGTERM.
    Terminated,
    /// Whatever the command that `sandbox run` ran said.
    Command(u8),
}

impl Exit {
    /// Those that realmwright gives itself.
    pub const ALL: &[Exit] = &[
        Exit::Clean,
        Exit::Failed,
        Exit::NotClean,
        Exit::Refused,
        Exit::Partly,
        Exit::Usage,
        Exit::Interrupted,
        Exit::Terminated,
    ];

    /// Returns what the code means, whatever the command.
    pub const fn meaning(self) -> &'static str {
        match self {
            Exit::Clean => "done and clean",
            Exit::Failed => "could not do it: input, network, rights, server",
            Exit::NotClean => "done, and not clean: changes, drift, failed access tests",
            Exit::Refused => "refused; nothing was written",
            Exit::Partly => "some of it was written",
            Exit::Usage => "the command line is wrong",
            Exit::Interrupted => "interrupted (SIGINT)",
            Exit::Terminated => "ended (SIGTERM)",
            Exit::Command(_) => "the exit code of the command that was run",
        }
    }

    /// Returns the code that the process exits with.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Failed => 1,
            Exit::NotClean => 2,
            Exit::Refused => 3,
            Exit::Partly => 4,
            Exit::Usage => 64,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
            Exit::Command(code) => code,
        }
    }

    /// Returns the worse of two ends, for a run over several realms: 4 > 3 > 1 > 2 > 0.
    #[must_use]
    pub fn worst(self, other: Exit) -> Exit {
        if self.badness() < other.badness() { other } else { self }
    }

    const fn badness(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::NotClean => 1,
            Exit::Failed => 2,
            Exit::Refused => 3,
            Exit::Partly => 4,
            // These end the whole run, whatever single realms said.
            Exit::Command(_) | Exit::Usage => 5,
            Exit::Interrupted | Exit::Terminated => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// An error in how the command was called, found only after parsing: exits 64.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(String);

impl UsageError {
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// A guard that forbids the whole command: exits 3, nothing was written.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct RefusedError(String);

impl RefusedError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// A login or a token that the server refused, and what would mend it.
#[derive(Debug, thiserror::Error)]
#[error("{refusal}{}{mend}", if .mend.is_empty() { "" } else { ": " })]
pub(crate) struct DeniedError {
    refusal: TokenRefusal,
    mend: String,
}

impl DeniedError {
    pub(crate) fn new(refusal: TokenRefusal, mend: impl Into<String>) -> Self {
        // The server's sentence goes on with ours.
        let description = refusal.description.trim_end_matches('.').to_owned();
        Self { refusal: TokenRefusal { description, ..refusal }, mend: mend.into() }
    }
}

/// A fault of ours: exits 1.
#[derive(Debug, thiserror::Error)]
#[error("internal error: {0}")]
pub(crate) struct InternalError(pub(crate) String);

/// Returns how a command ends by an error, and the class of the error in one word.
pub(crate) fn of_error(error: &anyhow::Error) -> (Exit, &'static str) {
    if error.is::<UsageError>() {
        return (Exit::Usage, "usage");
    }
    if error.is::<RefusedError>() {
        return (Exit::Refused, "refused");
    }
    if error.is::<InternalError>() {
        return (Exit::Failed, "internal");
    }
    if error.is::<DeniedError>() {
        return (Exit::Failed, "login");
    }
    // What is transparent does not show what it wraps among its causes.
    let of_call = |it: &CallError| match it {
        CallError::Keycloak(error) => of_keycloak(error),
        _ => "server",
    };
    let class = error.chain().find_map(|it| {
        let of_lock = |it: &LockError| match it {
            LockError::Call(call) => of_call(call),
            _ => "lock",
        };
        it.downcast_ref::<Error>()
            .map(of_keycloak)
            .or_else(|| it.downcast_ref::<CallError>().map(of_call))
            .or_else(|| it.downcast_ref::<LockError>().map(of_lock))
    });
    (Exit::Failed, class.unwrap_or("input"))
}

fn of_keycloak(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Input => "input",
        ErrorKind::Unreachable
        | ErrorKind::Timeout
        | ErrorKind::Tls
        | ErrorKind::NotKeycloak
        | ErrorKind::Lost => "network",
        ErrorKind::Login | ErrorKind::Expired => "login",
        ErrorKind::Forbidden { .. } => "rights",
        ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::Refused { .. }
        | ErrorKind::Server { .. }
        | ErrorKind::TooLong => "server",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worst_follows_the_table() {
        let order = [Exit::Clean, Exit::NotClean, Exit::Failed, Exit::Refused, Exit::Partly];
        for (at, better) in order.iter().enumerate() {
            for worse in &order[at..] {
                assert_eq!(better.worst(*worse), *worse);
                assert_eq!(worse.worst(*better), *worse);
            }
        }
        assert_eq!(order.map(Exit::code), [0, 2, 1, 3, 4]);
    }
}
