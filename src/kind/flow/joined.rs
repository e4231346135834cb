//! What exports of a realm keep apart: configurations from the executions that have them, and flows from who names them by
//! id.

use std::collections::{BTreeMap, BTreeSet};

use crate::text::{Code, Key, Note, Tree, TreeIs};

const CONFIGS: &str = "authenticatorConfig";
const OVERRIDES: &str = "authenticationFlowBindingOverrides";

/// Puts each configuration into the executions that name it, and aliases in the place of ids of flows.
pub(in crate::kind) fn joined(realm: &Tree, notes: &mut Vec<Note>) -> Tree {
    let configs = realm.get(CONFIGS);
    let by_alias: BTreeMap<&str, &Tree> =
        items(configs).filter_map(|it| Some((it.get("alias")?.scalar()?, it))).collect();
    for config in items(configs) {
        let alias = config.get("alias").and_then(Tree::scalar);
        let Some(other) = alias.and_then(|it| by_alias.get(it)).filter(|it| it.at != config.at) else {
            continue;
        };
        let title = format!("two authenticator configurations are called `{}`", alias.unwrap_or_default());
        let note = Note::error(Code::Disagreement, title, config.at, "one of them");
        notes.push(note.and(other.at, "and the other").help("give one of them another alias"));
    }
    let mut used: BTreeSet<String> = BTreeSet::new();
    let aliases: BTreeMap<&str, &Tree> = items(realm.get("authenticationFlows"))
        .filter_map(|it| Some((it.get("id")?.scalar()?, it.get("alias")?)))
        .collect();
    let mut joins = |execution: &Tree| {
        let Some((named, alias)) = execution.get(CONFIGS).and_then(|it| Some((it, it.scalar()?))) else {
            return execution.clone();
        };
        if alias.is_empty() {
            return without(execution, CONFIGS);
        }
        used.insert(alias.to_owned());
        let config = by_alias.get(alias).map(|it| (*it).clone());
        let config = config.unwrap_or_else(|| {
            let title = format!("there is no authenticator configuration `{alias}`");
            let note =
                Note::error(Code::UnknownReference, title, named.at, "not among `authenticatorConfig`");
            notes.push(note.help("write it there, or in this place as `{ alias: …, config: { … } }`"));
            let key = Key { at: named.at, name: "alias".into() };
            Tree::new(named.at, TreeIs::Map(vec![(key, named.clone())]))
        });
        with(execution, CONFIGS, |_| config.clone())
    };
    let mut out = with_items(realm, "authenticationFlows", &mut |flow| {
        with_items(flow, "authenticationExecutions", &mut joins)
    });
    if !aliases.is_empty() {
        let named = |it: &Tree| {
            it.scalar().and_then(|it| aliases.get(it)).map_or_else(|| it.clone(), |it| (*it).clone())
        };
        out = with_items(&out, "clients", &mut |client| {
            with(client, OVERRIDES, |map| match &map.is {
                TreeIs::Map(entries) => {
                    let entries = entries.iter().map(|(key, it)| (key.clone(), named(it)));
                    Tree::new(map.at, TreeIs::Map(entries.collect()))
                }
                _ => map.clone(),
            })
        });
    }
    // Left over from executions that are gone.
    for (alias, config) in by_alias.iter().filter(|(it, _)| !used.contains(**it)) {
        let title = format!("no execution has the authenticator configuration `{alias}`");
        let note = Note::warning(Code::Unused, title, config.at, "nobody uses it, so it is not written");
        notes.push(note.help("take it out, or name it in an execution"));
    }
    let is_list = configs.is_none_or(|it| matches!(it.is, TreeIs::List(_) | TreeIs::Null));
    if is_list { without(&out, CONFIGS) } else { out }
}

fn items(list: Option<&Tree>) -> impl Iterator<Item = &Tree> {
    list.map(Tree::items).unwrap_or_default().iter()
}

fn without(tree: &Tree, field: &str) -> Tree {
    let TreeIs::Map(entries) = &tree.is else { return tree.clone() };
    let kept = entries.iter().filter(|it| &*it.0.name != field).cloned();
    Tree::new(tree.at, TreeIs::Map(kept.collect()))
}

/// A map in which one field is another.
fn with(tree: &Tree, field: &str, change: impl Fn(&Tree) -> Tree) -> Tree {
    let TreeIs::Map(entries) = &tree.is else { return tree.clone() };
    let changed = entries
        .iter()
        .map(|(key, it)| (key.clone(), if &*key.name == field { change(it) } else { it.clone() }));
    Tree::new(tree.at, TreeIs::Map(changed.collect()))
}

/// A map in which every item of the list in one field is another.
fn with_items(tree: &Tree, field: &str, change: &mut impl FnMut(&Tree) -> Tree) -> Tree {
    let TreeIs::Map(entries) = &tree.is else { return tree.clone() };
    let changed = entries.iter().map(|(key, it)| match &it.is {
        TreeIs::List(list) if &*key.name == field => {
            (key.clone(), Tree::new(it.at, TreeIs::List(list.iter().map(&mut *change).collect())))
        }
        _ => (key.clone(), it.clone()),
    });
    Tree::new(tree.at, TreeIs::Map(changed.collect()))
}
