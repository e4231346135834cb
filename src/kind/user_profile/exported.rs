//! The user profile as an export has it: a component with all of it as JSON in one text. Everybody else reads and writes it
//! as `userProfile`, so it stands there, too.

use std::borrow::Cow;

use crate::text::{At, Code, Key, Note, Tree, TreeIs, tree_of_json};

const SECTION: &str = "components";
const TYPE: &str = "org.keycloak.userprofile.UserProfileProvider";
const TEXT: &str = "kc.user.profile.config";
const FIELD: &str = "userProfile";

/// Returns a realm with its user profile apart from the components.
pub(in crate::kind) fn apart<'t>(realm: &'t Tree, notes: &mut Vec<Note>) -> Cow<'t, Tree> {
    let Some((place, component)) = realm.get(SECTION).and_then(profile) else { return Cow::Borrowed(realm) };
    let mut entries = realm.entries().to_vec();
    for (_, components) in entries.iter_mut().filter(|(key, _)| &*key.name == SECTION) {
        if let TreeIs::Map(types) = &mut components.is {
            types.retain(|(key, _)| &*key.name != TYPE);
        }
    }
    let text = component.items().iter().find_map(|it| it.get("config")?.get(TEXT));
    let text = text.map(|it| it.items().first().unwrap_or(it));
    match (text, realm.get(FIELD)) {
        (None, _) => {}
        (Some(text), None) => {
            if let Some(Ok(profile)) = text.scalar().map(serde_json::from_str) {
                let profile = placed(tree_of_json(&profile), text.at);
                entries.push((Key { at: place, name: FIELD.into() }, profile));
            } else {
                let title = format!("`{TEXT}` is not the JSON of a user profile");
                let note = Note::error(Code::WrongForm, title, text.at, "cannot be read");
                notes.push(note.help(format!("write it as `{FIELD}`")));
            }
        }
        // The server tells it twice; a manifest has to say which is meant.
        (Some(text), Some(other)) if text.at != At::SERVER => {
            let note =
                Note::error(Code::SaidTwice, "the user profile is said twice", text.at, "as a component");
            notes.push(note.and(other.at, "and here").help("keep one of them"));
        }
        (Some(_), Some(_)) => {}
    }
    Cow::Owned(Tree::new(realm.at, TreeIs::Map(entries)))
}

/// Returns the component that holds the profile, and where it stands.
fn profile(components: &Tree) -> Option<(At, &Tree)> {
    components.entries().iter().find(|(key, _)| &*key.name == TYPE).map(|(key, value)| (key.at, value))
}

/// Gives all of a tree one place.
fn placed(tree: Tree, at: At) -> Tree {
    let is = match tree.is {
        TreeIs::List(items) => TreeIs::List(items.into_iter().map(|it| placed(it, at)).collect()),
        TreeIs::Map(entries) => TreeIs::Map(
            entries.into_iter().map(|(key, it)| (Key { at, name: key.name }, placed(it, at))).collect(),
        ),
        is => is,
    };
    Tree::new(at, is)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::kind::{PROFILE_ATTRIBUTE, lift_realm};
    use crate::state::Address;
    use crate::text::tree_of_json;

    #[test]
    fn the_profile_of_an_export_is_read_as_the_users_profile() {
        let profile = json!({ "attributes": [{ "name": "team" }] }).to_string();
        let component = json!([{ "providerId": "declarative-user-profile", "subComponents": {},
            "config": { "kc.user.profile.config": [profile] } }]);
        let realm = json!({ "realm": "r", "components": { "org.keycloak.userprofile.UserProfileProvider": component } });
        let lifted = lift_realm(&tree_of_json(&realm));
        assert_eq!(lifted.notes.len(), 0, "{:?}", lifted.notes);
        let state = lifted.into_live();
        assert!(state.contains(&Address::top(PROFILE_ATTRIBUTE, "team")));
        assert!(state.objects.keys().all(|it| it.kind().word != "component"));
    }
}
