//! Patterns over addresses that could never match: after kinds come names, and after names kinds.

use std::collections::BTreeSet;

use super::{KINDS, Kind, field_type, kind};
use crate::state::{KindName, Pattern, stars_match};
use crate::text::nearest;

/// What is wrong with a pattern, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misread {
    pub title: String,
    pub help: String,
}

/// What comes next in an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// A kind that stands under this one, or under the realm.
    Kind(Option<KindName>),
    /// The second word of a kind of two words.
    Word(KindName),
    Name(KindName),
}

/// Returns what is wrong with a pattern that reads as no address of any kind.
pub fn misread(pattern: &Pattern) -> Option<Misread> {
    let mut spots = BTreeSet::from([Next::Kind(None)]);
    for (at, segment) in pattern.segments().iter().enumerate() {
        let field = spots.iter().find_map(|it| field_at(*it, segment));
        let next: BTreeSet<Next> = if segment == "**" {
            reachable(&spots)
        } else {
            spots.iter().flat_map(|it| after(*it, segment)).collect()
        };
        let before = pattern.segments()[..at].join("/");
        if let Some(field) = field.filter(|it| next.is_empty() || kind(*it).link(segment).is_some()) {
            return Some(Misread {
                title: format!(
                    "pattern `{}` ends in a field: `{segment}` of a {}",
                    pattern.written(),
                    kind(field).title
                ),
                help: format!(
                    "patterns name objects: write `{before}`; a field that no manifest says is left alone"
                ),
            });
        }
        if next.is_empty() {
            return Some(no_kind(pattern, &before, segment, &spots));
        }
        spots = next;
    }
    None
}

fn no_kind(pattern: &Pattern, before: &str, segment: &str, spots: &BTreeSet<Next>) -> Misread {
    let words = expected(spots);
    let title = format!("pattern `{}` names no kind by `{segment}`", pattern.written());
    let help = match nearest(segment, words.iter().copied()) {
        _ if words.is_empty() => format!("nothing stands under that: write `{before}`"),
        Some(near) => format!("did you mean `{near}`?"),
        None if before.is_empty() => format!("a pattern begins with {}", words.join(", ")),
        None => format!("under `{before}` stand {}", words.join(", ")),
    };
    Misread { title, help }
}

/// The kinds whose names may come next.
fn expected(spots: &BTreeSet<Next>) -> Vec<&'static str> {
    let of = |it: &Next| -> Vec<&'static str> {
        match *it {
            Next::Kind(parent) => under(parent).map(|it| it.name.word).collect(),
            Next::Word(kind) => vec![kind.word.split('/').nth(1).unwrap_or_default()],
            Next::Name(_) => Vec::new(),
        }
    };
    spots.iter().flat_map(of).collect()
}

/// Returns the kind whose field stands where a kind or name has to.
fn field_at(spot: Next, segment: &str) -> Option<KindName> {
    let Next::Kind(Some(parent)) = spot else { return None };
    let of = kind(parent);
    let is_field = of.field(segment).is_some() || field_type((of.representation)(""), segment).is_some();
    is_field.then_some(parent)
}

fn under(parent: Option<KindName>) -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(move |it| match parent {
        None => it.is_top(),
        // A kind that nests in itself is named once.
        Some(parent) => it.under.contains(&parent) && it.name != parent,
    })
}

fn after(spot: Next, segment: &str) -> Vec<Next> {
    match spot {
        Next::Kind(parent) => under(parent)
            .filter_map(|it| {
                let (word, more) =
                    it.name.word.split_once('/').map_or((it.name.word, false), |it| (it.0, true));
                let next = if more { Next::Word(it.name) } else { named(it) };
                stars_match(segment, word).then_some(next)
            })
            .collect(),
        Next::Word(name) => {
            let word = name.word.split('/').nth(1).unwrap_or_default();
            if stars_match(segment, word) { vec![named(kind(name))] } else { Vec::new() }
        }
        Next::Name(name) if kind(name).under.contains(&name) || !kind(name).qualified_by.is_empty() => {
            vec![Next::Name(name), Next::Kind(Some(name))]
        }
        Next::Name(name) => vec![Next::Kind(Some(name))],
    }
}

/// What follows the word of a kind: a name, where there may be several under one parent.
fn named(of: &Kind) -> Next {
    if of.key.is_empty() { Next::Kind(Some(of.name)) } else { Next::Name(of.name) }
}

fn reachable(spots: &BTreeSet<Next>) -> BTreeSet<Next> {
    let mut all = spots.clone();
    let mut waiting: Vec<Next> = spots.iter().copied().collect();
    while let Some(spot) = waiting.pop() {
        waiting.extend(after(spot, "*").into_iter().filter(|it| all.insert(*it)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_kinds_where_kinds_stand() {
        for pattern in [
            "client",
            "client/*",
            "client/demo/**",
            "client/demo/authz/policy/Only *",
            "client/demo/authz/settings",
            "client/*/role/*",
            "**",
            "**/policy/*",
            "*/demo",
            "*/demo/mapper/x",
            "cli*/demo",
            "group/eo/readers/deep",
            "group/client",
            "role/clients",
            "realm",
            "user/realmRoles",
            "client-scope/*/mapper/email",
            "client/demo/authz",
        ] {
            assert_eq!(misread(&Pattern::new(pattern)), None, "{pattern}");
        }
        for (pattern, title, help) in [
            ("clinet/x", "pattern `clinet/x` names no kind by `clinet`", "did you mean `client`?"),
            ("users/*", "pattern `users/*` names no kind by `users`", "did you mean `user`?"),
            (
                "user/*/realmRoles",
                "pattern `user/*/realmRoles` ends in a field: `realmRoles` of a user",
                "patterns name objects: write `user/*`; a field that no manifest says is left alone",
            ),
            (
                "group/*/realmRoles",
                "pattern `group/*/realmRoles` ends in a field: `realmRoles` of a group",
                "patterns name objects: write `group/*`; a field that no manifest says is left alone",
            ),
            (
                "client/*/attributes/login_theme",
                "pattern `client/*/attributes/login_theme` ends in a field: `attributes` of a client",
                "patterns name objects: write `client/*`; a field that no manifest says is left alone",
            ),
            (
                "client/demo/policy/x",
                "pattern `client/demo/policy/x` names no kind by `policy`",
                "under `client/demo` stand role, mapper, authz/settings, authz/scope, authz/resource, authz/policy, authz/permission",
            ),
            (
                "client/demo/authz/polcy/x",
                "pattern `client/demo/authz/polcy/x` names no kind by `polcy`",
                "did you mean `policy`?",
            ),
            (
                "user/eric/role/x",
                "pattern `user/eric/role/x` names no kind by `role`",
                "under `user/eric` stand federated-identity",
            ),
            (
                "role/admin/user/x",
                "pattern `role/admin/user/x` names no kind by `user`",
                "nothing stands under that: write `role/admin`",
            ),
        ] {
            let expected = Misread { title: title.to_owned(), help: help.to_owned() };
            assert_eq!(misread(&Pattern::new(pattern)), Some(expected), "{pattern}");
        }
        let nothing = misread(&Pattern::new("")).expect("no kind is called so");
        assert!(
            nothing.help.starts_with("a pattern begins with realm, ") && nothing.help.ends_with(", user")
        );
    }
}
