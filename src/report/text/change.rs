//! One block per change: symbol, address, place or reason, and what happens to its fields.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{padded, shortened, shortened_pair, width, wrapped};
use super::{Page, counted, counts, painted};
use crate::change::{Action, Change, FieldChange, To, Why};
use crate::diff::Fate;
use crate::kind;
use crate::report::safe::one_line;
use crate::report::value::{UNSET, items_text, text};
use crate::state::{Address, Is, KindName, Node};

const ADDRESS_WIDTH: usize = 56;
const NAME_WIDTH: usize = 32;
const VALUE_WIDTH: usize = 48;
const LINE_WIDTH: usize = 100;
/// Up to so many changes are all shown.
const ALL: usize = 200;
/// Of creates of one kind under one parent, so many are shown when there are more changes than [`ALL`].
const OF_A_KIND: usize = 20;
const LINKS: usize = 12;

/// Renders the changes that are written to the realm; those of the ledger have sections of their own.
pub(super) fn changes(page: &Page<'_>) -> Vec<String> {
    let all: Vec<&Change> = page
        .plan
        .changes()
        .iter()
        .filter(|it| matches!(it.action, Action::Create | Action::Update | Action::Delete))
        .collect();
    let mut lines = vec![page.title("Changes", &counts(&page.plan.summary()))];
    let hidden = hidden(&all);
    let shown = all.iter().filter(|it| !hidden.is_hidden(&it.object));
    let to = address_width(shown.clone().map(|it| &it.object));
    let mut more: BTreeSet<Group> = BTreeSet::new();
    for change in &all {
        if !hidden.is_hidden(&change.object) {
            lines.extend(block(page, change, to));
            continue;
        }
        let group = group(&change.object);
        if hidden.groups.contains_key(&group) && more.insert(group.clone()) {
            let count = hidden.groups[&group];
            lines.push(format!("  {}", page.dim(&format!("… and {count} more like these"))));
        }
    }
    lines
}

type Group = (Option<Address>, KindName);

fn group(address: &Address) -> Group {
    (address.parent(), address.kind())
}

/// Creates that are not listed one by one, and how many of each group.
#[derive(Default)]
struct Collapsed {
    objects: BTreeSet<Address>,
    groups: BTreeMap<Group, usize>,
}

impl Collapsed {
    /// What stands under a create that is not listed is not listed either.
    fn is_hidden(&self, address: &Address) -> bool {
        if self.objects.is_empty() {
            return false;
        }
        let mut up = Some(address.clone());
        while let Some(it) = up {
            if self.objects.contains(&it) {
                return true;
            }
            up = it.parent();
        }
        false
    }
}

fn hidden(all: &[&Change]) -> Collapsed {
    let mut collapsed = Collapsed::default();
    if all.len() <= ALL {
        return collapsed;
    }
    let mut seen: BTreeMap<Group, usize> = BTreeMap::new();
    for change in all.iter().filter(|it| it.action == Action::Create) {
        let group = group(&change.object);
        let count = seen.entry(group.clone()).or_default();
        *count += 1;
        if *count > OF_A_KIND {
            collapsed.objects.insert(change.object.clone());
            *collapsed.groups.entry(group).or_default() += 1;
        }
    }
    collapsed
}

/// Returns the column up to which addresses are filled.
pub(super) fn address_width<'a>(addresses: impl Iterator<Item = &'a Address>) -> usize {
    addresses.map(|it| width(&one_line(&it.to_string()))).max().unwrap_or(0).min(ADDRESS_WIDTH)
}

fn symbol(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Delete => "-",
        Action::Adopt => "=",
        Action::Forget => ".",
    }
}

/// Renders one change with its fields.
pub(super) fn block(page: &Page<'_>, change: &Change, to: usize) -> Vec<String> {
    let mut after: Vec<String> = page.place(change.at).into_iter().collect();
    after.extend(reason(change));
    if change.adopts && change.action == Action::Update {
        after.push("adopts it".to_owned());
    }
    let mut lines = vec![head(page, change.action, &change.object, to, &after.join(", "))];
    match change.action {
        Action::Create => lines.extend(created(change)),
        Action::Update => lines.extend(updated(page, change)),
        Action::Delete => lines.extend(losses(page, &change.object).map(|it| format!("      {it}"))),
        Action::Adopt | Action::Forget => {}
    }
    lines
}

/// Returns `  ~ address   after`.
pub(super) fn head(page: &Page<'_>, action: Action, address: &Address, to: usize, after: &str) -> String {
    let symbol = painted(page.style.of(action), symbol(action));
    let address = shortened(&one_line(&address.to_string()), LINE_WIDTH);
    if after.is_empty() {
        return format!("  {symbol} {address}");
    }
    format!("  {symbol} {}   {}", padded(&address, to), page.dim(after))
}

/// Why a change is there, where it is not simply that a manifest says so.
fn reason(change: &Change) -> Option<String> {
    if let Why::Cascade(of) = &change.why {
        return Some(format!("because {} goes", one_line(&of.to_string())));
    }
    if let Why::MadeBy(by) = &change.why {
        return Some(format!("made with {}", one_line(&by.to_string())));
    }
    match change.action {
        Action::Create if change.why == Why::LiveChanged => Some("removed in Keycloak".to_owned()),
        Action::Delete => Some("no longer declared".to_owned()),
        Action::Update => said_once(change).map(str::to_owned),
        Action::Create | Action::Adopt | Action::Forget => None,
    }
}

/// The reason that all plain fields of an update share: said once, at its head.
fn said_once(change: &Change) -> Option<&'static str> {
    let mut plain = change.fields.iter().filter(|it| !is_links(it));
    let first = field_reason(plain.next()?)?;
    plain.all(|it| field_reason(it) == Some(first)).then_some(first)
}

fn field_reason(field: &FieldChange) -> Option<&'static str> {
    match field.why {
        Why::LiveChanged => Some("changed in Keycloak"),
        Why::NotInManifests => Some("no longer declared"),
        Why::ManifestChanged | Why::Cascade(_) | Why::MadeBy(_) => None,
    }
}

fn is_links(field: &FieldChange) -> bool {
    matches!(field.to, To::Links { .. })
}

fn created(change: &Change) -> Vec<String> {
    let mut pieces = Vec::new();
    for field in &change.fields {
        let name = one_line(&field.path.to_string());
        match &field.to {
            To::Value(Node { is: Is::Map(map), .. }) => {
                for (key, node) in map {
                    pieces.push(piece(&format!("{name}.{}", one_line(key)), node, key, &change.object));
                }
            }
            To::Value(node) => pieces.push(piece(&name, node, &field.path.field, &change.object)),
            To::Unset => pieces.push(format!("{name} {UNSET}")),
            To::Links { add, remove } if remove.is_empty() => {
                pieces.push(format!("{name}: {}", few(add.iter(), LINKS, "").join(", ")));
            }
            To::Links { add, remove } => {
                let signed = [few(add.iter(), LINKS, "+ "), few(remove.iter(), LINKS, "- ")].concat();
                pieces.push(format!("{name}: {}", signed.join("  ")));
            }
        }
    }
    wrapped(&pieces, LINE_WIDTH).into_iter().map(|it| format!("      {it}")).collect()
}

fn piece(name: &str, node: &Node, key: &str, of: &Address) -> String {
    let value = shortened(&text(node, key, of), VALUE_WIDTH * 3 / 2);
    if matches!(node.is, Is::List(_)) { format!("{name}: {value}") } else { format!("{name} {value}") }
}

/// Returns addresses with a sign before each, the rest as a count.
fn few<'a>(addresses: impl Iterator<Item = &'a Address>, shown: usize, sign: &str) -> Vec<String> {
    let all: Vec<&Address> = addresses.collect();
    let rest = all.len().saturating_sub(shown);
    let listed = all.iter().take(shown).map(|it| format!("{sign}{}", one_line(&it.to_string())));
    listed.chain((rest > 0).then(|| format!("{sign}{rest} more"))).collect()
}

fn updated(page: &Page<'_>, change: &Change) -> Vec<String> {
    let once = said_once(change);
    let names = change.fields.iter().map(|it| width(&one_line(&it.path.to_string())));
    let name_width = names.max().unwrap_or(0).min(NAME_WIDTH);
    let rows: Vec<Row> = change.fields.iter().flat_map(|it| row(it, &change.object)).collect();
    let befores =
        rows.iter().filter_map(|it| if let Row::Values(before, _) = it { Some(width(before)) } else { None });
    let before_width = befores.max().unwrap_or(0);
    let fields = change.fields.iter().flat_map(|it| row(it, &change.object).map(move |row| (it, row)));
    fields
        .map(|(field, row)| {
            let name = padded(&shortened(&one_line(&field.path.to_string()), NAME_WIDTH * 2), name_width);
            let rest = match row {
                Row::Values(before, after) => format!("{}  ->  {after}", padded(&before, before_width)),
                Row::Items(items) => items,
            };
            let why = field_reason(field).filter(|it| !is_links(field) && once != Some(it));
            let why = why.map(|it| format!("  {}", page.dim(&format!("({it})")))).unwrap_or_default();
            format!("      {name}  {rest}{why}")
        })
        .collect()
}

enum Row {
    /// Before and after.
    Values(String, String),
    /// What is added and removed.
    Items(String),
}

fn row(field: &FieldChange, of: &Address) -> Option<Row> {
    let name = field.path.key.as_ref().unwrap_or(&field.path.field);
    let from = field.from.as_ref();
    let before = from.map_or_else(|| UNSET.to_owned(), |it| text(it, name, of));
    let (after, to) = match &field.to {
        To::Unset => (UNSET.to_owned(), None),
        To::Value(node) => (text(node, name, of), Some(node)),
        To::Links { add, remove } => {
            let back = if field.why == Why::LiveChanged { " (removed in Keycloak)" } else { "" };
            let goes = match field.why {
                Why::LiveChanged => " (granted outside)",
                Why::NotInManifests => " (no longer declared)",
                Why::ManifestChanged | Why::Cascade(_) | Why::MadeBy(_) => "",
            };
            let add = few(add.iter(), LINKS, "+ ").into_iter().map(|it| it + back);
            let remove = few(remove.iter(), LINKS, "- ").into_iter().map(|it| it + goes);
            return Some(Row::Items(add.chain(remove).collect::<Vec<_>>().join("  ")));
        }
    };
    // Of long lists only the difference is worth reading.
    if let (Some(Is::List(old)), Some(Is::List(new))) = (from.map(|it| &it.is), to.map(|it| &it.is))
        && width(&before).max(width(&after)) > VALUE_WIDTH
    {
        return Some(Row::Items(list_difference(&items_text(old, name, of), &items_text(new, name, of))));
    }
    let (before, after) = shortened_pair(&before, &after, VALUE_WIDTH);
    Some(Row::Values(before, after))
}

fn list_difference(old: &[String], new: &[String]) -> String {
    let added = new.iter().filter(|it| !old.contains(it));
    let removed = old.iter().filter(|it| !new.contains(it));
    let listed = |sign: &str, items: Vec<&String>| {
        let rest = items.len().saturating_sub(LINKS);
        let mut listed: Vec<String> =
            items.iter().take(LINKS).map(|it| format!("{sign} {}", shortened(it, VALUE_WIDTH))).collect();
        listed.extend((rest > 0).then(|| format!("{sign} {rest} more")));
        listed
    };
    let stays = old.iter().filter(|it| new.contains(it)).count();
    let mut pieces = [listed("+", added.collect()), listed("-", removed.collect())].concat();
    pieces.extend((stays > 0).then(|| format!("({stays} stay)")));
    pieces.join("  ")
}

/// What others lose when an object goes: "2 users and 1 group lose it".
fn losses(page: &Page<'_>, address: &Address) -> Option<String> {
    let mut by_kind: BTreeMap<&str, BTreeSet<&Address>> = BTreeMap::new();
    let mut emptied: BTreeSet<String> = BTreeSet::new();
    for effect in page.plan.diff.effects.iter().filter(|it| it.of == *address) {
        match effect.fate {
            Fate::Loses { .. } => {
                by_kind.entry(kind::kind(effect.on.kind()).title).or_default().insert(&effect.on);
            }
            Fate::Emptied { .. } => {
                emptied.insert(one_line(&effect.on.to_string()));
            }
            Fate::Disappears => {}
        }
    }
    let counts: Vec<String> = by_kind.iter().map(|(title, them)| counted(them.len(), title)).collect();
    let total: usize = by_kind.values().map(BTreeSet::len).sum();
    let lose = match counts.split_last() {
        None => None,
        Some((only, [])) => Some(only.clone()),
        Some((last, rest)) => Some(format!("{} and {last}", rest.join(", "))),
    }
    .map(|it| format!("{it} {} it", if total == 1 { "loses" } else { "lose" }));
    let empty = (!emptied.is_empty())
        .then(|| format!("leaves {} empty", emptied.into_iter().collect::<Vec<_>>().join(", ")));
    let all: Vec<String> = [lose, empty].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}
