//! Objects as they are, for whoever looks at a realm.

use serde_json::{Map, Value, json};

use super::natural;
use super::safe::one_line;
use super::text::{padded, width};
use super::value;
use crate::kind::{self, Compare};
use crate::state::{Address, Node, Object, State};

/// Addresses that are longer do not push what is beside them out of sight.
const WIDEST: usize = 60;

/// Returns a line for each object: its address, and what it says as far as a line goes.
pub fn objects_text(state: &State, columns: usize) -> String {
    let mut all: Vec<(&Address, &Object)> = state.objects.iter().collect();
    all.sort_by(|a, b| natural::compare(a.0, b.0));
    let names = all.iter().map(|it| width(&one_line(&it.0.to_string())));
    let room = names.filter(|it| *it <= WIDEST).max().unwrap_or(0);
    let line = |(address, object): &(&Address, &Object)| {
        let start = padded(&one_line(&address.to_string()), room);
        let rest = words(address, object);
        let line = if rest.is_empty() { start } else { format!("{start}   {rest}") };
        cut(line.trim_end(), columns) + "\n"
    };
    all.iter().map(line).collect()
}

/// Returns objects with their addresses, as JSON: what is secret is not in it.
pub fn objects_json(state: &State) -> Value {
    let object = |(address, object): (&Address, &Object)| {
        let fields = said(address, object).map(|(name, node)| (name.to_owned(), value::json(node, name)));
        json!({ "address": address.to_string(), "fields": fields.collect::<Map<_, _>>() })
    };
    state.objects.iter().map(object).collect()
}

fn said<'o>(address: &Address, object: &'o Object) -> impl Iterator<Item = (&'o str, &'o Node)> + use<'o> {
    let kind = kind::kind(address.kind());
    let is_shown = move |name: &str| kind.field(name).is_none_or(|it| it.compare != Compare::ServerOwned);
    let fields = object.fields.iter().map(|(name, node)| (&**name, node));
    fields.filter(move |(name, node)| is_shown(name) && !node.is_nothing())
}

/// Returns what an object says that is neither false nor nothing, what says most of it first.
fn words(address: &Address, object: &Object) -> String {
    let mut fields: Vec<(&str, &Node)> =
        said(address, object).filter(|it| it.1.as_bool() != Some(false)).collect();
    // Of what type it is, then what it names, then the rest.
    fields.sort_by_key(|(name, node)| (kind::field_rank(name), node.items().is_empty()));
    let words = fields.into_iter().map(|(name, node)| match node.as_bool() {
        Some(_) => one_line(name),
        None => format!("{}: {}", one_line(name), value::text(node, name, address)),
    });
    words.collect::<Vec<_>>().join("; ")
}

fn cut(line: &str, columns: usize) -> String {
    if width(line) <= columns {
        return line.to_owned();
    }
    let mut out = String::new();
    for sign in line.chars() {
        if width(&out) + 2 > columns {
            break;
        }
        out.push(sign);
    }
    out.trim_end().to_owned() + "…"
}
