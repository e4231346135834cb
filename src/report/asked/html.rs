//! All decisions of a client as one page: nothing in it comes from elsewhere, and its tables need no script.
//!
//! Personas who are decided alike share a column, resources that are share a row. A symbol leads to the chain that
//! the decision comes from: with the script in a dialog, without it further down on the page. Where there are too many
//! columns to look at, a row lists who may and who may not, by chains.

mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use self::told::{Chain, Chains, Reason};
use super::folded::{Folded, Group, HEADED, Line, everybody, listed, people, rest};
use super::matrix::{Decisions, Sheet};
use super::one_line;
use super::words::way_out;
use crate::report::text::counted;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// Beyond so many columns, or cells, rows list who may.
const MOST_CLASSES: usize = 60;
const MOST_CELLS: usize = 20_000;
/// More names than these are counted, in rows and in the list of personas.
const NAMES: usize = 60;
const ALL_NAMES: usize = 5_000;
/// Chains of a verdict in a row.
const CHAINS: usize = 40;

/// Writes the decisions as a page.
pub fn matrix_html(out: &mut dyn Write, sheet: &Sheet<'_>, decisions: Decisions<'_>) -> io::Result<()> {
    let folded = Folded::of(sheet, decisions)?;
    let chains = Chains::of(&folded, decisions)?;
    let mut page = Page { out, sheet, folded: &folded, chains: &chains };
    page.head()?;
    let lines: usize = folded.groups.iter().map(|it| it.lines.len()).sum();
    let classes = folded.classes.len();
    if sheet.columns.is_empty() {
        writeln!(
            page.out,
            "<p>Nobody is asked about: name somebody with <code>--persona</code>, or all roles and groups with <code>--synthetic</code>.</p>"
        )?;
    } else if lines == 0 {
        writeln!(page.out, "<p>The client has no resources.</p>")?;
    } else if classes <= MOST_CLASSES && classes * lines <= MOST_CELLS {
        page.filter(true)?;
        page.table()?;
    } else {
        page.filter(false)?;
        page.lists()?;
        page.doubts()?;
    }
    writeln!(
        page.out,
        "</main>\n<dialog id=\"why\" aria-labelledby=\"why-title\"></dialog>\n<script>{SCRIPT}</script>\n</body>\n</html>"
    )
}

struct Page<'a> {
    out: &'a mut dyn Write,
    sheet: &'a Sheet<'a>,
    folded: &'a Folded,
    chains: &'a Chains,
}

/// A verdict in the three ways a page shows it: a class of the style, a symbol, words.
fn shown(grants: Option<bool>) -> (&'static str, &'static str, &'static str) {
    match grants {
        Some(true) => ("y", "✓", "may"),
        Some(false) => ("n", "–", "may not"),
        None => ("u", "?", "cannot be told"),
    }
}

const VERDICTS: [Option<bool>; 3] = [Some(true), None, Some(false)];

impl Page<'_> {
    fn head(&mut self) -> io::Result<()> {
        let Sheet { realm, client, asking, clients, columns } = self.sheet;
        let title = format!("Who may do what on {}", text(client.name()));
        // Only this very script runs, and nothing is fetched.
        let digest = BASE64_STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        );
        writeln!(
            self.out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} (realm {})</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>Who may do what on <code>{}</code></h1>",
            text(realm),
            text(client.name()),
        )?;
        let ways: BTreeSet<String> = columns.iter().flat_map(|it| it.through.names()).collect();
        let ways: Vec<String> = ways.iter().map(|it| text(it)).collect();
        let through = match (asking, ways.is_empty()) {
            (Some(client), _) => format!("with a token of client <code>{}</code>", text(client.name())),
            (None, true) if *clients == 0 => "for what they hold, whatever a token says".to_owned(),
            (None, true) => {
                format!("through {}, which makes no difference here", counted(*clients, "client"))
            }
            (None, false) => format!(
                "through {}, among them <code>{}</code>; a name says through which, where that makes a difference",
                counted(*clients, "client"),
                ways.join("</code>, <code>")
            ),
        };
        let (count, word) = everybody(columns);
        let resources: usize = self.folded.groups.iter().map(|it| it.resources.len()).sum();
        writeln!(
            self.out,
            "<p>Realm <code>{}</code>, client <code>{}</code>: {} and {}, asked {through}.</p>",
            text(realm),
            text(client.name()),
            counted(count, word),
            counted(resources, "resource"),
        )?;
        if let Some(alike) = self.folded.alike(self.sheet) {
            writeln!(self.out, "<p>{}</p>", text(&alike))?;
        }
        self.out.write_all(b"<ul class=\"legend\" aria-label=\"Symbols\">\n")?;
        let counts = [self.folded.counts[0], self.folded.counts[2], self.folded.counts[1]];
        for (grants, count) in VERDICTS.into_iter().zip(counts) {
            let (class, symbol, words) = shown(grants);
            let from_here = if grants.is_none() { " from here" } else { "" };
            writeln!(
                self.out,
                "<li><b class=\"v {class}\">{symbol}</b> {words}{from_here}: {}</li>",
                counted(count, "decision")
            )?;
        }
        self.out.write_all(b"</ul>\n</header>\n<main>\n")
    }

    fn filter(&mut self, by_persona: bool) -> io::Result<()> {
        let persona = if by_persona {
            "<label>Personas <input type=\"search\" id=\"by-persona\" autocomplete=\"off\"></label>\n"
        } else {
            ""
        };
        let rows = if by_persona { "Resources or scopes" } else { "Resources, scopes or personas" };
        writeln!(
            self.out,
            "<form id=\"filter\" role=\"search\" aria-label=\"Filter\" hidden>\n\
             <label>{rows} <input type=\"search\" id=\"by-row\" autocomplete=\"off\"></label>\n{persona}\
             <label>Verdict <select id=\"by-verdict\"><option value=\"\">any</option>\
             <option value=\"y\">✓ may</option><option value=\"u\">? cannot be told</option>\
             <option value=\"n\">– may not</option></select></label>\n\
             <output id=\"count\"></output>\n</form>"
        )
    }

    fn table(&mut self) -> io::Result<()> {
        self.out.write_all(
            b"<section aria-labelledby=\"decisions\">\n<h2 id=\"decisions\">Decisions</h2>\n\
              <p class=\"hint\">A symbol leads to its reason, the head of a column to whom it stands for.\
              <span class=\"script\"> Arrow keys go from cell to cell, Enter opens, Escape closes.</span></p>\n\
              <div class=\"scroll\" role=\"group\" aria-label=\"Table of decisions\" tabindex=\"0\">\n<table class=\"grid\">\n\
              <thead>\n<tr><th scope=\"col\">Resource</th>",
        )?;
        let (folded, sheet) = (self.folded, self.sheet);
        for (at, class) in folded.classes.iter().enumerate() {
            let names = folded.names(sheet.columns, &class.members);
            let (count, word) = people(sheet.columns, &class.members);
            let count = if count > HEADED { format!("{}: ", counted(count, word)) } else { String::new() };
            let name = text(&format!("{count}{}", listed(&names, HEADED)));
            write!(self.out, "<th scope=\"col\"><a href=\"#p{at}\"><span>{name}</span></a></th>")?;
        }
        self.out.write_all(b"</tr>\n</thead>\n<tbody>\n")?;
        let mut numbers: BTreeMap<Reason, usize> = BTreeMap::new();
        // Each with the row where it is met first, and whether it is met in others.
        let mut reasons: Vec<(Reason, (usize, usize), bool)> = Vec::new();
        for (at, group) in folded.groups.iter().enumerate() {
            for (nth, line) in group.lines.iter().enumerate() {
                self.row_head(group, line)?;
                let of_class = self.chains.reasons(folded, sheet, (at, nth));
                for (class, reason) in of_class.into_iter().enumerate() {
                    let (style, symbol, words) = shown(line.grants(class));
                    let number = *numbers.entry(reason).or_insert_with_key(|reason| {
                        reasons.push((reason.clone(), (at, nth), false));
                        reasons.len() - 1
                    });
                    reasons[number].2 |= reasons[number].1 != (at, nth);
                    write!(
                        self.out,
                        "<td class=\"{style}\"><a href=\"#w{number}\" aria-label=\"{words}\">{symbol}</a></td>"
                    )?;
                }
                self.out.write_all(b"</tr>\n")?;
            }
        }
        self.out.write_all(b"</tbody>\n</table>\n</div>\n</section>\n")?;
        self.personas()?;
        self.doubts()?;
        self.out.write_all(
            b"<section aria-labelledby=\"reasons\" class=\"reasons\">\n<h2 id=\"reasons\">Reasons</h2>\n\
              <p class=\"hint\">Where resources are shown together, links are named as they are for the first of them.</p>\n<ol>\n",
        )?;
        for (number, (reason, (at, nth), is_shared)) in reasons.iter().enumerate() {
            let group = &folded.groups[*at];
            let row = text(&group.lines[*nth].label(&group.label(1)));
            let more = if *is_shared { ", and others" } else { "" };
            write!(self.out, "<li id=\"w{number}\" tabindex=\"-1\"><p class=\"of\">{row}{more}</p>")?;
            for (who, chain) in reason {
                self.chain(who.as_deref(), chain)?;
            }
            self.out.write_all(b"</li>\n")?;
        }
        self.out.write_all(b"</ol>\n</section>\n")
    }

    fn row_head(&mut self, group: &Group, line: &Line) -> io::Result<()> {
        let scopes = line.scopes();
        let scopes = if scopes.is_empty() { String::new() } else { format!(" <i>{}</i>", text(&scopes)) };
        if group.resources.len() <= HEADED {
            return write!(self.out, "<tr><th scope=\"row\">{}{scopes}</th>", text(&group.label(HEADED)));
        }
        let (few, all) = (text(&group.label(1)), text(&group.label(ALL_NAMES)));
        write!(
            self.out,
            "<tr><th scope=\"row\"><details><summary>{few}{scopes}</summary>{all}</details></th>"
        )
    }

    fn personas(&mut self) -> io::Result<()> {
        self.out.write_all(
            b"<section aria-labelledby=\"personas\">\n<h2 id=\"personas\">Personas, column by column</h2>\n<ol class=\"personas\">\n",
        )?;
        for (at, class) in self.folded.classes.iter().enumerate() {
            let names = self.folded.names(self.sheet.columns, &class.members);
            let (count, word) = people(self.sheet.columns, &class.members);
            let names = text(&listed(&names, ALL_NAMES));
            let count = if count > 1 { format!("<b>{}</b> ", counted(count, word)) } else { String::new() };
            writeln!(self.out, "<li id=\"p{at}\" tabindex=\"-1\">{count}{names}</li>")?;
        }
        self.out.write_all(b"</ol>\n</section>\n")
    }

    fn chain(&mut self, who: Option<&str>, chain: &Chain) -> io::Result<()> {
        let (style, symbol, words) = shown(chain.grants);
        let who = who.map(|it| format!("{}: ", text(it))).unwrap_or_default();
        write!(self.out, "<p>{who}<b class=\"v {style}\">{symbol}</b> {words}</p><ol class=\"chain\">")?;
        for link in &chain.links {
            write!(self.out, "<li>{}</li>", spelled(link))?;
        }
        self.out.write_all(b"</ol>")?;
        for doubt in &chain.doubts {
            write!(self.out, "<p class=\"doubt\">{}</p>", text(&doubt.to_string()))?;
        }
        Ok(())
    }

    /// Where there are too many columns: a row says who may, of whom it cannot be told, and who may not.
    fn lists(&mut self) -> io::Result<()> {
        write!(
            self.out,
            "<section aria-labelledby=\"decisions\">\n<h2 id=\"decisions\">Decisions</h2>\n\
             <p class=\"hint\">{} classes of personas are told apart, too many for a column each: a row names those who are told otherwise than most, by the chain that leads there.</p>\n\
             <div class=\"scroll\" role=\"group\" aria-label=\"Table of decisions\" tabindex=\"0\">\n<table class=\"lists\">\n\
             <thead>\n<tr><th scope=\"col\">Resource</th>",
            self.folded.classes.len()
        )?;
        for grants in VERDICTS {
            let (style, symbol, words) = shown(grants);
            write!(self.out, "<th scope=\"col\"><b class=\"v {style}\">{symbol}</b> {words}</th>")?;
        }
        self.out.write_all(b"</tr>\n</thead>\n<tbody>\n")?;
        for (at, group) in self.folded.groups.iter().enumerate() {
            for (nth, line) in group.lines.iter().enumerate() {
                self.row_head(group, line)?;
                for grants in VERDICTS {
                    self.list(line, (at, nth), grants)?;
                }
                self.out.write_all(b"</tr>\n")?;
            }
        }
        self.out.write_all(b"</tbody>\n</table>\n</div>\n</section>\n")
    }

    fn list(&mut self, line: &Line, at: (usize, usize), grants: Option<bool>) -> io::Result<()> {
        let columns = self.sheet.columns;
        let chains = self.chains;
        let mut told: Vec<&(Chain, Vec<usize>)> =
            chains.told[at.0][at.1].iter().filter(|it| it.0.grants == grants).collect();
        told.sort_by_key(|it| std::cmp::Reverse(it.1.len()));
        let all: Vec<usize> = told.iter().flat_map(|it| it.1.iter().copied()).collect();
        if all.is_empty() {
            return self.out.write_all(b"<td></td>");
        }
        let is_most = grants == line.most;
        let (count, word) = people(columns, &all);
        let who = if is_most { rest(columns, &all) } else { counted(count, word) };
        let (style, symbol, words) = shown(grants);
        write!(
            self.out,
            "<td class=\"{style}\"><p><b aria-label=\"{words}\" role=\"img\">{symbol}</b> {who}</p>"
        )?;
        let most = if is_most { HEADED } else { CHAINS };
        for (chain, members) in told.iter().take(most) {
            let (count, word) = people(columns, members);
            let links = if chain.doubts.is_empty() {
                chain.links.join(" › ")
            } else {
                chain.doubts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            };
            if is_most {
                write!(self.out, "<p class=\"by\">{count}: {}</p>", spelled(&links))?;
                continue;
            }
            let names = listed(&self.folded.names(columns, members), NAMES);
            write!(
                self.out,
                "<details><summary>{}: {}</summary>{}</details>",
                if count > 1 { counted(count, word) } else { text(&names) },
                text(&names),
                spelled(&links)
            )?;
        }
        if told.len() > most {
            write!(self.out, "<p class=\"by\">and by {}</p>", counted(told.len() - most, "other chain"))?;
        }
        self.out.write_all(b"</td>")
    }

    fn doubts(&mut self) -> io::Result<()> {
        if self.chains.doubts.is_empty() {
            return Ok(());
        }
        self.out.write_all(
            b"<section aria-labelledby=\"open\">\n<h2 id=\"open\">What cannot be told, and how to find out</h2>\n<ul class=\"open\">\n",
        )?;
        for (doubt, count) in &self.chains.doubts {
            writeln!(
                self.out,
                "<li><b class=\"v u\">?</b> {}: {}</li>",
                counted(*count, "decision"),
                spelled(&way_out(doubt))
            )?;
        }
        self.out.write_all(b"</ul>\n</section>\n")
    }
}

/// Returns words of ours for a page: names between backticks as code.
fn spelled(words: &str) -> String {
    let parts = words.split('`').enumerate();
    parts.map(|(at, it)| if at % 2 == 0 { text(it) } else { format!("<code>{}</code>", text(it)) }).collect()
}

/// Returns a text as it may stand in a page, between tags and between quotes.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in one_line(text).chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            it => out.push(it),
        }
    }
    out
}
