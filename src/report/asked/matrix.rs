//! All decisions of a client as a table: for people, for spreadsheets, and for programs.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Write};

use serde_json::Value;

use super::one_line;
use crate::access::{Cell, Column, Step};
use crate::report::json::{escaped, json_text, link as address, through, to_value};
use crate::report::text::{Style, painted};
use crate::report::text::{padded, width};
use crate::state::Address;

/// What a table is of.
pub struct Sheet<'a> {
    pub realm: &'a str,
    pub client: &'a Address,
    pub columns: &'a [Column],
}

/// Calls a function with every decision, resource by resource, until it fails.
pub type Decisions<'a> = &'a dyn Fn(&mut dyn FnMut(Cell<'_>) -> io::Result<()>) -> io::Result<()>;

/// Writes the decisions as JSON, one per line, while they are made.
///
/// What every document has comes first, as it is known before the first decision.
pub fn matrix_json(
    out: &mut dyn Write,
    head: &Value,
    sheet: &Sheet<'_>,
    decisions: Decisions<'_>,
) -> io::Result<()> {
    let quoted = |text: &str| serde_json::to_string(text).map(|it| escaped(&it));
    let quoted_link = |it: &Step| quoted(&address(it));
    let client = quoted(sheet.client.name())?;
    let heads: Vec<String> = sheet
        .columns
        .iter()
        .map(|it| {
            let persona = quoted(&it.persona.name)?;
            let ways = to_value(&through(&it.through));
            Ok(format!("{{\"persona\":{persona},\"through\":{ways},\"client\":{client},"))
        })
        .collect::<io::Result<_>>()?;
    let realm = quoted(sheet.realm)?;
    let head = json_text(head);
    let head = head.trim_end().trim_end_matches('}').trim_end();
    write!(out, "{head},\n  \"realm\": {realm},\n  \"decisions\": [")?;
    let mut firsts: Vec<Option<String>> = vec![None; sheet.columns.len()];
    let mut question = String::new();
    // Personas who share a chain share its text.
    let mut tails: BTreeMap<*const Step, String> = BTreeMap::new();
    let mut is_first = true;
    decisions(&mut |cell| {
        if cell.persona == 0 {
            tails.clear();
            let scope = cell.scope.map_or_else(|| Ok("null".to_owned()), quoted)?;
            question = format!("\"resource\":{},\"scope\":{scope},\"verdict\":", quoted(cell.resource)?);
        }
        let tail = match tails.entry(cell.path.as_ptr()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let links: Vec<String> = cell.path.iter().map(quoted_link).collect::<Result<_, _>>()?;
                free.insert(links.iter().map(|it| format!(",{it}")).collect())
            }
        };
        let first = &mut firsts[cell.persona];
        if first.is_none() {
            *first = Some(quoted_link(cell.first)?);
        }
        let first = first.as_deref().unwrap_or_default();
        let start: &str = if is_first { "\n    " } else { ",\n    " };
        is_first = false;
        let word = verdict(cell.grants);
        for text in [start, &heads[cell.persona], &question, "\"", word, "\",\"path\":[", first, tail, "]}"] {
            out.write_all(text.as_bytes())?;
        }
        Ok(())
    })?;
    out.write_all(if is_first { b"]\n}\n" } else { b"\n  ]\n}\n" })
}

/// Writes the decisions as CSV with a header. Cells that a spreadsheet would take for a formula begin with `'`.
pub fn matrix_csv(out: &mut dyn Write, sheet: &Sheet<'_>, decisions: Decisions<'_>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["persona", "client", "resource", "scope", "verdict", "path", "through"])?;
    let through: Vec<String> = sheet.columns.iter().map(|it| it.through.names().join(", ")).collect();
    decisions(&mut |cell| {
        let path: Vec<String> = path(&cell).map(address).collect();
        let cells = [
            &sheet.columns[cell.persona].persona.name,
            sheet.client.name(),
            cell.resource,
            cell.scope.unwrap_or_default(),
            verdict(cell.grants),
            &path.join(" > "),
            &through[cell.persona],
        ];
        Ok(csv.write_record(cells.map(harmless))?)
    })?;
    csv.flush()
}

fn harmless(text: &str) -> String {
    let line = one_line(text);
    if line.starts_with(['=', '+', '-', '@']) { format!("'{line}") } else { line }
}

fn path<'a>(cell: &Cell<'a>) -> impl Iterator<Item = &'a Step> {
    std::iter::once(cell.first).chain(cell.path)
}

pub(super) fn verdict(grants: Option<bool>) -> &'static str {
    match grants {
        Some(true) => "PERMIT",
        Some(false) => "DENY",
        None => "UNKNOWN",
    }
}

/// The decisions about one resource and scope, persona by persona.
pub(super) struct Row {
    pub(super) resource: String,
    pub(super) scope: Option<String>,
    pub(super) grants: Vec<Option<bool>>,
}

pub(super) fn rows(decisions: Decisions<'_>) -> io::Result<Vec<Row>> {
    let mut out: Vec<Row> = Vec::new();
    decisions(&mut |cell| {
        if cell.persona == 0 {
            out.push(Row {
                resource: cell.resource.to_owned(),
                scope: cell.scope.map(str::to_owned),
                grants: Vec::new(),
            });
        }
        if let Some(row) = out.last_mut() {
            row.grants.push(cell.grants);
        }
        Ok(())
    })?;
    Ok(out)
}

pub(super) fn symbol(grants: Option<bool>) -> &'static str {
    match grants {
        Some(true) => "✓",
        Some(false) => "-",
        None => "?",
    }
}

/// Up to this width the columns are headed by names, beyond it by numbers.
const WIDEST: usize = 100;

/// Writes the decisions as a table of symbols.
pub fn matrix_text(
    out: &mut dyn Write,
    sheet: &Sheet<'_>,
    style: &Style,
    decisions: Decisions<'_>,
) -> io::Result<()> {
    let rows = rows(decisions)?;
    let names: Vec<String> = sheet.columns.iter().map(|it| one_line(&it.name())).collect();
    let label = |row: &Row| match &row.scope {
        Some(scope) => format!("{} on {}", one_line(scope), one_line(&row.resource)),
        None => one_line(&row.resource),
    };
    let labels: Vec<String> = rows.iter().map(label).collect();
    let first = labels.iter().map(|it| width(it)).max().unwrap_or(0).max(8);
    let is_wide = first + names.iter().map(|it| width(it) + 2).sum::<usize>() > WIDEST;
    let heads: Vec<String> =
        if is_wide { (1..=names.len()).map(|it| it.to_string()).collect() } else { names.clone() };
    let title = format!("client {} of realm {}", one_line(sheet.client.name()), one_line(sheet.realm));
    writeln!(out, "{}   ✓ may, - may not, ? cannot be told from here", painted(style.title, &title))?;
    if is_wide {
        for (head, name) in heads.iter().zip(&names) {
            writeln!(out, "  {head} = {name}")?;
        }
    }
    let head: String = heads.iter().map(|it| format!("  {it}")).collect();
    writeln!(out, "{}", format!("{}{head}", padded("", first)).trim_end())?;
    for (label, row) in labels.iter().zip(&rows) {
        let mut line = padded(label, first);
        for (head, grants) in heads.iter().zip(&row.grants) {
            let ansi = match grants {
                Some(true) => style.create,
                Some(false) => style.dim,
                None => style.update,
            };
            let blanks = " ".repeat(width(head).saturating_sub(1));
            line.push_str("  ");
            line.push_str(&painted(ansi, symbol(*grants)));
            line.push_str(&blanks);
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    if rows.is_empty() {
        writeln!(out, "  no resources")?;
    }
    Ok(())
}
