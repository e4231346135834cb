//! Texts that differ and look alike: another normal form of a letter, a letter of another script, another blank.
//! Where both sides of a change are shown, what tells them apart is shown as `\u{43e}`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use similar::{Algorithm, DiffOp, capture_diff_slices};
use unicode_script::{Script, UnicodeScript as _};
use unicode_security::skeleton;

/// Words that look like another one on the other side, and where they are different from it.
#[derive(Default)]
pub(super) struct Apart {
    places: BTreeMap<String, BTreeSet<usize>>,
}

/// Returns both texts as they can be told apart: as they are, unless a word that changed has one that looks like it on
/// the other side.
pub(super) fn told_apart<'a>(before: &'a str, after: &'a str) -> (Cow<'a, str>, Cow<'a, str>) {
    let apart = Apart::of(before, after);
    let (left, right) = (apart.shown(before), apart.shown(after));
    // Marks in another order, or words in one: whatever else makes two texts look the same.
    if before != after && !is_ascii(before, after) && skeleton(&left).eq(skeleton(&right)) {
        let all = |text: &str| text.chars().map(escaped).collect::<String>();
        return (all(before).into(), all(after).into());
    }
    (left, right)
}

fn is_ascii(before: &str, after: &str) -> bool {
    before.is_ascii() && after.is_ascii()
}

impl Apart {
    /// Returns what two sides of a change need to be told apart.
    pub(super) fn of(before: &str, after: &str) -> Self {
        let mut apart = Self::default();
        if before == after || is_ascii(before, after) {
            return apart;
        }
        let (old, new) = (words(before), words(after));
        let raw = |words: &[Word<'_>]| words.iter().map(|it| it.text.to_owned()).collect::<Vec<String>>();
        let mut changed = BTreeSet::new();
        for op in capture_diff_slices(Algorithm::Myers, &raw(&old), &raw(&new)) {
            if !matches!(op, DiffOp::Equal { .. }) {
                changed.extend(old[op.old_range()].iter().chain(&new[op.new_range()]).map(|it| it.text));
            }
        }
        let mut by_look: BTreeMap<&str, BTreeMap<&str, &Word<'_>>> = BTreeMap::new();
        for word in &new {
            by_look.entry(&word.look).or_default().insert(word.text, word);
        }
        for word in old.iter().map(|it| (it.text, it)).collect::<BTreeMap<_, _>>().into_values() {
            for other in by_look.get(&*word.look).into_iter().flat_map(BTreeMap::values) {
                if word.text != other.text && (changed.contains(word.text) || changed.contains(other.text)) {
                    apart.tell(word, other);
                    apart.tell(other, word);
                }
            }
        }
        apart
    }

    /// Notes where a word has something else than one that looks like it.
    fn tell(&mut self, word: &Word<'_>, from: &Word<'_>) {
        let theirs: BTreeSet<(usize, char)> = from.signs().map(|(_, seen, it)| (seen, it)).collect();
        let own = word.signs().filter(|(_, seen, it)| !it.is_ascii() && !theirs.contains(&(*seen, *it)));
        let own: Vec<usize> = own.map(|(at, _, _)| at).collect();
        if !own.is_empty() {
            self.places.entry(word.text.to_owned()).or_default().extend(own);
        }
    }

    /// Returns a text of either side with escapes where it can be mistaken.
    pub(super) fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.places.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        for word in words(text) {
            match self.places.get(word.text) {
                Some(places) => word.text.char_indices().for_each(|(at, it)| {
                    if places.contains(&at) { out.push_str(&escaped(it)) } else { out.push(it) }
                }),
                None => out.push_str(word.text),
            }
        }
        Cow::Owned(out)
    }
}

fn escaped(it: char) -> String {
    if it.is_ascii() { it.to_string() } else { it.escape_unicode().to_string() }
}

/// A word, a blank or a sign, and what it looks like: words that look alike have one look.
struct Word<'a> {
    text: &'a str,
    look: String,
}

impl Word<'_> {
    /// Returns every character with its place, and where in the look it is seen.
    fn signs(&self) -> impl Iterator<Item = (usize, usize, char)> {
        let mut seen = 0;
        self.text.char_indices().map(move |(at, it)| {
            let start = seen;
            seen += look(it).len();
            (at, start, it)
        })
    }
}

/// Returns what a character looks like, by the list of Unicode; an invisible one like nothing.
fn look(it: char) -> String {
    match it {
        // A blank of Braille is one like others.
        '\u{2800}' => " ".to_owned(),
        _ if it.is_whitespace() && !it.is_ascii() => " ".to_owned(),
        _ => skeleton(it.encode_utf8(&mut [0; 4])).collect(),
    }
}

/// Splits a text by what it looks like, so that texts that look alike are split alike.
fn words(text: &str) -> Vec<Word<'_>> {
    let is_of_word = |it: char| it.is_alphanumeric() || it == '_' || it.script() == Script::Inherited;
    let mut words: Vec<Word<'_>> = Vec::new();
    let (mut start, mut open) = (0, false);
    for (at, it) in text.char_indices() {
        let (end, look) = (at + it.len_utf8(), look(it));
        let goes_on = look.chars().all(is_of_word);
        match words.last_mut() {
            Some(last) if open && goes_on => {
                last.text = &text[start..end];
                last.look.push_str(&look);
            }
            _ => {
                start = at;
                words.push(Word { text: &text[at..end], look });
            }
        }
        open = goes_on;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::told_apart;

    fn shown(before: &str, after: &str) -> String {
        let (before, after) = told_apart(before, after);
        format!("{before} -> {after}")
    }

    #[test]
    fn what_looks_alike_is_told_apart_by_what_differs() {
        for (before, after, both) in [
            ("caf\u{e9}", "cafe\u{301}", r"caf\u{e9} -> cafe\u{301}"),
            ("\"\u{a0}\"", "\" \"", r#""\u{a0}" -> " ""#),
            ("a\u{2003}b", "a\u{a0}b", r"a\u{2003}b -> a\u{a0}b"),
            ("\u{43e}", "o", r"\u{43e} -> o"),
            (
                "https://example.org/*",
                "https://ex\u{430}mple.org/*",
                r"https://example.org/* -> https://ex\u{430}mple.org/*",
            ),
            // What else changes does not hide it.
            (
                "https://example.org/a",
                "https://ex\u{430}mple.org/b",
                r"https://example.org/a -> https://ex\u{430}mple.org/b",
            ),
            (
                "see example.org now",
                "ex\u{430}mple.org is seen",
                r"see example.org now -> ex\u{430}mple.org is seen",
            ),
            ("a, b", "b, \u{430}", r"a, b -> b, \u{430}"),
            // Within a word only what differs.
            ("M\u{fc}ll\u{435}r", "M\u{fc}ller", "M\u{fc}ll\\u{435}r -> M\u{fc}ller"),
            ("\u{43e}o", "o\u{43e}", r"\u{43e}o -> o\u{43e}"),
            // Signs, widths, ligatures, invisible ones.
            ("a.b", "a\u{2024}b", r"a.b -> a\u{2024}b"),
            ("a/b", "a\u{2215}b", r"a/b -> a\u{2215}b"),
            ("role", "\u{ff52}ole", r"role -> \u{ff52}ole"),
            ("a-b", "a\u{2010}b", r"a-b -> a\u{2010}b"),
            ("first", "\u{fb01}rst", r"first -> \u{fb01}rst"),
            ("ab", "a\u{200d}b", r"ab -> a\u{200d}b"),
            ("\u{391}", "\u{410}", r"\u{391} -> \u{410}"),
            ("K", "\u{212a}", r"K -> \u{212a}"),
            // Blanks that change places, and marks in another order.
            ("a\u{a0}b c", "a b\u{a0}c", r"a\u{a0}b c -> a b\u{a0}c"),
            ("a\u{323}\u{301}", "a\u{301}\u{323}", r"a\u{323}\u{301} -> a\u{301}\u{323}"),
            ("one\ntwo three", "one\ntwo\u{a0}three", "one\ntwo three -> one\ntwo\\u{a0}three"),
        ] {
            assert_eq!(shown(before, after), both);
        }
    }

    #[test]
    fn what_looks_different_stays_readable() {
        for (before, after) in [
            ("M\u{fc}ller", "M\u{f6}ller"),
            ("caf\u{e9}", "cafe"),
            ("\u{440}\u{43e}\u{437}\u{430}", "\u{440}\u{43e}\u{437}\u{44b}"),
            ("Rollen", "\u{420}\u{43e}\u{43b}\u{438}"),
            ("\u{65e5}\u{672c}", "\u{65e5}\u{672c}\u{8a9e}"),
            ("Bonjour \u{e0} tous\u{a0}!", "Bonsoir \u{e0} tous\u{a0}!"),
            ("\u{3b1}\u{3b2}\u{3b3}", "alpha"),
            ("l", "1"),
            ("a b", "a\tb"),
            ("(unset)", "\u{43e}"),
            ("same \u{43e}", "same \u{43e}"),
        ] {
            assert_eq!(shown(before, after), format!("{before} -> {after}"));
        }
    }
}
