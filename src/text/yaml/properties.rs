//! Properties of reading YAML, over generated texts.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use serde_json::Value;

use crate::text::{Tree, TreeIs, parse_yaml};

fn json() -> impl Strategy<Value = Value> {
    // YAML refuses a few characters that JSON allows unescaped (U+007F, some C1 controls).
    let text = "[ -~\\n\\t\\u{a0}-\\u{d7ff}\\u{10000}-\\u{1ffff}]{0,12}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(text, inner, 0..8)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

fn is_same(tree: &Tree, value: &Value) -> bool {
    match (&tree.is, value) {
        (TreeIs::Null, Value::Null) => true,
        (TreeIs::Bool(it), Value::Bool(value)) => it == value,
        (TreeIs::Number(it), Value::Number(value)) => **it == value.to_string(),
        (TreeIs::Text(it), Value::String(value)) => **it == **value,
        (TreeIs::List(items), Value::Array(values)) => {
            items.len() == values.len() && items.iter().zip(values).all(|(it, value)| is_same(it, value))
        }
        (TreeIs::Map(entries), Value::Object(values)) => {
            entries.len() == values.len()
                && entries
                    .iter()
                    .zip(values)
                    .all(|((key, it), (name, value))| *key.name == **name && is_same(it, value))
        }
        _ => false,
    }
}

fn check_any(text: &str) {
    let (_, found) = parse_yaml(0, text);
    for note in &found {
        for mark in &note.marks {
            assert!(text.get(mark.at.start as usize..mark.at.end as usize).is_some(), "{mark:?}");
        }
    }
}

proptest! {
    #[test]
    fn json_parses_back_to_the_same_tree(value in json()) {
        for text in [serde_json::to_string_pretty(&value), serde_json::to_string(&value)] {
            let text = text.expect("a value is JSON");
            let (trees, notes) = parse_yaml(0, &text);
            assert!(notes.is_empty(), "{notes:?}");
            assert_eq!(trees.len(), 1);
            assert!(is_same(&trees[0], &value), "{:?}", trees[0]);
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        check_any(&text);
    }

    #[test]
    fn text_made_of_yaml_signs_never_panics(
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
