//! Brackets, quotes, colons and characters that stand where they cannot.

use snapbox::{IntoData, assert_data_eq, str};

use super::all;

#[test]
fn brackets_and_quotes_are_explained() {
    assert_data_eq!(
        all(&[
            "a: [1, 2\nb: 3\n",
            "a: [1, 2\n",
            "{\"a\": 1\n",
            "{\"a\": 1 \"b\": 2}\n",
            "{\"a\": 1,, \"b\": 2}\n",
            "a: [1,2}\n",
            "]\n",
            "a: \"x\nb: 1\n",
            "a: 'x\nb: 'y'\n",
            "a: \"x\" y\n",
            "a: 'it's'\n",
            "a: \"\\q\"\n",
            "a: \"\\ud800\"\n",
        ]),
        str![[r#"
error[RW0101]: a comma or a closing bracket is missing
 --> a.yaml:2:2
  |
1 | a: [1, 2
  |    - inside this
2 | b: 3
  |  ^ unexpected here
  |
  = help: separate entries by exactly one comma, and close every `[` and `{`

error[RW0101]: `[` is not closed
 --> a.yaml:1:4
  |
1 | a: [1, 2
  |    ^ opened here
  |
  = help: add the missing `]`

error[RW0101]: `{` is not closed
 --> a.yaml:1:7
  |
1 | {"a": 1
  | -     ^ the file ends here
  | |
  | opened here
  |
  = help: the file may be cut off; what is missing ends in `}`

error[RW0101]: a comma is missing
 --> a.yaml:1:9
  |
1 | {"a": 1 "b": 2}
  |         ^^^ before this
  |
  = help: separate entries by commas

error[RW0101]: a value is missing
 --> a.yaml:1:9
  |
1 | {"a": 1,, "b": 2}
  | -       ^ expected before this
  | |
  | inside this
  |
  = help: write a value, or take the comma or key out

error[RW0101]: `[` is closed by `}`
 --> a.yaml:1:4
  |
1 | a: [1,2}
  |    ^ opened here
  |
  = help: close it with `]`

error[RW0101]: a closing bracket without an opening one
 --> a.yaml:1:1
  |
1 | ]
  | ^ nothing to close

error[RW0101]: a quote is not closed
 --> a.yaml:1:4
  |
1 | a: "x
  |    ^ opened here
  |
  = help: close it, or quote the whole value if the quote belongs to it

error[RW0101]: text after a closing quote
 --> a.yaml:2:5
  |
1 | a: 'x
  |    - it began here
2 | b: 'y'
  |     ^^ the quoted text ended before this
  |
  = help: close quotes on their line, and write a quote inside single quotes twice (`'it''s'`)

error[RW0101]: text after a closing quote
 --> a.yaml:1:8
  |
1 | a: "x" y
  |        ^ the quoted text ended before this
  |
  = help: close quotes on their line, and write a quote inside double quotes as `\"`

error[RW0101]: text after a closing quote
 --> a.yaml:1:8
  |
1 | a: 'it's'
  |        ^^ the quoted text ended before this
  |
  = help: close quotes on their line, and write a quote inside single quotes twice (`'it''s'`)

error[RW0101]: unknown escape in double quotes
 --> a.yaml:1:4
  |
1 | a: "\q"
  |    ^^^^ in this text
  |
  = help: write a backslash as `\\`, or use single quotes, which know no escapes

error[RW0101]: an escape is no Unicode character
 --> a.yaml:1:4
  |
1 | a: "\ud800"
  |    ^^^^^^^^ in this text
  |
  = help: write `\uXXXX` with four hexadecimal digits, and surrogates in pairs

"#]]
        .raw()
    );
}

#[test]
fn colons_and_odd_characters_are_explained() {
    assert_data_eq!(
        all(&[
            "a: b: c\n",
            "key:value\nb: 1\n",
            "a: 1\nb\nc: 2\n",
            "a: @x\n",
            "a: *\n",
            "a: - b\n",
            "a: ? b\n",
            "a: |x\n  y\n",
            "a: !x!y z\n",
            "!!0!!A!A𑊀0!A\u{1cd0}𞸡0!𑤕\u{c3c}Aa𑏗0a®",
            "%YAML 2.0\n---\na: 1\n",
            "a: 1\n... x\n",
            "a: x\u{0}y\n",
            "a: \"x\u{7f}\"\n",
            "a: \u{feff}x\n",
            "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n",
        ]),
        str![[r#"
error[RW0101]: a second colon in one line
 --> a.yaml:1:5
  |
1 | a: b: c
  |     ^ unexpected `:`
  |
  = help: quote the value if the colon belongs to it

error[RW0101]: a key cannot stand here
 --> a.yaml:2:1
  |
2 | b: 1
  | ^^^^ read as part of the value above
  |
  = help: put a space after the colon in the line above

error[RW0101]: a key without a colon
 --> a.yaml:2:1
  |
2 | b
  | ^ expected `key: value`
  |
  = help: write `key: value`, with a space after the colon

error[RW0101]: a value cannot begin with `@`
 --> a.yaml:1:4
  |
1 | a: @x
  |    ^^ needs quotes
  |
  = help: put the value in quotes

error[RW0101]: `*` without quotes is an alias without a name
 --> a.yaml:1:4
  |
1 | a: *
  |    ^ needs quotes
  |
  = help: write `"*"`

error[RW0101]: a list item cannot stand here
 --> a.yaml:1:4
  |
1 | a: - b
  |    ^ unexpected `-`
  |
  = help: begin the list on a line of its own, or quote text that begins with `-`

error[RW0101]: a key cannot stand here
 --> a.yaml:1:4
  |
1 | a: ? b
  |    ^ unexpected
  |
  = help: quote text that begins with `?`

error[RW0101]: text cannot begin on the line of `|` or `>`
 --> a.yaml:1:4
  |
1 | a: |x
  |    ^^ block text starts here
  |
  = help: write the text on the next line, indented; or quote the value

error[RW0101]: a tag that is not valid
 --> a.yaml:1:4
  |
1 | a: !x!y z
  |    ^^^^ read as a tag
  |
  = help: quote text that begins with `!`

error[RW0101]: a tag that is not valid
 --> a.yaml:1:1
  |
1 | !!0!!A!A𑊀0!A᳐𞸡0!𑤕఼Aa𑏗0a®
  | ^^^^^^^^^^^^^^^^^^^^^ read as a tag
  |
  = help: quote text that begins with `!`

error[RW0101]: unsupported YAML version
 --> a.yaml:1:1
  |
1 | %YAML 2.0
  | ^^^^^^^^^ only YAML 1 is read

error[RW0101]: text after the end of a document
 --> a.yaml:2:5
  |
2 | ... x
  |     ^ unexpected
  |
  = help: only `---` or a comment may follow `...`

error[RW0101]: the character U+0000 cannot be written as it is
 --> a.yaml:1:5
  |
1 | a: x␀y
  |     ^ invisible character
  |
  = help: remove it, or write `"\x00"` in double quotes

error[RW0101]: the character U+007F cannot be written as it is
 --> a.yaml:1:6
  |
1 | a: "x␡"
  |      ^ invisible character
  |
  = help: remove it, or write `"\x7f"` in double quotes

error[RW0101]: a byte-order mark inside the document
 --> a.yaml:1:4
  |
1 | a: �x
  |    ^ invisible character
  |
  = help: remove it; it may only stand at the start of a file

error[RW0101]: a merge conflict is not resolved
 --> a.yaml:2:1
  |
2 | <<<<<<< HEAD
  | ^^^^^^^^^^^^ left by version control
  |
  = help: choose one side and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`

"#]]
        .raw()
    );
}
