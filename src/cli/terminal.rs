//! stdout, stderr, colour and logs.
//!
//! What cannot be written changes nothing: neither what a command does nor how it ends; the frame says in the end
//! that the result was lost. And nothing that somebody else wrote commands a terminal: reports escape every name
//! themselves, and whatever slips through is escaped here once more.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write as _};
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::report::{self, safe};
use crate::text::Severity;

/// What every command takes.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Global {
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: Color,
    /// Only errors and results
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more on stderr: -v what is done, -vv every request, -vvv everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// Sets colour and logs for the whole process.
pub(super) fn set_up(global: Global) {
    let choice = match global.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    };
    choice.write_global();
    let ansi = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
    let logs = tracing_subscriber::fmt::layer()
        .with_writer(|| Log)
        .with_ansi(ansi)
        .without_time()
        .with_target(false)
        // It would be said on the very stream that takes nothing.
        .log_internal_errors(false)
        .with_filter(logged(global));
    // Only tests set this twice, and their logs do not matter.
    let _ = tracing_subscriber::registry().with(logs).try_init();
}

/// Our own events by how much is asked for; those of the libraries below only when everything is.
fn logged(global: Global) -> Targets {
    let (own, others) = match (global.quiet, global.verbose) {
        (true, _) => (LevelFilter::ERROR, LevelFilter::OFF),
        (_, 0) => (LevelFilter::WARN, LevelFilter::OFF),
        (_, 1) => (LevelFilter::INFO, LevelFilter::OFF),
        (_, 2) => (LevelFilter::DEBUG, LevelFilter::OFF),
        (_, _) => (LevelFilter::TRACE, LevelFilter::TRACE),
    };
    Targets::new().with_target(env!("CARGO_PKG_NAME"), own).with_default(others)
}

/// Writes logs to stderr, harmless; what cannot be written is dropped.
struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        let _ = io::stderr().lock().write_all(safe::screen(&line).as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The result of a command on its way to stdout.
struct Result {
    /// With `--format json`: the document, which is written once, when the command has ended.
    document: Option<Value>,
    /// What text shows on stderr beside the result.
    warnings: Vec<Value>,
    /// The document was written while it was made.
    is_streamed: bool,
    /// Why some of it could not be written.
    lost: Option<String>,
}

const NOTHING: Result = Result { document: None, warnings: Vec::new(), is_streamed: false, lost: None };

static RESULT: Mutex<Result> = Mutex::new(NOTHING);

fn result() -> MutexGuard<'static, Result> {
    RESULT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a command wrote, without colour.
#[derive(Default)]
pub(super) struct Written {
    pub(super) out: String,
    pub(super) err: String,
}

thread_local! {
    /// Takes what this thread writes, where somebody asked for it.
    static WRITTEN: RefCell<Option<Written>> = const { RefCell::new(None) };
}

/// Runs a command and returns what it writes to the terminal, which is then not written there.
pub(super) fn captured<T>(command: impl FnOnce() -> T) -> (T, Written) {
    *result() = NOTHING;
    WRITTEN.set(Some(Written::default()));
    let outcome = command();
    (outcome, WRITTEN.take().unwrap_or_default())
}

fn capture(of: impl FnOnce(&mut Written) -> &mut String, text: &str) -> bool {
    WRITTEN.with_borrow_mut(|written| {
        written.as_mut().map(|it| of(it).push_str(&anstream::adapter::strip_str(text).to_string())).is_some()
    })
}

/// Returns how wide a stream is: a terminal as wide as it says, anything else as `COLUMNS` says, and 80 columns
/// where nobody says.
pub(super) fn columns(stream: &(impl AsFd + IsTerminal)) -> usize {
    let told = if WRITTEN.with_borrow(Option::is_some) {
        None
    } else if stream.is_terminal() {
        rustix::termios::tcgetwinsize(stream).ok().map(|it| it.ws_col.into())
    } else {
        std::env::var("COLUMNS").ok().and_then(|it| it.parse().ok())
    };
    told.filter(|it| *it > 0).unwrap_or(80)
}

/// Writes to stdout; after something was lost, nothing more. A reader that has gone away (`| head`) misses nothing.
fn write(write: impl FnOnce() -> io::Result<()>) {
    if result().lost.is_some() {
        return;
    }
    match write() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => result().lost = Some(error.to_string()),
        _ => {}
    }
}

/// Writes text to stdout.
pub(super) fn print(text: &str) {
    print_as_it_is(&safe::screen(text));
}

/// Writes to stdout what has to arrive byte by byte, such as a script.
pub(super) fn print_as_it_is(text: &str) {
    if capture(|it| &mut it.out, text) {
        return;
    }
    write(|| {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    });
}

/// Writes a long result that has no colour to stdout while it is made, and nothing after it.
pub(super) fn stream(make: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) {
    result().is_streamed = true;
    write(|| {
        let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
        make(&mut out).and_then(|()| out.flush())
    });
}

/// Takes the document that the command is to write. The frame writes it, with how the command ended.
pub(super) fn document(document: Value) {
    result().document = Some(document);
}

/// Says a warning, and keeps it for the document.
pub(super) fn warn(message: &str) {
    say(&format!("warning: {}", safe::lines(message)));
    result().warnings.push(report::message_json("warning", Severity::Warning, message));
}

/// Keeps notes that stderr shows for the document.
pub(super) fn keep(notes: Value) {
    if let Value::Array(notes) = notes {
        result().warnings.extend(notes);
    }
}

/// Returns what the document is made of: what the command gave, and what it warned of. Nothing when it is written
/// already.
pub(super) fn take() -> Option<(Option<Value>, Vec<Value>)> {
    let mut result = result();
    let taken = (result.document.take(), std::mem::take(&mut result.warnings));
    (!result.is_streamed).then_some(taken)
}

/// Returns the warnings so far, for a document that is written while it is made.
pub(super) fn warnings() -> Vec<Value> {
    result().warnings.clone()
}

/// Returns why some of the result could not be written.
pub(super) fn lost() -> Option<String> {
    result().lost.clone()
}

/// Writes a line to stderr, the word of an error or a refusal in red; when nobody reads it, there is nobody left
/// to tell.
pub(super) fn say(line: &str) {
    let line = safe::screen(line);
    if capture(|it| &mut it.err, &format!("{line}\n")) {
        return;
    }
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let _ = match line.split_once(": ") {
        Some((word @ ("error" | "refused"), rest)) => {
            writeln!(anstream::stderr().lock(), "{red}{word}:{red:#} {rest}")
        }
        _ => writeln!(anstream::stderr().lock(), "{line}"),
    };
}

/// Says why something could not be done, harmless even where it repeats what a server said.
pub(super) fn fail(message: &str) {
    say(&format!("error: {}", safe::lines(message)));
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_http_librarys_chatter_is_for_those_who_ask_for_everything() {
        let is_shown = |verbose, target: &str, level| {
            let global = Global { color: Color::Never, quiet: false, verbose };
            logged(global).would_enable(target, &level)
        };
        for (verbose, own) in [(0, Level::WARN), (1, Level::INFO), (2, Level::DEBUG)] {
            assert!(is_shown(verbose, "realmwright::keycloak::admin", own));
            for library in ["hyper", "hyper_util::client", "rustls", "reqwest::connect", "h2"] {
                assert!(!is_shown(verbose, library, Level::ERROR), "{library}");
            }
        }
        assert!(!is_shown(1, "realmwright", Level::DEBUG));
        assert!(is_shown(3, "hyper", Level::TRACE) && is_shown(3, "rustls", Level::DEBUG));
    }
}
