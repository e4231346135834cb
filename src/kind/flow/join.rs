//! What exports of a realm keep apart: configurations from the executions that have them, and flows from who names them by
//! id.

use std::collections::{BTreeMap, BTreeSet};

use crate::text::{Code, Key, Note, Tree, TreeIs};

const CONFIGS: &str = "authenticatorConfig";
const OVERRIDES: &str = "authenticationFlowBindingOverrides";

/// Puts each configuration into the executions that name it, and aliases in the place of ids of flows.
pub(in crate::kind) fn join(realm: &mut Tree, notes: &mut Vec<Note>) {
    let configs = taken(realm);
    let named = || configs.iter().filter_map(|it| Some((it.get("alias")?.scalar()?, it)));
    let by_alias: BTreeMap<&str, &Tree> = named().collect();
    for (alias, config) in named() {
        let Some(other) = by_alias.get(alias).filter(|it| it.at != config.at) else { continue };
        let title = format!("two authenticator configurations are called `{alias}`");
        let note = Note::error(Code::Disagreement, title, config.at, "one of them");
        notes.push(note.and(other.at, "and the other").help("give one of them another alias"));
    }
    let flows = realm.get("authenticationFlows").map(Tree::items).unwrap_or_default();
    let aliases: BTreeMap<String, Tree> = flows
        .iter()
        .filter_map(|it| Some((it.get("id")?.scalar()?.to_owned(), it.get("alias")?.clone())))
        .collect();
    let mut used: BTreeSet<String> = BTreeSet::new();
    let flows = realm.get_mut("authenticationFlows").map(Tree::items_mut).unwrap_or_default();
    for execution in
        flows.iter_mut().filter_map(|it| it.get_mut("authenticationExecutions")).flat_map(Tree::items_mut)
    {
        let Some(named) = execution.get_mut(CONFIGS) else { continue };
        let Some(alias) = named.scalar().map(str::to_owned) else { continue };
        if alias.is_empty() {
            remove(execution, CONFIGS);
            continue;
        }
        let config = by_alias.get(&*alias).map(|it| (*it).clone());
        *named = config.unwrap_or_else(|| {
            let title = format!("there is no authenticator configuration `{alias}`");
            let note =
                Note::error(Code::UnknownReference, title, named.at, "not among `authenticatorConfig`");
            notes.push(note.help("write it there, or in this place as `{ alias: …, config: { … } }`"));
            let key = Key { at: named.at, name: "alias".into() };
            Tree::new(named.at, TreeIs::Map(vec![(key, named.clone())]))
        });
        used.insert(alias);
    }
    let clients = realm.get_mut("clients").map(Tree::items_mut).unwrap_or_default();
    for overrides in clients.iter_mut().filter_map(|it| it.get_mut(OVERRIDES)) {
        let TreeIs::Map(entries) = &mut overrides.is else { continue };
        for (_, flow) in entries {
            if let Some(alias) = flow.scalar().and_then(|it| aliases.get(it)) {
                *flow = alias.clone();
            }
        }
    }
    // Left over from executions that are gone.
    for (alias, config) in by_alias.iter().filter(|(it, _)| !used.contains(**it)) {
        let title = format!("no execution has the authenticator configuration `{alias}`");
        let note = Note::warning(Code::Unused, title, config.at, "nobody uses it, so it is not written");
        notes.push(note.help("take it out, or name it in an execution"));
    }
}

/// Takes the list of configurations out; what is no list stays, and is told as such.
fn taken(realm: &mut Tree) -> Vec<Tree> {
    let is_list = |it: &&mut Tree| matches!(it.is, TreeIs::List(_) | TreeIs::Null);
    match realm.get_mut(CONFIGS).filter(is_list).map(|it| std::mem::replace(&mut it.is, TreeIs::Null)) {
        Some(list) => {
            remove(realm, CONFIGS);
            if let TreeIs::List(configs) = list { configs } else { Vec::new() }
        }
        None => Vec::new(),
    }
}

fn remove(tree: &mut Tree, field: &str) {
    if let TreeIs::Map(entries) = &mut tree.is {
        entries.retain(|it| &*it.0.name != field);
    }
}
