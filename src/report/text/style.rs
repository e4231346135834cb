//! How a text looks: its colors, how wide it is, and whether anything in it is folded.

use anstyle::{AnsiColor, Style as Ansi};

use crate::change::Action;
use crate::report::note::Color;

/// The width of a text that no terminal shows.
const WIDTH: usize = 80;
/// Narrower than this, columns leave no room for words.
const NARROWEST: usize = 40;

/// How the parts of a text look.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub(in crate::report) title: Ansi,
    pub(in crate::report) create: Ansi,
    pub(in crate::report) update: Ansi,
    pub(in crate::report) delete: Ansi,
    pub(super) adopt: Ansi,
    pub(in crate::report) refuse: Ansi,
    pub(in crate::report) dim: Ansi,
    /// Columns; only a word that is longer goes beyond.
    pub(in crate::report) width: usize,
    /// Nothing is folded, however many are alike.
    pub(in crate::report) full: bool,
}

impl Style {
    /// Returns the style without any escape sequence.
    pub fn plain() -> Self {
        let none = Ansi::new();
        Self {
            title: none,
            create: none,
            update: none,
            delete: none,
            adopt: none,
            refuse: none,
            dim: none,
            width: WIDTH,
            full: false,
        }
    }

    pub fn colored() -> Self {
        let fg = |it: AnsiColor| it.on_default();
        Self {
            title: Ansi::new().bold(),
            create: fg(AnsiColor::Green),
            update: fg(AnsiColor::Yellow),
            delete: fg(AnsiColor::Red),
            adopt: fg(AnsiColor::Cyan),
            refuse: fg(AnsiColor::Red).bold(),
            dim: Ansi::new().dimmed(),
            ..Self::plain()
        }
    }

    /// Returns the style for so many columns.
    #[must_use]
    pub fn wide(self, width: usize) -> Self {
        Self { width: width.max(NARROWEST), ..self }
    }

    /// Returns the style that folds nothing, or folds what is alike.
    #[must_use]
    pub fn full(self, full: bool) -> Self {
        Self { full, ..self }
    }

    pub(super) fn of_action(&self, action: Action) -> Ansi {
        match action {
            Action::Create => self.create,
            Action::Update => self.update,
            Action::Delete => self.delete,
            Action::Adopt => self.adopt,
            Action::Forget => self.dim,
        }
    }
}

impl From<Color> for Style {
    fn from(color: Color) -> Self {
        match color {
            Color::Never => Self::plain(),
            Color::Always => Self::colored(),
        }
    }
}

pub(in crate::report) fn painted(style: Ansi, text: &str) -> String {
    if style.is_plain() { text.to_owned() } else { format!("{style}{text}{style:#}") }
}
