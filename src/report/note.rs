//! Notes to text, with the lines they speak of, and to JSON.

use std::collections::BTreeMap;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::safe::{is_unsafe, lines, one_line};
use super::text::counted;
use crate::text::{At, Code, Files, Mark, Note, Severity};

/// Whether text is styled by escape sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Never,
    Always,
}

/// Of more groups of notes than this, text counts the rest; errors are the last to be left out.
const SHOWN: usize = 200;
/// Of more notes than this that say the same, one is shown.
const MANY: usize = 3;
/// So many places of further notes of a group are named.
const PLACES: usize = 10;
/// Of lines that are longer than this, in bytes, only so much is shown before and behind a mark.
const LONG: usize = 10_000;
const AROUND: usize = 400;
/// Of more notes than this, a summary says how many there are of each code.
const FEW: usize = 10;

/// Renders notes: remarks, warnings, then errors, each by file and place. Notes that say the same of several
/// places are told once.
///
/// What the server said has no place to show: such marks become `= note:` lines.
pub fn notes(files: &Files, notes: &[Note], color: Color) -> String {
    let renderer = match color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    let mut groups = groups(files, notes);
    let left_out: usize = groups.iter().skip(SHOWN).map(Vec::len).sum();
    groups.truncate(SHOWN);
    // The end of a text is what a terminal still shows.
    groups.sort_by_key(|it| std::cmp::Reverse(it[0].severity));
    let mut text = String::new();
    for them in &groups {
        let mut places = Vec::new();
        let mut rendered = renderer.render(&[group(files, them, &mut places)]);
        for Place { shown, is } in places {
            rendered = rendered.replacen(&shown, &is, 1);
        }
        text.push_str(&rendered);
        text.push_str("\n\n");
    }
    if notes.len() > FEW {
        text.push_str(&summary(notes, left_out));
    }
    // One empty line between notes, none at the end.
    text.truncate(text.trim_end_matches('\n').len());
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Returns "2 errors, 1 warning, 3 notes", without those of which there are none.
pub fn notes_count(notes: &[Note]) -> String {
    let of = |severity| notes.iter().filter(|it| it.severity == severity).count();
    let counts =
        [(of(Severity::Error), "error"), (of(Severity::Warning), "warning"), (of(Severity::Remark), "note")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    counts.map(|(count, word)| counted(count, word)).collect::<Vec<_>>().join(", ")
}

/// Returns notes, errors first; of many that say the same, the first one with the others.
fn groups<'n>(files: &Files, notes: &'n [Note]) -> Vec<Vec<&'n Note>> {
    let said = |note: &'n Note| {
        (note.severity, note.code, &note.title, note.marks.first().map(|it| &it.label), &note.help)
    };
    let mut times = BTreeMap::new();
    for note in notes {
        *times.entry(said(note)).or_insert(0) += 1;
    }
    let mut groups: Vec<Vec<&Note>> = Vec::new();
    let mut known = BTreeMap::new();
    for note in sorted(files, notes) {
        if times[&said(note)] <= MANY {
            groups.push(vec![note]);
            continue;
        }
        let at = *known.entry(said(note)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(note),
            None => groups.push(vec![note]),
        }
    }
    groups.sort_by_key(|it| it[0].severity);
    groups
}

/// Returns how many notes there are of each code.
fn summary(notes: &[Note], left_out: usize) -> String {
    let mut by_code: BTreeMap<(std::cmp::Reverse<Severity>, Code), usize> = BTreeMap::new();
    for note in notes {
        *by_code.entry((std::cmp::Reverse(note.severity), note.code)).or_default() += 1;
    }
    let to = by_code.values().map(|it| it.to_string().len()).max().unwrap_or(0);
    let mut text = String::new();
    for ((severity, code), count) in by_code {
        let line = format!("{count:>to$} x {}[{}]   {}\n", shown(severity.0), code.name(), code.meaning());
        text.extend([line]);
    }
    if left_out > 0 {
        text.extend([format!("{left_out} of {} are not shown here; JSON has all\n", notes.len())]);
    }
    text
}

/// Returns notes as a JSON list, in the order of [`notes`]; places are null for what the server said.
pub fn notes_json(files: &Files, notes: &[Note]) -> Value {
    sorted(files, notes).into_iter().map(|note| note_json(files, note)).collect()
}

fn sorted<'n>(files: &Files, notes: &'n [Note]) -> Vec<&'n Note> {
    let mut sorted: Vec<&Note> = notes.iter().collect();
    sorted.sort_by_key(|note| {
        let place = note.marks.iter().find_map(|it| Some((files.name(it.at.file)?, it.at.start)));
        // Notes without a place come last.
        (place.is_none(), place, note.code)
    });
    sorted
}

/// A place as the renderer writes it, which only knows a part of the line, and as it is.
struct Place {
    shown: String,
    is: String,
}

/// Renders the first of notes that say the same, and where the others are.
fn group<'f>(files: &'f Files, them: &[&Note], places: &mut Vec<Place>) -> Group<'f> {
    let note = them[0];
    let level = match note.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Remark => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(one_line(&note.title)).id(note.code.name()));
    let mut shown = Vec::new();
    for mark in &note.marks {
        if files.text(mark.at.file).is_some() && !shown.contains(&mark.at.file) {
            shown.push(mark.at.file);
            group = group.element(snippet(files, note, mark.at.file, places));
        }
    }
    for mark in &note.marks {
        if files.text(mark.at.file).is_none() && !mark.label.is_empty() {
            group = group.element(Level::NOTE.message(lines(&mark.label)));
        }
    }
    if let Some(help) = &note.help {
        group = group.element(Level::HELP.message(lines(help)));
    }
    if them.len() > 1 {
        group = group.element(Level::NOTE.message(more(files, &them[1..])));
    }
    group
}

/// Returns "and 3 more like this: a.yaml:3, a.yaml:9, b.yaml:1".
fn more(files: &Files, them: &[&Note]) -> String {
    let place = |it: &&Note| it.marks.first().and_then(|it| files.position(it.at));
    let places: Vec<String> =
        them.iter().take(PLACES).filter_map(place).map(|it| one_line(&it.to_string())).collect();
    let dots = if them.len() > PLACES { ", …" } else { "" };
    let at = if places.is_empty() { String::new() } else { format!(": {}{dots}", places.join(", ")) };
    format!("and {} more like this{at}", them.len())
}

/// Returns the lines of one file that a note marks. Of very long ones only what is around the first mark is shown, and
/// what is marked there: the renderer looks at every character of what it is given.
fn snippet<'f>(
    files: &'f Files,
    note: &Note,
    file: u32,
    cut: &mut Vec<Place>,
) -> Snippet<'f, Annotation<'f>> {
    let text = files.text(file).unwrap_or_default();
    let path = one_line(files.name(file).unwrap_or_default());
    let places = note
        .marks
        .iter()
        .enumerate()
        .filter(|(_, it)| it.at.file == file)
        .map(|(index, mark)| (index, mark, first_line(text, mark.at)));
    // The source is cut to the marked lines, for the renderer walks all of it for each note.
    let first = places.clone().map(|(_, _, (start, _))| start).min().unwrap_or(0);
    let last = places.clone().map(|(_, _, (_, end))| end).max().unwrap_or(0);
    let mut from = text[..first].rfind('\n').map_or(0, |it| it + 1);
    let mut to = text[last..].find('\n').map_or(text.len(), |it| last + it);
    let position = |at: usize| {
        let start = u32::try_from(at).unwrap_or(u32::MAX);
        files.position(At { file, start, end: start })
    };
    let is_cut = to - from > LONG;
    let main = places.clone().next().map_or(first, |it| it.2.0);
    if is_cut {
        from = from.max(boundary(text, main.saturating_sub(AROUND)));
        to = to.min(boundary(text, main + AROUND));
    }
    let line_start = position(from.min(main)).map_or(1, |it| it.line);
    if from == 0 && text.starts_with('\u{feff}') && '\u{feff}'.len_utf8() <= to {
        from = '\u{feff}'.len_utf8();
    }
    let to = from + text[from..to].trim_end_matches('\r').len();
    let excerpt = files.excerpt(file, from..to);
    let source = same_length(excerpt.as_ref().map_or("", |it| it.text.as_str()));
    let offset = |at: usize| excerpt.as_ref().map_or(0, |it| it.offset(at));
    let length = source.len();
    if is_cut && let Some(at) = position(main) {
        let before = &source[..offset(main).min(length)];
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let place = |column: usize| format!("{path}:{}:{column}", at.line);
        cut.push(Place { shown: place(column), is: place(at.column) });
    }
    let annotations: Vec<_> = places
        .filter(|(_, _, (start, _))| !is_cut || (from..=to).contains(start))
        .map(|(index, mark, (start, end))| {
            let start = offset(start).min(length);
            let end = offset(end).clamp(start, length);
            let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(start..end);
            if mark.label.is_empty() { annotation } else { annotation.label(one_line(&mark.label)) }
        })
        .collect();
    Snippet::source(source).line_start(line_start).path(path).annotations(annotations)
}

/// Returns the bytes of a place up to the end of its first line: a long map is not painted in full.
fn first_line(text: &str, at: At) -> (usize, usize) {
    let start = boundary(text, at.start as usize);
    let end = boundary(text, at.end as usize).max(start);
    let line = text[start..end].lines().next().unwrap_or_default();
    (start, start + line.trim_end().len())
}

fn boundary(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|it| text.is_char_boundary(*it)).unwrap_or(0)
}

/// Replaces what a terminal or a CI runner would obey by something of the same length, so that places stay.
fn same_length(source: &str) -> String {
    let replace = |it: char| match it {
        '\n' | '\r' | '\t' => it,
        _ if !is_unsafe(it) => it,
        // The renderer shows these as pictures of control characters.
        _ if it.len_utf8() == 1 => it,
        _ if it.len_utf8() == 2 => '\u{b7}',
        _ if it.len_utf8() == 3 => '\u{fffd}',
        _ => '\u{1f6ab}',
    };
    source.chars().map(replace).collect::<String>().replace("##[", "# [").replace("##vso[", "# vso[")
}

/// The word of the renderer, which says "note" of a remark.
fn shown(severity: Severity) -> &'static str {
    if severity == Severity::Remark { "note" } else { word(severity) }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Remark => "remark",
    }
}

fn note_json(files: &Files, note: &Note) -> Value {
    let severity = word(note.severity);
    let main = note.marks.first();
    let start = main.and_then(|it| files.position(it.at));
    let end = main.and_then(|it| files.position(At { start: it.at.end, ..it.at }));
    let related: Vec<Value> = note.marks.iter().skip(1).map(|it| related_json(files, it)).collect();
    let label = main.map(|it| one_line(&it.label)).filter(|it| !it.is_empty());
    json!({
        "code": note.code.name(),
        "severity": severity,
        "message": one_line(&note.title),
        "label": label,
        "file": start.as_ref().map(|it| &it.file),
        "line": start.as_ref().map(|it| it.line),
        "column": start.as_ref().map(|it| it.column),
        "end_line": end.as_ref().map(|it| it.line),
        "end_column": end.as_ref().map(|it| it.column),
        "help": note.help.as_deref().map(lines),
        "related": related,
    })
}

fn related_json(files: &Files, mark: &Mark) -> Value {
    let position = files.position(mark.at);
    json!({
        "file": position.as_ref().map(|it| &it.file),
        "line": position.as_ref().map(|it| it.line),
        "column": position.as_ref().map(|it| it.column),
        "message": one_line(&mark.label),
    })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod yaml;
