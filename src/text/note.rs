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
    near(written, candidates).min().map(|(_, it)| it)
}

/// Returns the candidates that a person may have meant, each with its distance from what was written.
pub fn near<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> impl Iterator<Item = (usize, &'a str)> {
    let folded = written.to_lowercase();
    let own = letters(&folded);
    // The distance takes long to find, and most candidates cannot be near: an edit takes one letter, adds one, or both.
    let may_be_near = move |it: &str, length: usize, is_plain: bool, most: usize| {
        let differ = it.len().abs_diff(length);
        let others = letters(it);
        !(is_plain && differ > most)
            && (own & !others).count_ones().max((others & !own).count_ones()) as usize <= most
    };
    candidates.into_iter().filter_map(move |it| {
        let most = 1.max(written.len().min(it.len()) / 3);
        if it == written {
            return None;
        }
        if it.is_ascii() && !may_be_near(it, folded.len(), folded.is_ascii(), most) {
            return None;
        }
        let distance = strsim::osa_distance(&folded, &it.to_lowercase());
        Some((distance, it)).filter(|_| distance <= most)
    })
}

/// Returns a bit for each letter of a word, large or small; letters outside of ASCII share one.
fn letters(word: &str) -> u128 {
    word.bytes().fold(0, |set, it| set | 1 << it.to_ascii_lowercase().min(127))
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
