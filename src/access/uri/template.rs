//! Patterns with names in braces, such as `/spaces/{owner}/*`.

use super::parts;

/// Returns a pattern with the parts of a URI in place of what is in braces; nothing where they do not fit.
pub(super) fn filled(pattern: &str, uri: &str) -> Option<String> {
    let target: Vec<char> = uri.chars().collect();
    let open = pattern.strip_suffix("/*").unwrap_or(pattern);
    let start = pattern.find('{')?;
    let first = pattern[..start].chars().count();
    if first >= target.len() || parts(open, '/').len() > parts(uri, '/').len() {
        return None;
    }
    if !uri.starts_with(&pattern[..start]) {
        return None;
    }
    let rest: String = target[first..].iter().collect();
    let values = parts(&rest, '/');
    let open: Vec<char> = open.chars().collect();
    let mut filled: Vec<char> = pattern.chars().collect();
    let mut from = 0;
    // How much of the URI is accounted for, and by how many of its parts.
    let (mut length, mut part) = (first, 0);
    let mut at = first;
    while at < open.len() && length < target.len() {
        match open[at] {
            '{' => {
                if let Some(value) = values.get(part) {
                    length += value.chars().count();
                    if length > target.len() {
                        return None;
                    }
                    from = put(&mut filled, value, from)?;
                }
                at = open[at..].iter().position(|it| *it == '}')? + at;
            }
            '*' => {
                for value in values.iter().skip(part) {
                    length += value.chars().count();
                    if length > target.len() {
                        return None;
                    }
                    if length < target.len() {
                        length += 1;
                    }
                }
            }
            it => {
                if it == '/' {
                    part += 1;
                }
                length += 1;
            }
        }
        at += 1;
    }
    Some(filled.into_iter().collect())
}

/// Puts a value in place of the first braces from a place on, and returns from where to look on.
fn put(filled: &mut Vec<char>, value: &str, from: usize) -> Option<usize> {
    let after = |wanted: char| filled[from..].iter().position(|it| *it == wanted).map(|it| it + from);
    let (open, close) = (after('{')?, after('}')?);
    if close < open || filled[open..close].contains(&'/') {
        return None;
    }
    filled.splice(open..=close, value.chars());
    // A value that ends in a brace itself is not looked at again.
    if value.ends_with('}') {
        let all: String = filled.iter().collect();
        let at = all.find(value).map_or(0, |it| all[..it].chars().count());
        return Some(at + value.chars().count());
    }
    Some(from)
}
