//! Permissions over administration, of which the server takes only some (measured on 26.7.5: 400).

use std::collections::{BTreeMap, BTreeSet};

use super::{Judge, Severe, place, words_of_field};
use crate::kind::{RESOURCE, is_fine_grained, title};
use crate::state::{Address, Object};
use crate::text::{At, Code, Note, nearest};

/// Checks what a realm will hold. Which types and scopes there are, the realm tells.
pub(in crate::kind) fn check(
    judge: &Judge<'_>,
    address: &Address,
    permission: &Object,
    notes: &mut Vec<Note>,
) {
    let Some(client) = address.parent().filter(|it| is_fine_grained(it, judge.version)) else { return };
    let types = types(judge, &client);
    if types.is_empty() {
        return;
    }
    let said = judge.desired(address);
    let mut wrong = |code, words: String, at: At, label: &str, help: String| {
        notes.push(judge.note(Severe::Error, code, words, at, label).help(help));
    };
    if permission.text("type") != "scope" {
        let words = format!("{} cannot be of type `{}`", title(address), permission.text("type"));
        let help = "write `type: scope`, and the `scopes` that it is about".to_owned();
        wrong(Code::WrongForm, words, place(said, "type", ""), "administration takes only `scope`", help);
    }
    let (written, listed) = (permission.text("resourceType"), types.keys().copied().collect::<Vec<_>>());
    let Some(scopes) = types.get(written) else {
        let (code, words) = if written.is_empty() {
            (Code::Missing, format!("{} has no `resourceType`", title(address)))
        } else {
            let words = format!(
                "{} cannot be `{}`",
                words_of_field("resourceType", "", address),
                written.escape_debug()
            );
            (Code::WrongForm, words)
        };
        let help = match nearest(written, listed.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of {}", listed.join(", ")),
        };
        wrong(code, words, place(said, "resourceType", ""), "Keycloak would refuse it", help);
        return;
    };
    let mut named = BTreeSet::new();
    if let Some(node) = permission.get("scopes") {
        node.each_ref(&mut |it, at| {
            named.insert((it.name().to_owned(), at));
        });
    }
    let all = scopes.iter().copied().collect::<Vec<_>>().join(", ");
    for (name, at) in named.iter().filter(|it| !scopes.contains(it.0.as_str())) {
        let words =
            format!("{} are not about `{}`", words_of_field("scopes", "", address), name.escape_debug());
        let help = format!("`{written}` has {all}");
        wrong(Code::WrongForm, words, *at, "a scope of another type", help);
    }
}

/// The types of what is administered, each with its scopes: the resources that the server made with the client.
fn types<'a>(judge: &Judge<'a>, client: &Address) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut out = BTreeMap::new();
    let resources = judge.state.objects.iter().filter(|it| it.0.kind() == RESOURCE && it.0.is_under(client));
    for (_, resource) in resources.filter(|(address, it)| it.text("type") == address.name()) {
        let scopes: &mut BTreeSet<&str> = out.entry(resource.text("type")).or_default();
        if let Some(node) = resource.get("scopes") {
            node.each_ref(&mut |it, _| {
                scopes.insert(it.name());
            });
        }
    }
    out
}
