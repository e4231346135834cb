//! A difference as lines with signs: `-` what goes, `+` what comes, nothing before what stays.

use anstyle::Style as Ansi;

use super::columns::folded;
use super::{Style, painted};
use crate::report::difference::{Piece, Row};
use crate::report::safe::{is_unsafe, one_line};

/// What stands in the place of text that stays and is left out.
const ELIDED: &str = "…";

/// Renders rows at an indentation.
pub(super) fn rows(style: &Style, rows: &[Row], indent: usize) -> Vec<String> {
    let blanks = " ".repeat(indent);
    // Between lines that stay, a folded line must not look like one of them.
    let is_block = rows.len() > 2;
    let mut lines = Vec::new();
    for row in rows {
        let (sign, ansi, pieces) = match row {
            Row::Elided(count) => {
                let text = format!("{ELIDED} {} that stay", super::counted(*count, "line"));
                lines.push(format!("{blanks}  {}", painted(style.dim, &text)));
                continue;
            }
            Row::Same(text) => {
                let text = one_line(&spaced(text.trim_end_matches('\r')));
                let line = format!("{blanks}  {}", painted(style.dim, &text));
                let hang = format!("{blanks}  {}", deeper(&text));
                lines.extend(folded(line.trim_end(), style.width, &hang));
                continue;
            }
            Row::Removed(pieces) => ("-", style.delete, pieces),
            Row::Added(pieces) => ("+", style.create, pieces),
        };
        let sign = painted(ansi, sign);
        let line = format!("{blanks}{sign} {}", painted_pieces(pieces, ansi));
        let text: String = pieces.iter().map(raw).collect();
        let hang = if is_block {
            format!("{blanks}{sign} {}", deeper(&spaced(&text)))
        } else {
            format!("{blanks}  ")
        };
        lines.extend(folded(line.trim_end(), style.width, &hang));
    }
    lines
}

/// Returns the blanks before what is folded of a line: deeper than the line itself.
fn deeper(line: &str) -> String {
    " ".repeat(line.len() - line.trim_start_matches(' ').len() + 4)
}

/// Returns the widest text that a row shows without being folded.
pub(super) fn room(style: &Style, indent: usize) -> usize {
    style.width.saturating_sub(indent + "+ ".len())
}

fn painted_pieces(pieces: &[Piece], ansi: Ansi) -> String {
    let plain: String = pieces.iter().map(raw).collect();
    if ["##[", "##vso["].iter().any(|it| plain.contains(it)) {
        // What commands a CI runner must not be put together from harmless pieces.
        return painted(ansi, &one_line(&plain));
    }
    pieces
        .iter()
        .enumerate()
        .map(|(at, piece)| match piece {
            Piece::Same(text) => line_of(&spaced(text)),
            Piece::Changed(text) if text.trim().is_empty() => painted(ansi, &visible(text)),
            Piece::Changed(text) => painted(ansi, &line_of(&spaced(text))),
            Piece::Elided if at == 0 => format!("{ELIDED} "),
            Piece::Elided => format!(" {ELIDED} "),
        })
        .collect::<String>()
}

fn raw(piece: &Piece) -> &str {
    match piece {
        Piece::Same(text) | Piece::Changed(text) => text,
        Piece::Elided => ELIDED,
    }
}

/// A sign stands before it, so that no line begins with it.
fn line_of(text: &str) -> String {
    text.chars().map(|it| if is_unsafe(it) { one_line(&it.to_string()) } else { it.to_string() }).collect()
}

fn spaced(text: &str) -> String {
    text.replace('\t', "    ")
}

/// Blanks that are all that differs are shown as signs.
fn visible(text: &str) -> String {
    let shown = text.chars().map(|it| match it {
        ' ' => "·".to_owned(),
        '\t' => "→".to_owned(),
        _ => one_line(&it.to_string()),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::difference::difference;

    fn shown(before: &str, after: &str, width: usize) -> String {
        let style = Style::plain().wide(width);
        rows(&style, &difference(before, after, room(&style, 2)), 2).join("\n")
    }

    #[test]
    fn a_line_that_changed_shows_its_changes_and_folds_at_blanks() {
        let long = |of: &str, to: &str| {
            format!(
                "frame-src 'self' https://{of}.example.org; frame-ancestors 'self' https://portal.example.org https://intranet.example.org; script-src {to}; base-uri 'self'"
            )
        };
        assert_eq!(
            shown(&long("a", "'self'"), &long("b", "* 'unsafe-eval'"), 50),
            "  - frame-src 'self' https://a.example.org;\n    frame-ancestors …\n    https://intranet.example.org; script-src\n    'self'; base-uri 'self'\n\
             \x20 + frame-src 'self' https://b.example.org;\n    frame-ancestors …\n    https://intranet.example.org; script-src *\n    'unsafe-eval'; base-uri 'self'"
        );
    }

    #[test]
    fn blanks_that_differ_are_seen_and_commands_are_not_obeyed() {
        assert_eq!(shown("if (x)\n\tgo()", "if (x)\n    go()", 60), "    if (x)\n  - →go()\n  + ····go()");
        assert_eq!(shown("a\r\nb", "a\nb", 60), "  - a\\r\n  + a\n    b");
        assert_eq!(
            shown("::error::x\ny", "::error::x\nz ##[group]", 60),
            "    : :error::x\n  - y\n  + z # #[group]"
        );
        assert!(!shown("##x", "##[x", 60).contains("##["));
    }
}
