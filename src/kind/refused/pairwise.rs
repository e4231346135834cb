//! Mappers for pairwise subjects: without an address that says which clients share their subjects, all redirects
//! of a client must lead to one host.

use std::collections::BTreeSet;

use super::{Judge, Severe, place};
use crate::kind::{MAPPER, title};
use crate::state::{Address, Node, Object};
use crate::text::{Code, Note};

const TYPES: &[&str] = &["oidc-sha256-pairwise-sub-mapper"];

/// Checks what a client will hold, with its mappers.
pub(super) fn check(judge: &Judge<'_>, address: &Address, client: &Object, notes: &mut Vec<Note>) {
    let is_one = |mapper: &Object| {
        let says_who = mapper.get("config").and_then(|it| it.get("sectorIdentifierUri"));
        TYPES.contains(&mapper.text("protocolMapper"))
            && says_who.and_then(Node::as_text).is_none_or(str::is_empty)
    };
    let mut mappers = judge.state.under(address).filter(|(it, _)| it.kind() == MAPPER);
    let Some((mapper, _)) = mappers.find(|(_, it)| is_one(it)) else { return };
    let root = client.text("rootUrl");
    let redirects = client.get("redirectUris").map_or(&[][..], Node::items);
    let redirects = redirects.iter().filter_map(Node::as_text);
    // A path without a root leads nowhere.
    let whole = redirects.filter_map(|it| match it.strip_prefix('/') {
        Some(_) => (!root.is_empty()).then_some(root),
        None => Some(it),
    });
    let hosts: BTreeSet<Option<&str>> = whole.map(host).collect();
    if hosts.len() == 1 {
        return;
    }
    let words = format!("{} needs redirects of {} to one host", title(mapper), title(address));
    let named: Vec<&str> = hosts.iter().map(|it| it.unwrap_or("no host")).collect();
    let label = match named.as_slice() {
        [] => "there are none that name a host".to_owned(),
        several => format!("they lead to {}", several.join(", ")),
    };
    let at = if judge.desired(mapper).is_some() {
        place(judge.desired(mapper), "protocolMapper", "")
    } else {
        place(judge.desired(address), "redirectUris", "")
    };
    let note = judge.note(Severe::Error, Code::NotTogether, words, at, label);
    notes.push(note.help("keep the redirects of one host, or give the mapper a `sectorIdentifierUri`"));
}

/// Tells which address the server reads before it takes a mapper.
pub(super) fn address(address: &Address, mapper: &Object, notes: &mut Vec<Note>) {
    let uri = mapper.get("config").and_then(|it| it.get("sectorIdentifierUri"));
    let Some((at, uri)) = uri.and_then(|it| Some((it.at, it.as_text()?))) else { return };
    if !uri.starts_with("http") {
        return;
    }
    let words = format!("the server has to read `{uri}` to take {}", title(address));
    let label = "otherwise Keycloak answers 400, and nobody can tell from here";
    let note = Note::warning(Code::ReadByServer, words, at, label);
    notes.push(note.help("serve a JSON list of all redirects of the client there first"));
}

/// Returns the host of a URI, as Java finds it.
fn host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, it)| it);
    let host = if host.starts_with('[') { host } else { host.split(':').next()? };
    Some(host).filter(|it| !it.is_empty())
}
