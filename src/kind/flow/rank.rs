//! The numbers by which executions stand in order, where manifests only say the order.

use std::collections::BTreeMap;

use crate::kind::KINDS;
use crate::state::{Address, Is, Node, Object, State};

/// The distance between numbers, as the server's own flows have it.
const STEP: i64 = 10;

/// Gives every declared object whose place in a list says where it stands a number: the one that it has in Keycloak as long
/// as that is in order with the others.
pub fn rank(desired: &mut State, live: &State) {
    for kind in KINDS.iter().filter(|it| !it.ranked_by.is_empty()) {
        let mut lists: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
        for (address, object) in desired.objects.iter().filter(|it| it.0.kind() == kind.name) {
            let parent = address.parent().filter(|_| object.place.is_some());
            if let Some(parent) = parent {
                lists.entry(parent).or_default().push(address.clone());
            }
        }
        for (parent, mut list) in lists {
            list.sort_by_key(|it| desired.get(it).and_then(|it| it.place));
            let number = |state: &State, it: &Address| number(state.get(it)?, kind.ranked_by);
            let said: Vec<Option<i64>> = list.iter().map(|it| number(desired, it)).collect();
            let is: Vec<Option<(i64, usize)>> =
                list.iter().map(|it| Some((number(live, it)?, live.get(it)?.place.unwrap_or(0)))).collect();
            let here = live.under(&parent).filter(|it| it.0.kind() == kind.name);
            let all: Vec<i64> = here.filter_map(|it| self::number(it.1, kind.ranked_by)).collect();
            for (address, number) in list.iter().zip(numbers(&said, &is, &all)) {
                if let Some(object) = desired.objects.get_mut(address) {
                    let node = Node::new(object.at, Is::Number(number.to_string().into()));
                    object.fields.entry(kind.ranked_by.into()).or_insert(node);
                }
            }
        }
    }
}

fn number(object: &Object, field: &str) -> Option<i64> {
    object.get(field)?.scalar()?.parse().ok()
}

/// Returns the numbers of a list: those that are said, those in Keycloak (beside each the place there) as far as they are in
/// order, and between them others that none there (`all`) has.
fn numbers(said: &[Option<i64>], is: &[Option<(i64, usize)>], all: &[i64]) -> Vec<i64> {
    let mut out: Vec<Option<i64>> = said.to_vec();
    for index in in_order(said, is) {
        out[index] = out[index].or(is[index].map(|it| it.0));
    }
    let last = all.iter().chain(said.iter().flatten()).max().copied();
    for index in 0..out.len() {
        if out[index].is_some() {
            continue;
        }
        let before = out[..index].iter().rev().flatten().next().copied();
        let next = (index..out.len()).find_map(|it| out[it].map(|number| (number, it - index)));
        let number = match (before, next) {
            (_, None) => before.max(last).map_or(STEP, |it| it + STEP),
            (before, Some((next, count))) => {
                let free: Vec<i64> =
                    (before.unwrap_or(-1) + 1..next).filter(|it| !all.contains(it)).take(1000).collect();
                match before {
                    _ if free.len() >= count => free[free.len() / (count + 1)],
                    None => next - STEP * i64::try_from(count).unwrap_or(1),
                    // What follows moves up, but for what is said.
                    Some(before) => {
                        out[index..].copy_from_slice(&said[index..]);
                        before + STEP
                    }
                }
            }
        };
        out[index] = Some(number);
    }
    out.into_iter().flatten().collect()
}

/// Returns the most that may keep the numbers that they have in Keycloak: those that are in order there, with what is said.
fn in_order(said: &[Option<i64>], is: &[Option<(i64, usize)>]) -> Vec<usize> {
    let fits = |index: usize, number: i64| {
        let before = said[..index].iter().flatten().all(|it| *it < number);
        before && said[index..].iter().flatten().all(|it| number < *it)
    };
    let value = |index: usize| match said[index] {
        Some(number) => Some((number, 0)),
        None => is[index].filter(|it| fits(index, it.0)),
    };
    let mut best: Vec<Vec<usize>> = Vec::new();
    for index in 0..is.len() {
        let Some(here) = value(index) else {
            best.push(Vec::new());
            continue;
        };
        let follows = |run: &&Vec<usize>| run.last().and_then(|it| value(*it)).is_some_and(|it| it < here);
        let longest = best.iter().filter(follows).max_by_key(|it| it.len()).cloned().unwrap_or_default();
        best.push(longest.into_iter().chain([index]).collect());
    }
    // Of several the first, so that what moves goes to the end.
    best.into_iter().rev().max_by_key(Vec::len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_long_as_they_are_in_order() {
        let (a, some) = (|it: i64, place: usize| Some((it, place)), Some);
        for (said, is, all, expected) in [
            // New ones alone, and behind all that nobody mentions.
            (vec![None, None], vec![None, None], vec![], vec![10, 20]),
            (vec![None, None], vec![a(10, 0), None], vec![10, 35], vec![10, 45]),
            // In order already, however far apart, and with equal numbers in the order that is shown.
            (vec![None; 3], vec![a(10, 0), a(25, 1), a(26, 2)], vec![10, 25, 26], vec![10, 25, 26]),
            (vec![None; 2], vec![a(0, 0), a(0, 1)], vec![0, 0], vec![0, 0]),
            // One moves, the others stay.
            (vec![None; 3], vec![a(30, 2), a(10, 0), a(20, 1)], vec![10, 20, 30], vec![5, 10, 20]),
            (vec![None; 2], vec![a(20, 1), a(10, 0)], vec![10, 20], vec![20, 30]),
            // Between two, where there is room and nobody else.
            (vec![None; 3], vec![a(10, 0), None, a(20, 1)], vec![10, 20], vec![10, 15, 20]),
            (vec![None; 3], vec![a(10, 0), None, a(13, 2)], vec![10, 11, 13], vec![10, 12, 13]),
            (vec![None; 4], vec![a(0, 0), None, a(1, 1), a(2, 2)], vec![0, 1, 2], vec![0, 10, 20, 30]),
            // What is said is as said.
            (vec![some(5), None], vec![a(10, 0), a(20, 1)], vec![10, 20], vec![5, 20]),
            (vec![None, some(5)], vec![a(10, 0), a(20, 1)], vec![10, 20], vec![2, 5]),
            (vec![None; 2], vec![None, a(0, 0)], vec![0], vec![-10, 0]),
        ] {
            assert_eq!(numbers(&said, &is, &all), expected, "{said:?} {is:?}");
        }
    }
}
