//! When two values are the same although they are written differently.

use crate::kind::Kind;
use crate::state::{Hidden, Is, Node, SecretRef, SecretSource};

/// Returns whether a live value is as desired. Lists are sets; absent is the same as null, false, `""`
/// and empty, because Keycloak leaves such values out in some answers and not in others.
pub fn same(desired: &Node, live: Option<&Node>) -> bool {
    let Some(live) = live else { return is_nothing(desired) };
    match (&desired.is, &live.is) {
        (Is::List(a), Is::List(b)) => same_set(a, b),
        (Is::Sequence(a), Is::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, Some(b)))
        }
        (Is::Map(a), Is::Map(b)) => {
            a.iter().all(|(key, node)| same(node, b.get(key)))
                && b.iter().all(|(key, node)| a.contains_key(key) || is_nothing(node))
        }
        (Is::Secret(SecretRef { source: SecretSource::Literal(a), .. }), Is::Hidden(Hidden::Value(b))) => {
            a == b
        }
        (Is::Text(a), Is::Hidden(Hidden::Value(b))) => **a == **b,
        (a, b) => a == b || (is_nothing(desired) && is_nothing(live)),
    }
}

/// Returns whether a live value of a field of a kind, or of a key of it, is as desired.
pub fn same_field(kind: &Kind, field: &str, desired: &Node, live: Option<&Node>) -> bool {
    let rule = kind.field(field);
    // What goes without saying is not nothing.
    if let (Some(implied), None) = (rule.map(|it| it.implied).filter(|it| !it.is_empty()), live) {
        return desired.is_null() || desired.scalar().is_some_and(|it| *it == *implied);
    }
    // That it is there may say something, whatever is in it.
    let counts = rule.is_some_and(|it| it.counts_when_empty);
    same(desired, live) && (!counts || desired.is_null() == live.is_none_or(Node::is_null))
}

pub(super) fn is_nothing(node: &Node) -> bool {
    match &node.is {
        Is::Null | Is::Bool(false) => true,
        Is::Text(text) => text.is_empty(),
        Is::List(items) | Is::Sequence(items) => items.is_empty(),
        Is::Map(map) => map.values().all(is_nothing),
        Is::Bool(true) | Is::Number(_) | Is::Ref(_) | Is::Secret(_) | Is::Hidden(_) => false,
    }
}

fn same_set(a: &[Node], b: &[Node]) -> bool {
    let sorted = |list: &[Node]| {
        let mut list: Vec<Node> = list.to_vec();
        list.sort();
        list.dedup();
        list
    };
    let (a, b) = (sorted(a), sorted(b));
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| same(a, Some(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::At;

    fn node(json: &str) -> Node {
        fn node_of(value: &serde_json::Value) -> Node {
            let is = match value {
                serde_json::Value::Null => Is::Null,
                serde_json::Value::Bool(it) => Is::Bool(*it),
                serde_json::Value::Number(it) => Is::Number(it.to_string().into()),
                serde_json::Value::String(it) => Is::Text(it.as_str().into()),
                serde_json::Value::Array(it) => Is::List(it.iter().map(node_of).collect()),
                serde_json::Value::Object(it) => {
                    Is::Map(it.iter().map(|(key, it)| (key.as_str().into(), node_of(it))).collect())
                }
            };
            Node::new(At::SERVER, is)
        }
        node_of(&serde_json::from_str(json).expect("test JSON"))
    }

    #[test]
    fn order_and_absence_do_not_count_and_everything_else_does() {
        for (a, b, is_same) in [
            (r#"["a","b"]"#, Some(r#"["b","a"]"#), true),
            (r#"["a","b"]"#, Some(r#"["a"]"#), false),
            ("false", None, true),
            ("true", None, false),
            ("[]", None, true),
            (r#""""#, None, true),
            ("null", Some(r#""x""#), false),
            ("null", Some("{}"), true),
            ("0", None, false),
            (r#"{"a":["1","2"]}"#, Some(r#"{"a":["2","1"]}"#), true),
            (r#"{"a":"1"}"#, Some(r#"{"a":"1","b":"2"}"#), false),
        ] {
            assert_eq!(same(&node(a), b.map(node).as_ref()), is_same, "{a} {b:?}");
        }
    }
}
