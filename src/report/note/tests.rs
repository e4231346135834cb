use serde_json::json;
use snapbox::{IntoData, assert_data_eq, str};

use super::{Color, notes, notes_json};
use crate::text::{At, Code, Files, Note};

fn files() -> Files {
    let mut files = Files::default();
    files.add("realm/web.yaml", "\u{feff}clients:\r\n  - clientId: web\r\n    flow: \"brwoser-é\"\r\n");
    files.add("realm/b.yaml", "roles:\n  - name: a\u{1b}[31m\u{202e}\u{9b}2J ##[error]x\n    x: 1\n");
    files
}

fn at(files: &Files, file: u32, written: &str) -> At {
    let start = files.text(file).and_then(|it| it.find(written)).expect("the text is in the file");
    let narrow = |it: usize| u32::try_from(it).expect("a short file");
    At { file, start: narrow(start), end: narrow(start + written.len()) }
}

fn found(files: &Files) -> Vec<Note> {
    vec![
        Note::warning(
            Code::UnknownReference,
            "only the server knows this\u{1b}[0m",
            At::SERVER,
            "role\n`admin` is there",
        ),
        Note::error(
            Code::UnknownField,
            "client `web` points at an unknown flow",
            at(files, 0, "\"brwoser-é\""),
            "no such flow",
        )
        .and(at(files, 1, "name"), "nearly this")
        .and(at(files, 0, "clients"), "in this list")
        .and(At::SERVER, "the server has no flow `brwoser-é`")
        .help("did you mean `browser`?"),
        Note::remark(
            Code::WrongTime,
            "::error::shown",
            at(files, 1, "a\u{1b}[31m\u{202e}\u{9b}2J ##[error]x"),
            "::stop",
        ),
        Note::error(Code::WrongForm, "a long map", At { file: 1, start: 0, end: 60 }, ""),
        Note::error(Code::NotYaml, "no such file", At { file: 9, start: 5, end: 9 }, "not read"),
        Note::error(Code::DuplicateKey, "past the end", At { file: 1, start: 900, end: 2 }, "here"),
        Note { marks: Vec::new(), ..Note::error(Code::UnknownField, "without any mark", At::SERVER, "") },
    ]
}

#[test]
fn notes_are_rendered_in_order_with_all_their_places() {
    let files = files();
    assert_data_eq!(
        notes(&files, &found(&files), Color::Never),
        str![[r#"
note[RW0305]: : :error::shown
 --> realm/b.yaml:2:11
  |
2 |   - name: a␛[31m�·2J # [error]x
  |           ^^^^^^^^^^^^^^^^^^^^^ : :stop

warning[RW0201]: only the server knows this\u{1b}[0m
 |
 = note: role
         `admin` is there

error[RW0104]: a long map
 --> realm/b.yaml:1:1
  |
1 | roles:
  | ^^^^^^

error[RW0102]: past the end
 --> realm/b.yaml:4:1
  |
4 |
  | ^ here

error[RW0103]: client `web` points at an unknown flow
 --> realm/web.yaml:3:11
  |
1 | clients:
  | ------- in this list
2 |   - clientId: web
3 |     flow: "brwoser-é"
  |           ^^^^^^^^^^^ no such flow
  |
 ::: realm/b.yaml:2:5
  |
2 |   - name: a␛[31m�·2J # [error]x
  |     ---- nearly this
  |
  = note: the server has no flow `brwoser-é`
  = help: did you mean `browser`?

error[RW0101]: no such file
 |
 = note: not read

error[RW0103]: without any mark

"#]]
        .raw()
    );
}

#[test]
fn of_a_very_long_line_only_what_is_around_a_mark_is_shown() {
    let mut files = Files::default();
    let filler = "\u{e9}".repeat(20_000);
    files.add("realm.json", format!("{{\n{filler}wrong{filler}also{filler}\n}}\n"));
    let note = Note::error(Code::UnknownField, "unknown field", at(&files, 0, "wrong"), "no such field")
        .and(at(&files, 0, "also"), "too far away");
    let text = notes(&files, &[note], Color::Never);
    // Columns count characters, from the beginning of the whole line.
    assert!(text.contains(" --> realm.json:2:20001\n"), "{text}");
    assert!(text.contains("wrong"), "{text}");
    assert!(text.contains("^^^^^ no such field"), "{text}");
    assert!(text.len() < 1_000, "{}", text.len());
}

#[test]
fn no_notes_are_no_text() {
    assert_eq!(notes(&Files::default(), &[], Color::Never), "");
}

#[test]
fn colour_is_the_only_escape_sequence() {
    let files = files();
    let styled = notes(&files, &found(&files), Color::Always);
    assert!(styled.contains("\u{1b}["));
    let plain = anstream::adapter::strip_str(&styled).to_string();
    assert_eq!(plain, notes(&files, &found(&files), Color::Never));
    assert!(!plain.contains(|it: char| it.is_control() && it != '\n'));
}

#[test]
fn json_has_places_from_one_and_null_for_the_server() {
    let files = files();
    let all = notes_json(&files, &found(&files));
    let find = |code: &str| all.as_array().and_then(|it| it.iter().find(|it| it["code"] == code)).cloned();
    assert_eq!(
        find("RW0103"),
        Some(json!({
            "code": "RW0103", "severity": "error", "message": "client `web` points at an unknown flow",
            "label": "no such flow",
            "file": "realm/web.yaml", "line": 3, "column": 11, "end_line": 3, "end_column": 22,
            "help": "did you mean `browser`?",
            "related": [
                {"file": "realm/b.yaml", "line": 2, "column": 5, "message": "nearly this"},
                {"file": "realm/web.yaml", "line": 1, "column": 2, "message": "in this list"},
                {"file": null, "line": null, "column": null, "message": "the server has no flow `brwoser-é`"},
            ],
        }))
    );
    let server = find("RW0201").expect("it is in the list");
    assert_eq!((&server["file"], &server["line"]), (&json!(null), &json!(null)));
    assert_eq!(server["message"], "only the server knows this\\u{1b}[0m");
}
