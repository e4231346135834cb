//! Secrets of a realm as references that somebody fills.

use std::collections::BTreeMap;

use crate::kind;
use crate::state::{Address, Is, Node, Object, SecretRef, SecretSource, State};

/// Puts a variable in the place of every secret, and returns each variable with what it is for.
pub(super) fn refer(state: &mut State) -> Vec<(String, String)> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let with = state.objects.iter().filter(|it| has_secrets(it.1));
    let with: Vec<Address> = with.map(|it| it.0.clone()).collect();
    for address in with {
        let Some(object) = state.objects.get_mut(&address) else { continue };
        if let Some(field) = kind::idle_secret(&address, object) {
            object.fields.remove(field);
        }
        for (field, node) in &mut object.fields {
            replace(node, &mut vec![field.to_string()], &address, &mut names);
        }
    }
    names.into_iter().collect()
}

fn has_secrets(object: &Object) -> bool {
    fn is_one(node: &Node) -> bool {
        match &node.is {
            Is::Hidden(_) => true,
            Is::Map(map) => map.values().any(is_one),
            Is::List(items) | Is::Sequence(items) => items.iter().any(is_one),
            _ => false,
        }
    }
    object.fields.values().any(is_one)
}

fn replace(node: &mut Node, path: &mut Vec<String>, of: &Address, names: &mut BTreeMap<String, String>) {
    match &mut node.is {
        Is::Hidden(_) => {
            let what = format!("`{}` of {}", path.join("."), kind::title(of));
            let name = variable(of, path, names);
            names.insert(name.clone(), what);
            node.is = Is::Secret(SecretRef { source: SecretSource::Env(name.into()), version: None });
        }
        Is::Map(map) => {
            for (key, node) in map {
                path.push(key.to_string());
                replace(node, path, of, names);
                path.pop();
            }
        }
        Is::List(items) | Is::Sequence(items) => {
            for item in items {
                replace(item, path, of, names);
            }
        }
        _ => {}
    }
}

/// Returns a name that no other secret has: `CLIENT_DEMO_SECRET`.
fn variable(of: &Address, path: &[String], names: &BTreeMap<String, String>) -> String {
    let words = of.to_string() + "_" + path.last().map_or("", String::as_str);
    let mut name = String::new();
    for sign in words.chars() {
        let is_hump = sign.is_ascii_uppercase() && name.ends_with(|it: char| it.is_ascii_lowercase());
        if is_hump || !sign.is_ascii_alphanumeric() {
            name.push('_');
        }
        if sign.is_ascii_alphanumeric() {
            name.push(sign);
        }
    }
    let words: Vec<&str> = name.split('_').filter(|it| !it.is_empty()).collect();
    let name = words.join("_").to_ascii_uppercase();
    let numbered = (2..).map(|it| format!("{name}_{it}"));
    [name.clone()].into_iter().chain(numbered).find(|it| !names.contains_key(it)).unwrap_or(name)
}
