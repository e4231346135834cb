//! Notes to text, with the lines they speak of, and to JSON.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::safe::{is_unsafe, lines, one_line};
use crate::text::{At, Files, Mark, Note, Severity};

/// Whether text is styled by escape sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Never,
    Always,
}

/// Renders notes, sorted by file and place; a summary is the caller's.
///
/// What the server said has no place to show: such marks become `= note:` lines.
pub fn notes(files: &Files, notes: &[Note], color: Color) -> String {
    let renderer = match color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    let mut text = String::new();
    for note in sorted(files, notes) {
        text.push_str(&renderer.render(&[group(files, note)]));
        text.push_str("\n\n");
    }
    // One empty line between notes, none at the end.
    text.truncate(text.trim_end_matches('\n').len());
    if !text.is_empty() {
        text.push('\n');
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

fn group<'f>(files: &'f Files, note: &Note) -> Group<'f> {
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
            group = group.element(snippet(files, note, mark.at.file));
        }
    }
    for mark in &note.marks {
        if files.text(mark.at.file).is_none() && !mark.label.is_empty() {
            group = group.element(Level::NOTE.message(lines(&mark.label)));
        }
    }
    match &note.help {
        Some(help) => group.element(Level::HELP.message(lines(help))),
        None => group,
    }
}

/// Returns the lines of one file that a note marks.
fn snippet<'f>(files: &'f Files, note: &Note, file: u32) -> Snippet<'f, Annotation<'f>> {
    let text = files.text(file).unwrap_or_default();
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
    let to = text[last..].find('\n').map_or(text.len(), |it| last + it);
    let line_start = text[..from].matches('\n').count() + 1;
    if from == 0 && text.starts_with('\u{feff}') && '\u{feff}'.len_utf8() <= to {
        from = '\u{feff}'.len_utf8();
    }
    let source = same_length(text[from..to].trim_end_matches('\r'));
    let length = source.len();
    let annotations: Vec<_> = places
        .map(|(index, mark, (start, end))| {
            let start = start.saturating_sub(from).min(length);
            let end = end.saturating_sub(from).clamp(start, length);
            let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(start..end);
            if mark.label.is_empty() { annotation } else { annotation.label(one_line(&mark.label)) }
        })
        .collect();
    Snippet::source(source)
        .line_start(line_start)
        .path(one_line(files.name(file).unwrap_or_default()))
        .annotations(annotations)
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

fn note_json(files: &Files, note: &Note) -> Value {
    let severity = match note.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Remark => "remark",
    };
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
