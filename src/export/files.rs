//! Which file holds what: one for each section of a realm, and one for each client.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::text::{self, Format};
use crate::kind;
use crate::state::{Address, Object, State};
use crate::text::hex;

/// A file of manifests.
#[derive(Debug, PartialEq, Eq)]
pub struct File {
    /// Below the folder of the realm, with slashes.
    pub path: String,
    pub text: String,
}

/// Returns a realm as files, in the order of their paths.
pub(super) fn files(realm: &str, state: &State, format: Format) -> Vec<File> {
    let mut parts: BTreeMap<Part<'_>, State> = BTreeMap::new();
    for (address, object) in &state.objects {
        let part = parts.entry(part(address, object)).or_default();
        part.objects.insert(address.clone(), object.clone());
    }
    let mut taken = BTreeSet::new();
    let files = parts.into_iter().map(|(part, objects)| {
        let name = match part {
            Part::Realm => "realm".to_owned(),
            Part::Section(name) => dashed(name),
            Part::One(section, name) => format!("{}/{}", dashed(section), file_name(name, &mut taken)),
        };
        File { path: format!("{name}.{}", format.extension()), text: text::manifest(realm, &objects, format) }
    });
    let mut files: Vec<File> = files.collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'s> {
    Realm,
    Section(&'static str),
    /// One object of a section, with all that it holds.
    One(&'static str, &'s str),
}

/// Returns where an object is written: what a client made goes with it.
fn part<'s>(address: &'s Address, object: &'s Object) -> Part<'s> {
    let top = object.made_by.as_ref().unwrap_or(address);
    let Some(first) = top.steps().first() else { return Part::Realm };
    // `user-profile/attribute` is written in that.
    let word = first.kind.word.split('/').next().unwrap_or_default();
    let whole = kind::KINDS.iter().find(|it| it.name.word == word);
    match whole.and_then(|it| kind::section_of(it)) {
        Some(section) if kind::holds_much(first.kind) => Part::One(section, &first.name),
        section => section.map_or(Part::Realm, Part::Section),
    }
}

/// `clientScopes` as `client-scopes`.
fn dashed(name: &str) -> String {
    let mut out = String::new();
    for sign in name.chars() {
        if sign.is_ascii_uppercase() {
            out.push('-');
        }
        out.push(sign.to_ascii_lowercase());
    }
    out
}

/// Returns a name for what stands alone in its folder.
pub(super) fn name_of(name: &str) -> String {
    file_name(name, &mut BTreeSet::new())
}

/// Longer names are cut: some systems take no more than 255 bytes, archives fewer.
const LONGEST: usize = 80;

/// Names of devices where nobody expects them.
const DEVICES: &[&str] = &["aux", "con", "nul", "prn"];

/// Returns a name that every file system takes, and no other file of this folder has, whatever its case.
fn file_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    let mut plain: String = name.chars().map(|it| if is_plain(it) { it } else { '_' }).collect();
    plain.truncate(LONGEST);
    let stem = plain.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_numbered = |it: &str| {
        (it.starts_with("com") || it.starts_with("lpt"))
            && it.len() == 4
            && it.ends_with(|it: char| it.is_ascii_digit())
    };
    let is_safe = !name.is_empty()
        && plain == name
        && !plain.starts_with(['.', '-'])
        && !plain.ends_with('.')
        && !DEVICES.contains(&&*stem)
        && !is_numbered(&stem)
        && !taken.contains(&plain.to_ascii_lowercase());
    if !is_safe {
        let mark = hex(&Sha256::digest(name.as_bytes())[..4]);
        plain = format!("{}_{mark}", plain.trim_matches(['.', '-']));
    }
    taken.insert(plain.to_ascii_lowercase());
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_everywhere_and_never_twice() {
        let mut taken = BTreeSet::new();
        let mut name = |it: &str| file_name(it, &mut taken);
        assert_eq!(name("my-app_2.1"), "my-app_2.1");
        for odd in ["MY-APP_2.1", "a/b", "..", "con", "COM1.x", "https://x.example.org/", "", "ü", "-x", "x."]
        {
            let safe = name(odd);
            assert!(safe != odd && !safe.contains(['/', ':']) && safe.len() <= LONGEST + 9, "{odd}: {safe}");
        }
        assert!(name(&"x".repeat(300)).len() <= LONGEST + 9);
        assert_eq!(taken.len(), 12);
    }
}
