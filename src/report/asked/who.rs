//! Who may do something, and whether one may, in a few lines.

use super::{Asked, chain, one_line};
use crate::access::{Alike, Decision, Doubt, Who};
use crate::report::natural;
use crate::report::text::{counted, painted, through};

/// Lists who may do what is asked for, grouped by how it comes about.
pub fn who_text(asked: &Asked<'_>, who: &Who) -> String {
    let style = &asked.style;
    let mut out = vec![painted(style.title, &asked.what())];
    if let Some(has) = &who.has_only {
        let has = if has.is_empty() {
            "none".to_owned()
        } else {
            has.iter().map(|it| one_line(it)).collect::<Vec<_>>().join(", ")
        };
        out.push(format!("  nobody may: the resource lacks this scope; it has {has}"));
    } else if who.permitted.is_empty() {
        let but = if who.unknown.is_empty() { "" } else { " for sure" };
        out.push(format!("  nobody may{but}"));
    }
    for alike in &who.permitted {
        out.push(format!("  {} {}", painted(style.create, "may"), names(asked, alike)));
        out.push(format!("      {}", painted(style.dim, &chain(&alike.via))));
        notes(asked, alike, &mut out);
    }
    for alike in &who.unknown {
        out.push(format!("  {}   {}", painted(style.update, "?"), names(asked, alike)));
        out.push(format!("      {}", painted(style.dim, &doubts(&alike.doubts))));
        notes(asked, alike, &mut out);
    }
    let looked = looked(&counted(who.personas, "persona"), who.clients);
    out.push(format!("  {}", painted(style.dim, &looked)));
    out.join("\n") + "\n"
}

/// Returns among whom it was looked, and through how many clients.
pub(super) fn looked(whom: &str, clients: usize) -> String {
    let through =
        if clients == 0 { String::new() } else { format!(" through {}", counted(clients, "client")) };
    format!("of {whom}{through}")
}

fn doubts(all: &[Doubt]) -> String {
    all.iter().map(|it| one_line(&it.to_string())).collect::<Vec<_>>().join("; ")
}

fn names(asked: &Asked<'_>, alike: &Alike) -> String {
    let mut names: Vec<String> = alike.personas.iter().map(|it| one_line(it)).collect();
    names.sort_by(|a, b| natural::names(a, b));
    names.join(", ") + &through(&alike.through, &asked.style)
}

fn notes(asked: &Asked<'_>, alike: &Alike, out: &mut Vec<String>) {
    let notes = alike.notes.iter();
    out.extend(
        notes.map(|it| format!("      {}", painted(asked.style.dim, &format!("but {}", one_line(it))))),
    );
}

/// Says in one line whether a persona may do what is asked for, and why.
pub fn can_text(asked: &Asked<'_>, persona: &str, decision: &Decision) -> String {
    let style = &asked.style;
    let (word, says) = match decision.grants(asked.scope) {
        Some(true) => (painted(style.create, "PERMIT"), "may"),
        Some(false) => (painted(style.delete, "DENY"), "may not"),
        None => (painted(style.update, "UNKNOWN"), "may or may not"),
    };
    let says = format!("{says} {}", asked.verb());
    let why = match decision.doubts(asked.scope) {
        // Both ends are named already.
        [] => chain(decision.path.get(1..decision.path.len().saturating_sub(1)).unwrap_or_default()),
        doubts => self::doubts(doubts),
    };
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    format!("{word}  {} {says} {}{why}\n", one_line(persona), asked.what())
}
