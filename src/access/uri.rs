//! Which resource a concrete URI means: as Keycloak finds it, quirks included.
//!
//! A resource that carries the very URI wins, whatever the case of its letters, and whoever owns it. Otherwise
//! the server's own resources are taken as patterns: `/a/*`, `/*.ext`, `/a/{name}/b`. Several may match; which one
//! the server takes hangs in part on the order in which it comes across them, which is that of a Java hash map.

mod normal;
mod template;

use crate::kind::{NEWEST, Version};

/// A resource as the server looks for it.
pub(super) struct Known<'a> {
    pub(super) name: &'a str,
    pub(super) uris: Vec<&'a str>,
    /// Whether it is the server's own, not a user's.
    pub(super) is_own: bool,
}

/// Returns the names of the resources that a server of this version finds for a concrete URI: several only where
/// they carry this very URI. The resources are given by name, as the server reads them.
pub(super) fn found<'a>(all: &[Known<'a>], uri: &str, version: Version) -> Vec<&'a str> {
    let folded = uri.to_lowercase();
    let has = |it: &&Known<'_>| it.uris.iter().any(|it| it.to_lowercase() == folded);
    let exact: Vec<&str> = all.iter().filter(has).map(|it| it.name).collect();
    if !exact.is_empty() {
        return exact;
    }
    // 26.0 takes the URI as it is.
    let wanted = if version < NEWEST { Some(uri.to_owned()) } else { normal::normal(uri) };
    let Some(wanted) = wanted else { return Vec::new() };
    let patterns = patterns(all);
    best(&patterns, &wanted).into_iter().collect()
}

/// One URI of a resource, and its name.
type Pattern<'a> = (&'a str, &'a str);

/// The patterns in the order of a Java hash map. Of resources with the same pattern the last one stays.
fn patterns<'a>(all: &[Known<'a>]) -> Vec<Pattern<'a>> {
    let mut out: Vec<Pattern<'a>> = Vec::new();
    for resource in all.iter().filter(|it| it.is_own) {
        for uri in resource.uris.iter().filter(|it| !it.is_empty()) {
            match out.iter_mut().find(|it| it.0 == *uri) {
                Some(known) => known.1 = resource.name,
                None => out.push((uri, resource.name)),
            }
        }
    }
    let mut buckets = 16_usize;
    while out.len() * 4 > buckets * 3 {
        buckets *= 2;
    }
    out.sort_by_key(|it| bucket(it.0, buckets));
    out
}

fn bucket(key: &str, buckets: usize) -> usize {
    let hash = key.encode_utf16().fold(0_u32, |hash, it| hash.wrapping_mul(31).wrapping_add(it.into()));
    (hash ^ (hash >> 16)) as usize & (buckets - 1)
}

fn best<'a>(patterns: &[Pattern<'a>], uri: &str) -> Option<&'a str> {
    // How far the best pattern with braces goes so far: its parts, and its braces.
    let mut most: Option<(usize, usize)> = None;
    let (mut by_template, mut by_suffix) = (None, None);
    let mut by_prefix: Option<Pattern<'a>> = None;
    for (pattern, name) in patterns.iter().copied() {
        let mut taken = covers(pattern, uri).then(|| pattern.to_owned());
        if pattern.contains('{')
            && let Some(filled) = template::filled(pattern, uri)
        {
            let (length, braces) = (parts(pattern, '/').len(), parts(pattern, '{').len());
            let is_better = most.is_none_or(|(longest, fewest)| length > longest || braces < fewest);
            if is_better && covers(&filled, uri) {
                taken = Some(filled);
                most = Some((length, braces));
            }
        }
        let Some(taken) = taken else { continue };
        let start = pattern.split("/*").next().unwrap_or_default();
        let start = start.split('{').next().unwrap_or_default();
        let start = if start.is_empty() { "/" } else { start };
        if taken == uri || start == uri {
            if most.is_none() {
                return Some(name);
            }
            by_template = Some(name);
        }
        if pattern.ends_with('*') {
            let is_longer =
                by_prefix.is_none_or(|(other, _)| parts(other, '/').len() < parts(&taken, '/').len());
            if is_longer {
                by_prefix = Some((pattern, name));
            }
        } else if let Some(at) = pattern.find("*.")
            && uri.ends_with(&pattern[at + 1..])
        {
            by_suffix = Some(name);
        }
    }
    by_template.or(by_suffix).or(by_prefix.map(|it| it.1))
}

/// Whether a pattern without braces covers a URI.
fn covers(pattern: &str, uri: &str) -> bool {
    if pattern == uri {
        return true;
    }
    if let Some(start) = pattern.strip_suffix('*') {
        let mut without = start.chars();
        without.next_back();
        return uri.starts_with(start) || uri == without.as_str();
    }
    pattern.find("/*.").is_some_and(|at| uri.ends_with(&pattern[at + 2..]))
}

/// Java's `split`: empty parts at the end do not count.
fn parts(text: &str, by: char) -> Vec<&str> {
    let mut out: Vec<&str> = text.split(by).collect();
    while out.len() > 1 && out.last().is_some_and(|it| it.is_empty()) {
        out.pop();
    }
    if text.starts_with(by) && out.len() == 1 { Vec::new() } else { out }
}

#[cfg(test)]
mod tests;
