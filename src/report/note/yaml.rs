//! What people see for a YAML file that is not right: every message once.

use proptest::prelude::{prop, proptest};
use snapbox::{IntoData, assert_data_eq, str};

use super::{Color, notes, notes_json};
use crate::text::{Files, parse_yaml};

mod signs;

fn shows(text: &str) -> String {
    let mut files = Files::default();
    let file = files.add("a.yaml", text);
    let (_, found) = parse_yaml(file, text);
    notes(&files, &found, Color::Never)
}

#[test]
fn every_duplicate_is_noted_with_both_places() {
    assert_data_eq!(
        shows("a: 1\nb: {x: 1, 'x': 2}\n\"a\": 2\nc: 1\na: 3\n<<: {q: 1}\n<<: {r: 1}\n"),
        str![[r#"
error[RW0102]: key `x` stands twice in one map
 --> a.yaml:2:11
  |
2 | b: {x: 1, 'x': 2}
  |     -     ^^^ written again here
  |     |
  |     written first here

error[RW0102]: key `a` stands twice in one map
 --> a.yaml:3:1
  |
1 | a: 1
  | - written first here
2 | b: {x: 1, 'x': 2}
3 | "a": 2
  | ^^^ written again here

error[RW0102]: key `a` stands twice in one map
 --> a.yaml:5:1
  |
1 | a: 1
  | - written first here
...
5 | a: 3
  | ^ written again here

error[RW0102]: key `<<` stands twice in one map
 --> a.yaml:7:1
  |
6 | <<: {q: 1}
  | -- written first here
7 | <<: {r: 1}
  | ^^ written again here
  |
  = help: merge several maps with one list: `<<: [*a, *b]`

"#]]
        .raw()
    );
}

#[test]
fn what_yaml_can_say_and_manifests_cannot_is_noted_and_reading_goes_on() {
    assert_data_eq!(
        shows(
            "a: !env HOME\nb: !!int x\nc: !thing\n  d: !!set {}\n~: 1\n: 2\n[x]: 3\nt: {{ name }}\n<<: 5\nu: *none\nv: &noon 1\nw: *non\nx: &x [*x]\n"
        ),
        str![[r#"
error[RW0106]: unsupported tag `!env`
 --> a.yaml:1:4
  |
1 | a: !env HOME
  |    ^^^^ not known here
  |
  = help: remove the tag, or quote the value if the `!` belongs to it

error[RW0106]: the value is not what its tag `!!int` says
 --> a.yaml:2:10
  |
2 | b: !!int x
  |          ^ does not fit the tag
  |
  = help: remove the tag, or correct the value

error[RW0106]: unsupported tag `!thing`
 --> a.yaml:3:4
  |
3 | c: !thing
  |    ^^^^^^ not known here
  |
  = help: remove the tag, or quote the value if the `!` belongs to it

error[RW0106]: unsupported tag `!!set`
 --> a.yaml:4:6
  |
4 |   d: !!set {}
  |      ^^^^^ not known here
  |
  = help: remove the tag, or quote the value if the `!` belongs to it

error[RW0107]: a key must be text, this one is null
 --> a.yaml:5:1
  |
5 | ~: 1
  | ^ not text
  |
  = help: write the key before the colon, in quotes if it is the word `null` or `~`

error[RW0107]: a key must be text, this one is null
 --> a.yaml:6:1
  |
6 | : 2
  | ^ not text
  |
  = help: write the key before the colon, in quotes if it is the word `null` or `~`

error[RW0107]: a key must be text, this one is a list
 --> a.yaml:7:1
  |
7 | [x]: 3
  | ^^^ not text
  |
  = help: quote the key, or check for a bracket too many

error[RW0107]: a key must be text, this one is a map
 --> a.yaml:8:5
  |
8 | t: {{ name }}
  |     ^^^^^^^^ not text
  |
  = help: quote a value that begins with `{{`

error[RW0101]: `<<` merges maps, this is a number
 --> a.yaml:9:5
  |
9 | <<: 5
  | --  ^ not a map
  | |
  | merged by this key
  |
  = help: write `<<: *anchor` or `<<: [*one, *two]`; quote `"<<"` to use it as a name

error[RW0101]: there is no anchor `none`
  --> a.yaml:10:4
   |
10 | u: *none
   |    ^^^^^ used here
   |
   = help: if it is text, write `"*none"`; an anchor `&none` must stand before its alias in the same document

error[RW0101]: there is no anchor `non`
  --> a.yaml:12:4
   |
12 | w: *non
   |    ^^^^ used here
   |
   = help: did you mean `*noon`?

error[RW0101]: anchor `x` contains itself
  --> a.yaml:13:8
   |
13 | x: &x [*x]
   |    --  ^^ used inside
   |    |
   |    the anchor begins here

4 x error[RW0101]   The text is not valid YAML or JSON.
4 x error[RW0106]   A YAML tag is not supported, or does not fit its value.
4 x error[RW0107]   A key of a map is not text.

"#]]
        .raw()
    );
}

fn all(texts: &[&str]) -> String {
    texts.iter().map(|it| shows(it)).collect::<Vec<_>>().join("\n")
}

#[test]
fn tabs_and_indentation_are_explained() {
    assert_data_eq!(
        all(&[
            "a:\n\tb: 1\n",
            "a:\n  b: 1\n\t\tc: 2\n",
            "a: |\n\tx\n",
            "a:\n  b: 1\n c: 2\n",
            "a: 1\n  b: 2\n",
            "- a\nb: 1\n",
            "a: 1\n- b\n",
            "a: |\n    x\n  y\n",
            "a:\n  - b\n c\n",
        ]),
        str![[r"
error[RW0101]: a tab cannot indent YAML
 --> a.yaml:2:1
  |
2 |     b: 1
  | ^ this is a tab
  |
  = help: indent with spaces

error[RW0101]: a tab cannot indent YAML
 --> a.yaml:3:1
  |
3 |         c: 2
  | ^ this is a tab
  |
  = help: indent with spaces

error[RW0101]: a tab cannot indent YAML
 --> a.yaml:2:1
  |
2 |     x
  | ^ this is a tab
  |
  = help: indent with spaces

error[RW0101]: a line does not fit the lines above it
 --> a.yaml:3:2
  |
3 |  c: 2
  |  ^^^^ neither key nor item of them
  |
  = help: keys of one map start in the same column, and so do the `-` of one list

error[RW0101]: a key cannot stand here
 --> a.yaml:2:3
  |
2 |   b: 2
  |   ^^^^ read as part of the value above
  |
  = help: indent it like the key above, or quote the value if the line belongs to it

error[RW0101]: a line does not fit the lines above it
 --> a.yaml:2:1
  |
2 | b: 1
  | ^^^^ neither key nor item of them
  |
  = help: keys of one map start in the same column, and so do the `-` of one list

error[RW0101]: a line does not fit the lines above it
 --> a.yaml:2:1
  |
2 | - b
  | ^^^ neither key nor item of them
  |
  = help: keys of one map start in the same column, and so do the `-` of one list

error[RW0101]: a line does not fit the lines above it
 --> a.yaml:3:3
  |
3 |   y
  |   ^ neither key nor item of them
  |
  = help: keys of one map start in the same column, and so do the `-` of one list

error[RW0101]: a line does not fit the lines above it
 --> a.yaml:3:2
  |
3 |  c
  |  ^ neither key nor item of them
  |
  = help: keys of one map start in the same column, and so do the `-` of one list

"]]
        .raw()
    );
}

#[test]
fn documents_around_a_broken_one_are_read() {
    assert_data_eq!(
        shows("a: 1\n---\nb: [1\n---\nc: 3\n---\nd: e: f\n"),
        str![[r"
error[RW0101]: `[` is not closed
 --> a.yaml:3:4
  |
3 | b: [1
  |    ^ opened here
  |
  = help: add the missing `]`

error[RW0101]: a second colon in one line
 --> a.yaml:7:5
  |
7 | d: e: f
  |     ^ unexpected `:`
  |
  = help: quote the value if the colon belongs to it

"]]
        .raw()
    );
}

fn check_any(text: &str) {
    let mut files = Files::default();
    let file = files.add("a.yaml", text);
    let (_, found) = parse_yaml(file, text);
    let shown = notes(&files, &found, Color::Never);
    assert!(!shown.contains(|it: char| it.is_control() && it != '\n'), "{shown:?}");
    notes_json(&files, &found);
}

proptest! {
    #[test]
    fn any_text_is_shown_without_control_characters(text in proptest::prelude::any::<String>()) {
        check_any(&text);
    }

    #[test]
    fn signs_of_yaml_are_shown_without_control_characters(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "a", "b: ", ":", "- ", "-", "? ", "[", "]", "{", "}", ",", "\n", "\n  ", "\r\n", "\t", "&x ", "*x", "<<: ",
                "!t ", "!!str ", "|", ">", "'", "\"", "\\", "#", " #", "---\n", "...\n", "%", "é", "\u{feff}", "\u{9b}", "~", "null", "12",
            ]),
            0..40,
        )
    ) {
        check_any(&parts.concat());
    }
}
