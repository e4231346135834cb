//! Aggregates that reach an aggregate twice.
//!
//! Keycloak walks the aggregates under the one that it saves and answers 500 when it meets one for the second
//! time, in a circle or not. Policies of other types may be shared freely.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{POLICY, title};
use crate::state::{Address, State};
use crate::text::{At, Code, Note};

/// By aggregate: the aggregates it names, with places.
type Graph<'a> = BTreeMap<&'a Address, Vec<(&'a Address, At)>>;

/// Notes aggregates that Keycloak would not save.
pub fn loops(said: &State, notes: &mut Vec<Note>) {
    let objects = &said.objects;
    let is_aggregate =
        |it: &Address| objects.get(it).is_some_and(|object| object.text("type") == "aggregate");
    let mut graph = Graph::new();
    for (address, object) in objects.iter().filter(|(it, _)| it.kind() == POLICY && is_aggregate(it)) {
        let mut named = Vec::new();
        if let Some(policies) = object.get("policies") {
            policies.each_ref(&mut |target, at| {
                if is_aggregate(target) {
                    named.push((target, at));
                }
            });
        }
        graph.insert(address, named);
    }
    circles(&graph, notes);
    diamonds(&graph, notes);
}

fn circles(graph: &Graph<'_>, notes: &mut Vec<Note>) {
    let mut done = BTreeSet::new();
    for start in graph.keys() {
        walk(graph, start, &mut Vec::new(), &mut done, notes);
    }
}

fn walk<'a>(
    graph: &Graph<'a>,
    here: &'a Address,
    path: &mut Vec<&'a Address>,
    done: &mut BTreeSet<&'a Address>,
    notes: &mut Vec<Note>,
) {
    if done.contains(here) {
        return;
    }
    path.push(here);
    for (next, at) in graph.get(here).into_iter().flatten() {
        if let Some(position) = path.iter().position(|it| it == next) {
            let circle: Vec<&Address> = path[position..].iter().copied().chain([*next]).collect();
            notes.push(
                Note::error(
                    Code::Circle,
                    format!("{} is part of itself: {}", title(next), names(&circle)),
                    *at,
                    "closes the circle",
                )
                .help("Keycloak answers 500 when it saves such an aggregate; take one of them out"),
            );
        } else {
            walk(graph, next, path, done, notes);
        }
    }
    path.pop();
    done.insert(here);
}

/// Two children of an aggregate that lead to the same aggregate.
fn diamonds(graph: &Graph<'_>, notes: &mut Vec<Note>) {
    for (top, children) in graph {
        let mut reached: BTreeMap<&Address, (&Address, At)> = BTreeMap::new();
        for (child, at) in children {
            for below in under(graph, child) {
                if below == *top {
                    continue;
                }
                match reached.get(below) {
                    Some((first, _)) if first == child => {}
                    Some((first, first_at)) => {
                        let title = format!(
                            "{} reaches `{}` twice: {} and {}",
                            title(top),
                            below.name(),
                            names(&way(graph, first, below)),
                            names(&way(graph, child, below)),
                        );
                        notes.push(
                            Note::error(Code::Circle, title, *at, "the second way")
                                .and(*first_at, "the first way")
                                .help(
                                    "Keycloak answers 500 when it saves such an aggregate; \
                                       name one of the two, or repeat its policies",
                                ),
                        );
                        break;
                    }
                    None => {
                        reached.insert(below, (*child, *at));
                    }
                }
            }
        }
    }
}

/// Returns an aggregate and all below it, nearest first.
fn under<'a>(graph: &Graph<'a>, start: &'a Address) -> Vec<&'a Address> {
    let mut found = vec![start];
    let mut next = 0;
    while let Some(here) = found.get(next).copied() {
        next += 1;
        for (child, _) in graph.get(here).into_iter().flatten() {
            if !found.contains(child) {
                found.push(child);
            }
        }
    }
    found
}

/// Returns one way from an aggregate down to another.
fn way<'a>(graph: &Graph<'a>, from: &'a Address, to: &'a Address) -> Vec<&'a Address> {
    let mut ways = vec![vec![from]];
    let mut seen = BTreeSet::from([from]);
    while let Some(way) = ways.pop() {
        let here = way.last().expect("a way has a first step");
        if *here == to {
            return way;
        }
        for (child, _) in graph.get(here).into_iter().flatten() {
            if seen.insert(child) {
                ways.push(way.iter().copied().chain([*child]).collect());
            }
        }
    }
    vec![from, to]
}

fn names(path: &[&Address]) -> String {
    path.iter().map(|it| format!("`{}`", it.name())).collect::<Vec<_>>().join(" → ")
}
