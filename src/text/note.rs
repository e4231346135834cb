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
    candidates
        .into_iter()
        .filter(|it| *it != written)
        .map(|it| (strsim::damerau_levenshtein(&folded, &it.to_lowercase()), it))
        .filter(|(distance, it)| *distance <= 1.max(written.len().min(it.len()) / 3))
        .min()
        .map(|(_, it)| it)
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
