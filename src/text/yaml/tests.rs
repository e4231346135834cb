use crate::text::Code;
use crate::text::{Note, Tree, TreeIs, parse_yaml};

/// Writes a tree in a short form that tells text, numbers and words apart.
fn short(tree: &Tree) -> String {
    match &tree.is {
        TreeIs::Null => "null".to_owned(),
        TreeIs::Bool(it) => it.to_string(),
        TreeIs::Number(it) => it.to_string(),
        TreeIs::Text(it) => format!("{it:?}"),
        TreeIs::List(items) => format!("[{}]", items.iter().map(short).collect::<Vec<_>>().join(", ")),
        TreeIs::Map(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, it)| format!("{}: {}", key.name, short(it))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn parse(text: &str) -> (String, Vec<Note>) {
    let (trees, notes) = parse_yaml(0, text);
    (trees.iter().map(short).collect::<Vec<_>>().join(" --- "), notes)
}

fn parses(text: &str) -> String {
    let (trees, notes) = parse(text);
    assert!(notes.is_empty(), "{text:?} has notes: {notes:?}");
    trees
}

#[test]
fn plain_scalars_are_what_they_look_like_and_keep_their_text() {
    for (written, read) in [
        ("true", "true"),
        ("True", "true"),
        ("TRUE", "true"),
        ("false", "false"),
        ("False", "false"),
        ("FALSE", "false"),
        ("tRUE", "\"tRUE\""),
        ("yes", "\"yes\""),
        ("no", "\"no\""),
        ("on", "\"on\""),
        ("Off", "\"Off\""),
        ("y", "\"y\""),
        ("null", "null"),
        ("Null", "null"),
        ("~", "null"),
        ("", "null"),
        ("nil", "\"nil\""),
        ("0", "0"),
        ("-0", "-0"),
        ("300", "300"),
        ("-12", "-12"),
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        ("1.5E-7", "1.5E-7"),
        ("99999999999999999999", "99999999999999999999"),
        ("+49", "\"+49\""),
        ("0777", "\"0777\""),
        ("-01", "\"-01\""),
        ("0o17", "\"0o17\""),
        ("0x1F", "\"0x1F\""),
        ("1_000", "\"1_000\""),
        (".5", "\".5\""),
        ("5.", "\"5.\""),
        ("1e", "\"1e\""),
        (".inf", "\".inf\""),
        (".nan", "\".nan\""),
        ("1.2.3", "\"1.2.3\""),
        ("2026-01-31", "\"2026-01-31\""),
        ("12:30:45", "\"12:30:45\""),
        ("https://a.example/*?x=1#y", "\"https://a.example/*?x=1#y\""),
        ("a b # comment", "\"a b\""),
        ("=", "\"=\""),
        ("<<", "\"<<\""),
        ("-", "[null]"),
        ("-x", "\"-x\""),
        ("'12'", "\"12\""),
        ("\"true\"", "\"true\""),
        ("''", "\"\""),
        ("'it''s'", "\"it's\""),
        ("\"a\\n\\u00e9\\ud83d\\ude00\\/\"", "\"a\\né😀/\""),
        ("!!str 12", "\"12\""),
        ("!!str", "\"\""),
        ("! 12", "\"12\""),
        ("!!int 12", "12"),
        ("!!float 1.5", "1.5"),
        ("!!int \"12\"", "12"),
        ("!!bool true", "true"),
        ("!!null ~", "null"),
        ("!!seq [1]", "[1]"),
        ("!!map {a: 1}", "{a: 1}"),
        ("|\n  12\n", "\"12\\n\""),
        ("|-\n  true\n", "\"true\""),
        (">-\n  a\n  b\n", "\"a b\""),
        ("|2-\n   x\n", "\" x\""),
    ] {
        let separator = if written == "-" { "\n" } else { " " };
        assert_eq!(parses(&format!("v:{separator}{written}\n")), format!("{{v: {read}}}"), "{written}");
    }
}

#[test]
fn keys_are_the_text_that_was_written() {
    let text = "1.10: a\ntrue: b\n'yes': c\n\"é\\t\": d\n0x1F: e\n? f\n: g\n'null': h\n'<<': i\n<: j\n";
    let read = "{1.10: \"a\", true: \"b\", yes: \"c\", é\t: \"d\", 0x1F: \"e\", f: \"g\", null: \"h\", <<: \"i\", <: \"j\"}";
    assert_eq!(parses(text), read);
}

#[test]
fn documents_are_split_and_empty_ones_skipped() {
    for (text, read) in [
        ("", ""),
        ("# nothing\n", ""),
        ("---\n", ""),
        ("---\n---\na: 1\n---\n# c\n---\nb: 2\n...\n", "{a: 1} --- {b: 2}"),
        ("a: 1\n---\nnull\n", "{a: 1} --- null"),
        ("%YAML 1.2\n---\na: 1\n", "{a: 1}"),
        ("\"\"\n", "\"\""),
    ] {
        assert_eq!(parses(text), read, "{text:?}");
    }
}

#[test]
fn json_is_yaml_also_with_tabs() {
    let text = "{\n\t\"a\": [\n\t\t1,\n\t\t{\"b\": null, \"c\":true}\n\t],\n\t\"u\":\"http:\\/\\/x\"\n}\n";
    assert_eq!(parses(text), "{a: [1, {b: null, c: true}], u: \"http://x\"}");
    let long = "k".repeat(5_000);
    assert_eq!(parses(&format!("{{\"{long}\": 1}}")), format!("{{{long}: 1}}"));
}

#[test]
fn aliases_and_merges_bring_values_and_never_replace_a_written_key() {
    for (text, read) in [
        ("a: &x [1]\nb: *x\n", "{a: [1], b: [1]}"),
        ("a: &x 1\na2: &x 2\nb: *x\n", "{a: 1, a2: 2, b: 2}"),
        ("&k a: 1\nb: *k\n", "{a: 1, b: \"a\"}"),
        ("a: &k x\n*k : 1\n", "{a: \"x\", x: 1}"),
        ("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n", "{a: {p: 1, q: 2}, b: {q: 3, p: 1}}"),
        (
            "a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y], r: 3}\n",
            "{a: {p: 1}, b: {p: 2, q: 2}, c: {r: 3, p: 1, q: 2}}",
        ),
        ("<<: {p: 1}\nq: 2\n", "{q: 2, p: 1}"),
        (
            "a: &x {p: 1}\nb: &y {<<: *x, q: 2}\nc: {<<: *y}\n",
            "{a: {p: 1}, b: {q: 2, p: 1}, c: {q: 2, p: 1}}",
        ),
        ("<<: []\nq: 2\n", "{q: 2}"),
    ] {
        assert_eq!(parses(text), read, "{text:?}");
    }
}

#[test]
fn places_are_bytes_of_the_file_with_bom_and_crlf() {
    for text in [
        "é: wörd # c\nlist:\n  - x\n  - {k: 'v'}\nblock: |\n  one\n  two\n\nempty:\nlast: [1,\n  2]\n",
        "\u{feff}é: wörd # c\r\nlist:\r\n  - x\r\n  - {k: 'v'}\r\nblock: |\r\n  one\r\n  two\r\n\r\nempty:\r\nlast: [1,\r\n  2]\r\n",
    ] {
        let (trees, notes) = parse_yaml(0, text);
        assert!(notes.is_empty(), "{notes:?}");
        let mut slices = Vec::new();
        let mut walk = vec![&trees[0]];
        while let Some(tree) = walk.pop() {
            slices.push(&text[tree.at.start as usize..tree.at.end as usize]);
            walk.extend(tree.items());
            for (key, value) in tree.entries() {
                assert!(text[key.at.start as usize..].starts_with(&*key.name));
                walk.push(value);
            }
        }
        let slices: Vec<_> = slices.into_iter().map(|it| it.replace("\r\n", "\n")).collect();
        let root = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        assert_eq!(slices[0], root.trim_end());
        assert_eq!(
            slices[1..],
            ["[1,\n  2]", "2", "1", "", "one\n  two", "- x\n  - {k: 'v'}", "{k: 'v'}", "'v'", "x", "wörd"]
        );
    }
}

#[test]
fn an_aliased_value_has_the_place_of_its_use_and_its_inside_that_of_the_definition() {
    let text = "a: &x {p: 1}\nb: *x\n";
    let (trees, _) = parse_yaml(0, text);
    let used = trees[0].get("b").expect("b is written");
    assert_eq!(&text[used.at.start as usize..used.at.end as usize], "*x");
    assert_eq!(used.get("p").expect("p is aliased").at.start, 10);
}

#[test]
fn a_small_file_cannot_become_huge_or_deep() {
    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for n in 1..12 {
        let items = vec![format!("*a{}", n - 1); 10].join(", ");
        laughs = format!("{laughs}a{n}: &a{n} [{items}]\n");
    }
    let (_, notes) = parse_yaml(0, &laughs);
    assert_eq!(notes.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::TooDeep]);

    let mut deep = "a0: &a0 []\n".to_owned();
    for n in 1..30 {
        deep = format!("{deep}a{n}: &a{n} [[[[[[[[[*a{}]]]]]]]]]\n", n - 1);
    }
    let (_, notes) = parse_yaml(0, &deep);
    assert_eq!(notes.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::TooDeep]);

    for (n_levels, is_too_deep) in [(200, false), (201, true), (300, true), (5_000, true)] {
        let text = format!("{}{}", "[".repeat(n_levels), "]".repeat(n_levels));
        let (trees, notes) = parse_yaml(0, &text);
        assert_eq!(notes.len(), usize::from(is_too_deep), "{n_levels}");
        assert!(notes.iter().all(|it| it.code == Code::TooDeep));
        assert!(trees.len() <= 1);
    }
}

#[test]
fn reading_goes_on_after_a_problem() {
    for (text, codes, read) in [
        ("a: 1\nb: {x: 1, 'x': 2}\na: 3\n", [Code::DuplicateKey; 2].as_slice(), "{a: 1, b: {x: 1}}"),
        ("<<: {q: 1}\n<<: {r: 1}\n", &[Code::DuplicateKey], "{q: 1, r: 1}"),
        ("a: !env HOME\nb: !!int x\n", &[Code::Tag; 2], "{a: \"HOME\", b: \"x\"}"),
        ("c: !thing\n  d: !!set {}\n", &[Code::Tag; 2], "{c: {d: {}}}"),
        ("~: 1\n: 2\n[x]: 3\nt: {{ name }}\n", &[Code::KeyNotText; 4], "{t: {}}"),
        ("<<: 5\nu: *none\nx: &x [*x]\n", &[Code::NotYaml; 3], "{u: null, x: [null]}"),
        ("a: 1\n---\nb: [1\n---\nc: 3\n---\nd: e: f\n", &[Code::NotYaml; 2], "{a: 1} --- {c: 3}"),
        ("key:value\nb: 1\n", &[Code::NotYaml], ""),
    ] {
        let (trees, notes) = parse(text);
        let mut found: Vec<_> = notes.iter().map(|it| it.code).collect();
        found.sort_unstable();
        assert_eq!((trees.as_str(), found.as_slice()), (read, codes), "{text:?}");
    }
}
