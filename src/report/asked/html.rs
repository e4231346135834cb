//! All decisions of a client as one page without anything from elsewhere.

use std::io::{self, Write};

use super::matrix::{Decisions, Sheet, rows, symbol, verdict};
use super::one_line;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1b1f24;background:#fff}\
table{border-collapse:collapse}th,td{border:1px solid #d0d7de;padding:.3rem .6rem;text-align:left}\
thead th{position:sticky;top:0;background:#f6f8fa;vertical-align:bottom}td.c{text-align:center}\
.PERMIT{background:#dafbe1}.DENY{color:#6e7781}.UNKNOWN{background:#fff8c5}";

/// Writes the decisions as a page: a row per resource and scope, a column per persona.
pub fn matrix_html(out: &mut dyn Write, sheet: &Sheet<'_>, decisions: Decisions<'_>) -> io::Result<()> {
    let rows = rows(decisions)?;
    let title = format!("Who may do what on {}", text(sheet.client.name()));
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         <p>Realm {}. ✓ may, - may not, ? cannot be told from here.</p>\n<table>\n<thead>\n\
         <tr><th scope=\"col\">Resource</th><th scope=\"col\">Scope</th>",
        text(sheet.realm)
    )?;
    let names: Vec<String> = sheet.columns.iter().map(|it| text(&it.name())).collect();
    for name in &names {
        write!(out, "<th scope=\"col\">{name}</th>")?;
    }
    out.write_all(b"</tr>\n</thead>\n<tbody>\n")?;
    for row in &rows {
        let scope = row.scope.as_deref().map(text).unwrap_or_default();
        write!(out, "<tr><th scope=\"row\">{}</th><td>{scope}</td>", text(&row.resource))?;
        for (grants, name) in row.grants.iter().zip(&names) {
            let word = verdict(*grants);
            let hint = format!("{name}: {word}");
            write!(out, "<td class=\"c {word}\" title=\"{hint}\">{}</td>", symbol(*grants))?;
        }
        out.write_all(b"</tr>\n")?;
    }
    out.write_all(b"</tbody>\n</table>\n</body>\n</html>\n")
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
