//! stdout, stderr, colour and logs.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write as _};
use std::os::fd::AsFd;

use tracing_subscriber::filter::LevelFilter;

use super::Global;

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
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (_, 0) => LevelFilter::WARN,
        (_, 1) => LevelFilter::INFO,
        (_, 2) => LevelFilter::DEBUG,
        (_, _) => LevelFilter::TRACE,
    };
    let ansi = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
    // Only tests set this twice, and their logs do not matter.
    let _ = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(level)
        .with_ansi(ansi)
        .without_time()
        .with_target(false)
        .try_init();
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

/// Writes the result to stdout. A reader that has gone away (`| head`) is no error.
pub(super) fn print(text: &str) -> io::Result<()> {
    if capture(|it| &mut it.out, text) {
        return Ok(());
    }
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Writes a long result that has no colour to stdout while it is made. A reader that has gone away is no error.
pub(super) fn stream(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Writes a line to stderr, the word of an error or a refusal in red; when nobody reads it, there is nobody left
/// to tell.
pub(super) fn say(line: &str) {
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
