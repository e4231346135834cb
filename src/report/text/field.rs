//! What happens to the fields of one object. A changed part of a value is never cut.

use std::collections::BTreeSet;

use super::columns::{padded, width, wrapped};
use super::difference::{room, rows};
use super::moved::{Moved, moved};
use super::{Page, painted};
use crate::change::{Change, FieldChange, To, Why};
use crate::kind;
use crate::report::apart::{Apart, told_apart};
use crate::report::difference::{Row, added, difference, removed};
use crate::report::natural::by_name;
use crate::report::safe::one_line;
use crate::report::value::{UNSET, items_text, plain_text, text};
use crate::state::{Address, Is, Node};

/// Where fields stand.
const INDENT: usize = 6;
/// Where the lines of a long value stand.
const DEEPER: usize = INDENT + 2;
/// A value that is wider than this reads better in a line of its own.
const SHORT: usize = 60;
/// Names of fields stand in a column of at most this width.
const NAMES: usize = 32;

/// On which side of an arrow stands what is declared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// A plan: as it is, then as it will be.
    After,
    /// A drift: as declared, then as Keycloak has it.
    Before,
}

/// Renders what an object is created with.
pub(super) fn created(page: &Page<'_>, change: &Change) -> Vec<String> {
    let mut short = Vec::new();
    let mut long = Vec::new();
    let mut put = |name: &str, node: &Node, key: &str| match whole(page, node, key, &change.object, added) {
        Some(lines) => long.extend([vec![format!("      {name}")], lines].concat()),
        None => short.push(piece(name, node, key, &change.object)),
    };
    let mut links = Vec::new();
    // What an object is comes before what it has; what is part of its name stands there.
    let in_name = kind::kind(change.object.kind()).qualified_by;
    let shown = change.fields.iter().filter(|it| !in_name.contains(&&*it.path.field));
    let (kind, rest): (Vec<&FieldChange>, Vec<&FieldChange>) =
        shown.partition(|it| &*it.path.field == "type");
    for field in kind.into_iter().chain(rest) {
        let name = one_line(&field.path.to_string());
        match &field.to {
            To::Value(Node { is: Is::Map(map), .. }) => {
                for (key, node) in map {
                    put(&format!("{name}.{}", one_line(key)), node, key);
                }
            }
            To::Value(node) => put(&name, node, &field.path.field),
            To::Unset => links.push(format!("{name} {UNSET}")),
            To::Links { add, remove } => {
                let with = addresses(add).join(", ");
                let without = addresses(remove).join(", ");
                let listed = [(with, ""), (without, "without ")].into_iter().filter(|(it, _)| !it.is_empty());
                links.extend(listed.map(|(them, sign)| format!("{name}: {sign}{them}")));
            }
        }
    }
    short.extend(links);
    let lines = wrapped(&short, "; ", page.style.width - INDENT);
    lines.into_iter().map(|it| format!("      {it}")).chain(long).collect()
}

fn piece(name: &str, node: &Node, key: &str, of: &Address) -> String {
    let value = text(node, key, of);
    if matches!(node.is, Is::List(_)) { format!("{name}: {value}") } else { format!("{name} {value}") }
}

/// Returns the lines of a value that is too long for a piece of a line.
fn whole(
    page: &Page<'_>,
    node: &Node,
    key: &str,
    of: &Address,
    side: fn(&str) -> Vec<Row>,
) -> Option<Vec<String>> {
    let node = match node.items() {
        [one] => one,
        _ => node,
    };
    let line = text(node, key, of);
    let long = plain(node, key, &line);
    let is_long = long.contains('\n') || width(&line) > SHORT.min(page.style.width - DEEPER);
    (is_long && !matches!(node.is, Is::List(_))).then(|| rows(page.style, &side(long), DEEPER))
}

/// Returns a text as it is written where it may be shown, anything else as it is shown in a line.
fn plain<'a>(node: &'a Node, name: &str, line: &'a str) -> &'a str {
    plain_text(node, name).filter(|it| !it.is_empty()).unwrap_or(line)
}

fn addresses(of: &BTreeSet<Address>) -> Vec<String> {
    by_name(of).into_iter().map(|it| one_line(&it.to_string())).collect()
}

/// Renders the fields of an update; `said` is the reason that stands at its head already.
pub(super) fn updated(
    page: &Page<'_>,
    fields: &[FieldChange],
    of: &Address,
    said: Option<&str>,
    wish: Wish,
) -> Vec<String> {
    let (fields, moves) = moved(of, fields);
    let apart = apart(&fields);
    let name = |it: &FieldChange| apart.shown(&one_line(&it.path.to_string())).into_owned();
    let target = |it: &Moved| one_line(&it.target.to_string());
    let most = NAMES.min(page.style.width / 3);
    let names = fields.iter().map(name).chain(moves.iter().map(target));
    let to = names.map(|it| width(&it)).filter(|it| *it <= most).max().unwrap_or(0);
    let mut entries: Vec<(String, Shape, String)> = moves
        .iter()
        .map(|it| {
            let (from, to) = if wish == Wish::After { (it.from, it.to) } else { (it.to, it.from) };
            let why = if it.why == Why::LiveChanged { "(moved in Keycloak)" } else { "" };
            (target(it), Shape::Values(from.to_owned(), to.to_owned()), why.to_owned())
        })
        .collect();
    entries.extend(fields.iter().map(|it| {
        let why = why(it, said);
        let before = INDENT + to.max(width(&name(it))) + "  ".len();
        (name(it), shape(page, it, of, wish, before + width(&why), &apart), why)
    }));
    let left = |it: &Shape| if let Shape::Values(left, _) = it { width(left) } else { 0 };
    let left = entries.iter().map(|(_, shape, _)| left(shape)).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (name, shape, why) in entries {
        let why = Some(why).filter(|it| !it.is_empty());
        let why = why.map(|it| format!("  {}", page.dim(&it))).unwrap_or_default();
        match shape {
            Shape::Values(before, after) => {
                let room = page.style.width.saturating_sub(
                    INDENT + to.max(width(&name)) + "  ".len() + "  ->  ".len() + width(&after) + width(&why),
                );
                let pad = " ".repeat(left.min(room).saturating_sub(width(&before)));
                let (before, after) =
                    (painted(page.style.delete, &before), painted(page.style.create, &after));
                lines.push(format!("      {}  {before}{pad}  ->  {after}{why}", padded(&name, to)));
            }
            Shape::Items(items) => {
                let first = INDENT + to.max(width(&name)) + "  ".len();
                // Beside a long name there may be no room for a list.
                let beside = width(&name) <= to;
                let indent = if beside { first } else { DEEPER };
                let listed = wrapped(&items, "  ", page.style.width.saturating_sub(indent));
                let indent = " ".repeat(indent);
                let mut listed = listed.into_iter();
                if beside {
                    let first = listed.next().unwrap_or_default();
                    lines.push(format!("      {}  {first}{why}", padded(&name, to)));
                } else {
                    lines.push(format!("      {name}{why}"));
                }
                lines.extend(listed.map(|it| format!("{indent}{it}")));
            }
            Shape::Rows(shown) => {
                lines.push(format!("      {name}{why}"));
                lines.extend(rows(page.style, &shown, DEEPER));
            }
        }
    }
    lines
}

/// What keys and links that come need to be told apart from those that go.
fn apart(fields: &[FieldChange]) -> Apart {
    let (mut gone, mut come): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for field in fields {
        match &field.to {
            To::Links { add, remove } => {
                gone.extend(addresses(remove));
                come.extend(addresses(add));
            }
            To::Unset => gone.push(one_line(&field.path.to_string())),
            To::Value(_) if field.from.is_none() => come.push(one_line(&field.path.to_string())),
            To::Value(_) => {}
        }
    }
    Apart::of(&gone.join("\n"), &come.join("\n"))
}

/// The reason of one field, where the head of the change does not say it.
fn why(field: &FieldChange, said: Option<&str>) -> String {
    let why = reason(field).filter(|it| !is_links(field) && said != Some(*it));
    why.map(|it| format!("({it})")).unwrap_or_default()
}

/// What the server took without an error, and does not hold.
pub(super) const NOT_KEPT: &str = "the server did not keep it";

/// What an interrupted run left behind.
pub(super) const LEFT: &str = "left by an interrupted run";

pub(super) fn reason(field: &FieldChange) -> Option<&'static str> {
    match field.why {
        Why::LiveChanged => Some("changed in Keycloak"),
        Why::NotInManifests => Some("no longer declared"),
        Why::NotKept => Some(NOT_KEPT),
        Why::KeptClosed => Some(LEFT),
        Why::Cascade(_) => Some("put back, as its resource loses scopes"),
        Why::ManifestChanged | Why::MadeBy(_) => None,
    }
}

pub(super) fn is_links(field: &FieldChange) -> bool {
    matches!(field.to, To::Links { .. })
}

/// How the change of one value is laid out.
enum Shape {
    /// Left and right of an arrow.
    Values(String, String),
    /// What is added and removed.
    Items(Vec<String>),
    /// In lines of its own.
    Rows(Vec<Row>),
}

fn shape(
    page: &Page<'_>,
    field: &FieldChange,
    of: &Address,
    wish: Wish,
    used: usize,
    apart: &Apart,
) -> Shape {
    let name = field.path.key.as_ref().unwrap_or(&field.path.field);
    let live = field.from.as_ref();
    let wished = match &field.to {
        To::Value(node) => Some(node),
        To::Unset => None,
        To::Links { add, remove } => return Shape::Items(links(page, field, add, remove, wish, apart)),
    };
    let (left, right) = match wish {
        Wish::After => (live, wished),
        Wish::Before => (wished, live),
    };
    let shown = |it: Option<&Node>| it.map_or_else(|| UNSET.to_owned(), |it| text(it, name, of));
    let (before, after) = (shown(left), shown(right));
    let (before, after) = told_apart(&before, &after);
    let (before, after) = (before.into_owned(), after.into_owned());
    let is_short = |it: &str, node: Option<&Node>| {
        let has_lines = |it: &Node| plain_text(it, name).is_some_and(|it| it.contains('\n'));
        width(it) <= SHORT && !node.is_some_and(has_lines)
    };
    // Of what must not be shown, both sides are one word.
    let fits = before == after || used + width(&before) + "  ->  ".len() + width(&after) <= page.style.width;
    if fits && is_short(&before, left) && is_short(&after, right) {
        return Shape::Values(before, after);
    }
    // Of long lists only the difference is worth reading.
    if let (Some(Is::List(old)), Some(Is::List(new))) = (left.map(|it| &it.is), right.map(|it| &it.is)) {
        return list(page, name, &items_text(old, name, of), &items_text(new, name, of), (old, new));
    }
    if let (Some(old), Some(new)) = (left, right) {
        let rows = difference(plain(old, name, &before), plain(new, name, &after), room(page.style, DEEPER));
        return Shape::Rows(rows);
    }
    // Of a value that is not there only the word.
    let side =
        |node: Option<&Node>, line: &str| node.map_or(line.to_owned(), |it| plain(it, name, line).to_owned());
    Shape::Rows([removed(&side(left, &before)), added(&side(right, &after))].concat())
}

/// Returns "+ role/x  - role/y (granted outside)"; in a drift the signs say what Keycloak did.
fn links(
    page: &Page<'_>,
    field: &FieldChange,
    add: &BTreeSet<Address>,
    remove: &BTreeSet<Address>,
    wish: Wish,
    apart: &Apart,
) -> Vec<String> {
    let lacks = match field.why {
        Why::LiveChanged => " (removed in Keycloak)",
        Why::NotKept => " (the server did not keep it)",
        Why::ManifestChanged | Why::NotInManifests | Why::Cascade(_) | Why::MadeBy(_) | Why::KeptClosed => "",
    };
    let has = match field.why {
        Why::LiveChanged => " (granted outside)",
        Why::NotInManifests => " (no longer declared)",
        Why::ManifestChanged | Why::NotKept | Why::Cascade(_) | Why::MadeBy(_) | Why::KeptClosed => "",
    };
    let (for_lacking, for_having) = match wish {
        Wish::After => ("+", "-"),
        Wish::Before => ("-", "+"),
    };
    let listed = |of: &BTreeSet<Address>, sign: &str, why: &str| {
        addresses(of)
            .into_iter()
            .map(|it| format!("{}{why}", signed(page, sign, &apart.shown(&it))))
            .collect::<Vec<_>>()
    };
    [listed(add, for_lacking, lacks), listed(remove, for_having, has)].concat()
}

/// Returns an item with its sign, both in the color of the sign.
fn signed(page: &Page<'_>, sign: &str, item: &str) -> String {
    let style = if sign == "+" { page.style.create } else { page.style.delete };
    painted(style, &format!("{sign} {item}"))
}

/// What comes to a list and what goes from it; where one long item became another, what of it changed.
fn list(page: &Page<'_>, name: &str, old: &[String], new: &[String], nodes: (&[Node], &[Node])) -> Shape {
    let lacks = |all: &[String]| {
        let mut all = all.to_vec();
        move |it: &String| match all.iter().position(|other| other == it) {
            Some(at) => {
                all.swap_remove(at);
                false
            }
            None => true,
        }
    };
    let (mut not_in_old, mut not_in_new) = (lacks(old), lacks(new));
    let came: Vec<usize> = (0..new.len()).filter(|at| not_in_old(&new[*at])).collect();
    let went: Vec<usize> = (0..old.len()).filter(|at| not_in_new(&old[*at])).collect();
    if came.is_empty() && went.is_empty() {
        // The same items in another order.
        return Shape::Rows(difference(&old.join(", "), &new.join(", "), room(page.style, DEEPER)));
    }
    if let ([went], [came]) = (&*went, &*came)
        && width(&old[*went]).max(width(&new[*came])) > SHORT
    {
        let (old, new) =
            (plain(&nodes.0[*went], name, &old[*went]), plain(&nodes.1[*came], name, &new[*came]));
        return Shape::Rows(difference(old, new, room(page.style, DEEPER)));
    }
    let stays = new.len() - came.len();
    let joined = |all: &[String], at: &[usize]| at.iter().map(|at| &*all[*at]).collect::<Vec<_>>().join("\n");
    let apart = Apart::of(&joined(old, &went), &joined(new, &came));
    let mut items: Vec<String> = came.iter().map(|at| signed(page, "+", &apart.shown(&new[*at]))).collect();
    items.extend(went.iter().map(|at| signed(page, "-", &apart.shown(&old[*at]))));
    items.extend((stays > 0).then(|| format!("({stays} stay)")));
    Shape::Items(items)
}
