//! What is sent for each change: methods, paths and bodies, with addresses in the place of ids.

use std::collections::{BTreeMap, BTreeSet};

use super::Made;
use crate::call::{Body, Call, Overlay, Segment, Verb};
use crate::change::{Action, Change, FieldChange, Path, To, Why};
use crate::kind::{self, Link, Sent};
use crate::state::{Address, Node, State};

/// Adds the calls of one change.
pub(super) fn of_change(
    index: usize,
    change: &Change,
    live: &State,
    planned: &State,
    made: &Made,
    out: &mut Vec<Call>,
) {
    let address = &change.object;
    let kind = kind::kind(address.kind());
    let said = change.fields.iter().find(|it| &*it.path.field == "type").and_then(|it| match &it.to {
        To::Value(node) => node.as_text(),
        To::Unset | To::Links { .. } => None,
    });
    let known = planned.get(address).or_else(|| live.get(address)).map(|it| it.text("type"));
    let object_type = known.or(said).or_else(|| kind::closer_type(address)).unwrap_or_default().to_owned();
    let route = |template: &str| path(template, address, &object_type);
    let call = |method, path, body, fields| Call {
        change: index,
        method,
        path,
        body,
        fields,
        is_part: kind.is_in_document(),
        creates: Vec::new(),
        after: Vec::new(),
    };
    let plain: Vec<&FieldChange> =
        change.fields.iter().filter(|it| !matches!(it.to, To::Links { .. })).collect();
    match change.action {
        Action::Create => {
            // What a new realm names is made in it, so it is named afterwards.
            let (later, plain): (Vec<&FieldChange>, Vec<&FieldChange>) =
                plain.into_iter().partition(|it| *address == kind::realm_address() && names_others(&it.to));
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
            let fields = plain.into_iter().cloned().collect();
            let (method, to) = match kind.routes.document {
                "" => (Verb::Post, kind.routes.collection),
                _ => (Verb::Put, kind.routes.own),
            };
            let mut create = call(method, route(to), body, fields);
            create.creates.push(address.clone());
            create.creates.extend(made.get(address).into_iter().flatten().cloned());
            out.push(create);
            if !later.is_empty() {
                let set = later.iter().map(|it| overlay(it)).collect();
                let body = Body::Overlay { address: address.clone(), set };
                let fields = later.into_iter().cloned().collect();
                out.push(call(Verb::Put, route(kind.routes.own), body, fields));
            }
        }
        Action::Update => {
            let (own, body): (Vec<&FieldChange>, Vec<&FieldChange>) = plain.into_iter().partition(|it| {
                kind.field(&it.path.field).is_some_and(|it| matches!(it.sent, Sent::CreateOnly))
            });
            // The server draws a new value with a switch: what is declared is sent after it.
            let draws = |it: &&FieldChange| {
                let switches = kind.field(&it.path.field).map_or(&[][..], |it| it.drawn_with);
                body.iter().any(|other| switches.iter().any(|(switch, _)| &*other.path.field == *switch))
            };
            let (drawn, body): (Vec<&FieldChange>, Vec<&FieldChange>) = body.iter().copied().partition(draws);
            // What allows something no longer goes last, after what it was needed for.
            let goes_off = |it: &&FieldChange| {
                kind.field(&it.path.field)
                    .is_some_and(|field| field.judges.goes_off(it.path.key.as_deref(), &it.to))
            };
            let (last, body): (Vec<&FieldChange>, Vec<&FieldChange>) =
                body.iter().copied().partition(goes_off);
            // Each is sent when its turn comes.
            let at_once = if kind.one_by_one { 1 } else { body.len().max(1) };
            // What does not change is sent along where the server wants it in every update.
            let along = |set: &[Overlay]| -> Vec<Overlay> {
                let always = kind.fields.iter().filter(|it| matches!(it.sent, Sent::Always));
                let missing = always.filter(|it| set.iter().all(|other| *other.path.field != *it.name));
                let there =
                    missing.filter_map(|it| Some((it.name, planned.get(address)?.get(it.name)?.clone())));
                there
                    .map(|(name, it)| Overlay {
                        path: Path::field(name),
                        from: Some(it.clone()),
                        to: Some(it),
                    })
                    .collect()
            };
            for body in body
                .chunks(at_once)
                .chain(drawn.chunks(drawn.len().max(1)))
                .chain(last.chunks(last.len().max(1)))
            {
                let mut set: Vec<Overlay> = body.iter().map(|it| overlay(it)).collect();
                set.extend(along(&set));
                let mut update = call(
                    if kind.routes.bare.is_empty() { Verb::Put } else { Verb::Post },
                    route(kind.routes.own),
                    Body::Overlay { address: address.clone(), set },
                    body.iter().copied().cloned().collect(),
                );
                update.creates.extend(made.get(address).into_iter().flatten().cloned());
                out.push(update);
            }
            for field in own {
                if let To::Value(node) = &field.to {
                    for credential in kind::passwords(node) {
                        let mut path = route(kind.routes.own);
                        path.push(Segment::Text("/reset-password".into()));
                        let fields = credential
                            .as_map()
                            .map(|it| it.iter().map(|(key, node)| (key.clone(), node.clone())).collect());
                        let body = Body::Fields(fields.unwrap_or_default());
                        out.push(call(Verb::Put, path, body, Vec::new()));
                    }
                }
            }
        }
        Action::Delete if !matches!(change.why, Why::Cascade(_)) => {
            out.push(call(Verb::Delete, route(kind.routes.own), Body::None, Vec::new()));
        }
        Action::Delete | Action::Adopt | Action::Forget => {}
    }
    for field in &change.fields {
        if let (To::Links { add, remove }, Some(link)) = (&field.to, kind.link(&field.path.field)) {
            for (method, targets) in [(Verb::Delete, remove), (Verb::Post, add)] {
                for (path, body, sent, these) in link_requests(link, &route(kind.routes.own), method, targets)
                {
                    let (add, remove) = if method == Verb::Post {
                        (these, BTreeSet::new())
                    } else {
                        (BTreeSet::new(), these)
                    };
                    let part = FieldChange { to: To::Links { add, remove }, ..field.clone() };
                    out.push(call(sent, path, body, vec![part]));
                }
            }
        }
    }
}

/// Returns whether a value names other objects.
pub fn names_others(to: &To) -> bool {
    let mut any = false;
    if let To::Value(node) = to {
        node.each_ref(&mut |_, _| any = true);
    }
    any
}

fn overlay(change: &FieldChange) -> Overlay {
    Overlay { path: change.path.clone(), from: change.from.clone(), to: value(&change.to) }
}

fn value(to: &To) -> Option<Node> {
    if let To::Value(node) = to { Some(node.clone()) } else { None }
}

/// Returns the requests that link these targets, or unlink them, each with those that it is about.
fn link_requests(
    link: Link,
    own: &[Segment],
    method: Verb,
    targets: &BTreeSet<Address>,
) -> Vec<(Vec<Segment>, Body, Verb, BTreeSet<Address>)> {
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
            vec![(path, Body::Roles(targets.iter().cloned().collect()), method, targets.clone())]
        }
        Link::Mappings(kind) => {
            let mut by_client: BTreeMap<Option<Address>, Vec<Address>> = BTreeMap::new();
            for target in targets {
                by_client.entry(target.parent()).or_default().push(target.clone());
            }
            by_client
                .into_iter()
                .map(|(client, roles)| {
                    let path = match client {
                        None => vec![Segment::Text(format!("/{kind}/realm"))],
                        Some(client) => {
                            vec![Segment::Text(format!("/{kind}/clients/")), Segment::Id(client)]
                        }
                    };
                    let these = roles.iter().cloned().collect();
                    (with(path), Body::Roles(roles), method, these)
                })
                .collect()
        }
        Link::Each(name) => targets
            .iter()
            .map(|target| {
                let path = with(vec![Segment::Text(format!("/{name}/")), Segment::Id(target.clone())]);
                let verb = if method == Verb::Post { Verb::Put } else { method };
                (path, Body::None, verb, BTreeSet::from([target.clone()]))
            })
            .collect(),
        Link::ById(name) | Link::ByName(name) => targets
            .iter()
            .map(|target| {
                let by_id = matches!(link, Link::ById(_));
                let named = kind::segment(target.name());
                let (path, body) = match method {
                    Verb::Post if by_id => {
                        (vec![Segment::Text(format!("/{name}"))], Body::Id(target.clone()))
                    }
                    Verb::Post => (vec![Segment::Text(format!("/{name}"))], Body::Name(target.clone())),
                    _ if by_id => {
                        (vec![Segment::Text(format!("/{name}/")), Segment::Id(target.clone())], Body::None)
                    }
                    _ => (vec![Segment::Text(format!("/{name}/{named}"))], Body::None),
                };
                (with(path), body, method, BTreeSet::from([target.clone()]))
            })
            .collect(),
    }
}

/// Fills a route of the table, whose placeholders [`kind::Routes`] explains.
pub fn path(template: &str, address: &Address, object_type: &str) -> Vec<Segment> {
    let routes = &kind::kind(address.kind()).routes;
    let is_top = !address.is_nested() && !routes.top.is_empty() && template == routes.collection;
    let template = if is_top { routes.top } else { template };
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
            "up" | "within" => {
                let is_it = |it: &Address| name == "up" || it.kind() != address.kind();
                let Some(parent) = address.ancestors().find(is_it) else {
                    // Directly under the realm: `{up}/roles` is `roles`.
                    rest = after.strip_prefix('/').unwrap_or(after);
                    continue;
                };
                for segment in path(kind::kind(parent.kind()).routes.own, &parent, "") {
                    match segment {
                        Segment::Text(it) => text(&mut out, &it),
                        id @ Segment::Id(_) => out.push(id),
                    }
                }
            }
            "id" => out.push(Segment::Id(address.clone())),
            "above" => {
                text(&mut out, &address.parent().map(|it| kind::segment(it.name())).unwrap_or_default());
            }
            "parent" => out.extend(address.parent().map(Segment::Id)),
            "name" => text(&mut out, &kind::segment(address.name())),
            "type" => text(&mut out, &kind::segment(object_type)),
            "path" => {
                let steps = address.steps().iter().filter(|it| it.kind == address.kind());
                let names: Vec<String> = steps.map(|it| kind::segment(&it.name)).collect();
                text(&mut out, &names.join("/"));
            }
            _ => {}
        }
        rest = after;
    }
    text(&mut out, rest);
    out
}
