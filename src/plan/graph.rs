//! From changes to calls, and which call must wait for which.
//!
//! Order between kinds is written nowhere: a call that needs an object comes after the one that makes it; a
//! delete comes after every call that drops a reference to what goes.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::{Access, Body, Call, Method, Overlay, Segment};
use crate::change::{Action, Change, FieldChange, To, Why};
use crate::kind::{self, CLIENT, GROUP, Link, PERMISSION, RESOURCE, ROLE, Sent, USER};
use crate::state::{Address, Node, Object, State};

/// Calls that wait for each other; a broken invariant of the plan, shown with its objects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these changes wait for each other: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
pub struct Cycle(pub Vec<Address>);

/// Returns the calls of these changes in an order that respects what each waits for.
pub fn calls(live: &State, planned: &State, changes: &[Change]) -> Result<Vec<Call>, Cycle> {
    let mut calls = Vec::new();
    let made = made_with(live, planned);
    for (index, change) in changes.iter().enumerate() {
        of_change(index, change, live, planned, &made, &mut calls);
    }
    wait(&mut calls, changes, live, planned);
    sort(calls, changes)
}

fn of_change(index: usize, change: &Change, live: &State, planned: &State, made: &Made, out: &mut Vec<Call>) {
    let address = &change.object;
    let kind = kind::kind(address.kind());
    let object_type = planned
        .get(address)
        .or_else(|| live.get(address))
        .map(|it| it.text("type").to_owned())
        .unwrap_or_default();
    let route = |template: &str| path(template, address, &object_type);
    let call = |method, path, body, access| Call {
        change: index,
        method,
        path,
        body,
        creates: Vec::new(),
        after: Vec::new(),
        access,
    };
    let plain: Vec<&FieldChange> =
        change.fields.iter().filter(|it| !matches!(it.to, To::Links { .. })).collect();
    match change.action {
        Action::Create => {
            let fields = plain
                .iter()
                .filter_map(|it| {
                    if let To::Value(node) = &it.to {
                        Some((it.path.field.clone(), node.clone()))
                    } else {
                        None
                    }
                })
                .collect();
            let body = Body::Whole { address: address.clone(), fields };
            let mut create = call(Method::Post, route(kind.routes.collection), body, Access::Same);
            create.creates.push(address.clone());
            create.creates.extend(made.get(address).into_iter().flatten().cloned());
            out.push(create);
        }
        Action::Update => {
            let (own, body): (Vec<&FieldChange>, Vec<&FieldChange>) = plain.into_iter().partition(|it| {
                kind.field(&it.path.field).is_some_and(|it| matches!(it.sent, Sent::CreateOnly))
            });
            if !body.is_empty() {
                let set = body
                    .iter()
                    .map(|it| Overlay { path: it.path.clone(), from: it.from.clone(), to: value(&it.to) })
                    .collect();
                let access = if body.iter().any(|it| it.path.field.as_ref() == "enabled") {
                    Access::Closes
                } else {
                    Access::Same
                };
                let mut update = call(
                    Method::Put,
                    route(kind.routes.own),
                    Body::Overlay { address: address.clone(), set },
                    access,
                );
                update.creates.extend(made.get(address).into_iter().flatten().cloned());
                out.push(update);
            }
            for field in own {
                if let To::Value(node) = &field.to {
                    for credential in node.items() {
                        let mut path = route(kind.routes.own);
                        path.push(Segment::Text("/reset-password".into()));
                        let fields = credential
                            .as_map()
                            .map(|it| it.iter().map(|(key, node)| (key.clone(), node.clone())).collect());
                        out.push(call(
                            Method::Put,
                            path,
                            Body::Fields(fields.unwrap_or_default()),
                            Access::Same,
                        ));
                    }
                }
            }
        }
        Action::Delete if !matches!(change.why, Why::Cascade(_)) => {
            let access = if matches!(address.kind(), USER | CLIENT | ROLE | GROUP) {
                Access::Closes
            } else {
                Access::Same
            };
            out.push(call(Method::Delete, route(kind.routes.own), Body::None, access));
        }
        Action::Delete | Action::Adopt | Action::Forget => {}
    }
    for field in &change.fields {
        if let (To::Links { add, remove }, Some(link)) = (&field.to, kind.link(&field.path.field)) {
            for (method, targets, access) in
                [(Method::Delete, remove, Access::Closes), (Method::Post, add, Access::Opens)]
            {
                for (path, body, method) in link_requests(link, &route(kind.routes.own), method, targets) {
                    out.push(call(method, path, body, access));
                }
            }
        }
    }
}

fn value(to: &To) -> Option<Node> {
    if let To::Value(node) = to { Some(node.clone()) } else { None }
}

/// What the server makes with which object, and live lacks.
type Made = BTreeMap<Address, Vec<Address>>;

fn made_with(live: &State, planned: &State) -> Made {
    let mut made = Made::new();
    for (address, object) in planned.objects.iter().filter(|(it, _)| !live.contains(it)) {
        if let Some(by) = &object.made_by {
            made.entry(by.clone()).or_default().push(address.clone());
        }
    }
    made
}

fn link_requests(
    link: Link,
    own: &[Segment],
    method: Method,
    targets: &BTreeSet<Address>,
) -> Vec<(Vec<Segment>, Body, Method)> {
    let with = |mut more: Vec<Segment>| {
        // The realm's own path is empty, and a path begins with no slash.
        if let (true, Some(Segment::Text(first))) = (own.is_empty(), more.first_mut()) {
            *first = first.trim_start_matches('/').to_owned();
        }
        own.iter().cloned().chain(more).collect::<Vec<_>>()
    };
    if targets.is_empty() {
        return Vec::new();
    }
    match link {
        Link::Composites => {
            let path = with(vec![Segment::Text("/composites".into())]);
            vec![(path, Body::Roles(targets.iter().cloned().collect()), method)]
        }
        Link::Mappings(kind) => {
            let mut by_client: BTreeMap<Option<Address>, Vec<Address>> = BTreeMap::new();
            for target in targets {
                by_client.entry(target.parent()).or_default().push(target.clone());
            }
            by_client
                .into_iter()
                .map(|(client, roles)| {
                    let path = match client.filter(|it| it.kind() == CLIENT) {
                        None => vec![Segment::Text(format!("/{kind}/realm"))],
                        Some(client) => {
                            vec![Segment::Text(format!("/{kind}/clients/")), Segment::Id(client)]
                        }
                    };
                    (with(path), Body::Roles(roles), method)
                })
                .collect()
        }
        Link::Each(name) => targets
            .iter()
            .map(|target| {
                let path = with(vec![Segment::Text(format!("/{name}/")), Segment::Id(target.clone())]);
                (path, Body::None, if method == Method::Post { Method::Put } else { method })
            })
            .collect(),
    }
}

/// Fills a route: `{up}` the parent's own path, `{id}`, `{name}`, `{path}` and `{type}` the object's.
pub fn path(template: &str, address: &Address, object_type: &str) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::new();
    let text = |out: &mut Vec<Segment>, it: &str| match out.last_mut() {
        Some(Segment::Text(last)) => last.push_str(it),
        _ if it.is_empty() => {}
        _ => out.push(Segment::Text(it.to_owned())),
    };
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text(&mut out, before);
        let Some((name, after)) = after.split_once('}') else { break };
        match name {
            "up" => match address.parent() {
                Some(parent) => {
                    for segment in path(kind::kind(parent.kind()).routes.own, &parent, "") {
                        match segment {
                            Segment::Text(it) => text(&mut out, &it),
                            id @ Segment::Id(_) => out.push(id),
                        }
                    }
                }
                // Directly under the realm: `{up}/roles` is `roles`, `{up}/children` is `groups`.
                None if address.kind() == GROUP => {
                    text(&mut out, "groups");
                    return out;
                }
                None => {
                    rest = after.strip_prefix('/').unwrap_or(after);
                    continue;
                }
            },
            "id" => out.push(Segment::Id(address.clone())),
            "name" => text(&mut out, &kind::segment(address.name())),
            "type" => text(&mut out, &kind::segment(object_type)),
            "path" => {
                let names: Vec<String> = address.steps().iter().map(|it| kind::segment(&it.name)).collect();
                text(&mut out, &names.join("/"));
            }
            _ => {}
        }
        rest = after;
    }
    text(&mut out, rest);
    out
}

/// Sets what each call waits for.
fn wait(calls: &mut [Call], changes: &[Change], live: &State, planned: &State) {
    let mut makers: BTreeMap<Address, usize> = BTreeMap::new();
    for (index, call) in calls.iter().enumerate() {
        for address in &call.creates {
            makers.entry(address.clone()).or_insert(index);
        }
    }
    let realm = makers.get(&kind::realm_address()).copied();
    // Updates with which the server makes something: what stands beside that comes after them.
    let switches: BTreeMap<&Address, usize> = (0..calls.len())
        .filter(|it| matches!(calls[*it].body, Body::Overlay { .. }) && !calls[*it].creates.is_empty())
        .map(|it| (&changes[calls[it].change].object, it))
        .collect();
    let resources: BTreeMap<&Address, usize> = (0..calls.len())
        .filter(|it| matches!(calls[*it].body, Body::Overlay { .. }))
        .map(|it| (&changes[calls[it].change].object, it))
        .filter(|(address, _)| address.kind() == RESOURCE)
        .collect();
    let defaults: Vec<usize> = (0..calls.len())
        .filter(|it| {
            changes[calls[*it].change].object.kind() == kind::REALM && matches!(calls[*it].body, Body::None)
        })
        .collect();
    let deletes: BTreeMap<Address, usize> = calls
        .iter()
        .enumerate()
        .filter(|(_, it)| {
            it.method == Method::Delete
                && matches!(it.body, Body::None)
                && changes[it.change].action == Action::Delete
        })
        .map(|(index, it)| (changes[it.change].object.clone(), index))
        .collect();
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); calls.len()];
    let mut among_deletes: Vec<(usize, usize)> = Vec::new();
    let mut removes: Vec<Vec<usize>> = vec![Vec::new(); changes.len()];
    for (index, call) in calls.iter().enumerate() {
        if call.access == Access::Closes && call.method == Method::Delete {
            removes[call.change].push(index);
        }
    }
    for (index, call) in calls.iter().enumerate() {
        after[index].extend(realm.filter(|it| *it != index));
        // A resource that loses scopes takes them from permissions: what these then say comes after it.
        let own = &changes[call.change].object;
        after[index].extend(own.parent().and_then(|it| switches.get(&it).copied()));
        if own.kind() == PERMISSION && call.method != Method::Delete {
            planned.get(own).into_iter().for_each(|it| {
                it.each_ref(&mut |_, it, _| after[index].extend(resources.get(it).copied()));
            });
        }
        // A new client or user gets the defaults that the realm has by then.
        if matches!(call.body, Body::Whole { .. })
            && call.method == Method::Post
            && matches!(changes[call.change].object.kind(), CLIENT | USER)
        {
            after[index].extend(defaults.iter().copied());
        }
        for needed in needs(call, &changes[call.change]) {
            after[index].extend(makers.get(&needed).copied().filter(|it| *it != index));
        }
        // A link is added after others of its object were removed: closing goes before opening, and a
        // client scope changes sides.
        if call.access == Access::Opens {
            after[index].extend(&removes[call.change]);
        }
        let dropped = dropped(call, &changes[call.change], live);
        for gone in dropped {
            let Some(delete) = deletes.get(&gone).filter(|it| **it != index) else { continue };
            if changes[call.change].action == Action::Delete {
                among_deletes.push((*delete, index));
            } else {
                after[*delete].insert(index);
            }
        }
    }
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

/// Whether a call comes after another, however many are between them.
fn waits_for(after: &[BTreeSet<usize>], call: usize, other: usize) -> bool {
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
    match &call.body {
        Body::None | Body::Fields(_) => {}
        Body::Roles(roles) => needs.extend(roles.iter().cloned()),
        Body::Whole { fields, .. } => fields.iter().for_each(|(_, node)| {
            node.each_ref(&mut |it, _| {
                needs.insert(it.clone());
            });
        }),
        Body::Overlay { set, .. } => set.iter().filter_map(|it| it.to.as_ref()).for_each(|node| {
            node.each_ref(&mut |it, _| {
                needs.insert(it.clone());
            });
        }),
    }
    needs
}

/// The objects that a call no longer refers to once it is answered.
fn dropped(call: &Call, change: &Change, live: &State) -> BTreeSet<Address> {
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
        Body::Roles(roles) if call.method == Method::Delete => dropped.extend(roles.iter().cloned()),
        Body::None if change.action == Action::Delete => {
            // With an object goes what stands under it and what the server made with it.
            let gone = |it: &Address, object: &Object| {
                *it == change.object
                    || it.is_under(&change.object)
                    || object.made_by.as_ref() == Some(&change.object)
            };
            for (_, object) in live.objects.iter().filter(|(it, object)| gone(it, object)) {
                object.each_ref(&mut |_, it, _| {
                    dropped.insert(it.clone());
                });
            }
        }
        Body::None => {
            if let Some(Segment::Id(target)) = call.path.last() {
                dropped.insert(target.clone());
            }
        }
        Body::Roles(_) | Body::Whole { .. } | Body::Fields(_) => {}
    }
    dropped.remove(&change.object);
    dropped
}

/// Kahn's algorithm over the calls; among the ready ones, closing first, then as planned.
fn sort(calls: Vec<Call>, changes: &[Change]) -> Result<Vec<Call>, Cycle> {
    let mut waits: Vec<usize> = calls.iter().map(|it| it.after.len()).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); calls.len()];
    for (index, call) in calls.iter().enumerate() {
        call.after.iter().for_each(|it| followers[*it].push(index));
    }
    let mut ready: BTreeSet<(Access, usize)> =
        (0..calls.len()).filter(|it| waits[*it] == 0).map(|it| (calls[it].access, it)).collect();
    let mut order = Vec::with_capacity(calls.len());
    let mut position = vec![0; calls.len()];
    while let Some((_, next)) = ready.pop_first() {
        position[next] = order.len();
        order.push(next);
        for follower in &followers[next] {
            waits[*follower] -= 1;
            if waits[*follower] == 0 {
                ready.insert((calls[*follower].access, *follower));
            }
        }
    }
    if order.len() < calls.len() {
        let stuck =
            (0..calls.len()).filter(|it| waits[*it] > 0).map(|it| changes[calls[it].change].object.clone());
        return Err(Cycle(stuck.collect::<BTreeSet<_>>().into_iter().collect()));
    }
    let mut calls: Vec<Option<Call>> = calls.into_iter().map(Some).collect();
    let sorted = order.into_iter().filter_map(|it| calls[it].take());
    Ok(sorted
        .map(|mut call| {
            call.after = call.after.iter().map(|it| position[*it]).collect();
            call
        })
        .collect())
}
