//! Columns of text: widths as a terminal counts them, and lines that are folded at blanks.

use unicode_width::UnicodeWidthStr;

/// Returns how many columns a line takes; escape sequences take none.
pub(in crate::report) fn width(text: &str) -> usize {
    match text.split_once('\u{1b}') {
        None => text.width(),
        Some((before, rest)) => before.width() + width(rest.split_once('m').map_or("", |it| it.1)),
    }
}

/// Returns the text with blanks up to a width; longer text stays as it is.
pub(in crate::report) fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// Joins pieces into lines of at most a width; a line breaks only at a joint.
pub(super) fn wrapped(pieces: &[String], joint: &str, to: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if width(line) + width(joint) + width(piece) <= to => {
                line.push_str(joint);
                line.push_str(piece);
            }
            Some(line) => {
                line.push_str(joint.trim_end());
                lines.push(piece.clone());
            }
            None => lines.push(piece.clone()),
        }
    }
    lines
}

/// Folds a line at blanks to at most a width; `hang` stands before every line but the first. A word that is
/// longer than a line stays whole.
///
/// Colors end with a line and begin again with the next: pagers end them there anyway.
pub(in crate::report) fn folded(line: &str, to: usize, hang: &str) -> Vec<String> {
    if width(line) <= to {
        return vec![line.to_owned()];
    }
    let mut lines = Vec::new();
    let (mut text, mut used, mut color) = (String::new(), 0, String::new());
    for (at, word) in line.split(' ').enumerate() {
        let blank = usize::from(at > 0);
        // A sign never stands alone.
        let is_first = width(text.trim()) <= 1;
        if !is_first && !word.is_empty() && used + blank + width(word) > to {
            let kept = text.trim_end_matches(' ').len();
            text.truncate(kept);
            if !color.is_empty() {
                text.push_str("\u{1b}[0m");
            }
            lines.push(std::mem::replace(&mut text, format!("{hang}{color}")));
            used = width(hang);
        } else if at > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += width(word);
        color = color_after(color, word);
    }
    lines.push(text);
    lines
}

/// Returns the escape sequences that are in force after a word.
fn color_after(mut color: String, word: &str) -> String {
    for sequence in word.split('\u{1b}').skip(1) {
        let sequence = sequence.split_once('m').map_or(sequence, |it| it.0);
        if sequence == "[0" {
            color.clear();
        } else {
            color.extend(["\u{1b}", sequence, "m"]);
        }
    }
    color
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_a_terminal() {
        for (text, columns) in [("abc", 3), ("日本", 4), ("\u{1b}[1m\u{1b}[31mred\u{1b}[0m!", 4), ("", 0)] {
            assert_eq!(width(text), columns);
        }
    }

    #[test]
    fn pieces_break_at_their_joints() {
        let pieces = ["type role", "roles: a, b", "logic NEGATIVE"].map(str::to_owned);
        assert_eq!(wrapped(&pieces, "; ", 24), ["type role; roles: a, b;", "logic NEGATIVE"]);
    }

    #[test]
    fn lines_fold_at_blanks_and_no_word_is_broken() {
        for (line, lines) in [
            ("  short enough", vec!["  short enough"]),
            ("  one two three four five", vec!["  one two three", "      four five"]),
            ("  one   two-three-four  x", vec!["  one", "      two-three-four", "      x"]),
            ("  averyveryverylongword it is", vec!["  averyveryverylongword", "      it is"]),
            (
                "  \u{1b}[31mred and more red\u{1b}[0m x",
                vec!["  \u{1b}[31mred and more\u{1b}[0m", "      \u{1b}[31mred\u{1b}[0m x"],
            ),
        ] {
            assert_eq!(folded(line, 16, "      "), lines, "{line}");
        }
    }
}
