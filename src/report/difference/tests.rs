use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

use super::{Piece, Row, added, difference};

/// Draws a difference: `[…]` around what changed, `~` for what is left out.
fn drawn(rows: &[Row]) -> Vec<String> {
    let line = |sign: &str, pieces: &[Piece]| {
        let pieces = pieces.iter().map(|it| match it {
            Piece::Same(text) => text.clone(),
            Piece::Changed(text) => format!("[{text}]"),
            Piece::Elided => "~".to_owned(),
        });
        format!("{sign}{}", pieces.collect::<String>())
    };
    rows.iter()
        .map(|row| match row {
            Row::Elided(count) => format!("~{count}"),
            Row::Same(text) => format!(" {text}"),
            Row::Removed(pieces) => line("-", pieces),
            Row::Added(pieces) => line("+", pieces),
        })
        .collect()
}

#[test]
fn every_edit_of_a_long_line_is_there() {
    let before = "frame-src 'self' https://a.example.org; frame-ancestors 'self' https://portal.example.org https://intranet.example.org; object-src 'none'; script-src 'self' https://cdn.example.org; base-uri 'self'";
    let after = "frame-src 'self' https://b.example.org; frame-ancestors 'self' https://portal.example.org https://intranet.example.org; object-src 'none'; script-src * 'unsafe-inline' 'unsafe-eval'; base-uri 'self'";
    assert_eq!(
        drawn(&difference(before, after, 40)),
        [
            "-frame-src 'self' https://[a].example.org; frame-ancestors~object-src 'none'; script-src ['self' https://cdn.example.org]; base-uri 'self'",
            "+frame-src 'self' https://[b].example.org; frame-ancestors~object-src 'none'; script-src [* 'unsafe-inline' 'unsafe-eval']; base-uri 'self'",
        ]
    );
}

#[test]
fn where_something_comes_in_is_seen_in_the_line_that_lacks_it() {
    let long = |of: &str| format!("{}{of}{}", "some words ".repeat(20), "more words ".repeat(20));
    assert_eq!(
        drawn(&difference(&long(""), &long("NEW "), 40)),
        [
            "-~words some words some words []more words more words more~",
            "+~words some words some words [NEW ]more words more words more~"
        ]
    );
}

#[test]
fn lines_around_a_change_are_shown_and_others_counted() {
    let text =
        |of: &str| (1..=20).map(|it| format!("line {it}\n")).collect::<String>().replace("line 9\n", of);
    assert_eq!(
        drawn(&difference(&text("line 9\n"), &text("line nine\nand more\n"), 60)),
        [
            "~5",
            " line 6",
            " line 7",
            " line 8",
            "-line [9]",
            "+line [nine]",
            "+[and more]",
            " line 10",
            " line 11",
            " line 12",
            "~9",
        ]
    );
}

#[test]
fn short_runs_between_changes_are_no_shorter_when_counted() {
    let (before, after) = ("a\n1\n2\n3\n4\n5\n6\n7\nb", "A\n1\n2\n3\n4\n5\n6\n7\nB");
    let rows = difference(before, after, 60);
    assert!(rows.iter().all(|it| !matches!(it, Row::Elided(_))), "{rows:?}");
}

#[test]
fn texts_with_nothing_in_common_are_not_mixed() {
    assert_eq!(
        drawn(&difference("one (1) two", "eins (1) zwei drei vier", 60)),
        ["-[one (1) two]", "+[eins (1) zwei drei vier]"]
    );
}

#[test]
fn ends_of_lines_and_blanks_count() {
    assert_eq!(drawn(&difference("a\n", "a", 60)), [" a", "-[]"]);
    assert_eq!(drawn(&difference("abcd  efgh", "abcd efgh", 60)), ["-abcd[  ]efgh", "+abcd[ ]efgh"]);
    assert_eq!(drawn(&difference("abcd\r\nefgh", "abcd\nefgh", 60)), ["-abcd[\r]", "+abcd[]", " efgh"]);
    assert_eq!(drawn(&added("x\ny")), ["+[x]", "+[y]"]);
}

/// What is shown of one side, with `None` for what is left out.
fn side(rows: &[Row], is_old: bool) -> Vec<Vec<Option<String>>> {
    rows.iter()
        .filter_map(|row| match row {
            Row::Elided(count) => Some(vec![None; *count]),
            Row::Same(text) => Some(vec![Some(text.clone())]),
            Row::Removed(pieces) if is_old => Some(shown(pieces)),
            Row::Added(pieces) if !is_old => Some(shown(pieces)),
            Row::Removed(_) | Row::Added(_) => None,
        })
        .collect()
}

fn shown(pieces: &[Piece]) -> Vec<Option<String>> {
    let part = |it: &Piece| match it {
        Piece::Same(text) | Piece::Changed(text) => Some(text.clone()),
        Piece::Elided => None,
    };
    vec![pieces.iter().map(part).collect::<Option<String>>()]
}

proptest! {
    /// Every line that was or will be there is shown whole, or counted as one that stays.
    #[test]
    fn both_texts_can_be_told_from_their_difference(
        before in prop::collection::vec(prop::sample::select(vec!["a", "b", "ab cd", "x = 1;", ""]), 0..30),
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[a-c ]{0,6}"), 0..5),
    ) {
        let mut after: Vec<String> = before.iter().map(|it| (*it).to_owned()).collect();
        for (at, text) in edits {
            let at = at.index(after.len() + 1);
            if at < after.len() { after[at] = text } else { after.push(text) }
        }
        let (before, after) = (before.join("\n"), after.join("\n"));
        let rows = difference(&before, &after, usize::MAX);
        for (text, is_old) in [(&before, true), (&after, false)] {
            let lines: Vec<Option<String>> = side(&rows, is_old).concat();
            let written: Vec<&str> = text.split('\n').collect();
            prop_assert_eq!(lines.len(), written.len());
            for (line, written) in lines.iter().zip(written) {
                prop_assert!(line.as_deref().is_none_or(|it| it == written));
            }
        }
        let is_shown = rows.iter().any(|it| matches!(it, Row::Removed(_) | Row::Added(_)));
        prop_assert_eq!(is_shown, before != after);
    }

    /// In a line that is cut, only what stays is left out: the rest stands in the line in its order.
    #[test]
    fn what_changed_is_never_left_out(before in "[a-d .]{0,200}", after in "[a-d .]{0,200}") {
        let whole = difference(&before, &after, usize::MAX);
        let cut = difference(&before, &after, 10);
        let changed = |rows: &[Row]| rows.iter().flat_map(|row| match row {
            Row::Removed(pieces) | Row::Added(pieces) => pieces.clone(),
            Row::Same(_) | Row::Elided(_) => Vec::new(),
        }).filter(|it| matches!(it, Piece::Changed(_))).collect::<Vec<_>>();
        prop_assert_eq!(changed(&whole), changed(&cut));
    }
}
