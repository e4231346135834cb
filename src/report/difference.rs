//! How one text became another: lines and pieces that stay, go, come, or need no showing. Pure data, which text
//! and markdown render. A piece that changed is never left out.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::apart::told_apart;

/// Lines that stay and are shown on each side of a change.
const LINES_AROUND: usize = 3;
/// Characters that stay and are shown on each side of a change in a line that is too long.
const CHARS_AROUND: usize = 24;
/// A line that fills so many is shown whole.
const LINES_WHOLE: usize = 2;
/// Leaving out less than this saves nobody anything.
const LEAST_ELIDED: usize = 12;
/// Lines of which less than one part in so many stays are shown as replaced, not as edited.
const ALIKE: usize = 4;

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// So many lines that stay and are not shown.
    Elided(usize),
    /// A line that stays, shown for what is around it.
    Same(String),
    Removed(Vec<Piece>),
    Added(Vec<Piece>),
}

/// A part of a line that goes or comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Same(String),
    /// Gone in a removed line, new in an added one.
    Changed(String),
    /// Text that stays and is not shown.
    Elided,
}

/// Returns what differs between two texts. Lines that take up to two of `room` characters are shown whole, of
/// longer ones the parts that stay may be elided.
pub(super) fn difference(before: &str, after: &str, room: usize) -> Vec<Row> {
    let (before, after) = told_apart(before, after);
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split('\n').collect(), after.split('\n').collect());
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    let mut rows = Vec::new();
    for (at, op) in ops.iter().enumerate() {
        match *op {
            DiffOp::Equal { old_index, len, .. } => {
                let around = (at > 0, at + 1 < ops.len());
                same(&old[old_index..old_index + len], around, &mut rows);
            }
            DiffOp::Delete { old_index, old_len, .. } => {
                rows.extend(old[old_index..old_index + old_len].iter().map(|it| Row::Removed(whole(it))));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                rows.extend(new[new_index..new_index + new_len].iter().map(|it| Row::Added(whole(it))));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                let old = old[old_index..old_index + old_len].join("\n");
                let new = new[new_index..new_index + new_len].join("\n");
                let (old, new) = edited(&old, &new);
                rows.extend(old.into_iter().map(|it| Row::Removed(shortened(it, room))));
                rows.extend(new.into_iter().map(|it| Row::Added(shortened(it, room))));
            }
        }
    }
    rows
}

/// Returns the rows of a text that comes whole.
pub(super) fn added(text: &str) -> Vec<Row> {
    text.split('\n').map(|it| Row::Added(whole(it))).collect()
}

/// Returns the rows of a text that goes whole.
pub(super) fn removed(text: &str) -> Vec<Row> {
    text.split('\n').map(|it| Row::Removed(whole(it))).collect()
}

fn whole(line: &str) -> Vec<Piece> {
    vec![Piece::Changed(line.to_owned())]
}

/// Shows lines that stay next to a change, before or after them, and counts the others.
fn same(lines: &[&str], (after_change, before_change): (bool, bool), rows: &mut Vec<Row>) {
    let head = if after_change { LINES_AROUND } else { 0 };
    let tail = if before_change { LINES_AROUND } else { 0 };
    let shown = |lines: &[&str]| lines.iter().map(|it| Row::Same((*it).to_owned())).collect::<Vec<_>>();
    // The count of one line takes as much room as the line.
    if lines.len() <= head + tail + 1 {
        rows.extend(shown(lines));
        return;
    }
    rows.extend(shown(&lines[..head]));
    rows.push(Row::Elided(lines.len() - head - tail));
    rows.extend(shown(&lines[lines.len() - tail..]));
}

/// A part of a text, and whether it changed.
type Part = (bool, String);

/// Compares lines that replace each other by words, and returns each side's lines.
fn edited(before: &str, after: &str) -> (Vec<Vec<Piece>>, Vec<Vec<Piece>>) {
    let (old, new) = (words(before), words(after));
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    let stays = |op: &DiffOp| matches!(op, DiffOp::Equal { .. });
    let same: usize = ops.iter().filter(|it| stays(it)).map(|it| letters(&old[it.old_range()])).sum();
    if same * ALIKE < letters(&old).max(letters(&new)) {
        return (lines(&[(true, before.to_owned())]), lines(&[(true, after.to_owned())]));
    }
    let (mut left, mut right): (Vec<Part>, Vec<Part>) = (Vec::new(), Vec::new());
    for (at, op) in ops.iter().enumerate() {
        let (gone, come) = (old[op.old_range()].concat(), new[op.new_range()].concat());
        let is_inside = at > 0 && at + 1 < ops.len();
        let is_changed = !stays(op) || is_inside && is_glue(&gone);
        left.push((is_changed, gone));
        right.push((is_changed, come));
    }
    (lines(&left), lines(&right))
}

/// Splits a text into words, runs of blanks, and single signs.
fn words(text: &str) -> Vec<&str> {
    let class = |it: char| match it {
        '\n' => 0,
        _ if it.is_whitespace() => 1,
        _ if it.is_alphanumeric() || it == '_' => 2,
        _ => 3,
    };
    let mut words = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, it) in text.char_indices() {
        let class = class(it);
        if at > start && (last != Some(class) || class == 0 || class == 3) {
            words.push(&text[start..at]);
            start = at;
        }
        last = Some(class);
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

fn letters(words: &[&str]) -> usize {
    words.iter().flat_map(|it| it.chars()).filter(|it| it.is_alphanumeric()).count()
}

/// A few signs that stay between two changes read as a part of them.
fn is_glue(text: &str) -> bool {
    text.len() <= 3 && !text.contains(|it: char| it.is_alphanumeric() || it == '\n')
}

/// Cuts parts at the ends of lines; neighbours of one sort become one piece.
fn lines(parts: &[Part]) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Part>> = vec![Vec::new()];
    for (is_changed, text) in parts {
        for (at, text) in text.split('\n').enumerate() {
            if at > 0 {
                lines.push(Vec::new());
            }
            // Where something comes in, the place stays marked in the line that lacks it.
            let is_nothing = text.is_empty() && !(*is_changed && at == 0);
            let Some(line) = lines.last_mut().filter(|_| !is_nothing) else { continue };
            match line.last_mut() {
                Some((last, before)) if *last == *is_changed => before.push_str(text),
                _ => line.push((*is_changed, text.to_owned())),
            }
        }
    }
    let piece = |(is_changed, text): Part| if is_changed { Piece::Changed(text) } else { Piece::Same(text) };
    lines.into_iter().map(|line| line.into_iter().map(piece).collect()).collect()
}

/// Leaves out what stays of a line that would fill many of `room` characters, but for some words around each
/// change.
fn shortened(line: Vec<Piece>, room: usize) -> Vec<Piece> {
    let length: usize = line.iter().map(|it| text(it).chars().count()).sum();
    if length <= room.saturating_mul(LINES_WHOLE) {
        return line;
    }
    let last = line.len().saturating_sub(1);
    let mut out = Vec::new();
    for (at, piece) in line.into_iter().enumerate() {
        let Piece::Same(same) = &piece else {
            out.push(piece);
            continue;
        };
        let head = if at > 0 { head(same) } else { "" };
        let tail = if at < last { tail(same) } else { "" };
        if head.len() + tail.len() + LEAST_ELIDED > same.len() {
            out.push(piece);
            continue;
        }
        let shown = |it: &str| (!it.is_empty()).then(|| Piece::Same(it.to_owned()));
        let pieces = [shown(head), Some(Piece::Elided), shown(tail)];
        out.extend(pieces.into_iter().flatten());
    }
    out
}

fn text(piece: &Piece) -> &str {
    match piece {
        Piece::Same(text) | Piece::Changed(text) => text,
        Piece::Elided => "",
    }
}

/// Returns some words from the start of a text.
fn head(text: &str) -> &str {
    let mut end = 0;
    for word in words(text) {
        if text[..end].chars().count() + word.chars().count() > CHARS_AROUND {
            break;
        }
        end += word.len();
    }
    // Better to the next blank than to the middle of `frame-ancestors`, where that is not far.
    let rest = &text[end..];
    let more = rest.find(char::is_whitespace).unwrap_or(rest.len());
    text[..if more <= CHARS_AROUND { end + more } else { end }].trim_end()
}

/// Returns some words from the end of a text.
fn tail(text: &str) -> &str {
    let mut start = text.len();
    for word in words(text).into_iter().rev() {
        if text[start..].chars().count() + word.chars().count() > CHARS_AROUND {
            break;
        }
        start -= word.len();
    }
    let rest = &text[..start];
    let blank = rest.char_indices().rev().find(|(_, it)| it.is_whitespace());
    let from = blank.map_or(0, |(at, it)| at + it.len_utf8());
    text[if start - from <= CHARS_AROUND { from } else { start }..].trim_start()
}

#[cfg(test)]
mod tests;
