//! Where objects stand in what is written: in a list, in a map of lists, in a map by their names, in a list for several
//! parents, alone.

use std::borrow::Cow;

use super::wrong;
use crate::kind::{CLIENT, Kind, ROLE, SaysParent, Sent, kind};
use crate::state::{Address, KindName};
use crate::text::{Code, Key, Note, Tree, TreeIs, nearest};

/// An object as it is written, and what it stands under.
pub(super) struct Child<'t> {
    pub(super) kind: &'static Kind,
    pub(super) tree: Cow<'t, Tree>,
    pub(super) under: Option<Address>,
}

/// Returns the objects in a field.
pub(super) fn children<'t>(
    sent: Sent,
    key: &Key,
    value: &'t Tree,
    under: Option<&Address>,
    notes: &mut Vec<Note>,
) -> Vec<Child<'t>> {
    let here = |kind: KindName, tree: &'t Tree| Child {
        kind: crate::kind::kind(kind),
        tree: Cow::Borrowed(tree),
        under: under.cloned(),
    };
    match sent {
        Sent::Children(of) => list(key, value, notes).iter().map(|it| here(of(it), it)).collect(),
        Sent::ChildrenBy(of, field) => {
            let mut out = Vec::new();
            for (key, items) in map(key, value, notes) {
                let said = (Key { at: key.at, name: field.into() }, Tree::text(key.at, &*key.name));
                for item in list(key, items, notes) {
                    let mut entries = vec![said.clone()];
                    entries.extend(item.entries().iter().cloned());
                    let whole = Tree::new(item.at, TreeIs::Map(entries));
                    let is_map = matches!(item.is, TreeIs::Map(_));
                    let tree = if is_map { Cow::Owned(whole) } else { Cow::Borrowed(item) };
                    out.push(Child { tree, ..here(of, item) });
                }
            }
            out
        }
        Sent::ChildrenByName(of, field) => by_name(of, field, map(key, value, notes), notes)
            .into_iter()
            .map(|tree| Child { kind: kind(of), tree: Cow::Owned(tree), under: under.cloned() })
            .collect(),
        Sent::ChildrenOf(of) => {
            let items = list(key, value, notes);
            items
                .iter()
                .filter_map(|it| Some(Child { under: Some(parent(of, it, notes)?), ..here(of, it) }))
                .collect()
        }
        Sent::Child(of) if matches!(value.is, TreeIs::Null) => {
            let help = if kind(of).routes.collection.is_empty() {
                "leave it out: what is not mentioned is left alone; a switch of its parent ends all of it"
            } else {
                LEAVE_OUT
            };
            notes.push(wrong(key, value, "a map").help(help));
            Vec::new()
        }
        Sent::Child(of) => vec![here(of, value)],
        Sent::Roles => roles(value, notes),
        Sent::Body
        | Sent::Always
        | Sent::CreateOnly
        | Sent::Fixed
        | Sent::FixedOf(_)
        | Sent::Links(_)
        | Sent::ScopeMappings
        | Sent::Relic => Vec::new(),
    }
}

const LEAVE_OUT: &str =
    "leave it out: what is not mentioned is left alone, and what was applied before goes with `--prune`";

/// Returns objects that a map has by their names, each as an object is written.
fn by_name(of: KindName, field: &'static str, map: &[(Key, Tree)], notes: &mut Vec<Note>) -> Vec<Tree> {
    let mut out = Vec::new();
    for (key, value) in map {
        if !matches!(value.is, TreeIs::Map(_)) {
            let note = wrong(key, value, "a map");
            let is_null = matches!(value.is, TreeIs::Null);
            let help =
                if is_null { LEAVE_OUT.to_owned() } else { format!("write `{}: {{ … }}`", key.name) };
            notes.push(note.help(help));
            continue;
        }
        let entry = |name: &str, it: Tree| (Key { at: key.at, name: name.into() }, it);
        let name = entry(kind(of).key, Tree::text(key.at, &*key.name));
        out.push(Tree::new(key.at, TreeIs::Map(vec![name, entry(field, value.clone())])));
    }
    out
}

fn list<'t>(key: &Key, value: &'t Tree, notes: &mut Vec<Note>) -> &'t [Tree] {
    if !matches!(value.is, TreeIs::List(_) | TreeIs::Null) {
        notes.push(wrong(key, value, "a list"));
    }
    value.items()
}

fn map<'t>(key: &Key, value: &'t Tree, notes: &mut Vec<Note>) -> &'t [(Key, Tree)] {
    if !matches!(value.is, TreeIs::Map(_) | TreeIs::Null) {
        notes.push(wrong(key, value, "a map"));
    }
    value.entries()
}

/// Returns what an item of a list says that it stands under.
fn parent(of: KindName, item: &Tree, notes: &mut Vec<Note>) -> Option<Address> {
    let of = kind(of);
    let (SaysParent::ByName(field), [up]) = (of.says_parent, of.under) else { return None };
    let name = item.get(field).and_then(Tree::scalar).filter(|it| !it.is_empty());
    if name.is_none() && matches!(item.is, TreeIs::Map(_)) {
        let title = format!("{} without `{field}`", of.a_title());
        let note = Note::error(Code::Missing, title, item.at, format!("needs `{field}`"));
        notes.push(note.help(format!("say which {} it stands under", kind(*up).title)));
    }
    // Whatever else is wrong with it is told by reading it.
    let nowhere = || (!matches!(item.is, TreeIs::Map(_))).then(|| Address::top(*up, ""));
    name.map(|it| Address::top(*up, it)).or_else(nowhere)
}

/// `{realm: [..], client: {name: [..]}}`: the roles of a realm representation.
fn roles<'t>(tree: &'t Tree, notes: &mut Vec<Note>) -> Vec<Child<'t>> {
    let mut out = Vec::new();
    let role =
        |tree: &'t Tree, under: Option<Address>| Child { kind: kind(ROLE), tree: Cow::Borrowed(tree), under };
    for (key, value) in tree.entries() {
        match (&*key.name, &value.is) {
            (_, TreeIs::Null) => {}
            ("realm", TreeIs::List(items)) => out.extend(items.iter().map(|it| role(it, None))),
            ("client", TreeIs::Map(clients)) => {
                for (client, items) in clients {
                    let parent = Address::top(CLIENT, client.name.clone());
                    if let TreeIs::List(_) | TreeIs::Null = items.is {
                        out.extend(items.items().iter().map(|it| role(it, Some(parent.clone()))));
                    } else {
                        notes.push(wrong(client, items, "a list of roles"));
                    }
                }
            }
            ("realm", _) => notes.push(wrong(key, value, "a list of roles")),
            ("client", _) => notes.push(wrong(key, value, "a map of client to roles")),
            (other, _) => {
                let note = Note::error(
                    Code::UnknownField,
                    format!("unknown field `{other}` in roles"),
                    key.at,
                    "roles are of the realm or of a client",
                );
                notes.push(match nearest(other, ["realm", "client"]) {
                    Some(near) => note.help(format!("did you mean `{near}`?")),
                    None => {
                        note.help("write `realm:` with a list, or `client:` with a map of client to list")
                    }
                });
            }
        }
    }
    if !matches!(tree.is, TreeIs::Map(_) | TreeIs::Null) {
        notes.push(
            Note::error(
                Code::WrongForm,
                format!("`roles` is {}, not a map", tree.what()),
                tree.at,
                "expected `realm:` and `client:`",
            )
            .help("realm roles stand under `roles: { realm: [..] }`"),
        );
    }
    out
}
