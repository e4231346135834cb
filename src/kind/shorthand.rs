//! The shorthand `permissions:` on a resource, with the names that the EOEPCA Identity API gives:
//! `R Role Policy`, `R User Policy`, … and `R Permission` over exactly those.

use super::DEFAULT_ROLE;
use super::owner::written_name;
use crate::text::{At, Code, Key, Note, Tree, TreeIs, nearest};

/// Word in the shorthand, type of policy, name of its policy, field that holds the list.
const WORDS: &[(&str, &str, &str, &str)] = &[
    ("role", "role", "Role", "roles"),
    ("user", "user", "User", "users"),
    ("group", "group", "Group", "groups"),
    ("client", "client", "Client", "clients"),
];

/// A policy that is turned around would let in everybody but those who are named.
const POSITIVE: &str = "POSITIVE";

/// Returns the settings with every shorthand replaced by the policies and the permission it stands for.
pub(super) fn expand(settings: &Tree, notes: &mut Vec<Note>) -> Tree {
    let mut policies = Vec::new();
    let mut permissions = Vec::new();
    let mut entries = settings.entries().to_vec();
    if !matches!(settings.is, TreeIs::Map(_)) {
        return settings.clone();
    }
    for (key, value) in &mut entries {
        let TreeIs::List(resources) = &mut value.is else { continue };
        if &*key.name != "resources" {
            continue;
        }
        let names: Vec<String> = resources.iter().map(name).collect();
        for resource in resources {
            let name = name(resource);
            let owned = written_name(resource);
            // Of several resources of one name each has its own policies.
            let is_one_of_several = names.iter().filter(|it| **it == name).nth(1).is_some();
            let shown = if is_one_of_several { &owned } else { &name };
            let TreeIs::Map(fields) = &mut resource.is else { continue };
            let Some(position) = fields.iter().position(|(key, _)| &*key.name == "permissions") else {
                continue;
            };
            let (key, shorthand) = fields.remove(position);
            expand_permissions(shown, &owned, key.at, &shorthand, &mut policies, &mut permissions, notes);
        }
    }
    for made in policies.iter().chain(&permissions) {
        taken(&entries, made, notes);
    }
    append(&mut entries, "policies", policies);
    append(&mut entries, "permissions", permissions);
    Tree::new(settings.at, TreeIs::Map(entries))
}

/// What the shorthand makes cannot be declared once more: the two would become one object.
fn taken(entries: &[(Key, Tree)], made: &Tree, notes: &mut Vec<Note>) {
    let lists = entries.iter().filter(|(key, _)| matches!(&*key.name, "policies" | "permissions"));
    let Some(name) = made.get("name").and_then(Tree::scalar) else { return };
    for declared in lists.flat_map(|(_, list)| list.items()) {
        if let Some(same) = declared.get("name").filter(|it| it.scalar() == Some(name)) {
            let title = format!("`{name}` is declared, and made by a shorthand too");
            notes.push(
                Note::error(Code::SaidTwice, title, same.at, "declared here")
                    .and(made.at, "made by `permissions` of a resource here")
                    .help("rename it, or write the policies of that resource out"),
            );
        }
    }
}

fn name(resource: &Tree) -> String {
    resource.get("name").and_then(Tree::scalar).unwrap_or_default().to_owned()
}

fn expand_permissions(
    resource: &str,
    target: &str,
    at: At,
    shorthand: &Tree,
    policies: &mut Vec<Tree>,
    permissions: &mut Vec<Tree>,
    notes: &mut Vec<Note>,
) {
    let mut names = Vec::new();
    let mut strategy = Tree::text(at, "UNANIMOUS");
    if !matches!(shorthand.is, TreeIs::Map(_)) {
        notes.push(Note::error(
            Code::WrongForm,
            format!("`permissions` of resource `{resource}` is {}, not a map", shorthand.what()),
            shorthand.at,
            "expected a map such as `{ user: [eric] }`",
        ));
        return;
    }
    for (key, value) in shorthand.entries() {
        if let Some((_, kind, title, field)) = WORDS.iter().find(|(word, _, _, _)| *word == &*key.name) {
            let list = match &value.is {
                TreeIs::List(_) => value.clone(),
                TreeIs::Text(_) | TreeIs::Number(_) => Tree::new(value.at, TreeIs::List(vec![value.clone()])),
                TreeIs::Null | TreeIs::Bool(_) | TreeIs::Map(_) => {
                    notes.push(Note::error(
                        Code::WrongForm,
                        format!("`{}` in the shorthand of `{resource}` is {}", key.name, value.what()),
                        value.at,
                        "expected a list of names",
                    ));
                    continue;
                }
            };
            let name = format!("{resource} {title} Policy");
            policies.push(map(
                value.at,
                [
                    ("name", Tree::text(at, name.as_str())),
                    ("type", Tree::text(at, *kind)),
                    ("logic", Tree::text(at, POSITIVE)),
                    (field, list),
                ],
            ));
            names.push(Tree::text(at, name));
        } else {
            match (&*key.name, value.scalar()) {
                ("authenticated", Some("true")) => {
                    let name = format!("{resource} Authenticated Policy");
                    let roles = Tree::new(value.at, TreeIs::List(vec![Tree::text(value.at, DEFAULT_ROLE)]));
                    policies.push(map(
                        value.at,
                        [
                            ("name", Tree::text(at, name.as_str())),
                            ("type", Tree::text(at, "role")),
                            ("logic", Tree::text(at, POSITIVE)),
                            ("fetchRoles", Tree::new(value.at, TreeIs::Bool(true))),
                            ("roles", roles),
                        ],
                    ));
                    names.push(Tree::text(at, name));
                }
                ("authenticated", Some("false")) => {}
                ("authenticated", _) => notes.push(Note::error(
                    Code::WrongForm,
                    "`authenticated` is true or false",
                    value.at,
                    format!("this is {}", value.what()),
                )),
                ("decisionStrategy", _) => strategy = value.clone(),
                (other, _) => {
                    let known = WORDS.iter().map(|it| it.0).chain(["authenticated", "decisionStrategy"]);
                    let note = Note::error(
                        Code::UnknownField,
                        format!("unknown word `{other}` in the shorthand of resource `{resource}`"),
                        key.at,
                        "not a kind of policy that the shorthand makes",
                    );
                    notes.push(match nearest(other, known) {
                        Some(near) => note.help(format!("did you mean `{near}`?")),
                        None => note
                            .help("it takes role, user, group, client, authenticated and decisionStrategy"),
                    });
                }
            }
        }
    }
    permissions.push(map(
        at,
        [
            ("name", Tree::text(at, format!("{resource} Permission"))),
            ("type", Tree::text(at, "resource")),
            ("resources", Tree::new(at, TreeIs::List(vec![Tree::text(at, target)]))),
            ("policies", Tree::new(at, TreeIs::List(names))),
            ("decisionStrategy", strategy),
        ],
    ));
}

fn map<const N: usize>(at: At, entries: [(&str, Tree); N]) -> Tree {
    let entries =
        entries.into_iter().map(|(name, value)| (Key { at: value.at, name: name.into() }, value)).collect();
    Tree::new(at, TreeIs::Map(entries))
}

fn append(entries: &mut Vec<(Key, Tree)>, name: &str, items: Vec<Tree>) {
    let Some(first) = items.first() else { return };
    let at = first.at;
    match entries.iter_mut().find(|(key, _)| &*key.name == name) {
        Some((_, Tree { is: TreeIs::List(list), .. })) => list.extend(items),
        // Something that is no list gets its note where fields are read.
        Some(_) => {}
        None => entries.push((Key { at, name: name.into() }, Tree::new(at, TreeIs::List(items)))),
    }
}
