//! Time policies. Keycloak stores any text and fails, or never permits, when it evaluates.

use crate::state::{Node, Object};
use crate::text::{Code, Note};

pub(super) struct Unit {
    pub(super) name: &'static str,
    pub(super) end: &'static str,
    first: u32,
    last: u32,
}

pub(super) static UNITS: &[Unit] = &[
    Unit { name: "year", end: "yearEnd", first: 1, last: 9999 },
    Unit { name: "month", end: "monthEnd", first: 1, last: 12 },
    Unit { name: "dayMonth", end: "dayMonthEnd", first: 1, last: 31 },
    Unit { name: "hour", end: "hourEnd", first: 0, last: 23 },
    Unit { name: "minute", end: "minuteEnd", first: 0, last: 59 },
];

pub(super) fn check(title: &str, object: &Object, notes: &mut Vec<Note>) {
    for unit in UNITS {
        let start = number(title, object, unit, unit.name, notes);
        let end = number(title, object, unit, unit.end, notes);
        if let Some(node) = object.get(unit.end).filter(|it| !it.is_null())
            && object.get(unit.name).is_none_or(Node::is_null)
        {
            notes.push(
                Note::error(
                    Code::WrongTime,
                    format!("{title} has `{}` without `{}`", unit.end, unit.name),
                    node.at,
                    "Keycloak ignores it: any time is permitted",
                )
                .help(format!("add `{}`, the first that is permitted", unit.name)),
            );
        }
        if let (Some((start, at)), Some((end, end_at))) = (start, end)
            && start > end
        {
            let help = format!(
                "ranges do not wrap around: make two policies, {start} to {} and {} to {end}, \
                 and an aggregate over both with `decisionStrategy: AFFIRMATIVE`",
                unit.last, unit.first,
            );
            let note = Note::error(
                Code::WrongTime,
                format!("{title} never permits: `{}` is after `{}`", unit.name, unit.end),
                at.at,
                "begins here",
            );
            let help = if unit.name == "year" { "swap the two".to_owned() } else { help };
            notes.push(note.and(end_at.at, "but ends before that").help(help));
        }
    }
    for field in DATES {
        if let Some((node, text)) = date(object, field).filter(|it| !is_date(it.1)) {
            notes.push(wrong_date(title, field, node, text));
        }
    }
}

const DATES: [&str; 2] = ["notBefore", "notOnOrAfter"];

/// Finds dates in the wrong order.
pub(super) fn ends_before_it_begins(title: &str, object: &Object) -> Option<Note> {
    let [from, to] = DATES.map(|it| date(object, it).filter(|it| is_date(it.1)));
    let ((from, begins), (to, ends)) = (from?, to?);
    // Dates of this form are ordered as texts are.
    (begins > ends).then(|| {
        Note::error(
            Code::WrongTime,
            format!("{title} never permits: `notBefore` is after `notOnOrAfter`"),
            from.at,
            "begins here",
        )
        .and(to.at, "but ends before that")
        .help("swap the two")
    })
}

fn number<'o>(
    title: &str,
    object: &'o Object,
    unit: &Unit,
    field: &str,
    notes: &mut Vec<Note>,
) -> Option<(u32, &'o Node)> {
    let node = object.get(field)?;
    let text = node.as_text()?;
    let number = text.parse().ok().filter(|_| text.bytes().all(|it| it.is_ascii_digit()));
    if let Some(number) = number.filter(|it| (unit.first..=unit.last).contains(it)) {
        return Some((number, node));
    }
    let label =
        if number.is_some() { "out of range" } else { "Keycloak stores it, and every evaluation fails" };
    notes.push(
        Note::error(Code::WrongTime, format!("`{field}` of {title} cannot be `{text}`"), node.at, label)
            .help(format!("a whole number from {} to {}", unit.first, unit.last)),
    );
    None
}

fn date<'o>(object: &'o Object, field: &str) -> Option<(&'o Node, &'o str)> {
    let node = object.get(field)?;
    Some((node, node.as_text()?))
}

fn wrong_date(title: &str, field: &str, node: &Node, text: &str) -> Note {
    let plain: String = text.chars().filter(char::is_ascii_digit).collect();
    let help = match plain.len() {
        8 if is_date(&format!("{text} 00:00:00")) => format!("write \"{text} 00:00:00\""),
        14 if is_date(&text.get(..19).unwrap_or("").replace('T', " ")) => {
            format!(
                "write \"{}\", in the time zone of the server",
                text.get(..19).unwrap_or("").replace('T', " ")
            )
        }
        _ => "write it like \"2026-01-31 08:00:00\", in the time zone of the server".to_owned(),
    };
    let title = format!("`{field}` of {title} is not a time as Keycloak writes it");
    Note::error(Code::WrongTime, title, node.at, "expected yyyy-MM-dd HH:mm:ss").help(help)
}

/// `yyyy-MM-dd HH:mm:ss`, and a day that exists.
fn is_date(text: &str) -> bool {
    let form = b"dddd-dd-dd dd:dd:dd";
    let fits = text.len() == form.len()
        && text
            .bytes()
            .zip(form)
            .all(|(it, form)| if *form == b'd' { it.is_ascii_digit() } else { it == *form });
    fits && text.replace(' ', "T").parse::<jiff::civil::DateTime>().is_ok()
}
