//! What Keycloak's own import makes of the realm files of older versions, done before they are read.

use crate::text::{At, Code, Key, Note, Tree, TreeIs};

/// Since this version both clients have full scope: without it their tokens carry no administration roles.
const SINCE: u32 = 26;

const ADMINISTRATION: &[&str] = &["admin-cli", "security-admin-console"];
/// Built-in clients whose addresses began with `/auth`.
const WITH_ADDRESSES: &[&str] = &["account", "account-console", "security-admin-console"];
const PART_OF_DEFAULT: &str = "taken as parts of the default role";
const HIDDEN_NOW: &str = "taken as `hideOnLogin` of the provider";
const TERMS_NOW: &str = "taken as `TERMS_AND_CONDITIONS`";
const ADDRESSES: &[&str] = &["rootUrl", "baseUrl", "adminUrl", "redirectUris"];

/// Returns a document of an older version as this one would write it.
pub fn migrate(document: &Tree, notes: &mut Vec<Note>) -> Option<Tree> {
    let version = version(document);
    let mut migrated = document.clone();
    let mut done: Vec<(At, &str)> = Vec::new();
    if version.is_some_and(|it| it < SINCE)
        && let Some(Tree { is: TreeIs::List(clients), .. }) = migrated.get_mut("clients")
    {
        for it in clients.iter_mut() {
            client(it, &mut done);
        }
    }
    terms(&mut migrated, &mut done);
    hidden_at_login(&mut migrated, &mut done);
    default_roles(&mut migrated, &mut done);
    let (first, label) = *done.first()?;
    let of = version.map_or_else(|| "an older Keycloak".to_owned(), |it| format!("Keycloak {it}"));
    let title = format!("this file is of {of}, and read as Keycloak imports it");
    let mut note = Note::remark(Code::Migrated, title, first, label);
    for (at, label) in done.iter().skip(1) {
        note = note.and(*at, *label);
    }
    let has = |what: &str| done.iter().any(|(_, it)| *it == what);
    notes.push(note.help(if has(PART_OF_DEFAULT) {
        "declare them as `composites` of the default role"
    } else if has(TERMS_NOW) {
        "write `TERMS_AND_CONDITIONS`"
    } else if has(HIDDEN_NOW) {
        "write `hideOnLogin` beside `config`"
    } else {
        "take `keycloakVersion` out to have these lines as they stand"
    }));
    Some(migrated)
}

fn version(document: &Tree) -> Option<u32> {
    document.get("keycloakVersion")?.scalar()?.split('.').next()?.parse().ok()
}

/// A required action that was called otherwise until Keycloak 21. An import renames it whatever version a file says, also for
/// users (26.0.8 and 26.7.5); other requests do not know the former name.
fn terms(document: &mut Tree, done: &mut Vec<(At, &str)>) {
    let mut rename = |it: &mut Tree| {
        if it.scalar() == Some("terms_and_conditions") {
            it.is = TreeIs::Text("TERMS_AND_CONDITIONS".into());
            done.push((it.at, TERMS_NOW));
        }
    };
    for action in items(document, "requiredActions") {
        for field in ["alias", "providerId"] {
            action.get_mut(field).into_iter().for_each(&mut rename);
        }
    }
    for user in items(document, "users") {
        items(user, "requiredActions").iter_mut().for_each(&mut rename);
    }
}

/// A key of identity providers that became a field. Every request takes it so, whatever the field says, and any text but `true`
/// as false (26.0.8 and 26.7.5).
fn hidden_at_login(document: &mut Tree, done: &mut Vec<(At, &str)>) {
    for provider in items(document, "identityProviders") {
        let Some(Tree { is: TreeIs::Map(config), .. }) = provider.get_mut("config") else { continue };
        let is_it = |(key, it): &(Key, Tree)| &*key.name == "hideOnLoginPage" && it.scalar().is_some();
        let Some(place) = config.iter().position(is_it) else { continue };
        let (_, value) = config.remove(place);
        let is_hidden = value.scalar().is_some_and(|it| it.eq_ignore_ascii_case("true"));
        if let Some(field) = entry_or(provider, "hideOnLogin", value.at, TreeIs::Null) {
            *field = Tree::new(value.at, TreeIs::Bool(is_hidden));
            done.push((value.at, HIDDEN_NOW));
        }
    }
}

fn items<'a>(tree: &'a mut Tree, field: &str) -> &'a mut [Tree] {
    match tree.get_mut(field) {
        Some(Tree { is: TreeIs::List(items), .. }) => items,
        _ => &mut [],
    }
}

/// Roles that every user has: lists of names until Keycloak 13, and since then parts of the default role.
fn default_roles(document: &mut Tree, done: &mut Vec<(At, &str)>) {
    let mut parts: Vec<(Key, Tree)> = Vec::new();
    if let Some(roles) = taken(document) {
        done.push((roles.at, PART_OF_DEFAULT));
        parts.push((key(roles.at, "realm"), roles));
    }
    let mut of_clients: Vec<(Key, Tree)> = Vec::new();
    if let Some(Tree { is: TreeIs::List(clients), .. }) = document.get_mut("clients") {
        for client in clients.iter_mut() {
            let name = client.get("clientId").and_then(Tree::scalar).unwrap_or_default().to_owned();
            if let Some(roles) = taken(client) {
                done.push((roles.at, PART_OF_DEFAULT));
                of_clients.push((key(roles.at, &name), roles));
            }
        }
    }
    if let Some((first, _)) = of_clients.first() {
        let at = first.at;
        parts.push((key(at, "client"), Tree::new(at, TreeIs::Map(of_clients))));
    }
    let Some((first, _)) = parts.first() else { return };
    let at = first.at;
    let named = document.get("defaultRole").and_then(|it| it.get("name")).and_then(Tree::scalar);
    let realm = document.get("realm").and_then(Tree::scalar).unwrap_or_default();
    let name = named.map_or_else(|| super::default_role_name(realm), str::to_owned);
    let role = vec![
        (key(at, "name"), Tree::new(at, TreeIs::Text(name.into()))),
        (key(at, "composites"), Tree::new(at, TreeIs::Map(parts))),
    ];
    let role = Tree::new(at, TreeIs::Map(role));
    let none = || TreeIs::Map(Vec::new());
    let roles = entry_or(document, "roles", at, none());
    let roles = roles.and_then(|it| entry_or(it, "realm", at, TreeIs::List(Vec::new())));
    if let Some(Tree { is: TreeIs::List(roles), .. }) = roles {
        roles.push(role);
    }
}

fn key(at: At, name: &str) -> Key {
    Key { at, name: name.into() }
}

/// Takes a list of default roles out, if there is one.
fn taken(tree: &mut Tree) -> Option<Tree> {
    let TreeIs::Map(entries) = &mut tree.is else { return None };
    let is_one = |(key, value): &(Key, Tree)| {
        &*key.name == "defaultRoles" && matches!(&value.is, TreeIs::List(items) if !items.is_empty())
    };
    let at = entries.iter().position(is_one)?;
    Some(entries.remove(at).1)
}

/// Returns an entry of a map, which is made where it is not there or null.
fn entry_or<'a>(tree: &'a mut Tree, name: &str, at: At, or: TreeIs) -> Option<&'a mut Tree> {
    let TreeIs::Map(entries) = &mut tree.is else { return None };
    let place = entries.iter().position(|(key, _)| &*key.name == name).unwrap_or_else(|| {
        entries.push((key(at, name), Tree::new(at, TreeIs::Null)));
        entries.len() - 1
    });
    let value = &mut entries[place].1;
    if matches!(value.is, TreeIs::Null) {
        value.is = or;
    }
    Some(value)
}

fn client(client: &mut Tree, done: &mut Vec<(At, &str)>) {
    let name = client.get("clientId").and_then(Tree::scalar).unwrap_or_default().to_owned();
    let is_openid =
        client.get("protocol").and_then(Tree::scalar).is_none_or(|it| it == super::OPENID_CONNECT);
    if let Some(scope) = client.get_mut("fullScopeAllowed")
        && ADMINISTRATION.contains(&name.as_str())
        && scope.scalar() == Some("false")
    {
        scope.is = TreeIs::Bool(true);
        done.push((scope.at, "taken as true: administrators need it"));
    }
    for field in ADDRESSES.iter().filter(|_| WITH_ADDRESSES.contains(&name.as_str())) {
        if let Some(value) = client.get_mut(field) {
            strip(value, done);
        }
    }
    for field in ["defaultClientScopes", "optionalClientScopes"].into_iter().filter(|_| is_openid) {
        if let Some(Tree { is: TreeIs::List(scopes), .. }) = client.get_mut(field) {
            scopes.retain(|it| it.scalar() != Some("role_list"));
        }
    }
}

fn strip(value: &mut Tree, done: &mut Vec<(At, &str)>) {
    if let TreeIs::List(items) = &mut value.is {
        for it in items.iter_mut() {
            strip(it, done);
        }
        return;
    }
    let short = value.scalar().and_then(|it| it.strip_prefix("/auth/")).map(|it| format!("/{it}"));
    if let Some(short) = short {
        value.is = TreeIs::Text(short.into());
        done.push((value.at, "taken without `/auth`"));
    }
}
