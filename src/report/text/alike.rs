//! Objects that are alike in everything but their names: the first ones are listed, the others counted.

use std::collections::BTreeMap;

use super::Page;
use crate::kind;
use crate::report::natural;
use crate::report::safe::one_line;
use crate::state::{Address, KindName};

/// Of more objects than this that are alike, the first ones are listed.
const MANY: usize = 10;
const LISTED: usize = 3;

/// An object of a list and its lines.
pub(super) struct Entry<'a> {
    pub(super) address: &'a Address,
    pub(super) lines: Vec<String>,
    /// All that is shown of it beside its name and place; none: it is always listed.
    pub(super) alike: Option<String>,
}

type Group<'a> = (Option<Address>, KindName, &'a str);

/// Returns the lines of a list, in its order; of many objects that are alike, the first ones and what all share.
pub(super) fn lines(page: &Page<'_>, entries: &[Entry<'_>]) -> Vec<String> {
    let mut groups: BTreeMap<Group<'_>, Vec<&Address>> = BTreeMap::new();
    for entry in entries.iter().filter(|_| !page.style.full) {
        if let Some(group) = group(entry) {
            groups.entry(group).or_default().push(entry.address);
        }
    }
    let mut folded: BTreeMap<(&Address, &str), Option<String>> = BTreeMap::new();
    for ((_, _, shared), them) in groups.iter_mut().filter(|(_, them)| them.len() > MANY) {
        them.sort_by(|a, b| natural::compare(a, b));
        let rest = &them[LISTED..];
        let first = |at: usize| (at == 0).then(|| more(page, shared, rest));
        folded.extend(rest.iter().enumerate().map(|(at, it)| ((*it, *shared), first(at))));
    }
    let mut lines = Vec::new();
    for entry in entries {
        match entry.alike.as_deref().and_then(|it| folded.remove(&(entry.address, it))) {
            Some(more) => lines.extend(more),
            None => lines.extend(entry.lines.iter().cloned()),
        }
    }
    lines
}

fn group<'a>(entry: &'a Entry<'_>) -> Option<Group<'a>> {
    Some((entry.address.parent(), entry.address.kind(), entry.alike.as_deref()?))
}

fn more(page: &Page<'_>, shared: &str, them: &[&Address]) -> String {
    let name = |it: Option<&&Address>| it.map(|it| one_line(&it.to_string())).unwrap_or_default();
    let title = them.first().map(|it| kind::kind(it.kind()).title).unwrap_or_default();
    let share = if shared.is_empty() { String::new() } else { format!(": {shared}") };
    let text = format!(
        "… and {}, {} to {}, like these in all but their names{share} (--full lists them)",
        super::counted(them.len(), title).replacen(' ', " more ", 1),
        name(them.first()),
        name(them.last()),
    );
    format!("  {}", page.dim(&text))
}
