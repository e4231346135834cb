//! What a call waits for whatever it does to access: for what it names to be there, and for references to be
//! dropped before what they lead to goes.

use std::collections::{BTreeMap, BTreeSet};

use super::{grouped, ranked};
use crate::call::{Body, Call, Segment, Verb};
use crate::change::{Action, Change, FieldChange, To};
use crate::kind::{self, Judges, Referred};
use crate::state::{Address, Node, Object, State};

/// Sets what each call waits for.
pub(super) fn wait(calls: &mut [Call], changes: &[Change], live: &State, planned: &State) {
    let mut makers: BTreeMap<Address, usize> = BTreeMap::new();
    for (index, call) in calls.iter().enumerate() {
        for address in &call.creates {
            makers.entry(address.clone()).or_insert(index);
        }
    }
    let realm = makers.get(&kind::realm_address()).copied();
    // Updates with which the server makes or changes something: what stands beside that comes after them.
    let is_switch = |call: &Call| {
        let kind = kind::kind(changes[call.change].object.kind());
        !call.creates.is_empty() || call.fields.iter().any(|it| kind.is_switch(&it.path.field))
    };
    let switches: BTreeMap<&Address, usize> = (0..calls.len())
        .filter(|it| matches!(calls[*it].body, Body::Overlay { .. }) && is_switch(&calls[*it]))
        .map(|it| (&changes[calls[it].change].object, it))
        .collect();
    let updates: BTreeMap<&Address, usize> = (0..calls.len())
        .filter(|it| matches!(calls[*it].body, Body::Overlay { .. }))
        .map(|it| (&changes[calls[it].change].object, it))
        .collect();
    let of = |it: usize| changes[calls[it].change].object.kind();
    // Links, among them what new objects get.
    let links =
        grouped((0..calls.len()).filter(|it| matches!(calls[*it].body, Body::None)).map(|it| (of(it), it)));
    let deletes: BTreeMap<Address, usize> = calls
        .iter()
        .enumerate()
        .filter(|(_, it)| {
            it.method == Verb::Delete
                && matches!(it.body, Body::None)
                && changes[it.change].action == Action::Delete
        })
        .map(|(index, it)| (changes[it.change].object.clone(), index))
        .collect();
    let made_of = grouped(makers.iter().map(|(it, call)| (it.kind(), *call)));
    let gone_of = grouped(deletes.iter().map(|(it, call)| (it.kind(), *call)));
    let made = live.objects.values().filter_map(|it| Some((it.made_by.as_ref()?, it)));
    let comes_with: ComesWith<'_> = grouped(made);
    let judging: Vec<(usize, Judges, bool)> = calls.iter().enumerate().flat_map(judging(changes)).collect();
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); calls.len()];
    let mut among_deletes: Vec<(usize, usize)> = Vec::new();
    let admitted = admitted(calls, changes);
    let renames = renames(calls, changes);
    let mut removes: Vec<Vec<usize>> = vec![Vec::new(); changes.len()];
    for (index, call) in calls.iter().enumerate() {
        if matches!(link(call), Some((_, remove)) if !remove.is_empty()) {
            removes[call.change].push(index);
        }
    }
    for (index, call) in calls.iter().enumerate() {
        after[index].extend(realm.filter(|it| *it != index));
        // A resource that loses scopes takes them from permissions: what these then say comes after it.
        let own = &changes[call.change].object;
        after[index].extend(own.parent().and_then(|it| switches.get(&it).copied()));
        for rule in kind::kind(own.kind()).followers().filter(|_| call.method != Verb::Delete) {
            planned.get(own).and_then(|it| it.get(rule.follows)).into_iter().for_each(|it| {
                it.each_ref(&mut |it, _| after[index].extend(updates.get(it).copied()));
            });
        }
        // A new client or user gets the defaults that the realm has by then.
        if matches!(call.body, Body::Whole { .. }) && call.method == Verb::Post {
            let defaults_of = kind::kind(own.kind()).defaults_of;
            after[index].extend(defaults_of.iter().filter_map(|it| links.get(it)).flatten());
        }
        for needed in needs(call, &changes[call.change]) {
            after[index].extend(makers.get(&needed).copied().filter(|it| *it != index));
        }
        // What is known by its name is called otherwise before anything is written that says it.
        after[index].extend(said(call, own, live, &renames).filter(|it| **it != index));
        // The server judges an object by what another says when it is written.
        let is_judged = |it: &Judges| {
            link(call).is_none() && !matches!(call.body, Body::None) && it.kinds.contains(&own.kind())
        };
        // What links an object comes after it is made, and before it changes.
        let is_linked = |judge: usize| {
            link(&calls[judge]).is_none_or(|(add, remove)| {
                (add.contains(own) || remove.contains(own)) && !call.creates.contains(own)
            })
        };
        for (judge, _, goes_off) in judging.iter().filter(|it| is_judged(&it.1) && is_linked(it.0)) {
            if *goes_off {
                after[*judge].insert(index);
            } else {
                after[index].insert(*judge);
            }
        }
        // What its texts name is there before it is written, and goes after that.
        let names = kind::kind(own.kind()).names_in_texts;
        if !names.is_empty() && !matches!(call.body, Body::None) {
            after[index].extend(names.iter().filter_map(|it| made_of.get(it)).flatten());
            let goes = names.iter().filter_map(|it| gone_of.get(it)).flatten();
            among_deletes.extend(goes.map(|it| (*it, index)));
        }
        // What the server draws anew with a switch is sent after the switch.
        let is_drawn = |it: &FieldChange| {
            kind::kind(own.kind()).field(&it.path.field).is_some_and(|it| !it.drawn_with.is_empty())
        };
        if matches!(call.body, Body::Overlay { .. }) && call.fields.iter().any(is_drawn) {
            let switch = index.checked_sub(1).filter(|it| calls[*it].change == call.change);
            after[index].extend(switch);
        }
        // A link is added after others of its object were removed: a client scope changes sides.
        if matches!(link(call), Some((add, _)) if !add.is_empty()) {
            after[index].extend(&removes[call.change]);
        }
        // What may be linked here only where it is linked above is linked there first.
        if let (Some((add, _)), Some((above, field))) = (link(call), among(call, own)) {
            after[index].extend(add.iter().filter_map(|it| admitted.get(&(above.clone(), field, it))));
        }
        let dropped = dropped(call, &changes[call.change], live, &comes_with);
        for gone in dropped {
            let Some(delete) = deletes.get(&gone).filter(|it| **it != index) else { continue };
            if changes[call.change].action == Action::Delete {
                among_deletes.push((*delete, index));
            } else {
                after[*delete].insert(index);
            }
        }
    }
    ranked::line_up(calls, changes, live, planned, &mut after);
    // What goes may refer to each other: then one has to go first.
    for (delete, index) in among_deletes {
        if !waits_for(&after, index, delete) {
            after[delete].insert(index);
        }
    }
    for (call, after) in calls.iter_mut().zip(after) {
        call.after = after.into_iter().collect();
    }
}

/// Returns a function from a call to what it changes that others are judged by, and whether that allows something no
/// longer.
fn judging(changes: &[Change]) -> impl Fn((usize, &Call)) -> Vec<(usize, Judges, bool)> {
    |(index, call)| {
        let kind = kind::kind(changes[call.change].object.kind());
        let goes_off = |judges: Judges, it: &FieldChange| judges.goes_off(it.path.key.as_deref(), &it.to);
        // What goes is needed until the others are as they will be, and so is what allows something no longer.
        let is_last =
            |it: &FieldChange| kind.field(&it.path.field).is_some_and(|rule| goes_off(rule.judges, it));
        let goes = changes[call.change].action == Action::Delete
            || (!call.fields.is_empty() && call.fields.iter().all(is_last));
        let whole = Some((index, kind.judges, goes)).filter(|it| !it.1.kinds.is_empty());
        let is_told = matches!(call.body, Body::Overlay { .. }) || link(call).is_some();
        let fields = call.fields.iter().filter(|_| is_told);
        let judges = fields.filter_map(|it| Some((kind.field(&it.path.field)?.judges, it)));
        let judges = judges.filter(|(judges, _)| !judges.kinds.is_empty());
        let judges = judges.map(|(judges, it)| (index, judges, goes_off(judges, it)));
        whole.into_iter().chain(judges).collect()
    }
}

/// Where else a target has to be linked that a call links: the object, and its field.
fn among(call: &Call, own: &Address) -> Option<(Address, &'static str)> {
    let (of, field) = kind::kind(own.kind()).field(&call.fields.first()?.path.field)?.among?;
    Some((own.ancestor(of)?, field))
}

/// The calls that link a target in a field of an object, where others wait for that.
fn admitted<'c>(
    calls: &'c [Call],
    changes: &[Change],
) -> BTreeMap<(Address, &'static str, &'c Address), usize> {
    let places: BTreeSet<(Address, &'static str)> =
        calls.iter().filter_map(|it| among(it, &changes[it.change].object)).collect();
    let mut admitted = BTreeMap::new();
    for (index, call) in calls.iter().enumerate().filter(|_| !places.is_empty()) {
        let Some((add, _)) = link(call) else { continue };
        let object = &changes[call.change].object;
        let place =
            places.iter().find(|(of, field)| of == object && call.fields[0].path.field == (*field).into());
        let Some((of, field)) = place else { continue };
        admitted.extend(add.iter().map(|it| ((of.clone(), *field, it), index)));
    }
    admitted
}

/// The links that a call adds and removes, where it writes links.
fn link(call: &Call) -> Option<(&BTreeSet<Address>, &BTreeSet<Address>)> {
    match call.fields.first().map(|it| &it.to) {
        Some(To::Links { add, remove }) => Some((add, remove)),
        _ => None,
    }
}

/// The calls that rename what others name by its name, by the new one.
fn renames<'c>(calls: &[Call], changes: &'c [Change]) -> BTreeMap<&'c Address, usize> {
    let of = |it: &Call| &changes[it.change].object;
    let is_rename = |it: &Call| {
        let kind = kind::kind(of(it).kind());
        kind.referred == Referred::ByName && it.fields.iter().any(|it| *it.path.field == *kind.key)
    };
    let renames = calls.iter().enumerate().filter(|(_, it)| is_rename(it));
    renames.map(|(index, it)| (of(it), index)).collect()
}

/// Returns the renames of what a call says or stands under: a body that is read and written back says all that the object does.
fn said<'c>(
    call: &Call,
    own: &Address,
    live: &State,
    renames: &'c BTreeMap<&Address, usize>,
) -> impl Iterator<Item = &'c usize> {
    let mut said: BTreeSet<Address> = BTreeSet::new();
    if !renames.is_empty() {
        said.extend(own.ancestors());
        said.extend(named(&call.body));
        if let Some(object) = live.get(own).filter(|_| matches!(call.body, Body::Overlay { .. })) {
            object.each_ref(&mut |_, it, _| {
                said.insert(it.clone());
            });
        }
    }
    said.into_iter().filter_map(|it| renames.get(&it))
}

/// Whether a call comes after another, however many are between them.
pub(super) fn waits_for(after: &[BTreeSet<usize>], call: usize, other: usize) -> bool {
    let mut seen = BTreeSet::from([call]);
    let mut open = vec![call];
    while let Some(next) = open.pop() {
        if next == other {
            return true;
        }
        open.extend(after[next].iter().copied().filter(|it| seen.insert(*it)));
    }
    false
}

/// The objects that must exist before a call: those in its path, in its body, and its parents.
fn needs(call: &Call, change: &Change) -> BTreeSet<Address> {
    let mut needs: BTreeSet<Address> = BTreeSet::new();
    for segment in &call.path {
        if let Segment::Id(address) = segment {
            needs.insert(address.clone());
        }
    }
    needs.extend(change.object.parent());
    if !call.creates.contains(&change.object) {
        needs.insert(change.object.clone());
    }
    needs.extend(named(&call.body));
    needs
}

/// Returns what a body names.
pub(super) fn named(body: &Body) -> BTreeSet<Address> {
    let mut named = BTreeSet::new();
    let mut add = |node: &Node| {
        node.each_ref(&mut |it, _| {
            named.insert(it.clone());
        });
    };
    match body {
        Body::None | Body::Fields(_) => {}
        Body::Roles(roles) => named.extend(roles.iter().cloned()),
        Body::Id(target) | Body::Name(target) => drop(named.insert(target.clone())),
        Body::Whole { fields, .. } => fields.iter().for_each(|(_, node)| add(node)),
        Body::Overlay { set, .. } => set.iter().filter_map(|it| it.to.as_ref()).for_each(add),
    }
    named
}

/// What the server made with another object.
type ComesWith<'a> = BTreeMap<&'a Address, Vec<&'a Object>>;

/// The objects that a call no longer refers to once it is answered.
fn dropped(call: &Call, change: &Change, live: &State, comes_with: &ComesWith<'_>) -> BTreeSet<Address> {
    let mut dropped = BTreeSet::new();
    match &call.body {
        Body::Overlay { set, .. } => {
            for overlay in set {
                if let Some(from) = &overlay.from {
                    from.each_ref(&mut |it, _| {
                        dropped.insert(it.clone());
                    });
                }
            }
        }
        Body::None if change.action == Action::Delete => {
            // With an object goes what stands under it and what the server made with it.
            let under = live.under(&change.object).map(|it| it.1);
            let with = comes_with.get(&change.object).into_iter().flatten().copied();
            for object in live.get(&change.object).into_iter().chain(under).chain(with) {
                object.each_ref(&mut |_, it, _| {
                    dropped.insert(it.clone());
                });
            }
        }
        Body::None | Body::Roles(_) | Body::Id(_) | Body::Name(_) | Body::Whole { .. } | Body::Fields(_) => {}
    }
    dropped.extend(link(call).into_iter().flat_map(|it| it.1).cloned());
    dropped.remove(&change.object);
    dropped
}
