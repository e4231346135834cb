//! Which executions in Keycloak are those of the manifests, and the numbers by which they stand in order, where manifests
//! only say the order.

use std::collections::BTreeMap;

use crate::kind::named::{numbered, unnumbered};
use crate::kind::{KINDS, Kind, kind, rank_of};
use crate::state::{Address, Is, Node, State};

/// The distance between numbers, as the server's own flows have it.
const STEP: i64 = 10;

/// Gives declared objects the names of those in Keycloak that they are: of several of one name it is the one with the same
/// configuration, or else the next one that is ours, or else the next one.
pub fn identify(desired: &mut State, live: &State, is_ours: &dyn Fn(&Address) -> bool) {
    for kind in KINDS.iter().filter(|it| it.is_ranked()) {
        let there = groups(live, kind);
        let mut names: Vec<(Address, Address)> = Vec::new();
        for (key, mut group) in groups(desired, kind) {
            let mut left = there.get(&key).cloned().unwrap_or_default();
            if group.len() < 2 && left.len() < 2 {
                continue;
            }
            group.sort_by_key(|it| desired.get(it).map(|it| (it.at.file, it.place)));
            left.sort_by_cached_key(|it| (!is_ours(it), live.get(it).and_then(|it| it.place)));
            let mut taken: Vec<Option<Address>> = vec![None; group.len()];
            for (address, taken) in group.iter().zip(&mut taken) {
                let label = shared_name(desired, address);
                let same = left.iter().position(|it| label.is_some() && shared_name(live, it) == label);
                *taken = same.map(|it| left.remove(it));
            }
            let rest = taken.iter_mut().filter(|it| it.is_none());
            rest.zip(left).for_each(|(taken, it)| *taken = Some(it));
            for (address, is) in group.iter().zip(taken.clone()) {
                let new = || {
                    let mut free = (1..).map(|it| sibling(address, &numbered(key.1.clone(), it)));
                    let is_taken = |it: &Address| {
                        live.contains(it)
                            || taken.iter().flatten().any(|other| other == it)
                            || names.iter().any(|other| other.1 == *it)
                    };
                    free.find(|it| !is_taken(it))
                };
                let is = is.or_else(new).unwrap_or_else(|| address.clone());
                names.push((address.clone(), is));
            }
        }
        rename(desired, &names);
    }
}

/// Those of a kind that have one name beside each other, but for their number.
type Groups = BTreeMap<(Option<Address>, String), Vec<Address>>;

fn groups(state: &State, kind: &Kind) -> Groups {
    let mut out = Groups::new();
    for address in state.objects.keys().filter(|it| it.kind() == kind.name) {
        let key = (address.parent(), unnumbered(address.name()).to_owned());
        out.entry(key).or_default().push(address.clone());
    }
    out
}

/// Returns what objects of a state are called once the server lists them, where that is another name.
pub fn listed_names(state: &State) -> BTreeMap<Address, Address> {
    let mut out = BTreeMap::new();
    for kind in KINDS.iter().filter(|it| it.is_ranked()) {
        for ((_, name), mut group) in groups(state, kind) {
            group.sort_by_key(|it| state.get(it).and_then(|object| rank_of(it, object)));
            for (nth, address) in (1..).zip(group) {
                let listed = sibling(&address, &numbered(name.clone(), nth));
                if listed != address {
                    out.insert(address, listed);
                }
            }
        }
    }
    out
}

/// Returns by what the server shares what stands under an object.
fn shared_name(state: &State, address: &Address) -> Option<String> {
    state.under(address).find_map(|(it, object)| object.get(kind(it.kind()).shared_by)?.scalar())
}

fn sibling(address: &Address, name: &str) -> Address {
    address.parent().map_or_else(|| Address::top(address.kind(), name), |it| it.child(address.kind(), name))
}

/// Renames all at once, with what stands under them: some may change places.
fn rename(state: &mut State, names: &[(Address, Address)]) {
    let mut moved = Vec::new();
    for (old, new) in names.iter().filter(|(old, new)| old != new) {
        let under: Vec<Address> = state.under(old).map(|it| it.0.clone()).collect();
        for address in under.into_iter().chain([old.clone()]) {
            moved.extend(state.objects.remove(&address).map(|it| (address.moved(old, new), it)));
        }
    }
    for (address, object) in moved {
        state.objects.insert(address, object);
    }
}

/// Gives every declared object whose place in a list says where it stands a number: the one that it has in Keycloak as long
/// as that is in order with the others.
pub fn rank(desired: &mut State, live: &State) {
    for kind in KINDS.iter().filter(|it| it.is_ranked()) {
        let mut lists: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
        for (address, object) in desired.objects.iter().filter(|it| it.0.kind() == kind.name) {
            let parent = address.parent().filter(|_| object.place.is_some());
            if let Some(parent) = parent {
                lists.entry(parent).or_default().push(address.clone());
            }
        }
        for (parent, mut list) in lists {
            // What several files say stands in the order of the files.
            list.sort_by_key(|it| desired.get(it).map(|it| (it.at.file, it.place)));
            let number = |state: &State, it: &Address| rank_of(it, state.get(it)?);
            let said: Vec<Option<i64>> = list.iter().map(|it| number(desired, it)).collect();
            let is: Vec<Option<(i64, usize)>> =
                list.iter().map(|it| Some((number(live, it)?, live.get(it)?.place.unwrap_or(0)))).collect();
            let here = live.under(&parent).filter(|it| it.0.kind() == kind.name);
            let all: Vec<i64> = here.filter_map(|it| rank_of(it.0, it.1)).collect();
            for (address, number) in list.iter().zip(numbers(&said, &is, &all)) {
                if let Some(object) = desired.objects.get_mut(address) {
                    let node = Node::new(object.at, Is::Number(number.to_string().into()));
                    object.fields.entry(kind.ranked_by.into()).or_insert(node);
                }
            }
        }
    }
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
