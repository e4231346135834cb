//! Signs as messages show them.

/// Returns signs as a reader may see them: those of control, and others without a look of their own, as what stands for them.
pub fn shown(signs: impl IntoIterator<Item = char>) -> String {
    let mut out = String::new();
    for sign in signs {
        match sign {
            '\'' | '"' | '\\' => out.push(sign),
            _ => out.extend(sign.escape_debug()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn only_what_nobody_sees_is_escaped() {
        for (text, is) in [
            ("a'b", "a'b"),
            ("\"", "\""),
            ("\\", "\\"),
            ("\n", "\\n"),
            ("\t", "\\t"),
            ("\u{1}", "\\u{1}"),
            ("\u{2028}", "\\u{2028}"),
            ("é /", "é /"),
        ] {
            assert_eq!(shown(text.chars()), is);
        }
    }
}
