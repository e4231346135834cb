//! Columns of text: widths as a terminal counts them, and long values cut in the middle.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns how many columns a line takes.
pub(in crate::report) fn width(text: &str) -> usize {
    text.width()
}

/// Returns the text with blanks up to a width; longer text stays as it is.
pub(in crate::report) fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// Returns the text cut in its middle to at most a width.
pub(super) fn shortened(text: &str, to: usize) -> String {
    if width(text) <= to {
        return text.to_owned();
    }
    let tail_width = to.saturating_sub(1) / 3;
    let head = taken(text.chars(), to.saturating_sub(1) - tail_width);
    let tail: String = taken(text.chars().rev(), tail_width).chars().rev().collect();
    format!("{head}…{tail}")
}

/// Returns two texts cut so that what differs between them is still to be seen.
pub(super) fn shortened_pair(before: &str, after: &str, to: usize) -> (String, String) {
    if width(before) <= to && width(after) <= to {
        return (before.to_owned(), after.to_owned());
    }
    let (mut a, mut b): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    // What both begin with is cut when it would fill the room alone.
    if same > to / 2 {
        let cut = same - to / 4;
        a.splice(..cut, ['…']);
        b.splice(..cut, ['…']);
    }
    let text = |it: Vec<char>| cut_end(&it.into_iter().collect::<String>(), to);
    (text(a), text(b))
}

/// The end is worth as much as the middle, except where the difference stands at the start.
fn cut_end(text: &str, to: usize) -> String {
    if width(text) <= to { text.to_owned() } else { shortened(text, to) }
}

fn taken(chars: impl Iterator<Item = char>, to: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|it| {
            used += it.width().unwrap_or(0);
            used <= to
        })
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_in_the_middle_by_columns() {
        for (text, to, cut) in [
            ("short", 10, "short"),
            ("0123456789", 10, "0123456789"),
            ("0123456789abc", 10, "012345…abc"),
            ("日本語日本語日本語", 10, "日本語…語"),
            ("", 3, ""),
        ] {
            assert_eq!(shortened(text, to), cut);
            assert!(width(&shortened(text, to)) <= to);
        }
    }

    #[test]
    fn what_differs_between_two_long_texts_is_still_seen() {
        let common = "x".repeat(100);
        let (before, after) = shortened_pair(&format!("{common}old"), &format!("{common}new"), 20);
        assert_eq!((before.as_str(), after.as_str()), ("…xxxxxold", "…xxxxxnew"));
        let (before, after) = shortened_pair(&format!("old{common}"), &format!("new{common}"), 20);
        assert_ne!(before, after);
    }

    #[test]
    fn pieces_break_at_their_joints() {
        let pieces = ["type role", "roles: a, b", "logic NEGATIVE"].map(str::to_owned);
        assert_eq!(wrapped(&pieces, "; ", 24), ["type role; roles: a, b;", "logic NEGATIVE"]);
    }
}
