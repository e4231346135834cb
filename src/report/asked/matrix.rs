//! All decisions of a client, one by one: for spreadsheets, and for programs.
//!
//! Millions of them are written while they are made. What they are put together from (the persona, the question, the
//! chain that many share) is spelled once.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::Value;

use super::folded::everybody;
use super::one_line;
use crate::access::{Cell, Column, Step};
use crate::report::json::{escaped, json_text, link as address, through, to_value};
use crate::state::Address;

/// What a table is of.
pub struct Sheet<'a> {
    pub realm: &'a str,
    pub client: &'a Address,
    /// The client through which everybody asks, where one was named.
    pub asking: Option<&'a Address>,
    /// Through how many clients everybody asks; 0 where no token counts.
    pub clients: usize,
    pub columns: &'a [Column],
}

/// Calls a function with every decision, resource by resource, persona by persona, until it fails.
pub type Decisions<'a> = &'a dyn Fn(&mut dyn FnMut(Cell<'_>) -> io::Result<()>) -> io::Result<()>;

/// How a decision is spelled: begin, question, verdict, opening, first link, other links, end.
struct Form<'a> {
    /// Per column.
    begins: Vec<String>,
    question: &'a dyn Fn(&Cell<'_>) -> String,
    opening: &'a str,
    first: &'a dyn Fn(&Step) -> String,
    others: &'a dyn Fn(&[Step]) -> String,
    /// Per column.
    ends: Vec<String>,
    between: &'a str,
}

/// So much is written at once.
const CHUNK: usize = 1 << 16;

impl Form<'_> {
    fn write(&self, out: &mut dyn Write, decisions: Decisions<'_>) -> io::Result<()> {
        let mut firsts: Vec<Option<String>> = vec![None; self.begins.len()];
        let mut question = String::new();
        // Personas who share a chain share its text.
        let mut others: BTreeMap<*const Step, String> = BTreeMap::new();
        let mut text = String::with_capacity(2 * CHUNK);
        let mut between = "";
        decisions(&mut |cell| {
            if cell.persona == 0 {
                others.clear();
                question = (self.question)(&cell);
            }
            let first = firsts[cell.persona].get_or_insert_with(|| (self.first)(cell.first));
            let others = others.entry(cell.path.as_ptr()).or_insert_with(|| (self.others)(cell.path));
            let begin = &self.begins[cell.persona];
            let parts = [between, begin, &question, verdict(cell.grants), self.opening, first, others];
            text.extend(parts);
            text.push_str(&self.ends[cell.persona]);
            between = self.between;
            if text.len() >= CHUNK {
                out.write_all(text.as_bytes())?;
                text.clear();
            }
            Ok(())
        })?;
        out.write_all(text.as_bytes())
    }
}

/// Writes the decisions as JSON, one per line, while they are made.
///
/// What every document has comes first, as it is known before the first decision.
pub fn matrix_json(
    out: &mut dyn Write,
    head: &Value,
    sheet: &Sheet<'_>,
    decisions: Decisions<'_>,
) -> io::Result<()> {
    let quoted = |text: &str| escaped(&Value::from(text).to_string());
    let client = quoted(sheet.client.name());
    let begin = |it: &Column| {
        let ways = escaped(&to_value(&through(&it.through)).to_string());
        let persona = quoted(&it.persona.name);
        format!("{{\"persona\":{persona},\"through\":{ways},\"client\":{client},")
    };
    let question = |cell: &Cell<'_>| {
        let scope = cell.scope.map_or_else(|| "null".to_owned(), quoted);
        format!("\"resource\":{},\"scope\":{scope},\"verdict\":\"", quoted(cell.resource))
    };
    let form = Form {
        begins: sheet.columns.iter().map(begin).collect(),
        question: &question,
        opening: "\",\"path\":[",
        first: &|it| quoted(&address(it)),
        others: &|path| path.iter().map(|it| format!(",{}", quoted(&address(it)))).collect(),
        ends: sheet
            .columns
            .iter()
            .map(|it| format!("],\"notes\":{}}}", escaped(&to_value(&it.notes).to_string())))
            .collect(),
        between: ",\n    ",
    };
    let (personas, clients) = (everybody(sheet.columns).0, sheet.clients);
    let head = json_text(head);
    let head = head.trim_end().trim_end_matches('}').trim_end();
    write!(
        out,
        "{head},\n  \"realm\": {},\n  \"personas\": {personas},\n  \"clients\": {clients},\n  \"decisions\": [\n    ",
        quoted(sheet.realm)
    )?;
    form.write(out, decisions)?;
    out.write_all(b"\n  ]\n}\n")
}

/// Writes the decisions as CSV with a header. Cells that a spreadsheet would take for a formula begin with `'`.
pub fn matrix_csv(out: &mut dyn Write, sheet: &Sheet<'_>, decisions: Decisions<'_>) -> io::Result<()> {
    let client = csv_cell(sheet.client.name());
    let question = |cell: &Cell<'_>| {
        format!("{},{},", csv_cell(cell.resource), csv_cell(cell.scope.unwrap_or_default()))
    };
    let form = Form {
        begins: sheet.columns.iter().map(|it| format!("{},{client},", csv_cell(&it.persona.name))).collect(),
        question: &question,
        opening: ",\"",
        first: &|it| harmless(&address(it)).replace('"', "\"\""),
        others: &|path| {
            path.iter().map(|it| format!(" > {}", one_line(&address(it)).replace('"', "\"\""))).collect()
        },
        ends: sheet
            .columns
            .iter()
            .map(|it| {
                format!(
                    "\",{},{}\n",
                    csv_cell(&it.through.names().join(", ")),
                    csv_cell(&it.notes.join("; "))
                )
            })
            .collect(),
        between: "",
    };
    out.write_all(b"persona,client,resource,scope,verdict,path,through,notes\n")?;
    form.write(out, decisions)
}

/// Returns a text as a cell of a spreadsheet, between quotes where it needs them.
fn csv_cell(text: &str) -> String {
    let text = harmless(text);
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn harmless(text: &str) -> String {
    let line = one_line(text);
    if line.starts_with(['=', '+', '-', '@']) { format!("'{line}") } else { line }
}

pub(super) fn verdict(grants: Option<bool>) -> &'static str {
    match grants {
        Some(true) => "PERMIT",
        Some(false) => "DENY",
        None => "UNKNOWN",
    }
}

pub(super) fn symbol(grants: Option<bool>) -> &'static str {
    match grants {
        Some(true) => "✓",
        Some(false) => "-",
        None => "?",
    }
}
