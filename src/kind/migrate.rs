//! What Keycloak's own import makes of the realm files of older versions, done before they are read.

use crate::text::{At, Code, Key, Note, Tree, TreeIs};

/// Since this version both clients have full scope: without it their tokens carry no administration roles.
const SINCE: u32 = 26;

const ADMINISTRATION: &[&str] = &["admin-cli", "security-admin-console"];
/// Built-in clients whose addresses began with `/auth`.
const WITH_ADDRESSES: &[&str] = &["account", "account-console", "security-admin-console"];
const ADDRESSES: &[&str] = &["rootUrl", "baseUrl", "adminUrl", "redirectUris"];

/// Returns a document that says its older version as this one would write it.
pub fn migrate(document: &Tree, notes: &mut Vec<Note>) -> Option<Tree> {
    let said = document.get("keycloakVersion")?;
    let version = said.scalar()?.split('.').next()?.parse::<u32>().ok()?;
    if version >= SINCE {
        return None;
    }
    let mut document = document.clone();
    let mut done: Vec<(At, &str)> = Vec::new();
    let clients = entry(&mut document, "clients")?;
    if let TreeIs::List(clients) = &mut clients.is {
        for it in clients.iter_mut() {
            client(it, &mut done);
        }
    }
    let (first, label) = *done.first()?;
    let title = format!("this file is of Keycloak {version}, and read as Keycloak imports it");
    let mut note = Note::remark(Code::Migrated, title, first, label);
    for (at, label) in done.iter().skip(1) {
        note = note.and(*at, *label);
    }
    notes.push(note.help("take `keycloakVersion` out to have these lines as they stand"));
    Some(document)
}

fn entry<'a>(tree: &'a mut Tree, name: &str) -> Option<&'a mut Tree> {
    let TreeIs::Map(entries) = &mut tree.is else { return None };
    entries.iter_mut().find(|(key, _): &&mut (Key, Tree)| &*key.name == name).map(|(_, value)| value)
}

fn client(client: &mut Tree, done: &mut Vec<(At, &str)>) {
    let name = client.get("clientId").and_then(Tree::scalar).unwrap_or_default().to_owned();
    let is_openid =
        client.get("protocol").and_then(Tree::scalar).is_none_or(|it| it == super::OPENID_CONNECT);
    if let Some(scope) = entry(client, "fullScopeAllowed")
        && ADMINISTRATION.contains(&name.as_str())
        && scope.scalar() == Some("false")
    {
        scope.is = TreeIs::Bool(true);
        done.push((scope.at, "taken as true: administrators need it"));
    }
    for field in ADDRESSES.iter().filter(|_| WITH_ADDRESSES.contains(&name.as_str())) {
        if let Some(value) = entry(client, field) {
            strip(value, done);
        }
    }
    for field in ["defaultClientScopes", "optionalClientScopes"].into_iter().filter(|_| is_openid) {
        if let Some(Tree { is: TreeIs::List(scopes), .. }) = entry(client, field) {
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
