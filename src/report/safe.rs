//! Text from outside made harmless: names from Keycloak and from files end in terminals, CI logs and
//! pull-request comments, which all obey certain characters.

use std::borrow::Cow;

/// Returns the text in one line in which nothing can move a cursor, turn the direction of reading, or command
/// a CI runner.
///
/// Control characters and invisible ones are shown as escapes (`\n`, `\u{1b}`). A `::` at the start, which
/// GitHub's runner obeys even after blanks, and `##[` or `##vso[` anywhere are broken by a space.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            _ if is_unsafe(it) => line.extend(it.escape_unicode()),
            _ => line.push(it),
        }
    }
    let line = line.replace("##[", "# #[").replace("##vso[", "# #vso[");
    let blanks = line.len() - line.trim_start().len();
    match line[blanks..].strip_prefix("::") {
        Some(rest) => format!("{}: :{rest}", &line[..blanks]),
        None => line,
    }
}

/// Returns the text line by line, each as [`one_line`] makes it.
pub fn lines(text: &str) -> String {
    text.lines().map(one_line).collect::<Vec<_>>().join("\n")
}

/// Returns a text of ours for a screen: only line ends, tabs and colours (`ESC [ … m`) keep their effect.
///
/// Reports make every text from outside harmless where it enters; this is for what they overlook.
pub fn screen(text: &str) -> Cow<'_, str> {
    let keeps = |it: char| matches!(it, '\n' | '\t') || !is_unsafe(it);
    if text.chars().all(keeps) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (at, it) in text.char_indices() {
        if keeps(it) || (it == '\u{1b}' && is_color(&text[at + 1..])) {
            out.push(it);
        } else {
            out.extend(it.escape_unicode());
        }
    }
    Cow::Owned(out)
}

/// Says whether an escape sequence goes on as one that only changes how text looks.
fn is_color(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix('[') else { return false };
    rest.trim_start_matches(|it: char| it.is_ascii_digit() || it == ';').starts_with('m')
}

/// Returns the text for a cell of a Markdown table: [`one_line`], and no markup, mention or HTML in it.
///
/// Not for use between backticks, where the escapes would show.
pub fn markdown_cell(text: &str) -> String {
    let line = one_line(text);
    let mut cell = String::with_capacity(line.len());
    let mut all = line.chars().peekable();
    while let Some(it) = all.next() {
        match it {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => cell.extend(['\\', it]),
            '<' => cell.push_str("&lt;"),
            '>' => cell.push_str("&gt;"),
            '&' => cell.push_str("&amp;"),
            // Forges look for mentions and issue numbers after rendering, so only an invisible break helps.
            '@' => cell.push_str("@\u{200b}"),
            '#' | '!' if all.peek().is_some_and(char::is_ascii_digit) => cell.extend([it, '\u{200b}']),
            _ => cell.push(it),
        }
    }
    cell
}

/// Returns whether a terminal could obey the character, or a reader could not see it.
pub fn is_unsafe(it: char) -> bool {
    it.is_control()
        || matches!(it,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{lines, markdown_cell, one_line, screen};

    #[test]
    fn one_line_shows_what_a_terminal_would_obey() {
        for (text, shown) in [
            ("plain näme 日本", "plain näme 日本"),
            ("a\nb\r\nc\td", "a\\nb\\r\\nc\\td"),
            ("\u{1b}[31mred\u{7}\0", "\\u{1b}[31mred\\u{7}\\u{0}"),
            ("\u{9b}2J\u{85}", "\\u{9b}2J\\u{85}"),
            ("user\u{202e}nimda\u{2066}", "user\\u{202e}nimda\\u{2066}"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("a\u{2028}b", "a\\u{2028}b"),
            ("", ""),
        ] {
            assert_eq!(one_line(text), shown);
        }
    }

    #[test]
    fn a_screen_gets_lines_and_colours_and_nothing_else_to_obey() {
        for (text, shown) in [
            ("a\tb\n\u{1b}[1;31mred\u{1b}[0m", "a\tb\n\u{1b}[1;31mred\u{1b}[0m"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"),
            ("over\rwritten\u{8}", "over\\u{d}written\\u{8}"),
            ("\u{9b}31mred \u{85}", "\\u{9b}31mred \\u{85}"),
            (
                "\u{202a}\u{202e}\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}",
                "\\u{202a}\\u{202e}\\u{2066}\\u{2069}\\u{200e}\\u{200f}\\u{61c}",
            ),
            ("\u{1b}[31", "\\u{1b}[31"),
        ] {
            assert_eq!(screen(text), shown);
        }
        assert_eq!(lines("a\n::error::b\u{1b}[31m"), "a\n: :error::b\\u{1b}[31m");
    }

    #[test]
    fn one_line_commands_no_ci_runner() {
        for (text, shown) in [
            ("::add-mask::x", ": :add-mask::x"),
            ("  ::error::x", "  : :error::x"),
            ("role::view", "role::view"),
            ("a ##[group]b", "a # #[group]b"),
            ("##vso[task.x]y", "# #vso[task.x]y"),
            ("###[x", "## #[x"),
        ] {
            assert_eq!(one_line(text), shown);
        }
    }

    #[test]
    fn a_markdown_cell_is_plain_text() {
        for (text, shown) in [
            ("a|b", "a\\|b"),
            ("`rm`", "\\`rm\\`"),
            ("@team", "@\u{200b}team"),
            ("fix #12 and C#", "fix #\u{200b}12 and C#"),
            ("<img src=x>&", "&lt;img src=x&gt;&amp;"),
            ("[a](b)", "\\[a\\](b)"),
            ("a\nb", "a\\\\nb"),
        ] {
            assert_eq!(markdown_cell(text), shown);
        }
    }
}
