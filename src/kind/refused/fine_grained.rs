//! Permissions over administration, of which the server takes only some (measured on 26.7.5: 400, and 500 while they are off).

use std::collections::{BTreeMap, BTreeSet};

use super::{Judge, Severe, place, words_of_field};
use crate::kind::{
    RESOURCE, SCOPE, TARGETS, Version, administered, is_admin_permissions, is_fine_grained,
    is_over_administration, looks_like_id, realm_address, title, type_of,
};
use crate::state::{Address, Node, Object};
use crate::text::{At, Code, Note, nearest, shown};

/// The field of a realm that switches them on.
const SWITCH: &str = "adminPermissionsEnabled";

/// Checks what a realm will hold. Which types and scopes there are, the realm tells.
pub(in crate::kind) fn check(
    judge: &Judge<'_>,
    address: &Address,
    permission: &Object,
    notes: &mut Vec<Note>,
) {
    let Some(client) = address.parent().filter(is_admin_permissions) else { return };
    let said = judge.desired(address);
    let mut wrong = |code, words: String, at: At, label: &str, help: String| {
        notes.push(judge.note(Severe::Error, code, words, at, label).help(help));
    };
    let written = permission.text("resourceType");
    if !is_fine_grained(&client, judge.version) {
        if administered(written).is_some() {
            let words =
                format!("{} is about administration, which this server does not know", title(address));
            let label = format!("Keycloak has it since 26.2; this is {}", judge.version);
            let help = "give administrators roles of `realm-management`, or update the server".to_owned();
            wrong(Code::NeedsNewerServer, words, place(said, "resourceType", ""), &label, help);
        }
        return;
    }
    let is_on = |it: &Object| it.is_true(SWITCH);
    // Manifests alone may leave that to somebody else.
    let is_told = judge.is_sure || judge.desired(&realm_address()).is_some_and(|it| it.get(SWITCH).is_some());
    let stays = judge.before.get(address) == Some(permission);
    if is_told && !stays && !judge.state.get(&realm_address()).is_some_and(is_on) {
        let words = format!("{} is written while permissions over administration are off", title(address));
        let at = said.map_or(At::SERVER, |it| it.at);
        let help =
            "say `adminPermissionsEnabled: true` of the realm, or leave the permission as it is".to_owned();
        wrong(
            Code::NotTogether,
            words,
            at,
            "Keycloak would not check it, and fail or make it be for nothing",
            help,
        );
        return;
    }
    let types = types(judge, &client);
    if types.is_empty() {
        return;
    }
    if permission.text("type") != "scope" {
        let words = format!("{} cannot be of type `{}`", title(address), permission.text("type"));
        let help = "write `type: scope`, and the `scopes` that it is about".to_owned();
        wrong(Code::WrongForm, words, place(said, "type", ""), "administration takes only `scope`", help);
    }
    let strategy = permission.text("decisionStrategy");
    if !["", "UNANIMOUS"].contains(&strategy) {
        let words = format!("{} cannot decide by `{strategy}`", title(address));
        let help = "take it out, or put the policies into an aggregate one that decides so".to_owned();
        let at = place(said, "decisionStrategy", "");
        wrong(Code::WrongForm, words, at, "administration takes only `UNANIMOUS`", help);
    }
    let listed = types.keys().copied().collect::<Vec<_>>();
    let Some(scopes) = types.get(written) else {
        let (code, words) = if written.is_empty() {
            (Code::Missing, format!("{} has no `resourceType`", title(address)))
        } else {
            let words = format!(
                "{} cannot be `{}`",
                words_of_field("resourceType", "", address),
                shown(written.chars())
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
    let all = scopes.iter().copied().collect::<Vec<_>>().join(", ");
    for (name, at) in named(permission, "scopes").iter().filter(|it| !scopes.contains(it.0.name())) {
        let words = format!(
            "{} are not about `{}`",
            words_of_field("scopes", "", address),
            shown(name.name().chars())
        );
        let help = format!("`{written}` has {all}");
        wrong(Code::WrongForm, words, *at, "a scope of another type", help);
    }
    let targets = named(permission, TARGETS);
    let (all, single): (Vec<&(&Address, At)>, Vec<_>) =
        targets.iter().partition(|it| it.0.kind() == RESOURCE);
    if let Some((other, at)) = all.iter().find(|it| it.0.name() != written) {
        let words = format!("{} is for `{written}`, and names `{}`", title(address), other.name());
        let help = "make a permission of its own for each type".to_owned();
        wrong(Code::WrongForm, words, *at, "another type", help);
    } else if let (Some((_, at)), Some((target, _))) = (all.first(), single.first()) {
        let words = format!("{} is for all of `{written}`, and for {}", title(address), title(target));
        let help = format!("keep `{written}` alone, or take it out: Keycloak would take it as not said");
        wrong(Code::NotTogether, words, *at, "says more than what stands beside it", help);
    }
}

/// Returns whether the check of a permission says what is wrong with what it names: a scope, or a type.
pub fn is_judged_by_type(from: &Address, object: &Object, target: &Address, version: Version) -> bool {
    let is_made_there = matches!(target.kind(), SCOPE | RESOURCE) && target.parent() == from.parent();
    let is_about = is_fine_grained(from, version) || administered(object.text("resourceType")).is_some();
    is_over_administration(from) && is_made_there && is_about
}

/// Returns what to say of an object that a permission names by its id, and that is not there.
pub fn no_such_id(field: &str, target: &Address) -> Option<(String, &'static str)> {
    let is_id = field == TARGETS && type_of(target).is_some() && looks_like_id(target.name());
    let words = || format!("no {} has the id `{}`", crate::kind::words(target), target.name());
    is_id.then(|| (words(), "write the name in its place, which holds on every server"))
}

/// What a field names, each with its place, in order.
fn named<'o>(object: &'o Object, field: &str) -> BTreeSet<(&'o Address, At)> {
    let items = object.get(field).map(Node::items).unwrap_or_default();
    items.iter().filter_map(|it| Some((it.as_ref()?, it.at))).collect()
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
