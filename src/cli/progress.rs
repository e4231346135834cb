//! Progress of a sandbox's start, on stderr: a bar on a terminal, a line per step elsewhere.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal::say;
use crate::sandbox::Progress;

/// Returns a bar over the calls of an apply.
pub(super) fn calls(quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} requests")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, target).with_style(style)
}

/// Shows the steps of one start.
pub(super) struct Display {
    bar: ProgressBar,
    quiet: bool,
    shown: Mutex<Option<&'static str>>,
}

impl Display {
    pub(super) fn new(quiet: bool) -> Display {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Display { bar: ProgressBar::with_draw_target(None, target), quiet, shown: Mutex::new(None) }
    }

    /// Shows one piece of progress.
    pub(super) fn show(&self, progress: &Progress) {
        let (step, done, total) = match progress {
            Progress::Waiting => ("waiting for another realmwright that fetches Keycloak", 0, None),
            Progress::Maven { done } => ("fetching Keycloak with Maven", *done, None),
            Progress::Downloading { done, total } => ("downloading Keycloak", *done, *total),
            Progress::Verifying => ("verifying the checksum", 0, None),
            Progress::Unpacking { done, total } => ("unpacking Keycloak", *done as u64, Some(*total as u64)),
            Progress::Booting => ("booting Keycloak", 0, None),
        };
        let bytes = matches!(progress, Progress::Maven { .. } | Progress::Downloading { .. });
        self.enter(step, bytes, total);
        self.bar.set_position(done);
        if let Some(total) = total {
            self.bar.set_length(total);
        }
    }

    fn enter(&self, step: &'static str, bytes: bool, total: Option<u64>) {
        let mut shown = self.shown.lock().expect("nothing panics while it holds the step");
        if *shown == Some(step) {
            return;
        }
        *shown = Some(step);
        let template = match (bytes, total) {
            (true, Some(_)) => "{spinner} {msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            (true, None) => "{spinner} {msg} {bytes} {elapsed}",
            (false, Some(_)) => "{spinner} {msg} {bar:30} {pos}/{len}",
            (false, None) => "{spinner} {msg} {elapsed}",
        };
        self.bar.reset();
        self.bar.unset_length();
        self.bar.set_style(ProgressStyle::with_template(template).expect("the templates are constant"));
        self.bar.set_message(step);
        self.bar.enable_steady_tick(Duration::from_millis(120));
        if !self.quiet && !std::io::stderr().is_terminal() {
            say(step);
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
