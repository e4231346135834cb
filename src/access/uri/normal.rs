//! A URI without what a web server would take out of it before it looks for a page.

/// Returns a URI without query, fragment, `;` parameters, double slashes, dots and escapes; nothing where it is
/// none.
pub(super) fn normal(uri: &str) -> Option<String> {
    let end = uri.find(['?', '#']).unwrap_or(uri.len());
    let mut path = &uri[..end];
    let mut prefix = "";
    if path.contains("://") {
        check(path)?;
        if let Some((scheme, rest)) = scheme(path) {
            // Without an authority it is no address.
            let rest = rest.strip_prefix("//")?;
            let authority = rest.find('/').unwrap_or(rest.len());
            if authority == 0 {
                return None;
            }
            let at = scheme.len() + "://".len() + authority;
            (prefix, path) = (&uri[..at], &uri[at..end]);
        }
    }
    let path = single_slashes(&without_parameters(path));
    check(&path)?;
    let path = match scheme(&path) {
        Some((_, rest)) if rest.starts_with('/') => rest.to_owned(),
        Some(_) => return None,
        None => path,
    };
    let path = decoded(&without_dots(&path));
    let path = without_dots(&single_slashes(&without_parameters(&path)));
    let path = if path.len() > 1 { path.strip_suffix('/').unwrap_or(&path) } else { &path };
    Some(format!("{prefix}{path}"))
}

/// Returns the scheme of a URI and what follows its colon.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '+' | '-' | '.');
    let begins = scheme.starts_with(|it: char| it.is_ascii_alphabetic());
    (begins && scheme.chars().all(is_part)).then_some((scheme, rest))
}

/// Returns nothing where a character cannot stand in a URI; braces may.
fn check(text: &str) -> Option<()> {
    let mut all = text.chars();
    while let Some(it) = all.next() {
        let is_fine = match it {
            '%' => [all.next(), all.next()].iter().all(|it| it.is_some_and(|it| it.is_ascii_hexdigit())),
            '{' | '}' => true,
            _ if it.is_ascii() => it.is_ascii_alphanumeric() || "_-!.~'()*,;:$&+=@/".contains(it),
            _ => !it.is_control() && !it.is_whitespace(),
        };
        if !is_fine {
            return None;
        }
    }
    Some(())
}

fn without_parameters(path: &str) -> String {
    let parts = path.split('/').map(|it| it.split(';').next().unwrap_or_default());
    parts.collect::<Vec<_>>().join("/")
}

fn single_slashes(path: &str) -> String {
    let mut out = path.to_owned();
    while out.contains("//") {
        out = out.replace("//", "/");
    }
    out
}

/// Resolves `.` and `..` as far as there is something to go up from.
fn without_dots(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut out: Vec<&str> = Vec::new();
    let all: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let mut ends_open = false;
    for (at, part) in all.iter().enumerate() {
        let is_last = at + 1 == all.len();
        match *part {
            "." => ends_open |= is_last,
            ".." if out.last().is_some_and(|it| *it != "..") => {
                out.pop();
                ends_open |= is_last;
            }
            it => out.push(it),
        }
    }
    if ends_open && !out.is_empty() {
        out.push("");
    }
    format!("{}{}", if is_absolute { "/" } else { "" }, out.join("/"))
}

fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| path.get(at + 1..at + 3)).flatten();
        if let Some(byte) = hex.and_then(|it| u8::from_str_radix(it, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
