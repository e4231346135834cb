//! All decisions of a client as a table of symbols that fits a terminal.

use std::io::{self, Write};

use super::folded::{Class, Folded, HEADED, Line, everybody, listed, people, rest};
use super::matrix::{Decisions, Sheet, symbol};
use super::one_line;
use super::who::looked;
use crate::report::text::{Style, counted, folded, padded, painted, width};

/// More names than these are counted.
const NAMES: usize = 12;
/// What a row is about takes at least so many columns, and at most so many.
const LABEL: (usize, usize) = (20, 48);

/// Writes the decisions as a table of symbols: personas who are decided alike as one column, resources that are as
/// one row. What is too wide for the terminal is written as a list: to each row, who may and who may not.
pub fn matrix_text(
    out: &mut dyn Write,
    sheet: &Sheet<'_>,
    style: &Style,
    decisions: Decisions<'_>,
) -> io::Result<()> {
    let title = format!("client {} of realm {}", one_line(sheet.client.name()), one_line(sheet.realm));
    let title = painted(style.title, &title);
    let mut page = Page { out, sheet, style };
    page.line(&format!("{title}   ✓ may, - may not, ? cannot be told from here"), "  ")?;
    if sheet.columns.is_empty() {
        return page.line(
            "  nobody is asked about: name somebody (--persona), or all roles and groups (--synthetic)",
            "  ",
        );
    }
    let folded = Folded::of(sheet, decisions)?;
    if folded.groups.is_empty() {
        return page.line("  no resources", "  ");
    }
    if let Some(alike) = folded.alike(sheet) {
        page.line(&painted(style.dim, &alike), "  ")?;
    }
    let (count, word) = everybody(sheet.columns);
    page.line(&painted(style.dim, &looked(&counted(count, word), sheet.clients)), "  ")?;
    let rows: Vec<(String, &Line)> = folded
        .groups
        .iter()
        .flat_map(|group| {
            let names = group.label(NAMES);
            group.lines.iter().map(move |it| (it.label(&names), it))
        })
        .collect();
    let longest = rows.iter().map(|it| width(&it.0)).max().unwrap_or_default().max(8);
    let room = |heads: &[String]| style.width.checked_sub(heads.iter().map(|it| width(it) + 2).sum());
    let is_enough = |room: Option<usize>, least: usize| room.filter(|it| *it >= longest.min(least));
    let named = |class: &Class| {
        let names = folded.names(sheet.columns, &class.members);
        let count: usize = names.iter().map(|it| it.names.len()).sum();
        (count <= HEADED).then(|| listed(&names, HEADED))
    };
    let names: Option<Vec<String>> = folded.classes.iter().map(named).collect();
    if let Some(names) = names
        && let Some(room) = is_enough(room(&names), LABEL.1)
    {
        return page.table(&rows, &names, longest.min(room));
    }
    let numbers: Vec<String> = (1..=folded.classes.len()).map(|it| it.to_string()).collect();
    let Some(room) = is_enough(room(&numbers), LABEL.0) else {
        return page.list(&rows, &folded);
    };
    for (number, class) in numbers.iter().zip(&folded.classes) {
        let (count, word) = people(sheet.columns, &class.members);
        let count = if count > 1 { format!("{}: ", counted(count, word)) } else { String::new() };
        let names = listed(&folded.names(sheet.columns, &class.members), NAMES);
        page.line(&format!("  {number} = {count}{names}"), "      ")?;
    }
    page.table(&rows, &numbers, longest.min(room).min(LABEL.1.max(room / 2)))
}

struct Page<'a> {
    out: &'a mut dyn Write,
    sheet: &'a Sheet<'a>,
    style: &'a Style,
}

impl Page<'_> {
    fn line(&mut self, line: &str, hang: &str) -> io::Result<()> {
        for line in folded(line, self.style.width, hang) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    fn table(&mut self, rows: &[(String, &Line)], heads: &[String], first: usize) -> io::Result<()> {
        let head: String = heads.iter().map(|it| format!("  {it}")).collect();
        writeln!(self.out, "{}{head}", padded("", first))?;
        for (label, line) in rows {
            // Cells stand beside the first line of what they are about, and above it where that is too long.
            let mut labels = folded(label, first, "  ");
            let beside = if width(&labels[0]) <= first { labels.remove(0) } else { String::new() };
            let mut text = padded(&beside, first);
            for (class, head) in heads.iter().enumerate() {
                let grants = line.grants(class);
                text.push_str("  ");
                text.push_str(&self.symbol(grants));
                text.push_str(&" ".repeat(width(head).saturating_sub(1)));
            }
            writeln!(self.out, "{}", text.trim_end())?;
            for line in &labels {
                writeln!(self.out, "{line}")?;
            }
        }
        Ok(())
    }

    fn symbol(&self, grants: Option<bool>) -> String {
        let ansi = match grants {
            Some(true) => self.style.create,
            Some(false) => self.style.dim,
            None => self.style.update,
        };
        painted(ansi, symbol(grants))
    }

    /// Writes to each row who may, of whom it cannot be told, and who may not; whoever is told what most are is
    /// counted.
    fn list(&mut self, rows: &[(String, &Line)], folded: &Folded) -> io::Result<()> {
        for (label, line) in rows {
            self.line(label, "  ")?;
            for grants in [Some(true), None, Some(false)] {
                let of: Vec<usize> = if grants == line.most {
                    let is_other = |class: usize| line.grants(class) != line.most;
                    let classes = (0..folded.classes.len()).filter(|it| !is_other(*it));
                    classes.flat_map(|it| folded.classes[it].members.iter().copied()).collect()
                } else {
                    let others = line.others.iter().filter(|it| it.1 == grants);
                    others.flat_map(|it| folded.classes[it.0].members.iter().copied()).collect()
                };
                if of.is_empty() {
                    continue;
                }
                let who = if grants == line.most {
                    rest(self.sheet.columns, &of)
                } else {
                    let (count, word) = people(self.sheet.columns, &of);
                    let names = listed(&folded.names(self.sheet.columns, &of), NAMES);
                    if count > 1 { format!("{}: {names}", counted(count, word)) } else { names }
                };
                let symbol = self.symbol(grants);
                self.line(&format!("  {symbol} {who}"), "    ")?;
            }
        }
        Ok(())
    }
}
