//! One call as requests: its path with ids, its body with the text of secrets, and what to do when no answer
//! comes.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::ids::{find, id, url};
use super::{Answered, CallError, Ids, Run};
use crate::call::{Body, Call, Overlay, Verb};
use crate::change::Action;
use crate::diff::same_field;
use crate::keycloak::{Error, ErrorKind, Method, Request};
use crate::kind::{self, Field, Kind, Referred, SaysParent, Type, Unset};
use crate::plan;
use crate::state::{Address, Is, Node, Object, SecretRef};
use crate::text::{At, tree_of_json};

/// Gives the text of a secret that was resolved before the run.
pub type Reveal<'a> = dyn Fn(&SecretRef) -> String + Sync + 'a;

type SharedIds = tokio::sync::Mutex<Ids>;

/// Where realms are made.
const REALMS: &str = "realms";

/// Sends one call and waits for its answer.
pub(super) async fn send(run: &Run<'_>, call: &Call, ids: &SharedIds) -> Result<Answered, CallError> {
    let change = &run.changes[call.change];
    // What is made at the realm's own path is the realm, and stands in the list of all.
    let path = if call.path.is_empty() && matches!(call.body, Body::Whole { .. }) {
        REALMS.to_owned()
    } else {
        match url(run.keycloak, run.realm, &call.path, ids).await {
            // Gone already, with something else: with the last resource of a permission goes the permission.
            Err(CallError::NoSuchObject { address })
                if call.method == Verb::Delete
                    && change.action == Action::Delete
                    && address == change.object =>
            {
                return Ok(Answered::AlreadyDone);
            }
            path => path?,
        }
    };
    match &call.body {
        Body::Whole { address, fields } => create(run, address, fields, path, ids).await,
        Body::Overlay { address, set } => {
            overlay(run, address, &settled(run, address, set, ids).await?, path, ids).await
        }
        Body::Roles(roles) => {
            let mut list = Vec::new();
            for role in roles {
                list.push(
                    json!({ "id": id(run.keycloak, run.realm, role, ids).await?, "name": role.name() }),
                );
            }
            repeatable(run, call.method, path, Some(Value::Array(list))).await
        }
        Body::Fields(fields) => {
            let body: Map<String, Value> =
                fields.iter().map(|(name, node)| (name.to_string(), kind::value(node, run.reveal))).collect();
            repeatable(run, call.method, path, Some(Value::Object(body))).await
        }
        Body::Id(target) => {
            let id = id(run.keycloak, run.realm, target, ids).await?;
            linked(repeatable(run, call.method, path, Some(Value::String(id))).await)
        }
        Body::Name(target) => {
            let name = Value::String(target.name().to_owned());
            linked(repeatable(run, call.method, path, Some(name)).await)
        }
        Body::None if call.method == Verb::Put => linked(repeatable(run, call.method, path, None).await),
        Body::None => repeatable(run, call.method, path, None).await,
    }
}

/// What is linked already was linked by somebody else, or by the try before.
fn linked(answer: Result<Answered, CallError>) -> Result<Answered, CallError> {
    match answer {
        Err(CallError::Keycloak(error)) if error.kind() == ErrorKind::Conflict => Ok(Answered::AlreadyDone),
        answer => answer,
    }
}

/// A request that may be sent twice: links, deletes, passwords.
async fn repeatable(
    run: &Run<'_>,
    method: Verb,
    path: String,
    body: Option<Value>,
) -> Result<Answered, CallError> {
    let method = match method {
        Verb::Post => Method::Post,
        Verb::Put => Method::Put,
        Verb::Delete => Method::Delete,
    };
    let request = Request { method, path, body };
    let mut answer = run.keycloak.send(&request).await;
    let mut was_repeated = false;
    for pause in PAUSES {
        if !answer.as_ref().is_err_and(is_passing) {
            break;
        }
        tokio::time::sleep(pause).await;
        answer = run.keycloak.send(&request).await;
        was_repeated = true;
    }
    match answer {
        Ok(_) => Ok(Answered::Done),
        // Gone already: with something else, by somebody else, or by the try before.
        Err(error) if error.kind() == ErrorKind::NotFound && method == Method::Delete => {
            Ok(if was_repeated { Answered::Done } else { Answered::AlreadyDone })
        }
        Err(error) => Err(error.into()),
    }
}

/// Between tries of what may be sent again.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// No answer, or a failure such as the database has when two requests meet on one row: it may be gone the next time.
fn is_passing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Lost | ErrorKind::Server { .. })
}

async fn create(
    run: &Run<'_>,
    address: &Address,
    fields: &[(Box<str>, Node)],
    path: String,
    ids: &SharedIds,
) -> Result<Answered, CallError> {
    let kind = kind::kind(address.kind());
    let mut body = new_body(run, address, fields, ids).await?;
    let makes_realm = path == REALMS;
    if makes_realm {
        body.insert("realm".to_owned(), Value::String(run.realm.to_owned()));
    }
    match (kind.says_parent, address.parent()) {
        (SaysParent::ByName(field), Some(parent)) => {
            body.insert(field.to_owned(), Value::String(parent.name().to_owned()));
        }
        (SaysParent::ById(field), Some(parent)) => {
            let id = id(run.keycloak, run.realm, &parent, ids).await?;
            body.insert(field.to_owned(), Value::String(id));
        }
        (SaysParent::Nowhere, _) | (_, None) => {}
    }
    let rest = kind.routes.made_of_parts(address, &mut body);
    let request = Request { method: Method::Post, path, body: Some(kind.routes.to_body(body)) };
    post(run, address, request, makes_realm, ids).await?;
    if let Some(rest) = rest {
        let own = plan::path(kind.routes.own, address, "");
        let path = url(run.keycloak, run.realm, &own, ids).await?;
        let mut whole = run.keycloak.get(&path).await?.body.unwrap_or_default();
        if let Value::Object(whole) = &mut whole {
            whole.extend(rest);
        }
        repeatable(run, Verb::Put, path, Some(whole)).await?;
    }
    Ok(Answered::Done)
}

/// Sends a new object, so that it is there once, whatever becomes of the answer, and learns its id.
async fn post(
    run: &Run<'_>,
    address: &Address,
    request: Request,
    makes_realm: bool,
    ids: &SharedIds,
) -> Result<(), CallError> {
    let kind = kind::kind(address.kind());
    let mut answer = run.keycloak.send(&request).await;
    if answer.as_ref().is_err_and(is_passing) {
        // Nobody knows whether it arrived: look, and send again only what is certainly not there.
        match look(run, address, ids).await {
            Ok(true) => return Ok(()),
            Ok(false) => answer = run.keycloak.send(&request).await,
            Err(_) => {}
        }
        // In conflict with itself, when the first one arrived late.
        let may_be_there = |it: &Error| matches!(it.kind(), ErrorKind::Lost | ErrorKind::Conflict);
        if answer.as_ref().is_err_and(may_be_there) && look(run, address, ids).await.is_ok_and(|it| it) {
            return Ok(());
        }
    }
    // Of two realms that are made at once, whatever their names, Keycloak may refuse one: 400 or 409, and it is not there.
    let collided = |it: &Error| matches!(it.kind(), ErrorKind::Conflict | ErrorKind::Refused { status: 400 });
    for pause in [200, 500, 1000] {
        let again = makes_realm
            && answer.as_ref().is_err_and(collided)
            && look(run, address, ids).await.is_ok_and(|it| !it);
        if !again {
            break;
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
        answer = run.keycloak.send(&request).await;
    }
    let answer = match answer {
        // What has two names may be in conflict by the other one, with somebody else.
        Err(error @ Error::Conflict { .. })
            if (kind.also_named_by.is_empty() || error.to_string().contains(kind.key))
                && look(run, address, ids).await.is_ok_and(|it| !it) =>
        {
            return Err(run.exists(address, error).await);
        }
        answer => answer?,
    };
    ids.lock().await.learn_created(address, &answer);
    Ok(())
}

/// Returns the body of a new object, with its name and every field that travels in one.
pub(super) async fn new_body(
    run: &Run<'_>,
    address: &Address,
    fields: &[(Box<str>, Node)],
    ids: &SharedIds,
) -> Result<Map<String, Value>, CallError> {
    let mut object = Object::new(At::SERVER);
    object.fields = fields.iter().cloned().collect();
    let name = kind::own_name(address, &object).to_owned();
    let kind = kind::kind(address.kind());
    for (field, node) in &mut object.fields {
        by_id(run, kind.field(field), node, ids).await?;
    }
    let mut body = kind::body(kind, &name, &object, run.reveal);
    for rule in kind.fields.iter().filter(|it| !it.by_id.is_empty()) {
        let id = body.remove(rule.name);
        let switch = id.as_ref().map(|_| rule.with_id).filter(|it| !it.is_empty());
        body.extend(switch.map(|it| (it.to_owned(), Value::Bool(true))));
        body.extend(id.map(|it| (rule.by_id.to_owned(), it)));
    }
    Ok(body)
}

/// Returns what an update sets, with ids where Keycloak wants them.
pub(super) async fn settled(
    run: &Run<'_>,
    address: &Address,
    set: &[Overlay],
    ids: &SharedIds,
) -> Result<Vec<Overlay>, CallError> {
    let kind = kind::kind(address.kind());
    let mut set = set.to_vec();
    for overlay in &mut set {
        if let Some(node) = &mut overlay.to {
            by_id(run, kind.field(&overlay.path.field), node, ids).await?;
        }
    }
    Ok(set)
}

/// Refers by id to what Keycloak does not find by the name that it has here.
async fn by_id(
    run: &Run<'_>,
    rule: Option<&Field>,
    node: &mut Node,
    ids: &SharedIds,
) -> Result<(), CallError> {
    let takes_ids = rule.is_some_and(|it| !it.by_id.is_empty());
    let mut targets = Vec::new();
    node.each_ref(&mut |it, _| targets.push(it.clone()));
    for target in targets {
        let needs_id = match kind::kind(target.kind()).referred {
            _ if takes_ids => true,
            Referred::ById => true,
            Referred::ByNameWithoutSlash => target.steps().iter().any(|it| it.name.contains('/')),
            Referred::ByKnownId => ids.lock().await.get(&target).is_some(),
            Referred::ByName => false,
        };
        if needs_id {
            let text = id(run.keycloak, run.realm, &target, ids).await?;
            replace(node, &target, &text);
        }
    }
    Ok(())
}

fn replace(node: &mut Node, target: &Address, id: &str) {
    match &mut node.is {
        Is::Ref(it) if it == target => node.is = Is::Text(id.into()),
        Is::List(items) | Is::Sequence(items) => items.iter_mut().for_each(|it| replace(it, target, id)),
        Is::Map(map) => {
            // A path stays a path whatever stands there: ids have a key of their own.
            if map.get("path").is_some_and(|it| it.as_ref() == Some(target)) {
                map.remove("path");
                map.insert("id".into(), Node::text(node.at, id));
            }
            for it in map.values_mut() {
                replace(it, target, id);
            }
        }
        Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) | Is::Ref(_) | Is::Secret(_) | Is::Hidden(_) => {
        }
    }
}

/// Looks whether an object is there, and learns its id.
async fn look(run: &Run<'_>, address: &Address, ids: &SharedIds) -> Result<bool, CallError> {
    let found = find(run.keycloak, run.realm, address, ids).await?;
    let is_there = found.is_some();
    if let Some(id) = found {
        ids.lock().await.learn(address.clone(), id);
    }
    Ok(is_there)
}

/// GET, lay the wished fields over what came, PUT the whole: nothing that nobody mentioned is lost.
async fn overlay(
    run: &Run<'_>,
    address: &Address,
    set: &[Overlay],
    path: String,
    ids: &SharedIds,
) -> Result<Answered, CallError> {
    let Some(Value::Object(mut body)) = stored(run, address, &path, ids).await? else {
        return Err(CallError::NoSuchObject { address: address.clone() });
    };
    if !lay_over(run, address, set, &mut body)? {
        return Ok(Answered::AlreadyDone);
    }
    let routes = &kind::kind(address.kind()).routes;
    if !routes.bare.is_empty() {
        let mut keys = routes.to_body(body);
        if let Value::Object(keys) = &mut keys {
            keys.retain(|key, _| set.iter().any(|it| it.path.key.as_ref().is_none_or(|it| **it == **key)));
        }
        return repeatable(run, Verb::Post, path, Some(keys)).await;
    }
    if !routes.put_takes.is_empty() {
        body.retain(|name, _| routes.put_takes.contains(&&**name));
    }
    let path = match routes.put {
        "" => path,
        put => url(run.keycloak, run.realm, &plan::path(put, address, ""), ids).await?,
    };
    if routes.is_remade {
        repeatable(run, Verb::Delete, path, None).await?;
        let collection = plan::path(routes.collection, address, "");
        let path = url(run.keycloak, run.realm, &collection, ids).await?;
        return repeatable(run, Verb::Post, path, Some(Value::Object(body))).await;
    }
    let request = Request { method: Method::Put, path, body: Some(Value::Object(body)) };
    run.keycloak.send(&request).await?;
    Ok(Answered::Done)
}

/// Lays the wished fields over an object as it was read. Returns whether that changes it.
pub(super) fn lay_over(
    run: &Run<'_>,
    address: &Address,
    set: &[Overlay],
    body: &mut Map<String, Value>,
) -> Result<bool, CallError> {
    let kind = kind::kind(address.kind());
    let mut said = body.clone();
    // An id may stand in the place of what names it.
    if kind.is_ranked() {
        said.insert(kind.else_named_by.to_owned(), json!(address.name()));
    }
    let now =
        kind::lift_object(kind, &tree_of_json(&Value::Object(said)), address.parent().as_ref()).into_live();
    // What is renamed still has its old name.
    let name = body.get(kind.key).and_then(Value::as_str).map(|it| Node::text(At::SERVER, it));
    let is_renamed = set.iter().any(|it| *it.path.field == *kind.key);
    let now = now.get(address).or_else(|| now.objects.values().next().filter(|_| is_renamed));
    let mut is_new = false;
    let (along, changes): (Vec<&Overlay>, Vec<&Overlay>) = set.iter().partition(|it| it.from == it.to);
    for overlay in changes {
        let is_name = *overlay.path.field == *kind.key;
        let there = now.and_then(|it| it.get(&overlay.path.field));
        let there = if is_name { name.as_ref() } else { there };
        let there = overlay.path.key.as_ref().map_or(there, |key| there.and_then(|it| it.get(key)));
        // References come back as ids here; that they did not move was seen when the run read everything.
        let is_plain = |node: &Node| {
            let mut plain = !matches!(node.is, Is::Hidden(_) | Is::Secret(_));
            node.each_ref(&mut |_, _| plain = false);
            plain
        };
        let wished = overlay.to.clone().unwrap_or_else(|| Node::new(At::SERVER, Is::Null));
        let comparable = is_plain(&wished) && overlay.from.as_ref().is_none_or(is_plain);
        let field = &*overlay.path.field;
        if comparable && same_field(kind, field, &wished, there) {
            continue;
        }
        let before = overlay.from.clone().unwrap_or_else(|| Node::new(At::SERVER, Is::Null));
        if comparable && !same_field(kind, field, &before, there) {
            return Err(CallError::Stale { address: address.clone(), field: overlay.path.to_string() });
        }
        is_new = true;
        overlay_field(kind, body, overlay, run);
    }
    for it in along {
        overlay_field(kind, body, it, run);
    }
    for name in kind.not_in_put {
        let is_set = set.iter().any(|it| *it.path.field == **name);
        if !is_set {
            body.remove(*name);
        }
    }
    Ok(is_new)
}

/// Reads an object as plans compare it: from its own path, or from its parent's representation.
async fn stored(
    run: &Run<'_>,
    address: &Address,
    path: &str,
    ids: &SharedIds,
) -> Result<Option<Value>, CallError> {
    let kind = kind::kind(address.kind());
    let routes = &kind.routes;
    let Some(parent) = address.parent().filter(|_| !routes.row.is_empty()) else {
        let body = run.keycloak.get(path).await?.body;
        return Ok(body.map(|it| kind::of_body(kind, address.name(), it)));
    };
    let own = plan::path(kind::kind(parent.kind()).routes.own, &parent, "");
    let whole = run.keycloak.get(&url(run.keycloak, run.realm, &own, ids).await?).await?.body;
    let id = id(run.keycloak, run.realm, address, ids).await?;
    let rows = whole.as_ref().and_then(|it| it.get(routes.row)).and_then(Value::as_array);
    Ok(rows.into_iter().flatten().find(|it| it.get(routes.id).and_then(Value::as_str) == Some(&id)).cloned())
}

fn overlay_field(kind: &Kind, body: &mut Map<String, Value>, overlay: &Overlay, run: &Run<'_>) {
    let field = overlay.path.field.to_string();
    let of = body.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let (Some(Is::Sequence(order)), Some(Value::Array(rows))) =
        (overlay.to.as_ref().map(|it| &it.is), body.get_mut(&field))
        && kind.field(&field).is_some_and(|it| it.ordered)
    {
        let place = |row: &Value| order.iter().filter_map(Node::as_ref).position(|it| is_row_of(it, row));
        rows.sort_by_key(|it| place(it).unwrap_or(usize::MAX));
        return;
    }
    let Some(key) = &overlay.path.key else {
        let value = match &overlay.to {
            Some(node) => kind::in_field(kind, &of, &field, kind::value(node, run.reveal)),
            None => unset(kind, &field, body),
        };
        body.insert(field, value);
        return;
    };
    let map = body.entry(field.clone()).or_insert_with(|| Value::Object(Map::new()));
    if !map.is_object() {
        *map = Value::Object(Map::new());
    }
    let Value::Object(map) = map else { return };
    match (&overlay.to, unset_key(kind, &field)) {
        (Some(node), _) => {
            map.insert(key.to_string(), kind::in_key(kind, &of, &field, kind::value(node, run.reveal)));
        }
        (None, how) => match said_to_unset(how) {
            Some(value) => drop(map.insert(key.to_string(), value)),
            None => drop(map.remove(&**key)),
        },
    }
}

/// Returns whether a row of a list is an object.
pub(super) fn is_row_of(address: &Address, row: &Value) -> bool {
    kind::name_of(kind::kind(address.kind()), row).as_deref() == Some(address.name())
}

/// How a key of a map is unset.
fn unset_key(kind: &Kind, field: &str) -> Unset {
    kind.field(field).and_then(|it| it.unset_key).unwrap_or(kind.unset.key)
}

/// Returns the value that unsets a key; nothing where it is left out for that.
fn said_to_unset(how: Unset) -> Option<Value> {
    match how {
        Unset::Null => Some(Value::Null),
        Unset::EmptyText => Some(json!("")),
        Unset::Omit | Unset::Never => None,
    }
}

/// What unsets a whole field, by its type.
fn unset(kind: &Kind, field: &str, body: &Map<String, Value>) -> Value {
    let class = (kind.representation)(body.get("type").and_then(Value::as_str).unwrap_or(""));
    let rule = kind.field(field).and_then(|it| it.unset);
    match kind::field_type(class, field) {
        _ if rule == Some(Unset::EmptyText) => json!(""),
        _ if rule == Some(Unset::Null) => Value::Null,
        Some(Type::List(_)) => json!([]),
        // What is left out of such a map stays.
        Some(Type::Map(_)) => {
            let keys = body.get(field).and_then(Value::as_object).into_iter().flatten();
            let value = said_to_unset(unset_key(kind, field));
            keys.filter_map(|(key, _)| Some((key.clone(), value.clone()?))).collect()
        }
        Some(Type::Text) if kind.unset.text == Unset::EmptyText => json!(""),
        _ => Value::Null,
    }
}
