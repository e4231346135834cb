//! One block per change: symbol, address, place or reason, and what happens to its fields.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{padded, shortened, shortened_pair, width, wrapped};
use super::{Page, action_symbol, counted, counts};
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
/// Of default links that a new object does not get, so many are named.
const LINKS_OFF: usize = 2;

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

pub(super) fn symbol(action: Action) -> &'static str {
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
    if change.adopted && change.action == Action::Update {
        after.push("adopts it".to_owned());
    }
    let mut lines = vec![head(page, change.action, &change.object, to, &after.join(", "))];
    match change.action {
        Action::Create => lines.extend(created(change)),
        Action::Update => {
            lines.extend(updated(page, &change.fields, &change.object, said_once(change), Wish::After));
        }
        Action::Delete => lines.extend(losses(page, &change.object).map(|it| format!("      {it}"))),
        Action::Adopt | Action::Forget => {}
    }
    lines
}

/// Returns `  ~ address   after`.
pub(super) fn head(page: &Page<'_>, action: Action, address: &Address, to: usize, after: &str) -> String {
    let symbol = action_symbol(page.style, action);
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
        Action::Delete if change.adopted => Some("no longer declared; was there before us".to_owned()),
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
    // What an object is comes before what it has.
    let (kind, rest): (Vec<&FieldChange>, Vec<&FieldChange>) =
        change.fields.iter().partition(|it| &*it.path.field == "type");
    for field in kind.into_iter().chain(rest) {
        let name = one_line(&field.path.to_string());
        match &field.to {
            To::Value(Node { is: Is::Map(map), .. }) => {
                for (key, node) in map {
                    pieces.push(piece(&format!("{name}.{}", one_line(key)), node, key, &change.object));
                }
            }
            To::Value(node) => pieces.push(piece(&name, node, &field.path.field, &change.object)),
            To::Unset => pieces.push(format!("{name} {UNSET}")),
            To::Links { add, remove } => {
                let with = few(add.iter(), LINKS, "").join(", ");
                let without = few(remove.iter(), LINKS_OFF, "").join(", ");
                let listed = [(with, ""), (without, "without ")].into_iter().filter(|(it, _)| !it.is_empty());
                pieces.extend(listed.map(|(them, sign)| format!("{name}: {sign}{them}")));
            }
        }
    }
    wrapped(&pieces, "; ", LINE_WIDTH).into_iter().map(|it| format!("      {it}")).collect()
}

fn piece(name: &str, node: &Node, key: &str, of: &Address) -> String {
    let value = shortened(&text(node, key, of), LINE_WIDTH - width(name));
    if matches!(node.is, Is::List(_)) { format!("{name}: {value}") } else { format!("{name} {value}") }
}

/// Returns addresses with a sign before each, the rest as a count.
fn few<'a>(addresses: impl Iterator<Item = &'a Address>, shown: usize, sign: &str) -> Vec<String> {
    let all: Vec<&Address> = addresses.collect();
    let rest = all.len().saturating_sub(shown);
    let listed = all.iter().take(shown).map(|it| format!("{sign}{}", one_line(&it.to_string())));
    listed.chain((rest > 0).then(|| format!("{sign}{rest} more"))).collect()
}

/// On which side of an arrow stands what is declared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// A plan: as it is, then as it will be.
    After,
    /// A drift: as declared, then as Keycloak has it.
    Before,
}

/// Renders the fields of an update; `said` is the reason that stands at its head already.
pub(super) fn updated(
    page: &Page<'_>,
    fields: &[FieldChange],
    of: &Address,
    said: Option<&str>,
    wish: Wish,
) -> Vec<String> {
    let name = |it: &FieldChange| shortened(&one_line(&it.path.to_string()), NAME_WIDTH * 2);
    let name_width = fields.iter().map(|it| width(&name(it))).max().unwrap_or(0).min(NAME_WIDTH);
    let rows: Vec<Row> = fields.iter().map(|it| row(it, of, wish)).collect();
    let left = |row: &Row| if let Row::Values(left, _) = row { width(left) } else { 0 };
    let left_width = rows.iter().map(left).max().unwrap_or(0);
    fields
        .iter()
        .zip(rows)
        .map(|(field, row)| {
            let rest = match row {
                Row::Values(left, right) => format!("{}  ->  {right}", padded(&left, left_width)),
                Row::Items(items) => {
                    let indent = format!("\n{}", " ".repeat("      ".len() + name_width + "  ".len()));
                    wrapped(&items, "  ", LINE_WIDTH - name_width).join(&indent)
                }
            };
            let why = field_reason(field).filter(|it| !is_links(field) && said != Some(*it));
            let why = why.map(|it| format!("  {}", page.dim(&format!("({it})")))).unwrap_or_default();
            format!("      {}  {rest}{why}", padded(&name(field), name_width))
        })
        .collect()
}

enum Row {
    /// Left and right of the arrow.
    Values(String, String),
    /// What is added and removed.
    Items(Vec<String>),
}

fn row(field: &FieldChange, of: &Address, wish: Wish) -> Row {
    let name = field.path.key.as_ref().unwrap_or(&field.path.field);
    let live = field.from.as_ref();
    let wished = match &field.to {
        To::Value(node) => Some(node),
        To::Unset => None,
        To::Links { add, remove } => return Row::Items(links(field, add, remove, wish)),
    };
    let (left, right) = match wish {
        Wish::After => (live, wished),
        Wish::Before => (wished, live),
    };
    let shown = |it: Option<&Node>| it.map_or_else(|| UNSET.to_owned(), |it| text(it, name, of));
    let (before, after) = (shown(left), shown(right));
    // Of long lists only the difference is worth reading.
    if let (Some(Is::List(old)), Some(Is::List(new))) = (left.map(|it| &it.is), right.map(|it| &it.is))
        && width(&before).max(width(&after)) > VALUE_WIDTH
    {
        return Row::Items(list_difference(&items_text(old, name, of), &items_text(new, name, of)));
    }
    let (before, after) = shortened_pair(&before, &after, VALUE_WIDTH);
    Row::Values(before, after)
}

/// Returns "+ role/x  - role/y (granted outside)"; in a drift the signs say what Keycloak did.
fn links(
    field: &FieldChange,
    add: &BTreeSet<Address>,
    remove: &BTreeSet<Address>,
    wish: Wish,
) -> Vec<String> {
    let lacks = if field.why == Why::LiveChanged { " (removed in Keycloak)" } else { "" };
    let has = match field.why {
        Why::LiveChanged => " (granted outside)",
        Why::NotInManifests => " (no longer declared)",
        Why::ManifestChanged | Why::Cascade(_) | Why::MadeBy(_) => "",
    };
    let (for_lacking, for_having) = match wish {
        Wish::After => ("+ ", "- "),
        Wish::Before => ("- ", "+ "),
    };
    let lacking = few(add.iter(), LINKS, for_lacking).into_iter().map(|it| it + lacks);
    let having = few(remove.iter(), LINKS, for_having).into_iter().map(|it| it + has);
    lacking.chain(having).collect()
}

fn list_difference(old: &[String], new: &[String]) -> Vec<String> {
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
    pieces
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
