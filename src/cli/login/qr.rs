//! An address as a QR code in a terminal, two modules per character.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use super::super::terminal::columns;
use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around the code, which scanners need.
const QUIET: usize = 2;

/// Returns the code where stderr is a terminal that is wide enough for it.
pub(super) fn for_terminal(address: &str) -> Option<String> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let code = QrCode::with_error_correction_level(address, EcLevel::L).ok()?;
    (code.width() + 2 * QUIET <= columns(&std::io::stderr())).then(|| draw(&code))
}

/// Draws dark modules as blanks on blocks of the terminal's light, with colours set: it has to look the same on
/// light and on dark terminals.
fn draw(code: &QrCode) -> String {
    let (width, modules) = (code.width(), code.to_colors());
    let is_dark = |x: usize, y: usize| {
        let inside = |it: usize| it.checked_sub(QUIET).filter(|it| *it < width);
        inside(x).zip(inside(y)).is_some_and(|(x, y)| modules[y * width + x] == Color::Dark)
    };
    let mut out = String::new();
    for y in (0..width + 2 * QUIET).step_by(2) {
        out.push_str("\u{1b}[30;47m");
        for x in 0..width + 2 * QUIET {
            out.push(match (is_dark(x, y), is_dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        let _ = writeln!(out, "\u{1b}[0m");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_has_its_corners_and_a_quiet_zone() {
        let code = QrCode::with_error_correction_level("https://sso.example.org", EcLevel::L).unwrap();
        let drawn = draw(&code).replace("\u{1b}[30;47m", "").replace("\u{1b}[0m", "");
        let lines: Vec<Vec<char>> = drawn.lines().map(|it| it.chars().collect()).collect();
        let width = code.width() + 2 * QUIET;
        assert!(lines.iter().all(|it| it.len() == width), "{drawn}");
        assert_eq!(lines.len(), width.div_ceil(2));
        assert!(lines[0].iter().all(|it| *it == ' '));
        // A corner is a dark ring of seven modules around a dark square of three.
        assert_eq!(lines[1][QUIET..QUIET + 8].iter().collect::<String>(), "█▀▀▀▀▀█ ");
        assert_eq!(lines[2][QUIET..QUIET + 8].iter().collect::<String>(), "█ ███ █ ");
    }
}
