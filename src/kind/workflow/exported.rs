//! Workflows as an export has them: components that say nothing but which steps there are, and not of which workflow. Nobody
//! writes them there: the server refuses that (403).

use std::borrow::Cow;

use crate::text::{At, Code, Note, Tree, TreeIs};

const SECTION: &str = "components";
const TYPE: &str = "org.keycloak.models.workflow.WorkflowProvider";

/// Returns a realm without its workflows among the components.
pub(in crate::kind) fn apart<'t>(realm: &'t Tree, notes: &mut Vec<Note>) -> Cow<'t, Tree> {
    let types = realm.get(SECTION).map(Tree::entries).unwrap_or_default();
    let Some((found, _)) = types.iter().find(|(key, _)| *key.name == *TYPE) else {
        return Cow::Borrowed(realm);
    };
    if found.at != At::SERVER {
        let words = "workflows are written as components";
        let note = Note::warning(
            Code::Unused,
            words,
            found.at,
            "Keycloak takes none here, and shows no more of them",
        );
        notes.push(note.help("declare them as `workflows` of the realm"));
    }
    let mut entries = realm.entries().to_vec();
    for (_, components) in entries.iter_mut().filter(|(key, _)| *key.name == *SECTION) {
        if let TreeIs::Map(types) = &mut components.is {
            types.retain(|(key, _)| *key.name != *TYPE);
        }
    }
    Cow::Owned(Tree::new(realm.at, TreeIs::Map(entries)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::kind::lift_realm;
    use crate::text::tree_of_json;

    #[test]
    fn workflows_of_an_export_are_no_components() {
        let step = json!({ "org.keycloak.models.workflow.WorkflowStepProvider": [{ "providerId": "notify-user", "config": {} }] });
        let row = json!([{ "providerId": "default", "subComponents": step, "config": {} }]);
        let realm =
            json!({ "realm": "r", "components": { "org.keycloak.models.workflow.WorkflowProvider": row } });
        let lifted = lift_realm(&tree_of_json(&realm));
        assert_eq!(lifted.notes, []);
        assert!(lifted.into_live().objects.keys().all(|it| it.kind().word != "component"));
    }
}
