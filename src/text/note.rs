//! A finding about an input: a value with places. Rendering lives in `report`.

use super::{At, Code};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    /// Worth saying, nothing to mend.
    Remark,
}

/// A place of a note with what to say under it; the first mark of a note is its main one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub at: At,
    pub label: String,
}

/// A finding about an input. The code is stable, the words are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub code: Code,
    pub severity: Severity,
    pub title: String,
    pub marks: Vec<Mark>,
    pub help: Option<String>,
}

impl Note {
    pub fn error(code: Code, title: impl Into<String>, at: At, label: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            title: title.into(),
            marks: vec![Mark { at, label: label.into() }],
            help: None,
        }
    }

    pub fn warning(code: Code, title: impl Into<String>, at: At, label: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, title, at, label) }
    }

    pub fn remark(code: Code, title: impl Into<String>, at: At, label: impl Into<String>) -> Self {
        Self { severity: Severity::Remark, ..Self::error(code, title, at, label) }
    }

    #[must_use]
    pub fn and(mut self, at: At, label: impl Into<String>) -> Self {
        self.marks.push(Mark { at, label: label.into() });
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Returns the candidate that a person most likely meant, if one is near.
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = written.to_lowercase();
    let letters = Letters::of(&folded);
    // The distance takes long to find, and most candidates cannot be near.
    let may_be_near = |it: &str, most: usize| {
        let differ = it.len().abs_diff(folded.len());
        let is_plain = it.is_ascii() && folded.is_ascii();
        !(is_plain && differ > most) && letters.least_distance(&Letters::of(it)) <= most
    };
    candidates
        .into_iter()
        .filter(|it| *it != written)
        .filter_map(|it| {
            let most = 1.max(written.len().min(it.len()) / 3);
            if it.is_ascii() && !may_be_near(it, most) {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&folded, &it.to_lowercase());
            Some((distance, it)).filter(|_| distance <= most)
        })
        .min()
        .map(|(_, it)| it)
}

/// How often each letter stands in a word, large or small; letters outside of ASCII count as one.
struct Letters([u8; 128]);

impl Letters {
    fn of(word: &str) -> Self {
        let mut times = [0_u8; 128];
        for byte in word.bytes().filter(|it| !(0x80..0xc0).contains(it)) {
            let at = usize::from(byte.to_ascii_lowercase().min(127));
            times[at] = times[at].saturating_add(1);
        }
        Self(times)
    }

    /// Every edit takes one letter, adds one, or both.
    fn least_distance(&self, other: &Self) -> usize {
        let pairs = || self.0.iter().zip(&other.0);
        let gone: usize = pairs().map(|(a, b)| usize::from(a.saturating_sub(*b))).sum();
        let come: usize = pairs().map(|(a, b)| usize::from(b.saturating_sub(*a))).sum();
        gone.max(come)
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_near_word_is_offered_and_a_far_one_is_not() {
        let known = ["redirectUris", "rootUrl", "name"];
        assert_eq!(nearest("redirectUri", known), Some("redirectUris"));
        assert_eq!(nearest("redirecturis", known), Some("redirectUris"));
        assert_eq!(nearest("frontchannelLogout", known), None);
    }
}
